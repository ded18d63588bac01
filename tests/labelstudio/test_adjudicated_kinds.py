"""Every kind of attribute and question, twins and symmetric relations before an adjudicator."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from sayso.adjudication.candidates import collect_candidates
from sayso.adjudication.contents import MentionContent
from sayso.adjudication.decisions import Decision, build_gold, find_pending, restore_decision
from sayso.labelstudio.adjudication.adjudication_interface import render_adjudication_interface
from sayso.labelstudio.adjudication.questions import (
    ASKED_KEY,
    DIGEST_KEY,
    AdjudicationQuestion,
    AskedQuestion,
)
from sayso.labelstudio.adjudication.verdicts import decode_decision
from sayso.labelstudio.codec import ResultItem, encode_result
from sayso.labelstudio.controls import GIVEN_ANSWERS, KEEP, OPEN_RELATIONS, VERDICT, VOTES
from sayso.models import Annotation, Relation, encode
from tests.adjudication import sample_contracts
from tests.adjudication.sample_contracts import DOCUMENT, SCHEMAS, TEXT, annotate, mark
from tests.schema.small_schemas import QUESTIONS_ONLY, read_schema

SCHEMA = SCHEMAS["forbid"]
ANN, BEN = mark("Ann", roles=("plaintiff", "witness"), minor=True), mark("Ben", minor=False)
SUM = mark("900.50", "Payment", "sum", amount=900.5)


def ask(*annotations: Annotation, before: Decision | None = None) -> AdjudicationQuestion:
    return AdjudicationQuestion(DOCUMENT, collect_candidates(annotations, SCHEMA), SCHEMA, before)


def names(xml: str, tag: str) -> list[str | None]:
    return [each.get("name") for each in ElementTree.fromstring(xml).iter(tag)]


def test_the_interface_asks_the_questions_of_the_pass_with_what_was_answered() -> None:
    xml = render_adjudication_interface(SCHEMA, "all")
    assert {"question_topic", "question_areas", "question_urgent", VERDICT} <= set(
        names(xml, "Choices")
    )
    headers = [each.get("value") for each in ElementTree.fromstring(xml).iter("Header")]
    assert headers.count(f"${GIVEN_ANSWERS}") == 1 and "Natural person" in headers


def test_documents_that_are_only_classified_have_no_mentions_to_decide(tmp_path: Path) -> None:
    xml = render_adjudication_interface(read_schema(tmp_path, QUESTIONS_ONLY), "all")
    assert names(xml, "Labels") == [] and names(xml, "DateTime") == []
    assert names(xml, "Choices") == ["question_topic", "question_urgent"]
    assert names(xml, "TextArea") == ["document_note"] and "keep it" not in xml


def test_who_answered_what_is_told_by_title_and_agreed_answers_are_filled_in() -> None:
    asked = ask(
        annotate("a", answers={"topic": "rent", "urgent": False, "costs": 12.5}),
        annotate("b", answers={"topic": "labour", "urgent": False, "costs": 12.5}),
        annotate("c", answers={"topic": "rent", "urgent": False, "areas": ("civil", "tax")}),
    )
    assert asked.data[GIVEN_ANSWERS].splitlines() == [
        "to decide: What is it about? — a, c: Rent and lease; b: labour",
        "to decide: areas — c: civil, tax; a, b: no answer",
        "to decide: costs — a, b: 12.5 EUR; c: no answer",
        "urgent — a, b, c: no",
    ]
    assert asked.result == encode_result([], [], SCHEMA, None, {"urgent": False})
    again = msgspec.json.decode(asked.data[ASKED_KEY], type=AskedQuestion)
    assert again == asked.context and again.contents == frozenset(asked.candidates.votes)
    other = ask(annotate("a", answers={"topic": "rent"}), annotate("b", answers={"topic": "rent"}))
    assert other.data[DIGEST_KEY] != asked.data[DIGEST_KEY]


def test_a_former_decision_is_filled_in_and_told() -> None:
    before = Decision((), (), "adjudicated", "2026", "judge", answers={"topic": "labour"})
    asked = ask(
        annotate("a", answers={"topic": "rent"}),
        annotate("b", answers={"topic": "labour"}),
        before=before,
    )
    assert asked.result == encode_result([], [], SCHEMA, None, {"topic": "labour"})
    assert asked.data[GIVEN_ANSWERS] == (
        "to decide: What is it about? — a: Rent and lease; b: labour; adjudicated before: labour"
    )


def test_labels_values_and_relations_are_told_by_title() -> None:
    kin = [("kin", ANN.id, BEN.id)]
    other = mark("Ann", minor=False)
    asked = ask(annotate("a", ANN, BEN, relations=kin), annotate("b", other, BEN))
    (row,) = asked.context.rows
    assert row.words == "1. Natural person “Ann” — is tied to → Natural person “Ben” (a; not b)"
    votes = next(item for item in asked.result if item.get("from_name") == VOTES)
    assert votes["value"]["text"] == [
        "a: minor yes, Roles in the case plaintiff, witness\nb: minor no"
    ]


@pytest.mark.parametrize("backwards", [True, False])
def test_a_symmetric_arrow_may_be_drawn_either_way(backwards: bool) -> None:
    """One that is drawn beside the same that was ticked is one relation."""
    asked = ask(
        annotate("a", ANN, BEN, relations=[("kin", ANN.id, BEN.id)]), annotate("b", ANN, BEN)
    )
    ends = ["Person-0-3", "Person-8-11"]
    head, tail = reversed(ends) if backwards else ends
    drawn = encode_result([], [Relation(type="kin", head=head, tail=tail)], SCHEMA)
    decision = judge(asked, extra=drawn)
    assert decision.relations == (Relation(type="kin", head=ends[0], tail=ends[1]),)
    record = build_gold(asked.candidates, DOCUMENT, decision, "1.0.0")
    assert [(r.head, r.votes) for r in record.relations] == [("Person-0-3", ("a",))]
    assert record.declined_relations == ()


def judge(question: AdjudicationQuestion, extra: Iterable[ResultItem] = ()) -> Decision:
    """Submit what is prefilled, keep all that is open and tick every arrow."""
    items = [*question.result, *extra]
    decided = {item["id"] for item in items if item.get("from_name") == VERDICT}
    items += [
        {"id": region, "from_name": VERDICT, "value": {"choices": [KEEP]}}
        for region in question.context.regions
        if region not in decided
    ]
    rows = {"choices": [row.words for row in question.context.rows]}
    items.append({"id": OPEN_RELATIONS, "from_name": OPEN_RELATIONS, "value": rows})
    return decode_decision(
        items,
        question.context,
        TEXT,
        question.schema,
        pass_name="all",
        adjudicator="judge",
        decided_at="2026-02-01",
    )


@settings(max_examples=40)
@given(
    sample_contracts.annotation_lists,
    sample_contracts.annotation_lists,
    st.sampled_from(sorted(SCHEMAS)),
)
def test_an_adjudicator_decides_every_twin(
    annotations: list[Annotation], later: list[Annotation], overlap: str
) -> None:
    schema = SCHEMAS[overlap]
    annotations = [replace(each, answers={}) for each in annotations]
    later = [replace(each, answers={}) for each in later]
    found = collect_candidates(annotations, schema)
    question = AdjudicationQuestion(DOCUMENT, found, schema)
    assert len(set(question.context.regions)) == len(question.context.regions)
    taken = judge(question)
    assert find_pending(found, taken) == []
    record = build_gold(found, DOCUMENT, taken, "1.0.0")
    assert len(record.mentions) == len(found.mentions), "each candidate was kept"
    again = restore_decision(replace(record, adjudicator="judge"), found)
    assert again is not None and find_pending(found, again) == []
    assert encode(build_gold(found, DOCUMENT, again, "1.0.0")) == encode(record)
    now = collect_candidates(later, schema)
    asked = AdjudicationQuestion(DOCUMENT, now, schema, again)
    known = {each for each in again.declined if isinstance(each, MentionContent)}
    assert not known & set(asked.undecided)
    after = judge(asked)
    assert find_pending(now, after) == []
    assert len(build_gold(now, DOCUMENT, after, "1.0.0").mentions) == len(after.mentions)
