"""The order in which a real Label Studio hands documents out to two annotators."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.command_line import run_sayso
from tests.labelstudio.sample_campaign import SampleCampaign, sample_document

pytestmark = pytest.mark.server

UNCERTAINTY = {1: 0.1, 2: 0.9, 3: None, 4: 0.5, 5: 0.7, 6: 0.3}


def write_predictions(campaign: SampleCampaign, uncertainty: dict[int, float | None]) -> Path:
    """Write a prediction for each document, with its uncertainty if it has one."""
    path = campaign.checkout.root / "predictions.jsonl"
    lines = []
    for each in campaign.corpus.documents():
        number = int(each.doc_id[-5:])
        mention = {"id": "p", "label": "Actor", "start": 0, "end": 6, "by": "names", "score": 0.5}
        known = {} if uncertainty[number] is None else {"uncertainty": uncertainty[number]}
        lines.append(
            {"doc_id": each.doc_id, "text_sha256": each.text_sha256, "mentions": [mention], **known}
        )
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


def served_documents(campaign: SampleCampaign, *emails: str) -> list[int]:
    """Let these accounts submit in turn what they are served; return the documents in order."""
    found = []
    for email in emails:
        task = campaign.request("GET", f"/api/projects/{campaign.project}/next", email=email)
        found.append(int(task["data"]["doc_id"][-5:]))
        body = {"result": [], "was_cancelled": False}
        campaign.request("POST", f"/api/tasks/{task['id']}/annotations/", body, email)
    return found


def test_the_most_uncertain_comes_first_for_everybody(campaign: SampleCampaign) -> None:
    campaign.write_documents(*map(sample_document, UNCERTAINTY))
    result = campaign.push(predictions=write_predictions(campaign, UNCERTAINTY), order="uncertain")
    assert result.reordered
    ann, ben = "ann@example.org", "ben@example.org"
    assert served_documents(campaign, ann, ben, ben, ann, ben, ann) == [2, 5, 4, 6, 1, 3]


def test_a_second_push_does_nothing_and_a_new_file_changes_unannotated_tasks(
    campaign: SampleCampaign,
) -> None:
    campaign.write_documents(*map(sample_document, UNCERTAINTY))
    path = write_predictions(campaign, UNCERTAINTY)
    assert campaign.plan(predictions=path, order="uncertain").reordered
    campaign.push(predictions=path, order="uncertain")
    again = campaign.push(predictions=path, order="uncertain")
    assert (again.changes, again.reordered) == (0, False)
    assert campaign.plan(predictions=path, order="uncertain").changes == 0
    assert served_documents(campaign, "ann@example.org") == [2]
    other = campaign.push(
        predictions=write_predictions(campaign, {**UNCERTAINTY, 1: 0.95, 2: 0.2}), order="uncertain"
    )
    assert other.predictions == {"unchanged": 4, "replaced": 1, "kept": 1}
    assert served_documents(campaign, "ann@example.org") == [1]


def test_two_at_once_do_not_get_the_same_document(campaign: SampleCampaign) -> None:
    campaign.write_documents(*map(sample_document, UNCERTAINTY))
    campaign.push(predictions=write_predictions(campaign, UNCERTAINTY), order="uncertain")
    asked = [
        campaign.request("GET", f"/api/projects/{campaign.project}/next", email=email)["data"][
            "doc_id"
        ]
        for email in ("ann@example.org", "ben@example.org")
    ]
    assert asked == ["doc-00002", "doc-00005"]


def test_back_to_the_order_of_the_corpus(campaign: SampleCampaign) -> None:
    campaign.write_documents(*map(sample_document, UNCERTAINTY))
    path = write_predictions(campaign, UNCERTAINTY)
    campaign.push(predictions=path, order="uncertain")
    assert not campaign.push(predictions=path).reordered, (
        "the server's order stays where none is asked for"
    )
    assert campaign.push(order="corpus").reordered
    assert served_documents(campaign, "ann@example.org", "ann@example.org") == [1, 2]


def test_the_command_reports_the_order_and_needs_predictions(campaign: SampleCampaign) -> None:
    campaign.write_documents(*map(sample_document, UNCERTAINTY))
    path = write_predictions(campaign, UNCERTAINTY)
    words = ("push", *campaign.options, "--order", "uncertain")
    refused = run_sayso(campaign.checkout.root, *words)
    assert refused.returncode == 2 and "--predictions" in refused.stderr
    planned = run_sayso(
        campaign.checkout.root, *words, "--predictions", str(path), "--dry-run", "--json"
    )
    assert json.loads(planned.stdout)["reordered"] is True
    done = run_sayso(campaign.checkout.root, *words, "--predictions", str(path))
    assert "another order" in done.stdout
    seen = json.loads(
        run_sayso(
            campaign.checkout.root, "status", *campaign.options, "--pass", "all", "--json"
        ).stdout
    )
    assert seen["passes"][0]["order"] == "most uncertain first"
    assert (
        "nothing to do"
        in run_sayso(campaign.checkout.root, *words, "--predictions", str(path)).stderr
    )
