"""The shipped schema.yaml, and the errors of broken ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sayso.errors import InputError
from sayso.schema import declarations as schemas

SCHEMA_PATH = Path(__file__).parents[2] / "schema" / "schema.yaml"
SCHEMA_TEXT = SCHEMA_PATH.read_text(encoding="utf-8")

BROKEN_SCHEMAS = {
    "not YAML": ("version: 1.0.0", "version: [1.0.0", "expected ',' or ']'"),
    "unknown key": ("    relations: false", "    relation: false", "unknown field `relation`"),
    "missing key": (
        "    definition: Mark who, where and how many. No relations yet.\n",
        "",
        "interfaces.names: `definition` is missing",
    ),
    "duplicate label": (
        "  Location:\n    edges",
        "  Actor:\n    edges",
        "key 'Actor' stands twice",
    ),
    "duplicate value": ("          region: {", "          site: {", "key 'site' stands twice"),
    "dangling relation": (
        "source: {head: Claim, tail: Actor",
        "source: {head: Claim, tail: Speaker",
        "relations.source.tail: no label 'Speaker'",
    ),
    "dangling label of an interface": (
        "labels: [Actor, Location, Count]",
        "labels: [Actor, Place]",
        "interfaces.names.labels: no label 'Place'",
    ),
    "dangling start": (
        "starts_from: names",
        "starts_from: first",
        "interfaces.claims.starts_from: no interface 'first'",
    ),
    "not a version": (
        "version: 1.0.0",
        "version: one",
        "version: expected a version such as 1.0.0",
    ),
    "name with a space": (
        "          site: {",
        '          "a site": {',
        "values.a site: expected letters",
    ),
    "choice without values": (
        "        kind: text",
        "        kind: choice",
        "labels.Actor.attributes.entity: a choice attribute needs values",
    ),
    "kind that there is not": (
        "        kind: text",
        "        kind: colour",
        "labels.Actor.attributes.entity.kind: expected one of choice, ordinal, choices, boolean",
    ),
    "not a colour": ('"#2563eb"', "blue", "labels.Actor.colour: expected a colour such as #2563eb"),
    "not a hotkey": ("hotkey: alt+j", "hotkey: ctrl+j", "lower.hotkey: expected a letter"),
    "hotkey of two labels": (
        "    hotkey: s\n",
        "    hotkey: a\n",
        "hotkey 'a' of Actor and Location",
    ),
    "hotkey of two panels": (
        "hotkey: l}",
        "hotkey: q}",
        "hotkey 'q' of Actor.type.state_military and Location.use.literal",
    ),
    "hotkey of a flag and a value": (
        "hotkey: shift+u",
        "hotkey: shift+q",
        "hotkey 'shift+q' of Claim.type.strike and flag",
    ),
    "hotkey of a text": (
        "        kind: text\n",
        "        kind: text\n        hotkey: alt+j\n",
        "text attribute takes no hotkey",
    ),
}


@pytest.mark.parametrize("name", BROKEN_SCHEMAS)
def test_a_broken_schema_is_one_line_that_says_what_and_what_to_do(
    name: str, tmp_path: Path
) -> None:
    old, new, expected = BROKEN_SCHEMAS[name]
    assert old in SCHEMA_TEXT
    broken = tmp_path / "schema.yaml"
    broken.write_text(SCHEMA_TEXT.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError) as refused:
        schemas.load_schema(broken)
    message = str(refused.value)
    assert re.match(rf"{re.escape(str(broken))}(:\d+)?: ", message)
    assert expected in message
    assert message.endswith("correct it and run `sayso schema build`")
    assert "\n" not in message


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    broken = tmp_path / "schema.yaml"
    broken.write_bytes(b"version: \xff\xfe\x00")
    with pytest.raises(InputError):
        schemas.load_schema(broken)


def test_one_key_means_one_thing() -> None:
    schema = schemas.load_schema(SCHEMA_PATH)
    keys = schemas.group_hotkeys(schema)
    assert all(len(places) == 1 for places in keys.values())
    values = sum(
        len(attribute.values) or attribute.kind == "integer"
        for label in schema.labels.values()
        for attribute in label.attributes.values()
    )
    assert len(keys) == len(schema.labels) + values + len(schema.flags), "something has no key"


def test_every_attribute_of_a_crosswalk_is_declared() -> None:
    schema = schemas.load_schema(SCHEMA_PATH)
    for name, values in schema.crosswalk.items():
        label, attribute = name.split(".")
        assert set(values) <= set(schema.labels[label].attributes[attribute].values)
