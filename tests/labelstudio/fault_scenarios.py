"""Commands that are disturbed at one moment and then run again: in the end all is as after a quiet run."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

from sayso.labelstudio.api_types import DataManagerTab
from sayso.labelstudio.repair_tab import TAB_TITLE
from tests.labelstudio import faults
from tests.labelstudio.faults import Fault
from tests.labelstudio.forked_commands import CommandResult
from tests.labelstudio.proxied_campaign import ANN, BOB, ProxiedCampaign
from tests.labelstudio.sample_campaign import sample_document

NETWORK_FAULTS: dict[str, Fault] = {
    "broken": faults.break_before,
    "lost": faults.lose_response,
    "truncated": faults.truncate_response,
    "doubled": faults.send_twice,
    "page": faults.answer_with_html,
    "late": faults.delay_response,
    "overtaken": faults.time_out_after,
    "429": faults.fail_with(429, b'{"detail": "Request was throttled."}', retry_after="1"),
    "500": faults.fail_with(500, b'{"status_code": 500, "detail": "database is locked"}'),
    "502": faults.fail_with(502),
    "503": faults.fail_with(503),
}
KILLS = ("killed before", "killed after")
KILLED_AT_CHANGE = "killed at a change"
"""Before a change to a file; all others are named by a request."""

DEFAULT_TABS = ["Default"]


class FaultScenario:
    """One command on a stage that is set back before each run.

    Attributes:
        asked: the requests of a quiet run, in order.
        wanted: how things stand after it.
    """

    command: tuple[str, ...] = ("push",)
    tabs = DEFAULT_TABS

    def __init__(self, proxied: ProxiedCampaign) -> None:
        self.stage = proxied
        self.prepare()
        self.requests = proxied.record_requests(*self.set_up())
        self.expected = self.read_state()
        assert proxied.list_tab_titles() == self.tabs

    def prepare(self) -> None:
        """Do once what all runs begin with."""

    def set_up(self) -> tuple[str, ...]:
        """Set the stage back; the words of the command."""
        raise NotImplementedError

    def read_state(self) -> object:
        """What has to be the same whatever happened."""
        raise NotImplementedError

    def require_whole_files(self, place: str) -> None:
        """Nothing half done may lie about after a disturbance."""

    def run_disturbed(self, kind: str, number: int) -> CommandResult:
        """Run, be disturbed once, and run again; how the disturbed run ended."""
        words = self.set_up()
        ended = self._run_with_fault(kind, number, words)
        place = f"{kind} {number}: {ended}"
        self.require_whole_files(place)
        assert ended.code or self.read_state() == self.expected, place
        self.stage.run_undisturbed(*words)
        assert (self.read_state(), self.stage.list_tab_titles()) == (self.expected, self.tabs), (
            place
        )
        return ended

    def _run_with_fault(self, kind: str, number: int, words: tuple[str, ...]) -> CommandResult:
        if kind == KILLED_AT_CHANGE:
            return self.stage.run(*words, changes=number)
        if kind in KILLS:
            ended = self.stage.run_killed(number, kind == KILLS[1], *words)
            assert ended.code == -signal.SIGKILL, ended
        else:
            ended = self.stage.run_with_fault(NETWORK_FAULTS[kind], number, *words)
            assert ended.failed_cleanly(), ended
        return ended


class FirstPush(FaultScenario):
    """Five documents in three batches, and a project that is yet to be made."""

    def set_up(self) -> tuple[str, ...]:
        self.stage.reset()
        self.stage.campaign.write_documents(*map(sample_document, range(5)))
        return self.command

    def read_state(self) -> object:
        return self.stage.read_server_tasks(), self.stage.count_projects()


class LaterPush(FirstPush):
    """One step of every kind: new, changed, described, surplus, foretold anew."""

    def set_up(self) -> tuple[str, ...]:
        campaign = self.stage.campaign
        self.stage.reset()
        campaign.write_documents(*map(sample_document, range(4)))
        self.stage.run_undisturbed("push", "--predictions", self._write_predictions(6))
        surplus = [{"data": campaign.fetch_tasks()["doc-00003"]["data"]}]
        campaign.request("POST", f"/api/projects/{campaign.project}/import", surplus)
        campaign.write_documents(
            sample_document(0, "Another text."),
            sample_document(1, title="Renamed"),
            *map(sample_document, range(2, 6)),
        )
        return "push", "--predictions", self._write_predictions(4)

    def _write_predictions(self, end: int) -> str:
        mention = {"id": "p", "label": "Actor", "start": 0, "end": end}
        lines = [
            {"doc_id": held.doc_id, "text_sha256": held.text_sha256, "mentions": [mention]}
            for held in self.stage.campaign.corpus.documents()
        ]
        path = self.stage.campaign.checkout.root / "predictions.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return str(path)


class FirstPull(FaultScenario):
    """Five documents; answers, one of them to fix, a skipped one, and one on a task that was added by hand.

    The server stays as it is but for the tab of what is to be fixed; tab and checkout are set back.
    """

    command: tuple[str, ...] = ("pull", "--prune")
    tabs = sorted([*DEFAULT_TABS, TAB_TITLE])

    def prepare(self) -> None:
        self.submit_answers()
        self._files_before = self.stage.read_pulled_files()
        self._tab = [view.filters[0]["value"] for view in self._repair_tabs()]
        for here, there in self._folders():
            if here.exists():
                shutil.copytree(here, there)

    def submit_answers(self) -> None:
        campaign = self.stage.campaign
        campaign.write_documents(*map(sample_document, range(5)))
        self.stage.run_undisturbed("push")
        self.numbers = [campaign.submit(f"doc-{number:05d}", email=ANN) for number in range(3)]
        self.submit_broken("doc-00001", BOB)
        campaign.submit("doc-00004", email=BOB, skip=True)
        by_hand = [{"data": {"text": "x", "title": "", "about": ""}}]
        path = f"/api/projects/{campaign.project}/import?return_task_ids=true"
        task = campaign.request("POST", path, by_hand)["task_ids"][0]
        campaign.request("POST", f"/api/tasks/{task}/annotations/", {"result": []}, ANN)

    def submit_broken(self, doc_id: str, email: str) -> None:
        result = self.stage.campaign.build_result(doc_id)
        result[0]["value"]["end"] = 10_000
        self.stage.campaign.submit(doc_id, result, email=email)

    def set_up(self) -> tuple[str, ...]:
        client, project = self.stage.campaign.client, self.stage.campaign.project
        for view in self._repair_tabs():
            client.delete_tab(view.id)
        for doc_ids in self._tab:
            client.create_tab(project, TAB_TITLE, doc_ids)
        for here, there in self._folders():
            shutil.rmtree(here, ignore_errors=True)
            if there.exists():
                shutil.copytree(there, here)
        return self.command

    def read_state(self) -> object:
        return self._read_pulled()

    def _read_pulled(self) -> dict[str, bytes]:
        pulled = self.stage.read_pulled_files()
        assert len(pulled) == 3
        return pulled

    def require_whole_files(self, place: str) -> None:
        wanted = self.expected
        assert isinstance(wanted, dict)
        for name, content in self.stage.read_pulled_files().items():
            whole = (self._files_before.get(name), wanted.get(name))
            assert name.endswith(".partial") or content in whole, f"half a file: {name}, {place}"

    def _repair_tabs(self) -> Iterator[DataManagerTab]:
        campaign = self.stage.campaign
        return (
            view for view in campaign.client.list_tabs(campaign.project) if view.title == TAB_TITLE
        )

    def _folders(self) -> list[tuple[Path, Path]]:
        root = self.stage.campaign.checkout.root
        return [
            (root / name, root.parent / "kept" / name) for name in (".sayso", "corpus/annotations")
        ]


class LaterPull(FirstPull):
    """Since the last one an answer was changed, one deleted, one given wrongly, and an answered text has changed."""

    def submit_answers(self) -> None:
        super().submit_answers()
        campaign = self.stage.campaign
        self.stage.run_undisturbed("pull")
        campaign.request("PATCH", f"/api/annotations/{self.numbers[0]}/", {"result": []}, ANN)
        campaign.http_client().delete(f"/api/annotations/{self.numbers[1]}/")
        self.submit_broken("doc-00003", ANN)
        held = {known.doc_id: known for known in campaign.corpus.documents()}
        longer = sample_document(2, f"{held['doc-00002'].text} Later.")
        campaign.write_documents(
            *map(sample_document, range(2)), longer, *map(sample_document, range(3, 5))
        )


class FullPull(LaterPull):
    """The same, and everything is asked for again."""

    command = ("pull", "--prune", "--full")


SCENARIOS: dict[str, type[FaultScenario]] = {
    "first-push": FirstPush,
    "later-push": LaterPush,
    "first-pull": FirstPull,
    "later-pull": LaterPull,
    "full-pull": FullPull,
}
