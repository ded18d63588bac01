"""The sync state: a cache of what one project last held, so that a sync fetches only what changed.

It lies under ``.sayso/cache/``; deleting it costs time, never data. Each update asks the server for
changes, compares the number of tasks, and starts afresh when they differ. Accounts appear by their
number only: their addresses are in ``.sayso/annotators.jsonl`` and nowhere else.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

from sayso.errors import DiskError, ServerError
from sayso.files import exists, make_folder
from sayso.labelstudio import server, tasks
from sayso.labelstudio.api_types import AnnotatedTask, BareTask, ListedProject, TaskSelection
from sayso.labelstudio.client import MAX_PAGES, LabelStudioClient, endless_list_error
from sayso.labelstudio.controls import TEXT
from sayso.labelstudio.push_plan import KnownTask
from sayso.settings import Checkout

TASKS_PER_PAGE = 250  # without annotations
_CREATE_TABLES = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tasks (
    task INTEGER PRIMARY KEY, doc_id TEXT NOT NULL, text_sha256 TEXT NOT NULL,
    schema_version TEXT NOT NULL, heading_digest TEXT NOT NULL, text_digest TEXT NOT NULL,
    annotated INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS by_document ON tasks (doc_id, task);
"""


TaskT = TypeVar("TaskT", BareTask, AnnotatedTask)
T = TypeVar("T")


@contextmanager
def open_sync_state(
    checkout: Checkout, client: LabelStudioClient, project: ListedProject
) -> Iterator[SyncState]:
    """Open the sync state of one project on one server.

    Raises:
        DiskError: SQLite cannot read or write it.
    """
    path = _find_path(checkout, client, project)
    make_folder(path.parent)
    connection = sqlite3.connect(path)
    try:
        # In this mode a commit survives the death of the process, which is what can happen.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.executescript(_CREATE_TABLES)
        yield SyncState(connection)
    except sqlite3.Error as error:
        remedy = "delete this file and run the command again"
        raise DiskError(str(error), where=str(path), remedy=remedy) from error
    finally:
        connection.close()


def identify_server(checkout: Checkout, client: LabelStudioClient) -> str:
    """Name a server whose id is unknown; the embedded one is one and the same on any port."""
    return "embedded" if server.find_url(checkout) == client.url else client.url


def _find_path(checkout: Checkout, client: LabelStudioClient, project: ListedProject) -> Path:
    # A copied database has the project's number and microsecond of creation too: the address tells
    # a copy from the original.
    identity = f"{identify_server(checkout, client)}\n{project.id}\n{project.created_at}"
    key = hashlib.sha256(identity.encode()).hexdigest()[:16]
    return checkout.private / "cache" / f"labelstudio-{key}.sqlite3"


def read_stored_lines(
    checkout: Checkout, client: LabelStudioClient, project: ListedProject
) -> list[str]:
    """Return our lines of the project's description as they were last seen."""
    if not exists(_find_path(checkout, client, project)):
        return []
    with open_sync_state(checkout, client, project) as state:
        return state.get("description").splitlines()


