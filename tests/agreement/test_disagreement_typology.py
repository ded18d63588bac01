"""Every difference of two annotations is listed once, under its kind."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sayso.agreement.disagreement_types import Disagreement, DisagreementSide
from sayso.agreement.disagreement_typology import (
    AnnotationComparison,
    TypologyRules,
    compare_annotations,
)
from sayso.models import AttributeValue, Mention, Relation
from sayso.schema.schema_types import Edges
from tests.dataset.samples import SCHEMA

RULES = TypologyRules.from_schema(SCHEMA)
TEXT = "The mayor of Moscow’s centre (MC) said that 38 Ukrainian drones fell, re-entering."


@dataclass(frozen=True)
class PlainAnnotation:
    """An annotation and nothing more."""

    mentions: tuple[Mention, ...] = ()
    relations: tuple[Relation, ...] = ()


def find_mention(label: str, words: str, name: str = "", **attributes: AttributeValue) -> Mention:
    """A mention of words that stand once."""
    assert TEXT.count(words) == 1, words
    start = TEXT.index(words)
    return Mention(
        id=name or f"{label} {words}",
        label=label,
        start=start,
        end=start + len(words),
        text=words,
        attributes=attributes,
    )


def describe_disagreements(
    one: PlainAnnotation, other: PlainAnnotation
) -> list[tuple[str, str, str]]:
    return [
        (each.kind, each.name, each.detail)
        for each in compare_annotations(one, other, TEXT, RULES).disagreements
    ]


def annotate_mentions(*mentions: Mention) -> PlainAnnotation:
    return PlainAnnotation(mentions)


# --- by property

MENTIONS = st.lists(
    st.builds(
        lambda start, length, label, kind: Mention(
            id="",
            label=label,
            start=start,
            end=start + length,
            text=TEXT[start : start + length],
            attributes={"type": kind},
        ),
        st.integers(0, 14),
        st.integers(1, 7),
        st.sampled_from(["Actor", "Location", "Claim", "Count"]),
        st.sampled_from(["a", "b"]),
    ),
    max_size=6,
)


@st.composite
def any_annotation(draw: st.DrawFn) -> PlainAnnotation:
    """Draw any annotation, also one that breaks checks."""
    drawn = draw(MENTIONS)
    mentions = tuple(
        Mention(
            id=str(n), label=m.label, start=m.start, end=m.end, text=m.text, attributes=m.attributes
        )
        for n, m in enumerate(drawn)
    )
    if not mentions:
        return PlainAnnotation()
    ends = st.sampled_from([mention.id for mention in mentions])
    relations = st.builds(Relation, type=st.sampled_from(["source", "agent"]), head=ends, tail=ends)
    return PlainAnnotation(mentions, tuple(draw(st.lists(relations, max_size=5))))


def count_appearances(
    outcome: AnnotationComparison, side: int
) -> tuple[Counter[int], Counter[int]]:
    """Count how often a comparison lists each mention and relation of one side, by identity."""
    mentions = Counter(id(pair[side]) for pair in outcome.agreed_mentions)
    relations = Counter(id(pair[side]) for pair in outcome.agreed_relations)
    for found in outcome.disagreements:
        mentions.update(id(mention) for mention in found.sides[side].mentions)
        relations.update(id(linked.relation) for linked in found.sides[side].relations)
    return mentions, relations


@given(any_annotation(), any_annotation())
def test_everything_is_agreed_or_in_one_disagreement(
    one: PlainAnnotation, other: PlainAnnotation
) -> None:
    outcome = compare_annotations(one, other, TEXT, RULES)
    for side, annotation in enumerate((one, other)):
        mentions, relations = count_appearances(outcome, side)
        assert mentions == Counter(id(mention) for mention in annotation.mentions)
        assert relations == Counter(id(relation) for relation in annotation.relations)


@given(any_annotation(), any_annotation())
def test_the_other_way_round_it_is_the_same(one: PlainAnnotation, other: PlainAnnotation) -> None:
    def shape(side: DisagreementSide) -> tuple[object, ...]:
        return (
            sorted((m.label, m.start, m.end) for m in side.mentions),
            sorted((a.relation.type, a.head.span, a.tail.span) for a in side.relations),
        )

    def key(found: Disagreement, *, turned: bool) -> str:
        sides = found.sides[::-1] if turned else found.sides
        return repr(
            (
                found.kind,
                found.details,
                *map(shape, sides),
                found.counterpart and found.counterpart.span,
            )
        )

    there, back = (
        compare_annotations(one, other, TEXT, RULES),
        compare_annotations(other, one, TEXT, RULES),
    )
    assert Counter(key(each, turned=True) for each in back.disagreements) == Counter(
        key(each, turned=False) for each in there.disagreements
    )


@given(any_annotation())
def test_nobody_disagrees_with_themselves(one: PlainAnnotation) -> None:
    outcome = compare_annotations(one, one, TEXT, RULES)
    assert len(outcome.agreed_relations) == len(one.relations)
    alike = Counter((m.label, m.start, m.end) for m in one.mentions)
    if alike and max(alike.values()) == 1:
        assert outcome.disagreements == () and len(outcome.agreed_mentions) == len(one.mentions)


# --- by example

MAYOR, MOSCOW = find_mention("Actor", "mayor of Moscow"), find_mention("Location", "Moscow")
DRONES, CLAIM = (
    find_mention("Count", "38 Ukrainian drones"),
    find_mention("Claim", "38 Ukrainian drones fell"),
)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (annotate_mentions(MAYOR), annotate_mentions(), [("missed", "Actor", "")]),
        (
            annotate_mentions(MAYOR),
            annotate_mentions(find_mention("Actor", "The mayor of Moscow")),
            [("boundary", "Actor", "left article")],
        ),
        (
            annotate_mentions(MAYOR),
            annotate_mentions(find_mention("Actor", "mayor of Moscow’s")),
            [("boundary", "Actor", "right possessive")],
        ),
        (
            annotate_mentions(find_mention("Location", "Moscow’s centre")),
            annotate_mentions(find_mention("Location", "Moscow’s centre (MC)")),
            [("boundary", "Location", "right bracket")],
        ),
        (
            annotate_mentions(CLAIM),
            annotate_mentions(find_mention("Claim", "that 38 Ukrainian drones fell,")),
            [("boundary", "Claim", "left words and right punctuation")],
        ),
        (
            annotate_mentions(find_mention("Cue", "re-entering")),
            annotate_mentions(find_mention("Cue", "enter")),
            [("boundary", "Cue", "left words and right part of a word")],
        ),
        (
            annotate_mentions(MAYOR),
            annotate_mentions(find_mention("Location", "mayor of Moscow")),
            [("label", "Actor ↔ Location", "the same words")],
        ),
        (
            annotate_mentions(MAYOR),
            annotate_mentions(MOSCOW),
            [("label", "Actor ↔ Location", "overlapping words")],
        ),
        (
            annotate_mentions(CLAIM),
            annotate_mentions(DRONES),
            [("missed", "Claim", ""), ("missed", "Count", "")],
        ),
        (
            annotate_mentions(find_mention("Actor", "mayor"), find_mention("Actor", "Moscow")),
            annotate_mentions(MAYOR),
            [("nesting", "Actor", "one against several")],
        ),
        (
            annotate_mentions(MAYOR, MOSCOW),
            annotate_mentions(MAYOR),
            [("nesting", "Location", "inside")],
        ),
        (
            annotate_mentions(MAYOR, MOSCOW),
            annotate_mentions(MOSCOW),
            [("nesting", "Actor", "around")],
        ),
        (annotate_mentions(CLAIM, DRONES), annotate_mentions(CLAIM), [("missed", "Count", "")]),
        (
            annotate_mentions(CLAIM, find_mention("Actor", "38 Ukrainian drones fell")),
            annotate_mentions(CLAIM),
            [("nesting", "Actor", "under a second label")],
        ),
        (
            annotate_mentions(
                find_mention("Count", "38 Ukrainian drones", "d", lower=38, upper=38)
            ),
            annotate_mentions(find_mention("Count", "38 Ukrainian drones", "d", lower=38)),
            [("attribute", "Count", "upper")],
        ),
        (
            annotate_mentions(find_mention("Actor", "mayor", type="civilian", entity="Q1")),
            annotate_mentions(find_mention("Actor", "mayor", type="expert", entity="Q2")),
            [("attribute", "Actor", "entity and type")],
        ),
        (
            annotate_mentions(find_mention("Actor", "mayor", entity="Q1")),
            annotate_mentions(find_mention("Actor", "mayor")),
            [],
        ),
    ],
)
def test_a_difference_is_what_it_is(
    one: PlainAnnotation, other: PlainAnnotation, expected: list[tuple[str, str, str]]
) -> None:
    assert describe_disagreements(one, other) == expected


def annotate_relations(
    *relations: tuple[str, Mention, Mention], beside: tuple[Mention, ...] = ()
) -> PlainAnnotation:
    """Make an annotation of these relations, with their ends and more."""
    mentions = {m.id: m for _kind, head, tail in relations for m in (head, tail)} | {
        m.id: m for m in beside
    }
    return PlainAnnotation(
        tuple(mentions.values()),
        tuple(Relation(type=t, head=h.id, tail=e.id) for t, h, e in relations),
    )


ENDS = (CLAIM, MAYOR, MOSCOW, DRONES)
LONGER = find_mention("Actor", "The mayor of Moscow")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (
            annotate_relations(("source", CLAIM, MAYOR)),
            annotate_relations(beside=(CLAIM, MAYOR)),
            "drawn by one only",
        ),
        (
            annotate_relations(("source", CLAIM, MAYOR), beside=ENDS),
            annotate_relations(("agent", CLAIM, MAYOR), beside=ENDS),
            "another type",
        ),
        (
            annotate_relations(("where", CLAIM, MOSCOW), beside=ENDS),
            annotate_relations(("where", MOSCOW, CLAIM), beside=ENDS),
            "turned round",
        ),
        (
            annotate_relations(("where", CLAIM, MOSCOW), beside=ENDS),
            annotate_relations(("where", CLAIM, MAYOR), beside=ENDS),
            "another end",
        ),
        (
            annotate_relations(("where", CLAIM, MOSCOW), beside=ENDS),
            annotate_relations(("where", DRONES, MOSCOW), beside=ENDS),
            "another end",
        ),
    ],
)
def test_differences_of_relations(
    one: PlainAnnotation, other: PlainAnnotation, expected: str
) -> None:
    (found,) = compare_annotations(one, other, TEXT, RULES).disagreements
    assert (found.kind, found.detail) == ("relation", expected)


def test_a_relation_without_its_end_is_a_consequence() -> None:
    one = annotate_relations(("source", CLAIM, MAYOR), ("where", CLAIM, MOSCOW))
    assert describe_disagreements(one, annotate_relations(("where", CLAIM, MOSCOW))) == [
        ("nesting", "Actor", "around"),
        ("relation", "source", "an end is missing"),
    ]


def test_a_relation_to_other_edges_is_agreed() -> None:
    outcome = compare_annotations(
        annotate_relations(("source", CLAIM, MAYOR)),
        annotate_relations(("source", CLAIM, LONGER)),
        TEXT,
        RULES,
    )
    assert [each.kind for each in outcome.disagreements] == ["boundary"] and len(
        outcome.agreed_relations
    ) == 1


def test_a_relation_to_either_half_is_agreed() -> None:
    halves = find_mention("Actor", "mayor"), find_mention("Actor", "Moscow")
    outcome = compare_annotations(
        annotate_relations(("source", CLAIM, MAYOR)),
        annotate_relations(("source", CLAIM, halves[1]), beside=halves),
        TEXT,
        RULES,
    )
    assert [each.detail for each in outcome.disagreements] == ["one against several"] and len(
        outcome.agreed_relations
    ) == 1


def test_edges_say_which_side_is_longer() -> None:
    (found,) = compare_annotations(
        annotate_mentions(MAYOR), annotate_mentions(LONGER), TEXT, RULES
    ).disagreements
    assert [(edge.side, edge.longer, edge.words) for edge in found.edges] == [("left", 1, "The ")]


@pytest.mark.parametrize(
    ("language", "left", "right"),
    [
        ("de", "left article", "right possessive"),
        ("de-AT", "left article", "right possessive"),
        ("en", "left words", "right part of a word"),
        ("fr", "left words", "right part of a word"),
    ],
)
def test_articles_and_endings_are_those_that_the_schema_declares(
    language: str, left: str, right: str
) -> None:
    edges = {
        "de": Edges(before=("der", "die", "das"), after=("s",)),
        "en": Edges(before=("the",), after=("’s",)),
    }
    rules = TypologyRules.from_schema(replace(SCHEMA, edges=edges))
    text = "Der Bürgermeisters Haus"
    longer, shorter = (
        annotate_mentions(
            Mention(id="m", label="Actor", start=start, end=end, text=text[start:end])
        )
        for start, end in ((0, 18), (4, 17))
    )
    (found,) = compare_annotations(longer, shorter, text, rules, language).disagreements
    assert found.details == (left, right)


def test_a_schema_without_edges_knows_no_article() -> None:
    rules = TypologyRules.from_schema(replace(SCHEMA, edges={}))
    (found,) = compare_annotations(
        annotate_mentions(MAYOR),
        annotate_mentions(find_mention("Actor", "The mayor of Moscow")),
        TEXT,
        rules,
    ).disagreements
    assert found.detail == "left words"


def test_ends_of_a_symmetric_relation_mean_the_same() -> None:
    """Edges that differ can turn it, since its head is the end that comes first."""
    drones, place = find_mention("Count", "38 Ukrainian drones"), find_mention("Count", "centre")
    one, other = (
        PlainAnnotation((drones, place), (Relation(type="restates", head=head.id, tail=tail.id),))
        for head, tail in ((drones, place), (place, drones))
    )
    relations = dict(SCHEMA.relations)
    (turned,) = compare_annotations(one, other, TEXT, RULES).disagreements
    assert turned.detail == "turned round"
    relations["restates"] = replace(relations["restates"], symmetric=True)
    rules = TypologyRules.from_schema(replace(SCHEMA, relations=relations))
    assert not compare_annotations(one, other, TEXT, rules).disagreements
