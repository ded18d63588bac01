"""Commands that are disturbed at one moment and then run again: in the end all is as after a quiet run."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

from sayso.studio.client import View
from sayso.studio.repairs import TITLE
from tests.studio import faults
from tests.studio.campaigns import document
from tests.studio.faults import Fault
from tests.studio.runs import Ended
from tests.studio.stage import ANN, BOB, Stage

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
KILLS = ("killed before", "killed after")
CHANGE = "killed at a change"
"""Before a change to a file; all others are named by a request."""

TABS = ["Default"]


class Rehearsal:
    """One command on a stage that is set back before each run.

    Attributes:
        asked: the requests of a quiet run, in order.
        wanted: how things stand after it.
    """

    words: tuple[str, ...] = ("push",)
    tabs = TABS

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.prepare()
        self.asked = stage.requests(*self.begin())
        self.wanted = self.state()
        assert stage.tabs() == self.tabs

    def prepare(self) -> None:
        """Do once what all runs begin with."""

    def begin(self) -> tuple[str, ...]:
        """Set the stage back; the words of the command."""
        raise NotImplementedError

    def state(self) -> object:
        """What has to be the same whatever happened."""
        raise NotImplementedError

    def require_whole(self, place: str) -> None:
        """Nothing half done may lie about after a disturbance."""

    def disturbed(self, kind: str, number: int) -> Ended:
        """Run, be disturbed once, and run again; how the disturbed run ended."""
        words = self.begin()
        ended = self._disturbed(kind, number, words)
        place = f"{kind} {number}: {ended}"
        self.require_whole(place)
        assert ended.code or self.state() == self.wanted, place
        self.stage.quietly(*words)
        assert (self.state(), self.stage.tabs()) == (self.wanted, self.tabs), place
        return ended

    def _disturbed(self, kind: str, number: int, words: tuple[str, ...]) -> Ended:
        if kind == CHANGE:
            return self.stage.run(*words, changes=number)
        if kind in KILLS:
            ended = self.stage.killed(number, kind == KILLS[1], *words)
            assert ended.code == -signal.SIGKILL, ended
        else:
            ended = self.stage.disturbed(NETWORK[kind], number, *words)
            assert ended.in_one_line(), ended
        return ended


class FirstPush(Rehearsal):
    """Five documents in three batches, and a project that is yet to be made."""

    def begin(self) -> tuple[str, ...]:
        self.stage.anew()
        self.stage.campaign.fill(*map(document, range(5)))
        return self.words

    def state(self) -> object:
        return self.stage.held(), self.stage.projects()


class LaterPush(FirstPush):
    """One step of every kind: new, changed, described, surplus, foretold anew."""

    def begin(self) -> tuple[str, ...]:
        campaign = self.stage.campaign
        self.stage.anew()
        campaign.fill(*map(document, range(4)))
        self.stage.quietly("push", "--predictions", self._foretold(6))
        surplus = [{"data": campaign.tasks()["doc-00003"]["data"]}]
        campaign.ask("POST", f"/api/projects/{campaign.project}/import", surplus)
        campaign.fill(document(0, "Another text."), document(1, title="Renamed"), *map(document, range(2, 6)))
        return "push", "--predictions", self._foretold(4)

    def _foretold(self, end: int) -> str:
        mention = {"id": "p", "label": "Actor", "start": 0, "end": end}
        lines = [{"doc_id": held.doc_id, "text_sha256": held.text_sha256, "mentions": [mention]}
                 for held in self.stage.campaign.corpus.documents()]  # fmt: skip
        path = self.stage.campaign.instance.root / "predictions.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return str(path)


class FirstPull(Rehearsal):
    """Five documents; answers, one of them to fix, a skipped one, and one on a task that was added by hand.

    The server stays as it is but for the tab of what is to be fixed; tab and checkout are set back.
    """

    words: tuple[str, ...] = ("pull", "--prune")
    tabs = sorted([*TABS, TITLE])

    def prepare(self) -> None:
        self.answer()
        self._before = self.stage.pulled()
        self._tab = [view.filters[0]["value"] for view in self._ours()]
        for here, there in self._folders():
            if here.exists():
                shutil.copytree(here, there)

    def answer(self) -> None:
        campaign = self.stage.campaign
        campaign.fill(*map(document, range(5)))
        self.stage.quietly("push")
        self.numbers = [campaign.answer(f"doc-{number:05d}", email=ANN) for number in range(3)]
        self.answer_wrongly("doc-00001", BOB)
        campaign.answer("doc-00004", email=BOB, skip=True)
        by_hand = [{"data": {"text": "x", "title": "", "about": ""}}]
        path = f"/api/projects/{campaign.project}/import?return_task_ids=true"
        task = campaign.ask("POST", path, by_hand)["task_ids"][0]
        campaign.ask("POST", f"/api/tasks/{task}/annotations/", {"result": []}, ANN)

    def answer_wrongly(self, doc_id: str, email: str) -> None:
        result = self.stage.campaign.result(doc_id)
        result[0]["value"]["end"] = 10_000
        self.stage.campaign.answer(doc_id, result, email=email)

    def begin(self) -> tuple[str, ...]:
        client, project = self.stage.campaign.client, self.stage.campaign.project
        for view in self._ours():
            client.delete_view(view.id)
        for doc_ids in self._tab:
            client.create_view(project, TITLE, doc_ids)
        for here, there in self._folders():
            shutil.rmtree(here, ignore_errors=True)
            if there.exists():
                shutil.copytree(there, here)
        return self.words

    def state(self) -> object:
        return self._pulled()

    def _pulled(self) -> dict[str, bytes]:
        pulled = self.stage.pulled()
        assert len(pulled) == 3
        return pulled

    def require_whole(self, place: str) -> None:
        wanted = self.wanted
        assert isinstance(wanted, dict)
        for name, content in self.stage.pulled().items():
            whole = (self._before.get(name), wanted.get(name))
            assert name.endswith(".partial") or content in whole, f"half a file: {name}, {place}"

    def _ours(self) -> Iterator[View]:
        campaign = self.stage.campaign
        return (view for view in campaign.client.views(campaign.project) if view.title == TITLE)

    def _folders(self) -> list[tuple[Path, Path]]:
        root = self.stage.campaign.instance.root
        return [(root / name, root.parent / "kept" / name) for name in (".sayso", "corpus/annotations")]


class LaterPull(FirstPull):
    """Since the last one an answer was changed, one deleted, one given wrongly, and an answered text has changed."""

    def answer(self) -> None:
        super().answer()
        campaign = self.stage.campaign
        self.stage.quietly("pull")
        campaign.ask("PATCH", f"/api/annotations/{self.numbers[0]}/", {"result": []}, ANN)
        campaign.http().delete(f"/api/annotations/{self.numbers[1]}/")
        self.answer_wrongly("doc-00003", ANN)
        held = {known.doc_id: known for known in campaign.corpus.documents()}
        longer = document(2, f"{held['doc-00002'].text} Later.")
        campaign.fill(*map(document, range(2)), longer, *map(document, range(3, 5)))


class FullPull(LaterPull):
    """The same, and everything is asked for again."""

    words = ("pull", "--prune", "--full")


SCENARIOS: dict[str, type[Rehearsal]] = {
    "first-push": FirstPush,
    "later-push": LaterPush,
    "first-pull": FirstPull,
    "later-pull": LaterPull,
    "full-pull": FullPull,
}