class SyncState:
    """The state of one project when it was last seen."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def get(self, name: str) -> str:
        """Return a stored value; empty if there is none."""
        query = "SELECT value FROM meta WHERE name = ?"
        row = self.connection.execute(query, (name,)).fetchone()
        return str(row[0]) if row else ""

    def put(self, name: str, value: str) -> None:
        """Store a value; the caller commits."""
        self.connection.execute("REPLACE INTO meta VALUES (?, ?)", (name, value))

    def store_lines(self, description: str | None) -> None:
        """Store our lines of the description, which people overwrite; the caller commits."""
        lines = [each for each in (description or "").splitlines() if each.startswith("sayso:")]
        if lines and (text := "\n".join(lines)) != self.get("description"):
            self.put("description", text)

    def fetch_pages(
        self, name: str, fetch: Callable[..., TaskSelection[TaskT]]
    ) -> Iterator[TaskSelection[TaskT]]:
        """Yield pages of what changed since ``name`` was last completed, the next fetched ahead.

        What the caller stores while it has a page is committed together with the position, so that
        an interrupted fetch resumes after the last page stored.
        """
        since = self.get(f"{name}.since")
        with ThreadPoolExecutor(1) as executor:
            page = fetch(after=int(self.get(f"{name}.after") or 0), since=since)
            for _ in range(MAX_PAGES):
                last = max(page.ids, default=0)
                more = page.total > len(page.ids)
                following = executor.submit(fetch, after=last, since=since) if more else None
                yield page
                self.put(f"{name}.after", str(last))
                self.connection.commit()
                if following is None:
                    return
                page = following.result()
        raise endless_list_error("tasks", name)

    def mark_complete(self, name: str, since: str) -> None:
        """Record that ``name`` is fetched; the next time asks for changes after ``since``."""
        self.put(f"{name}.since", since)
        self.put(f"{name}.after", "0")
        self.connection.commit()

    def reset(self, table: str) -> None:
        """Forget the rows of a table, to fetch it afresh."""
        self.connection.execute(f"DELETE FROM {table}")  # noqa: S608
        self.put("unchanged", "")
        self.mark_complete(table, "")

    # Tasks without their annotations, for push.

    def update_tasks(self, client: LabelStudioClient, project: int) -> None:
        """Bring the rows of ``tasks`` up to date with the server."""
        empty = not self.get("tasks.since") and not client.count_tasks(project)
        if not empty:
            self._fetch_tasks(client, project)
        if self.count_tasks() != (0 if empty else client.count_tasks(project)):
            self.reset("tasks")
            self._fetch_tasks(client, project)

    def _fetch_tasks(self, client: LabelStudioClient, project: int) -> None:
        resuming, since = self.get("tasks.next"), self.get("tasks.since")
        if resuming or not since or not self._fetch_one_page(client, project, since):
            self._fetch_all_pages(client, project)
        drafted = ((task,) for task in client.list_drafted_task_ids(project))
        self.connection.executemany("UPDATE tasks SET annotated = 1 WHERE task = ?", drafted)
        self.connection.commit()

    def _fetch_one_page(self, client: LabelStudioClient, project: int, since: str) -> bool:
        """Store the changes if one page holds them all; return whether it did."""
        page = client.fetch_bare_tasks(project, after=0, since=since, size=TASKS_PER_PAGE)
        if page.total > len(page.ids):
            return False
        require_deliverable(page, client, project)
        self._store_tasks(page.tasks)
        latest = max([since, *(format_timestamp(task.updated_at) for task in page.tasks)])
        self.mark_complete("tasks", latest)
        return True

    def _fetch_all_pages(self, client: LabelStudioClient, project: int) -> None:
        # Tasks change while the pages are fetched: the next fetch begins at what was the newest
        # change before the first page, also when this one is interrupted and resumed.
        started = self.get("tasks.next") or client.fetch_last_change(project)
        self.put("tasks.next", started)

        fetch = partial(client.fetch_bare_tasks, project, size=TASKS_PER_PAGE)
        for page in self.fetch_pages("tasks", fetch):
            require_deliverable(page, client, project)
            self._store_tasks(page.tasks)
        self.put("tasks.next", "")
        self.mark_complete("tasks", format_timestamp(started))

    def _store_tasks(self, rows: Sequence[BareTask]) -> None:
        if rows:
            self.put("unchanged", "")  # what push last found unchanged may have changed
        upsert = "REPLACE INTO tasks VALUES (?, ?, ?, ?, ?, ?, ?)"
        self.connection.executemany(upsert, map(_build_row, rows))

    def count_tasks(self) -> int:
        """Count the known tasks."""
        return int(self.connection.execute("SELECT count(*) FROM tasks").fetchone()[0])

    def last_task(self) -> int:
        """Return the highest number of a known task; 0 if there is none."""
        query = "SELECT coalesce(max(task), 0) FROM tasks"
        return int(self.connection.execute(query).fetchone()[0])

    def known_tasks(self) -> Iterator[KnownTask]:
        """Yield every known task in order of doc_id; those that we did not make come first."""
        query = (
            "SELECT doc_id, task, text_sha256, schema_version, heading_digest, text_digest,"
            " annotated FROM tasks ORDER BY doc_id, task"
        )
        yield from map(KnownTask._make, self.connection.execute(query))

    def add_tasks(self, numbers: Iterable[int], task_data: Iterable[dict[str, str]]) -> None:
        """Store tasks that were just created; the caller commits."""
        pairs = zip(numbers, task_data, strict=True)
        self._store_tasks([BareTask(number, data, "", 0, 0) for number, data in pairs])

    def remove_tasks(self, numbers: Iterable[int]) -> None:
        """Forget tasks that were deleted."""
        self.put("unchanged", "")
        rows = ((number,) for number in numbers)
        self.connection.executemany("DELETE FROM tasks WHERE task = ?", rows)
        self.connection.commit()


def require_deliverable(
    page: TaskSelection[BareTask], client: LabelStudioClient, project: int
) -> None:
    """Check that a page is whole, where a task left out would be taken for one to send.

    Raises:
        ServerError: the server cannot write a task, or we cannot read it; names the first.
    """
    for task, reason in sorted(page.undeliverable.items()):
        raise ServerError(
            f"the server cannot give task {task}: {reason}",
            where=f"{client.url}/projects/{project}/data?task={task}",
            remedy="correct or delete it in Label Studio, then run the command again",
        )


def _build_row(task: BareTask) -> tuple[int, str, str, str, str, str, bool]:
    texts = {name: value for name, value in task.data.items() if isinstance(value, str)}
    text_sha256 = texts.get("text_sha256", "")
    return (
        task.id,
        texts.get("doc_id", "") if text_sha256 else "",
        text_sha256,
        texts.get("schema_version", ""),
        tasks.heading_digest(task.data),
        tasks.text_digest(texts.get(TEXT, "")),
        bool(task.total_annotations or task.cancelled_annotations),
    )


def format_timestamp(moment: str | float) -> str:
    """Format a time in the one way that the server's filter takes; empty stays empty.

    >>> format_timestamp("2026-11-22T07:39:23Z")
    '2026-11-22T07:39:23.000000Z'
    """
    if moment == "":
        return ""
    if isinstance(moment, float):
        when = datetime.fromtimestamp(moment, UTC)
    else:
        when = datetime.fromisoformat(moment)
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def chunks(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the values in lists of ``size``, the last one shorter.

    >>> list(chunks("abc", 2))
    [['a', 'b'], ['c']]
    """
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk
