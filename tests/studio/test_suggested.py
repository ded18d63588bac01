"""Suggestions all the way: made, sent, taken over by an annotator, and back as what they were."""

from __future__ import annotations

import json

import pytest

from tests.commands import done
from tests.studio.campaigns import Campaign, document

pytestmark = pytest.mark.server


def test_what_was_suggested_comes_back_as_suggested(campaign: Campaign) -> None:
    campaign.fill(document(1), document(2, "Nothing of note."))
    root = campaign.instance.root
    done(root, "suggest", "--with", "numbers", "--with", "places")
    path = root / "build" / "predictions.jsonl"
    first, second = map(json.loads, path.read_text().splitlines())
    assert [mention["text"] for mention in first["mentions"]] == ["Two drones", "Belgorod", "No one"]
    assert "mentions" not in second and "uncertainty" not in second
    done(root, "push", *campaign.words, "--predictions", str(path), "--order", "uncertain")

    assert campaign.ask("GET", f"/api/projects/{campaign.project}/next")["data"]["doc_id"] == "doc-00001"
    task = campaign.tasks()["doc-00001"]["id"]
    (prediction,) = campaign.ask("GET", f"/api/predictions/?task={task}")
    assert prediction["score"] == pytest.approx(1 - first["uncertainty"])
    kept = [{**item, "origin": "prediction"} for item in prediction["result"] if not item["id"].startswith("Location")]
    body = {"result": kept, "was_cancelled": False, "parent_prediction": prediction["id"]}
    campaign.ask("POST", f"/api/tasks/{task}/annotations/", body, "ann@example.org")

    campaign.pull()
    (answer,) = campaign.answers()
    assert (answer.annotator_kind, answer.started_from) == ("human", "prediction")
    assert {mention.started_from for mention in answer.mentions} == {"prediction"}
    suggested = {(m["label"], m["start"], m["end"]): m["attributes"] for m in first["mentions"]}
    assert {(m.label, m.start, m.end): m.attributes for m in answer.mentions}.items() <= suggested.items()
    assert [m.label for m in answer.mentions] == ["Count", "Count"]
    told = json.loads(done(root, "suggest", "--only-new", "--dry-run", "--json", "--with", "numbers"))
    assert told["documents"] == 1, "the other one nobody has answered"
