"""The guidelines are in step with the schema, and quote the articles truly."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sayso import schema as schemas
from sayso.schema import hotkeys
from sayso.store import Corpus

ROOT = Path(__file__).parents[2]
SCHEMA = schemas.load(ROOT / "schema" / "schema.yaml")
GUIDELINES = (ROOT / "schema" / "guidelines.md").read_text(encoding="utf-8")
ARTICLES = [" ".join(document.text.split()) for document in Corpus(ROOT).documents()]

LABEL_STUDIO = {"alt+r", "backspace", "ctrl+enter", "ctrl+z", "escape", "u"}
GROUPS = {"shift", "alt"}


def names() -> Iterator[str]:
    yield from SCHEMA.interfaces
    yield from SCHEMA.relations
    yield from SCHEMA.flags
    for label, declared in SCHEMA.labels.items():
        yield label
        for asked, attribute in declared.attributes.items():
            yield asked
            yield from attribute.values


def quoted() -> list[str]:
    """What stands in single asterisks, bullets left aside, with its brackets."""
    prose = re.sub(r"^\* ", "- ", GUIDELINES, flags=re.M).replace("**", "")
    return [" ".join(found.split()) for found in re.findall(r"\*([^*]+)\*", prose)]


def test_the_version_is_the_schema_s() -> None:
    assert f"Version {SCHEMA.version}. " in GUIDELINES


def test_every_name_of_the_schema_is_there_and_no_other() -> None:
    assert set(re.findall(r"`([^`]+)`", GUIDELINES)) == set(names())


def test_every_key_stands_beside_what_it_chooses() -> None:
    told = set(re.findall(r"`(\w+)` <kbd>([^<]+)</kbd>", GUIDELINES))
    told |= set(re.findall(r"`(\w+)`\n<kbd>([^<]+)</kbd>", GUIDELINES))
    meant = {(re.split(r"[ .]", place)[-1], key) for key, (place,) in hotkeys(SCHEMA).items()}
    numbers = {("lower", "alt+j"), ("upper", "alt+k")}
    assert told == meant - numbers
    every = set(re.findall(r"<kbd>([^<]+)</kbd>", GUIDELINES))
    assert every - LABEL_STUDIO - GROUPS == set(hotkeys(SCHEMA))


@pytest.mark.parametrize("words", quoted())
def test_every_example_stands_in_an_article(words: str) -> None:
    plain = words.replace("[", "").replace("]", "")
    assert any(plain in article for article in ARTICLES)


@pytest.mark.parametrize("span", sorted({span for words in quoted() for span in re.findall(r"\[([^\]]+)\]", words)}))
def test_every_example_of_a_span_keeps_the_rules_for_edges(span: str) -> None:
    assert span[0].isalnum() and span[-1].isalnum()
    assert not span.endswith(("’s", "'s"))
    assert not span.lower().startswith("the ")
