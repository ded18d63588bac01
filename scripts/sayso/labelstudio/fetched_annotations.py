"""The annotations of one project, kept in its sync state: fetched once, and again when changed.

Annotations are read as they arrive and stored on disk by number, so that memory stays flat and an
interrupted fetch resumes where it was.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, structs

from sayso import jsonl
from sayso.callbacks import Advance
from sayso.corpus.sources import AnnotationHead, CorpusFiles
from sayso.errors import ServerError
from sayso.files import exists
from sayso.labelstudio.annotation_reader import UNNAMED, AnnotationReader, reader_fingerprint
from sayso.labelstudio.api_types import AnnotatedTask, ListedProject, TaskAnnotation, TaskSelection
from sayso.labelstudio.client import LabelStudioClient
from sayso.labelstudio.document_index import open_document_index
from sayso.labelstudio.instructions import find_version_at, find_version_between
from sayso.labelstudio.last_changes import LastChange, LastChanges
from sayso.labelstudio.project import ProjectKey, read_guidelines_shown
from sayso.labelstudio.pseudonyms import (
    Annotator,
    read_annotators,
    resolve_annotators,
    restore_pseudonyms,
)
from sayso.labelstudio.server_identity import read_server_id
from sayso.labelstudio.sync_state import (
    SyncState,
    chunks,
    format_timestamp,
    identify_server,
    open_sync_state,
)
from sayso.labelstudio.transport import ServerFailed, UnreadableResponse
from sayso.labelstudio.urls import SYSTEM
from sayso.models import Annotation, UnknownItem, encode
from sayso.schema.declarations import load_schema
from sayso.schema.migrations import load_migrations
from sayso.settings import SCHEMA_FILE, Checkout

TASKS_PER_PAGE = 100  # with annotations: the server's memory stays flat
REFETCH_SECONDS = 60.0  # fetched twice, for what was being written during the last fetch
_CREATE_TABLES = """
CREATE TABLE fetched_tasks (task INTEGER PRIMARY KEY);
-- A row with a reason is in quarantine: its content is the annotation as received, else a record.
CREATE TABLE annotations (
    annotation INTEGER PRIMARY KEY, task INTEGER NOT NULL, account INTEGER, doc_id TEXT NOT NULL,
    text_sha256 TEXT NOT NULL, created TEXT NOT NULL, status TEXT NOT NULL, seconds REAL,
    import_id INTEGER, carried_over INTEGER NOT NULL, kept INTEGER NOT NULL, changed_by INTEGER,
    unseen INTEGER NOT NULL, reason TEXT, content BLOB NOT NULL
);
-- Files that hold what they should.
CREATE TABLE current_files (pseudonym TEXT PRIMARY KEY, account INTEGER, fingerprint TEXT NOT NULL);
-- Lines of these files that are not of the server's annotations.
CREATE TABLE other_lines (
    line TEXT PRIMARY KEY, pseudonym TEXT NOT NULL, doc_id TEXT, origin BLOB, number INTEGER,
    seconds REAL, digest BLOB, drawn INTEGER
) WITHOUT ROWID;
-- Annotations that are another annotator's line, imported under this account.
CREATE TABLE foreign_copies (annotation INTEGER PRIMARY KEY, pseudonym TEXT NOT NULL);
-- Tasks that the server cannot write, or we cannot read, with the number of their annotations.
CREATE TABLE undeliverable_tasks (
    task INTEGER PRIMARY KEY, annotations INTEGER NOT NULL, reason TEXT NOT NULL
);
-- Annotations that left their task; gone once the server says that it has none of the number.
CREATE TABLE lost_annotations (annotation INTEGER PRIMARY KEY, gone INTEGER NOT NULL DEFAULT 0);
CREATE INDEX annotations_of_task ON annotations (task);
CREATE INDEX annotations_of_account ON annotations (account, doc_id, created, annotation);
CREATE INDEX annotations_of_document ON annotations (doc_id);
"""
_TABLES = (
    "annotations",
    "fetched_tasks",
    "current_files",
    "lost_annotations",
    "other_lines",
    "foreign_copies",
    "undeliverable_tasks",
)
_NO_COPY = "annotation NOT IN (SELECT annotation FROM foreign_copies)"
_EACH = "(SELECT value FROM json_each(?))"
_IS_UNDELIVERABLE = "task IN (SELECT task FROM undeliverable_tasks)"
_LOSE = (
    "INSERT OR IGNORE INTO lost_annotations (annotation) SELECT annotation FROM annotations WHERE"
)
# In every stored record, since the map may change. Text of the record cannot contain such quotes.
_ANNOTATOR_PLACEHOLDER = f'"annotator":"{UNNAMED}","annotator_kind":"human"'.encode()
_CHANGED_BY_PLACEHOLDER = f',"changed_by":"{UNNAMED}"'.encode()
_UNKNOWN_ACCOUNT = -1  # of a pseudonym in our files that no account has


@dataclass(frozen=True)
class AnnotationNotice:
    """A part of an annotation that a person should look at; ``span`` is [start, end) or empty.

    ``number`` is the annotation's on the server where it may be gone from there, else 0.
    """

    doc_id: str
    annotator: str
    task: int
    span: str
    reason: str
    number: int = 0


class AnnotationWork(Struct, frozen=True):
    """An annotation as work: by whom, on which task, when, in how many seconds.

    ``unseen`` if it was taken over from a prediction that nobody looked at.
    """

    account: int | None
    task: int
    created: str
    seconds: float | None
    skipped: bool
    unseen: bool


class LeftOutTask(Struct, frozen=True):
    """A task that the server cannot give, with the number of its annotations and the reason."""

    task: int
    annotations: int
    reason: str


class QuarantinedAnnotation(Struct, frozen=True):
    """An annotation that cannot be stored in the corpus, as it came."""

    number: int
    task: int
    annotator: str
    doc_id: str
    reason: str
    annotation: msgspec.Raw

    @property
    def notice(self) -> AnnotationNotice:
        return AnnotationNotice(self.doc_id, self.annotator, self.task, "", self.reason)


class _GuidelinesFields(Struct):
    updated: str
    guidelines_version: str | None = None


@dataclass(frozen=True)
class ServerComparison:
    """Differences between the server and what was known; all zero if nothing was compared."""

    compared: int = 0
    differing: int = 0
    new: int = 0
    gone: int = 0


@contextmanager
def open_annotations(
    checkout: Checkout, client: LabelStudioClient, project_key: ProjectKey, listed: ListedProject
) -> Iterator[FetchedAnnotations]:
    """Open the annotations of one project; the caller holds the lock of the sync state."""
    schema_file = checkout.root / SCHEMA_FILE
    migrations = load_migrations(schema_file.parent, load_schema(schema_file))
    with (
        open_document_index(checkout) as documents,
        open_sync_state(checkout, client, listed) as state,
    ):
        shown = read_guidelines_shown(client, listed)
        server = read_server_id(listed.description) or state.get("server") or None
        if server and server != state.get("server"):
            state.put("server", server)
        state.store_lines(listed.description)
        reader = AnnotationReader(project_key, listed.id, server, migrations, documents, shown)
        fetched = FetchedAnnotations(checkout, client, reader, state, listed)
        fetched.annotators = read_annotators(checkout, fetched.server)
        yield fetched


@dataclass
class FetchedAnnotations:
    """The annotations that the server has.

    Attributes:
        listed: the project as the server listed it.
        annotators: by account, as far as known; all are fetched before anything new is read.
        tasks_fetched: tasks that this object fetched, because they are new or have changed.
        notices: parts of the fetched annotations that were kept undecoded.
    """

    checkout: Checkout
    client: LabelStudioClient
    reader: AnnotationReader
    state: SyncState
    listed: ListedProject
    annotators: Mapping[int, Annotator] = field(default_factory=dict)
    tasks_fetched: int = 0
    notices: list[AnnotationNotice] = field(default_factory=list)
    _accounts_fetched: bool = False
    _undeliverable_fetched: bool = False

    def __post_init__(self) -> None:
        self._last_changes = LastChanges(self.state.connection)

    @property
    def url(self) -> str:
        """The project's address."""
        return f"{self.client.url}/projects/{self.reader.project}"

    @property
    def server(self) -> str:
        """The name of the server in the map of annotators."""
        return self.reader.server or identify_server(self.checkout, self.client)

    # Fetching.

    def fetch(self, full: bool = False, advance: Advance = lambda _: None) -> ServerComparison:
        """Fetch what changed since the last time; everything if ``full`` or the reader changed.

        Raises:
            ServerError: the server does not answer, or gives fewer tasks than it says it has.
        """
        if full or not self.annotators:
            self._fetch_accounts()
        compare = self._reset_if_outdated(full)
        self._update_guidelines_versions()
        interrupted = bool(self.state.get("annotations.started"))
        self.fetch_changes(advance)
        if interrupted:  # what was fetched before the interruption may have changed since
            self.fetch_changes(advance)
        self._restore_pseudonyms()
        return self._compare_digests() if compare else ServerComparison()

    def _fetch_accounts(self) -> None:
        """Fetch the accounts once; whoever changed an annotation may be new."""
        if not self._accounts_fetched:
            accounts = self.client.list_accounts()
            self.annotators = resolve_annotators(self.checkout, self.server, accounts)
            self._accounts_fetched = True

    def _restore_pseudonyms(self) -> None:
        """Find pseudonyms of removed members, whom the map did not know, in the lines we have."""
        nameless = {number for number, who in self.annotators.items() if not who.email}
        if not nameless or self.state.get("annotations.nameless") == repr(sorted(nameless)):
            return
        found: dict[int, str] = {}
        corpus, reader = CorpusFiles(self.checkout.root), self.reader
        query = (
            "SELECT account FROM annotations WHERE annotation = ? AND doc_id = ? AND created = ?"
        )
        for path in corpus.annotation_files(reader.project_key.campaign):
            for _number, _line, head in jsonl.read_lines(path, AnnotationHead):
                if head.origin and head.origin.project == reader.project:
                    key = (head.origin.annotation, head.doc_id, head.created)
                    found |= {account: head.annotator for (account,) in self._rows(query, *key)}
        names = {number: found[number] for number in nameless & found.keys()}
        self.annotators = restore_pseudonyms(self.checkout, self.server, names)
        self.state.put("annotations.nameless", repr(sorted(nameless)))
        self.state.connection.commit()

    def _reset_if_outdated(self, full: bool) -> bool:
        """Forget what must be read anew; return whether there is something to compare with."""
        fingerprint = f"{reader_fingerprint(self.reader.migrations)} {self.reader.server}"
        same = self.state.get("annotations.reader") == fingerprint
        if same and not full:
            return False
        comparable = same and not self.state.get("annotations.started")
        if comparable:
            self._save_digests()
        # Whoever is killed before the tables are there again starts over.
        self.state.put("annotations.reader", "")
        drop = "".join(f"DROP TABLE IF EXISTS {table};" for table in _TABLES)
        self.state.connection.executescript(drop + _CREATE_TABLES)
        self.state.put("annotations.started", "")
        self.state.put("annotations.world", "")
        self.state.mark_complete("annotations", "")
        self.state.put("annotations.reader", fingerprint)
        self.state.connection.commit()
        return comparable

    def _update_guidelines_versions(self) -> None:
        """Correct stored records if the project now says otherwise which guidelines it showed."""
        shown = repr(self.reader.guidelines_shown)
        if self.state.get("annotations.shown") == shown:
            return
        read = msgspec.json.Decoder(_GuidelinesFields).decode
        query = (
            "SELECT annotation, account, content, since FROM annotations"
            " JOIN last_changes USING (annotation) WHERE reason IS NULL"
        )
        for annotation, account, content, since in self.state.connection.execute(query):
            fields = read(content)
            version = find_version_between(self.reader.guidelines_shown, since, fields.updated)
            if version != fields.guidelines_version:
                record = msgspec.json.decode(content, type=Annotation)
                changed = encode(structs.replace(record, guidelines_version=version))
                update = "UPDATE annotations SET content = ? WHERE annotation = ?"
                self.state.connection.execute(update, (changed, annotation))
                self._invalidate_file(account)
        self.state.put("annotations.shown", shown)
        self.state.connection.commit()

    def fetch_changes(self, advance: Advance) -> None:
        """Fetch what changed since the last time."""
        # Kept when interrupted: the first pages are as old as that.
        started = self.state.get("annotations.started") or str(self.client.server_time())
        self.state.put("annotations.started", started)
        self._refetch_stale(advance)
        project, fetch_page = self.reader.project, self.client.fetch_annotated_tasks
        fetch = partial(fetch_page, project, size=TASKS_PER_PAGE)
        for page in self.state.fetch_pages("annotations", fetch):
            self._store_page(page, advance)
        count = self._scalar("SELECT count(*) FROM fetched_tasks")
        if count != self.listed.task_number and count != self.client.count_tasks(project):
            self._reconcile(advance)
        self.find_moved((), advance)
        self.state.put("annotations.started", "")
        self.state.mark_complete("annotations", format_timestamp(float(started) - REFETCH_SECONDS))

    def _refetch_stale(self, advance: Advance) -> None:
        """Fetch tasks that the server need not have touched, but that may read otherwise now."""
        world = f"{self.reader.documents.fingerprint} {sorted(self.annotators)}"
        digest = hashlib.sha256(world.encode()).hexdigest()
        if self.state.get("annotations.world") != digest:
            self._fetch_tasks(self._find_stale_tasks(), advance)
            self.state.put("annotations.world", digest)
        if not self._undeliverable_fetched:
            self._undeliverable_fetched = True
            again = self._rows("SELECT task FROM undeliverable_tasks")
            self._fetch_tasks((task for (task,) in again), advance)

    def _find_stale_tasks(self) -> list[int]:
        """List tasks with an annotation in quarantine, of a lost account, or for another text."""
        stale = set()
        query = "SELECT DISTINCT task, account, doc_id, text_sha256, reason FROM annotations"
        for task, account, doc_id, text_sha256, reason in self._rows(query):
            current = self.reader.documents.text_sha256(doc_id)
            if reason or account not in self.annotators or current != text_sha256:
                stale.add(task)
        return sorted(stale)

    def _reconcile(self, advance: Advance) -> None:
        """Compare number by number: some tasks were deleted, or a page was short."""
        connection, project = self.state.connection, self.reader.project
        connection.execute("CREATE TEMP TABLE IF NOT EXISTS there (task INTEGER PRIMARY KEY)")
        connection.execute("DELETE FROM there")
        numbers = ((number,) for number in self.client.list_task_ids(project))
        connection.executemany("INSERT INTO there VALUES (?)", numbers)
        connection.execute(f"{_LOSE} task NOT IN (SELECT task FROM there)")  # noqa: S608
        for table in ("annotations", "fetched_tasks", "undeliverable_tasks"):
            gone = f"DELETE FROM {table} WHERE task NOT IN (SELECT task FROM there)"  # noqa: S608
            if connection.execute(gone).rowcount:
                self._invalidate_file(None)
        missed = "SELECT task FROM there WHERE task NOT IN (SELECT task FROM fetched_tasks)"
        self._fetch_tasks((task for (task,) in self._rows(missed)), advance)
        if self._rows(missed):
            what = "the server lists tasks that it does not give"
            raise ServerError(what, where=self.url, remedy="run `sayso pull` again")

    def find_moved(self, numbers: Iterable[int], advance: Advance = lambda _: None) -> None:
        """Ask for lost annotations by their numbers, and fetch the tasks where they are now.

        Label Studio's "Remove Duplicated Tasks" moves annotations to another task, whose time of
        change stays as it was.
        """
        execute, project = self.state.connection.execute, self.reader.project
        insert = "INSERT OR IGNORE INTO lost_annotations (annotation) VALUES (?)"
        self.state.connection.executemany(insert, ((number,) for number in numbers))
        forget_found = (
            "DELETE FROM lost_annotations WHERE annotation IN (SELECT annotation FROM annotations)"
        )
        execute(forget_found)
        tasks = set()
        for (number,) in self._rows("SELECT annotation FROM lost_annotations WHERE NOT gone"):
            try:
                located = self.client.locate_annotation(number)
            except (ServerFailed, UnreadableResponse):
                continue  # it is there
            if located and located.project == project:
                tasks.add(located.task)
            else:
                execute("UPDATE lost_annotations SET gone = 1 WHERE annotation = ?", (number,))
        self._fetch_tasks(sorted(tasks), advance)
        execute(forget_found)
        self.state.connection.commit()

    def _fetch_tasks(self, tasks: Iterable[int], advance: Advance) -> None:
        for numbers in chunks(tasks, TASKS_PER_PAGE):
            project = self.reader.project
            self._store_page(self.client.fetch_annotated_tasks_by_id(project, numbers), advance)

    def _store_page(self, page: TaskSelection[AnnotatedTask], advance: Advance) -> None:
        self._store_tasks(page.tasks, advance)
        if not page.undeliverable:
            return
        # What is known of these tasks stays as it is.
        ids, execute = sorted(page.undeliverable), self.state.connection.execute
        counts = self.client.count_task_annotations(self.reader.project, ids)
        for task in filter(counts.__contains__, ids):
            row = (task, counts[task], page.undeliverable[task])
            execute("REPLACE INTO undeliverable_tasks VALUES (?, ?, ?)", row)
            execute("REPLACE INTO fetched_tasks VALUES (?)", (task,))

    def _store_tasks(self, tasks: Iterable[AnnotatedTask], advance: Advance) -> None:
        execute = self.state.connection.execute
        for task in tasks:
            self._fetch_accounts()
            before = self._rows_of_task(task.id)
            execute(f"{_LOSE} task = ?", (task.id,))
            execute("DELETE FROM annotations WHERE task = ?", (task.id,))
            execute("DELETE FROM undeliverable_tasks WHERE task = ?", (task.id,))
            execute("REPLACE INTO fetched_tasks VALUES (?)", (task.id,))
            for annotation, record in self.reader.read_task(task, self.annotators.keys()):
                self._store_annotation(task, annotation, record)
            for account, *_rest in before ^ self._rows_of_task(task.id):
                self._invalidate_file(account)
            self.tasks_fetched += 1
            advance(1)

    def _rows_of_task(self, task: int) -> set[tuple[int | None, bytes, int | None]]:
        """Return the stored annotations with their accounts, None for those in quarantine."""
        account = "CASE WHEN reason IS NULL THEN account END"
        query = f"SELECT {account}, content, changed_by FROM annotations WHERE task = ?"  # noqa: S608
        return set(self._rows(query, task))

    def _store_annotation(
        self, task: AnnotatedTask, annotation: TaskAnnotation, record: Annotation | str
    ) -> None:
        if isinstance(record, str):
            self._last_changes.resolve(annotation, None)
            content = msgspec.json.encode(annotation)
            stored: tuple[object, ...] = (False, 0, None, False, record, content)
            text_sha256 = ""
        else:
            change = self._last_changes.resolve(annotation, record)
            record = self._add_change(record, change)
            text_sha256, carried_over = record.text_sha256, record.text_read is not None
            change_fields = (change.changed_by, change.unseen)
            stored = (carried_over, len(record.kept), *change_fields, None, encode(record))
            annotator = self.pseudonym(annotation.completed_by)
            for item in record.kept:
                self.notices.append(_build_notice(record.doc_id, annotator, task.id, item))
        doc_id = task.data.get("doc_id")
        row = (
            annotation.id,
            task.id,
            annotation.completed_by,
            doc_id if isinstance(doc_id, str) else "",
            text_sha256,
            annotation.created_at,
            "skipped" if annotation.was_cancelled else "submitted",
            annotation.lead_time,
            annotation.import_id,
            *stored,
        )
        marks = ",".join("?" * len(row))
        self.state.connection.execute(f"REPLACE INTO annotations VALUES ({marks})", row)  # noqa: S608

    def _add_change(self, record: Annotation, change: LastChange) -> Annotation:
        shown = self.reader.guidelines_shown
        return structs.replace(
            record,
            changed_by=UNNAMED if change.changed_by is not None else None,
            guidelines_version=find_version_between(shown, change.since, change.updated),
            updated=change.updated,
            started_from=change.started_from,
            unseen=change.unseen,
        )

    def adopt_lines(self, corpus: CorpusFiles) -> None:
        """Let our files tell when annotations last changed, where they know better."""
        key = (SYSTEM, self.reader.project, self.reader.project_key.pass_name)
        for path in corpus.annotation_files(self.reader.project_key.campaign):
            if not self.is_file_current(path.stem, path):
                for _number, content, head in jsonl.read_lines(path, AnnotationHead):
                    origin = head.origin
                    if origin and (origin.system, origin.project, head.interface) == key:
                        self._adopt_line(origin.annotation, head, content.rstrip(b"\n"))
        self.state.connection.commit()

    def _adopt_line(self, number: int, head: AnnotationHead, content: bytes) -> None:
        query = (
            "SELECT account, changed_by, content FROM annotations"
            " WHERE annotation = ? AND doc_id = ? AND created = ? AND reason IS NULL"
        )
        for account, changed_by, stored in self._rows(query, number, head.doc_id, head.created):
            if account not in self.annotators or self._name(stored, account, changed_by) == content:
                return
            line, record = (
                msgspec.json.decode(each, type=Annotation) for each in (content, stored)
            )
            version = find_version_at(self.reader.guidelines_shown, line.updated)
            since = line.updated if line.guidelines_version == version else record.created
            other = self._find_account(line.changed_by)
            if change := self._last_changes.adopt(number, record, line, other, since):
                record = self._add_change(record, change)
                values = (change.changed_by, change.unseen, encode(record), number)
                update = "UPDATE annotations SET changed_by = ?, unseen = ?, content = ?"
                self.state.connection.execute(f"{update} WHERE annotation = ?", values)

    def _find_account(self, pseudonym: str | None) -> int | None:
        if pseudonym is None:
            return None
        accounts = {who.pseudonym: account for account, who in self.annotators.items()}
        return accounts.get(pseudonym, _UNKNOWN_ACCOUNT)

    # Files that need not be read: neither they nor what they are made from has changed.

    def is_file_current(self, name: str, path: Path) -> bool:
        """Return whether an annotator's file would be written again as it is."""
        query = "SELECT fingerprint FROM current_files WHERE pseudonym = ?"
        return self._rows(query, name) == [(self._file_fingerprint(path),)]

    def mark_file_current(self, name: str, account: int | None, path: Path) -> None:
        """Record that a file holds what it should."""
        row = (name, account, self._file_fingerprint(path))
        self.state.connection.execute("REPLACE INTO current_files VALUES (?, ?, ?)", row)
        self.state.connection.commit()

    def forget_other_lines(self, current: Iterable[str]) -> None:
        """Forget lines beside the server's, except those of files that hold what they should."""
        forget = f"DELETE FROM other_lines WHERE pseudonym NOT IN {_EACH}"  # noqa: S608
        self.state.connection.execute(forget, (msgspec.json.encode(list(current)).decode(),))

    def add_other_line(self, line: str, name: str, content: Sequence[object]) -> str | None:
        """Remember a line of an annotator's file; return whose file has it already, or None."""
        insert = "INSERT OR IGNORE INTO other_lines VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        row = (line, name, *(content or (None,) * 6))
        if self.state.connection.execute(insert, row).rowcount:
            return None
        return str(self._rows("SELECT pseudonym FROM other_lines WHERE line = ?", line)[0][0])

    def leave_out(self, copies: Mapping[int, str]) -> set[int]:
        """Leave out annotations that are other annotators' lines; return whose are new or free."""
        before = dict(self._rows("SELECT annotation, pseudonym FROM foreign_copies"))
        if before == copies:
            return set()
        self.state.connection.execute("DELETE FROM foreign_copies")
        insert = "INSERT INTO foreign_copies VALUES (?, ?)"
        self.state.connection.executemany(insert, copies.items())
        numbers = msgspec.json.encode(list(before.keys() ^ copies.keys())).decode()
        query = "SELECT DISTINCT account FROM annotations WHERE annotation IN"
        return {account for (account,) in self._rows(f"{query} {_EACH}", numbers)}

    def _file_fingerprint(self, path: Path) -> str:
        # Of all accounts, since any of them may have changed an annotation in the file.
        accounts = self.annotators.items()
        names = sorted((n, who.pseudonym, who.kind, who.role) for n, who in accounts)
        stat = path.stat() if exists(path) else None
        file = stat and (stat.st_size, stat.st_mtime_ns, stat.st_ino)
        return f"{file} {names} {self.state.get('annotations.world')}"

    def _invalidate_file(self, account: int | None) -> None:
        """Have an account's file written again; None: any file may have lines from quarantine."""
        delete = "DELETE FROM current_files WHERE ?1 IS NULL OR account = ?1"
        self.state.connection.execute(delete, (account,))

    # Comparison of a full fetch with what was known.

    def _save_digests(self) -> None:
        connection = self.state.connection
        connection.create_function("digest", 1, _content_digest)
        connection.execute(
            "CREATE TEMP TABLE before AS SELECT annotation, task, digest(content) old"
            " FROM annotations"
        )
        connection.execute("CREATE UNIQUE INDEX temp.before_annotation ON before (annotation)")

    def _compare_digests(self) -> ServerComparison:
        ((compared, differing, new),) = self._rows(
            "SELECT count(*), coalesce(sum(old <> digest(content)), 0), count(*) - count(old)"
            " FROM annotations LEFT JOIN before USING (annotation)"
        )
        is_there = "SELECT annotation FROM annotations"
        gone = (
            f"SELECT count(*) FROM before WHERE annotation NOT IN ({is_there})"  # noqa: S608
            f" AND NOT {_IS_UNDELIVERABLE}"
        )
        return ServerComparison(compared, differing, new, self._scalar(gone))

    # Reading what is stored.

    def count_annotations(self) -> int:
        """Count the annotations, also those in quarantine and of tasks left out."""
        fetched = f"SELECT count(*) FROM annotations WHERE NOT {_IS_UNDELIVERABLE}"  # noqa: S608
        return self._scalar(fetched) + sum(each.annotations for each in self.list_left_out())

    def list_left_out(self) -> list[LeftOutTask]:
        """List the tasks that the server cannot give, by number."""
        return [
            LeftOutTask(*row)
            for row in self._rows("SELECT * FROM undeliverable_tasks ORDER BY task")
        ]

    def is_left_out(self, task: int) -> bool:
        """Return whether the server cannot give a task."""
        return bool(self._rows("SELECT 1 FROM undeliverable_tasks WHERE task = ?", task))

    def count_by_annotator(self) -> Counter[str]:
        """Count the annotations of each annotator that are not left out; also in quarantine."""
        counts = Counter[str]()
        query = f"SELECT account, count(*) FROM annotations WHERE {_NO_COPY} GROUP BY 1"  # noqa: S608
        for account, count in self._rows(query):
            counts[self.pseudonym(account)] += count
        return counts

    def iterate_work(self) -> Iterator[AnnotationWork]:
        """Yield every annotation as a piece of work, also those in quarantine."""
        query = (
            "SELECT account, task, created, seconds, status = 'skipped', unseen FROM annotations"
        )
        for account, task, created, seconds, *flags in self.state.connection.execute(query):
            yield AnnotationWork(account, task, created, seconds, *map(bool, flags))

    def lines_of_account(self, account: int) -> Iterator[tuple[str, str, int, bytes]]:
        """Yield (doc_id, time of creation, number, line) of one account's file, in order."""
        query = (
            "SELECT doc_id, created, annotation, changed_by, content FROM annotations"  # noqa: S608
            f" WHERE account = ? AND reason IS NULL AND {_NO_COPY}"
            " ORDER BY doc_id, created, annotation"
        )
        for *key, changed_by, content in self.state.connection.execute(query, (account,)):
            yield (*key, self._name(content, account, changed_by))

    def _name(self, content: bytes, account: int, changed_by: int | None) -> bytes:
        """Replace the placeholders of a stored record by pseudonyms."""
        who, placeholder = self.annotators[account], _ANNOTATOR_PLACEHOLDER
        name = f'"annotator":"{who.pseudonym}","annotator_kind":"{who.kind}"'
        if who.role != "annotator":
            name += f',"annotator_role":"{who.role}"'
        if changed_by is not None:
            placeholder += _CHANGED_BY_PLACEHOLDER
            name += f',"changed_by":"{self.pseudonym(changed_by)}"'
        return content.replace(placeholder, name.encode(), 1)

    def count_by_status(self) -> dict[int, Counter[str]]:
        """Count the storable annotations of each account by status."""
        counts: dict[int, Counter[str]] = defaultdict(Counter)
        query = (
            "SELECT account, status, count(*) FROM annotations"  # noqa: S608
            f" WHERE reason IS NULL AND {_NO_COPY} GROUP BY 1, 2"
        )
        for account, status, count in self._rows(query):
            counts[account][status] = count
        return counts

    def has_record(self, annotation: int, doc_id: str, created: str) -> bool:
        """Return whether the server has this annotation, and it can be stored."""
        query = (
            "SELECT 1 FROM annotations"
            " WHERE annotation = ? AND doc_id = ? AND created = ? AND reason IS NULL"
        )
        return bool(self._rows(query, annotation, doc_id, created))

    def is_gone(self, annotation: int) -> bool:
        """Return whether the server has none of this number, or now another one."""
        query = (
            "SELECT 1 FROM lost_annotations WHERE annotation = ?1 AND gone"
            " UNION SELECT 1 FROM annotations WHERE annotation = ?1"
        )
        return bool(self._rows(query, annotation))

    def imported_annotations(self, account: int) -> dict[tuple[str, int], int]:
        """Map document and number before an export and import to the present number."""
        query = (
            "SELECT doc_id, import_id, annotation FROM annotations"
            " WHERE account = ? AND import_id IS NOT NULL AND reason IS NULL"
        )
        return {(doc_id, old): number for doc_id, old, number in self._rows(query, account)}

    def read_record(self, annotation: int) -> Annotation:
        """Return a stored record, with its annotator."""
        query = "SELECT account, changed_by, content FROM annotations WHERE annotation = ?"
        ((account, changed_by, content),) = self._rows(query, annotation)
        return msgspec.json.decode(self._name(content, account, changed_by), type=Annotation)

    def annotations_with_kept(self) -> Iterator[Annotation]:
        """Yield the annotations of which a part was kept undecoded."""
        read = msgspec.json.Decoder(Annotation).decode
        rows = self.state.connection.execute("SELECT content FROM annotations WHERE kept")
        return (read(content) for (content,) in rows)

    def count_exceptions(self) -> tuple[int, int]:
        """Count the parts kept undecoded, and the annotations transferred to a later text."""
        query = "SELECT coalesce(sum(kept), 0), coalesce(sum(carried_over), 0) FROM annotations"
        ((kept, carried_over),) = self._rows(query)
        return kept, carried_over

    def list_changed(self) -> list[AnnotationNotice]:
        """List the storable annotations that somebody else saved after their annotator."""
        rows = self._rows(
            "SELECT doc_id, account, task, changed_by FROM annotations"
            " WHERE changed_by IS NOT NULL ORDER BY doc_id, annotation"
        )
        return [
            AnnotationNotice(
                doc_id, self.pseudonym(account), task, "", f"saved by {self.pseudonym(other)}"
            )
            for doc_id, account, task, other in rows
        ]

    def list_foreign_copies(self) -> list[AnnotationNotice]:
        """List the annotations that are left out, since they are another annotator's line."""
        rows = self._rows(
            "SELECT doc_id, account, task, pseudonym FROM foreign_copies"
            " JOIN annotations USING (annotation) ORDER BY doc_id, annotation"
        )
        return [
            AnnotationNotice(doc_id, self.pseudonym(account), task, "", f"is of {annotator}")
            for doc_id, account, task, annotator in rows
        ]

    def list_unseen(self) -> list[AnnotationNotice]:
        """List the annotations taken over from a prediction that nobody looked at."""
        rows = self._rows(
            "SELECT doc_id, account, task FROM annotations WHERE unseen ORDER BY doc_id, annotation"
        )
        reason = "taken over from a prediction"
        return [
            AnnotationNotice(doc_id, self.pseudonym(account), task, "", reason)
            for doc_id, account, task in rows
        ]

    def list_quarantined(self) -> list[QuarantinedAnnotation]:
        """List the annotations in quarantine, by task."""
        rows = self._rows(
            "SELECT annotation, task, account, doc_id, reason, content FROM annotations"
            " WHERE reason IS NOT NULL ORDER BY task, annotation"
        )
        return [
            QuarantinedAnnotation(
                number, task, self.pseudonym(account), doc_id, reason, msgspec.Raw(content)
            )
            for number, task, account, doc_id, reason, content in rows
        ]

    def pseudonym(self, account: int | None) -> str:
        """Return an account's pseudonym."""
        who = self.annotators.get(account) if account is not None else None
        return who.pseudonym if who else "unknown"

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        return self.state.connection.execute(query, values).fetchall()

    def _scalar(self, query: str) -> int:
        return int(self._rows(query)[0][0])


def _content_digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()


def _build_notice(doc_id: str, annotator: str, task: int, kept: UnknownItem) -> AnnotationNotice:
    value = kept.item.get("value") if isinstance(kept.item, dict) else None
    span = ""
    if isinstance(value, dict) and {"start", "end"} <= value.keys():
        span = f"[{value['start']}, {value['end']})"
    return AnnotationNotice(doc_id, annotator, task, span, kept.reason)
