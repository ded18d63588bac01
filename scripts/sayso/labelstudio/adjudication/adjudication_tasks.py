"""The tasks of an adjudication project, as the sync state knows them: only changes are fetched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import msgspec
from msgspec import Struct, structs

from sayso.adjudication.decisions import Decision
from sayso.labelstudio.adjudication.questions import (
    ASKED_KEY,
    DIGEST_KEY,
    AdjudicationQuestion,
    AskedQuestion,
)
from sayso.labelstudio.adjudication.verdicts import UndecidedError, decode_decision
from sayso.labelstudio.api_types import (
    AnnotatedTask,
    BareTask,
    ListedProject,
    TaskAnnotation,
    TaskSelection,
)
from sayso.labelstudio.client import LabelStudioClient
from sayso.labelstudio.controls import TEXT
from sayso.labelstudio.fetched_annotations import REFETCH_SECONDS
from sayso.labelstudio.last_changes import LastChanges
from sayso.labelstudio.pseudonyms import Annotator
from sayso.labelstudio.sync_state import SyncState, chunks, format_timestamp, open_sync_state
from sayso.labelstudio.tasks import text_digest
from sayso.models import Document
from sayso.schema.declarations import Schema
from sayso.settings import Checkout

PAGE_SIZE = 100
_TABLES = """
CREATE TABLE IF NOT EXISTS adjudications (
    task INTEGER PRIMARY KEY, doc_id TEXT NOT NULL, digest TEXT NOT NULL, touched INTEGER NOT NULL,
    answer BLOB
);
CREATE INDEX IF NOT EXISTS adjudications_of_document ON adjudications (doc_id, task);
-- Those that the server cannot write, or we cannot read.
CREATE TABLE IF NOT EXISTS unread_adjudications (task INTEGER PRIMARY KEY, reason TEXT NOT NULL);
"""
_INSERT = "REPLACE INTO adjudications VALUES (?, ?, ?, ?, ?)"


class SubmittedAnswer(Struct, frozen=True):
    """The submitted annotation of a task, with the task's question and a digest of its text."""

    asked: AskedQuestion
    text_sha256: str
    skeleton: str
    result: list[Any]
    account: int | None
    updated: str


class AdjudicationTask(Struct, frozen=True):
    """A task on the server.

    Attributes:
        touched: somebody has submitted, skipped or begun it.
        answer: the submitted annotation; of a time before if there is a ``problem``.
        problem: why the server cannot give the task now.
    """

    task: int
    digest: str
    touched: bool
    answer: SubmittedAnswer | None
    problem: str | None = None


@contextmanager
def open_adjudication_tasks(
    checkout: Checkout, client: LabelStudioClient, project: ListedProject
) -> Iterator[AdjudicationTasks]:
    """Open the known tasks of a project. The caller holds the checkout's ``sync.lock``."""
    with open_sync_state(checkout, client, project) as state:
        state.connection.executescript(_TABLES)
        state.store_lines(project.description)
        yield AdjudicationTasks(client, project.id, state)


