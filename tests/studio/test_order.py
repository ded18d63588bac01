"""The most uncertain document first, as a real Label Studio hands documents out to two annotators."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands import sayso
from tests.studio.campaigns import Campaign, document

pytestmark = pytest.mark.server

UNCERTAINTY = {1: 0.1, 2: 0.9, 3: None, 4: 0.5, 5: 0.7, 6: 0.3}


def foretold(campaign: Campaign, uncertainty: dict[int, float | None]) -> Path:
    """A prediction for each document, with its uncertainty where it has one."""
    path = campaign.instance.root / "predictions.jsonl"
    lines = []
    for each in campaign.corpus.documents():
        number = int(each.doc_id[-5:])
        mention = {"id": "p", "label": "Actor", "start": 0, "end": 6, "by": "names", "score": 0.5}
        known = {} if uncertainty[number] is None else {"uncertainty": uncertainty[number]}
        lines.append({"doc_id": each.doc_id, "text_sha256": each.text_sha256, "mentions": [mention], **known})
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


def served(campaign: Campaign, *emails: str) -> list[int]:
    """The documents in the order in which they are handed out, to these accounts in turn, each of them answered."""
    found = []
    for email in emails:
        task = campaign.ask("GET", f"/api/projects/{campaign.project}/next", email=email)
        found.append(int(task["data"]["doc_id"][-5:]))
        body = {"result": [], "was_cancelled": False}
        campaign.ask("POST", f"/api/tasks/{task['id']}/annotations/", body, email)
    return found


def test_the_most_uncertain_comes_first_for_everybody(campaign: Campaign) -> None:
    campaign.fill(*map(document, UNCERTAINTY))
    outcome = campaign.push(predictions=foretold(campaign, UNCERTAINTY), order="uncertain")
    assert outcome.reordered
    ann, ben = "ann@example.org", "ben@example.org"
    assert served(campaign, ann, ben, ben, ann, ben, ann) == [2, 5, 4, 6, 1, 3]


def test_a_second_push_does_nothing_and_a_new_file_changes_what_nobody_has_answered(campaign: Campaign) -> None:
    campaign.fill(*map(document, UNCERTAINTY))
    path = foretold(campaign, UNCERTAINTY)
    assert campaign.preview(predictions=path, order="uncertain").reordered
    campaign.push(predictions=path, order="uncertain")
    again = campaign.push(predictions=path, order="uncertain")
    assert (again.changes, again.reordered) == (0, False)
    assert campaign.preview(predictions=path, order="uncertain").changes == 0
    assert served(campaign, "ann@example.org") == [2]
    other = campaign.push(predictions=foretold(campaign, {**UNCERTAINTY, 1: 0.95, 2: 0.2}), order="uncertain")
    assert other.predictions == {"foretold": 4, "replaced": 1, "withheld": 1}
    assert served(campaign, "ann@example.org") == [1]


def test_two_at_once_do_not_get_the_same_document(campaign: Campaign) -> None:
    campaign.fill(*map(document, UNCERTAINTY))
    campaign.push(predictions=foretold(campaign, UNCERTAINTY), order="uncertain")
    asked = [campaign.ask("GET", f"/api/projects/{campaign.project}/next", email=email)["data"]["doc_id"]
             for email in ("ann@example.org", "ben@example.org")]  # fmt: skip
    assert asked == ["doc-00002", "doc-00005"]


def test_back_to_the_order_of_the_corpus(campaign: Campaign) -> None:
    campaign.fill(*map(document, UNCERTAINTY))
    path = foretold(campaign, UNCERTAINTY)
    campaign.push(predictions=path, order="uncertain")
    assert not campaign.push(predictions=path).reordered, "the server's order stays where none is asked for"
    assert campaign.push(order="corpus").reordered
    assert served(campaign, "ann@example.org", "ann@example.org") == [1, 2]


def test_the_command_tells_and_asks_for_predictions(campaign: Campaign) -> None:
    campaign.fill(*map(document, UNCERTAINTY))
    path = foretold(campaign, UNCERTAINTY)
    words = ("push", *campaign.words, "--order", "uncertain")
    refused = sayso(campaign.instance.root, *words)
    assert refused.returncode == 2 and "--predictions" in refused.stderr
    planned = sayso(campaign.instance.root, *words, "--predictions", str(path), "--dry-run", "--json")
    assert json.loads(planned.stdout)["reordered"] is True
    done = sayso(campaign.instance.root, *words, "--predictions", str(path))
    assert "another order" in done.stdout
    seen = json.loads(sayso(campaign.instance.root, "status", *campaign.words, "--interface", "all", "--json").stdout)
    assert seen["interfaces"][0]["order"] == "most uncertain first"
    assert "nothing to do" in sayso(campaign.instance.root, *words, "--predictions", str(path)).stderr
