"""Ask an adjudicator about every document on which annotators differ. A second push finds nothing to do.

What is sent holds all that its answer needs, so the server alone says what was decided; a push that is killed goes on
from what it had sent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from sayso import guidelines, jsonl
from sayso.adjudication.deciding import decision_of, gold, unanimous
from sayso.adjudication.documents import Case, Wanted, cases, passes
from sayso.adjudication.writing import errors, gold_file, latest
from sayso.errors import PartialError
from sayso.files import locked
from sayso.records import AnnotatorKind, Gold
from sayso.schema import Schema, load
from sayso.settings import MARK, Instance
from sayso.store import Corpus
from sayso.studio import flight, project
from sayso.studio.adjudication import held
from sayso.studio.adjudication.held import Held, Standing, decided
from sayso.studio.adjudication.place import Place
from sayso.studio.adjudication.questions import DIGEST, Question
from sayso.studio.annotators import Annotator, annotators
from sayso.studio.client import MODEL, Client, Gone, LostAnswer, Project
from sayso.studio.flight import Unsettled
from sayso.studio.ledger import chunks
from sayso.studio.push import BATCH_BYTES, BATCH_NUMBERS

BATCH_TASKS = 200
NAMED = 20  # documents that are named, of a kind of which there may be as many as there are documents

Kind = Literal["new", "again", "changed", "waiting", "settled", "unanimous", "few", "outdated", "surplus"]

MEANING: dict[Kind, str] = {
    "new": "annotators differ: sent to be adjudicated",
    "again": "readings have come since it was adjudicated: sent, those alone to be decided",
    "changed": "answers have changed and nobody has adjudicated: sent anew, the old task removed",
    "waiting": "with the adjudicator",
    "settled": "adjudicated, and nothing new has come",
    "unanimous": "all annotators read alike: `sayso adjudicate pull` makes it gold",
    "few": "answers of too few annotators: left alone",
    "outdated": "answers in the words of another schema, `sayso schema migrate`: left alone",
    "surplus": "a task about what is settled, or sent twice: removed",
}
SENT: tuple[Kind, ...] = ("new", "again", "changed")


@dataclass(frozen=True)
class Request:
    """What is asked of a push."""

    campaign: str
    interface: str | None = None
    fewest: int = 2
    kinds: frozenset[AnnotatorKind] = frozenset({"human"})
    update_interface: bool = False


@dataclass
class Outcome:
    """What a push of one pass found and did.

    Attributes:
        url: of the project, or of the server where there is none yet.
        documents: how many of each kind.
        open: mentions and arrows that those that were sent ask about.
        few: the first of the documents with too few answers.
    """

    interface: str
    url: str
    project: int = 0
    documents: Counter[Kind] = field(default_factory=Counter)
    open: int = 0
    few: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def changes(self) -> int:
        """Writes that the plan asks for."""
        return sum(self.documents[kind] for kind in (*SENT, "surplus"))


Advance = Callable[[int], None]


def push(instance: Instance, client: Client, request: Request, *, dry_run: bool = False,
         advance: Advance = lambda _: None) -> list[Outcome]:  # fmt: skip
    """Bring the projects of adjudication up to the answers, of one pass or of all that have answers.

    Raises:
        UsageError: the campaign has no answers here.
        ConflictError: the interface on the server differs, or another push is at work.
        PartialError: stopped half-way; the next push goes on.
    """
    corpus, schema = Corpus(instance.root), load(instance.root / MARK)
    outcomes = []
    with locked(instance.private / "sync.lock", "sayso adjudicate push"):
        for name in passes(corpus, schema, request.campaign, request.interface):
            pusher = _Pusher(instance, client, corpus, schema, request, name, dry_run, advance)
            outcomes.append(_patiently(pusher))
    return [outcome for outcome in outcomes if outcome.documents or request.interface]


def _patiently(pusher: _Pusher) -> Outcome:
    """One pass; where an answer got lost or somebody else was at work too, look again and go on."""
    for pause in (*pusher.client.patience.pauses, None):
        try:
            return pusher.push()
        except (LostAnswer, Unsettled, Gone) as error:
            if pause is None:
                raise PartialError(error.what, where=error.where, remedy="run `sayso adjudicate push` again") from None
            pusher.client.patience.sleep(pause, error.what)
    raise AssertionError


class _Pusher:
    """The push of one pass: each document is looked at once, and what is to be sent goes out in batches."""

    def __init__(self, instance: Instance, client: Client, corpus: Corpus, schema: Schema, request: Request,
                 interface: str, dry_run: bool, advance: Advance) -> None:  # fmt: skip
        self.instance, self.client, self.corpus, self.schema = instance, client, corpus, schema
        self.request, self.dry_run, self.advance = request, dry_run, advance
        self.place = Place(request.campaign, interface)
        self.people: dict[int, Annotator] = {}
        self.held: Held | None = None
        self.outcome = Outcome(interface, client.url)
        self._guidelines = guidelines.read(instance.root / guidelines.FILE)
        self._sent: dict[str, Kind] = {}  # by this command, also where the answer got lost

    def push(self) -> Outcome:
        """Look, send, remove; what is lost last is removed last."""
        self.outcome = Outcome(self.place.interface, self.client.url)
        with ExitStack() as opened:
            found = project.find(self.client, self.place)
            if found:
                self._enter(found, opened, new=False)
            doomed: list[int] = []
            self._send(self._questions(doomed), opened)
            self.outcome.documents["surplus"] += len(doomed) - self.outcome.documents["changed"]
            if not self.dry_run and self.held and (doomed or self._sent):
                self._remove(doomed)
                self._require_count()
        self.outcome.documents += Counter()  # without zeros
        return self.outcome

    def _enter(self, there: Project, opened: ExitStack, *, new: bool) -> None:
        """Open what is known of the project, and bring its settings and that up to date."""
        self.outcome.project, self.outcome.url = there.id, f"{self.client.url}/projects/{there.id}"
        self.held = opened.enter_context(held.of_project(self.instance, self.client, there))
        self.people = annotators(self.instance, self.client.accounts())
        if not self.dry_run:
            self.outcome.notes += project.settle(
                self.client, there, self.place, self.schema, self._guidelines, self.held.ledger,
                new=new, update_interface=self.request.update_interface,
            )  # fmt: skip
            if flight.settle(self.instance, self.client, self.held.ledger, there.id):
                self.outcome.notes.append("an earlier write was interrupted: went on from what it had sent")
        self.held.look()

    # Looking: nothing on the server changes.

    def _questions(self, doomed: list[int]) -> Iterator[Question]:
        """The documents to be sent; ``doomed`` takes the tasks that are to go."""
        wanted = Wanted(self.request.campaign, self.place.interface, self.request.fewest, self.request.kinds)
        golds = _Golds(self.corpus, self.request.campaign)
        seen: set[str] = set()
        for case in cases(self.corpus, self.schema, wanted):
            tasks = self.held.of_document(case.document.doc_id) if self.held else []
            question = self._question(case, tasks, golds.of(case.document.doc_id))
            kind, doomed_here = self._kind(case, question, tasks)
            kind = self._sent.get(case.document.doc_id, kind) if kind == "waiting" else kind
            self.outcome.documents[kind] += 1
            doomed += doomed_here
            seen.add(case.document.doc_id)
            if kind == "few" and len(self.outcome.few) < NAMED:
                self.outcome.few.append(case.document.doc_id)
            if question and kind in SENT:
                self.outcome.open += len(question.open)
                self._sent[case.document.doc_id] = kind
                if question.data[DIGEST] not in {task.digest for task in tasks}:
                    yield question
        if self.held:
            doomed += [task for doc_id, task in self.held.untouched() if doc_id not in seen]

    def _question(self, case: Case, tasks: list[Standing], standing: Gold | None) -> Question | None:
        if case.candidates is None:
            return None
        given, _why = decided(tasks, case.document, self.schema, self.people)
        same = standing is not None and standing.interface == self.place.interface
        return Question(case.document, case.candidates, self.schema,
                        latest(given, decision_of(standing) if standing and same else None))  # fmt: skip

    def _kind(self, case: Case, question: Question | None, tasks: list[Standing]) -> tuple[Kind, list[int]]:
        """What becomes of a document, and which of its tasks are to go."""
        unanswered = [task.task for task in tasks if not task.touched]
        if question is None:
            return ("outdated", []) if case.outdated else ("few", unanswered)
        if not question.open and not (question.before is None and self._breaks(question)):
            return ("settled" if question.before else "unanimous"), unanswered
        same = [task for task in tasks if task.digest == question.data[DIGEST]]
        if same:
            keep = min(same, key=lambda task: (not task.touched, task.task)).task
            return "waiting", [task for task in unanswered if task != keep]
        if unanswered:
            return "changed", unanswered
        return ("again" if question.before else "new"), []

    def _breaks(self, question: Question) -> bool:
        """Whether what all annotators gave breaks a rule, so that somebody has to mend it."""
        taken = unanimous(question.candidates, question.document.text)
        record = gold(question.candidates, question.document, taken, self.schema.version)
        return bool(errors(record, question.document, self.schema))

    # Sending.

    def _send(self, questions: Iterable[Question], opened: ExitStack) -> None:
        for sent in _batches(questions):
            if self.dry_run:
                continue
            if self.held is None:
                made = project.make(self.client, self.place, self.schema, self._guidelines)
                self._enter(made, opened, new=True)
            assert self.held is not None  # noqa: S101
            flight.depart(self.held.ledger, after=self.held.last())
            with flight.answered(self.held.ledger):
                tasks = b"[" + b",".join(task for _question, task in sent) + b"]"
                numbers = self.client.import_tasks(self.outcome.project, tasks)
            if len(numbers) != len(sent):
                raise PartialError(f"the server took {len(numbers)} of {len(sent)} documents", where=self.outcome.url,
                                   remedy="run `sayso adjudicate push` again")  # fmt: skip
            self.held.add(numbers, [question for question, _task in sent])
            self.advance(len(sent))

    def _require_count(self) -> None:
        assert self.held is not None  # noqa: S101
        if self.held.count() != self.client.count(self.outcome.project):
            raise Unsettled("somebody else has changed the project meanwhile, or tasks arrived twice",
                            where=self.outcome.url, remedy="run `sayso adjudicate push` again")  # fmt: skip

    def _remove(self, doomed: list[int]) -> None:
        assert self.held is not None  # noqa: S101
        for numbers in chunks(doomed, BATCH_NUMBERS):
            self.client.delete_unanswered(self.outcome.project, numbers)
            left = {task.id for task in self.client.answered_of(self.outcome.project, numbers)}
            if left:
                self.outcome.notes.append(f"{len(left)} tasks were begun meanwhile and not removed")
            self.held.forget(set(numbers) - left)


def _batches(questions: Iterable[Question]) -> Iterator[list[tuple[Question, bytes]]]:
    """Questions with their tasks as they are imported, as many as one import may hold."""
    batch: list[tuple[Question, bytes]] = []
    size = 0
    for question in questions:
        batch.append((question, msgspec.json.encode(_task(question))))
        size += len(batch[-1][1])
        if len(batch) >= BATCH_TASKS or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _task(question: Question) -> dict[str, Any]:
    return {"data": question.data, "predictions": [{"model_version": MODEL, "result": question.result}]}


class _Golds:
    """The gold of a campaign, asked for in order of document."""

    def __init__(self, corpus: Corpus, campaign: str) -> None:
        path = gold_file(corpus, campaign)
        self._coming = iter(jsonl.read(path, Gold)) if path.exists() else iter(())
        self._next = next(self._coming, None)

    def of(self, doc_id: str) -> Gold | None:
        """The document's line, or None."""
        while self._next and self._next.doc_id < doc_id:
            self._next = next(self._coming, None)
        return self._next if self._next and self._next.doc_id == doc_id else None
