"""No program knows the names of this repository's schema.

A string constant that is no docstring may not be, or contain as a word, the name of a label; nor be
the name of a relation, an attribute, a value or a flag. Docstrings, and with them doctests and help
pages, may show examples. ``schema/migrations`` and ``templates`` are no exception.

Many names are plain words that programs use in a sense of their own. Each such use is listed here,
with the files and the sense, so that a new one has to be looked at.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from sayso.schema.declarations import load_schema
from tests.conftest import REPOSITORY

PACKAGE = REPOSITORY / "scripts" / "sayso"
SCHEMA = load_schema(REPOSITORY / "schema" / "schema.yaml")

OTHER_SENSES = {
    # of our own records and tables, wherever they are read and written
    "type": ("", "of a relation, of a Label Studio item, of a column"),
    "kind": ("", "of an annotator, of a disagreement, of an attribute"),
    "exact": ("", "equal spans, among measures; also a wording of numbers in suggest/"),
    "precision": ("", "the measure; also a role in suggest/"),
    "other": ("", "the second of two"),
    "range": ("", "a wording of numbers in suggest/, and a word of formats"),
    "person": ("reports/corpus_report.py", "an annotator who is no program"),
    "author": ("dataset/card/citation.py", "a field of CITATION.cff"),
    "response": ("labelstudio/accounts.py", "of a server"),
    "building": ("cli/commands/build.py release/preparation.py", "what a build does"),
    # words of other formats and libraries
    "source": ("dataset/card/ formats/ network.py", "of Croissant, of web annotations, of UIMA"),
    "target": ("cli/commands/ formats/", "a folder or file; of web annotations, of UIMA"),
    # roles of suggesters, and the values that they give, which the schema maps to attributes
    "lower": ("suggest/", "a role"),
    "upper": ("suggest/", "a role"),
    "stance": ("suggest/", "a role"),
    "gazetteer": ("suggest/suggester_registry.py", "a module"),
    **dict.fromkeys(
        ("approx", "at_least", "at_most", "vague"), ("suggest/quantities.py", "wordings")
    ),
    **dict.fromkeys(("distancing", "neutral", "factive"), ("suggest/cues.py", "stances")),
    **dict.fromkeys(
        ("site", "settlement", "vicinity", "district", "region", "area_or_line", "country"),
        ("suggest/gazetteer.py", "precisions"),
    ),
    **dict.fromkeys(("killed", "injured"), ("suggest/numbers.py", "words between number and noun")),
}
TOPIC = re.compile(
    r"\bfounding\b|armed conflict|conflict (?:news|happening)|\bwar(?:time)?\b", re.I
)


def list_modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


@cache
def list_constants(path: Path) -> tuple[tuple[int, str], ...]:
    """Return the string constants of a module with their lines, without docstrings."""
    return tuple(_iterate_constants(ast.parse(path.read_text(encoding="utf-8"))))


def _iterate_constants(tree: ast.Module) -> Iterator[tuple[int, str]]:
    bare = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in bare:
            yield node.lineno, node.value


def find_names() -> dict[str, str]:
    """Return the names of everything but labels and passes, with what they name."""
    names = dict.fromkeys(SCHEMA.relations, "relation") | dict.fromkeys(SCHEMA.flags, "flag")
    for label in SCHEMA.labels.values():
        for name, attribute in label.attributes.items():
            names |= {name: "attribute"} | dict.fromkeys(attribute.values, "value")
    return names


@pytest.mark.parametrize("path", list_modules(), ids=lambda path: path.stem)
def test_no_program_names_a_label(path: Path) -> None:
    # A capital letter may begin a sentence: "Count what would be predicted."
    labels = re.compile(rf"(?<!^)\b({'|'.join(SCHEMA.labels)})\b|^({'|'.join(SCHEMA.labels)})$")
    found = [(line, text) for line, text in list_constants(path) if labels.search(text)]
    assert found == []


@pytest.mark.parametrize("path", list_modules(), ids=lambda path: path.stem)
def test_no_program_names_anything_else_of_the_schema(path: Path) -> None:
    here = path.relative_to(PACKAGE).as_posix()
    names = find_names()
    for line, text in list_constants(path):
        if text in names:
            places, _sense = OTHER_SENSES.get(text, ("nowhere", ""))
            allowed = not places or here.startswith(tuple(places.split()))
            assert allowed, f"{here}:{line} names the {names[text]} {text!r}"


@pytest.mark.parametrize("path", list_modules(), ids=lambda path: path.stem)
def test_no_program_speaks_of_our_topic(path: Path) -> None:
    assert [(line, text) for line, text in list_constants(path) if TOPIC.search(text)] == []


def test_no_page_or_template_names_our_schema() -> None:
    names = {*SCHEMA.labels, *(name for name in SCHEMA.relations if "_" in name)}
    words = re.compile(rf"\b({'|'.join(names)})\b")
    for path in sorted(PACKAGE.rglob("*")):
        if path.suffix in (".js", ".html", ".css", ".md", ".jinja", ".yaml", ".cff"):
            text = re.sub(r"//[^\n]*|/\*.*?\*/", "", path.read_text("utf-8"), flags=re.DOTALL)
            assert not TOPIC.search(text), path
            assert not words.search(text), path


def test_every_other_sense_is_still_used() -> None:
    used = {text for path in list_modules() for _line, text in list_constants(path)}
    assert set(OTHER_SENSES) <= used
