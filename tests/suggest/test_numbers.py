"""Numbers and their bounds, by a table; and what is no count."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.models import Document, sha256
from sayso.schema import declarations
from sayso.settings import SCHEMA_FILE
from sayso.suggest import numbers, quantities
from sayso.suggest.suggesters import fill_roles
from sayso.suggest.word_tokens import split_words as words_of
from sayso.suggest.word_tokens import word_set
from tests.conftest import REPOSITORY
from tests.dataset.samples import SCHEMA

suggest_filled = fill_roles(numbers.suggest_counts, SCHEMA, "numbers")


# text; then for each count its words, kind, lower, upper
CASES: dict[str, list[tuple[object, ...]]] = {
    "Air defences shot down 34 drones.": [("34 drones", "exact", 34, 34)],
    "They destroyed at least 34 drones.": [("at least 34 drones", "at_least", 34, None)],
    "More than 60 civilians were killed.": [("More than 60 civilians", "at_least", 60, None)],
    "Over 1,200 people fled.": [("Over 1,200 people", "at_least", 1200, None)],
    "No fewer than ten soldiers died.": [("No fewer than ten soldiers", "at_least", 10, None)],
    "Up to 20 missiles were fired.": [("Up to 20 missiles", "at_most", None, 20)],
    "As many as 30 homes were damaged.": [("As many as 30 homes", "at_most", None, 30)],
    "Fewer than five people were injured.": [("Fewer than five people", "at_most", None, 5)],
    "No more than two ships were lost.": [("No more than two ships", "at_most", None, 2)],
    "About 40 rockets hit the town.": [("About 40 rockets", "approx", None, None)],
    "Nearly 50 residents were evacuated.": [("Nearly 50 residents", "approx", None, 50)],
    "Some 300 fighters were captured.": [("Some 300 fighters", "approx", None, None)],
    "Between 10 and 12 people died.": [("Between 10 and 12 people", "range", 10, 12)],
    "Two or three drones fell.": [("Two or three drones", "range", 2, 3)],
    "Ten to twelve strikes hit the port.": [("Ten to twelve strikes", "range", 10, 12)],
    "Several Russian cities were attacked.": [("Several Russian cities", "vague", 2, None)],
    "Dozens of people were wounded.": [("Dozens of people", "vague", 24, None)],
    "Hundreds were displaced.": [("Hundreds", "vague", 200, None)],
    "Hundreds of thousands of Syrians have been killed.": [
        ("Hundreds of thousands of Syrians", "vague", 200000, None)
    ],
    "Many houses burnt.": [("Many houses", "vague", 2, None)],
    "A few drones were downed.": [("A few drones", "vague", 2, None)],
    "No one was injured in the strike.": [("No one", "exact", 0, 0)],
    "Nobody was killed.": [("Nobody", "exact", 0, 0)],
    "There were no casualties.": [("no casualties", "exact", 0, 0)],
    "A dozen houses were damaged.": [("A dozen houses", "exact", 12, 12)],
    "Two dozen drones were launched.": [("Two dozen drones", "exact", 24, 24)],
    "Half a dozen tanks were destroyed.": [("Half a dozen tanks", "exact", 6, 6)],
    "Thirty-four shells hit the area.": [("Thirty-four shells", "exact", 34, 34)],
    "Two hundred and six people died.": [("Two hundred and six people", "exact", 206, 206)],
    "A hundred soldiers were killed.": [("A hundred soldiers", "exact", 100, 100)],
    "1.5 million people fled.": [("1.5 million people", "exact", 1500000, 1500000)],
    "Half a million refugees fled.": [("Half a million refugees", "exact", 500000, 500000)],
    "They destroyed another two drones flying there.": [("another two drones", "exact", 2, 2)],
    "Another drone was shot down.": [("Another drone", "exact", 1, 1)],
    "A further 12 people were injured.": [("A further 12 people", "exact", 12, 12)],
    "An additional 125 soldiers were sent.": [("additional 125 soldiers", "exact", 125, 125)],
    "Two additional drones were brought down.": [("Two additional drones", "exact", 2, 2)],
    "At least 35 more innocent civilians were killed.": [
        ("At least 35 more innocent civilians", "at_least", 35, None)
    ],
    "130 Ukrainian unmanned aerial vehicles (UAVs) were neutralized.": [
        ("130 Ukrainian unmanned aerial vehicles", "exact", 130, 130)
    ],
    "38 Ukrainian drone aircraft were destroyed.": [
        ("38 Ukrainian drone aircraft", "exact", 38, 38)
    ],
    "the evening’s 38 destroyed drones": [("38 destroyed drones", "exact", 38, 38)],
    "Windows in six apartment buildings and one private residence were shattered.": [
        ("six apartment buildings", "exact", 6, 6),
        ("one private residence", "exact", 1, 1),
    ],
    "A strike killed 12 people and injured 30.": [
        ("12 people", "exact", 12, 12),
        ("30", "exact", 30, 30),
    ],
    "Strikes damaged 29 supply routes.": [("29 supply routes", "exact", 29, 29)],
    "14 were killed.": [("14", "exact", 14, 14)],
    "the earlier tally of 130 suggests a shift": [("130", "exact", 130, 130)],
    "At least 12 died on 3 May.": [("At least 12", "at_least", 12, None)],
    "38 drones across three regions were shot down.": [
        ("38 drones", "exact", 38, 38),
        ("three regions", "exact", 3, 3),
    ],
    "Three civilians—two women and a child—died.": [
        ("Three civilians", "exact", 3, 3),
        ("two women", "exact", 2, 2),
    ],
    "No drones were launched.": [("No drones", "exact", 0, 0)],
    "20 anti-aircraft artillery systems were hit.": [
        ("20 anti-aircraft artillery systems", "exact", 20, 20)
    ],
}

NO_COUNT = (
    "The announcement came at 1:42 a.m. local time.",
    "It happened on October 31st.",
    "It happened on 31 October 2024.",
    "On Dec. 26 the strike began.",
    "In 2015 the war went on.",
    "The 34-year-old man spoke.",
    "A man aged 34 spoke.",
    "Ivan Ivanov, 34, said so.",
    "It cost $100 million.",
    "It cost 5 million euros.",
    "The front is 12 kilometres away.",
    "about 300 square miles of land",
    "the last 24 hours",
    "two weeks later",
    "30 percent of the territory",
    "25% of it",
    "10 per cent of requests",
    "the third attack",
    "the 93rd anniversary",
    "these two methods of warfare",
    "Resolution 2328 was adopted.",
    "CTF 50 sailed.",
    "F-16 jets flew.",
    "call 910-432-3383",
    "a majority of these attacks",
    "It is no longer so.",
    "drones and missiles",
    "Some important ways remain.",
    "a new phase of the war",
    "an idea",
    "2.5 metres deep",
    "1. The council decides.",
    "one of them",
    "9/11 changed it.",
    "two-thirds of the city",
)


def build_document(text: str, language: str = "en") -> Document:
    return Document(
        doc_id="d",
        language=language,
        license="unknown",
        source_name="d.txt",
        split="train",
        ingested="2026-01-01T00:00:00Z",
        text_sha256=sha256(text),
        text=text,
    )


@pytest.mark.parametrize("text", CASES)
def test_a_number_and_its_bounds(text: str) -> None:
    found = [
        (
            text[one.start : one.end],
            *(one.attributes.get(name) for name in ("kind", "lower", "upper")),
        )
        for one in suggest_filled(build_document(text))
    ]
    assert found == CASES[text]


@pytest.mark.parametrize("text", NO_COUNT)
def test_what_counts_nothing(text: str) -> None:
    assert [text[one.start : one.end] for one in suggest_filled(build_document(text))] == []


def test_other_languages_are_left_alone() -> None:
    assert list(suggest_filled(build_document("34 drones fell.", "de"))) == []


def test_the_kinds_are_those_of_the_schema() -> None:
    attributes = declarations.load_schema(REPOSITORY / SCHEMA_FILE).labels["Count"].attributes
    kinds = {quantities.EXACT, quantities.APPROX, quantities.AT_LEAST, quantities.AT_MOST}
    assert kinds | {quantities.RANGE, quantities.VAGUE} == attributes["kind"].values.keys()


def test_the_vague_words_are_those_of_the_guidelines() -> None:
    guidelines = (REPOSITORY / "schema" / "guidelines.md").read_text(encoding="utf-8")
    row = next(line for line in guidelines.splitlines() if line.startswith("| `vague`"))
    for words, lower in (
        ("several", 2),
        ("some", 2),
        ("many", 2),
        ("dozens", 24),
        ("hundreds", 200),
    ):
        assert words in row and f": {lower}" in row
        assert quantities.parse_quantity(words_of(words), 0).lower == lower  # type: ignore[union-attr]


NUMERALS = sorted(
    word_set(
        "one two ten twenty ninety-nine hundred thousand million and a dozen to or between at "
        "least half no many of 12 1,200 1.5 men another hundreds"
    )
)


@given(st.lists(st.sampled_from(NUMERALS), min_size=1, max_size=12))
def test_no_pile_of_numerals_is_too_much(pile: list[str]) -> None:
    text = " ".join(pile)
    for one in suggest_filled(build_document(text)):
        lower, upper = one.attributes.get("lower"), one.attributes.get("upper")
        assert text[one.start : one.end]
        assert not (isinstance(lower, int) and isinstance(upper, int)) or lower <= upper


@given(st.text(alphabet="ab 12,.-—\n’$%A", max_size=60), st.sampled_from(sorted(CASES)))
def test_every_slice_is_whole_words_and_none_overlap(noise: str, known: str) -> None:
    text = f"{noise} {known}"
    before = 0
    for one in suggest_filled(build_document(text)):
        assert before <= one.start < one.end <= len(text)
        assert text[one.start : one.end] == text[one.start : one.end].strip()
        assert "\n" not in text[one.start : one.end]
        before = one.end
