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
from sayso.files import locked
from sayso.migrations import load as load_migrations
from sayso.records import Annotation, Kept, encode
from sayso.schema import load
from sayso.settings import MARK, Instance
from sayso.studio import lookup
from sayso.studio.annotators import Annotator, annotators, recalled, remembered
from sayso.studio.client import Answer, Answered, AnsweredPage, Client, Listed, Project
from sayso.studio.instructions import in_force
from sayso.studio.intake import Intake, way_of_reading
from sayso.studio.ledger import Ledger, chunks, opened, timestamp
from sayso.studio.project import Place, shown

PAGE = 100  # tasks with their answers: the server's memory stays flat
OVERLAP = 60.0  # seconds that are asked for twice, for what was being written while the last look was under way
_SHAPE = """
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
_UNNAMED = b'"annotator":"not-yet-named","annotator_kind":"human"'
"""Stands in every record until it is told, since the map may change. A string of the record cannot hold such quotes."""

Advance = Callable[[int], None]


@dataclass(frozen=True)
class Notice:
    """Something about one answer that a person should look at. ``place`` is ``[start, end)`` or empty."""

    doc_id: str
    annotator: str
    task: int
    place: str
    reason: str


class Work(Struct, frozen=True):
    """One answer as a piece of work: who gave it to which task, when, in how many seconds, and whether they skipped."""

    account: int | None
    task: int
    created: str
    seconds: float | None
    skipped: bool


class Aside(Struct, frozen=True):
    """An answer that cannot stand in the corpus, as it came."""

    task: int
    annotator: str
    doc_id: str
    reason: str
    answer: msgspec.Raw


class Line(NamedTuple):
    """An answer as its line of the corpus, with what decides on its place there."""

    doc_id: str
    created: str
    annotation: int
    content: bytes


class _Guided(Struct):
    """What of a record says under which guidelines the answer was given."""

    updated: str
    guidelines_version: str | None = None


class _Timed(Struct):
    """What of an answer as it came says when and how long."""

    created_at: str
    lead_time: float | None
    was_cancelled: bool


@contextmanager
def of_project(instance: Instance, client: Client, place: Place, there: Project | Listed) -> Iterator[Answers]:
    """The answers of one project; whoever asks holds the checkout's ``sync.lock``."""
    known = load_migrations((instance.root / MARK).parent, load(instance.root / MARK))
    with lookup.opened(instance) as texts, opened(instance, client, there) as ledger:
        intake = Intake(place, there.id, known, texts, shown(client, there))
        answers = Answers(instance, client, intake, ledger)
        answers.people = recalled(instance, ledger.get("answers.accounts"))
        answers.listed = there.task_number if isinstance(there, Listed) else None
        yield answers


@contextmanager
def looked_at(
    instance: Instance, client: Client, place: Place, there: Project | Listed, doing: str
) -> Iterator[Answers]:
    """The same, brought up to date; what is fetched for it, the next pull need not fetch."""
    with locked(instance.private / "sync.lock", doing), of_project(instance, client, place, there) as answers:
        answers.fetch()
        yield answers


