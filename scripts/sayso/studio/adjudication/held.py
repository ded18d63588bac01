"""What the server holds of adjudication, as the ledger knows it: asked for once, and again where it has changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec
from msgspec import Struct

from sayso.adjudication.deciding import Decision
from sayso.records import Document
from sayso.schema import Schema
from sayso.settings import Instance
from sayso.studio.adjudication.questions import ASKED, DIGEST, Asked, Question
from sayso.studio.adjudication.verdicts import Undecided, decision
from sayso.studio.annotators import Annotator
from sayso.studio.answers import OVERLAP
from sayso.studio.client import Answered, AnsweredPage, Client, Listed, Project
from sayso.studio.controls import TEXT
from sayso.studio.ledger import Ledger, opened, timestamp
from sayso.studio.tasks import skeleton

PAGE = 100
_SHAPE = """
CREATE TABLE IF NOT EXISTS adjudications (
    task INTEGER PRIMARY KEY, doc_id TEXT NOT NULL, digest TEXT NOT NULL, touched INTEGER NOT NULL, answer BLOB
);
CREATE INDEX IF NOT EXISTS adjudications_of_document ON adjudications (doc_id, task);
"""


class Given(Struct, frozen=True):
    """The submitted answer of a task, with what the task asked and the text that was shown."""

    asked: Asked
    text_sha256: str
    skeleton: str
    result: list[Any]
    account: int | None
    updated: str


class Standing(Struct, frozen=True):
    """A task that is there. ``touched``: somebody has answered it, passed it over or begun on it."""

    task: int
    digest: str
    touched: bool
    answer: Given | None


@contextmanager
def of_project(instance: Instance, client: Client, there: Project | Listed) -> Iterator[Held]:
    """What is known of a project; whoever asks holds the checkout's ``sync.lock``."""
    with opened(instance, client, there) as ledger:
        ledger.connection.executescript(_SHAPE)
        yield Held(client, there.id, ledger)


class Held:
    """The tasks of one project of adjudication."""

    def __init__(self, client: Client, project: int, ledger: Ledger) -> None:
        self.client = client
        self.project = project
        self.ledger = ledger
        self._begun: set[int] = set()

    def look(self) -> None:
        """Bring what is known up to date with the server."""
        self._look()
        if self.count() != self.client.count(self.project):
            self.ledger.forget("adjudications", "adjudications")
            self._look()
        self._begun = set(self.client.drafted(self.project))

    def _look(self) -> None:
        started = self.client.now()
        for page in self.ledger.follow("adjudications", self._page):
            self.ledger.connection.executemany(
                "REPLACE INTO adjudications VALUES (?, ?, ?, ?, ?)", [_row(task) for task in page.tasks]
            )
        self.ledger.complete("adjudications", timestamp(started - OVERLAP))

    def _page(self, after: int, since: str) -> AnsweredPage:
        return self.client.answered(self.project, after=after, since=since, size=PAGE)

    def count(self) -> int:
        """How many tasks are known."""
        return int(self.ledger.connection.execute("SELECT count(*) FROM adjudications").fetchone()[0])

    def progress(self) -> tuple[int, int]:
        """About how many documents somebody was asked, and on how many of them somebody has submitted."""
        asked = ("SELECT count(DISTINCT doc_id), count(DISTINCT CASE WHEN answer IS NOT NULL THEN doc_id END)"
                 " FROM adjudications WHERE doc_id <> ''")  # fmt: skip
        documents, submitted = self.ledger.connection.execute(asked).fetchone()
        return int(documents), int(submitted)

    def last(self) -> int:
        """The highest number of a task that is known."""
        asked = "SELECT coalesce(max(task), 0) FROM adjudications"
        return int(self.ledger.connection.execute(asked).fetchone()[0])

    def of_document(self, doc_id: str) -> list[Standing]:
        """Its tasks, the oldest first."""
        asked = "SELECT task, digest, touched, answer FROM adjudications WHERE doc_id = ? ORDER BY task"
        rows = self.ledger.connection.execute(asked, (doc_id,)).fetchall()
        return [
            Standing(task, digest, bool(touched) or task in self._begun, _given_of(answer))
            for task, digest, touched, answer in rows
        ]

    def untouched(self) -> Iterator[tuple[str, int]]:
        """Every document with a task of ours that nobody has touched, and the task."""
        asked = "SELECT doc_id, task FROM adjudications WHERE doc_id <> '' AND NOT touched ORDER BY doc_id, task"
        for doc_id, task in self.ledger.connection.execute(asked):
            if task not in self._begun:
                yield doc_id, task

    def add(self, numbers: list[int], questions: list[Question]) -> None:
        """Tasks that were just made."""
        rows = [(number, question.document.doc_id, question.data[DIGEST], 0, None)
                for number, question in zip(numbers, questions, strict=True)]  # fmt: skip
        self.ledger.connection.executemany("REPLACE INTO adjudications VALUES (?, ?, ?, ?, ?)", rows)
        self.ledger.connection.commit()

    def forget(self, tasks: set[int]) -> None:
        """Tasks that were removed."""
        self.ledger.connection.executemany("DELETE FROM adjudications WHERE task = ?", ((task,) for task in tasks))
        self.ledger.connection.commit()


def _row(task: Answered) -> tuple[int, str, str, bool, bytes | None]:
    known = {name: value for name, value in task.data.items() if isinstance(value, str)}
    ours = ASKED in known and "doc_id" in known
    given = _given(task, known) if ours else None
    answer = msgspec.json.encode(given) if given else None
    return task.id, known["doc_id"] if ours else "", known.get(DIGEST, ""), bool(task.annotations), answer


def _given_of(answer: bytes | None) -> Given | None:
    return msgspec.json.decode(answer, type=Given) if answer else None


def _given(task: Answered, known: Mapping[str, str]) -> Given | None:
    """The submitted answer, the latest where there are several; one that was passed over is none."""
    submitted = [each for each in task.annotations if not each.was_cancelled and isinstance(each.result, list)]
    if not submitted:
        return None
    answer = max(submitted, key=lambda each: each.updated_at)
    try:
        asked = msgspec.json.decode(known[ASKED], type=Asked)
    except msgspec.MsgspecError:
        return None  # somebody edited the task's data
    return Given(asked, known.get("text_sha256", ""), skeleton(known.get(TEXT, "")), answer.result,
                 answer.completed_by, answer.updated_at)  # fmt: skip


def decided(tasks: list[Standing], document: Document, schema: Schema,
            people: Mapping[int, Annotator]) -> tuple[Decision | None, str]:  # fmt: skip
    """The latest decision on a document, and why the latest answer is none, if it is none.

    Decisions over another text than the document has by now are none, and not told: the document is asked for anew.
    """
    latest = max((task.answer for task in tasks if task.answer), key=lambda given: given.updated, default=None)
    if latest is None or latest.text_sha256 != document.text_sha256 or latest.skeleton != skeleton(document.text):
        return None, ""
    who = people.get(latest.account) if latest.account is not None else None
    if who is None:
        return None, "the account is no longer in the organisation"
    try:
        return decision(latest.result, latest.asked, document.text, schema, adjudicator=who.pseudonym,
                        when=latest.updated), ""  # fmt: skip
    except Undecided as reason:
        return None, str(reason)
