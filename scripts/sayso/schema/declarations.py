"""The declarations of ``schema/schema.yaml``: labels, attributes, relations and passes.

The Label Studio interfaces, the features of the dataset, the JSON Schema of the records and the
tables of the card are all made from them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from sayso.errors import InputError
from sayso.files import convert_os_errors, read_file
from sayso.schema.yaml_reader import parse_yaml
from sayso.versions import VERSION_PATTERN

DeclarationT = TypeVar("DeclarationT")
AttributeKind = Literal["choice", "ordinal", "integer", "text"]
DeclaredName = Annotated[str, Meta(pattern=r"^[A-Za-z][A-Za-z0-9_]*$(?!\n)")]
Hotkey = Annotated[str, Meta(pattern=r"^((shift|alt)\+)?[a-z0-9]$(?!\n)")]
SchemaVersion = Annotated[str, Meta(pattern=rf"^{VERSION_PATTERN}$(?!\n)")]


class Declaration(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of everything in schema.yaml; unknown keys are errors."""

    definition: str


class AllowedValue(Declaration, frozen=True, kw_only=True):
    """A value of a closed attribute."""

    hotkey: Hotkey | None = None


class Attribute(Declaration, frozen=True, kw_only=True):
    """An attribute of a label. ``choice`` and ``ordinal``, which is ordered, have values.

    ``hotkey`` is for whole numbers: it adds one.
    """

    kind: AttributeKind
    required: bool = False
    hotkey: Hotkey | None = None
    values: dict[DeclaredName, AllowedValue] = {}

    @property
    def is_closed(self) -> bool:
        """The values are a closed list."""
        return self.kind in ("choice", "ordinal")


class Label(Declaration, frozen=True, kw_only=True):
    """A label of mentions."""

    colour: Annotated[str, Meta(pattern=r"^#[0-9a-f]{6}$(?!\n)")]
    hotkey: Hotkey
    attributes: dict[DeclaredName, Attribute] = {}


class RelationType(Declaration, frozen=True, kw_only=True):
    """A typed arrow from a mention labelled ``head`` to one labelled ``tail``."""

    head: str
    tail: str


class Pass(Declaration, frozen=True, kw_only=True):
    """One pass over a document: the labels of its interface, and whether it has relations."""

    title: str
    labels: tuple[str, ...]
    relations: bool
    starts_from: str | None = None


class Flag(Declaration, frozen=True, kw_only=True):
    """A remark that an annotator can make on any mention."""

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
        """Return whether records of a version are valid; only major versions remove names."""
        return version.partition(".")[0] == self.version.partition(".")[0]

    def labels_of_pass(self, pass_name: str) -> dict[str, Label]:
        """Return the labels of a pass, in its order.

        Raises:
            InputError: the pass does not exist.
        """
        return {name: self.labels[name] for name in self.find_pass(pass_name).labels}

    def find_pass(self, name: str) -> Pass:
        """Return a pass by name.

        Raises:
            InputError: it does not exist.
        """
        if name not in self.interfaces:
            raise InputError(
                f"no pass {name!r}", remedy=f"choose one of {', '.join(self.interfaces)}"
            )
        return self.interfaces[name]

    def relations_of_pass(self, pass_name: str) -> dict[str, RelationType]:
        """Return the relations of a pass: if it shows any, those with both labels in the pass."""
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
        InputError: it is not YAML, has a duplicate or unknown key, or its parts contradict each
            other.
    """
    remedy = "correct it and run `sayso schema build`"
    schema = read_yaml(path, Schema, remedy)
    for problem in _find_inconsistencies(schema):
        raise InputError(problem, where=str(path), remedy=remedy)
    return schema


def read_yaml(path: Path, declaration: type[DeclarationT], remedy: str) -> DeclarationT:
    """Read a YAML file into a declaration.

    Args:
        remedy: of the error, if the file is not YAML, has a duplicate key, or is no such
            declaration.
    """
    with convert_os_errors(path):
        raw = read_file(path)
    try:
        return msgspec.convert(parse_yaml(raw, str(path), remedy), declaration)
    except msgspec.ValidationError as error:
        raise InputError(f"{error}", where=str(path), remedy=remedy) from error


def _find_inconsistencies(schema: Schema) -> Iterator[str]:
    for name, relation in schema.relations.items():
        for end in (relation.head, relation.tail):
            if end not in schema.labels:
                yield f"relation {name}: no label {end!r}"
    for name, declared in schema.interfaces.items():
        for label in declared.labels:
            if label not in schema.labels:
                yield f"interface {name}: no label {label!r}"
        if declared.starts_from and declared.starts_from not in schema.interfaces:
            yield f"interface {name}: starts from no interface {declared.starts_from!r}"
    for label, declared_label in schema.labels.items():
        for name, attribute in declared_label.attributes.items():
            a_kind = f"{label}.{name}: a {attribute.kind} attribute"
            if attribute.is_closed != bool(attribute.values):
                yield f"{a_kind} {'needs' if attribute.is_closed else 'takes no'} values"
            if attribute.hotkey and attribute.kind != "integer":
                yield f"{a_kind} takes no hotkey"
    for key, uses in group_hotkeys(schema).items():
        if len(uses) > 1:
            yield f"hotkey {key!r} of {' and '.join(uses)}"


def group_hotkeys(schema: Schema) -> dict[str, list[str]]:
    """Return the uses of each hotkey, which should be one, in the schema's order.

    Label Studio lets a key act on every panel, hidden ones too, and shows what it did there as soon
    as the mention gets another label.
    """
    uses: dict[str, list[str]] = {}
    for use, key in _list_hotkeys(schema):
        if key:
            uses.setdefault(key, []).append(use)
    return uses


def _list_hotkeys(schema: Schema) -> Iterator[tuple[str, str | None]]:
    for name, label in schema.labels.items():
        yield name, label.hotkey
        for attribute_name, attribute in label.attributes.items():
            prefix = f"{name}.{attribute_name}"
            yield prefix, attribute.hotkey
            for value, declared in attribute.values.items():
                yield f"{prefix}.{value}", declared.hotkey
    for name, flag in schema.flags.items():
        yield f"flag {name}", flag.hotkey


def schema_digest(schema: Schema) -> str:
    """Return the SHA-256 of all declarations, definitions included, in hexadecimal."""
    return hashlib.sha256(msgspec.json.encode(schema, order="deterministic")).hexdigest()
