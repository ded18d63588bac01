"""Every difference of two readings is told once, under the kind that it is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.disagreements.kinds import Disagreement, Side
from sayso.disagreements.typology import Outcome, Scheme, compare
from sayso.records import Mention, Relation, Value
from tests.dataset.made import SCHEMA

SCHEME = Scheme.of(SCHEMA)
TEXT = "The mayor of Moscow’s centre (MC) said that 38 Ukrainian drones fell, re-entering."


@dataclass(frozen=True)
class Read:
    """A reading and nothing more."""

    mentions: tuple[Mention, ...] = ()
    relations: tuple[Relation, ...] = ()


def of(label: str, words: str, name: str = "", **attributes: Value) -> Mention:
    """A mention of words that stand once."""
    assert TEXT.count(words) == 1, words
    start = TEXT.index(words)
    return Mention(id=name or f"{label} {words}", label=label, start=start, end=start + len(words), text=words,
                   attributes=attributes)  # fmt: skip


def told(one: Read, other: Read) -> list[tuple[str, str, str]]:
    return [(each.kind, each.name, each.detail) for each in compare(one, other, TEXT, SCHEME).disagreements]


def spans(*mentions: Mention) -> Read:
    return Read(mentions)


# --- by property

MENTIONS = st.lists(
    st.builds(
        lambda start, length, label, kind: Mention(
            id="", label=label, start=start, end=start + length, text=TEXT[start : start + length],
            attributes={"type": kind},
        ),
        st.integers(0, 14), st.integers(1, 7), st.sampled_from(["Actor", "Location", "Claim", "Count"]),
        st.sampled_from(["a", "b"]),
    ),
    max_size=6,
)  # fmt: skip


@st.composite
def readings(draw: st.DrawFn) -> Read:
    """Any reading, also one that breaks the rules: same-label spans that overlap, arrows between anything."""
    drawn = draw(MENTIONS)
    mentions = tuple(
        Mention(id=str(n), label=m.label, start=m.start, end=m.end, text=m.text, attributes=m.attributes)
        for n, m in enumerate(drawn)
    )
    if not mentions:
        return Read()
    ends = st.sampled_from([mention.id for mention in mentions])
    arrows = st.builds(Relation, type=st.sampled_from(["source", "agent"]), head=ends, tail=ends)
    return Read(mentions, tuple(draw(st.lists(arrows, max_size=5))))


def held(outcome: Outcome, side: int) -> tuple[Counter[int], Counter[int]]:
    """How often each mention and each relation of one reading is told of, by identity."""
    mentions = Counter(id(pair[side]) for pair in outcome.mentions)
    relations = Counter(id(pair[side]) for pair in outcome.relations)
    for found in outcome.disagreements:
        mentions.update(id(mention) for mention in found.sides[side].mentions)
        relations.update(id(arrow.relation) for arrow in found.sides[side].arrows)
    return mentions, relations


@given(readings(), readings())
def test_everything_is_agreed_or_told_once(one: Read, other: Read) -> None:
    outcome = compare(one, other, TEXT, SCHEME)
    for side, reading in enumerate((one, other)):
        mentions, relations = held(outcome, side)
        assert mentions == Counter(id(mention) for mention in reading.mentions)
        assert relations == Counter(id(relation) for relation in reading.relations)


@given(readings(), readings())
def test_the_other_way_round_it_is_the_same(one: Read, other: Read) -> None:
    def shape(side: Side) -> tuple[object, ...]:
        return (sorted((m.label, m.start, m.end) for m in side.mentions),
                sorted((a.relation.type, a.head.span, a.tail.span) for a in side.arrows))  # fmt: skip

    def key(found: Disagreement, *, turned: bool) -> str:
        sides = found.sides[::-1] if turned else found.sides
        return repr((found.kind, found.details, *map(shape, sides), found.beside and found.beside.span))

    there, back = compare(one, other, TEXT, SCHEME), compare(other, one, TEXT, SCHEME)
    assert Counter(key(each, turned=True) for each in back.disagreements) == Counter(
        key(each, turned=False) for each in there.disagreements
    )


@given(readings())
def test_nobody_disagrees_with_themselves(one: Read) -> None:
    outcome = compare(one, one, TEXT, SCHEME)
    assert len(outcome.relations) == len(one.relations)
    alike = Counter((m.label, m.start, m.end) for m in one.mentions)
    if alike and max(alike.values()) == 1:
        assert outcome.disagreements == () and len(outcome.mentions) == len(one.mentions)


# --- by example

MAYOR, MOSCOW = of("Actor", "mayor of Moscow"), of("Location", "Moscow")
DRONES, CLAIM = of("Count", "38 Ukrainian drones"), of("Claim", "38 Ukrainian drones fell")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (spans(MAYOR), spans(), [("missed", "Actor", "")]),
        (spans(MAYOR), spans(of("Actor", "The mayor of Moscow")), [("boundary", "Actor", "left article")]),
        (spans(MAYOR), spans(of("Actor", "mayor of Moscow’s")), [("boundary", "Actor", "right possessive")]),
        (spans(of("Location", "Moscow’s centre")), spans(of("Location", "Moscow’s centre (MC)")),
         [("boundary", "Location", "right bracket")]),
        (spans(CLAIM), spans(of("Claim", "that 38 Ukrainian drones fell,")),
         [("boundary", "Claim", "left words and right punctuation")]),
        (spans(of("Cue", "re-entering")), spans(of("Cue", "enter")),
         [("boundary", "Cue", "left words and right part of a word")]),
        (spans(MAYOR), spans(of("Location", "mayor of Moscow")), [("label", "Actor ↔ Location", "the same words")]),
        (spans(MAYOR), spans(MOSCOW), [("label", "Actor ↔ Location", "overlapping words")]),
        (spans(CLAIM), spans(DRONES), [("missed", "Claim", ""), ("missed", "Count", "")]),
        (spans(of("Actor", "mayor"), of("Actor", "Moscow")), spans(MAYOR),
         [("nesting", "Actor", "one against several")]),
        (spans(MAYOR, MOSCOW), spans(MAYOR), [("nesting", "Location", "inside")]),
        (spans(MAYOR, MOSCOW), spans(MOSCOW), [("nesting", "Actor", "around")]),
        (spans(CLAIM, DRONES), spans(CLAIM), [("missed", "Count", "")]),
        (spans(CLAIM, of("Actor", "38 Ukrainian drones fell")), spans(CLAIM),
         [("nesting", "Actor", "under a second label")]),
        (spans(of("Count", "38 Ukrainian drones", "d", lower=38, upper=38)),
         spans(of("Count", "38 Ukrainian drones", "d", lower=38)), [("attribute", "Count", "upper")]),
        (spans(of("Actor", "mayor", type="civilian", entity="Q1")),
         spans(of("Actor", "mayor", type="expert", entity="Q2")), [("attribute", "Actor", "entity and type")]),
        (spans(of("Actor", "mayor", entity="Q1")), spans(of("Actor", "mayor")), []),
    ],
)  # fmt: skip
def test_a_difference_is_what_it_is(one: Read, other: Read, expected: list[tuple[str, str, str]]) -> None:
    assert told(one, other) == expected


def drawn(*arrows: tuple[str, Mention, Mention], beside: tuple[Mention, ...] = ()) -> Read:
    """A reading of these arrows, with what they tie and more."""
    mentions = {m.id: m for _kind, head, tail in arrows for m in (head, tail)} | {m.id: m for m in beside}
    return Read(tuple(mentions.values()), tuple(Relation(type=t, head=h.id, tail=e.id) for t, h, e in arrows))


ENDS = (CLAIM, MAYOR, MOSCOW, DRONES)
LONGER = of("Actor", "The mayor of Moscow")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (drawn(("source", CLAIM, MAYOR)), drawn(beside=(CLAIM, MAYOR)), "drawn by one only"),
        (drawn(("source", CLAIM, MAYOR), beside=ENDS), drawn(("agent", CLAIM, MAYOR), beside=ENDS), "another type"),
        (drawn(("where", CLAIM, MOSCOW), beside=ENDS), drawn(("where", MOSCOW, CLAIM), beside=ENDS), "turned round"),
        (drawn(("where", CLAIM, MOSCOW), beside=ENDS), drawn(("where", CLAIM, MAYOR), beside=ENDS), "another end"),
        (drawn(("where", CLAIM, MOSCOW), beside=ENDS), drawn(("where", DRONES, MOSCOW), beside=ENDS), "another end"),
    ],
)  # fmt: skip
def test_an_arrow_differs_as_it_does(one: Read, other: Read, expected: str) -> None:
    (found,) = compare(one, other, TEXT, SCHEME).disagreements
    assert (found.kind, found.detail) == ("relation", expected)


def test_an_arrow_without_its_end_is_told_as_the_consequence() -> None:
    one = drawn(("source", CLAIM, MAYOR), ("where", CLAIM, MOSCOW))
    assert told(one, drawn(("where", CLAIM, MOSCOW))) == [
        ("nesting", "Actor", "around"),
        ("relation", "source", "an end is missing"),
    ]


def test_an_arrow_to_other_edges_is_agreed() -> None:
    outcome = compare(drawn(("source", CLAIM, MAYOR)), drawn(("source", CLAIM, LONGER)), TEXT, SCHEME)
    assert [each.kind for each in outcome.disagreements] == ["boundary"] and len(outcome.relations) == 1


def test_an_arrow_to_either_half_is_agreed() -> None:
    halves = of("Actor", "mayor"), of("Actor", "Moscow")
    outcome = compare(drawn(("source", CLAIM, MAYOR)), drawn(("source", CLAIM, halves[1]), beside=halves), TEXT, SCHEME)
    assert [each.detail for each in outcome.disagreements] == ["one against several"] and len(outcome.relations) == 1


def test_who_is_longer_is_told() -> None:
    (found,) = compare(spans(MAYOR), spans(LONGER), TEXT, SCHEME).disagreements
    assert [(edge.side, edge.longer, edge.words) for edge in found.edges] == [("left", 1, "The ")]
