"""Predictions: made, sent, accepted by an annotator, and pulled as what they were."""

from __future__ import annotations

import json

import pytest

from tests.command_line import run_sayso_ok
from tests.labelstudio.sample_campaign import SampleCampaign, sample_document

pytestmark = pytest.mark.server


def test_accepted_predictions_are_pulled_as_such(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1), sample_document(2, "Nothing of note."))
    root = campaign.checkout.root
    run_sayso_ok(root, "suggest", "--with", "numbers", "--with", "places")
    path = root / "build" / "predictions.jsonl"
    first, second = map(json.loads, path.read_text().splitlines())
    assert [mention["text"] for mention in first["mentions"]] == [
        "Two drones",
        "Belgorod",
        "No one",
    ]
    assert "mentions" not in second and "uncertainty" not in second
    run_sayso_ok(
        root, "push", *campaign.options, "--predictions", str(path), "--order", "uncertain"
    )

    assert (
        campaign.request("GET", f"/api/projects/{campaign.project}/next")["data"]["doc_id"]
        == "doc-00001"
    )
    task = campaign.fetch_tasks()["doc-00001"]["id"]
    (prediction,) = campaign.request("GET", f"/api/predictions/?task={task}")
    assert prediction["score"] == pytest.approx(1 - first["uncertainty"])
    left = [
        {**item, "origin": "prediction"}
        for item in prediction["result"]
        if not item["id"].startswith("Location")
    ]
    body = {"result": left, "was_cancelled": False, "parent_prediction": prediction["id"]}
    campaign.request("POST", f"/api/tasks/{task}/annotations/", body, "ann@example.org")

    campaign.pull()
    (annotation,) = campaign.read_annotations()
    assert (annotation.annotator_kind, annotation.started_from) == ("human", "prediction")
    assert {mention.started_from for mention in annotation.mentions} == {"prediction"}
    suggested = {(m["label"], m["start"], m["end"]): m["attributes"] for m in first["mentions"]}
    assert {
        (m.label, m.start, m.end): m.attributes for m in annotation.mentions
    }.items() <= suggested.items()
    assert [m.label for m in annotation.mentions] == ["Count", "Count"]
    output = json.loads(
        run_sayso_ok(root, "suggest", "--only-new", "--dry-run", "--json", "--with", "numbers")
    )
    assert output["documents"] == 1, "the other one nobody has answered"
