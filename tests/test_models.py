"""Records are checked when they are made and written one way only."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.errors import SpanError
from sayso.models import (
    Annotation,
    Document,
    Gold,
    Mention,
    Relation,
    encode,
    sha256,
    sort_mentions,
    sort_relations,
)

TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
IDS = st.text("abc", min_size=1, max_size=3)


@st.composite
def draw_mention(draw: st.DrawFn) -> Mention:
    text, start = draw(TEXTS), draw(st.integers(0, 9))
    return Mention(
        id=draw(IDS),
        label=draw(st.sampled_from(["Actor", "Claim"])),
        start=start,
        end=start + len(text),
        text=text,
        attributes=draw(st.dictionaries(IDS, TEXTS | st.integers(-(2**62), 2**62), max_size=3)),
        note=draw(st.none() | TEXTS),
    )


RELATIONS = st.builds(Relation, type=IDS, head=IDS, tail=IDS)


@st.composite
def draw_annotation(draw: st.DrawFn) -> Annotation:
    return Annotation(
        doc_id="d",
        text_sha256=sha256("x"),
        campaign="pilot",
        interface="all",
        annotator="ann-1",
        annotator_kind="human",
        schema_version="1.0.0",
        guidelines_version=draw(st.sampled_from([None, "1.0.0", "1.10.2"])),
        status="submitted",
        created="2026-01-01T00:00:00Z",
        updated="2026-01-01T00:00:00Z",
        mentions=tuple(draw(st.lists(draw_mention(), max_size=4))),
        relations=tuple(draw(st.lists(RELATIONS, max_size=4))),
        note=draw(st.none() | TEXTS),
    )


@given(draw_annotation())
def test_a_record_reads_back_as_it_was(annotation: Annotation) -> None:
    line = encode(annotation)
    assert msgspec.json.decode(line, type=Annotation) == annotation
    assert encode(msgspec.json.decode(line, type=Annotation)) == line
    assert b"\n" not in line


@given(st.lists(draw_mention(), max_size=6), st.lists(RELATIONS, max_size=6), st.randoms())
def test_the_order_of_arrival_leaves_no_trace(
    found: list[Mention], arrows: list[Relation], chance: random.Random
) -> None:
    mixed, crossed = found.copy(), arrows.copy()
    chance.shuffle(mixed)
    chance.shuffle(crossed)
    keys = [(m.start, -m.end, m.label, m.id) for m in sort_mentions(mixed)]
    assert keys == sorted(keys) == [(m.start, -m.end, m.label, m.id) for m in sort_mentions(found)]
    assert sort_relations(crossed) == sort_relations(arrows)


@pytest.mark.parametrize(("start", "end"), [(0, 0), (3, 1), (-2, 0), (0, 3), (0, 1)])
def test_a_mention_has_the_length_of_its_text(start: int, end: int) -> None:
    with pytest.raises(SpanError):
        Mention(id="m", label="Actor", start=start, end=end, text="ab")


def test_a_wrong_mention_in_a_line_is_refused_too() -> None:
    with pytest.raises(msgspec.ValidationError, match="not the span of its 2 code points"):
        msgspec.json.decode(
            b'{"id":"m","label":"Actor","start":0,"end":3,"text":"ab"}', type=Mention
        )


@pytest.mark.parametrize("record", [Document, Annotation, Gold, Mention, Relation])
def test_a_field_that_nobody_declared_is_refused(record: type) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"colour": "red"}, record)


def test_records_cannot_be_changed() -> None:
    mention = Mention(id="m", label="Actor", start=0, end=2, text="ab")
    with pytest.raises(AttributeError):
        mention.start = 1  # type: ignore[misc]


def test_attributes_are_written_in_order_of_name_and_absent_values_not_at_all() -> None:
    mention = Mention(
        id="m", label="Count", start=0, end=2, text="ab", attributes={"upper": 2, "kind": "exact"}
    )
    expected = (
        '{"id":"m","label":"Count","start":0,"end":2,"text":"ab",'
        '"attributes":{"kind":"exact","upper":2}}'
    )
    assert encode(mention).decode() == expected


@pytest.mark.parametrize("doc_id", ["", "a b", "a/b", "ä", "a" * 201])
def test_a_doc_id_is_plain(doc_id: str) -> None:
    line = {
        "doc_id": doc_id,
        "language": "en",
        "license": "unknown",
        "source_name": "a.txt",
        "split": "train",
        "ingested": "2026-11-22",
        "text_sha256": sha256("x"),
        "text": "x",
    }
    with pytest.raises(msgspec.ValidationError, match="doc_id"):
        msgspec.convert(line, Document)
    assert msgspec.convert({**line, "doc_id": "a-1_b.c"}, Document).text == "x"


def test_half_a_surrogate_pair_is_refused_in_a_line() -> None:
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(b'{"type":"\\ud83d","head":"a","tail":"b"}', type=Relation)
