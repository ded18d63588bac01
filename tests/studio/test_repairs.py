"""What has to be drawn again stands as a tab in Label Studio, for as long as there is something to draw."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sayso.studio.repairs import TITLE
from tests.commands import done
from tests.studio.campaigns import Campaign, document

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


def test_nothing_is_asked_where_nothing_changed(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign.fill(document(1))
    campaign.push()
    broken: list[dict[str, Any]] = campaign.result("doc-00001")
    broken[0]["value"]["text"] = "other words"
    campaign.answer("doc-00001", broken)
    campaign.pull()
    monkeypatch.setattr(type(campaign.client), "views", None)  # asking for tabs would raise
    assert campaign.pull().to_fix == ["doc-00001"]
