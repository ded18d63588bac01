"""YAML that is wrong, too large, or made to crash its reader: one line, and no memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from sayso.dataset.card.yaml_header import parse_header
from sayso.errors import InputError
from sayso.schema.yaml_reader import parse_yaml
from sayso.settings import SCHEMA_FILE, Checkout
from tests.limited_commands import require_refusal, run_limited

BOMB = "\n".join(
    ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
)
ATTACKS = {
    "aliases": (BOMB, "more than 1,000,000 values"),
    "a circle": ("&a [*a]", "stands for nothing, or for itself"),
    "a circle of keys": ("&a {b: *a}", "stands for nothing, or for itself"),
    "deep lists": ("[" * 100_000, "nested deeper than 100 levels"),
    "deep keys": ("a: " * 100_000, "not YAML"),
    "deep blocks": ("- " * 100_000, "nested deeper than 100 levels"),
    "digits": ("a: " + "9" * 5_000, "more than 64 bits"),
    "65 bits": (f"a: {1 << 63}", "more than 64 bits"),
    "sexagesimal": ("a: " + ":".join(["1"] * 100_000), "more than 64 bits"),
    "sexagesimal decimals": ("a: " + ":".join(["1"] * 100_000) + ".5", "many digits"),
    "a day that is none": ("2001-13-45", "month must be in 1..12"),
    "a wrong tag": ("!!int abc", "not YAML"),
    "a wrong time": ("!!timestamp x", "not YAML"),
    "a program": ("!!python/object/apply:os.system [touch HOSTILE-NAME]", "could not determine"),
    "half a pair": ('"\\ud800"', "not YAML"),
    "a key twice": ("{a: 1, a: 2}", "key 'a' stands twice, line 1"),
    "a list as a key": ("? [a]\n: b", "not YAML"),
    "two documents": ("a\n---\nb", "not YAML"),
    "control characters": ("\x00", "not YAML"),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_refused(name: str) -> None:
    text, what = ATTACKS[name]
    with pytest.raises(InputError, match=what) as caught:
        parse_yaml(text, "x.yaml", "correct it")
    assert caught.value.where == "x.yaml" and len(str(caught.value)) < 600


def test_other_encodings_are_refused() -> None:
    with pytest.raises(InputError, match="not YAML"):
        parse_yaml("a: b".encode("utf-16"), "x.yaml", "correct it")


def test_anchors_may_be_used() -> None:
    text = "a: &x {b: &y [1, 2]}\nc: *x\nd: {<<: *x, e: *y}\n"
    found = parse_yaml(text, "x.yaml", "")
    assert found == {"a": {"b": [1, 2]}, "c": {"b": [1, 2]}, "d": {"b": [1, 2], "e": [1, 2]}}


@pytest.mark.parametrize("name", ["aliases", "deep lists"])
def test_the_schema_of_a_clone_cannot_eat_the_memory(name: str, checkout: Checkout) -> None:
    path = checkout.root / SCHEMA_FILE
    aliases = BOMB.replace("\na", "\n  a")
    declared = path.read_text(encoding="utf-8").partition("crosswalk:")[0]
    bomb = f"{declared}crosswalk:\n  {aliases}\n"
    path.write_text(bomb if name == "aliases" else ATTACKS[name][0], encoding="utf-8")
    require_refusal(run_limited(checkout.root, "check"), 7, "schema.yaml", ATTACKS[name][1])


def test_a_card_head_that_crashes_libyaml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nested deeper"):
        parse_header(f"a: {'[' * 100_000}\n", tmp_path / "README.md")
