"""Cues and their stance; the lexicon stays in step with the schema and the guidelines."""

from __future__ import annotations

import re

import pytest

from sayso.schema import declarations
from sayso.settings import SCHEMA_FILE
from sayso.suggest import cues
from sayso.suggest.suggesters import fill_roles
from tests.conftest import REPOSITORY
from tests.dataset.samples import SCHEMA
from tests.suggest.test_numbers import build_document

suggest_filled = fill_roles(cues.suggest_cues, SCHEMA, "cues")


CASES: dict[str, list[tuple[str, str]]] = {
    "Sobyanin confirmed that four fell.": [("confirmed", "factive")],
    "According to the ministry, four fell.": [("According to", "neutral")],
    "They have reportedly destroyed two.": [("reportedly", "distancing")],
    "the alleged Ukrainian campaign": [("alleged", "distancing")],
    "Analysts suggest that it may be so.": [("suggest", "neutral")],
    "in which he disclosed that four fell": [("disclosed", "factive")],
    "systems claimed to have destroyed 38": [("claimed", "distancing")],
    "with the ministry stating that it was so": [("stating", "neutral")],
    "The post detailed how they came.": [("detailed", "factive")],
    "Officials say they left.": [("say", "neutral")],
    "Four fell, he said.": [("said", "neutral")],
}

NO_CUE = (
    "The report was long.",
    "These claims are many.",
    "a member state of the union",
    "Details remain scarce.",
    "the State Department building",
    "It underscored the city’s preparedness.",
    "The reports of the day",
)


@pytest.mark.parametrize("text", CASES)
def test_a_cue(text: str) -> None:
    found = [
        (text[one.start : one.end], one.attributes["stance"])
        for one in suggest_filled(build_document(text))
    ]
    assert found == CASES[text]


@pytest.mark.parametrize("text", NO_CUE)
def test_what_attributes_nothing(text: str) -> None:
    assert [text[one.start : one.end] for one in suggest_filled(build_document(text))] == []


def test_stances_are_those_of_the_schema() -> None:
    assert (
        cues.LEXICON.keys()
        == declarations.load_schema(REPOSITORY / SCHEMA_FILE)
        .labels["Cue"]
        .attributes["stance"]
        .values.keys()
    )


@pytest.mark.parametrize("stance", cues.LEXICON)
def test_the_words_of_the_guidelines_have_the_stance_that_they_give(stance: str) -> None:
    guidelines = (REPOSITORY / "schema" / "guidelines.md").read_text(encoding="utf-8")
    row = re.search(rf"^\| `{stance}` <kbd>.*?</kbd> \| (.*) \|$", guidelines, re.MULTILINE)
    assert row
    listed = {word for kinds in cues.LEXICON[stance].values() for word in kinds}
    others = {
        word
        for name, kinds in cues.LEXICON.items()
        if name != stance
        for each in kinds.values()
        for word in each
    }
    for word in row[1].split(", "):
        assert word in listed | {f"{word}ed"} or f"{word}ed" in listed, word
        assert word not in others


def test_no_word_has_two_stances() -> None:
    everywhere = [
        word for kinds in cues.LEXICON.values() for words in kinds.values() for word in set(words)
    ]
    within = [
        {word for words in kinds.values() for word in words} for kinds in cues.LEXICON.values()
    ]
    assert not within[0] & within[1] and not within[1] & within[2] and not within[0] & within[2]
    assert everywhere
