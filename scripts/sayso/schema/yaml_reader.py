"""YAML of anybody: plain values, each key once, and no more of them than fit into memory.

An alias stands for everything that its anchor names, so that 600 bytes can hold billions of values;
libyaml crashes on deep nesting. Both are refused before anything is built.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from sayso.errors import InputError

_MAXIMUM_BYTES = 10_000_000
_MAXIMUM_DEPTH = 100
_MAXIMUM_VALUES = 1_000_000  # with each alias counted as what it stands for
_MAXIMUM_DIGITS = 64
_WORD = "tag:yaml.org,2002:str"
_NO_WORDS = ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:null")
_FastLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse_yaml(
    content: str | bytes, where: str, remedy: str, *, names_as_written: bool = False
) -> Any:
    """Return the plain values of a YAML document.

    Args:
        content: the text, or its bytes in UTF-8.
        where: a name of it for the error.
        remedy: of the error.
        names_as_written: keys, and the items of lists, are words even where YAML would read them as
            booleans or nothing (``yes``, ``null``); a key is always a word. Dates are words as
            well.

    Raises:
        InputError: it is not YAML, has a key twice, needs a type that is not plain, refers to
            itself, or is too large.

    >>> parse_yaml("a: [1, two]", "x.yaml", "")
    {'a': [1, 'two']}
    >>> parse_yaml("{yes: [no, Null, 1], 2: off}", "x.yaml", "", names_as_written=True)
    {'yes': ['no', 'Null', 1], '2': False}
    >>> parse_yaml("day: 2024-02-29", "x.yaml", "", names_as_written=True)
    {'day': '2024-02-29'}
    """
    try:
        text = content.decode() if isinstance(content, bytes) else content
        _require_bounded(text)
        loader = _NamesLoader if names_as_written else _PlainLoader
        return yaml.load(text, Loader=loader)  # noqa: S506 - safe ones
    # The constructors of PyYAML raise these for a wrong number, date or tag.
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, LookupError) as error:
        what = f"not YAML: {' '.join(str(error).split())}"
        raise InputError(what[:500], where=where, remedy=remedy) from error


def find_line(content: bytes, keys: Sequence[str | int]) -> int:
    """Return the line of some keys, or of the last of them that a parsed document has; from 1."""
    node = yaml.compose(content.decode(), Loader=_FastLoader)
    line = node.start_mark.line if node else 0
    for key in keys:
        if isinstance(node, yaml.MappingNode):
            found = [pair for pair in node.value if pair[0].value == key]
            if not found:
                break
            (name, node), *_ = found
            line = name.start_mark.line
        elif isinstance(node, yaml.SequenceNode) and isinstance(key, int):
            node = node.value[key]
            line = node.start_mark.line
    return int(line) + 1


def _require_bounded(text: str) -> None:
    if len(text) > _MAXIMUM_BYTES:
        raise yaml.YAMLError(f"longer than {_MAXIMUM_BYTES:,} characters")
    sizes: dict[str, int] = {}  # of what each anchor names
    open_nodes: list[tuple[str | None, int]] = [(None, 0)]  # anchor, and values so far
    for event in yaml.parse(text, Loader=_FastLoader):
        size, anchor = 1, getattr(event, "anchor", None)
        if isinstance(event, yaml.CollectionStartEvent):
            open_nodes.append((anchor, 1))
            sizes.pop(anchor or "", None)
            if len(open_nodes) > _MAXIMUM_DEPTH:
                raise yaml.YAMLError(f"nested deeper than {_MAXIMUM_DEPTH} levels")
            continue
        if isinstance(event, yaml.AliasEvent):
            if anchor not in sizes:
                raise yaml.YAMLError(f"alias {anchor!r} stands for nothing, or for itself")
            size = sizes[anchor]
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, size = open_nodes.pop()
        elif not isinstance(event, yaml.ScalarEvent):
            continue
        else:
            event.value.encode()  # half of a surrogate pair is an error
        if anchor:
            sizes[anchor] = size
        outer, total = open_nodes[-1]
        if total + size > _MAXIMUM_VALUES:
            raise yaml.YAMLError(f"more than {_MAXIMUM_VALUES:,} values")
        open_nodes[-1] = (outer, total + size)


class _PlainLoader(_FastLoader):  # type: ignore[misc]
    """Safe YAML in which a key that stands twice is an error, and whole numbers have 64 bits."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _value in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                line = key_node.start_mark.line + 1
                raise yaml.YAMLError(f"key {key!r} stands twice, line {line}")
            seen.add(key)
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        return found

    def construct_whole_number(self, node: yaml.ScalarNode) -> int:
        """Return the number; sexagesimal ones of a megabyte would take hours."""
        words = str(self.construct_scalar(node))
        number = self.construct_yaml_int(node) if len(words) <= _MAXIMUM_DIGITS else 1 << 64
        if not -(1 << 63) <= number < 1 << 63:
            line = node.start_mark.line + 1
            raise yaml.YAMLError(f"a whole number of more than 64 bits, line {line}")
        return int(number)

    def construct_decimal(self, node: yaml.ScalarNode) -> float:
        """Return the number; the same holds for sexagesimal ones."""
        if len(str(self.construct_scalar(node))) > _MAXIMUM_DIGITS:
            raise yaml.YAMLError(f"a number of many digits, line {node.start_mark.line + 1}")
        return float(self.construct_yaml_float(node))


class _NamesLoader(_PlainLoader):
    """The same, with keys and the items of lists as they are written."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        for key, _value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                key.tag = _WORD
        return super().construct_mapping(node, deep)

    def construct_sequence(self, node: yaml.SequenceNode, deep: bool = False) -> list[Any]:
        for item in node.value:
            if isinstance(item, yaml.ScalarNode) and item.tag in _NO_WORDS:
                item.tag = _WORD
        found: list[Any] = super().construct_sequence(node, deep)
        return found


_NamesLoader.add_constructor("tag:yaml.org,2002:timestamp", _NamesLoader.construct_scalar)
_PlainLoader.add_constructor("tag:yaml.org,2002:int", _PlainLoader.construct_whole_number)
_PlainLoader.add_constructor("tag:yaml.org,2002:float", _PlainLoader.construct_decimal)
