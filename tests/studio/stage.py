"""A campaign behind a proxy, on which a command is rehearsed again and again."""

from __future__ import annotations

import json
import secrets
import shutil
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any

from tests.studio import faults, runs
from tests.studio.campaigns import Campaign
from tests.studio.faults import Fault, Proxy
from tests.studio.runs import QUICK, Ended

SMALL = {**QUICK, "push__BATCH_TASKS": 16, "push__BATCH_NUMBERS": 2, "answers__PAGE": 2, "ledger__PAGE": 2}
ANN, BOB = "ann@sayso.localhost", "bob@sayso.localhost"


@dataclass
class Stage:
    """One campaign behind a proxy; ``patience`` is what its commands have, in seconds."""

    campaign: Campaign
    proxy: Proxy
    patience: int = 3

    def start(self, *words: str, changes: int = 0) -> runs.Run:
        words = (*words, "--campaign", self.campaign.place.campaign, "--url", self.proxy.url)
        environment = {"SAYSO_TOKEN": self.campaign.studio.token, "SAYSO_PSEUDONYM_KEY": "k" * 64,
                       "SAYSO_PATIENCE": str(self.patience)}  # fmt: skip
        return runs.start(self.campaign.instance.root, *words, environment=environment, changes=changes, **SMALL)

    def run(self, *words: str, changes: int = 0) -> Ended:
        return self.start(*words, changes=changes).end()

    def quietly(self, *words: str) -> str:
        """Run undisturbed."""
        self.proxy.fault = lambda _count, _asked: faults.passed
        return self.run(*words).well()

    def disturbed(self, fault: Fault, number: int, *words: str) -> Ended:
        """Run with one fault at one request."""
        self.proxy.asked.clear()
        self.proxy.fault = faults.at(number, fault)
        return self.run(*words)

    def killed(self, number: int, after: bool, *words: str) -> Ended:
        """Run, and die at one request."""
        victim: Future[int] = Future()
        self.proxy.asked.clear()
        self.proxy.fault = faults.at(number, faults.killing(victim, after=after))
        process = self.start(*words)
        victim.set_result(process.pid)
        return process.end()

    def requests(self, *words: str) -> list[str]:
        """What a quiet run asks, in order."""
        self.proxy.asked.clear()
        self.quietly(*words)
        return list(self.proxy.asked)

    def anew(self) -> None:
        """Another campaign, that nobody has pushed yet, and nothing left of this one: lists stay short."""
        for number in self._projects():
            self.campaign.client.delete_project(number)
        self.campaign.place = replace(self.campaign.place, campaign=f"test-{secrets.token_hex(4)}")
        shutil.rmtree(self.campaign.instance.private, ignore_errors=True)

    def held(self) -> list[str]:
        """What the server holds for the campaign, without the numbers that it gave."""
        asked: dict[str, Any] = {"project": self.campaign.project, "page_size": 1000, "fields": "all"}
        tasks = self.campaign.http().get("/api/tasks", params=asked).json()["tasks"]
        return sorted(json.dumps([task["data"], _results(task["predictions"])], sort_keys=True) for task in tasks)

    def projects(self) -> int:
        """How many projects of the campaign there are."""
        return len(self._projects())

    def _projects(self) -> list[int]:
        mark = self.campaign.place.mark
        return [found.id for found in self.campaign.client.projects() if mark in (found.description or "")]

    def tabs(self) -> list[str]:
        """The titles of the tabs that the project has."""
        return sorted(view.title for view in self.campaign.client.views(self.campaign.project))

    def pulled(self) -> dict[str, bytes]:
        """The files that a pull writes, and whatever it left behind."""
        root = self.campaign.instance.root
        folders = root / "corpus" / "annotations", root / ".sayso" / "set-aside"
        return {str(path.relative_to(root)): path.read_bytes()
                for folder in folders for path in folder.rglob("*") if path.is_file()}  # fmt: skip


def _results(given: list[dict[str, Any]]) -> list[Any]:
    return [one["result"] for one in given]
