"""Both sides at a glance."""

from __future__ import annotations

import msgspec
import pytest

from sayso.studio.status import status
from tests.commands import done, sayso
from tests.studio.campaigns import Campaign, document
from tests.studio.stage import Stage

pytestmark = pytest.mark.server


def test_both_sides(campaign: Campaign) -> None:
    campaign.fill(document(1), document(2))
    campaign.push(limit=1)
    campaign.answer("doc-00001", email="ann@sayso.localhost")
    campaign.answer("doc-00001", email="bob@sayso.localhost", skip=True)
    sides = {
        side.place.interface: side for side in status(campaign.instance, campaign.client, campaign.place.campaign, None)
    }
    assert sides["names"].interface == "to be made" and sides["names"].tasks == {"new": 2}
    side = sides["all"]
    assert (side.interface, side.tasks) == ("in step", {"unchanged": 1, "new": 1})
    assert sorted(side.there.values()) == [1, 1] and side.here.counts == {}
    assert campaign.files() == {}
    campaign.pull()
    (side,) = status(campaign.instance, campaign.client, campaign.place.campaign, "all")
    assert side.here.counts == side.there


def test_the_command(campaign: Campaign) -> None:
    campaign.fill(document(1))
    campaign.push()
    campaign.answer("doc-00001")
    told = msgspec.json.decode(done(campaign.instance.root, "status", *campaign.words, "--json"))
    assert [side["interface"] for side in told["interfaces"]] == ["names", "claims", "all"]
    (counts,) = told["interfaces"][2]["answers"].values()
    assert counts == {"here": 0, "there": 1}
    printed = sayso(campaign.instance.root, "status", *campaign.words)
    assert "in step" in printed.stdout and "→ `sayso pull` brings" in printed.stdout


def test_the_projects_of_all_passes_are_asked_for_once(stage: Stage) -> None:
    stage.campaign.fill(document(1))
    for interface in ("all", "names"):
        stage.quietly("push", "--interface", interface)
    pages = -(-sum(1 for _project in stage.campaign.client.projects()) // 100)  # other tests' are listed too
    asked = [each for each in stage.requests("status") if each.startswith("GET api/projects")]
    assert (asked.count("GET api/projects"), len(asked)) == (pages, pages + 2), asked
