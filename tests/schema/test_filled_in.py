"""Hotkeys and colours that a schema leaves out: free, distinct, the same each time."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.schema.colours import PALETTE, choose_colours
from sayso.schema.declarations import AllowedValue, Attribute, Label, Pass, Schema, complete_schema
from sayso.schema.hotkeys import RESERVED_HOTKEYS, list_hotkeys
from tests.labelstudio.test_interface import SIGHTS, lab, see
from tests.schema.small_schemas import RULINGS, SCHEMAS, read_schema


def test_keys_follow_the_letters_of_the_names(tmp_path: Path) -> None:
    schema = read_schema(tmp_path, RULINGS)
    keys = {use.name: use.key for use in list_hotkeys(schema)}
    assert keys == {
        "Party": "p",
        "Amount": "a",
        "Party.side.yes": "y",
        "Party.side.no": "n",
        "Amount.euros": "e",
    }


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_same_file_gives_the_same_schema(name: str, tmp_path: Path) -> None:
    assert read_schema(tmp_path, SCHEMAS[name]) == read_schema(tmp_path, SCHEMAS[name])


def make_schema(labels: int, values: int) -> Schema:
    declared = {
        f"Label{number}": Label(
            definition="?",
            attributes={
                "kind": Attribute(
                    definition="?",
                    kind="choice",
                    values={f"value{each}": AllowedValue(definition="?") for each in range(values)},
                )
            },
        )
        for number in range(labels)
    }
    shown = Pass(definition="?", labels=tuple(declared))
    return complete_schema(Schema(version="1.0.0", interfaces={"all": shown}, labels=declared))


@given(st.integers(1, 30), st.integers(1, 12))
def test_one_key_means_one_thing_and_none_is_label_studios(labels: int, values: int) -> None:
    schema = make_schema(labels, values)
    uses = list(list_hotkeys(schema))
    keys = [use.key for use in uses if use.key]
    assert len(set(keys)) == len(keys)
    assert not RESERVED_HOTKEYS.keys() & set(keys)
    assert len(keys) == min(len(uses), 3 * 36 - len(RESERVED_HOTKEYS))
    assert all(label.hotkey and not label.hotkey[-1].isdigit() for label in schema.labels.values())


@pytest.mark.parametrize("sight", SIGHTS)
def test_no_two_colours_look_alike(sight: str) -> None:
    chosen = choose_colours([], len(PALETTE))
    seen = {colour: lab(see(sight, colour)) for colour in chosen}
    for one, other in itertools.combinations(seen, 2):
        apart = sum((a - b) ** 2 for a, b in zip(seen[one], seen[other], strict=True)) ** 0.5
        assert apart > 10, (one, other, apart)


def test_every_label_gets_a_colour_of_its_own() -> None:
    schema = make_schema(40, 1)
    colours = [label.colour for label in schema.labels.values()]
    assert len(set(colours)) == len(colours)
    assert colours[: len(PALETTE) // 2] == list(PALETTE[: len(PALETTE) // 2])
