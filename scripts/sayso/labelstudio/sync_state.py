"""What was last seen of one project, so that looking again costs what has changed since and not what is there.

A cache under ``.sayso/``: whoever deletes it loses time, never data. The server stays the truth: each look asks for
whatever changed after the last one, then compares the number of tasks, and starts afresh when they differ.

Accounts stand here by their number on the server; their addresses are in ``.sayso/annotators.jsonl`` and nowhere else.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import Protocol, TypeVar

from sayso.errors import DiskError
from sayso.labelstudio import server, tasks
from sayso.labelstudio.api_types import BareTask, ListedProject, ProjectDetails
from sayso.labelstudio.client import LabelStudioClient
from sayso.labelstudio.controls import TEXT
from sayso.labelstudio.push_plan import KnownTask
from sayso.settings import Checkout

TASKS_PER_PAGE = 250  # tasks of a look without answers
_CREATE_TABLES = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tasks (
    task INTEGER PRIMARY KEY, doc_id TEXT NOT NULL, text_sha256 TEXT NOT NULL, schema_version TEXT NOT NULL,
    facts TEXT NOT NULL, skeleton TEXT NOT NULL, answered INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS by_document ON tasks (doc_id, task);
"""

_UPSERT_TASK = "REPLACE INTO tasks VALUES (?, ?, ?, ?, ?, ?, ?)"


class _TaskWithId(Protocol):
    @property
    def id(self) -> int: ...


class _TaskPage(Protocol):
    @property
    def total(self) -> int: ...
    @property
    def tasks(self) -> Sequence[_TaskWithId]: ...


P = TypeVar("P", bound=_TaskPage)
T = TypeVar("T")


@contextmanager
def open_sync_state(
    checkout: Checkout, client: LabelStudioClient, project: ProjectDetails | ListedProject
) -> Iterator[SyncState]:
    """The ledger of one project of one server.

    A project is known by its number and the microsecond in which it was made. A copy of a database has both, so that
    the address tells a copy from the original; the embedded server is one and the same on whatever port.

    Raises:
        DiskError: SQLite cannot read or write it.
    """
    place = "embedded" if server.is_embedded(checkout, client.url) else client.url
    key = hashlib.sha256(f"{place}\n{project.id}\n{project.created_at}".encode()).hexdigest()[:16]
    path = checkout.private / "cache" / f"studio-{key}.sqlite3"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    connection = sqlite3.connect(path)
    try:
        connection.execute(
            "PRAGMA journal_mode = WAL"
        )  # a commit outlives our death, which is what can happen
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.executescript(_CREATE_TABLES)
        yield SyncState(connection)
    except sqlite3.Error as error:
        raise DiskError(
            str(error), where=str(path), remedy="delete this file and run the command again"
        ) from error
    finally:
        connection.close()


class SyncState:
    """The rows of one project."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def get(self, name: str) -> str:
        """A remembered value; empty where there is none."""
        found = self.connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return str(found[0]) if found else ""

    def put(self, name: str, value: str) -> None:
        """Remember a value; the caller commits."""
        self.connection.execute("REPLACE INTO meta VALUES (?, ?)", (name, value))

    def fetch_pages(self, name: str, fetch: Callable[[int, str], P]) -> Iterator[P]:
        """Pages of what changed since the look called ``name`` was last completed; the next one is fetched ahead.

        What the caller stores while it has a page is committed together with the place to go on from.
        """
        since = self.get(f"{name}.since")
        with ThreadPoolExecutor(1) as line:
            page = fetch(int(self.get(f"{name}.after") or 0), since)
            while True:
                last = max((task.id for task in page.tasks), default=0)
                more = page.total > len(page.tasks)
                ahead = line.submit(fetch, last, since) if more and last else None
                yield page
                self.put(f"{name}.after", str(last))
                self.connection.commit()
                if ahead is None:
                    return
                page = ahead.result()

    def mark_complete(self, name: str, since: str) -> None:
        """The look is complete; the next one asks for changes after ``since``."""
        self.put(f"{name}.since", since)
        self.put(f"{name}.after", "0")
        self.connection.commit()

    def reset(self, name: str, table: str) -> None:
        """Start the look called ``name`` afresh."""
        self.connection.execute(f"DELETE FROM {table}")
        self.put("settled", "")
        self.mark_complete(name, "")

    # Tasks without their answers, for push.

    def update_tasks(self, client: LabelStudioClient, project: int) -> None:
        """Bring the rows of tasks up to date with the server."""
        empty = not self.get("held.since") and not client.count_tasks(project)
        if not empty:
            self._fetch_tasks(client, project)
        if self.count_tasks() != (0 if empty else client.count_tasks(project)):
            self.reset("held", "tasks")
            self._fetch_tasks(client, project)

    def _fetch_tasks(self, client: LabelStudioClient, project: int) -> None:
        if (
            self.get("held.next")
            or not self.get("held.since")
            or not self._fetch_one_page(client, project)
        ):
            self._fetch_all_pages(client, project)
        begun = ((task,) for task in client.list_drafted_task_ids(project))
        self.connection.executemany("UPDATE tasks SET answered = 1 WHERE task = ?", begun)
        self.connection.commit()

    def _fetch_one_page(self, client: LabelStudioClient, project: int) -> bool:
        """Take what has changed where one page holds it all; say whether it did."""
        since = self.get("held.since")
        page = client.fetch_bare_tasks(project, after=0, since=since, size=TASKS_PER_PAGE)
        if page.total > len(page.tasks):
            return False
        self._store_tasks(page.tasks)
        self.mark_complete(
            "held", max([since, *(format_timestamp(task.updated_at) for task in page.tasks)])
        )
        return True

    def _fetch_all_pages(self, client: LabelStudioClient, project: int) -> None:
        """Page after page. Tasks change meanwhile: the next look begins at what was the newest before the first."""
        since = self.get("held.next") or client.fetch_last_change(project)
        self.put(
            "held.next", since
        )  # kept when a look is interrupted: its first pages are as old as that
        for page in self.fetch_pages(
            "held",
            lambda after, since: client.fetch_bare_tasks(
                project, after=after, since=since, size=TASKS_PER_PAGE
            ),
        ):
            self._store_tasks(page.tasks)
        self.put("held.next", "")
        self.mark_complete("held", format_timestamp(since))

    def _store_tasks(self, tasks: Sequence[BareTask]) -> None:
        if tasks:
            self.put("settled", "")  # what push found settled is no longer
        self.connection.executemany(_UPSERT_TASK, map(_build_row, tasks))

    def count_tasks(self) -> int:
        """How many tasks are known."""
        return int(self.connection.execute("SELECT count(*) FROM tasks").fetchone()[0])

    def last_task(self) -> int:
        """The highest number of a task that is known."""
        return int(
            self.connection.execute("SELECT coalesce(max(task), 0) FROM tasks").fetchone()[0]
        )

    def known_tasks(self) -> Iterator[KnownTask]:
        """Every task, in order of doc_id; those that we did not make come first."""
        asked = (
            "SELECT doc_id, task, text_sha256, schema_version, facts, skeleton, answered FROM tasks "
            "ORDER BY doc_id, task"
        )
        yield from map(KnownTask._make, self.connection.execute(asked))

    def add_tasks(self, numbers: Iterable[int], task_data: Iterable[dict[str, str]]) -> None:
        """Remember tasks that were just made; the caller commits."""
        self._store_tasks(
            [
                BareTask(number, data, "", 0, 0)
                for number, data in zip(numbers, task_data, strict=True)
            ]
        )

    def remove_tasks(self, numbers: Iterable[int]) -> None:
        """Forget tasks that were removed."""
        self.put("settled", "")
        self.connection.executemany(
            "DELETE FROM tasks WHERE task = ?", ((number,) for number in numbers)
        )
        self.connection.commit()


def _build_row(task: BareTask) -> tuple[int, str, str, str, str, str, bool]:
    words = {name: value if isinstance(value, str) else "" for name, value in task.data.items()}
    return (
        task.id,
        words.get("doc_id", "") if words.get("text_sha256") else "",
        words.get("text_sha256", ""),
        words.get("schema_version", ""),
        tasks.heading_digest(task.data),
        tasks.text_digest(words.get(TEXT, "")),
        bool(task.total_annotations or task.cancelled_annotations),
    )


def format_timestamp(moment: str | float) -> str:
    """The one way of writing a time that the server's filter takes; empty stays empty.

    >>> format_timestamp("2026-11-22T07:39:23Z")
    '2026-11-22T07:39:23.000000Z'
    """
    if moment == "":
        return ""
    when = (
        datetime.fromtimestamp(moment, UTC)
        if isinstance(moment, float)
        else datetime.fromisoformat(moment)
    )
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def chunks(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """The values in lists of ``size``, the last one shorter: as many as one question or write may name.

    >>> words(chunks("abc", 2))
    [['a', 'b'], ['c']]
    """
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk
