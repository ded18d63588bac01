"""Pushing to a real Label Studio: tasks arrive, never double, and are kept once annotated."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sayso import jsonl
from sayso.errors import ConflictError, InputError, SpanError
from sayso.files import hold_lock
from sayso.labelstudio import pending_writes
from sayso.models import Gold, GoldMention
from tests.command_line import run_sayso, run_sayso_ok
from tests.labelstudio.sample_campaign import TEXT, SampleCampaign, sample_document

pytestmark = pytest.mark.server


def test_twice_is_once(campaign: SampleCampaign) -> None:
    campaign.write_documents(*map(sample_document, range(7)))
    planned = campaign.plan()
    first, second = campaign.push(), campaign.push()
    assert planned.tasks == first.tasks == {"new": 7}
    assert (second.tasks, second.changes) == ({"unchanged": 7}, 0)
    assert campaign.fetch_tasks().keys() == {f"doc-{number:05d}" for number in range(7)}


def test_a_dry_run_makes_no_project(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1))
    assert campaign.plan().interface_state == "to be created"
    assert not [
        p
        for p in campaign.client.list_projects()
        if campaign.project_key.campaign in (p.description or "")
    ]


def test_offsets_stay_and_each_sentence_is_on_its_line(campaign: SampleCampaign) -> None:
    text = "\r\n 😀 One fell.  Two\u00a0did not. <b>&amp; \u200d\tthird</b>\r\nlast\n"
    campaign.write_documents(sample_document(1, text))
    campaign.push()
    shown = campaign.fetch_tasks()["doc-00001"]["data"]["text"]
    assert [c if not c.isspace() else " " for c in shown] == [
        c if not c.isspace() else " " for c in text
    ]
    assert "\n" in shown[: shown.index("Two")]


def test_a_limit_leaves_the_rest_for_later(campaign: SampleCampaign) -> None:
    campaign.write_documents(*map(sample_document, range(5)))
    first = campaign.push(limit=2)
    assert (first.tasks, first.postponed) == ({"new": 2}, 3)
    words = ("push", "--limit", "2", *campaign.options, "--json")
    second = msgspec.json.decode(run_sayso_ok(campaign.checkout.root, *words))
    assert second["tasks"] == {"new": 2, "unchanged": 2}
    assert campaign.push().tasks == {"new": 1, "unchanged": 4}


def test_a_changed_unannotated_document_is_sent_again(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1), sample_document(2))
    campaign.push()
    old = campaign.fetch_tasks()["doc-00001"]["id"]
    campaign.write_documents(sample_document(1, "Another text."), sample_document(2))
    assert campaign.plan().tasks == campaign.push().tasks == {"changed": 1, "unchanged": 1}
    now = campaign.fetch_tasks()["doc-00001"]
    assert now["id"] != old and now["data"]["text"] == "Another text."
    assert campaign.push().changes == 0


@pytest.mark.parametrize("begun", ["submitted", "skipped", "draft"])
def test_a_changed_annotated_document_is_never_touched(
    campaign: SampleCampaign, begun: str
) -> None:
    campaign.write_documents(sample_document(1))
    campaign.push()
    before = campaign.fetch_tasks()["doc-00001"]
    if begun == "draft":
        campaign.request(
            "POST",
            f"/api/tasks/{before['id']}/drafts",
            {"result": campaign.build_result("doc-00001")},
        )
    else:
        campaign.submit("doc-00001", skip=begun == "skipped")
    campaign.write_documents(sample_document(1, "Another text."))
    pulled = campaign.push()
    assert (pulled.tasks, pulled.conflicts, pulled.changes) == ({"stale": 1}, 1, 0)
    assert campaign.fetch_tasks()["doc-00001"]["data"] == before["data"]
    result = run_sayso(campaign.checkout.root, "push", *campaign.options)
    assert result.returncode == ConflictError.exit_code
    assert "doc-00001" in result.stderr and result.stderr.count("error:") == 1


def test_a_task_annotated_during_the_push_is_not_deleted(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1))
    campaign.push()
    task = campaign.fetch_tasks()["doc-00001"]["id"]
    campaign.submit("doc-00001")
    assert campaign.client.delete_unannotated_tasks(campaign.project, [task]) == 0
    assert campaign.fetch_tasks()["doc-00001"]["id"] == task


def test_a_new_title_is_updated_in_place(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1), sample_document(2))
    campaign.push()
    campaign.submit("doc-00001")
    before = campaign.fetch_tasks()
    campaign.write_documents(
        sample_document(1, title="Renamed"), sample_document(2, title="Renamed, too")
    )
    assert campaign.push().tasks == {"described": 2}
    after = campaign.fetch_tasks()
    assert [task["data"]["title"] for task in after.values()] == ["Renamed", "Renamed, too"]
    assert [(t["id"], t["data"]["text"]) for t in after.values()] == [
        (t["id"], t["data"]["text"]) for t in before.values()
    ]
    assert campaign.push().changes == 0


def test_what_the_corpus_no_longer_holds_and_what_was_added_by_hand_stay(
    campaign: SampleCampaign,
) -> None:
    campaign.write_documents(sample_document(1), sample_document(2))
    campaign.push()
    campaign.request(
        "POST",
        f"/api/projects/{campaign.project}/import",
        [{"data": {"text": "x", "title": "", "about": ""}}],
    )
    campaign.write_documents(sample_document(2))
    result = campaign.push()
    assert (result.tasks, result.changes) == ({"foreign": 1, "gone": 1, "unchanged": 1}, 0)
    assert len(campaign.fetch_tasks()) == 3


def test_a_text_edited_in_the_browser(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1), sample_document(2))
    campaign.push()
    campaign.submit("doc-00002")
    for task in campaign.fetch_tasks().values():
        campaign.request(
            "PATCH",
            f"/api/tasks/{task['id']}/",
            {"data": task["data"] | {"text": "Something else."}},
        )
    result = campaign.push()
    assert (result.tasks, result.conflicts) == ({"edited": 1, "tampered": 1}, 1)
    texts = {doc_id: task["data"]["text"] for doc_id, task in campaign.fetch_tasks().items()}
    assert texts["doc-00002"] == "Something else." and "drones" in texts["doc-00001"]


def test_duplicates_of_a_crash_are_deleted_unless_annotated(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1), sample_document(2))
    campaign.push()
    copies = [{"data": task["data"]} for task in campaign.fetch_tasks().values()] * 2
    made = campaign.request(
        "POST", f"/api/projects/{campaign.project}/import?return_task_ids=true", copies
    )["task_ids"]
    for task in (made[1], made[3]):  # both copies of the second document
        campaign.request("POST", f"/api/tasks/{task}/annotations/", {"result": []})
    result = campaign.push()
    assert result.tasks == {"unchanged": 2, "surplus": 3, "duplicate": 1}
    assert campaign.client.count_tasks(campaign.project) == 3
    assert campaign.push().tasks == {"unchanged": 2, "duplicate": 1}


def test_two_projects_with_one_mark(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1))
    campaign.push()
    config = campaign.request("GET", f"/api/projects/{campaign.project}/")
    twin = campaign.request(
        "POST",
        "/api/projects/",
        {key: config[key] for key in ("title", "description", "label_config")},
    )
    assert campaign.push().changes == 0  # an empty one counts for nothing
    task = {"data": {"text": "x", "title": "", "about": ""}}
    campaign.request("POST", f"/api/projects/{twin['id']}/import", [task])
    with pytest.raises(
        ConflictError,
        match=f"{campaign.client.url}.*projects \\d+ and {twin['id']} are both marked",
    ):
        campaign.push()


def test_an_interface_that_somebody_edited(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1))
    campaign.push()
    path = f"/api/projects/{campaign.project}/"
    config = campaign.request("GET", path)["label_config"]
    campaign.request("PATCH", path, {"label_config": config.replace("<Header ", "<Header\n  ")})
    assert campaign.push().interface_state == "up to date"  # another spelling of the same
    campaign.request(
        "PATCH", path, {"label_config": config.replace('value="Actor"', 'value="Doer"')}
    )
    assert campaign.plan().interface_state == "edited in Label Studio"
    with pytest.raises(
        ConflictError, match="edited in Label Studio; run `sayso push --update-interface`"
    ):
        campaign.push()
    campaign.push(update_interface=True)
    assert 'value="Actor"' in campaign.request("GET", path)["label_config"]
    assert campaign.plan().interface_state == "up to date"


def test_a_newer_schema_replaces_nothing_that_annotations_need(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1))
    campaign.push()
    campaign.submit("doc-00001")
    schema = campaign.checkout.root / "schema/schema.yaml"
    schema.write_text(schema.read_text().replace("Actor", "Doer"))
    assert campaign.plan().interface_state == "outdated"
    with pytest.raises(ConflictError, match="annotations would break"):
        campaign.push(update_interface=True)


def write_predictions(campaign: SampleCampaign, *changes: dict[str, Any]) -> Path:
    """Write a prediction with one mention for each document, with changes line by line."""
    mention = {
        "id": "p1",
        "label": "Actor",
        "start": 0,
        "end": 6,
        "attributes": {"type": "civilian"},
    }
    lines: list[dict[str, Any]] = [
        {"doc_id": document.doc_id, "text_sha256": document.text_sha256, "mentions": [mention]}
        for document in campaign.corpus.documents()
    ]
    for line, change in zip(lines, changes, strict=False):
        line.update(change)
    path = campaign.checkout.root / "predictions.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def read_predictions(campaign: SampleCampaign) -> dict[str, list[Any]]:
    """Return the predictions on the server by document."""
    return {
        doc_id: [
            p["result"] for p in campaign.request("GET", f"/api/predictions/?task={task['id']}")
        ]
        for doc_id, task in campaign.fetch_tasks().items()
    }


def test_a_prediction_brings_relations_and_ids_for_style_sheets(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1))
    mentions = [
        {"id": "x.c1", "label": "Claim", "start": 0, "end": 8},
        {"id": "x.a1", "label": "Actor", "start": 0, "end": 6},
    ]
    arrows = [{"type": "source", "head": "x.c1", "tail": "x.a1"}]
    pulled = campaign.push(
        predictions=write_predictions(campaign, {"mentions": mentions, "relations": arrows})
    )
    assert not pulled.excluded
    ((result,),) = read_predictions(campaign).values()
    assert [(item.get("id"), item.get("from_id"), item.get("to_id")) for item in result] == [
        ("x_2e_c1", None, None),
        ("x_2e_a1", None, None),
        (None, "x_2e_c1", "x_2e_a1"),
    ]


def test_gold_of_one_pass_is_what_another_starts_from(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1))
    (there,) = campaign.corpus.documents()
    votes = ("ann-1", "ann-2")
    mentions = [
        GoldMention(
            id=f"Claim-{end}",
            label="Claim",
            start=0,
            end=end,
            text=there.text[:end],
            decided="majority",
            votes=votes,
        )
        for end in (6, 8)
    ]
    gold = Gold(
        doc_id=there.doc_id,
        text_sha256=there.text_sha256,
        campaign="c",
        interface="names",
        schema_version="1.0.0",
        adjudicated="2026-01-01T00:00:00Z",
        annotators=votes,
        mentions=(mentions[0],),
        declined=(mentions[1],),
    )
    path = campaign.checkout.root / "gold.jsonl"
    jsonl.write(path, [gold])
    assert campaign.push(predictions=path).predictions == {"added": 1}
    ((result,),) = read_predictions(campaign).values()
    assert [item["id"] for item in result] == ["Claim-6"]


def test_predictions_come_with_new_tasks_and_are_not_doubled(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1), sample_document(2))
    path = write_predictions(campaign)
    assert campaign.plan(predictions=path).predictions == {"added": 2}
    assert campaign.push(predictions=path).predictions == {"added": 2}
    assert campaign.push(predictions=path).predictions == {"unchanged": 2}
    assert {doc_id: len(results) for doc_id, results in read_predictions(campaign).items()} == {
        "doc-00001": 1,
        "doc-00002": 1,
    }


def test_predictions_come_to_tasks_that_are_there(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1), sample_document(2))
    campaign.push()
    campaign.push(predictions=write_predictions(campaign))
    campaign.submit("doc-00002")
    mention = {"id": "p2", "label": "Location", "start": 0, "end": 6}
    pulled = campaign.push(
        predictions=write_predictions(campaign, {"mentions": [mention]}, {"mentions": [mention]})
    )
    assert pulled.predictions == {"replaced": 1, "kept": 1}
    now = read_predictions(campaign)
    assert [result[0]["id"] for result in now["doc-00001"]] == ["p2"]
    assert [result[0]["id"] for result in now["doc-00002"]] == ["p1"]


def prediction_line(**change: Any) -> dict[str, Any]:
    return {"mentions": [{"id": "a", "label": "Actor", "start": 0, "end": 4, **change}]}


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        (prediction_line(end=5000), SpanError, "not inside the text"),
        (prediction_line(start=-1), SpanError, "not inside the text"),
        (prediction_line(start=4), SpanError, "or empty"),
        (prediction_line(start="0"), InputError, "Expected `int`"),
        (prediction_line(label="Nope"), InputError, "no label 'Nope'"),
        (prediction_line(text="else"), InputError, "not 'else'"),
        (
            prediction_line(attributes={"type": "x"}),
            InputError,
            "a value that the schema does not know",
        ),
        (prediction_line(attributes={"x": "x"}), InputError, "no attribute 'x'"),
        (prediction_line(end=7), InputError, "white space"),
        (
            {"relations": [{"type": "source", "head": "p1", "tail": "gone"}]},
            InputError,
            "missing mention",
        ),
        (
            {"relations": [{"type": "nope", "head": "p1", "tail": "p1"}]},
            InputError,
            "no relation 'nope'",
        ),
        ({"text_sha256": "0" * 64}, InputError, "another text"),
        ({"doc_id": "nowhere"}, InputError, "no document nowhere"),
        ({"doc_id": "doc-00001"}, InputError, "another text|second prediction"),
    ],
)
def test_a_wrong_prediction_stops_everything_before_it_is_sent(
    campaign: SampleCampaign, change: dict[str, Any], error: type[Exception], says: str
) -> None:
    campaign.write_documents(sample_document(1), sample_document(2))
    campaign.push()
    with pytest.raises(error, match=f"predictions.jsonl:2.*{says}"):
        campaign.push(predictions=write_predictions(campaign, {}, change))
    assert not any(read_predictions(campaign).values())


def test_what_a_pass_does_not_show_is_excluded_and_counted(campaign: SampleCampaign) -> None:
    campaign.project_key = dataclasses.replace(campaign.project_key, pass_name="names")
    campaign.write_documents(sample_document(1))
    claim = {"id": "c", "label": "Claim", "start": 0, "end": 6}
    actor = {"id": "a", "label": "Actor", "start": 0, "end": 6}
    drawn = {
        "mentions": [claim, actor],
        "relations": [{"type": "source", "head": "c", "tail": "a"}],
    }
    pulled = campaign.push(predictions=write_predictions(campaign, drawn))
    assert pulled.excluded == {"Claim": 1, "source": 1}
    (result,) = read_predictions(campaign)["doc-00001"]
    assert [item["id"] for item in result] == ["a"]


def test_a_lost_response_is_looked_up_and_nothing_doubles(
    campaign: SampleCampaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server commits the import; its response is lost."""
    campaign.write_documents()
    campaign.push()
    campaign.write_documents(*map(sample_document, range(20)))
    monkeypatch.setattr("sayso.labelstudio.transport.WRITE_TIMEOUT", 0.01)
    assert campaign.push().tasks == {"new": 20}
    monkeypatch.undo()
    assert campaign.push().tasks == {"unchanged": 20}
    assert len(campaign.fetch_tasks()) == 20


def has_pending_write(campaign: SampleCampaign) -> bool:
    """Return whether the sync state has a pending write."""
    for path in (campaign.checkout.private / "cache").glob("labelstudio-*.sqlite3"):
        with contextlib.closing(sqlite3.connect(path)) as connection:
            if connection.execute(
                "SELECT 1 FROM meta WHERE name = 'pending_write' AND value != ''"
            ).fetchone():
                return True
    return False


def kill_during_write(campaign: SampleCampaign, seconds: float) -> None:
    """Push, and kill the process some seconds after a write was recorded."""
    words = [
        sys.executable,
        "-m",
        "sayso",
        "--root",
        str(campaign.checkout.root),
        "push",
        *campaign.options,
    ]
    process = subprocess.Popen(words, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    while not has_pending_write(campaign):
        assert process.poll() is None
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert has_pending_write(campaign)


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.0, 0.1])
def test_killed_while_a_batch_is_sent_and_run_again(
    campaign: SampleCampaign, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pending_writes, "SETTLE_SECONDS", 5.0)
    campaign.write_documents()
    campaign.push()
    campaign.write_documents(
        *(sample_document(number, f"{number} " + TEXT * 40) for number in range(1500))
    )
    kill_during_write(campaign, seconds)
    again = campaign.push()
    assert again.tasks.keys() <= {"new", "unchanged"}
    assert len(campaign.fetch_tasks()) == 1500
    assert campaign.push().changes == 0


def test_two_pushes_at_once(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1))
    with (
        hold_lock(campaign.checkout.private / "sync.lock", "sayso pull"),
        pytest.raises(ConflictError, match="sayso pull"),
    ):
        campaign.push()


def test_a_lost_sync_state_costs_only_time(campaign: SampleCampaign) -> None:
    campaign.write_documents(*map(sample_document, range(300)))
    campaign.push()
    for path in (campaign.checkout.private / "cache").iterdir():
        path.unlink()
    assert campaign.push().tasks == {"unchanged": 300}


def test_a_task_deleted_in_the_browser_is_sent_again(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1), sample_document(2))
    campaign.push()
    campaign.http_client().delete(f"/api/tasks/{campaign.fetch_tasks()['doc-00001']['id']}/")
    assert campaign.push().tasks == {"new": 1, "unchanged": 1}
    assert campaign.fetch_tasks().keys() == {"doc-00001", "doc-00002"}


def test_the_command_prints_the_plan_that_it_applies(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1), sample_document(2))
    planned, made = (
        msgspec.json.decode(
            run_sayso_ok(campaign.checkout.root, "push", *campaign.options, "--json", *more)
        )
        for more in (["--dry-run"], [])
    )
    assert planned["tasks"] == made["tasks"] == {"new": 2}
    assert (planned["dry_run"], made["dry_run"], made["changes"]) == (True, False, 2)
    again = run_sayso(campaign.checkout.root, "push", *campaign.options)
    assert "nothing to do" in again.stderr and "2 unchanged" in again.stdout


def test_an_unchanged_corpus_is_compared_again_once_either_side_changes(
    campaign: SampleCampaign,
) -> None:
    campaign.write_documents(sample_document(1), sample_document(2))
    campaign.push()
    for _ in range(2):
        assert campaign.push().tasks == {"unchanged": 2}
    assert campaign.push(limit=0).tasks == {"unchanged": 2}
    campaign.write_documents(sample_document(1), sample_document(2), sample_document(3))
    assert campaign.push(limit=0).postponed == 1
    assert campaign.plan().tasks == {"unchanged": 2, "new": 1}
    campaign.write_documents(sample_document(1), sample_document(2, title="Another"))
    assert campaign.push().tasks == {"unchanged": 1, "described": 1}
    assert campaign.push().tasks == {"unchanged": 2}
    task = campaign.fetch_tasks()["doc-00001"]
    campaign.request(
        "PATCH", f"/api/tasks/{task['id']}/", {"data": task["data"] | {"title": "Renamed"}}
    )
    assert campaign.plan().tasks == {"unchanged": 1, "described": 1}
    campaign.request("DELETE", f"/api/tasks/{task['id']}/")
    assert campaign.push().tasks == {"unchanged": 1, "new": 1}
