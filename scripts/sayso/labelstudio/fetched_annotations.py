"""The answers of one project, as the ledger holds them: asked for once, and again where something has changed.

Answers are read as they arrive and laid down on disk by number, so memory stays flat; a look that is interrupted goes
on where it was.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct, structs

from sayso.errors import ServerError
from sayso.files import hold_lock
from sayso.labelstudio import document_index
from sayso.labelstudio.annotation_reader import AnnotationReader, reader_fingerprint
from sayso.labelstudio.api_types import (
    AnnotatedTask,
    ListedProject,
    ProjectDetails,
    TaskAnnotation,
    TaskPage,
)
from sayso.labelstudio.client import LabelStudioClient
from sayso.labelstudio.instructions import find_version_at
from sayso.labelstudio.project import ProjectKey, read_guidelines_shown
from sayso.labelstudio.pseudonyms import (
    Annotator,
    decode_pseudonyms,
    encode_pseudonyms,
    resolve_annotators,
)
from sayso.labelstudio.sync_state import SyncState, chunks, format_timestamp, open_sync_state
from sayso.models import Annotation, UnknownItem, encode
from sayso.schema.declarations import load_schema
from sayso.schema.migrations import load_migrations as load_migrations
from sayso.settings import SCHEMA_FILE, Checkout

TASKS_PER_PAGE = 100  # tasks with their answers: the server's memory stays flat
REFETCH_SECONDS = 60.0  # seconds that are asked for twice, for what was being written while the last look was under way
_CREATE_TABLES = """
CREATE TABLE read (task INTEGER PRIMARY KEY);
CREATE TABLE answers (
    annotation INTEGER PRIMARY KEY, task INTEGER NOT NULL, account INTEGER NOT NULL, doc_id TEXT NOT NULL,
    text_sha256 TEXT NOT NULL, created TEXT NOT NULL, status TEXT NOT NULL, seconds REAL, carried INTEGER NOT NULL,
    kept INTEGER NOT NULL, record BLOB NOT NULL
);
CREATE TABLE aside (
    annotation INTEGER PRIMARY KEY, task INTEGER NOT NULL, account INTEGER, doc_id TEXT NOT NULL,
    reason TEXT NOT NULL, answer BLOB NOT NULL
);
CREATE TABLE written (name TEXT PRIMARY KEY, account INTEGER, state TEXT NOT NULL);
CREATE INDEX answers_of_task ON answers (task);
CREATE INDEX aside_of_task ON aside (task);
CREATE INDEX answers_of_account ON answers (account, doc_id, created, annotation);
"""
_TABLES = ("answers", "aside", "read")
_ANNOTATOR_PLACEHOLDER = b'"annotator":"not-yet-named","annotator_kind":"human"'
"""Stands in every record until it is told, since the map may change. A string of the record cannot hold such quotes."""

Advance = Callable[[int], None]


@dataclass(frozen=True)
class AnnotationNotice:
    """Something about one answer that a person should look at. ``span`` is ``[start, end)`` or empty."""

    doc_id: str
    annotator: str
    task: int
    span: str
    reason: str


class AnnotationWork(Struct, frozen=True):
    """One answer as a piece of work: who gave it to which task, when, in how many seconds, and whether they skipped."""

    account: int | None
    task: int
    created: str
    seconds: float | None
    skipped: bool


class QuarantinedAnnotation(Struct, frozen=True):
    """An answer that cannot stand in the corpus, as it came."""

    task: int
    annotator: str
    doc_id: str
    reason: str
    annotation: msgspec.Raw


class AnnotationLine(NamedTuple):
    """An answer as its line of the corpus, with what decides on its place there."""

    doc_id: str
    created: str
    annotation: int
    content: bytes


class _GuidelinesFields(Struct):
    """What of a record says under which guidelines the answer was given."""

    updated: str
    guidelines_version: str | None = None


class _TimingFields(Struct):
    """What of an answer as it came says when and how long."""

    created_at: str
    lead_time: float | None
    was_cancelled: bool


@contextmanager
def open_annotations(
    checkout: Checkout,
    client: LabelStudioClient,
    project_key: ProjectKey,
    listed: ProjectDetails | ListedProject,
) -> Iterator[FetchedAnnotations]:
    """The answers of one project; whoever asks holds the checkout's ``sync.lock``."""
    known = load_migrations(
        (checkout.root / SCHEMA_FILE).parent, load_schema(checkout.root / SCHEMA_FILE)
    )
    with (
        document_index.open_document_index(checkout) as texts,
        open_sync_state(checkout, client, listed) as ledger,
    ):
        intake = AnnotationReader(
            project_key, listed.id, known, texts, read_guidelines_shown(client, listed)
        )
        answers = FetchedAnnotations(checkout, client, intake, ledger)
        answers.annotators = decode_pseudonyms(checkout, ledger.get("answers.accounts"))
        answers.listed_count = listed.task_number if isinstance(listed, ListedProject) else None
        yield answers