@dataclass
class Answers:
    """What the server holds of answers.

    Attributes:
        people: who has an account, as far as we have met them; all are asked for before anything new is read.
        listed: how many tasks the project has, if whoever found it was told so.
        looked_at: tasks that were fetched by this object, because they are new or have changed.
        notices: parts of answers that were kept apart, among the answers that were fetched.
    """

    instance: Instance
    client: Client
    intake: Intake
    ledger: Ledger
    people: Mapping[int, Annotator] = field(default_factory=dict)
    listed: int | None = None
    looked_at: int = 0
    notices: list[Notice] = field(default_factory=list)
    _met: bool = False

    @property
    def url(self) -> str:
        """The project's address."""
        return f"{self.client.url}/projects/{self.intake.project}"

    # Asking: the ledger comes to hold what the server holds.

    def fetch(self, full: bool = False, advance: Advance = lambda _: None) -> Changed:
        """Ask for what has changed since the last time; for everything where the way of reading has, or in ``full``.

        Raises:
            ServerError: the server does not answer, or gives fewer tasks than it says it has.
        """
        if full or not self.people:
            self._meet()
        before = self._prepare(full)
        self._guide()
        interrupted = bool(self.ledger.get("answers.started"))
        self._look(advance)
        if interrupted:  # what was fetched before the interruption may have changed since
            self._look(advance)
        return self._compared() if before else Changed()

    def _meet(self) -> None:
        """Ask once who has an account; whoever changes an answer may be new."""
        if not self._met:
            self.people = annotators(self.instance, self.client.accounts())
            self.ledger.put("answers.accounts", remembered(self.people))
            self._met = True

    def _prepare(self, full: bool) -> bool:
        """Forget what was read where it has to be read anew; say whether there is something to compare with."""
        reading = f"{way_of_reading(self.intake.known)} {hashlib.sha256(_SHAPE.encode()).hexdigest()}"
        same = self.ledger.get("answers.reading") == reading
        if same and not full:
            return False
        comparable = same and not self.ledger.get("answers.started")
        if comparable:
            self._remember()
        self.ledger.put("answers.reading", "")  # whoever kills us before the tables are there again makes us begin anew
        drop = "".join(f"DROP TABLE IF EXISTS {table};" for table in (*_TABLES, "written"))
        self.ledger.connection.executescript(drop + _SHAPE)
        self.ledger.put("answers.started", "")
        self.ledger.put("answers.world", "")
        self.ledger.complete("answers", "")
        self.ledger.put("answers.reading", reading)
        self.ledger.connection.commit()
        return comparable

    def _guide(self) -> None:
        """Where the project tells otherwise which guidelines it showed when, say it in the answers that we hold."""
        told = repr(self.intake.shown)
        if self.ledger.get("answers.shown") == told:
            return
        connection, read = self.ledger.connection, msgspec.json.Decoder(_Guided).decode
        for annotation, account, record in connection.execute("SELECT annotation, account, record FROM answers"):
            guided = read(record)
            version = in_force(self.intake.shown, guided.updated)
            if version != guided.guidelines_version:
                answer = structs.replace(msgspec.json.decode(record, type=Annotation), guidelines_version=version)
                connection.execute("UPDATE answers SET record = ? WHERE annotation = ?", (encode(answer), annotation))
                connection.execute("DELETE FROM written WHERE account = ?", (account,))
        self.ledger.put("answers.shown", told)
        connection.commit()

    def _look(self, advance: Advance) -> None:
        started = self.ledger.get("answers.started") or str(self.client.now())
        self.ledger.put("answers.started", started)  # kept when it is interrupted: its first pages are that old
        self._look_again(advance)
        for page in self.ledger.follow("answers", self._page):
            self._take(page.tasks, advance)
        read = self._number("SELECT count(*) FROM read")
        if read != self.listed and read != self.client.count(self.intake.project):
            self._reconcile(advance)
        self.ledger.put("answers.started", "")
        self.ledger.complete("answers", timestamp(float(started) - OVERLAP))

    def _page(self, after: int, since: str) -> AnsweredPage:
        return self.client.answered(self.intake.project, after=after, since=since, size=PAGE)

    def _look_again(self, advance: Advance) -> None:
        """Answers that the server need not have touched, but that may read otherwise now: the corpus has changed."""
        world = hashlib.sha256(f"{self.intake.texts.state} {sorted(self.people)}".encode()).hexdigest()
        if self.ledger.get("answers.world") == world:
            return
        for numbers in chunks(self._stale(), PAGE):
            self._take(self.client.answered_of(self.intake.project, numbers), advance)
        self.ledger.put("answers.world", world)

    def _stale(self) -> list[int]:
        """Tasks with an answer that was set aside, of an account that is gone, or read for another text than ours."""
        stale = {task for (task,) in self._rows("SELECT DISTINCT task FROM aside")}
        asked = "SELECT DISTINCT task, account, doc_id, text_sha256 FROM answers"
        for task, account, doc_id, read in self._rows(asked):
            if account not in self.people or self.intake.texts.text_sha256(doc_id) != read:
                stale.add(task)
        return sorted(stale)

    def _reconcile(self, advance: Advance) -> None:
        """Some tasks were deleted, or a page was short: compare number by number."""
        connection, project = self.ledger.connection, self.intake.project
        connection.execute("CREATE TEMP TABLE IF NOT EXISTS there (task INTEGER PRIMARY KEY)")
        connection.execute("DELETE FROM there")
        connection.executemany("INSERT INTO there VALUES (?)", ((number,) for number in self.client.numbers(project)))
        for table in _TABLES:
            gone = connection.execute(f"DELETE FROM {table} WHERE task NOT IN (SELECT task FROM there)")  # noqa: S608
            if gone.rowcount:
                connection.execute("DELETE FROM written")
        missed = self._rows("SELECT task FROM there WHERE task NOT IN (SELECT task FROM read)")
        for numbers in chunks((task for (task,) in missed), PAGE):
            self._take(self.client.answered_of(project, numbers), advance)
        if self._number("SELECT count(*) FROM there WHERE task NOT IN (SELECT task FROM read)"):
            raise ServerError("the server lists tasks that it does not give", where=self.url,
                              remedy="run `sayso pull` again")  # fmt: skip

    def _take(self, tasks: Iterable[Answered], advance: Advance) -> None:
        for task in tasks:
            self._meet()
            before = self._of_task(task.id)
            for table in _TABLES:
                self.ledger.connection.execute(f"DELETE FROM {table} WHERE task = ?", (task.id,))  # noqa: S608
            self.ledger.connection.execute("INSERT INTO read VALUES (?)", (task.id,))
            for answer, record in self.intake.read(task, self.people.keys()):
                if isinstance(record, str):
                    self._set_aside(task, answer, record)
                else:
                    self._store(task, answer, record)
            self._unsettle(before ^ self._of_task(task.id))
            self.looked_at += 1
            advance(1)

    def _of_task(self, task: int) -> set[tuple[int | None, bytes]]:
        """What is known of a task's answers: each with its account, or with none where it was set aside."""
        asked = (
            "SELECT account, record FROM answers WHERE task = ? UNION ALL SELECT NULL, answer FROM aside WHERE task = ?"
        )
        return set(self.ledger.connection.execute(asked, (task, task)))

    def _store(self, task: Answered, answer: Answer, record: Annotation) -> None:
        row = (answer.id, task.id, answer.completed_by, record.doc_id, record.text_sha256, record.created,
               record.status, record.lead_time_seconds, record.text_read is not None, len(record.kept),
               encode(record))  # fmt: skip
        self.ledger.connection.execute("REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        who = self.name(answer.completed_by)
        self.notices += [_notice(record.doc_id, who, task.id, kept) for kept in record.kept]

    # Which files need not be looked into: what they are made from is what it was, and nobody has touched them.

    def settled(self, name: str, path: Path) -> bool:
        """Whether an annotator's file is as ``settle`` left it and would be made the same again."""
        asked = "SELECT state FROM written WHERE name = ?"
        found = self.ledger.connection.execute(asked, (name,)).fetchone()
        return found is not None and found[0] == self._state(name, path)

    def settle(self, name: str, account: int | None, path: Path) -> None:
        """Remember that a file holds whatever it should."""
        self.ledger.connection.execute(
            "REPLACE INTO written VALUES (?, ?, ?)", (name, account, self._state(name, path))
        )
        self.ledger.connection.commit()

    def _state(self, name: str, path: Path) -> str:
        kinds = sorted((account, who.kind) for account, who in self.people.items() if who.pseudonym == name)
        found = path.stat() if path.exists() else None
        return (
            f"{found and (found.st_size, found.st_mtime_ns, found.st_ino)} {kinds} {self.ledger.get('answers.world')}"
        )

    def _unsettle(self, changed: Iterable[tuple[int | None, bytes]]) -> None:
        for account, _record in changed:
            if account is None:  # some line in some file stands for what was set aside
                self.ledger.connection.execute("DELETE FROM written")
            else:
                self.ledger.connection.execute("DELETE FROM written WHERE account = ?", (account,))

    def _set_aside(self, task: Answered, answer: Answer, reason: str) -> None:
        doc_id = task.data.get("doc_id")
        row = (answer.id, task.id, answer.completed_by, doc_id if isinstance(doc_id, str) else "", reason,
               msgspec.json.encode(answer))  # fmt: skip
        self.ledger.connection.execute("REPLACE INTO aside VALUES (?, ?, ?, ?, ?, ?)", row)

    # What `full` tells: how what is there differs from what was known.

    def _remember(self) -> None:
        connection = self.ledger.connection
        connection.execute("CREATE TEMP TABLE before (annotation INTEGER PRIMARY KEY, digest BLOB NOT NULL)")
        connection.executemany("INSERT INTO before VALUES (?, ?)", self._digests())

    def _compared(self) -> Changed:
        connection = self.ledger.connection
        connection.execute("CREATE TEMP TABLE after (annotation INTEGER PRIMARY KEY, digest BLOB NOT NULL)")
        connection.executemany("INSERT INTO after VALUES (?, ?)", self._digests())
        return Changed(
            self._number("SELECT count(*) FROM after"),
            self._number(
                "SELECT count(*) FROM after JOIN before USING (annotation) WHERE before.digest <> after.digest"
            ),
            self._number("SELECT count(*) FROM after WHERE annotation NOT IN (SELECT annotation FROM before)"),
            self._number("SELECT count(*) FROM before WHERE annotation NOT IN (SELECT annotation FROM after)"),
        )

    def _digests(self) -> Iterator[tuple[int, bytes]]:
        for asked in ("SELECT annotation, record FROM answers", "SELECT annotation, answer FROM aside"):
            for annotation, content in self.ledger.connection.execute(asked):
                yield annotation, hashlib.blake2b(content, digest_size=16).digest()

    # Telling what the ledger holds.

    def counts(self) -> Counter[str]:
        """How many answers of each annotator the server holds, set aside or not."""
        asked = "SELECT account FROM answers UNION ALL SELECT account FROM aside"
        return Counter(self.name(account) for (account,) in self.ledger.connection.execute(asked))

    def work(self) -> Iterator[Work]:
        """Every answer as a piece of work."""
        asked = "SELECT account, task, created, seconds, status = 'skipped' FROM answers"
        for account, task, created, seconds, skipped in self.ledger.connection.execute(asked):
            yield Work(account, task, created, seconds, bool(skipped))
        aside = msgspec.json.Decoder(_Timed).decode
        for account, task, answer in self.ledger.connection.execute("SELECT account, task, answer FROM aside"):
            raw = aside(answer)
            yield Work(account, task, raw.created_at, raw.lead_time, raw.was_cancelled)

    def accounts(self) -> dict[Annotator, int]:
        """Who has answered what can stand in the corpus, and the number of their account."""
        found = self._rows("SELECT DISTINCT account FROM answers")
        return {self.people[account]: account for (account,) in found if account in self.people}

    def of_account(self, account: int) -> Iterator[Line]:
        """The answers of one account, in order."""
        asked = ("SELECT doc_id, created, annotation, record FROM answers WHERE account = ? "
                 "ORDER BY doc_id, created, annotation")  # fmt: skip
        who = self.people[account]
        named = f'"annotator":"{who.pseudonym}","annotator_kind":"{who.kind}"'.encode()
        for doc_id, created, annotation, record in self.ledger.connection.execute(asked, (account,)):
            yield Line(doc_id, created, annotation, record.replace(_UNNAMED, named, 1))

    def statuses(self, account: int) -> Counter[str]:
        """How many answers of one account there are, by status."""
        asked = "SELECT status, count(*) FROM answers WHERE account = ? GROUP BY status"
        return Counter(dict(self.ledger.connection.execute(asked, (account,)).fetchall()))

    def holds(self, annotation: int, doc_id: str, created: str) -> bool:
        """Whether the server has this answer, and the corpus can."""
        asked = "SELECT 1 FROM answers WHERE annotation = ? AND doc_id = ? AND created = ?"
        return bool(self.ledger.connection.execute(asked, (annotation, doc_id, created)).fetchone())

    def anything_aside(self) -> bool:
        """Whether any answer cannot stand in the corpus."""
        return bool(self._number("SELECT count(*) FROM aside"))

    def refused(self, annotation: int) -> bool:
        """Whether the server has this answer, and the corpus cannot."""
        asked = "SELECT 1 FROM aside WHERE annotation = ?"
        return bool(self.ledger.connection.execute(asked, (annotation,)).fetchone())

    def with_kept(self) -> Iterator[Annotation]:
        """The answers of which something was kept apart."""
        read = msgspec.json.Decoder(Annotation).decode
        return (read(record) for (record,) in self.ledger.connection.execute("SELECT record FROM answers WHERE kept"))

    def kept(self) -> int:
        """How many parts of answers were kept apart."""
        return self._number("SELECT coalesce(sum(kept), 0) FROM answers")

    def carried(self) -> int:
        """How many answers were carried over to a later text."""
        return self._number("SELECT coalesce(sum(carried), 0) FROM answers")

    def aside(self) -> Iterator[Aside]:
        """The answers that cannot stand in the corpus, by task."""
        asked = "SELECT task, account, doc_id, reason, answer FROM aside ORDER BY task, annotation"
        for task, account, doc_id, reason, answer in self.ledger.connection.execute(asked):
            yield Aside(task, self.name(account), doc_id, reason, msgspec.Raw(answer))

    def name(self, account: int | None) -> str:
        """An account's pseudonym."""
        who = self.people.get(account) if account is not None else None
        return who.pseudonym if who else "unknown"

    def _rows(self, asked: str) -> list[tuple[Any, ...]]:
        return self.ledger.connection.execute(asked).fetchall()

    def _number(self, asked: str) -> int:
        return int(self.ledger.connection.execute(asked).fetchone()[0])


@dataclass(frozen=True)
class Changed:
    """How the answers on the server differ from those that were known; all zero where nothing was compared."""

    compared: int = 0
    differing: int = 0
    new: int = 0
    gone: int = 0


def _notice(doc_id: str, who: str, task: int, kept: Kept) -> Notice:
    value = kept.item.get("value") if isinstance(kept.item, dict) else None
    place = (
        f"[{value['start']}, {value['end']})" if isinstance(value, dict) and {"start", "end"} <= value.keys() else ""
    )
    return Notice(doc_id, who, task, place, kept.reason)
