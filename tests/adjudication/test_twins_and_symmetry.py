"""Mentions that overlap as their schema allows, and relations without a direction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from sayso.adjudication.candidates import collect_candidates
from sayso.adjudication.decisions import (
    Decision,
    add_unanimous,
    build_gold,
    decide_unanimous,
    find_pending,
)
from sayso.adjudication.gold_writer import find_errors
from sayso.models import Annotation, Gold, Mention, encode
from sayso.schema.declarations import Schema
from tests.adjudication import sample_contracts
from tests.adjudication.sample_contracts import (
    DOCUMENT,
    SCHEMAS,
    TEXT,
    annotate,
    build_majority,
    decide_majority,
    mark,
)

TOPIC = {"topic": "rent"}
SUM = mark("900.50", "Payment", "sum", amount=900.5)
ONE = mark("Smith", name="one", roles=("plaintiff",))
TWO = mark("Smith", name="two", roles=("witness",))
OUTER, INNER = mark("Ben Smith", name="outer"), mark("Ben", name="inner")

Item = tuple[str, tuple[tuple[str, object], ...]]


def describe(mentions: Iterable[Mention]) -> Counter[Item]:
    return Counter((m.text, tuple(sorted(m.attributes.items()))) for m in mentions)


def describe_relations(record: Gold) -> Counter[tuple[str, Item, Item, int]]:
    by_id = {m.id: next(iter(describe([m]))) for m in (*record.mentions, *record.declined)}
    return Counter(
        (r.type, by_id[r.head], by_id[r.tail], len(r.votes))
        for r in (*record.relations, *record.declined_relations)
    )


def agree(*mentions: Mention, relations: Iterable[tuple[str, str, str]] = ()) -> list[Annotation]:
    drawn = list(relations)
    return [annotate(n, *mentions, relations=drawn, answers=TOPIC) for n in ("a", "b", "c")]


def test_a_majority_has_both_of_two_mentions_with_one_labelled_span() -> None:
    """Each relation stays with its own end."""
    arrows = [("pays", "two", "sum"), ("kin", "one", "two")]
    annotations = agree(ONE, TWO, SUM, relations=arrows)
    annotations[2] = annotate("c", ONE, SUM, answers=TOPIC)
    record = build_majority(SCHEMAS["allow"], *annotations)
    assert describe(record.mentions) == describe([ONE, TWO, SUM]) and record.declined == ()
    votes = {m.attributes.get("roles"): m.votes for m in record.mentions if m.label == "Person"}
    assert votes == {("plaintiff",): ("a", "b", "c"), ("witness",): ("a", "b")}
    assert {m.amended for m in record.mentions} == {()}
    by_id = {m.id: m.attributes.get("roles") for m in record.mentions}
    assert {(r.type, by_id[r.head], by_id[r.tail]) for r in record.relations} == {
        ("pays", ("witness",), None),
        ("kin", ("plaintiff",), ("witness",)),
    }
    assert find_errors(record, DOCUMENT, SCHEMAS["allow"]) == []


def test_equal_twins_are_two() -> None:
    same = replace(ONE, id="same")
    record = build_majority(SCHEMAS["allow"], *agree(ONE, same))
    assert describe(record.mentions) == describe([ONE, same]) and record.decided == "unanimous"


def test_values_of_one_mention_are_rivals_and_those_of_twins_are_not() -> None:
    """The third has one mention that is like the second twin; each value is decided by itself."""
    like_two = mark("Smith", name="x", roles=("witness",), born="1990-01-01")
    known = replace(TWO, attributes={**TWO.attributes, "born": "1990-01-01", "minor": True})
    annotations = [
        annotate("a", ONE, TWO, answers=TOPIC),
        annotate("b", ONE, known, answers=TOPIC),
        annotate("c", like_two, answers=TOPIC),
    ]
    record = build_majority(SCHEMAS["allow"], *annotations)
    assert describe(record.mentions) == describe([ONE, like_two])
    rivals = build_majority(
        SCHEMAS["allow"], annotate("a", ONE, answers=TOPIC), annotate("b", TWO, answers=TOPIC)
    )
    assert [dict(m.attributes) for m in rivals.mentions] == [{}] and len(rivals.declined) == 2


@pytest.mark.parametrize("overlap", ["nest", "allow"])
def test_a_majority_has_nested_mentions_and_tells_their_relations_apart(overlap: str) -> None:
    arrows = [("pays", "inner", "sum")]
    record = build_majority(SCHEMAS[overlap], *agree(OUTER, INNER, SUM, relations=arrows))
    assert describe(record.mentions) == describe([OUTER, INNER, SUM])
    assert [(r.head, r.votes) for r in record.relations] == [("Person-8-11", ("a", "b", "c"))]
    each_one = [
        annotate(
            name, OUTER, INNER, SUM, relations=[("pays", head, "sum")] * bool(head), answers=TOPIC
        )
        for name, head in (("a", "inner"), ("b", "outer"), ("c", ""))
    ]
    assert build_majority(SCHEMAS[overlap], *each_one).relations == (), "each has one vote of three"


def test_another_boundary_counts_for_a_relation_where_the_end_is_not_marked_itself() -> None:
    outer = annotate("a", OUTER, SUM, relations=[("pays", "outer", "sum")], answers=TOPIC)
    wide = replace(outer, annotator="b")
    inner = annotate("c", INNER, SUM, relations=[("pays", "inner", "sum")], answers=TOPIC)
    none = annotate("d", OUTER, SUM, answers=TOPIC)
    record = build_majority(SCHEMAS["nest"], outer, wide, inner, none)
    assert [(r.head, r.votes) for r in record.relations] == [("Person-8-17", ("a", "b"))]


@pytest.mark.parametrize(("overlap", "asks"), [("forbid", True), ("nest", False), ("allow", False)])
def test_new_agreement_is_taken_where_the_schema_allows_it(overlap: str, asks: bool) -> None:
    schema = SCHEMAS[overlap]
    before = Decision((OUTER,), (), "adjudicated", "2026", "judge", answers=TOPIC)
    now = collect_candidates(agree(OUTER, INNER), schema)
    assert bool(find_pending(now, before)) == asks
    added = add_unanimous(now, before, TEXT).mentions
    assert describe(added) == describe([OUTER] if asks else [OUTER, INNER])
    other = replace(OUTER, attributes={"minor": True})
    changed = collect_candidates(agree(other), schema)
    assert len(find_pending(changed, before)) == 1, "other values on the same span are asked"


def test_symmetric_relations_are_equal_in_either_direction() -> None:
    ann, ben = mark("Ann", name="x"), mark("Ben", name="y")
    forth = annotate("a", ann, ben, relations=[("kin", "x", "y")], answers=TOPIC)
    back = annotate("b", replace(ben, id="x"), replace(ann, id="y"), answers=TOPIC)
    back = replace(back, relations=(replace(forth.relations[0], head="x", tail="y"),))
    found = collect_candidates([forth, back], SCHEMAS["forbid"])
    assert found.is_unanimous and len(found.relations) == 1
    record = build_gold(found, DOCUMENT, decide_unanimous(found, TEXT), "1.0.0")
    assert [(r.head, r.tail, r.votes) for r in record.relations] == [
        ("Person-0-3", "Person-8-11", ("a", "b"))
    ]
    directed = [
        replace(each, relations=(replace(each.relations[0], type="pays"),))
        for each in (forth, back)
    ]
    assert len(collect_candidates(directed, SCHEMAS["forbid"]).relations) == 2


def test_the_ends_of_a_symmetric_relation_may_change_places_with_their_boundaries() -> None:
    """One has the longer first, which makes it the head; two have it the other way round."""
    schema, whole = SCHEMAS["nest"], mark("Ann and Ben", name="whole")
    short = mark("Ann and Ben Smith", name="short", minor=True)
    company = mark("Ann and Ben Smith paid", "Company", "firm")
    one = annotate("a", whole, company, relations=[("kin", "whole", "firm")], answers=TOPIC)
    two = annotate("b", short, replace(company, end=11, text="Ann and Ben"), answers=TOPIC)
    two = replace(two, relations=(replace(one.relations[0], head="short", tail="firm"),))
    found = collect_candidates([one, two], schema)
    assert [found.find_backers(relation) for relation, _votes in found.relations] == [
        ("a", "b")
    ] * 2


def contents(annotations: list[Annotation], schema: Schema) -> Counter[Item]:
    """Each content as often as one annotator has it at most; once where that is an error."""
    found: Counter[Item] = Counter()
    for each in annotations:
        found |= describe(each.mentions)
    if schema is not SCHEMAS["allow"]:
        found = Counter(dict.fromkeys(found, 1))
    return found


@settings(max_examples=40)
@given(sample_contracts.annotation_lists, st.sampled_from(sorted(SCHEMAS)))
def test_nothing_is_lost_or_merged(annotations: list[Annotation], overlap: str) -> None:
    schema = SCHEMAS[overlap]
    annotations = [replace(each, answers=TOPIC) for each in annotations]
    expected = contents(annotations, schema)
    record = build_majority(schema, *annotations)
    everything = describe((*record.mentions, *record.declined))
    assert not expected - everything
    voted = [m for m in record.mentions if m.amended] + [m for m in record.mentions if not m.votes]
    assert everything - describe(voted) <= expected
    names = [m.id for m in (*record.mentions, *record.declined)]
    assert len(set(names)) == len(names)
    assert find_errors(record, DOCUMENT, schema) == []
    assert all(2 * len(r.votes) <= 2 * len(annotations) for r in record.relations)
    found = collect_candidates(annotations[::-1], schema)
    decision = decide_majority(schema, *annotations[::-1])
    assert isinstance(decision, Decision)
    assert encode(build_gold(found, DOCUMENT, decision, "1.0.0")) == encode(record)


@settings(max_examples=40)
@given(sample_contracts.annotation_lists, st.sampled_from(sorted(SCHEMAS)))
def test_agreement_is_gold_as_it_is(annotations: list[Annotation], overlap: str) -> None:
    schema, first = SCHEMAS[overlap], annotations[0]
    same = [replace(first, annotator=each.annotator) for each in annotations]
    found = collect_candidates(same, schema)
    spans = Counter((m.start, m.end, m.label) for m in first.mentions)
    if overlap == "allow" or max(spans.values()) == 1:
        record = build_gold(found, DOCUMENT, decide_unanimous(found, TEXT), "1.0.0")
        assert found.is_unanimous and not record.declined
        assert describe(record.mentions) == describe(first.mentions)
        ids = {m.id: m for m in first.mentions}
        # Equal twins cannot be told apart by what is shown here; the number of arrows can.
        assert len(record.relations) == len(first.relations) and len(ids) == len(record.mentions)
        original = Gold(
            doc_id="d1",
            text_sha256=DOCUMENT.text_sha256,
            campaign="trial",
            schema_version="1.0.0",
            adjudicated="",
            annotators=(),
            mentions=tuple(
                replace(gold, **{n: getattr(m, n) for n in Mention.__struct_fields__})
                for m, gold in zip(first.mentions, record.mentions, strict=True)
            ),
            relations=tuple(
                replace(gold, type=r.type, head=r.head, tail=r.tail)
                for r, gold in zip(first.relations, record.relations, strict=True)
            ),
        )
        assert _undirected(record) == _undirected(original)


def _undirected(record: Gold) -> Counter[object]:
    found: Counter[object] = Counter()
    for (kind, head, tail, votes), count in describe_relations(record).items():
        ends = tuple(sorted((head, tail), key=str)) if kind == "kin" else (head, tail)
        found[kind, ends, votes] += count
    return found
