"""Values of every kind, answers about the document, and relations with several ends."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from sayso.checks.annotation_checks import GENERAL_CHECKS, CheckTarget
from sayso.checks.rule_checks import check_rules
from sayso.models import AttributeValue, Mention, Relation
from sayso.schema.declarations import Schema
from sayso.schema.symmetry import orient_relations
from tests.schema.small_schemas import CONTRACTS, JOINED, read_schema

TEXT = "Ann owes Bob and Acme 12.50"
ANN = Mention(id="a", label="Person", start=0, end=3, text="Ann")
BOB = Mention(id="b", label="Person", start=9, end=12, text="Bob")
ACME = Mention(id="c", label="Company", start=17, end=21, text="Acme")
SUM = Mention(id="d", label="Payment", start=22, end=27, text="12.50", attributes={"amount": 12.5})
ANSWERS: dict[str, AttributeValue] = {
    "topic": "rent",
    "areas": ("civil", "tax"),
    "urgent": False,
    "ruled_on": "2024-02-29",
    "costs": 3,
    "hearings": 2,
    "gist": "Pay.",
}
RELATIONS = (
    Relation(type="kin", head="a", tail="c"),
    Relation(type="pays", head="a", tail="d"),
    Relation(type="pays", head="c", tail="d"),
)


@pytest.fixture
def schema(tmp_path: Path) -> Schema:
    return read_schema(tmp_path, CONTRACTS)


def find_checks(
    schema: Schema,
    mentions: tuple[Mention, ...] = (ANN, BOB, ACME, SUM),
    relations: tuple[Relation, ...] = RELATIONS,
    answers: dict[str, AttributeValue] = ANSWERS,
) -> list[tuple[str, str]]:
    target = CheckTarget(
        doc_id="d1",
        text=TEXT,
        schema=schema,
        mentions=mentions,
        relations=relations,
        pass_labels=frozenset(schema.labels),
        has_relations=True,
        skipped=False,
        answers=answers,
        questions=schema.questions,
    )
    found = (each for check in (*GENERAL_CHECKS, check_rules) for each in check(target))
    return [(finding.check, finding.message) for finding in found]


def test_values_of_every_kind_are_good(schema: Schema) -> None:
    assert find_checks(schema) == []


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("topic", "tax"),
        ("topic", True),
        ("areas", "civil"),
        ("areas", ()),
        ("areas", ("tax", "civil")),
        ("areas", ("civil", "civil")),
        ("areas", ("civil", "canon")),
        ("urgent", "false"),
        ("urgent", 0),
        ("ruled_on", "2023-02-29"),
        ("ruled_on", "20240229"),
        ("ruled_on", "2024-02"),
        ("costs", "3"),
        ("costs", True),
        ("costs", math.inf),
        ("hearings", 2.0),
        ("hearings", True),
        ("gist", 3),
    ],
)
def test_a_value_of_another_kind_is_found(
    schema: Schema, question: str, value: AttributeValue
) -> None:
    ((check, message),) = find_checks(schema, answers={**ANSWERS, question: value})
    assert (check, message) == ("unknown-value", f"the answer to {question!r} is {value!r}")


def test_questions_that_are_missing_or_unknown_are_found(schema: Schema) -> None:
    answers = {name: value for name, value in ANSWERS.items() if name != "topic"}
    assert find_checks(schema, answers={**answers, "court": "x"}) == [
        ("unknown-question", "'court' is answered 'x'"),
        ("required-answer", "no answer to 'topic'"),
    ]


def test_a_symmetric_relation_has_one_direction(schema: Schema) -> None:
    turned = (Relation(type="kin", head="c", tail="a"),)
    assert find_checks(schema, relations=turned) == [
        ("mention-order", "relations are not in canonical order")
    ]


def test_parts_of_a_mention_have_one_label_and_the_order_of_the_text(tmp_path: Path) -> None:
    schema = read_schema(tmp_path, JOINED)
    wrong = (Relation(type="part_of_name", head="a", tail="c"),)
    ((check, message),) = find_checks(schema, relations=wrong)
    assert check == "relation-signature"
    assert "connects Person to Company, not Person or Company to the same" in message
    turned = (Relation(type="part_of_name", head="b", tail="a"),)
    assert [check for check, _ in find_checks(schema, relations=turned)] == ["mention-order"]
    (right,) = orient_relations(turned, {"a": ANN, "b": BOB}, schema)
    assert find_checks(schema, relations=(right,)) == []


def test_other_ends_than_those_declared_are_found(schema: Schema) -> None:
    wrong = (Relation(type="pays", head="d", tail="a"),)
    ((check, message),) = find_checks(schema, relations=wrong)
    assert check == "relation-signature"
    assert "connects Payment to Person, not Person or Company to Payment" in message
