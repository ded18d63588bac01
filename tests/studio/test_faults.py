"""Killed at any moment, or disturbed by the network at any request, and run again: the end is that of a quiet run."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import TypeVar

import pytest

from sayso.studio.client import View
from sayso.studio.repairs import TITLE
from tests.studio import faults
from tests.studio.campaigns import document
from tests.studio.faults import Fault
from tests.studio.stage import ANN, BOB, Stage

pytestmark = pytest.mark.server

EVERY = int(os.environ.get("SAYSO_FAULTS_EVERY", "31"))  # 1 takes every moment: most of an hour
NETWORK: dict[str, Fault] = {
    "broken": faults.broken,
    "lost": faults.lost,
    "truncated": faults.truncated,
    "doubled": faults.doubled,
    "page": faults.page,
    "late": faults.late,
    "overtaken": faults.overtaken,
    "429": faults.failing(429, b'{"detail": "Request was throttled."}', retry_after="1"),
    "500": faults.failing(500, b'{"status_code": 500, "detail": "database is locked"}'),
    "502": faults.failing(502),
    "503": faults.failing(503),
}


def first_push(stage: Stage) -> tuple[str, ...]:
    """Five documents in three batches, and a project that is yet to be made."""
    stage.anew()
    stage.campaign.fill(*map(document, range(5)))
    return ("push",)


def foretold(stage: Stage, end: int) -> str:
    """A prediction for each document."""
    mention = {"id": "p", "label": "Actor", "start": 0, "end": end}
    lines = [{"doc_id": held.doc_id, "text_sha256": held.text_sha256, "mentions": [mention]}
             for held in stage.campaign.corpus.documents()]  # fmt: skip
    path = stage.campaign.instance.root / "predictions.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return str(path)


def later_push(stage: Stage) -> tuple[str, ...]:
    """One step of every kind: new, changed, described, surplus, foretold anew."""
    stage.anew()
    stage.campaign.fill(*map(document, range(4)))
    stage.quietly("push", "--predictions", foretold(stage, 6))
    surplus = [{"data": stage.campaign.tasks()["doc-00003"]["data"]}]
    stage.campaign.ask("POST", f"/api/projects/{stage.campaign.project}/import", surplus)
    stage.campaign.fill(document(0, "Another text."), document(1, title="Renamed"), *map(document, range(2, 6)))
    return ("push", "--predictions", foretold(stage, 4))


PUSHES = [first_push, later_push]
T = TypeVar("T")
Prepare = Callable[[Stage], tuple[str, ...]]


def chosen(moments: Iterable[T]) -> list[T]:
    """Every moment where all are asked for, else a share that is spread over them."""
    return list(moments)[::-EVERY]


@pytest.mark.slow
@pytest.mark.parametrize("prepare", PUSHES)
def test_a_push_killed_at_any_request(stage: Stage, prepare: Prepare) -> None:
    count = stage.requests(*prepare(stage))
    quiet = stage.held()
    for number, after in chosen(product(range(1, count + 1), (False, True))):
        words = prepare(stage)
        assert stage.killed(number, after, *words) == -signal.SIGKILL
        stage.quietly(*words)
        assert (stage.held(), stage.projects()) == (quiet, 1), f"killed {'after' if after else 'before'} {number}"


@pytest.mark.slow
@pytest.mark.parametrize("prepare", PUSHES)
def test_a_push_killed_at_any_change_of_a_file(stage: Stage, prepare: Prepare) -> None:
    stage.quietly(*prepare(stage))
    quiet = stage.held()
    for number in range(1, 100, min(EVERY, 5)):
        words = prepare(stage)
        code = stage.run(*words, changes=number).code
        stage.quietly(*words)
        assert (stage.held(), stage.projects()) == (quiet, 1), f"killed at change {number}"
        if code == 0:
            break
    assert number > 5


@pytest.mark.slow
@pytest.mark.parametrize("prepare", PUSHES)
def test_a_push_over_a_bad_network(stage: Stage, prepare: Prepare) -> None:
    count = stage.requests(*prepare(stage))
    quiet = stage.held()
    for number, fault in chosen(product(range(1, count + 1), NETWORK)):
        words = prepare(stage)
        disturbed = stage.disturbed(NETWORK[fault], number, *words)
        place = f"{fault} at {number}, {stage.proxy.asked[number - 1]}: {disturbed}"
        assert disturbed.in_one_line(), place
        assert disturbed.code or stage.held() == quiet, place
        stage.quietly(*words)
        assert (stage.held(), stage.projects()) == (quiet, 1), place


# Pull: the server stays as it is, and the checkout is set back.


def answered(stage: Stage) -> list[int]:
    """Five documents; answers, one of them to fix, a skipped one, and one on a task that was added by hand.

    The numbers of the first three answers.
    """
    campaign = stage.campaign
    campaign.fill(*map(document, range(5)))
    stage.quietly("push")
    numbers = [campaign.answer(f"doc-{number:05d}", email=ANN) for number in range(3)]
    broken = campaign.result("doc-00001")
    broken[0]["value"]["end"] = 10_000
    campaign.answer("doc-00001", broken, email=BOB)
    campaign.answer("doc-00004", email=BOB, skip=True)
    by_hand = [{"data": {"text": "x", "title": "", "about": ""}}]
    path = f"/api/projects/{campaign.project}/import?return_task_ids=true"
    task = campaign.ask("POST", path, by_hand)["task_ids"][0]
    campaign.ask("POST", f"/api/tasks/{task}/annotations/", {"result": []}, ANN)
    return numbers


def before_a_pull(stage: Stage, which: str) -> None:
    """Before a first one; or before a later one, when since then an answer was changed, one deleted, one given and one
    broken, and a text has changed that somebody had answered."""
    numbers = answered(stage)
    if which == "first":
        return
    campaign = stage.campaign
    stage.quietly("pull")
    campaign.ask("PATCH", f"/api/annotations/{numbers[0]}/", {"result": []}, ANN)
    campaign.http().delete(f"/api/annotations/{numbers[1]}/")
    broken = campaign.result("doc-00003")
    broken[0]["value"]["end"] = 10_000
    campaign.answer("doc-00003", broken, email=ANN)
    texts = {held.doc_id: held.text for held in campaign.corpus.documents()}
    campaign.fill(*map(document, range(2)), document(2, f"{texts['doc-00002']} Later."), *map(document, range(3, 5)))


@dataclass
class Checkout:
    """The private folder and the answers of a checkout, and the tab on the server, as they were."""

    stage: Stage
    kept: Path
    tab: list[str] = field(default_factory=list)

    def ours(self) -> list[View]:
        campaign = self.stage.campaign
        return [view for view in campaign.client.views(campaign.project) if view.title == TITLE]

    def folders(self) -> list[tuple[Path, Path]]:
        root = self.stage.campaign.instance.root
        return [(root / name, self.kept / name) for name in (".sayso", "corpus/annotations")]

    def keep(self) -> None:
        for view in self.ours():
            self.tab = view.filters[0]["value"]
        for here, there in self.folders():
            if here.exists():
                shutil.copytree(here, there)

    def set_back(self) -> None:
        client, project = self.stage.campaign.client, self.stage.campaign.project
        for view in self.ours():
            client.delete_view(view.id)
        if self.tab:
            client.create_view(project, TITLE, self.tab)
        for here, there in self.folders():
            shutil.rmtree(here, ignore_errors=True)
            if there.exists():
                shutil.copytree(there, here)


@pytest.fixture(params=["first", "later"])
def checkout(request: pytest.FixtureRequest, stage: Stage, tmp_path: Path) -> Checkout:
    """As it is before a pull."""
    before_a_pull(stage, request.param)
    kept = Checkout(stage, tmp_path / "kept")
    kept.keep()
    return kept


PULL = ("pull", "--prune")
TABS = ["Default", TITLE]


@pytest.mark.slow
def test_a_pull_killed_at_any_request(stage: Stage, checkout: Checkout) -> None:
    count = stage.requests(*PULL)
    quiet = stage.pulled()
    assert len(quiet) == 3
    for number, after in chosen(product(range(1, count + 1), (False, True))):
        checkout.set_back()
        assert stage.killed(number, after, *PULL) == -signal.SIGKILL
        stage.quietly(*PULL)
        assert (stage.pulled(), stage.tabs()) == (quiet, TABS), f"killed {'after' if after else 'before'} {number}"


@pytest.mark.slow
def test_a_pull_killed_at_any_change_of_a_file(stage: Stage, checkout: Checkout) -> None:
    before = stage.pulled()
    stage.quietly(*PULL)
    quiet = stage.pulled()
    for number in range(1, 100, min(EVERY, 5)):
        checkout.set_back()
        code = stage.run(*PULL, changes=number).code
        for name, content in stage.pulled().items():
            whole = (before.get(name), quiet.get(name))
            assert name.endswith(".partial") or content in whole, f"half a file at change {number}"
        stage.quietly(*PULL)
        assert (stage.pulled(), stage.tabs()) == (quiet, TABS), f"killed at change {number}"
        if code == 0:
            break
    assert number > 5


@pytest.mark.slow
def test_a_pull_over_a_bad_network(stage: Stage, checkout: Checkout) -> None:
    count = stage.requests(*PULL)
    quiet = stage.pulled()
    for number, fault in chosen(product(range(1, count + 1), NETWORK)):
        checkout.set_back()
        disturbed = stage.disturbed(NETWORK[fault], number, *PULL)
        place = f"{fault} at {number}, {stage.proxy.asked[number - 1]}: {disturbed}"
        assert disturbed.in_one_line(), place
        assert disturbed.code or stage.pulled() == quiet, place
        stage.quietly(*PULL)
        assert (stage.pulled(), stage.tabs()) == (quiet, TABS), place
