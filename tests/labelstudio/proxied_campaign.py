"""A campaign behind a proxy, on which one command runs again and again."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import sys
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from sayso.labelstudio import server
from sayso.labelstudio.database_template import DATABASE_NAME
from tests import forked_commands
from tests.forked_commands import SHORT_WAITS, CommandResult
from tests.labelstudio import faults
from tests.labelstudio.faults import Fault, FaultProxy
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
    """A campaign behind a proxy; ``patience`` is the setting of its commands, in seconds."""

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

    def count_changes(self, *words: str) -> int:
        """Run without a fault. Return how many changes to files the command makes."""
        self.proxy.plan = lambda _count, _request: faults.pass_through
        return forked_commands.read_change_count(self.run(*words, changes=sys.maxsize))

    def run_undisturbed(self, *words: str) -> str:
        """Run without a fault; fail where the command does."""
        self.proxy.plan = lambda _count, _request: faults.pass_through
        return self.run(*words).require_success()

    def run_with_fault(self, fault: Fault, number: int, *words: str) -> CommandResult:
        """Run with one fault at one request."""
        self.proxy.requests.clear()
        self.proxy.plan = faults.fault_at(number, fault)
        return self.run(*words)

    def run_killed(self, number: int, after: bool, *words: str) -> CommandResult:
        """Run, and kill the command at one request."""
        victim: Future[int] = Future()
        self.proxy.requests.clear()
        self.proxy.plan = faults.fault_at(number, faults.kill_client(victim, after=after))
        process = self.start(*words)
        victim.set_result(process.pid)
        return process.end()

    def record_requests(self, *words: str) -> list[str]:
        """Return the requests of an undisturbed run, in order."""
        self.proxy.requests.clear()
        self.run_undisturbed(*words)
        return list(self.proxy.requests)

    def keep(self) -> None:
        """Keep what the server and the checkout hold now, for `set_back`."""
        database, checkout = self._kept
        shutil.rmtree(checkout, ignore_errors=True)
        shutil.copytree(self.campaign.checkout.root, checkout)
        _copy_database(self._database, database)

    def set_back(self) -> None:
        """Set the server and the checkout back to what was kept."""
        database, checkout = self._kept
        self.proxy.wait_until_idle()
        shutil.rmtree(self.campaign.checkout.root)
        shutil.copytree(checkout, self.campaign.checkout.root)
        _copy_database(database, self._database)

    @property
    def _kept(self) -> tuple[Path, Path]:
        folder = self.campaign.checkout.root.parent
        return folder / "kept.sqlite3", folder / "kept"

    @property
    def _database(self) -> Path:
        folder = server.server_folder(self.campaign.labelstudio.checkout)
        return folder / "data" / DATABASE_NAME

    def read_server_tasks(self) -> list[str]:
        """Return the campaign's tasks with their predictions, without ids."""
        contents = [
            [task["data"], [prediction["result"] for prediction in task["predictions"]]]
            for task in self.campaign.fetch_full_tasks(self.campaign.project)
        ]
        return sorted(json.dumps(content, sort_keys=True) for content in contents)

    def count_projects(self) -> int:
        """Count the projects of the campaign."""
        return len(self._list_project_ids())

    def _list_project_ids(self) -> list[int]:
        listed, mark = self.campaign.client.list_projects(), self.campaign.project_key.mark
        return [found.id for found in listed if mark in (found.description or "")]

    def list_tab_titles(self) -> list[str]:
        """Return the titles of the project's tabs."""
        return sorted(tab.title for tab in self.campaign.client.list_tabs(self.campaign.project))

    def read_pulled_files(self) -> dict[str, bytes]:
        """Return the files that a pull writes, and whatever it left behind."""
        root = self.campaign.checkout.root
        names = ("corpus/annotations", "corpus/history", ".sayso/quarantine")
        folders = [root / name for name in names]
        return {
            str(path.relative_to(root)): path.read_bytes()
            for folder in folders
            for path in folder.rglob("*")
            if path.is_file()
        }


def _copy_database(source: Path, target: Path) -> None:
    """Copy a database in one transaction, also into one that a server has open."""
    with (
        contextlib.closing(sqlite3.connect(source, timeout=60)) as kept,
        contextlib.closing(sqlite3.connect(target, timeout=60)) as copy,
    ):
        kept.backup(copy)
