"""Annotations that cannot be decoded: kept and reported with their span."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from typing import Any

import msgspec
import pytest

from sayso.models import Annotation
from tests.command_line import run_sayso
from tests.labelstudio.sample_campaign import SampleCampaign, sample_document

pytestmark = pytest.mark.server


def pull_annotation(campaign: SampleCampaign, result: Any) -> Annotation:
    """Submit a result for the only document, pull, and return the annotation in our file."""
    campaign.write_documents(sample_document(1))
    campaign.push()
    campaign.submit("doc-00001", result)
    campaign.pull()
    (annotation,) = campaign.read_annotations()
    return annotation


def result_with(campaign: SampleCampaign, **change: Any) -> list[dict[str, Any]]:
    campaign.write_documents(sample_document(1))
    (item,) = campaign.build_result("doc-00001")
    return [{**item, "value": {**item["value"], **change}}]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"end": 10_000}, "a span outside the text, or of nothing"),
        ({"start": -3}, "a span outside the text, or of nothing"),
        ({"start": 9, "end": 3}, "a span outside the text, or of nothing"),
        ({"start": 0.5}, "offsets that are not whole numbers"),
        ({"labels": ["Nope"]}, "a label that the schema does not know"),
        ({"labels": ["Actor", "Location"]}, "a region with several labels"),
    ],
)
def test_a_region_that_cannot_be_a_mention(
    campaign: SampleCampaign, change: dict[str, Any], reason: str
) -> None:
    result = result_with(campaign, **change)
    annotation = pull_annotation(campaign, result)
    assert (annotation.mentions, [left.reason for left in annotation.kept]) == ((), [reason])
    assert annotation.kept[0].item == result[0]


def test_each_is_reported_with_its_span_and_address(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1))
    campaign.push()
    campaign.submit("doc-00001", result_with(campaign, end=10_000))
    output = run_sayso(campaign.checkout.root, "pull", *campaign.options)
    task = campaign.fetch_tasks()["doc-00001"]["id"]
    assert output.returncode == 0
    (annotator,) = {annotation.annotator for annotation in campaign.read_annotations()}
    look = f"{campaign.labelstudio.url}/projects/{campaign.project}/data?task={task}"
    assert (
        f"doc-00001 {annotator} [0, 10000): a span outside the text, or of nothing;"
        f" kept in the record, look at {look}" in output.stderr
    )
    assert ": 1 parts of annotations" in output.stderr


def test_an_unknown_value_a_dangling_relation_and_an_unknown_control(
    campaign: SampleCampaign,
) -> None:
    (item,) = result_with(campaign)
    span = {"start": 0, "end": 6}
    result = [
        item,
        {
            **item,
            "from_name": "actor_type",
            "type": "choices",
            "value": {**span, "choices": ["nope"]},
        },
        {
            **item,
            "from_name": "removed_control",
            "type": "choices",
            "value": {**span, "choices": ["x"]},
        },
        {
            "type": "relation",
            "from_id": "m1",
            "to_id": "gone",
            "direction": "right",
            "labels": ["source"],
        },
    ]
    annotation = pull_annotation(campaign, result)
    assert [mention.id for mention in annotation.mentions] == ["m1"] and annotation.relations == ()
    assert sorted(left.reason for left in annotation.kept) == [
        "a relation to a missing mention",
        "a value that the schema does not know",
        "an attribute that its label does not have",
    ]


def read_quarantine(campaign: SampleCampaign) -> list[dict[str, Any]]:
    path = campaign.checkout.private / "quarantine" / f"{campaign.project_key.campaign}-all.jsonl"
    assert path.stat().st_mode & 0o777 == 0o600
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_annotations_on_a_task_that_was_added_by_hand(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1))
    campaign.push()
    by_hand = [{"data": {"text": "Somebody's own text.", "title": "", "about": ""}}]
    path = f"/api/projects/{campaign.project}/import?return_task_ids=true"
    (task,) = campaign.request("POST", path, by_hand)["task_ids"]
    campaign.request("POST", f"/api/tasks/{task}/annotations/", {"result": [{"id": "x"}]})
    result = campaign.pull()
    assert [(n.task, n.reason) for n in result.quarantined] == [
        (task, "the task was added by hand in Label Studio")
    ]
    assert campaign.read_annotations() == []
    assert [line["annotation"]["result"] for line in read_quarantine(campaign)] == [[{"id": "x"}]]


def test_annotations_on_a_text_that_somebody_edited(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1))
    campaign.push()
    campaign.submit("doc-00001")
    task = campaign.fetch_tasks()["doc-00001"]
    campaign.request(
        "PATCH",
        f"/api/tasks/{task['id']}/",
        {"data": task["data"] | {"text": "X" + task["data"]["text"]}},
    )
    (notice,) = campaign.pull().quarantined
    assert notice.reason.startswith(
        "the text was edited in Label Studio, and a span of the annotation could not be proven"
    )
    campaign.request("PATCH", f"/api/tasks/{task['id']}/", {"data": task["data"]})
    assert campaign.pull().quarantined == [] and len(campaign.read_annotations()) == 1


def test_annotations_of_a_text_that_has_changed_or_is_gone(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1), sample_document(2), sample_document(3))
    campaign.push()
    for doc_id in campaign.fetch_tasks():
        campaign.submit(doc_id)
    campaign.write_documents(sample_document(1, "Another text."), sample_document(3))
    result = campaign.pull()
    assert [(notice.doc_id, notice.reason) for notice in result.quarantined] == [
        (
            "doc-00001",
            "the text has changed since it was pushed; "
            "1 of 1 mentions do not provably have the same words: “Report” [0, 6)",
        ),
        ("doc-00002", "the corpus does not have this document"),
    ]
    assert [annotation.doc_id for annotation in campaign.read_annotations()] == ["doc-00003"]
    campaign.write_documents(sample_document(1), sample_document(2), sample_document(3))
    assert campaign.pull().quarantined == []
    assert len(campaign.read_annotations()) == 3


def test_a_result_that_is_not_a_list(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1))
    campaign.push()
    number = campaign.submit("doc-00001")
    response = campaign.http_client().patch(
        f"/api/annotations/{number}/", json={"result": {"not": "a list"}}
    )
    if response.is_success:  # the server of today refuses it
        assert [notice.reason for notice in campaign.pull().quarantined] == [
            "the result is not a list"
        ]
    else:
        assert response.status_code == 400


def test_keys_of_our_own_data_that_somebody_took_away(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1))
    campaign.push()
    campaign.submit("doc-00001")
    task = campaign.fetch_tasks()["doc-00001"]
    campaign.request("PATCH", f"/api/tasks/{task['id']}/", {"data": {**task["data"], "doc_id": 17}})
    result = campaign.pull()
    assert [notice.reason for notice in result.quarantined] == [
        "the task was added by hand in Label Studio"
    ]
    assert msgspec.json.encode(result.quarantined)


def submit_raw(campaign: SampleCampaign, doc_id: str, result: list[Any], **spelt: str) -> None:
    """Submit a result in which words are replaced by a piece of JSON that no encoder writes.

    The server stores some annotations that it cannot write again, and answers with HTTP 500.
    """
    body = json.dumps({"result": result, "lead_time": "LEAD_TIME"})
    for word, piece in {"LEAD_TIME": "2.5", **spelt}.items():
        body = body.replace(f'"{word}"', piece)
    task = campaign.fetch_tasks()[doc_id]["id"]
    headers = {"content-type": "application/json"}
    path = f"/api/tasks/{task}/annotations/"
    campaign.http_client().post(path, content=body.encode(), headers=headers)


def with_note(campaign: SampleCampaign, doc_id: str) -> list[dict[str, Any]]:
    (item,) = campaign.build_result(doc_id)
    value = {"start": 0, "end": 6, "text": ["NOTE"]}
    return [item, {**item, "from_name": "note", "type": "textarea", "value": value}]


def test_a_result_that_no_editor_makes_ends_no_pull(campaign: SampleCampaign) -> None:
    """Each of these stopped every pull with a TypeError, or every build."""
    campaign.write_documents(*map(sample_document, range(1, 7)))
    campaign.push()
    (item,) = campaign.build_result("doc-00001")
    number = {**item, "from_name": "count_lower", "type": "number"}
    counted = {**item, "value": {**item["value"], "labels": ["Count"]}}
    campaign.submit("doc-00001", [{**item, "origin": ["manual"]}])
    campaign.submit("doc-00002", [{**item, "value": {**item["value"], "labels": [["Actor"]]}}])
    campaign.submit("doc-00003", [counted, {**number, "value": {"number": 10**40}}])
    campaign.submit("doc-00004", [counted, {**number, "value": {"number": 1e308}}])
    deep = [item, {"x": "DEEP"}]
    submit_raw(campaign, "doc-00005", deep, DEEP="[" * 700 + "]" * 700)
    campaign.submit("doc-00006", [{"id": "x", "value": {"start": 10**30, "end": {"a": [1]}}}])
    result = campaign.pull()
    assert [(notice.doc_id, notice.reason) for notice in result.quarantined] == [
        ("doc-00005", "the result is nested deeper than 100 levels")
    ]
    found = {each.doc_id: each for each in campaign.read_annotations()}
    assert [(doc_id, len(found[doc_id].mentions)) for doc_id in sorted(found)] == [
        ("doc-00001", 1),
        ("doc-00002", 0),
        ("doc-00003", 1),
        ("doc-00004", 1),
        ("doc-00006", 0),
    ]
    reasons = {doc_id: [kept.reason for kept in each.kept] for doc_id, each in found.items()}
    assert reasons["doc-00002"] == ["a label that the schema does not know"]
    assert reasons["doc-00003"] == reasons["doc-00004"] == ["a value that the schema does not know"]
    assert run_sayso(campaign.checkout.root, "build").returncode == 0


@pytest.mark.slow
def test_tasks_that_the_server_cannot_write_are_named_and_left_out(
    campaign: SampleCampaign,
) -> None:
    campaign.write_documents(*map(sample_document, range(1, 8)))
    campaign.push()
    for doc_id in ("doc-00001", "doc-00003", "doc-00007"):
        campaign.submit(doc_id)
    campaign.pull()
    before = campaign.read_annotation_files()
    submit_raw(campaign, "doc-00003", with_note(campaign, "doc-00003"), NOTE='["\\ud83d"]')
    submit_raw(campaign, "doc-00004", with_note(campaign, "doc-00004"), LEAD_TIME="1e999")
    campaign.submit("doc-00005")
    tasks = {doc_id: task["id"] for doc_id, task in _list_bare_tasks(campaign).items()}
    for full in ((), ("--full",)):
        output = run_sayso(campaign.checkout.root, "pull", *full, *campaign.options)
        assert output.returncode == 8, output.stderr
        url = f"{campaign.labelstudio.url}/projects/{campaign.project}"
        for doc_id, count in (("doc-00003", 2), ("doc-00004", 1)):
            assert (
                f"task {tasks[doc_id]}: the server cannot give it: HTTP 500;"
                f" {count} annotations left out, look at {url}/data?task={tasks[doc_id]}"
            ) in output.stderr
        assert "2 tasks with 3 annotations are left out" in output.stderr
        assert " gone" not in output.stderr.replace("0 are gone", "")
        lines = b"".join(campaign.read_annotation_files().values()).splitlines()
        assert set(b"".join(before.values()).splitlines()) <= set(lines) and len(lines) == 4
    left_out = run_sayso(campaign.checkout.root, "progress", *campaign.options)
    assert "2 tasks left out" in left_out.stderr and left_out.returncode == 0
    delete_unwritable(campaign, [tasks["doc-00003"], tasks["doc-00004"]])
    assert campaign.pull().left_out == []
    assert len(campaign.read_annotations()) == 4


def _list_bare_tasks(campaign: SampleCampaign) -> dict[str, dict[str, Any]]:
    path = f"/api/tasks?project={campaign.project}&include=id,data"
    return {task["data"]["doc_id"]: task for task in campaign.request("GET", path)["tasks"]}


def delete_unwritable(campaign: SampleCampaign, tasks: list[int]) -> None:
    """Delete the latest annotation of each task, which nobody can open, from the database."""
    (path,) = campaign.labelstudio.checkout.private.rglob("label_studio.sqlite3")
    with contextlib.closing(sqlite3.connect(path, timeout=60)) as database, database:
        for task in tasks:
            query = "SELECT max(id) FROM task_completion WHERE task_id = ?"
            (number,) = database.execute(query, (task,)).fetchone()
            database.execute("DELETE FROM task_completion WHERE id = ?", (number,))
            moment = "UPDATE task SET total_annotations = total_annotations - 1 WHERE id = ?"
            database.execute(moment, (task,))
