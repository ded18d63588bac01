"""A suggester is declared once; these tests name what is missing of all that follows from it."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import pytest

from sayso import suggest
from sayso.cli.commands.suggest import command
from sayso.suggest.suggester_registry import SUGGESTERS, suggesters_table
from tests.conftest import REPOSITORY

MANUAL = REPOSITORY / "scripts" / "README.md"


def test_every_module_with_a_suggester_is_declared() -> None:
    found = {
        each.name
        for each in pkgutil.iter_modules(suggest.__path__)
        if hasattr(import_module(f"{suggest.__name__}.{each.name}"), "build_suggester")
    }
    declared = {each.module for each in SUGGESTERS.values()}
    assert not found - declared, f"declare in suggester_registry.py: {sorted(found - declared)}"
    assert not declared - found, f"build_suggester is missing in: {sorted(declared - found)}"


@pytest.mark.parametrize("name", SUGGESTERS)
def test_the_help_page_names_it(name: str) -> None:
    assert command.help and f"  {name} " in command.help


def test_the_manual_has_the_table() -> None:
    expected = f"<!-- table: suggesters -->\n{suggesters_table()}<!-- end -->"
    text = MANUAL.read_text(encoding="utf-8")
    assert expected in text, f"put it into scripts/README.md:\n{expected}"
