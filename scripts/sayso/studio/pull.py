"""Bring every annotator's own answers back: ask for what has changed, read it, write each annotator's file whole.

Answers are read as they arrive and laid down on disk in order of number; the files are then written in order of
document. So memory stays flat, and a pull that is killed has either replaced a file or not, and goes on where it was.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from msgspec import Struct

from sayso import jsonl
from sayso.errors import ServerError, UsageError
from sayso.files import locked, replace_if_changed
from sayso.migrations import Migrations, moved
from sayso.migrations import load as load_migrations
from sayso.records import Annotation, Kept, Origin, StartedFrom, Status, encode
from sayso.schema import Schema, digest, load
from sayso.settings import MARK, Instance
from sayso.store import Corpus, annotation_order
from sayso.studio import codec, doctor, lookup, project, repairs
from sayso.studio.annotators import Annotator, annotators
from sayso.studio.client import Answer, Answered, AnsweredPage, Client, Project
from sayso.studio.codec import Reading, decode
from sayso.studio.controls import TEXT
from sayso.studio.ledger import Ledger, chunks, opened, timestamp
from sayso.studio.lookup import Texts
from sayso.studio.tasks import skeleton

PAGE = 100  # tasks with their answers: the server's memory stays flat
OVERLAP = 60.0  # seconds that are asked for twice, for what was being written while the last pull looked
SYSTEM = "label-studio"
_SHAPE = """
CREATE TABLE IF NOT EXISTS read (task INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS answers (
    annotation INTEGER PRIMARY KEY, task INTEGER NOT NULL, account INTEGER NOT NULL, doc_id TEXT NOT NULL,
    created TEXT NOT NULL, kept INTEGER NOT NULL, record BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS aside (
    annotation INTEGER PRIMARY KEY, task INTEGER NOT NULL, account INTEGER, doc_id TEXT NOT NULL,
    reason TEXT NOT NULL, answer BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS answers_of_task ON answers (task);
CREATE INDEX IF NOT EXISTS aside_of_task ON aside (task);
CREATE INDEX IF NOT EXISTS answers_of_account ON answers (account, doc_id, created, annotation);
"""

Advance = Callable[[int], None]


@dataclass(frozen=True)
class Notice:
    """Something about one answer that a person should look at. ``place`` is ``[start, end)`` or empty."""

    doc_id: str
    annotator: str
    task: int
    place: str
    reason: str


@dataclass
class Outcome:
    """What a pull found and did.

    Attributes:
        looked_at: tasks that were fetched, because they are new or have changed.
        answers: how many answers the server holds, by annotator and status.
        written: files that changed.
        kept: parts of answers that the schema does not know; they stand in the records.
        notices: those among the answers that were fetched.
        aside: answers that cannot stand in the corpus, all of them; they are in ``aside_file``.
        to_fix: documents with a span that has to be drawn again; a tab of Label Studio lists them.
        vanished: answers in our files that the server no longer has; kept unless pruned.
    """

    place: project.Place
    url: str
    looked_at: int = 0
    answers: dict[str, Counter[str]] = field(default_factory=dict)
    written: list[Path] = field(default_factory=list)
    kept: int = 0
    notices: list[Notice] = field(default_factory=list)
    aside: list[Notice] = field(default_factory=list)
    aside_file: Path | None = None
    vanished: list[Notice] = field(default_factory=list)
    to_fix: list[str] = field(default_factory=list)
    pruned: bool = False


def places(client: Client, schema: Schema, campaign: str, interface: str | None) -> list[tuple[project.Place, Project]]:
    """The projects of a campaign, of one interface or of all.

    Raises:
        UsageError: there is none.
    """
    wanted = [project.Place(campaign, name) for name in ([interface] if interface else schema.interfaces)]
    found = [(place, there) for place in wanted if (there := project.find(client, place))]
    if not found:
        what = f"no project of campaign {campaign}" + (f" with interface {interface}" if interface else "")
        raise UsageError(what, where=client.url, remedy="run `sayso push` first, or name another with --campaign")
    return found


def pull(instance: Instance, client: Client, campaign: str, interface: str | None = None, *, prune: bool = False,
         afresh: bool = False, advance: Advance = lambda _: None) -> list[Outcome]:  # fmt: skip
    """Bring back the answers of a campaign, of one interface or of all that there are.

    Raises:
        UsageError: nothing was ever pushed.
        ServerError: the server does not answer, or gives fewer tasks than it says it has.
    """
    known, corpus = _known(instance), Corpus(instance.root)
    with locked(instance.private / "sync.lock", "sayso pull"):
        found = places(client, known.schema, campaign, interface)
        people = annotators(instance, client.accounts())
        with lookup.opened(instance) as texts:
            done = []
            for place, there in found:
                with opened(instance, client, there) as ledger:
                    puller = _Puller(client, there.id, place, known, corpus, ledger, texts, people)
                    done.append(puller.pull(instance, prune, afresh, advance))
            return done


def survey(instance: Instance, client: Client, place: project.Place, there: Project) -> Counter[str]:
    """How many answers of each annotator the server holds; what is fetched for it, the next pull need not fetch."""
    with _fetched(instance, client, place, there, "sayso status") as puller:
        return puller.counts()


class Work(Struct, frozen=True):
    """One answer as a piece of work: who gave it to which task, when, in how many seconds, and whether they skipped."""

    account: int | None
    task: int
    created: str
    seconds: float | None
    skipped: bool


def work(instance: Instance, client: Client, place: project.Place, there: Project) -> list[Work]:
    """Every answer that the server holds, set aside or not; fetched as for ``survey``."""
    with _fetched(instance, client, place, there, "sayso progress") as puller:
        return list(puller.work())


@contextmanager
def _fetched(instance: Instance, client: Client, place: project.Place, there: Project, doing: str) -> Iterator[_Puller]:
    known, corpus = _known(instance), Corpus(instance.root)
    with (
        locked(instance.private / "sync.lock", doing),
        lookup.opened(instance) as texts,
        opened(instance, client, there) as ledger,
    ):
        people = annotators(instance, client.accounts())
        puller = _Puller(client, there.id, place, known, corpus, ledger, texts, people)
        puller.fetch(False, lambda _: None)
        yield puller


class _Timed(Struct):
    """What of a record says when and how long."""

    created: str
    status: Status
    lead_time_seconds: float | None = None


class _TimedAside(Struct):
    """The same of an answer as it came."""

    created_at: str
    lead_time: float | None
    was_cancelled: bool


def _known(instance: Instance) -> Migrations:
    return load_migrations((instance.root / MARK).parent, load(instance.root / MARK))


class _Puller:
    """One pull of one project."""

    def __init__(self, client: Client, number: int, place: project.Place, known: Migrations, corpus: Corpus,
                 ledger: Ledger, texts: Texts, people: dict[int, Annotator]) -> None:  # fmt: skip
        self.client = client
        self.project = number
        self.place = place
        self.known = known
        self.corpus = corpus
        self.ledger = ledger
        self.texts = texts
        self.people = people
        self.outcome = Outcome(place, f"{client.url}/projects/{number}")
        ledger.connection.executescript(_SHAPE)

    def pull(self, instance: Instance, prune: bool, afresh: bool, advance: Advance) -> Outcome:
        """Fetch, then write."""
        self.fetch(afresh, advance)
        self._write(prune)
        self._write_aside(instance.private / "set-aside" / f"{self.place.campaign}-{self.place.interface}.jsonl")
        self.outcome.kept = self._number("SELECT coalesce(sum(kept), 0) FROM answers")
        self.outcome.to_fix = repairs.show(self.client, self.project, self.ledger, self._with_kept())
        return self.outcome

    def _with_kept(self) -> Iterator[Annotation]:
        """The answers of which something was kept apart."""
        read = msgspec.json.Decoder(Annotation).decode
        return (read(record) for (record,) in self.ledger.connection.execute("SELECT record FROM answers WHERE kept"))

    def counts(self) -> Counter[str]:
        """How many answers of each annotator the server holds, set aside or not."""
        asked = "SELECT account FROM answers UNION ALL SELECT account FROM aside"
        return Counter(self._name(account) for (account,) in self.ledger.connection.execute(asked))

    def work(self) -> Iterator[Work]:
        """Every answer as a piece of work."""
        kept = msgspec.json.Decoder(_Timed).decode
        for account, task, record in self.ledger.connection.execute("SELECT account, task, record FROM answers"):
            timed = kept(record)
            yield Work(account, task, timed.created, timed.lead_time_seconds, timed.status == "skipped")
        aside = msgspec.json.Decoder(_TimedAside).decode
        for account, task, answer in self.ledger.connection.execute("SELECT account, task, answer FROM aside"):
            raw = aside(answer)
            yield Work(account, task, raw.created_at, raw.lead_time, raw.was_cancelled)

    def _name(self, account: int | None) -> str:
        return self.people[account].pseudonym if account in self.people else "unknown"

    def _number(self, asked: str) -> int:
        return int(self.ledger.connection.execute(asked).fetchone()[0])

    # Fetching: the ledger comes to hold what the server holds.

    def fetch(self, afresh: bool, advance: Advance) -> None:
        """Ask for what has changed since the last time; for everything where the schema or a migration has."""
        reading = _way_of_reading(self.known)
        if afresh or self.ledger.get("answers.reading") != reading:
            for table in ("answers", "aside", "read"):
                self.ledger.forget("answers", table)
            self.ledger.put("answers.started", "")
        self.ledger.put("answers.reading", reading)
        interrupted = bool(self.ledger.get("answers.started"))
        self._look(advance)
        if interrupted:  # what was fetched before the interruption may have changed since
            self._look(advance)

    def _look(self, advance: Advance) -> None:
        started = self.ledger.get("answers.started") or str(self.client.now())
        self.ledger.put("answers.started", started)  # kept when a pull is interrupted: its first pages are that old
        for numbers in chunks((task for (task,) in self._rows("SELECT DISTINCT task FROM aside")), PAGE):
            self._take(self.client.answered_of(self.project, numbers), advance)  # the corpus may hold them by now
        for page in self.ledger.follow("answers", self._page):
            self._take(page.tasks, advance)
        if self._number("SELECT count(*) FROM read") != self.client.count(self.project):
            self._reconcile(advance)
        self.ledger.put("answers.started", "")
        self.ledger.complete("answers", timestamp(float(started) - OVERLAP))

    def _page(self, after: int, since: str) -> AnsweredPage:
        return self.client.answered(self.project, after=after, since=since, size=PAGE)

    def _rows(self, asked: str) -> list[tuple[int, ...]]:
        return self.ledger.connection.execute(asked).fetchall()

    def _reconcile(self, advance: Advance) -> None:
        """Some tasks were deleted, or a page was short: compare number by number."""
        connection = self.ledger.connection
        connection.execute("CREATE TEMP TABLE IF NOT EXISTS there (task INTEGER PRIMARY KEY)")
        connection.execute("DELETE FROM there")
        connection.executemany("INSERT INTO there VALUES (?)", ((n,) for n in self.client.numbers(self.project)))
        for table in ("answers", "aside", "read"):
            connection.execute(f"DELETE FROM {table} WHERE task NOT IN (SELECT task FROM there)")  # noqa: S608
        missed = self._rows("SELECT task FROM there WHERE task NOT IN (SELECT task FROM read)")
        for numbers in chunks((task for (task,) in missed), PAGE):
            self._take(self.client.answered_of(self.project, numbers), advance)
        if self._number("SELECT count(*) FROM there WHERE task NOT IN (SELECT task FROM read)"):
            raise ServerError("the server lists tasks that it does not give", where=self.outcome.url,
                              remedy="run `sayso pull` again")  # fmt: skip

    def _take(self, tasks: Iterable[Answered], advance: Advance) -> None:
        for task in tasks:
            for table in ("answers", "aside", "read"):
                self.ledger.connection.execute(f"DELETE FROM {table} WHERE task = ?", (task.id,))  # noqa: S608
            self.ledger.connection.execute("INSERT INTO read VALUES (?)", (task.id,))
            self._take_answers(task)
            self.outcome.looked_at += 1
            advance(1)

    def _take_answers(self, task: Answered) -> None:
        reason, text = self._judged(task) if task.annotations else ("", "")
        for answer in task.annotations:
            if why := reason or self._unfit(answer):
                self._set_aside(task, answer, why)
            else:
                self._store(task, answer, text)

    def _judged(self, task: Answered) -> tuple[str, str]:
        """Why the answers of a task cannot stand in the corpus, and the text that they are about."""
        doc_id, claimed, shown = (task.data.get(name) for name in ("doc_id", "text_sha256", TEXT))
        if not (isinstance(doc_id, str) and isinstance(claimed, str) and isinstance(shown, str)):
            return "the task was added by hand in Label Studio", ""
        document = self.texts.get(doc_id)
        if document is None:
            return "the corpus does not hold this document", ""
        if document.text_sha256 != claimed:
            return "the text has changed since it was pushed", ""
        if skeleton(document.text) != skeleton(shown):
            return "the text was edited in Label Studio", ""
        return "", document.text

    def _unfit(self, answer: Answer) -> str:
        if not isinstance(answer.result, list):
            return "the result is not a list"
        return "" if answer.completed_by in self.people else "the account is no longer in the organisation"

    def _store(self, task: Answered, answer: Answer, text: str) -> None:
        record = _record(task, answer, text, self.place, self.project, self.known)
        assert answer.completed_by is not None  # noqa: S101
        row = (answer.id, task.id, answer.completed_by, record.doc_id, record.created, len(record.kept), encode(record))
        self.ledger.connection.execute("REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        who = self.people[answer.completed_by].pseudonym
        self.outcome.notices += [_notice(record.doc_id, who, task.id, kept) for kept in record.kept]

    def _set_aside(self, task: Answered, answer: Answer, reason: str) -> None:
        doc_id = task.data.get("doc_id")
        row = (answer.id, task.id, answer.completed_by, doc_id if isinstance(doc_id, str) else "", reason,
               msgspec.json.encode(answer))  # fmt: skip
        self.ledger.connection.execute("REPLACE INTO aside VALUES (?, ?, ?, ?, ?, ?)", row)

    # Writing: each annotator's file comes to hold what the ledger holds, and what does not concern this pull.

    def _write(self, prune: bool) -> None:
        accounts = {self.people[account]: account for (account,) in self._rows("SELECT DISTINCT account FROM answers")
                    if account in self.people}  # fmt: skip
        by_name = {annotator.pseudonym: annotator for annotator in accounts}
        local = {path.stem for path in self.corpus.annotation_files(self.place.campaign)}
        self.outcome.pruned = prune
        for name in sorted(by_name.keys() | local):
            annotator = by_name.get(name)
            self._write_file(name, self._answers(annotator, accounts[annotator]) if annotator else iter(()), prune)

    def _answers(self, annotator: Annotator, account: int) -> Iterator[Annotation]:
        """The answers of one account, in order."""
        read = msgspec.json.Decoder(Annotation).decode
        counts = self.outcome.answers.setdefault(annotator.pseudonym, Counter())
        asked = "SELECT record FROM answers WHERE account = ? ORDER BY doc_id, created, annotation"
        for (record,) in self.ledger.connection.execute(asked, (account,)):
            answer = msgspec.structs.replace(read(record), annotator=annotator.pseudonym, annotator_kind=annotator.kind)
            counts[answer.status] += 1
            yield answer

    def _write_file(self, name: str, answers: Iterator[Annotation], prune: bool) -> None:
        path = self.corpus.annotation_file(self.place.campaign, name)
        staying = (line for line in self._local(path) if self._stays(line, prune))
        if self.corpus.write_annotations(
            self.place.campaign, name, heapq.merge(staying, answers, key=annotation_order)
        ):
            self.outcome.written.append(path)
        if path.stat().st_size == 0:
            path.unlink()

    def _local(self, path: Path) -> Iterator[Annotation]:
        return jsonl.read(path, Annotation) if path.exists() else iter(())

    def _stays(self, line: Annotation, prune: bool) -> bool:
        """Whether a line of our file is to stay beside what the server has."""
        origin = line.origin
        ours = origin and origin.system == SYSTEM and origin.project == self.project
        if not ours or line.interface != self.place.interface:
            return True
        assert origin is not None  # noqa: S101
        there = "SELECT 1 FROM answers WHERE annotation = ? AND doc_id = ? AND created = ?"
        if self.ledger.connection.execute(there, (origin.annotation, line.doc_id, line.created)).fetchone():
            return False
        self.outcome.vanished.append(Notice(line.doc_id, line.annotator, origin.task, "", "no longer on the server"))
        return not prune

    def _write_aside(self, path: Path) -> None:
        """Nothing is lost: what cannot stand in the corpus is kept as it came, in a file that only we can read."""
        asked = "SELECT task, account, doc_id, reason, answer FROM aside ORDER BY task, annotation"
        lines = []
        for task, account, doc_id, reason, answer in self.ledger.connection.execute(asked):
            who = self._name(account)
            self.outcome.aside.append(Notice(doc_id, who, task, "", reason))
            head = {"reason": reason, "doc_id": doc_id, "annotator": who, "task": task}
            lines.append(msgspec.json.encode({**head, "answer": msgspec.Raw(answer)}) + b"\n")
        if lines:
            replace_if_changed(path, lambda file: file.writelines(lines), mode=0o600)
            self.outcome.aside_file = path
        else:
            path.unlink(missing_ok=True)


def _way_of_reading(known: Migrations) -> str:
    """What a record depends on beside the answer: schema, migrations, the code that reads. Another reads all again."""
    code = b"".join(Path(source).read_bytes() for source in (__file__, codec.__file__, doctor.__file__))
    return f"{digest(known.schema)}{known.digest} {hashlib.sha256(code).hexdigest()}"


def _record(
    task: Answered, answer: Answer, text: str, place: project.Place, number: int, known: Migrations
) -> Annotation:
    version, reading = _understood(answer, text, str(task.data.get("schema_version", "")), known)
    record = Annotation(
        doc_id=task.data["doc_id"],
        text_sha256=task.data["text_sha256"],
        campaign=place.campaign,
        interface=place.interface,
        annotator="not-yet-named",  # told when the file is written: the map may change until then
        annotator_kind="human",
        schema_version=version,
        status="skipped" if answer.was_cancelled else "submitted",
        created=answer.created_at,
        updated=answer.updated_at,
        lead_time_seconds=answer.lead_time,
        started_from=_started_from(answer),
        mentions=reading.mentions,
        relations=reading.relations,
        note=reading.note,
        kept=reading.kept,
        origin=Origin(system=SYSTEM, project=number, task=task.id, annotation=answer.id),
    )
    return moved(record, known.route(version))[0]


def _understood(answer: Answer, text: str, version: str, known: Migrations) -> tuple[str, Reading]:
    """The answer in the words that its task was made with, or in the present ones where they leave less over."""
    reading, route = decode(answer.result, text, known.schema), known.route(version)
    if not route:
        return version, reading
    older = decode(answer.result, text, route[0].older)
    return (known.schema.version, reading) if len(reading.kept) < len(older.kept) else (version, older)


def _started_from(answer: Answer) -> StartedFrom:
    if answer.parent_annotation is not None:
        return "annotation"
    return "nothing" if answer.parent_prediction is None else "prediction"


def _notice(doc_id: str, who: str, task: int, kept: Kept) -> Notice:
    value = kept.item.get("value") if isinstance(kept.item, dict) else None
    place = (
        f"[{value['start']}, {value['end']})" if isinstance(value, dict) and {"start", "end"} <= value.keys() else ""
    )
    return Notice(doc_id, who, task, place, kept.reason)
