"""An adjudication push that is killed or cut off, and run again, ends where a quiet one does."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from sayso.corpus.sources import CorpusFiles
from sayso.labelstudio.adjudication.adjudication_project import AdjudicationProject
from sayso.models import Annotation, Mention, sha256
from sayso.schema.declarations import load_schema
from sayso.settings import SCHEMA_FILE
from tests.command_line import run_sayso
from tests.labelstudio import faults
from tests.labelstudio.faults import Fault
from tests.labelstudio.forked_commands import CommandResult
from tests.labelstudio.proxied_campaign import ProxiedCampaign
from tests.labelstudio.sample_campaign import sample_document

pytestmark = pytest.mark.server

PUSH_COMMAND = ("adjudicate", "push", "--pass", "names")
WRITE_METHODS = ("POST", "PATCH", "DELETE")
ADJUDICATION_FAULTS: dict[str, Fault] = {"lost": faults.lose_response, "doubled": faults.send_twice}


class AdjudicationScenario:
    """Four documents on which two annotators differ; on the fourth they do not once it is asked again."""

    def __init__(self, proxied: ProxiedCampaign) -> None:
        self.stage = proxied
        self.corpus = CorpusFiles(proxied.campaign.checkout.root)
        proxied.campaign.write_documents(*map(sample_document, range(4)))

    @property
    def project_key(self) -> AdjudicationProject:
        return AdjudicationProject(self.stage.campaign.project_key.campaign, "names")

    def set_up(self) -> None:
        """No project yet, or one with an earlier question to each document."""
        for there in self.list_project_ids():
            self.stage.campaign.client.delete_project(there)
        self.write_annotations("ann-2", 4)
        self.stage.run_undisturbed(*PUSH_COMMAND)
        self.write_annotations("ann-2", 5, alike=3)

    def write_annotations(self, name: str, end: int, alike: int | None = None) -> None:
        campaign, schema = (
            self.project_key.campaign,
            load_schema(self.stage.campaign.checkout.root / SCHEMA_FILE),
        )
        for annotator in ("ann-1", name):
            given = [
                _build_annotation(
                    number,
                    annotator,
                    6 if annotator == "ann-1" or number == alike else end,
                    campaign,
                    schema.version,
                )
                for number in range(4)
            ]
            self.corpus.write_annotations(campaign, annotator, given)

    def list_project_ids(self) -> list[int]:
        listed = self.stage.campaign.client.list_projects()
        return [found.id for found in listed if self.project_key.mark in (found.description or "")]

    def read_state(self) -> Any:
        (there,) = self.list_project_ids()
        asked: dict[str, Any] = {"project": there, "page_size": 100, "fields": "all"}
        tasks = self.stage.campaign.http_client().get("/api/tasks", params=asked).json()["tasks"]
        results = [[one["result"] for one in task["predictions"]] for task in tasks]
        return sorted(
            json.dumps([task["data"], result], sort_keys=True)
            for task, result in zip(tasks, results, strict=True)
        )


def _build_annotation(
    number: int, annotator: str, end: int, campaign: str, version: str
) -> Annotation:
    text = sample_document(number).text
    mention = Mention(
        id="m", label="Actor", start=0, end=end, text=text[:end], attributes={"type": "civilian"}
    )
    return Annotation(
        doc_id=sample_document(number).doc_id,
        text_sha256=sha256(text),
        campaign=campaign,
        interface="names",
        annotator=annotator,
        annotator_kind="human",
        schema_version=version,
        status="submitted",
        created="2026-01-01T00:00:00Z",
        updated="2026-01-01T00:00:00Z",
        mentions=(mention,),
    )


@pytest.fixture
def rehearsal(proxied: ProxiedCampaign) -> AdjudicationScenario:
    return AdjudicationScenario(proxied)


def test_killed_or_cut_off_at_any_write_it_ends_as_a_quiet_one(
    scenario: AdjudicationScenario,
) -> None:
    proxied = scenario.stage
    scenario.set_up()
    asked = proxied.record_requests(*PUSH_COMMAND)
    wanted = scenario.read_state()
    assert len(wanted) == 3 and len(scenario.list_project_ids()) == 1
    writes = [number for number, line in enumerate(asked, 1) if line.startswith(WRITE_METHODS)]
    assert [asked[number - 1].rpartition("/")[2] for number in writes] == [
        "import",
        "actions",
        "actions",
    ]
    for number in writes:
        for kind in ("killed before", "killed after", "lost", "doubled"):
            scenario.set_up()
            ended = _run_with_fault(proxied, kind, number)
            proxied.run_undisturbed(*PUSH_COMMAND)
            assert scenario.read_state() == wanted, f"{kind} {number}: {ended}"
            assert "nothing to do" in proxied.run_undisturbed(*PUSH_COMMAND)


def test_a_first_push_makes_one_project(scenario: AdjudicationScenario) -> None:
    proxied = scenario.stage
    scenario.write_annotations("ann-2", 5, alike=3)
    asked = proxied.record_requests(*PUSH_COMMAND)
    wanted = scenario.read_state()
    for number in [
        number for number, line in enumerate(asked, 1) if line.startswith(WRITE_METHODS)
    ]:
        for kind in ("killed after", "lost", "doubled"):
            for there in scenario.list_project_ids():
                proxied.campaign.client.delete_project(there)
            ended = _run_with_fault(proxied, kind, number)
            proxied.run_undisturbed(*PUSH_COMMAND)
            assert scenario.read_state() == wanted, f"{kind} {number}: {ended}"


def _run_with_fault(proxied: ProxiedCampaign, kind: str, number: int) -> CommandResult:
    if kind in ADJUDICATION_FAULTS:
        ended = proxied.run_with_fault(ADJUDICATION_FAULTS[kind], number, *PUSH_COMMAND)
        assert ended.failed_cleanly(), ended
        return ended
    ended = proxied.run_killed(number, kind == "killed after", *PUSH_COMMAND)
    assert ended.code == -signal.SIGKILL, ended
    return ended


def test_a_pull_that_is_killed_leaves_the_gold_whole(
    scenario: AdjudicationScenario, tmp_path: Path
) -> None:
    """It writes one file, whole or not at all; without a server it is quick enough to be killed at every change."""
    scenario.write_annotations("ann-2", 5, alike=3)
    proxied, words = scenario.stage, ("adjudicate", "pull", "--auto", "majority")
    path = scenario.corpus.folder / "gold" / f"{scenario.project_key.campaign}.jsonl"
    proxied.run_undisturbed(*words)
    wanted = path.read_bytes()
    for change in range(1, 30):
        path.unlink(missing_ok=True)
        ended = proxied.run(*words, changes=change)
        assert ended.code in (0, -signal.SIGKILL)
        assert not path.exists() or path.read_bytes() == wanted
        proxied.run_undisturbed(*words)
        assert path.read_bytes() == wanted
        if ended.code == 0:
            break
    else:
        pytest.fail("it never came to its end")
    assert run_sayso(proxied.campaign.checkout.root, "check").returncode == 0