@contextmanager
def fetch_annotations(
    checkout: Checkout,
    client: LabelStudioClient,
    project_key: ProjectKey,
    listed: ProjectDetails | ListedProject,
    command: str,
) -> Iterator[FetchedAnnotations]:
    """The same, brought up to date; what is fetched for it, the next pull need not fetch."""
    with (
        hold_lock(checkout.private / "sync.lock", command),
        open_annotations(checkout, client, project_key, listed) as answers,
    ):
        answers.fetch()
        yield answers


@dataclass
class FetchedAnnotations:
    """What the server holds of answers.

    Attributes:
        people: who has an account, as far as we have met them; all are asked for before anything new is read.
        listed: how many tasks the project has, if whoever found it was told so.
        looked_at: tasks that were fetched by this object, because they are new or have changed.
        notices: parts of answers that were kept apart, among the answers that were fetched.
    """

    checkout: Checkout
    client: LabelStudioClient
    reader: AnnotationReader
    state: SyncState
    annotators: Mapping[int, Annotator] = field(default_factory=dict)
    listed_count: int | None = None
    tasks_fetched: int = 0
    notices: list[AnnotationNotice] = field(default_factory=list)
    _accounts_fetched: bool = False

    @property
    def url(self) -> str:
        """The project's address."""
        return f"{self.client.url}/projects/{self.reader.project}"

    # Asking: the ledger comes to hold what the server holds.

    def fetch(self, full: bool = False, advance: Advance = lambda _: None) -> ServerComparison:
        """Ask for what has changed since the last time; for everything where the way of reading has, or in ``full``.

        Raises:
            ServerError: the server does not answer, or gives fewer tasks than it says it has.
        """
        if full or not self.annotators:
            self._fetch_accounts()
        before = self._reset_if_outdated(full)
        self._update_guidelines_versions()
        interrupted = bool(self.state.get("answers.started"))
        self._fetch_changes(advance)
        if interrupted:  # what was fetched before the interruption may have changed since
            self._fetch_changes(advance)
        return self._compare_digests() if before else ServerComparison()

    def _fetch_accounts(self) -> None:
        """Ask once who has an account; whoever changes an answer may be new."""
        if not self._accounts_fetched:
            self.annotators = resolve_annotators(self.checkout, self.client.list_accounts())
            self.state.put("answers.accounts", encode_pseudonyms(self.annotators))
            self._accounts_fetched = True

    def _reset_if_outdated(self, full: bool) -> bool:
        """Forget what was read where it has to be read anew; say whether there is something to compare with."""
        reading = f"{reader_fingerprint(self.reader.migrations)} {hashlib.sha256(_CREATE_TABLES.encode()).hexdigest()}"
        same = self.state.get("answers.reading") == reading
        if same and not full:
            return False
        comparable = same and not self.state.get("answers.started")
        if comparable:
            self._save_digests()
        self.state.put(
            "answers.reading", ""
        )  # whoever kills us before the tables are there again makes us begin anew
        drop = "".join(f"DROP TABLE IF EXISTS {table};" for table in (*_TABLES, "written"))
        self.state.connection.executescript(drop + _CREATE_TABLES)
        self.state.put("answers.started", "")
        self.state.put("answers.world", "")
        self.state.mark_complete("answers", "")
        self.state.put("answers.reading", reading)
        self.state.connection.commit()
        return comparable

    def _update_guidelines_versions(self) -> None:
        """Where the project tells otherwise which guidelines it showed when, say it in the answers that we hold."""
        told = repr(self.reader.guidelines_shown)
        if self.state.get("answers.shown") == told:
            return
        connection, read = self.state.connection, msgspec.json.Decoder(_GuidelinesFields).decode
        for annotation, account, record in connection.execute(
            "SELECT annotation, account, record FROM answers"
        ):
            guided = read(record)
            version = find_version_at(self.reader.guidelines_shown, guided.updated)
            if version != guided.guidelines_version:
                answer = structs.replace(
                    msgspec.json.decode(record, type=Annotation), guidelines_version=version
                )
                connection.execute(
                    "UPDATE answers SET record = ? WHERE annotation = ?",
                    (encode(answer), annotation),
                )
                connection.execute("DELETE FROM written WHERE account = ?", (account,))
        self.state.put("answers.shown", told)
        connection.commit()

    def _fetch_changes(self, advance: Advance) -> None:
        started = self.state.get("answers.started") or str(self.client.server_time())
        self.state.put(
            "answers.started", started
        )  # kept when it is interrupted: its first pages are that old
        self._refetch_stale(advance)
        for page in self.state.fetch_pages("answers", self._fetch_page):
            self._store_tasks(page.tasks, advance)
        read = self._scalar("SELECT count(*) FROM read")
        if read != self.listed_count and read != self.client.count_tasks(self.reader.project):
            self._reconcile(advance)
        self.state.put("answers.started", "")
        self.state.mark_complete("answers", format_timestamp(float(started) - REFETCH_SECONDS))

    def _fetch_page(self, after: int, since: str) -> TaskPage[AnnotatedTask]:
        return self.client.fetch_annotated_tasks(
            self.reader.project, after=after, since=since, size=TASKS_PER_PAGE
        )

    def _refetch_stale(self, advance: Advance) -> None:
        """Answers that the server need not have touched, but that may read otherwise now: the corpus has changed."""
        world = hashlib.sha256(
            f"{self.reader.documents.fingerprint} {sorted(self.annotators)}".encode()
        ).hexdigest()
        if self.state.get("answers.world") == world:
            return
        for numbers in chunks(self._find_stale_tasks(), TASKS_PER_PAGE):
            self._store_tasks(
                self.client.fetch_annotated_tasks_by_id(self.reader.project, numbers), advance
            )
        self.state.put("answers.world", world)

    def _find_stale_tasks(self) -> list[int]:
        """Tasks with an answer that was set aside, of an account that is gone, or read for another text than ours."""
        stale = {task for (task,) in self._rows("SELECT DISTINCT task FROM aside")}
        asked = "SELECT DISTINCT task, account, doc_id, text_sha256 FROM answers"
        for task, account, doc_id, read in self._rows(asked):
            if account not in self.annotators or self.reader.documents.text_sha256(doc_id) != read:
                stale.add(task)
        return sorted(stale)

    def _reconcile(self, advance: Advance) -> None:
        """Some tasks were deleted, or a page was short: compare number by number."""
        connection, project = self.state.connection, self.reader.project
        connection.execute("CREATE TEMP TABLE IF NOT EXISTS there (task INTEGER PRIMARY KEY)")
        connection.execute("DELETE FROM there")
        connection.executemany(
            "INSERT INTO there VALUES (?)",
            ((number,) for number in self.client.list_task_ids(project)),
        )
        for table in _TABLES:
            gone = connection.execute(
                f"DELETE FROM {table} WHERE task NOT IN (SELECT task FROM there)"
            )
            if gone.rowcount:
                connection.execute("DELETE FROM written")
        missed = self._rows("SELECT task FROM there WHERE task NOT IN (SELECT task FROM read)")
        for numbers in chunks((task for (task,) in missed), TASKS_PER_PAGE):
            self._store_tasks(self.client.fetch_annotated_tasks_by_id(project, numbers), advance)
        if self._scalar("SELECT count(*) FROM there WHERE task NOT IN (SELECT task FROM read)"):
            raise ServerError(
                "the server lists tasks that it does not give",
                where=self.url,
                remedy="run `sayso pull` again",
            )

    def _store_tasks(self, tasks: Iterable[AnnotatedTask], advance: Advance) -> None:
        for task in tasks:
            self._fetch_accounts()
            before = self._rows_of_task(task.id)
            for table in _TABLES:
                self.state.connection.execute(f"DELETE FROM {table} WHERE task = ?", (task.id,))
            self.state.connection.execute("INSERT INTO read VALUES (?)", (task.id,))
            for answer, record in self.reader.read_task(task, self.annotators.keys()):
                if isinstance(record, str):
                    self._quarantine(task, answer, record)
                else:
                    self._store_annotation(task, answer, record)
            self._invalidate_files(before ^ self._rows_of_task(task.id))
            self.tasks_fetched += 1
            advance(1)

    def _rows_of_task(self, task: int) -> set[tuple[int | None, bytes]]:
        """What is known of a task's answers: each with its account, or with none where it was set aside."""
        asked = "SELECT account, record FROM answers WHERE task = ? UNION ALL SELECT NULL, answer FROM aside WHERE task = ?"
        return set(self.state.connection.execute(asked, (task, task)))

    def _store_annotation(
        self, task: AnnotatedTask, answer: TaskAnnotation, record: Annotation
    ) -> None:
        row = (
            answer.id,
            task.id,
            answer.completed_by,
            record.doc_id,
            record.text_sha256,
            record.created,
            record.status,
            record.lead_time_seconds,
            record.text_read is not None,
            len(record.kept),
            encode(record),
        )
        self.state.connection.execute(
            "REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row
        )
        who = self.pseudonym(answer.completed_by)
        self.notices += [_build_notice(record.doc_id, who, task.id, kept) for kept in record.kept]

    # Which files need not be looked into: what they are made from is what it was, and nobody has touched them.

    def is_file_current(self, name: str, path: Path) -> bool:
        """Whether an annotator's file is as ``mark_file_current`` left it and would be made the same again."""
        asked = "SELECT state FROM written WHERE name = ?"
        found = self.state.connection.execute(asked, (name,)).fetchone()
        return found is not None and found[0] == self._file_fingerprint(name, path)

    def mark_file_current(self, name: str, account: int | None, path: Path) -> None:
        """Remember that a file holds whatever it should."""
        self.state.connection.execute(
            "REPLACE INTO written VALUES (?, ?, ?)",
            (name, account, self._file_fingerprint(name, path)),
        )
        self.state.connection.commit()

    def _file_fingerprint(self, name: str, path: Path) -> str:
        kinds = sorted(
            (account, who.kind) for account, who in self.annotators.items() if who.pseudonym == name
        )
        found = path.stat() if path.exists() else None
        return f"{found and (found.st_size, found.st_mtime_ns, found.st_ino)} {kinds} {self.state.get('answers.world')}"

    def _invalidate_files(self, changed: Iterable[tuple[int | None, bytes]]) -> None:
        for account, _record in changed:
            if account is None:  # some line in some file stands for what was set aside
                self.state.connection.execute("DELETE FROM written")
            else:
                self.state.connection.execute("DELETE FROM written WHERE account = ?", (account,))

    def _quarantine(self, task: AnnotatedTask, answer: TaskAnnotation, reason: str) -> None:
        doc_id = task.data.get("doc_id")
        row = (
            answer.id,
            task.id,
            answer.completed_by,
            doc_id if isinstance(doc_id, str) else "",
            reason,
            msgspec.json.encode(answer),
        )
        self.state.connection.execute("REPLACE INTO aside VALUES (?, ?, ?, ?, ?, ?)", row)

    # What `full` tells: how what is there differs from what was known.

    def _save_digests(self) -> None:
        connection = self.state.connection
        connection.execute(
            "CREATE TEMP TABLE before (annotation INTEGER PRIMARY KEY, digest BLOB NOT NULL)"
        )
        connection.executemany("INSERT INTO before VALUES (?, ?)", self._compute_digests())

    def _compare_digests(self) -> ServerComparison:
        connection = self.state.connection
        connection.execute(
            "CREATE TEMP TABLE after (annotation INTEGER PRIMARY KEY, digest BLOB NOT NULL)"
        )
        connection.executemany("INSERT INTO after VALUES (?, ?)", self._compute_digests())
        return ServerComparison(
            self._scalar("SELECT count(*) FROM after"),
            self._scalar(
                "SELECT count(*) FROM after JOIN before USING (annotation) WHERE before.digest <> after.digest"
            ),
            self._scalar(
                "SELECT count(*) FROM after WHERE annotation NOT IN (SELECT annotation FROM before)"
            ),
            self._scalar(
                "SELECT count(*) FROM before WHERE annotation NOT IN (SELECT annotation FROM after)"
            ),
        )

    def _compute_digests(self) -> Iterator[tuple[int, bytes]]:
        for asked in (
            "SELECT annotation, record FROM answers",
            "SELECT annotation, answer FROM aside",
        ):
            for annotation, content in self.state.connection.execute(asked):
                yield annotation, hashlib.blake2b(content, digest_size=16).digest()

    # Telling what the ledger holds.

    def count_by_annotator(self) -> Counter[str]:
        """How many answers of each annotator the server holds, set aside or not."""
        asked = "SELECT account FROM answers UNION ALL SELECT account FROM aside"
        return Counter(
            self.pseudonym(account) for (account,) in self.state.connection.execute(asked)
        )

    def iterate_work(self) -> Iterator[AnnotationWork]:
        """Every answer as a piece of work."""
        asked = "SELECT account, task, created, seconds, status = 'skipped' FROM answers"
        for account, task, created, seconds, skipped in self.state.connection.execute(asked):
            yield AnnotationWork(account, task, created, seconds, bool(skipped))
        aside = msgspec.json.Decoder(_TimingFields).decode
        for account, task, answer in self.state.connection.execute(
            "SELECT account, task, answer FROM aside"
        ):
            raw = aside(answer)
            yield AnnotationWork(account, task, raw.created_at, raw.lead_time, raw.was_cancelled)

    def accounts(self) -> dict[Annotator, int]:
        """Who has answered what can stand in the corpus, and the number of their account."""
        found = self._rows("SELECT DISTINCT account FROM answers")
        return {
            self.annotators[account]: account for (account,) in found if account in self.annotators
        }

    def lines_of_account(self, account: int) -> Iterator[AnnotationLine]:
        """The answers of one account, in order."""
        asked = (
            "SELECT doc_id, created, annotation, record FROM answers WHERE account = ? "
            "ORDER BY doc_id, created, annotation"
        )
        who = self.annotators[account]
        named = f'"annotator":"{who.pseudonym}","annotator_kind":"{who.kind}"'.encode()
        for doc_id, created, annotation, record in self.state.connection.execute(asked, (account,)):
            yield AnnotationLine(
                doc_id, created, annotation, record.replace(_ANNOTATOR_PLACEHOLDER, named, 1)
            )

    def count_by_status(self, account: int) -> Counter[str]:
        """How many answers of one account there are, by status."""
        asked = "SELECT status, count(*) FROM answers WHERE account = ? GROUP BY status"
        return Counter(dict(self.state.connection.execute(asked, (account,)).fetchall()))

    def has_record(self, annotation: int, doc_id: str, created: str) -> bool:
        """Whether the server has this answer, and the corpus can."""
        asked = "SELECT 1 FROM answers WHERE annotation = ? AND doc_id = ? AND created = ?"
        return bool(self.state.connection.execute(asked, (annotation, doc_id, created)).fetchone())

    def has_quarantined(self) -> bool:
        """Whether any answer cannot stand in the corpus."""
        return bool(self._scalar("SELECT count(*) FROM aside"))

    def is_quarantined(self, annotation: int) -> bool:
        """Whether the server has this answer, and the corpus cannot."""
        asked = "SELECT 1 FROM aside WHERE annotation = ?"
        return bool(self.state.connection.execute(asked, (annotation,)).fetchone())

    def annotations_with_kept(self) -> Iterator[Annotation]:
        """The answers of which something was kept apart."""
        read = msgspec.json.Decoder(Annotation).decode
        return (
            read(record)
            for (record,) in self.state.connection.execute("SELECT record FROM answers WHERE kept")
        )

    def count_kept(self) -> int:
        """How many parts of answers were kept apart."""
        return self._scalar("SELECT coalesce(sum(kept), 0) FROM answers")

    def count_carried_over(self) -> int:
        """How many answers were carried over to a later text."""
        return self._scalar("SELECT coalesce(sum(carried), 0) FROM answers")

    def iterate_quarantined(self) -> Iterator[QuarantinedAnnotation]:
        """The answers that cannot stand in the corpus, by task."""
        asked = "SELECT task, account, doc_id, reason, answer FROM aside ORDER BY task, annotation"
        for task, account, doc_id, reason, answer in self.state.connection.execute(asked):
            yield QuarantinedAnnotation(
                task, self.pseudonym(account), doc_id, reason, msgspec.Raw(answer)
            )

    def pseudonym(self, account: int | None) -> str:
        """An account's pseudonym."""
        who = self.annotators.get(account) if account is not None else None
        return who.pseudonym if who else "unknown"

    def _rows(self, asked: str) -> list[tuple[Any, ...]]:
        return self.state.connection.execute(asked).fetchall()

    def _scalar(self, asked: str) -> int:
        return int(self.state.connection.execute(asked).fetchone()[0])


@dataclass(frozen=True)
class ServerComparison:
    """How the answers on the server differ from those that were known; all zero where nothing was compared."""

    compared: int = 0
    differing: int = 0
    new: int = 0
    gone: int = 0


def _build_notice(doc_id: str, annotator: str, task: int, kept: UnknownItem) -> AnnotationNotice:
    value = kept.item.get("value") if isinstance(kept.item, dict) else None
    place = (
        f"[{value['start']}, {value['end']})"
        if isinstance(value, dict) and {"start", "end"} <= value.keys()
        else ""
    )
    return AnnotationNotice(doc_id, annotator, task, place, kept.reason)
