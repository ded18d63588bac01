"""What may be marked, read from ``schema/schema.yaml``: the only place where a label's name is written.

The Label Studio interfaces, the features of the dataset, the JSON Schema of the records and the tables of the card
are all made from what this module returns.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec
import yaml
from msgspec import Meta, Struct

from sayso.errors import InputError
from sayso.files import convert_os_errors
from sayso.versions import VERSION_PATTERN

DeclarationT = TypeVar("DeclarationT")
AttributeKind = Literal["choice", "ordinal", "integer", "text"]
DeclaredName = Annotated[str, Meta(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
Hotkey = Annotated[str, Meta(pattern=r"^((shift|alt)\+)?[a-z0-9]$")]
SchemaVersion = Annotated[str, Meta(pattern=f"^{VERSION_PATTERN}$")]


class Declaration(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of what schema.yaml declares; an unknown key is refused."""

    definition: str


class AllowedValue(Declaration, frozen=True, kw_only=True):
    """A value of a closed attribute."""

    hotkey: Hotkey | None = None


class Attribute(Declaration, frozen=True, kw_only=True):
    """An attribute of a label. ``ordinal`` is a choice whose values stand in order; only those two have values.

    ``hotkey`` is for whole numbers alone: it adds one.
    """

    kind: AttributeKind
    required: bool = False
    hotkey: Hotkey | None = None
    values: dict[DeclaredName, AllowedValue] = {}

    @property
    def is_closed(self) -> bool:
        """Whether the values are a closed list."""
        return self.kind in ("choice", "ordinal")


class Label(Declaration, frozen=True, kw_only=True):
    """What a mention can be."""

    colour: Annotated[str, Meta(pattern="^#[0-9a-f]{6}$")]
    hotkey: Hotkey
    attributes: dict[DeclaredName, Attribute] = {}


class RelationType(Declaration, frozen=True, kw_only=True):
    """A typed arrow from a mention labelled ``head`` to one labelled ``tail``."""

    head: str
    tail: str


class Pass(Declaration, frozen=True, kw_only=True):
    """One pass over a document: the labels that it shows and whether relations are drawn."""

    title: str
    labels: tuple[str, ...]
    relations: bool
    starts_from: str | None = None


class Flag(Declaration, frozen=True, kw_only=True):
    """What an annotator can say of any mention."""

    hotkey: Hotkey | None = None


class Schema(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that schema.yaml declares, in its order."""

    version: SchemaVersion
    interfaces: dict[DeclaredName, Pass]
    labels: dict[DeclaredName, Label]
    flags: dict[DeclaredName, Flag]
    relations: dict[DeclaredName, RelationType]
    crosswalk: dict[str, dict[str, dict[str, Any]]] = {}

    def supports(self, version: str) -> bool:
        """Whether records of a version are in words of this schema: only a major change takes words away."""
        return version.partition(".")[0] == self.version.partition(".")[0]

    def labels_of_pass(self, pass_name: str) -> dict[str, Label]:
        """The labels of one interface, in its order.

        Raises:
            InputError: there is no such interface.
        """
        return {name: self.labels[name] for name in self.find_pass(pass_name).labels}

    def find_pass(self, name: str) -> Pass:
        """One interface by name.

        Raises:
            InputError: there is none of that name.
        """
        if name not in self.interfaces:
            raise InputError(
                f"no interface {name!r}", remedy=f"choose one of {', '.join(self.interfaces)}"
            )
        return self.interfaces[name]

    def relations_of_pass(self, pass_name: str) -> dict[str, RelationType]:
        """The relations of one interface: those whose both ends it shows, if it draws any."""
        declared = self.find_pass(pass_name)
        if not declared.relations:
            return {}
        return {
            name: relation
            for name, relation in self.relations.items()
            if relation.head in declared.labels and relation.tail in declared.labels
        }


def load_schema(path: Path) -> Schema:
    """Read and check schema.yaml.

    Raises:
        InputError: it is not YAML, has a key twice or an unknown one, or its parts do not fit together.
    """
    remedy = "mend it and run `sayso schema build`"
    schema = read_yaml(path, Schema, remedy)
    for problem in _find_inconsistencies(schema):
        raise InputError(problem, where=str(path), remedy=remedy)
    return schema


def read_yaml(path: Path, declaration: type[DeclarationT], remedy: str) -> DeclarationT:
    """Read a file of YAML that declares something; no key may stand twice.

    Raises:
        InputError: it is not YAML, or not of that shape; ``remedy`` says what to do.
    """
    with convert_os_errors(path):
        raw = path.read_bytes()
    try:
        declared = yaml.load(raw, Loader=_UniqueKeyLoader)  # noqa: S506 - a SafeLoader that also refuses a key given twice
        return msgspec.convert(declared, declaration)
    except (yaml.YAMLError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise InputError(f"{error}", where=str(path), remedy=remedy) from error


def _find_inconsistencies(schema: Schema) -> list[str]:
    return [
        *(
            f"relation {n}: no label {end!r}"
            for n, r in schema.relations.items()
            for end in (r.head, r.tail)
            if end not in schema.labels
        ),
        *(
            f"interface {n}: no label {label!r}"
            for n, i in schema.interfaces.items()
            for label in i.labels
            if label not in schema.labels
        ),
        *(
            f"interface {n}: starts from no interface {i.starts_from!r}"
            for n, i in schema.interfaces.items()
            if i.starts_from and i.starts_from not in schema.interfaces
        ),
        *(
            f"{n}.{a}: a {attribute.kind} attribute {'needs' if attribute.is_closed else 'takes no'} values"
            for n, label in schema.labels.items()
            for a, attribute in label.attributes.items()
            if attribute.is_closed != bool(attribute.values)
        ),
        *(
            f"{n}.{a}: a {attribute.kind} attribute takes no hotkey"
            for n, label in schema.labels.items()
            for a, attribute in label.attributes.items()
            if attribute.hotkey and attribute.kind != "integer"
        ),
        *(
            f"hotkey {key!r} of {' and '.join(places)}"
            for key, places in group_hotkeys(schema).items()
            if len(places) > 1
        ),
    ]


def group_hotkeys(schema: Schema) -> dict[str, list[str]]:
    """What each hotkey is for, in the schema's order. One key means one thing, whatever is selected.

    Label Studio lets a key act on every panel, also on the hidden ones, and shows what it did there as an answer
    once the mention gets another label.
    """
    places: dict[str, list[str]] = {}
    for where, key in _list_hotkeys(schema):
        if key:
            places.setdefault(key, []).append(where)
    return places


def _list_hotkeys(schema: Schema) -> Iterator[tuple[str, str | None]]:
    for name, label in schema.labels.items():
        yield name, label.hotkey
        for asked, attribute in label.attributes.items():
            yield f"{name}.{asked}", attribute.hotkey
            yield from (
                (f"{name}.{asked}.{value}", declared.hotkey)
                for value, declared in attribute.values.items()
            )
    yield from ((f"flag {name}", flag.hotkey) for name, flag in schema.flags.items())


class _UniqueKeyLoader(yaml.SafeLoader):
    """Safe YAML in which a key given twice is an error, not the last one's win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _value in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.YAMLError(f"key {key!r} stands twice, line {node.start_mark.line + 1}")
        return super().construct_mapping(node, deep)


def schema_digest(schema: Schema) -> str:
    """SHA-256 of what is declared, wording included, in hexadecimal."""
    return hashlib.sha256(msgspec.json.encode(schema, order="deterministic")).hexdigest()
