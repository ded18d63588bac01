"""A project of adjudication whose description somebody has overwritten, on a real server."""

from __future__ import annotations

import shutil

import pytest

from sayso.labelstudio import project
from tests.command_line import run_sayso, run_sayso_ok
from tests.labelstudio.test_adjudicate import AdjudicationBench, bench
from tests.labelstudio.test_origins import answer_in_terminal

pytestmark = pytest.mark.server
__all__ = ["bench"]  # a fixture

RESTORE = "sayso adjudicate push --restore-mark"


def lose_mark(bench: AdjudicationBench) -> tuple[int, list[str]]:
    """Overwrite the description. Return the number of the project, and the lines it had."""
    found = project.find_project(bench.campaign.client, bench.key)
    assert found
    body = {"description": "Our own words."}
    bench.campaign.request("PATCH", f"/api/projects/{found.id}/", body)
    return found.id, [
        line for line in (found.description or "").splitlines() if line.startswith("sayso:")
    ]


@pytest.mark.parametrize("fresh", [False, True])
def test_an_adjudication_project_that_has_lost_its_mark(
    bench: AdjudicationBench, fresh: bool
) -> None:
    """It is known by the sync state, and in a fresh checkout by its tasks."""
    bench.push()
    number, lines = lose_mark(bench)
    if fresh:
        shutil.rmtree(bench.campaign.checkout.private / "cache")
    root, options = bench.campaign.checkout.root, (*bench.campaign.options, "--pass", "all")
    pulled = run_sayso(root, "adjudicate", "pull", *options)
    assert pulled.returncode == 0 and RESTORE in pulled.stderr and "1 waiting" in pulled.stdout
    status = run_sayso_ok(root, "status", *options)
    assert "description has lost our lines" in status and RESTORE in status
    refused = run_sayso(root, "adjudicate", "push", *options)
    assert refused.returncode == 9 and bench.key.mark in refused.stderr
    assert RESTORE in refused.stderr
    planned = run_sayso(root, "adjudicate", "push", "--restore-mark", "--dry-run", *options)
    assert planned.returncode == 0 and "1 waiting" in planned.stdout
    description = bench.campaign.request("GET", f"/api/projects/{number}/")["description"]
    assert description == "Our own words."
    if fresh:
        restored = run_sayso(root, "adjudicate", "push", "--restore-mark", *options)
        assert restored.returncode == 0 and "put our lines back" in restored.stderr
    else:
        assert answer_in_terminal(bench.campaign, "n", "adjudicate", "push") == 9
        assert answer_in_terminal(bench.campaign, "y", "adjudicate", "push") == 0
    told = bench.campaign.request("GET", f"/api/projects/{number}/")["description"].splitlines()
    assert told[0] == "Our own words."
    assert {line.partition(" since=")[0] for line in told[1:]} == {
        line.partition(" since=")[0] for line in lines
    }
    assert bench.push().documents == {"waiting": 1, "gold": 1, "few": 1}
    assert [each.id for each in bench.campaign.client.list_projects() if each.id > number] == []
    assert "description has lost" not in run_sayso_ok(root, "status", *options)


def test_tasks_of_another_campaign_are_not_ours(bench: AdjudicationBench) -> None:
    bench.push()
    number, _lines = lose_mark(bench)
    shutil.rmtree(bench.campaign.checkout.private / "cache")
    campaign = bench.campaign.project_key.campaign
    files = bench.corpus.folder / "annotations"
    shutil.copytree(files / campaign, files / f"{campaign}-2")
    for path in (files / f"{campaign}-2").iterdir():
        path.write_text(path.read_text().replace(campaign, f"{campaign}-2"))
    options = (*bench.campaign.options, "--campaign", f"{campaign}-2", "--pass", "all")
    run_sayso_ok(bench.campaign.checkout.root, "adjudicate", "push", *options)
    assert len([each for each in bench.campaign.client.list_projects() if each.id > number]) == 1
