"""The status: corpus and server compared."""

from __future__ import annotations

import msgspec
import pytest

from sayso.labelstudio.status import read_status
from tests.command_line import run_sayso, run_sayso_ok
from tests.labelstudio.proxied_campaign import ProxiedCampaign
from tests.labelstudio.sample_campaign import SampleCampaign, sample_document

pytestmark = pytest.mark.server


def test_both_sides(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1), sample_document(2))
    campaign.push(limit=1)
    campaign.submit("doc-00001", email="ann@sayso.localhost")
    campaign.submit("doc-00001", email="bob@sayso.localhost", skip=True)
    statuses = {
        status.project_key.pass_name: status
        for status in read_status(
            campaign.checkout, campaign.client, campaign.project_key.campaign, None
        )
    }
    assert statuses["names"].interface_state == "to be created" and statuses["names"].tasks == {
        "new": 2
    }
    status = statuses["all"]
    assert (status.interface_state, status.tasks) == ("up to date", {"unchanged": 1, "new": 1})
    assert sorted(status.on_server.values()) == [1, 1] and status.local.counts == {}
    assert campaign.read_annotation_files() == {}
    campaign.pull()
    (status,) = read_status(
        campaign.checkout, campaign.client, campaign.project_key.campaign, "all"
    )
    assert status.local.counts == status.on_server


def test_the_command(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1))
    campaign.push()
    campaign.submit("doc-00001")
    output = msgspec.json.decode(
        run_sayso_ok(campaign.checkout.root, "status", *campaign.options, "--json")
    )
    assert [status["pass"] for status in output["passes"]] == ["names", "claims", "all"]
    (counts,) = output["passes"][2]["annotations"].values()
    assert counts == {"local": 0, "on_server": 1}
    printed = run_sayso(campaign.checkout.root, "status", *campaign.options)
    assert "up to date" in printed.stdout and "→ `sayso pull` fetches" in printed.stdout


def test_the_projects_of_all_passes_are_asked_for_once(proxied: ProxiedCampaign) -> None:
    proxied.campaign.write_documents(sample_document(1))
    for interface in ("all", "names"):
        proxied.run_undisturbed("push", "--pass", interface)
    pages = -(
        -sum(1 for _project in proxied.campaign.client.list_projects()) // 100
    )  # other tests' are listed too
    asked = [
        each for each in proxied.record_requests("status") if each.startswith("GET api/projects")
    ]
    assert (asked.count("GET api/projects"), len(asked)) == (pages, pages + 2), asked
