"""An adjudication push that is killed or cut off, and run again, ends where a quiet one does."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from sayso.records import Annotation, Mention, sha256
from sayso.schema import load
from sayso.settings import MARK
from sayso.store import Corpus
from sayso.studio.adjudication.place import Place
from tests.commands import sayso
from tests.studio import faults
from tests.studio.campaigns import document
from tests.studio.faults import Fault
from tests.studio.runs import Ended
from tests.studio.stage import Stage

pytestmark = pytest.mark.server

WORDS = ("adjudicate", "push", "--interface", "names")
WRITES = ("POST", "PATCH", "DELETE")
NETWORK: dict[str, Fault] = {"lost": faults.lost, "doubled": faults.doubled, "broken": faults.broken}


class Rehearsal:
    """Four documents on which two annotators differ; on the fourth they do not once it is asked again."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.corpus = Corpus(stage.campaign.instance.root)
        stage.campaign.fill(*map(document, range(4)))

    @property
    def place(self) -> Place:
        return Place(self.stage.campaign.place.campaign, "names")

    def begin(self) -> None:
        """No project yet, or one with an earlier question to each document."""
        for there in self.projects():
            self.stage.campaign.client.delete_project(there)
        self.answer("ann-2", 4)
        self.stage.quietly(*WORDS)
        self.answer("ann-2", 5, alike=3)

    def answer(self, name: str, end: int, alike: int | None = None) -> None:
        campaign, schema = self.place.campaign, load(self.stage.campaign.instance.root / MARK)
        for annotator in ("ann-1", name):
            given = [
                _answer(
                    number, annotator, 6 if annotator == "ann-1" or number == alike else end, campaign, schema.version
                )
                for number in range(4)
            ]
            self.corpus.write_annotations(campaign, annotator, given)

    def projects(self) -> list[int]:
        listed = self.stage.campaign.client.projects()
        return [found.id for found in listed if self.place.mark in (found.description or "")]

    def state(self) -> Any:
        (there,) = self.projects()
        asked: dict[str, Any] = {"project": there, "page_size": 100, "fields": "all"}
        tasks = self.stage.campaign.http().get("/api/tasks", params=asked).json()["tasks"]
        results = [[one["result"] for one in task["predictions"]] for task in tasks]
        return sorted(
            json.dumps([task["data"], result], sort_keys=True) for task, result in zip(tasks, results, strict=True)
        )


def _answer(number: int, annotator: str, end: int, campaign: str, version: str) -> Annotation:
    text = document(number).text
    mention = Mention(id="m", label="Actor", start=0, end=end, text=text[:end], attributes={"type": "civilian"})
    return Annotation(
        doc_id=document(number).doc_id, text_sha256=sha256(text), campaign=campaign, interface="names",
        annotator=annotator, annotator_kind="human", schema_version=version, status="submitted",
        created="2026-01-01T00:00:00Z", updated="2026-01-01T00:00:00Z", mentions=(mention,),
    )  # fmt: skip


@pytest.fixture
def rehearsal(stage: Stage) -> Rehearsal:
    return Rehearsal(stage)


def test_killed_or_cut_off_at_any_write_it_ends_as_a_quiet_one(rehearsal: Rehearsal) -> None:
    stage = rehearsal.stage
    rehearsal.begin()
    asked = stage.requests(*WORDS)
    wanted = rehearsal.state()
    assert len(wanted) == 3 and len(rehearsal.projects()) == 1
    writes = [number for number, line in enumerate(asked, 1) if line.startswith(WRITES)]
    assert [asked[number - 1].rpartition("/")[2] for number in writes] == ["import", "actions", "actions"]
    for number in writes:
        for kind in ("killed before", "killed after", *NETWORK):
            rehearsal.begin()
            ended = _disturbed(stage, kind, number)
            stage.quietly(*WORDS)
            assert rehearsal.state() == wanted, f"{kind} {number}: {ended}"
            assert "nothing to do" in stage.quietly(*WORDS)


def test_a_first_push_makes_one_project(rehearsal: Rehearsal) -> None:
    stage = rehearsal.stage
    rehearsal.answer("ann-2", 5, alike=3)
    asked = stage.requests(*WORDS)
    wanted = rehearsal.state()
    for number in [number for number, line in enumerate(asked, 1) if line.startswith(WRITES)]:
        for kind in ("killed after", "lost", "doubled"):
            for there in rehearsal.projects():
                stage.campaign.client.delete_project(there)
            ended = _disturbed(stage, kind, number)
            stage.quietly(*WORDS)
            assert rehearsal.state() == wanted, f"{kind} {number}: {ended}"


def _disturbed(stage: Stage, kind: str, number: int) -> Ended:
    if kind in NETWORK:
        ended = stage.disturbed(NETWORK[kind], number, *WORDS)
        assert ended.in_one_line(), ended
        return ended
    ended = stage.killed(number, kind == "killed after", *WORDS)
    assert ended.code == -signal.SIGKILL, ended
    return ended


def test_a_pull_that_is_killed_leaves_the_gold_whole(rehearsal: Rehearsal, tmp_path: Path) -> None:
    """It writes one file, whole or not at all; without a server it is quick enough to be killed at every change."""
    rehearsal.answer("ann-2", 5, alike=3)
    stage, words = rehearsal.stage, ("adjudicate", "pull", "--auto", "majority")
    path = rehearsal.corpus.folder / "gold" / f"{rehearsal.place.campaign}.jsonl"
    stage.quietly(*words)
    wanted = path.read_bytes()
    for change in range(1, 30):
        path.unlink(missing_ok=True)
        ended = stage.run(*words, changes=change)
        assert ended.code in (0, -signal.SIGKILL)
        assert not path.exists() or path.read_bytes() == wanted
        stage.quietly(*words)
        assert path.read_bytes() == wanted
        if ended.code == 0:
            break
    else:
        pytest.fail("it never came to its end")
    assert sayso(stage.campaign.instance.root, "check").returncode == 0
