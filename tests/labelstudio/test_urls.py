"""The sync state of a project holds under any address of its server, in any checkout."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sayso.labelstudio import project, server
from sayso.labelstudio.connection import connect
from sayso.settings import Checkout, find_checkout
from tests.conftest import LabelStudioServer, stop_server_after
from tests.labelstudio.sample_campaign import SampleCampaign, open_campaign, sample_document

pytestmark = pytest.mark.server


def rename_label(checkout: Checkout) -> None:
    """Rename a label of the schema, so that the server's interface is behind."""
    schema = checkout.root / "schema/schema.yaml"
    schema.write_text(schema.read_text().replace("Actor", "Doer"))


@pytest.mark.slow
def test_the_embedded_server_moves_to_another_port(checkout: Checkout) -> None:
    with stop_server_after(checkout):
        labelstudio = LabelStudioServer(checkout, server.start(checkout, 0))
        with open_campaign(labelstudio, checkout) as campaign:
            campaign.write_documents(*map(sample_document, range(3)))
            campaign.push()
            campaign.submit("doc-00001")
            assert len(campaign.pull().written) == 1
        server.stop(checkout)
        moved = server.start(checkout, 0)
        assert moved.url != labelstudio.url
        with connect(checkout) as client:
            there = SampleCampaign(
                checkout, labelstudio, client, campaign.project_key, campaign.token_file
            )
            assert there.client.url == moved.url
            assert (there.pull().written, there.push().changes) == ([], 0)
            assert len(list((checkout.private / "cache").glob("labelstudio-*.sqlite3"))) == 1
            rename_label(checkout)
            assert there.plan().interface_state == "outdated"


def test_another_checkout_tells_what_is_behind_from_what_was_edited(
    campaign: SampleCampaign, tmp_path: Path
) -> None:
    campaign.write_documents(sample_document(1))
    campaign.push()
    root = tmp_path / "other"
    shutil.copytree(campaign.checkout.root, root, ignore=shutil.ignore_patterns(".sayso"))
    other = SampleCampaign(
        find_checkout(root),
        campaign.labelstudio,
        campaign.client,
        campaign.project_key,
        campaign.token_file,
    )
    rename_label(other.checkout)
    assert other.plan().interface_state == "outdated"
    other.push(update_interface=True)
    assert (other.plan().interface_state, campaign.plan().interface_state) == (
        "up to date",
        "outdated",
    )


def test_a_project_that_has_lost_our_line_gets_it_back(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1))
    campaign.push()
    path = f"/api/projects/{campaign.project}/"
    campaign.request("PATCH", path, {"description": f"Our first.\n{campaign.project_key.mark}"})
    campaign.push()
    told = campaign.request("GET", path)["description"].splitlines()
    assert told[:2] == ["Our first.", campaign.project_key.mark]
    rename_label(campaign.checkout)
    assert campaign.plan().interface_state == "outdated"


def test_a_first_tab_that_arrived_twice_goes_again(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1))
    campaign.push()
    campaign.client.create_tab(campaign.project)
    campaign.client.create_tab(campaign.project, "Mine")
    campaign.push()
    assert [view.title for view in campaign.client.list_tabs(campaign.project)] == [
        "Default",
        "Mine",
    ]


def test_a_copy_of_a_server_elsewhere_is_another_server(campaign: SampleCampaign) -> None:
    """The same project at another address may be a copy of the database with another state."""
    campaign.write_documents(sample_document(1))
    campaign.push()
    with connect(
        campaign.checkout,
        campaign.labelstudio.url.replace("127.0.0.1", "localhost"),
        campaign.token_file,
    ) as other:
        there = project.find_project(other, campaign.project_key)
        assert there and there.id == campaign.project
        assert (
            SampleCampaign(
                campaign.checkout,
                campaign.labelstudio,
                other,
                campaign.project_key,
                campaign.token_file,
            )
            .push()
            .changes
            == 0
        )
    assert len(list((campaign.checkout.private / "cache").glob("labelstudio-*.sqlite3"))) == 2
