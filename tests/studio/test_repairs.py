"""What has to be drawn again stands as a tab in Label Studio, for as long as there is something to draw."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sayso.studio.repairs import TITLE
from tests.commands import done
from tests.studio import faults
from tests.studio.campaigns import Campaign, document
from tests.studio.faults import Fault, once
from tests.studio.stage import Stage

pytestmark = pytest.mark.server


def listed(campaign: Campaign) -> list[str] | None:
    """The documents that the tab shows, asked of the server itself; None where there is no tab."""
    views = campaign.ask("GET", f"/api/dm/views/?project={campaign.project}")
    tabs = [view["id"] for view in views if view["data"]["title"] == TITLE]
    if not tabs:
        return None
    assert len(tabs) == 1
    tasks = campaign.ask("GET", f"/api/tasks?view={tabs[0]}&fields=all")["tasks"]
    return sorted(task["data"]["doc_id"] for task in tasks)


def test_the_tab_follows_what_is_left_to_fix(campaign: Campaign) -> None:
    campaign.fill(document(1), document(2), document(3))
    campaign.push()
    assert campaign.pull().to_fix == []
    assert listed(campaign) is None
    broken = campaign.result("doc-00002")
    broken[0]["value"]["end"] = 10_000
    number = campaign.answer("doc-00002", broken)
    campaign.answer("doc-00003")
    assert campaign.pull().to_fix == ["doc-00002"]
    assert listed(campaign) == ["doc-00002"]
    told = json.loads(done(campaign.instance.root, "pull", "--json", *campaign.words))
    assert told["pulled"][0]["to_fix"] == ["doc-00002"]
    campaign.ask("PATCH", f"/api/annotations/{number}/", {"result": campaign.result("doc-00002")})
    assert campaign.pull().to_fix == []
    assert listed(campaign) is None


def broken(stage: Stage) -> None:
    """One document, and an answer with other words than stand there."""
    stage.campaign.fill(document(1))
    stage.quietly("push")
    result = stage.campaign.result("doc-00001")
    result[0]["value"]["text"] = "other words"
    stage.campaign.answer("doc-00001", result)


@pytest.mark.parametrize("fault", [faults.doubled, faults.lost, faults.overtaken, faults.broken])
def test_one_tab_is_left_whatever_became_of_the_request(stage: Stage, fault: Fault) -> None:
    broken(stage)
    stage.proxy.fault = once("POST …api/dm/views", fault)
    assert stage.run("pull").in_one_line()
    stage.quietly("pull")
    assert listed(stage.campaign) == ["doc-00001"]


def test_a_late_twin_goes_with_the_next_pull(stage: Stage) -> None:
    """Another checkout pulled at the same time, or the network gave the request a second time."""
    broken(stage)
    stage.quietly("pull")
    stage.campaign.client.create_view(stage.campaign.project, TITLE, ["doc-00001"])
    stage.quietly("pull")
    assert listed(stage.campaign) == ["doc-00001"]


def test_a_checkout_that_knows_nothing_clears_what_is_left_behind(campaign: Campaign) -> None:
    campaign.fill(document(1))
    campaign.push()
    for _ in range(2):
        campaign.client.create_view(campaign.project, TITLE, ["doc-00001"])
    campaign.pull()
    assert listed(campaign) is None


def test_nothing_is_asked_where_nothing_changed(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign.fill(document(1))
    campaign.push()
    broken: list[dict[str, Any]] = campaign.result("doc-00001")
    broken[0]["value"]["text"] = "other words"
    campaign.answer("doc-00001", broken)
    for _ in range(2):  # the second finds what the first has made
        campaign.pull()
    monkeypatch.setattr(type(campaign.client), "views", None)  # asking for tabs would raise
    assert campaign.pull().to_fix == ["doc-00001"]
