"""An adjudication push that is killed or cut off, and run again, ends where a quiet one does."""

from __future__ import annotations

import json
import signal
from itertools import product
from typing import Any

import pytest

from sayso.corpus.sources import CorpusFiles
from sayso.labelstudio.adjudication.adjudication_project import AdjudicationProject
from sayso.models import Annotation, Mention, sha256
from sayso.schema.declarations import load_schema
from sayso.settings import SCHEMA_FILE
from tests.command_line import run_sayso
from tests.forked_commands import CommandResult
from tests.labelstudio import faults
from tests.labelstudio.faults import Fault
from tests.labelstudio.proxied_campaign import ProxiedCampaign
from tests.labelstudio.sample_campaign import sample_document
from tests.moments import take_sample

pytestmark = pytest.mark.server

PUSH_COMMAND = ("adjudicate", "push", "--pass", "names")
WRITE_METHODS = ("POST", "PATCH", "DELETE")
ADJUDICATION_FAULTS: dict[str, Fault] = {"lost": faults.lose_response, "doubled": faults.send_twice}


class AdjudicationScenario:
    """Four documents on which two annotators differ, the fourth only at the first push."""

    def __init__(self, proxied: ProxiedCampaign) -> None:
        self.proxied = proxied
        self.corpus = CorpusFiles(proxied.campaign.checkout.root)
        proxied.campaign.write_documents(*map(sample_document, range(4)))

    @property
    def project_key(self) -> AdjudicationProject:
        return AdjudicationProject(self.proxied.campaign.project_key.campaign, "names")

    def push_and_change(self) -> None:
        """Push once, then change the annotations."""
        self.write_annotations("ann-2", 4)
        self.proxied.run_undisturbed(*PUSH_COMMAND)
        self.write_annotations("ann-2", 5, alike=3)

    def write_annotations(self, name: str, end: int, alike: int | None = None) -> None:
        campaign = self.project_key.campaign
        schema = load_schema(self.proxied.campaign.checkout.root / SCHEMA_FILE)
        for annotator in ("ann-1", name):
            ends = [6 if annotator == "ann-1" or n == alike else end for n in range(4)]
            annotations = [
                _build_annotation(number, annotator, each, campaign, schema.version)
                for number, each in enumerate(ends)
            ]
            self.corpus.write_annotations(campaign, annotator, annotations)

    def list_project_ids(self) -> list[int]:
        listed = self.proxied.campaign.client.list_projects()
        return [found.id for found in listed if self.project_key.mark in (found.description or "")]

    def read_state(self) -> Any:
        (project,) = self.list_project_ids()
        contents = [
            [task["data"], [prediction["result"] for prediction in task["predictions"]]]
            for task in self.proxied.campaign.fetch_full_tasks(project)
        ]
        return sorted(json.dumps(content, sort_keys=True) for content in contents)


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
def scenario(proxied: ProxiedCampaign) -> AdjudicationScenario:
    return AdjudicationScenario(proxied)


@pytest.mark.exhaustive
def test_killed_or_cut_off_at_any_write_it_ends_as_a_quiet_one(
    scenario: AdjudicationScenario,
) -> None:
    proxied = scenario.proxied
    scenario.push_and_change()
    proxied.keep()
    requests = proxied.record_requests(*PUSH_COMMAND)
    wanted = scenario.read_state()
    assert len(wanted) == 3 and len(scenario.list_project_ids()) == 1
    writes = [number for number, line in enumerate(requests, 1) if line.startswith(WRITE_METHODS)]
    names = [requests[number - 1].rpartition("/")[2] for number in writes]
    assert names == ["import", "actions", "actions"]
    moments = list(product(writes, ("killed before", "killed after", "lost", "doubled")))
    for number, kind in take_sample(moments, 6):
        proxied.set_back()
        ended = _run_with_fault(proxied, kind, number)
        proxied.run_undisturbed(*PUSH_COMMAND)
        assert scenario.read_state() == wanted, f"{kind} {number}: {ended}"
        assert "nothing to do" in proxied.run_undisturbed(*PUSH_COMMAND)


@pytest.mark.exhaustive
def test_a_first_push_makes_one_project(scenario: AdjudicationScenario) -> None:
    proxied = scenario.proxied
    scenario.write_annotations("ann-2", 5, alike=3)
    proxied.keep()
    requests = proxied.record_requests(*PUSH_COMMAND)
    wanted = scenario.read_state()
    writes = [number for number, line in enumerate(requests, 1) if line.startswith(WRITE_METHODS)]
    moments = list(product(writes, ("killed after", "lost", "doubled")))
    for number, kind in take_sample(moments, 5):
        proxied.set_back()
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


def test_a_pull_that_is_killed_leaves_the_gold_whole(scenario: AdjudicationScenario) -> None:
    """Without a server it is quick enough to be killed at every change to a file."""
    scenario.write_annotations("ann-2", 5, alike=3)
    proxied, words = scenario.proxied, ("adjudicate", "pull", "--auto", "majority")
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
        pytest.fail("it never ended")
    assert run_sayso(proxied.campaign.checkout.root, "check").returncode == 0
