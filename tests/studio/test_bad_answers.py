"""Answers that no converter expects: each is kept, told with its place, and never stored as something it is not."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from sayso.records import Annotation
from tests.commands import sayso
from tests.studio.campaigns import Campaign, document

pytestmark = pytest.mark.server


def pulled(campaign: Campaign, result: Any) -> Annotation:
    """What our file holds after this result was submitted for the only document."""
    campaign.fill(document(1))
    campaign.push()
    campaign.answer("doc-00001", result)
    campaign.pull()
    (answer,) = campaign.answers()
    return answer


def with_value(campaign: Campaign, **change: Any) -> list[dict[str, Any]]:
    campaign.fill(document(1))
    (item,) = campaign.result("doc-00001")
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
def test_a_region_that_cannot_be_a_mention(campaign: Campaign, change: dict[str, Any], reason: str) -> None:
    result = with_value(campaign, **change)
    answer = pulled(campaign, result)
    assert (answer.mentions, [kept.reason for kept in answer.kept]) == ((), [reason])
    assert answer.kept[0].item == result[0]


def test_each_is_told_with_its_place_and_where_to_look(campaign: Campaign) -> None:
    campaign.fill(document(1))
    campaign.push()
    campaign.answer("doc-00001", with_value(campaign, end=10_000))
    told = sayso(campaign.instance.root, "pull", *campaign.words)
    task = campaign.tasks()["doc-00001"]["id"]
    assert told.returncode == 0
    (annotator,) = {answer.annotator for answer in campaign.answers()}
    look = f"{campaign.studio.url}/projects/{campaign.project}/data?task={task}"
    assert (
        f"doc-00001 {annotator} [0, 10000): a span outside the text, or of nothing; kept in the record, look at {look}"
        in told.stderr
    )
    assert ": 1 parts of answers" in told.stderr


def test_an_unknown_value_a_dangling_relation_and_an_unknown_control(campaign: Campaign) -> None:
    (item,) = with_value(campaign)
    place = {"start": 0, "end": 6}
    result = [
        item,
        {**item, "from_name": "actor_type", "type": "choices", "value": {**place, "choices": ["nope"]}},
        {**item, "from_name": "removed_control", "type": "choices", "value": {**place, "choices": ["x"]}},
        {"type": "relation", "from_id": "m1", "to_id": "gone", "direction": "right", "labels": ["source"]},
    ]
    answer = pulled(campaign, result)
    assert [mention.id for mention in answer.mentions] == ["m1"] and answer.relations == ()
    assert sorted(kept.reason for kept in answer.kept) == [
        "a relation to a missing mention", "a value that the schema does not know",
        "an attribute that its label does not have",
    ]  # fmt: skip


def aside(campaign: Campaign) -> list[dict[str, Any]]:
    path = campaign.instance.private / "set-aside" / f"{campaign.place.campaign}-all.jsonl"
    assert path.stat().st_mode & 0o777 == 0o600
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_answers_on_a_task_that_was_added_by_hand(campaign: Campaign) -> None:
    campaign.fill(document(1))
    campaign.push()
    by_hand = [{"data": {"text": "Somebody's own text.", "title": "", "about": ""}}]
    path = f"/api/projects/{campaign.project}/import?return_task_ids=true"
    (task,) = campaign.ask("POST", path, by_hand)["task_ids"]
    campaign.ask("POST", f"/api/tasks/{task}/annotations/", {"result": [{"id": "x"}]})
    outcome = campaign.pull()
    assert [(n.task, n.reason) for n in outcome.aside] == [(task, "the task was added by hand in Label Studio")]
    assert campaign.answers() == []
    assert [line["answer"]["result"] for line in aside(campaign)] == [[{"id": "x"}]]


def test_answers_on_a_text_that_somebody_edited(campaign: Campaign) -> None:
    campaign.fill(document(1))
    campaign.push()
    campaign.answer("doc-00001")
    task = campaign.tasks()["doc-00001"]
    campaign.ask("PATCH", f"/api/tasks/{task['id']}/", {"data": task["data"] | {"text": "X" + task["data"]["text"]}})
    (notice,) = campaign.pull().aside
    assert notice.reason.startswith("the text was edited in Label Studio, and a span of the answer could not be proven")
    campaign.ask("PATCH", f"/api/tasks/{task['id']}/", {"data": task["data"]})
    assert campaign.pull().aside == [] and len(campaign.answers()) == 1


def test_answers_to_a_text_that_has_changed_since_or_is_not_there(campaign: Campaign) -> None:
    campaign.fill(document(1), document(2), document(3))
    campaign.push()
    for doc_id in campaign.tasks():
        campaign.answer(doc_id)
    campaign.fill(document(1, "Another text."), document(3))
    outcome = campaign.pull()
    assert [(notice.doc_id, notice.reason) for notice in outcome.aside] == [
        (
            "doc-00001",
            "the text has changed since it was pushed; "
            "1 of 1 mentions do not provably stand on the same words: “Report” [0, 6)",
        ),
        ("doc-00002", "the corpus does not hold this document"),
    ]
    assert [answer.doc_id for answer in campaign.answers()] == ["doc-00003"]
    campaign.fill(document(1), document(2), document(3))
    assert campaign.pull().aside == []
    assert len(campaign.answers()) == 3


def test_a_result_that_is_not_a_list(campaign: Campaign) -> None:
    campaign.fill(document(1))
    campaign.push()
    number = campaign.answer("doc-00001")
    answer = campaign.http().patch(f"/api/annotations/{number}/", json={"result": {"not": "a list"}})
    if answer.is_success:  # the server of today refuses it
        assert [notice.reason for notice in campaign.pull().aside] == ["the result is not a list"]
    else:
        assert answer.status_code == 400


def test_keys_of_our_own_data_that_somebody_took_away(campaign: Campaign) -> None:
    campaign.fill(document(1))
    campaign.push()
    campaign.answer("doc-00001")
    task = campaign.tasks()["doc-00001"]
    campaign.ask("PATCH", f"/api/tasks/{task['id']}/", {"data": {**task["data"], "doc_id": 17}})
    outcome = campaign.pull()
    assert [notice.reason for notice in outcome.aside] == ["the task was added by hand in Label Studio"]
    assert msgspec.json.encode(outcome.aside)
