"""YAML files read into declarations. An error names the line, and the keys that lead there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar, get_args

import msgspec

from sayso.errors import InputError
from sayso.files import convert_os_errors, read_file
from sayso.schema.schema_types import (
    COLOUR_PATTERN,
    HOTKEY_PATTERN,
    NAME_PATTERN,
    RULE_PATTERN,
    WHOLE_VERSION_PATTERN,
    Arithmetic,
    AttributeKind,
    Overlap,
    RuleLevel,
)
from sayso.schema.yaml_reader import find_line, parse_yaml

DeclarationT = TypeVar("DeclarationT")
KeyPath = tuple[str | int, ...]
_LOCATION = re.compile(r" - at `(?:key` in `)?\$?(?P<path>.*)`\Z", re.DOTALL)
_STEP = re.compile(r"\.(?P<name>\w+)|\[(?P<index>\d+|\.\.\.)\]")
_PATTERNS = {
    NAME_PATTERN: "letters, digits and underscores, beginning with a letter",
    HOTKEY_PATTERN: "a letter or digit, alone or after shift+ or alt+",
    COLOUR_PATTERN: "a colour such as #2563eb",
    RULE_PATTERN: "small letters, digits and hyphens, beginning with a letter",
    WHOLE_VERSION_PATTERN: "a version such as 1.0.0",
}
_CHOICES: dict[str | int, tuple[str, ...]] = {
    "kind": get_args(AttributeKind),
    "overlap": get_args(Overlap),
    "arithmetic": get_args(Arithmetic),
    "level": get_args(RuleLevel),
}
_TYPES = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "object": "keys with values",
    "array": "a list",
    "null": "nothing",
    "date": "a date; put it in quotes",
    "datetime": "a time; put it in quotes",
}


def read_yaml(path: Path, declaration: type[DeclarationT], remedy: str) -> DeclarationT:
    """Read a YAML file into a declaration.

    Args:
        remedy: of the error, if the file is not YAML, has a duplicate key, or is no such
            declaration.
    """
    with convert_os_errors(path):
        raw = read_file(path)
    declared = parse_yaml(raw, str(path), remedy, names_as_written=True)
    try:
        return msgspec.convert(declared, declaration)
    except msgspec.ValidationError as error:
        keys = _find_keys(declared, declaration, str(error))
        message = _describe_error(str(error))
        if keys and keys[-1] in _CHOICES and "invalid enum" in message:
            message = f"expected one of {', '.join(_CHOICES[keys[-1]])}"
        raise_fault(path, keys, message, remedy, error)


def raise_fault(
    path: Path, keys: Sequence[str | int], message: str, remedy: str, cause: Exception | None = None
) -> NoReturn:
    """Raise the error of a fault: the file and its line, the keys that lead there, and what it is.

    Raises:
        InputError: always.
    """
    names = ".".join(map(str, keys))
    with convert_os_errors(path):
        where = f"{path}:{find_line(read_file(path), keys)}"
    what = f"{names}: {message}" if names else message
    raise InputError(what, where=where, remedy=remedy) from cause


def _find_keys(declared: Any, declaration: Any, error: str) -> KeyPath:
    """Return the keys of the fault that msgspec found.

    Its message has ``[...]`` for a key of a mapping. The key is the one that, alone in its mapping,
    causes the same error.
    """
    if not (location := _LOCATION.search(error)):
        return _named_field(error)
    keys: list[str | int] = []
    parent: Any = declared
    for step in _STEP.finditer(location["path"]):
        name, index = step["name"], step["index"]
        if index == "...":
            key: Any = _find_faulty_key(declared, keys, parent, declaration, error)
            declared = _replace(declared, keys, {key: parent[key]})
        else:
            key = name if name is not None else int(index)
        keys.append(key)
        parent = parent[key]
    if error.partition(" - at ")[2].startswith("`key`"):
        keys.append(_find_faulty_key(declared, keys, parent, declaration, error))
    return (*keys, *_named_field(error))


def _named_field(error: str) -> KeyPath:
    """Return the unknown field that an error names; a missing one has no line."""
    named = re.search(r"unknown field `(.*?)`", error)
    return (named[1],) if named else ()


def _find_faulty_key(
    declared: Any, keys: Sequence[str | int], parent: dict[str, Any], declaration: Any, error: str
) -> str:
    for key, value in parent.items():
        try:
            msgspec.convert(_replace(declared, keys, {key: value}), declaration)
        except msgspec.ValidationError as found:
            if str(found) == error:
                return key
    return next(iter(parent))


def _replace(declared: Any, keys: Sequence[Any], value: Any) -> Any:
    """Return a copy of what was read with another value at some keys."""
    if not keys:
        return value
    first, *rest = keys
    copy: Any = list(declared) if isinstance(declared, list) else dict(declared)
    copy[first] = _replace(copy[first], rest, value)
    return copy


def _describe_error(error: str) -> str:
    """Say in plain words what msgspec expected.

    >>> _describe_error("Expected `str`, got `bool` - at `$.labels[...].definition`")
    'expected text, got true or false; put yes, no, on and off in quotes'
    >>> _describe_error("Object missing required field `definition` - at `$.labels[...]`")
    '`definition` is missing'
    """
    message = _LOCATION.sub("", error)
    for pattern, meaning in _PATTERNS.items():
        if repr(pattern) in message:
            return f"expected {meaning}"
    message = message.replace("Object missing required field ", "")
    if message != _LOCATION.sub("", error):
        return f"{message} is missing"
    message = message.replace("Object contains unknown field", "unknown field")
    hint = "; put yes, no, on and off in quotes" if "got `bool`" in message else ""
    for name, meaning in _TYPES.items():
        message = message.replace(f"`{name}`", meaning).replace(f"`{name} | ", f"{meaning} or `")
    return f"{message[0].lower()}{message[1:]}{hint}"
