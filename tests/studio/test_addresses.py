"""What is known of a project is known under any address of its server, and in any checkout."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sayso.settings import Instance, find_instance
from sayso.studio import project, server
from sayso.studio.access import connect
from tests.conftest import Studio, stopped_after
from tests.studio.campaigns import Campaign, begun, document

pytestmark = pytest.mark.server


def moved_on(instance: Instance) -> None:
    """The schema has another label than the interface on the server."""
    schema = instance.root / "schema/schema.yaml"
    schema.write_text(schema.read_text().replace("Actor", "Doer"))


@pytest.mark.slow
def test_the_embedded_server_moves_to_another_port(instance: Instance) -> None:
    with stopped_after(instance):
        studio = Studio(instance, server.up(instance, 0))
        with begun(studio, instance) as campaign:
            campaign.fill(*map(document, range(3)))
            campaign.push()
            campaign.answer("doc-00001")
            assert len(campaign.pull().written) == 1
        server.down(instance)
        moved = server.up(instance, 0)
        assert moved.url != studio.url
        with connect(instance) as client:
            there = Campaign(instance, studio, client, campaign.place, campaign.token_file)
            assert there.client.url == moved.url
            assert (there.pull().written, there.push().changes) == ([], 0)
            assert len(list((instance.private / "cache").glob("studio-*.sqlite3"))) == 1
            moved_on(instance)
            assert there.preview().interface == "behind the schema"


def test_another_checkout_tells_what_is_behind_from_what_was_edited(campaign: Campaign, tmp_path: Path) -> None:
    campaign.fill(document(1))
    campaign.push()
    root = tmp_path / "other"
    shutil.copytree(campaign.instance.root, root, ignore=shutil.ignore_patterns(".sayso"))
    other = Campaign(find_instance(root), campaign.studio, campaign.client, campaign.place, campaign.token_file)
    moved_on(other.instance)
    assert other.preview().interface == "behind the schema"
    other.push(update_interface=True)
    assert (other.preview().interface, campaign.preview().interface) == ("in step", "behind the schema")


def test_a_project_that_has_lost_our_line_gets_it_back(campaign: Campaign) -> None:
    campaign.fill(document(1))
    campaign.push()
    path = f"/api/projects/{campaign.project}/"
    campaign.ask("PATCH", path, {"description": f"Our first.\n{campaign.place.mark}"})
    campaign.push()
    told = campaign.ask("GET", path)["description"].splitlines()
    assert told[:2] == ["Our first.", campaign.place.mark]
    moved_on(campaign.instance)
    assert campaign.preview().interface == "behind the schema"


def test_a_first_tab_that_arrived_twice_goes_again(campaign: Campaign) -> None:
    campaign.fill(document(1))
    campaign.push()
    campaign.client.create_view(campaign.project)
    campaign.client.create_view(campaign.project, "Mine")
    campaign.push()
    assert [view.title for view in campaign.client.views(campaign.project)] == ["Default", "Mine"]


def test_a_copy_of_a_server_elsewhere_is_another_server(campaign: Campaign) -> None:
    """The same project under another address may stand in a copy of the database, where other things are true."""
    campaign.fill(document(1))
    campaign.push()
    with connect(
        campaign.instance, campaign.studio.url.replace("127.0.0.1", "localhost"), campaign.token_file
    ) as other:
        there = project.find(other, campaign.place)
        assert there and there.id == campaign.project
        assert (
            Campaign(campaign.instance, campaign.studio, other, campaign.place, campaign.token_file).push().changes == 0
        )
    assert len(list((campaign.instance.private / "cache").glob("studio-*.sqlite3"))) == 2
