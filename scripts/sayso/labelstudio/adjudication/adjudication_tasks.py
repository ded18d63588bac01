"""What the server holds of adjudication, as the ledger knows it: asked for once, and again where it has changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec
from msgspec import Struct

from sayso.adjudication.decisions import Decision
from sayso.labelstudio.adjudication.questions import (
    ASKED_KEY,
    DIGEST_KEY,
    AdjudicationQuestion,
    AskedQuestion,
)
from sayso.labelstudio.adjudication.verdicts import UndecidedError, decode_decision
from sayso.labelstudio.api_types import AnnotatedTask, ListedProject, ProjectDetails, TaskPage
from sayso.labelstudio.client import LabelStudioClient
from sayso.labelstudio.controls import TEXT
from sayso.labelstudio.fetched_annotations import REFETCH_SECONDS
from sayso.labelstudio.pseudonyms import Annotator
from sayso.labelstudio.sync_state import SyncState, format_timestamp, open_sync_state
from sayso.labelstudio.tasks import text_digest
from sayso.models import Document
from sayso.schema.declarations import Schema
from sayso.settings import Checkout

PAGE_SIZE = 100
_TABLES = """
CREATE TABLE IF NOT EXISTS adjudications (
    task INTEGER PRIMARY KEY, doc_id TEXT NOT NULL, digest TEXT NOT NULL, touched INTEGER NOT NULL, answer BLOB
);
CREATE INDEX IF NOT EXISTS adjudications_of_document ON adjudications (doc_id, task);
"""


class SubmittedAnswer(Struct, frozen=True):
    """The submitted answer of a task, with what the task asked and the text that was shown."""

    asked: AskedQuestion
    text_sha256: str
    skeleton: str
    result: list[Any]
    account: int | None
    updated: str


class AdjudicationTask(Struct, frozen=True):
    """A task that is there. ``touched``: somebody has answered it, passed it over or begun on it."""

    task: int
    digest: str
    touched: bool
    answer: SubmittedAnswer | None


@contextmanager
def open_adjudication_tasks(
    checkout: Checkout, client: LabelStudioClient, project: ProjectDetails | ListedProject
) -> Iterator[AdjudicationTasks]:
    """What is known of a project; whoever asks holds the checkout's ``sync.lock``."""
    with open_sync_state(checkout, client, project) as ledger:
        ledger.connection.executescript(_TABLES)
        yield AdjudicationTasks(client, project.id, ledger)


