"""A format is declared once; these tests name what is missing of all that follows from it."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from importlib import import_module

import click
import pytest

from sayso import formats
from sayso.cli import sayso
from sayso.errors import UsageError
from sayso.formats.annotated_documents import REMOVERS, AnnotatedDocument, drop_unheld
from sayso.formats.format_registry import (
    EXPORT_FORMATS,
    FORMATS,
    IMPORT_FORMATS,
    find_format,
    formats_table,
)
from sayso.formats.losses import Loss, Losses
from tests.benchmarks.formats import LIBRARY_WRITERS
from tests.conftest import REPOSITORY
from tests.formats.test_reference_libraries import READERS

MANUAL = REPOSITORY / "scripts" / "README.md"


def modules_with_formats() -> dict[str, tuple[bool, bool]]:
    """Return True for ``write`` and for ``read`` of each module of the package that has either."""
    found = {}
    for each in pkgutil.iter_modules(formats.__path__):
        module = import_module(f"{formats.__name__}.{each.name}")
        found[each.name] = (hasattr(module, "write"), hasattr(module, "read"))
    return {name: both for name, both in found.items() if any(both)}


def test_every_module_is_declared_with_what_it_has() -> None:
    found = modules_with_formats()
    declared = {
        each.module: (each.exports, each.imports) for each in FORMATS.values() if not each.alias_of
    }
    undeclared = found.keys() - declared.keys()
    assert not undeclared, f"declare in FORMATS of format_registry.py: {sorted(undeclared)}"
    for name, (writes, reads) in declared.items():
        has_write, has_read = found.get(name, (False, False))
        assert writes == has_write, (
            f"{name}.py: exports={writes}, and write() is {'' if has_write else 'not '}there"
        )
        assert reads == has_read, (
            f"{name}.py: imports={reads}, and read() is {'' if has_read else 'not '}there"
        )


def test_every_export_is_read_by_a_library_of_others() -> None:
    missing = EXPORT_FORMATS.keys() - READERS.keys()
    assert not missing, f"add to READERS of test_reference_libraries.py: {sorted(missing)}"


def test_every_export_is_measured_against_a_library_of_others() -> None:
    missing = EXPORT_FORMATS.keys() - LIBRARY_WRITERS.keys()
    assert not missing, f"add to LIBRARY_WRITERS of benchmarks/formats.py: {sorted(missing)}"


@pytest.mark.parametrize(
    ("command", "option", "known"),
    [("export", "format", EXPORT_FORMATS), ("import", "format", IMPORT_FORMATS)],
)
def test_the_command_takes_every_format(
    command: str, option: str, known: dict[str, object]
) -> None:
    found = sayso.get_command(click.Context(sayso), command)
    assert found
    (choice,) = [each.type for each in found.params if each.name == option]
    assert isinstance(choice, click.Choice) and list(choice.choices) == list(known)


def test_every_kind_that_is_never_held_can_be_dropped() -> None:
    for each in FORMATS.values():
        missing = each.cannot_hold - REMOVERS.keys()
        assert not missing, f"{each.name}: add to REMOVERS of annotated_documents.py: {missing}"


def test_the_manual_has_the_table() -> None:
    expected = f"<!-- table: formats -->\n{formats_table()}<!-- end -->"
    assert expected in MANUAL.read_text(encoding="utf-8"), (
        f"put it into scripts/README.md:\n{expected}"
    )


def test_a_format_can_say_that_it_holds_no_text() -> None:
    losses = Losses()
    annotated = AnnotatedDocument(doc_id="d", text="Two.", about={"title": "A"})
    dropped = drop_unheld(annotated, [Loss.TEXT, Loss.METADATA], losses)
    assert (dropped.text, dropped.about) == ("", {})
    assert losses == {Loss.TEXT: 1, Loss.METADATA: 1}


def test_unknown_names_are_refused() -> None:
    with pytest.raises(UsageError, match="choose one of brat"):
        find_format("parchment")
    with pytest.raises(UsageError, match="no format 'spacy'"):
        find_format("spacy", IMPORT_FORMATS)


def test_help_pages_import_no_format() -> None:
    code = (
        "import sys, sayso.formats.format_registry\n"
        "print(sorted({'msgspec', 'spacy'} & sys.modules.keys()))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
