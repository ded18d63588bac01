"""The declarations of ``schema/schema.yaml``: labels, attributes, relations, roles and passes.

The Label Studio interfaces, the features of the dataset, the JSON Schema of the records and the
tables of the card are all made from them.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
from msgspec.structs import replace

from sayso.schema.colours import choose_colours
from sayso.schema.consistency import find_faults
from sayso.schema.hotkeys import DeclarationPath, choose_hotkeys, group_hotkeys
from sayso.schema.schema_types import (
    BOOLEAN_WORDS,
    AllowedValue,
    Attribute,
    Declaration,
    DeclaredName,
    Flag,
    Frame,
    Hotkey,
    Joins,
    Label,
    Pass,
    RelationType,
    Rule,
    Schema,
    SchemaVersion,
)
from sayso.schema.yaml_files import raise_fault, read_yaml

__all__ = [
    "AllowedValue",
    "Attribute",
    "Declaration",
    "DeclaredName",
    "Flag",
    "Frame",
    "Hotkey",
    "Joins",
    "Label",
    "Pass",
    "RelationType",
    "Rule",
    "Schema",
    "SchemaVersion",
    "complete_schema",
    "group_hotkeys",
    "load_schema",
    "read_yaml",
    "schema_digest",
]


def load_schema(path: Path) -> Schema:
    """Read and check schema.yaml, and fill in the hotkeys and colours that it leaves out.

    Raises:
        InputError: it is not YAML, has a duplicate or unknown key, its parts contradict each other,
            or two names that follow from it are one.
    """
    remedy = "correct it and run `sayso schema build`"
    schema = read_yaml(path, Schema, remedy)
    for fault in find_faults(schema):
        raise_fault(path, fault.path, fault.message, remedy)
    return complete_schema(schema)


def complete_schema(schema: Schema) -> Schema:
    """Return the schema with a hotkey for whatever takes one, and a colour for each label."""
    keys = choose_hotkeys(schema)
    without = [name for name, label in schema.labels.items() if not label.colour]
    used = [label.colour for label in schema.labels.values() if label.colour]
    colours = dict(zip(without, choose_colours(used, len(without)), strict=True))
    labels = {
        name: replace(
            label,
            colour=colours.get(name, label.colour),
            hotkey=keys.get(("labels", name), label.hotkey),
            attributes={
                each: _complete_attribute(attribute, ("labels", name, "attributes", each), keys)
                for each, attribute in label.attributes.items()
            },
        )
        for name, label in schema.labels.items()
    }
    flags = {
        name: replace(flag, hotkey=keys.get(("flags", name), flag.hotkey))
        for name, flag in schema.flags.items()
    }
    questions = {
        name: _complete_attribute(question, ("questions", name), keys)
        for name, question in schema.questions.items()
    }
    return replace(schema, labels=labels, questions=questions, flags=flags)


def _complete_attribute(
    attribute: Attribute, path: DeclarationPath, keys: dict[DeclarationPath, str]
) -> Attribute:
    values = {
        name: replace(value, hotkey=keys.get((*path, "values", name), value.hotkey))
        for name, value in attribute.values.items()
    }
    chosen = {word: keys.get((*path, "hotkeys", word)) for word in BOOLEAN_WORDS.values()}
    hotkeys = attribute.hotkeys | {word: key for word, key in chosen.items() if key}
    hotkey = keys.get(path, attribute.hotkey)
    return replace(attribute, hotkey=hotkey, hotkeys=hotkeys, values=values)


def schema_digest(schema: Schema) -> str:
    """Return the SHA-256 of all declarations, definitions included, in hexadecimal."""
    return hashlib.sha256(msgspec.json.encode(schema, order="deterministic")).hexdigest()