class AdjudicationTasks:
    """The tasks of one project of adjudication."""

    def __init__(self, client: LabelStudioClient, project: int, ledger: SyncState) -> None:
        self.client = client
        self.project = project
        self.ledger = ledger
        self._drafted_ids: set[int] = set()

    def refresh(self) -> None:
        """Bring what is known up to date with the server."""
        self._fetch_changes()
        if self.count() != self.client.count_tasks(self.project):
            self.ledger.reset("adjudications")
            self._fetch_changes()
        self._drafted_ids = set(self.client.list_drafted_task_ids(self.project))

    def _fetch_changes(self) -> None:
        started = self.client.server_time()
        for page in self.ledger.fetch_pages("adjudications", self._fetch_page):
            self.ledger.connection.executemany(
                "REPLACE INTO adjudications VALUES (?, ?, ?, ?, ?)",
                [_build_row(task) for task in page.tasks],
            )
        self.ledger.mark_complete("adjudications", format_timestamp(started - REFETCH_SECONDS))

    def _fetch_page(self, after: int, since: str) -> TaskPage[AnnotatedTask]:
        return self.client.fetch_annotated_tasks(
            self.project, after=after, since=since, size=PAGE_SIZE
        )

    def count(self) -> int:
        """How many tasks are known."""
        return int(
            self.ledger.connection.execute("SELECT count(*) FROM adjudications").fetchone()[0]
        )

    def count_documents(self) -> tuple[int, int]:
        """About how many documents somebody was asked, and on how many of them somebody has submitted."""
        asked = (
            "SELECT count(DISTINCT doc_id), count(DISTINCT CASE WHEN answer IS NOT NULL THEN doc_id END)"
            " FROM adjudications WHERE doc_id <> ''"
        )
        documents, submitted = self.ledger.connection.execute(asked).fetchone()
        return int(documents), int(submitted)

    def last_task_id(self) -> int:
        """The highest number of a task that is known."""
        asked = "SELECT coalesce(max(task), 0) FROM adjudications"
        return int(self.ledger.connection.execute(asked).fetchone()[0])

    def find_tasks(self, doc_id: str) -> list[AdjudicationTask]:
        """Its tasks, the oldest first."""
        asked = (
            "SELECT task, digest, touched, answer FROM adjudications WHERE doc_id = ? ORDER BY task"
        )
        rows = self.ledger.connection.execute(asked, (doc_id,)).fetchall()
        return [
            AdjudicationTask(
                task, digest, bool(touched) or task in self._drafted_ids, _decode_submitted(answer)
            )
            for task, digest, touched, answer in rows
        ]

    def iterate_untouched(self) -> Iterator[tuple[str, int]]:
        """Every document with a task of ours that nobody has touched, and the task."""
        asked = "SELECT doc_id, task FROM adjudications WHERE doc_id <> '' AND NOT touched ORDER BY doc_id, task"
        for doc_id, task in self.ledger.connection.execute(asked):
            if task not in self._drafted_ids:
                yield doc_id, task

    def add_tasks(self, numbers: list[int], questions: list[AdjudicationQuestion]) -> None:
        """Tasks that were just made."""
        rows = [
            (number, question.document.doc_id, question.data[DIGEST_KEY], 0, None)
            for number, question in zip(numbers, questions, strict=True)
        ]
        self.ledger.connection.executemany(
            "REPLACE INTO adjudications VALUES (?, ?, ?, ?, ?)", rows
        )
        self.ledger.connection.commit()

    def remove_tasks(self, tasks: set[int]) -> None:
        """Tasks that were removed."""
        self.ledger.connection.executemany(
            "DELETE FROM adjudications WHERE task = ?", ((task,) for task in tasks)
        )
        self.ledger.connection.commit()


def _build_row(task: AnnotatedTask) -> tuple[int, str, str, bool, bytes | None]:
    known = {name: value for name, value in task.data.items() if isinstance(value, str)}
    ours = ASKED_KEY in known and "doc_id" in known
    given = _find_submitted(task, known) if ours else None
    answer = msgspec.json.encode(given) if given else None
    return (
        task.id,
        known["doc_id"] if ours else "",
        known.get(DIGEST_KEY, ""),
        bool(task.annotations),
        answer,
    )


def _decode_submitted(answer: bytes | None) -> SubmittedAnswer | None:
    return msgspec.json.decode(answer, type=SubmittedAnswer) if answer else None


def _find_submitted(task: AnnotatedTask, known: Mapping[str, str]) -> SubmittedAnswer | None:
    """The submitted answer, the latest where there are several; one that was passed over is none."""
    submitted = [
        each
        for each in task.annotations
        if not each.was_cancelled and isinstance(each.result, list)
    ]
    if not submitted:
        return None
    answer = max(submitted, key=lambda each: each.updated_at)
    try:
        asked = msgspec.json.decode(known[ASKED_KEY], type=AskedQuestion)
    except msgspec.MsgspecError:
        return None  # somebody edited the task's data
    return SubmittedAnswer(
        asked,
        known.get("text_sha256", ""),
        text_digest(known.get(TEXT, "")),
        answer.result,
        answer.completed_by,
        answer.updated_at,
    )


def read_decision(
    tasks: list[AdjudicationTask],
    document: Document,
    schema: Schema,
    annotators: Mapping[int, Annotator],
) -> tuple[Decision | None, str]:
    """The latest decision on a document, and why the latest answer is none, if it is none.

    Decisions over another text than the document has by now are none, and not told: the document is asked for anew.
    """
    latest = max(
        (task.answer for task in tasks if task.answer),
        key=lambda given: given.updated,
        default=None,
    )
    if (
        latest is None
        or latest.text_sha256 != document.text_sha256
        or latest.skeleton != text_digest(document.text)
    ):
        return None, ""
    who = annotators.get(latest.account) if latest.account is not None else None
    if who is None:
        return None, "the account is no longer in the organisation"
    try:
        return decode_decision(
            latest.result,
            latest.asked,
            document.text,
            schema,
            adjudicator=who.pseudonym,
            decided_at=latest.updated,
        ), ""
    except UndecidedError as reason:
        return None, str(reason)
