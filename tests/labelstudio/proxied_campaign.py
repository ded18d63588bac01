"""A campaign behind a proxy, on which a command is rehearsed again and again."""

from __future__ import annotations

import json
import secrets
import shutil
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any

from tests.labelstudio import faults, forked_commands
from tests.labelstudio.faults import Fault, FaultProxy
from tests.labelstudio.forked_commands import SHORT_WAITS, CommandResult
from tests.labelstudio.sample_campaign import SampleCampaign

SMALL_BATCHES = {
    **SHORT_WAITS,
    "push__BATCH_TASKS": 16,
    "push__MAX_TASKS_PER_QUERY": 2,
    "fetched_annotations__TASKS_PER_PAGE": 2,
    "sync_state__TASKS_PER_PAGE": 2,
}
ANN, BOB = "ann@sayso.localhost", "bob@sayso.localhost"


@dataclass
class ProxiedCampaign:
    """One campaign behind a proxy; ``patience`` is what its commands have, in seconds."""

    campaign: SampleCampaign
    proxy: FaultProxy
    patience: int = 3

    def start(self, *words: str, changes: int = 0) -> forked_commands.RunningCommand:
        words = (*words, "--campaign", self.campaign.project_key.campaign, "--url", self.proxy.url)
        environment = {
            "SAYSO_TOKEN": self.campaign.labelstudio.token,
            "SAYSO_PSEUDONYM_KEY": "k" * 64,
            "SAYSO_PATIENCE": str(self.patience),
        }
        return forked_commands.start_command(
            self.campaign.checkout.root,
            *words,
            environment=environment,
            changes=changes,
            **SMALL_BATCHES,
        )

    def run(self, *words: str, changes: int = 0) -> CommandResult:
        return self.start(*words, changes=changes).end()

    def run_undisturbed(self, *words: str) -> str:
        """Run undisturbed."""
        self.proxy.fault = lambda _count, _asked: faults.pass_through
        return self.run(*words).require_success()

    def run_with_fault(self, fault: Fault, number: int, *words: str) -> CommandResult:
        """Run with one fault at one request."""
        self.proxy.requests.clear()
        self.proxy.fault = faults.fault_at(number, fault)
        return self.run(*words)

    def run_killed(self, number: int, after: bool, *words: str) -> CommandResult:
        """Run, and die at one request."""
        victim: Future[int] = Future()
        self.proxy.requests.clear()
        self.proxy.fault = faults.fault_at(number, faults.kill_client(victim, after=after))
        process = self.start(*words)
        victim.set_result(process.pid)
        return process.end()

    def record_requests(self, *words: str) -> list[str]:
        """What a quiet run asks, in order."""
        self.proxy.requests.clear()
        self.run_undisturbed(*words)
        return list(self.proxy.requests)

    def reset(self) -> None:
        """Another campaign, that nobody has pushed yet, and nothing left of this one: lists stay short."""
        for number in self._list_project_ids():
            self.campaign.client.delete_project(number)
        self.campaign.project_key = replace(
            self.campaign.project_key, campaign=f"test-{secrets.token_hex(4)}"
        )
        shutil.rmtree(self.campaign.checkout.private, ignore_errors=True)

    def read_server_tasks(self) -> list[str]:
        """What the server holds for the campaign, without the numbers that it gave."""
        asked: dict[str, Any] = {
            "project": self.campaign.project,
            "page_size": 1000,
            "fields": "all",
        }
        tasks = self.campaign.http_client().get("/api/tasks", params=asked).json()["tasks"]
        return sorted(
            json.dumps([task["data"], _extract_results(task["predictions"])], sort_keys=True)
            for task in tasks
        )

    def count_projects(self) -> int:
        """How many projects of the campaign there are."""
        return len(self._list_project_ids())

    def _list_project_ids(self) -> list[int]:
        mark = self.campaign.project_key.mark
        return [
            found.id
            for found in self.campaign.client.list_projects()
            if mark in (found.description or "")
        ]

    def list_tab_titles(self) -> list[str]:
        """The titles of the tabs that the project has."""
        return sorted(view.title for view in self.campaign.client.list_tabs(self.campaign.project))

    def read_pulled_files(self) -> dict[str, bytes]:
        """The files that a pull writes, and whatever it left behind."""
        root = self.campaign.checkout.root
        folders = root / "corpus" / "annotations", root / ".sayso" / "quarantine"
        return {
            str(path.relative_to(root)): path.read_bytes()
            for folder in folders
            for path in folder.rglob("*")
            if path.is_file()
        }


def _extract_results(given: list[dict[str, Any]]) -> list[Any]:
    return [one["result"] for one in given]
