"""Adjudication of every kind of attribute and question, on a real Label Studio."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from sayso.adjudication.gold_writer import GoldWriteResult, gold_path
from sayso.checks.corpus_checks import check_sources
from sayso.labelstudio import project
from sayso.labelstudio.adjudication.adjudication_project import AdjudicationProject
from sayso.labelstudio.adjudication.gold_pull import pull_gold
from sayso.labelstudio.adjudication.task_push import (
    AdjudicationPushRequest,
    AdjudicationPushResult,
    push_adjudication,
)
from sayso.labelstudio.codec import ResultItem, encode_result
from sayso.labelstudio.controls import GIVEN_ANSWERS, KEEP, OPEN_RELATIONS, TEXT, VERDICT
from sayso.models import AttributeValue, Mention, Relation
from sayso.schema.declarations import Schema, load_schema
from sayso.settings import SCHEMA_FILE
from tests.labelstudio.sample_campaign import SampleCampaign, sample_document
from tests.schema.small_schemas import CONTRACTS, QUESTIONS_ONLY, write_schema

pytestmark = pytest.mark.server

ANN, BOB, JUDGE = (f"{name}@sayso.localhost" for name in ("ann", "bob", "judge"))
RULING = "Ann sues Ben GmbH, which pays 900.50 EUR in parts."
Values = Mapping[str, AttributeValue]
ANNS: Values = {
    "topic": "rent",
    "areas": ("civil", "tax"),
    "urgent": False,
    "ruled_on": "2025-01-31",
    "costs": 900.5,
    "hearings": 2,
}
BOBS: Values = {"topic": "labour", "areas": ("civil", "tax"), "urgent": True, "costs": 12.0}


def prepare(campaign: SampleCampaign, schema: str, *texts: str) -> Schema:
    """Push documents for a schema."""
    write_schema(campaign.checkout.root, schema)
    documents = [sample_document(number, text) for number, text in enumerate(texts)]
    campaign.write_documents(*documents)
    campaign.push()
    return load_schema(campaign.checkout.root / SCHEMA_FILE)


def mark(name: str, label: str, words: str, **attributes: AttributeValue) -> Mention:
    start = RULING.index(words)
    end = start + len(words)
    return Mention(id=name, label=label, start=start, end=end, text=words, attributes=attributes)


def annotate(schema: Schema, answers: Values, *, like_bob: bool) -> list[ResultItem]:
    """Build what two annotators have who differ in each kind."""
    values: dict[str, AttributeValue] = {"roles": ("plaintiff", "witness"), "born": "1990-02-28"}
    if like_bob:
        values = {"roles": ("plaintiff",), "minor": True, "born": "1990-02-28"}
    mentions = [
        mark("a", "Person", "Ann", **values),
        mark("b", "Company", "Ben GmbH"),
        mark("p", "Payment", "900.50 EUR", amount=900.5 if like_bob else 900.0, instalments=2),
    ]
    ends = ("b", "a") if like_bob else ("a", "b")
    relations = [Relation(type="kin", head=ends[0], tail=ends[1])]
    relations += [] if like_bob else [Relation(type="pays", head="b", tail="p")]
    return encode_result(mentions, relations, schema, None, answers)


def push(campaign: SampleCampaign) -> AdjudicationPushResult:
    request = AdjudicationPushRequest(campaign.project_key.campaign, "all")
    (result,) = push_adjudication(campaign.checkout, campaign.client, request)
    return result


def pull(campaign: SampleCampaign, *, majority: bool = False) -> GoldWriteResult:
    client = None if majority else campaign.client
    (result,) = pull_gold(campaign.checkout, client, campaign.project_key.campaign)
    return result


def fetch_tasks(campaign: SampleCampaign) -> dict[str, dict[str, Any]]:
    found = project.find_project(
        campaign.client, AdjudicationProject(campaign.project_key.campaign, "all")
    )
    assert found
    return {task["data"]["doc_id"]: task for task in campaign.fetch_full_tasks(found.id)}


def submit(campaign: SampleCampaign, task: dict[str, Any], more: list[ResultItem]) -> None:
    """Submit what is prefilled and more, as the adjudicator."""
    (prediction,) = task["predictions"]
    replaced = {(item["id"], item["from_name"]) for item in more if "id" in item}
    kept = [i for i in prediction["result"] if (i.get("id"), i.get("from_name")) not in replaced]
    body = {"result": [*kept, *more], "parent_prediction": prediction["id"]}
    campaign.request("POST", f"/api/tasks/{task['id']}/annotations/", body, JUDGE)


def give_verdicts(task: dict[str, Any]) -> list[ResultItem]:
    """Keep every mention that has no verdict."""
    items = task["predictions"][0]["result"]
    decided = {item["id"] for item in items if item.get("from_name") == VERDICT}
    control = {"from_name": VERDICT, "to_name": TEXT, "type": "choices"}
    return [
        {"id": item["id"], **control, "value": {"choices": [KEEP]}}
        for item in items
        if item.get("type") == "labels" and item["id"] not in decided
    ]


def read_lines(campaign: SampleCampaign) -> list[bytes]:
    return gold_path(campaign.corpus, campaign.project_key.campaign).read_bytes().splitlines()


def list_findings(campaign: SampleCampaign, schema: Schema) -> list[str]:
    return [str(found) for found in check_sources(campaign.corpus, schema)]


def test_disagreement_of_every_kind_becomes_gold(campaign: SampleCampaign) -> None:
    """An open question gets its default; an arrow may be drawn either way."""
    schema = prepare(campaign, CONTRACTS, RULING)
    campaign.submit("doc-00000", annotate(schema, ANNS, like_bob=False), email=ANN)
    campaign.submit("doc-00000", annotate(schema, BOBS, like_bob=True), email=BOB)
    campaign.pull()
    ann, bob = (each.annotator for each in campaign.read_annotations())
    if campaign.read_annotations()[0].answers["topic"] == "labour":
        ann, bob = bob, ann
    pushed = push(campaign)
    assert (pushed.documents, pushed.open_count) == ({"new": 1}, 8)
    assert push(campaign).changes == 0, "a second push finds nothing to do"
    task = fetch_tasks(campaign)["doc-00000"]
    told = task["data"][GIVEN_ANSWERS].splitlines()
    one, other = (f"{ann}: Rent and lease", f"{bob}: labour")
    assert told[0] == f"to decide: What is it about? — {one}; {other}"
    both = ", ".join(sorted((ann, bob)))
    assert told[-1] == f"areas — {both}: civil, tax" and len(told) == 6
    (row,) = task["data"][OPEN_RELATIONS]
    assert row["value"].startswith("1. Company “Ben GmbH” — pays → Payment “900.50 EUR”")

    values: dict[str, AttributeValue] = {"minor": True, "roles": ("plaintiff", "witness")}
    person = mark("Person-0-3", "Person", "Ann", **values)
    more = [i for i in encode_result([person], [], schema) if i["from_name"] != "span"]
    payment = mark("Payment-30-40", "Payment", "900.50 EUR", amount=1.25)
    more += [i for i in encode_result([payment], [], schema) if i["from_name"] != "span"]
    answers: Values = {"topic": "labour", "ruled_on": "2024-12-24", "hearings": 2}
    more += encode_result([], [], schema, None, answers) + give_verdicts(task)
    arrow = {"type": "relation", "from_id": "Company-9-17", "to_id": "Person-0-3"}
    more.append({**arrow, "direction": "right", "labels": ["kin"]})
    submit(campaign, task, more)
    assert pull(campaign).documents == {"adjudicated": 1}
    assert pull(campaign).changed == 0, "a second pull writes nothing"
    assert push(campaign).documents == {"settled": 1}

    (line,) = read_lines(campaign)
    record = json.loads(line)
    votes = json.dumps(sorted((ann, bob)), separators=(",", ":"))
    adjudicated = '"decided":"adjudicated","votes":["{}"]'
    expected = _expected_gold(votes, adjudicated.format(ann), adjudicated.format(bob))
    start = line.index(b'"mentions":')
    assert line[start:].decode() == expected
    assert (record["adjudicator_kind"], record["annotators"]) == ("human", sorted((ann, bob)))
    assert list_findings(campaign, schema) == []


def _expected_gold(both: str, by_ann: str, by_bob: str) -> str:
    """Return the mentions, relations and answers of the record, by the definitions."""
    person = '"id":"Person-0-3{}","label":"Person","start":0,"end":3,"text":"Ann"'
    payment = '"id":"Payment-30-40{}","label":"Payment","start":30,"end":40,"text":"900.50 EUR"'
    unanimous, born = f'"decided":"unanimous","votes":{both}', '"born":"1990-02-28"'
    amended = f'"decided":"adjudicated","votes":{both},"amended"'
    mentions = [
        person.format("") + f',"attributes":{{{born},"minor":true,"roles":["plaintiff","witness"]}}'
        f',{amended}:["minor","roles"]',
        '"id":"Company-9-17","label":"Company","start":9,"end":17,"text":"Ben GmbH"'
        f',"attributes":{{"form":"gmbh"}},{unanimous}',
        payment.format("")
        + f',"attributes":{{"amount":1.25,"instalments":2}},{amended}:["amount"]',
    ]
    declined = [
        person.format("-2")
        + f',"attributes":{{{born},"minor":false,"roles":["plaintiff","witness"]}}'
        f",{by_ann}",
        person.format("-3")
        + f',"attributes":{{{born},"minor":true,"roles":["plaintiff"]}},{by_bob}',
        payment.format("-2") + f',"attributes":{{"amount":900.0,"instalments":2}},{by_ann}',
        payment.format("-3") + f',"attributes":{{"amount":900.5,"instalments":2}},{by_bob}',
    ]
    if by_bob < by_ann:  # variants with as many votes are in the order of the pseudonyms
        declined = [_swap(each) for each in declined]
        declined = [declined[1], declined[0], declined[3], declined[2]]
    adjudicated = '"decided":"adjudicated"'
    answers = [
        f'"question":"topic","value":"labour",{by_bob}',
        f'"question":"areas","value":["civil","tax"],{unanimous}',
        f'"question":"urgent","value":false,{by_ann}',
        f'"question":"ruled_on","value":"2024-12-24",{adjudicated}',
        f'"question":"hearings","value":2,{by_ann}',
    ]
    rest = [
        f'"question":"topic","value":"rent",{by_ann}',
        f'"question":"urgent","value":true,{by_bob}',
        f'"question":"ruled_on","value":"2025-01-31",{by_ann}',
        f'"question":"costs","value":12.0,{by_bob}',
        f'"question":"costs","value":900.5,{by_ann}',
    ]
    kin = f'"type":"kin","head":"Person-0-3","tail":"Company-9-17",{unanimous}'
    pays = f'"type":"pays","head":"Company-9-17","tail":"Payment-30-40",{by_ann}'
    fields = {"mentions": mentions, "relations": [kin], "declined": declined}
    fields |= {"declined_relations": [pays], "answers": answers, "declined_answers": rest}
    written = (
        f'"{name}":[{",".join(f"{{{each}}}" for each in items)}]' for name, items in fields.items()
    )
    return ",".join(written) + "}"


def _swap(item: str) -> str:
    return (
        item.replace('-2","label', '-x","label')
        .replace('-3","label', '-2","label')
        .replace('-x","label', '-3","label')
    )


def test_documents_are_classified_from_push_to_gold(campaign: SampleCampaign) -> None:
    """By majority, and by an adjudicator, whose answer a majority does not replace."""
    schema = prepare(campaign, QUESTIONS_ONLY, "The rent.", "The strike.", "The flat.", "Both.")
    given: dict[str, tuple[Values, ...]] = {
        ANN: ({"topic": "rent"}, {"topic": "labour"}, {"topic": "rent"}, {"topic": "rent"}),
        BOB: (
            {"topic": "rent"},
            {"topic": "rent"},
            {"topic": "rent", "urgent": True},
            {"topic": "labour"},
        ),
    }
    for email, answers in given.items():
        for number, each in enumerate(answers):
            result = encode_result([], [], schema, None, each)
            campaign.submit(f"doc-{number:05d}", result, email=email)
    campaign.pull()
    found = pull(campaign, majority=True)
    assert found.documents == {"unanimous": 1, "majority": 1, "split": 2}
    assert [(each.doc_id, each.detail) for each in found.skipped] == [
        ("doc-00001", "topic"),
        ("doc-00003", "topic"),
    ]
    assert (push(campaign).documents, push(campaign).changes) == ({"gold": 1, "new": 3}, 0)
    tasks = fetch_tasks(campaign)
    decided: dict[str, Values] = {"doc-00001": {"topic": "labour"}, "doc-00002": {"urgent": False}}
    for doc_id, given_answers in decided.items():
        submit(campaign, tasks[doc_id], encode_result([], [], schema, None, given_answers))
    assert pull(campaign).documents == {"unanimous": 1, "adjudicated": 2, "waiting": 1}
    lines = [json.loads(line) for line in read_lines(campaign)]
    assert [{each["question"]: each["value"] for each in line["answers"]} for line in lines] == [
        {"topic": "rent"},
        {"topic": "labour"},
        {"topic": "rent", "urgent": False},
    ]
    assert [len(line.get("declined_answers", ())) for line in lines] == [0, 1, 1]
    assert pull(campaign, majority=True).documents == {"unanimous": 1, "kept": 2, "split": 1}
    assert list_findings(campaign, schema) == []