class AdjudicationTasks:
    """The tasks of one adjudication project."""

    def __init__(self, client: LabelStudioClient, project: int, state: SyncState) -> None:
        self.client = client
        self.project = project
        self.state = state
        self._execute = state.connection.execute
        self._last_changes = LastChanges(state.connection)
        self._drafted_ids: set[int] = set()

    def refresh(self) -> None:
        """Fetch the changes since the last time."""
        self._fetch_changes()
        if self.count() != self.client.count_tasks(self.project):  # some were deleted
            self.state.reset("adjudications")
            self._fetch_changes()
        self._drafted_ids = set(self.client.list_drafted_task_ids(self.project))

    def _fetch_changes(self) -> None:
        started = self.client.server_time()
        unread = self._execute("SELECT task FROM unread_adjudications ORDER BY task").fetchall()
        for ids in chunks((task for (task,) in unread), PAGE_SIZE):
            self._store_page(self.client.fetch_annotated_tasks_by_id(self.project, ids))
        fetch = partial(self.client.fetch_annotated_tasks, self.project, size=PAGE_SIZE)
        for page in self.state.fetch_pages("adjudications", fetch):
            self._store_page(page)
        self.state.mark_complete("adjudications", format_timestamp(started - REFETCH_SECONDS))

    def _store_page(self, page: TaskSelection[AnnotatedTask]) -> None:
        execute_many = self.state.connection.executemany
        execute_many(_INSERT, [self._build_row(task) for task in page.tasks])
        forget = "DELETE FROM unread_adjudications WHERE task = ?"
        execute_many(forget, [(task.id,) for task in page.tasks])
        if page.undeliverable:  # the document of each is known from its data alone
            bare = self.client.fetch_bare_tasks_by_id(self.project, list(page.undeliverable))
            rows = [self._build_bare_row(task) for task in bare]
            execute_many(_INSERT, rows)
            reasons = page.undeliverable.items()
            execute_many("REPLACE INTO unread_adjudications VALUES (?, ?)", reasons)

    def _build_bare_row(self, task: BareTask) -> tuple[int, str, str, bool, None]:
        bare = AnnotatedTask(task.id, task.data, task.updated_at, [])
        return (*self._build_row(bare)[:3], True, None)

    def _build_row(self, task: AnnotatedTask) -> tuple[int, str, str, bool, bytes | None]:
        texts = {name: value for name, value in task.data.items() if isinstance(value, str)}
        ours = ASKED_KEY in texts and "doc_id" in texts
        submissions = [self._resolve_last_save(each) for each in task.annotations]
        answer = _find_submitted(submissions, texts) if ours else None
        encoded = msgspec.json.encode(answer) if answer else None
        doc_id = texts["doc_id"] if ours else ""
        return task.id, doc_id, texts.get(DIGEST_KEY, ""), bool(task.annotations), encoded

    def _resolve_last_save(self, annotation: TaskAnnotation) -> TaskAnnotation:
        """Return it with the time of its last change, and as completed by whoever made that."""
        change = self._last_changes.resolve(annotation, None)
        author, seen = annotation.completed_by, change.since == change.updated
        if seen and change.changed_by == annotation.updated_by:
            author = change.changed_by or author
        return structs.replace(annotation, completed_by=author, updated_at=change.updated)

    def count(self) -> int:
        """Count the known tasks."""
        return int(self._execute("SELECT count(*) FROM adjudications").fetchone()[0])

    def count_documents(self) -> tuple[int, int]:
        """Count the documents that have a task, and those that have a submitted one."""
        documents, submitted = self._execute(
            "SELECT count(DISTINCT doc_id), count(DISTINCT iif(answer IS NULL, NULL, doc_id))"
            " FROM adjudications WHERE doc_id <> ''"
        ).fetchone()
        return int(documents), int(submitted)

    def last_task_id(self) -> int:
        """Return the highest id of a known task, or 0."""
        return int(self._execute("SELECT coalesce(max(task), 0) FROM adjudications").fetchone()[0])

    def find_tasks(self, doc_id: str) -> list[AdjudicationTask]:
        """Return the tasks of a document, the oldest first."""
        rows = self._execute(
            "SELECT task, digest, touched, answer, reason FROM adjudications"
            " LEFT JOIN unread_adjudications USING (task) WHERE doc_id = ? ORDER BY task",
            (doc_id,),
        )
        decode = partial(msgspec.json.decode, type=SubmittedAnswer)
        return [
            AdjudicationTask(
                task,
                digest,
                bool(touched) or task in self._drafted_ids,
                answer and decode(answer),
                reason,
            )
            for task, digest, touched, answer, reason in rows
        ]

    def iterate_untouched(self) -> Iterator[tuple[str, int]]:
        """Yield the document and id of each task of ours that nobody has touched."""
        rows = self._execute(
            "SELECT doc_id, task FROM adjudications WHERE doc_id <> '' AND NOT touched"
            " ORDER BY doc_id, task"
        )
        return ((doc_id, task) for doc_id, task in rows if task not in self._drafted_ids)

    def add_tasks(self, ids: list[int], questions: list[AdjudicationQuestion]) -> None:
        """Store tasks that were just imported."""
        rows = (
            (task, question.document.doc_id, question.data[DIGEST_KEY], 0, None)
            for task, question in zip(ids, questions, strict=True)
        )
        self.state.connection.executemany(_INSERT, rows)
        self.state.connection.commit()

    def remove_tasks(self, ids: set[int]) -> None:
        """Forget tasks that were deleted."""
        for table in ("adjudications", "unread_adjudications"):
            delete = f"DELETE FROM {table} WHERE task = ?"  # noqa: S608
            self.state.connection.executemany(delete, ((task,) for task in ids))
        self.state.connection.commit()


def _find_submitted(
    submissions: list[TaskAnnotation], texts: Mapping[str, str]
) -> SubmittedAnswer | None:
    """Return the latest submitted annotation; a skipped one is none."""
    annotations = [a for a in submissions if not a.was_cancelled and isinstance(a.result, list)]
    if not annotations:
        return None
    latest = max(annotations, key=lambda each: each.updated_at)
    try:
        asked = msgspec.json.decode(texts[ASKED_KEY], type=AskedQuestion)
    except (msgspec.MsgspecError, RecursionError):
        return None  # somebody edited the task's data
    return SubmittedAnswer(
        asked,
        texts.get("text_sha256", ""),
        text_digest(texts.get(TEXT, "")),
        latest.result,
        latest.completed_by,
        latest.updated_at,
    )


def read_decision(
    tasks: list[AdjudicationTask],
    document: Document,
    schema: Schema,
    annotators: Mapping[int, Annotator],
    pass_name: str,
) -> tuple[Decision | None, str]:
    """Return the latest decision on a document, or the reason why the latest answer is none.

    An answer about another text than the document has now is neither a decision nor reported: the
    document gets a new task.
    """
    if problem := next((task.problem for task in tasks if task.problem), None):
        return None, f"the server cannot give it: {problem}"
    answers = [task.answer for task in tasks if task.answer]
    latest = max(answers, key=lambda answer: answer.updated, default=None)
    current = (document.text_sha256, text_digest(document.text))
    if latest is None or (latest.text_sha256, latest.skeleton) != current:
        return None, ""
    adjudicator = annotators.get(latest.account) if latest.account is not None else None
    if adjudicator is None:
        return None, "the account is no longer in the organisation"
    try:
        decision = decode_decision(
            latest.result,
            latest.asked,
            document.text,
            schema,
            pass_name=pass_name,
            adjudicator=adjudicator.pseudonym,
            adjudicator_kind=adjudicator.kind,
            decided_at=latest.updated,
        )
    except UndecidedError as reason:
        return None, str(reason)
    return decision, ""
