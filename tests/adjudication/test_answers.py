"""Answers to the questions about a document: agreed, by majority, declined. Nothing is lost."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from sayso import jsonl
from sayso.adjudication.candidates import DocumentCandidates, collect_candidates
from sayso.adjudication.contents import AnswerContent
from sayso.adjudication.decisions import (
    Decision,
    add_unanimous,
    build_gold,
    count_decisions,
    decide_unanimous,
    find_pending,
    restore_decision,
)
from sayso.adjudication.gold_writer import gold_path
from sayso.adjudication.majority import count_undecided
from sayso.checks.corpus_checks import check_gold, check_sources
from sayso.corpus.sources import CorpusFiles
from sayso.labelstudio.adjudication.gold_pull import pull_gold
from sayso.models import Annotation, AttributeValue, Gold, encode
from sayso.settings import Checkout
from tests.adjudication import sample_contracts
from tests.adjudication.sample_contracts import (
    DOCUMENT,
    SCHEMAS,
    TEXT,
    annotate,
    build_majority,
    decide_majority,
)
from tests.schema.small_schemas import QUESTIONS_ONLY, read_schema

SCHEMA = SCHEMAS["forbid"]


def collect(*answers: dict[str, Any]) -> DocumentCandidates:
    given_by = [annotate(f"ann-{number}", answers=each) for number, each in enumerate(answers)]
    return collect_candidates(given_by, SCHEMA)


def show(record: Gold) -> list[tuple[str, AttributeValue, str, int]]:
    return [(a.question, a.value, a.decided, len(a.votes)) for a in record.answers]


def test_answers_that_differ_are_decided_by_an_adjudicator() -> None:
    found = collect({"topic": "rent", "areas": ("civil",)}, {"topic": "rent", "areas": ("tax",)})
    assert found.needs_adjudicator and not found.is_unanimous
    pending = find_pending(found, None)
    assert pending == [AnswerContent("areas", ("civil",)), AnswerContent("areas", ("tax",))]
    assert count_decisions(pending) == 1, "one question"
    assert not collect({"topic": "rent"}, {"topic": "rent"}).needs_adjudicator
    left_out = collect({"topic": "rent", "costs": 1.0}, {"topic": "rent"})
    assert find_pending(left_out, None) == [AnswerContent("costs", 1.0)]


def test_several_values_are_a_set() -> None:
    found = collect({"areas": ("civil", "tax")}, {"areas": ("tax", "civil")})
    assert dict(found.answers) == {AnswerContent("areas", ("civil", "tax")): ("ann-0", "ann-1")}


def test_text_that_one_alone_gives_is_no_disagreement() -> None:
    three = [{"topic": "rent", "gist": "They pay."}, {"topic": "rent"}, {"topic": "rent"}]
    record = build_majority(SCHEMA, *(annotate(f"a{n}", answers=a) for n, a in enumerate(three)))
    assert show(record)[1] == ("gist", "They pay.", "unanimous", 3)
    assert record.decided == "unanimous"
    three[1]["gist"] = "They do not."
    record = build_majority(SCHEMA, *(annotate(f"a{n}", answers=a) for n, a in enumerate(three)))
    assert [a.question for a in record.answers] == ["topic"]
    assert [a.value for a in record.declined_answers] == ["They do not.", "They pay."]


def test_a_majority_decides_each_question_by_itself() -> None:
    given_by: list[dict[str, AttributeValue]] = [
        {"topic": "rent", "areas": ("civil",), "urgent": True, "costs": 2.0, "hearings": 1},
        {"topic": "labour", "areas": ("civil",), "urgent": True, "costs": 10.0, "hearings": 1},
        {"topic": "rent", "areas": ("tax",), "urgent": True, "costs": 1.0},
    ]
    annotations = [annotate(f"a{n}", answers=each) for n, each in enumerate(given_by)]
    record = build_majority(SCHEMA, *annotations)
    assert show(record) == [
        ("topic", "rent", "majority", 2),
        ("areas", ("civil",), "majority", 2),
        ("urgent", True, "unanimous", 3),
        ("hearings", 1, "majority", 2),
    ]
    assert [(a.question, a.value, a.votes) for a in record.declined_answers] == [
        ("topic", "labour", ("a1",)),
        ("areas", ("tax",), ("a2",)),
        ("costs", 1.0, ("a2",)),
        ("costs", 2.0, ("a0",)),
        ("costs", 10.0, ("a1",)),
    ]
    assert record.decided == "majority" and list(check_gold(record, TEXT, SCHEMA)) == []
    assert msgspec.json.decode(encode(record), type=Gold) == record
    found = collect(*given_by)
    decision = decide_majority(
        SCHEMA, *(annotate(f"a{n}", answers=a) for n, a in enumerate(given_by))
    )
    assert isinstance(decision, Decision) and count_undecided(found, decision) == 1, "the costs"


def test_a_required_question_without_a_majority_needs_an_adjudicator() -> None:
    split = [annotate("a1", answers={"topic": "rent"}), annotate("a2", answers={"topic": "labour"})]
    assert decide_majority(SCHEMA, *split) == ("split", "topic")


def test_an_adjudicator_may_answer_what_nobody_did() -> None:
    found = collect({"topic": "rent"}, {"topic": "labour"})
    answers: dict[str, AttributeValue] = {"hearings": 3, "topic": "rent"}
    seen = frozenset(found.votes)
    taken = Decision((), (), "adjudicated", "2026", "judge", declined=seen, answers=answers)
    record = build_gold(found, DOCUMENT, taken, SCHEMA.version)
    assert show(record) == [("topic", "rent", "adjudicated", 1), ("hearings", 3, "adjudicated", 0)]
    assert [a.value for a in record.declined_answers] == ["labour"]
    again = restore_decision(record, found)
    assert again and find_pending(found, again) == []


def test_after_a_decision_only_new_answers_are_asked() -> None:
    found = collect({"topic": "rent"}, {"topic": "labour"})
    seen = frozenset(found.votes)
    taken = Decision(
        (), (), "adjudicated", "2026", "judge", declined=seen, answers={"topic": "rent"}
    )
    later = collect({"topic": "labour", "urgent": True}, {"topic": "labour", "urgent": True})
    assert find_pending(later, taken) == [], "labour was declined, urgent is agreed"
    agreed = add_unanimous(later, taken, TEXT)
    assert agreed.answers == {"topic": "rent", "urgent": True}
    other = collect({"topic": "rent", "urgent": True}, {"topic": "rent", "urgent": False})
    assert find_pending(other, taken) == [
        AnswerContent("urgent", False),
        AnswerContent("urgent", True),
    ]


@settings(max_examples=25)
@given(sample_contracts.annotation_lists)
def test_every_answer_is_accepted_or_declined(annotations: list[Annotation]) -> None:
    expected = Counter(
        (name, value) for each in annotations for name, value in each.answers.items()
    )
    found = collect_candidates(annotations, SCHEMA)
    record = build_gold(found, DOCUMENT, decide_unanimous(found, TEXT), SCHEMA.version)
    everything = (*record.answers, *record.declined_answers)
    assert {(a.question, a.value): len(a.votes) for a in everything} == expected
    size = len(annotations)
    assert {(a.question, a.value) for a in record.answers} == {
        item for item, count in expected.items() if count == size
    }
    shuffled = collect_candidates(annotations[::-1], SCHEMA)
    again = build_gold(shuffled, DOCUMENT, decide_unanimous(shuffled, TEXT), SCHEMA.version)
    assert encode(again) == encode(record), "whatever the order of the annotators"


@settings(max_examples=25)
@given(sample_contracts.annotation_lists)
def test_a_majority_of_answers_is_more_than_half(annotations: list[Annotation]) -> None:
    decision = decide_majority(SCHEMA, *annotations)
    counts = Counter(each.answers["topic"] for each in annotations)
    topic = [value for value, count in counts.items() if 2 * count > len(annotations)]
    if not topic:
        assert decision == ("split", "topic")
        return
    record = build_majority(SCHEMA, *annotations)
    assert all(2 * len(a.votes) > len(annotations) for a in record.answers)
    assert [a.value for a in record.answers if a.question == "topic"] == topic
    assert [each for each in check_gold(record, TEXT, SCHEMA) if each.severity == "error"] == []


def test_documents_are_classified_by_majority(checkout: Checkout) -> None:
    schema = read_schema(checkout.root, QUESTIONS_ONLY)
    corpus = CorpusFiles(checkout.root)
    ids = ("d1", "d2", "d3")
    jsonl.write(
        corpus.batch_file(0), [msgspec.structs.replace(DOCUMENT, doc_id=each) for each in ids]
    )
    given_by = {"a": ("rent", "rent", "rent"), "b": ("rent", "labour", "labour")}
    given_by["c"] = ("rent", "rent", "labour")
    for name, topics in given_by.items():
        written = [
            msgspec.structs.replace(annotate(name, answers={"topic": topic}), doc_id=each)
            for each, topic in zip(ids, topics, strict=True)
        ]
        corpus.write_annotations("trial", name, written)
    (result,) = pull_gold(checkout, None, "trial")
    assert result.documents == {"unanimous": 1, "majority": 2} and result.findings == []
    lines = gold_path(corpus, "trial").read_bytes().splitlines()
    assert lines[1].partition(b'"answers":')[2] == (
        b'[{"question":"topic","value":"rent","decided":"majority","votes":["a","c"]}],'
        b'"declined_answers":'
        b'[{"question":"topic","value":"labour","decided":"majority","votes":["b"]}]}'
    )
    assert [str(found) for found in check_sources(corpus, schema)] == []
    broken = lines[1].replace(b'"votes":["b"]', b'"votes":["x"]')
    gold_path(corpus, "trial").write_bytes(b"\n".join([lines[0], broken, lines[2], b""]))
    assert [found.check for found in check_sources(corpus, schema)] == ["unknown-voter"]
    for word, check in ((b"value", "unknown-value"), (b"question", "unknown-question")):
        before = b'"question":"topic","value":"labour"'
        after = before.replace(b'"labour"' if word == b"value" else b'"topic"', b'"mood"')
        broken = lines[1].replace(before, after)
        gold_path(corpus, "trial").write_bytes(b"\n".join([lines[0], broken, lines[2], b""]))
        assert [found.check for found in check_sources(corpus, schema)] == [check]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_answers_alike_need_nobody(number: int) -> None:
    found = collect(*[{"topic": "rent", "costs": 2.5}] * number)
    assert found.is_unanimous
    record = build_gold(found, DOCUMENT, decide_unanimous(found, TEXT), SCHEMA.version)
    assert show(record) == [
        ("topic", "rent", "unanimous", number),
        ("costs", 2.5, "unanimous", number),
    ]
