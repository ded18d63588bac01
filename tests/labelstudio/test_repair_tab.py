"""The tab of documents with spans to repair, which is there as long as there are any."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sayso.labelstudio.repair_tab import TAB_TITLE
from tests.command_line import run_sayso_ok
from tests.labelstudio import faults
from tests.labelstudio.faults import Fault, fault_once
from tests.labelstudio.proxied_campaign import ProxiedCampaign
from tests.labelstudio.sample_campaign import SampleCampaign, sample_document

pytestmark = pytest.mark.server


def listed(campaign: SampleCampaign) -> list[str] | None:
    """Return the documents of the tab as the server has them; None without a tab."""
    views = campaign.request("GET", f"/api/dm/views/?project={campaign.project}")
    tabs = [view["id"] for view in views if view["data"]["title"] == TAB_TITLE]
    if not tabs:
        return None
    assert len(tabs) == 1
    tasks = campaign.request("GET", f"/api/tasks?view={tabs[0]}&fields=all")["tasks"]
    return sorted(task["data"]["doc_id"] for task in tasks)


def test_the_tab_follows_what_is_left_to_fix(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1), sample_document(2), sample_document(3))
    campaign.push()
    assert campaign.pull().to_fix == []
    assert listed(campaign) is None
    broken = campaign.build_result("doc-00002")
    broken[0]["value"]["end"] = 10_000
    number = campaign.submit("doc-00002", broken)
    campaign.submit("doc-00003")
    assert campaign.pull().to_fix == ["doc-00002"]
    assert listed(campaign) == ["doc-00002"]
    told = json.loads(run_sayso_ok(campaign.checkout.root, "pull", "--json", *campaign.options))
    assert told["pulled"][0]["to_fix"] == ["doc-00002"]
    campaign.request(
        "PATCH", f"/api/annotations/{number}/", {"result": campaign.build_result("doc-00002")}
    )
    assert campaign.pull().to_fix == []
    assert listed(campaign) is None


def broken(proxied: ProxiedCampaign) -> None:
    """Push one document, and submit a mention with another text than the document has."""
    proxied.campaign.write_documents(sample_document(1))
    proxied.run_undisturbed("push")
    result = proxied.campaign.build_result("doc-00001")
    result[0]["value"]["text"] = "other words"
    proxied.campaign.submit("doc-00001", result)


@pytest.mark.parametrize(
    "fault", [faults.send_twice, faults.lose_response, faults.time_out_after, faults.break_before]
)
def test_one_tab_is_left_whatever_became_of_the_request(
    proxied: ProxiedCampaign, fault: Fault
) -> None:
    broken(proxied)
    proxied.proxy.plan = fault_once("POST …api/dm/views", fault)
    assert proxied.run("pull").failed_cleanly()
    proxied.run_undisturbed("pull")
    assert listed(proxied.campaign) == ["doc-00001"]


def test_a_late_twin_goes_with_the_next_pull(proxied: ProxiedCampaign) -> None:
    """Another checkout pulled at the same time, or the network gave the request a second time."""
    broken(proxied)
    proxied.run_undisturbed("pull")
    proxied.campaign.client.create_tab(proxied.campaign.project, TAB_TITLE, ["doc-00001"])
    proxied.run_undisturbed("pull")
    assert listed(proxied.campaign) == ["doc-00001"]


def test_a_checkout_that_knows_nothing_clears_what_is_left_behind(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1))
    campaign.push()
    for _ in range(2):
        campaign.client.create_tab(campaign.project, TAB_TITLE, ["doc-00001"])
    campaign.pull()
    assert listed(campaign) is None


def test_nothing_is_asked_where_nothing_changed(
    campaign: SampleCampaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign.write_documents(sample_document(1))
    campaign.push()
    broken: list[dict[str, Any]] = campaign.build_result("doc-00001")
    broken[0]["value"]["text"] = "other words"
    campaign.submit("doc-00001", broken)
    for _ in range(2):  # the second finds what the first has made
        campaign.pull()
    monkeypatch.setattr(type(campaign.client), "list_tabs", None)  # asking for tabs would raise
    assert campaign.pull().to_fix == ["doc-00001"]
