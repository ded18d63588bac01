"""Every kind of attribute and question on a real Label Studio: sent, answered, fetched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sayso import jsonl
from sayso.labelstudio.codec import encode_result
from sayso.labelstudio.status import read_status
from sayso.models import AttributeValue, GoldAnswer, Mention, Relation
from sayso.schema.declarations import Schema, load_schema
from sayso.settings import SCHEMA_FILE, Checkout
from tests.conftest import LabelStudioServer
from tests.labelstudio.sample_campaign import SampleCampaign, open_campaign, sample_document
from tests.schema.small_schemas import CONTRACTS, QUESTIONS_ONLY, write_schema

pytestmark = pytest.mark.server

ANN, BOB = "ann@example.org", "bob@example.org"
TEXT = "Brot GmbH and Anna Meier owe Ben Roth 12.50 EUR."
MENTIONS = (
    Mention(id="c", label="Company", start=0, end=9, text="Brot GmbH", attributes={"form": "ag"}),
    Mention(
        id="a",
        label="Person",
        start=14,
        end=24,
        text="Anna Meier",
        attributes={"roles": ("plaintiff", "witness"), "minor": True, "born": "1980-02-29"},
    ),
    Mention(
        id="p",
        label="Payment",
        start=38,
        end=47,
        text="12.50 EUR",
        attributes={"amount": 12.5, "instalments": 3, "due": "2025-01-31"},
    ),
)
RELATIONS = (
    Relation(type="pays", head="a", tail="p"),
    Relation(type="kin", head="c", tail="a"),
    Relation(type="pays", head="c", tail="p"),
)
ANSWERS: dict[str, AttributeValue] = {
    "topic": "rent",
    "areas": ("civil", "tax"),
    "urgent": True,
    "ruled_on": "2024-12-31",
    "costs": -0.05,
    "hearings": 2,
    "gist": "Both must pay.",
}


@pytest.fixture
def contracts(labelstudio: LabelStudioServer, checkout: Checkout) -> Iterator[SampleCampaign]:
    write_schema(checkout.root, CONTRACTS)
    with open_campaign(labelstudio, checkout) as opened:
        opened.write_documents(sample_document(1, TEXT), sample_document(2, TEXT))
        yield opened


def read_schema(campaign: SampleCampaign) -> Schema:
    return load_schema(campaign.checkout.root / SCHEMA_FILE)


def build_full_result(campaign: SampleCampaign, **changed: AttributeValue) -> list[dict[str, Any]]:
    answers = {**ANSWERS, **changed}
    return encode_result(MENTIONS, RELATIONS, read_schema(campaign), "A note.", answers)


def test_every_value_comes_back_and_a_new_answer_is_a_change(contracts: SampleCampaign) -> None:
    assert contracts.push().tasks == {"new": 2}
    assert contracts.push().changes == 0
    number = contracts.submit("doc-00001", build_full_result(contracts), email=ANN)
    contracts.submit("doc-00001", [], email=BOB)
    contracts.submit("doc-00002", [], email=BOB, skip=True)
    assert contracts.pull().kept == 0
    full, empty, skipped = sorted(
        contracts.read_annotations(), key=lambda each: (each.doc_id, not each.mentions)
    )
    assert full.mentions == MENTIONS
    assert full.relations == RELATIONS
    assert (full.answers, full.note, full.kept) == (ANSWERS, "A note.", ())
    assert empty.answers == {"urgent": False}
    assert (skipped.status, skipped.answers) == ("skipped", {})
    assert not contracts.pull().written
    changed = {"result": build_full_result(contracts, urgent=False)}
    contracts.request("PATCH", f"/api/annotations/{number}/", changed, ANN)
    assert len(contracts.pull().written) == 1
    now = next(each for each in contracts.read_annotations() if each.mentions)
    assert now.answers == {**ANSWERS, "urgent": False}
    assert now.updated > full.updated
    # An answer that the schema does not know any more is named by the status.
    write_schema(contracts.checkout.root, CONTRACTS.replace("labour: {", "work: {"))
    (status,) = read_status(contracts.checkout, contracts.client, *contracts.names)
    assert status.local.undeclared == {}
    write_schema(contracts.checkout.root, CONTRACTS.replace("rent: {", "lease: {"))
    (status,) = read_status(contracts.checkout, contracts.client, *contracts.names)
    assert status.local.undeclared == {"the answer to 'topic' is 'rent'": 1}


def test_an_answer_that_somebody_else_changed_is_said(contracts: SampleCampaign) -> None:
    contracts.push()
    result = build_full_result(contracts)
    number = contracts.submit("doc-00001", result, email=ANN)
    contracts.pull()
    contracts.request("PATCH", f"/api/annotations/{number}/", {"result": result}, BOB)
    assert not contracts.pull().changed
    other = build_full_result(contracts, areas=("tax",))
    contracts.request("PATCH", f"/api/annotations/{number}/", {"result": other}, BOB)
    assert len(contracts.pull().changed) == 1
    (line,) = contracts.read_annotations()
    assert (line.answers["areas"], line.changed_by is not None) == (("tax",), True)


def test_predictions_bring_answers_of_annotations_and_of_gold(contracts: SampleCampaign) -> None:
    contracts.push()
    given: list[dict[str, Any]] = [
        {"mentions": MENTIONS, "relations": RELATIONS, "answers": ANSWERS},
        {
            "answers": [
                GoldAnswer(question=name, value=value, decided="majority", votes=("ann",))
                for name, value in ANSWERS.items()
            ]
        },
    ]
    lines = [
        {"doc_id": each.doc_id, "text_sha256": each.text_sha256, **line}
        for each, line in zip(contracts.corpus.documents(), given, strict=True)
    ]
    path = contracts.checkout.root / "predictions.jsonl"
    jsonl.write(path, lines)
    assert contracts.push(predictions=path).predictions == {"added": 2}
    assert contracts.push(predictions=path).predictions == {"unchanged": 2}
    schema = read_schema(contracts)
    sent = [
        task["predictions"][0]["result"] for task in contracts.fetch_full_tasks(contracts.project)
    ]
    assert sent == [
        encode_result(MENTIONS, RELATIONS, schema, answers=ANSWERS),
        encode_result([], [], schema, answers=ANSWERS),
    ]
    jsonl.write(path, [{**lines[0], "answers": {**ANSWERS, "gist": "Nobody pays."}}, lines[1]])
    assert contracts.push(predictions=path).predictions == {"replaced": 1, "unchanged": 1}


def test_documents_are_classified_without_a_label(
    labelstudio: LabelStudioServer, checkout: Checkout
) -> None:
    write_schema(checkout.root, QUESTIONS_ONLY)
    with open_campaign(labelstudio, checkout) as campaign:
        campaign.write_documents(sample_document(1))
        assert campaign.push().tasks == {"new": 1}
        answers: dict[str, AttributeValue] = {"topic": "labour", "urgent": True}
        result = encode_result([], [], read_schema(campaign), answers=answers)
        campaign.submit("doc-00001", result, email=ANN)
        assert campaign.pull().kept == 0
        (line,) = campaign.read_annotations()
        assert (line.answers, line.mentions, line.kept) == (answers, (), ())
