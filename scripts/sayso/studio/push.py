"""Bring the server up to the corpus: look, plan, apply. A second push finds nothing to do."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec

from sayso import guidelines
from sayso.errors import PartialError
from sayso.files import locked
from sayso.records import Document
from sayso.schema import Schema, load
from sayso.settings import MARK, Instance
from sayso.store import Corpus
from sayso.studio import flight, instructions, lookup, order, overlap, predictions, project, tasks
from sayso.studio.client import MODEL, Client, Gone, LostAnswer, Project
from sayso.studio.flight import Unsettled
from sayso.studio.instructions import Standing
from sayso.studio.ledger import Ledger, chunks, opened, timestamp
from sayso.studio.order import Order
from sayso.studio.overlap import Overlap, Tally
from sayso.studio.plan import CONFLICTS, SENT, Kind, PredictionKind, Step, Wanted, plan, plan_prediction
from sayso.studio.predictions import Foretelling, Predictions

BATCH_TASKS = 2000
BATCH_BYTES = 8 << 20
BATCH_NUMBERS = 200  # tasks of one question or removal: they travel in the address

_UNMADE = Project(0, "", None, "", "", None, None)  # stands for a project that is yet to be made

Advance = Callable[[int], None]


@dataclass(frozen=True)
class Request:
    """What is asked of a push."""

    place: project.Place
    predictions: Path | None = None
    limit: int | None = None
    update_interface: bool = False
    renew: bool = False
    overlap: Overlap | None = None
    order: Order | None = None


@dataclass
class Outcome:
    """The plan in numbers, and what there is to tell about it.

    Attributes:
        project: its number on the server; 0 where a dry run found none.
        interface, guidelines: how those on the server stand to ours.
        tasks, predictions: how many of each kind.
        told: every step that a person may want to know of.
        left_out: predicted mentions and relations that the interface does not show, by name.
        postponed: new documents that ``limit`` left for later.
        overlap: what became of the overlap, where one was asked for.
        reordered: whether the project handed documents out in another order than was asked for.
    """

    project: int = 0
    url: str = ""
    interface: str = "in step"
    guidelines: Standing = field(default_factory=Standing)
    tasks: Counter[Kind] = field(default_factory=Counter)
    predictions: Counter[PredictionKind] = field(default_factory=Counter)
    told: list[Step] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    postponed: int = 0
    notes: list[str] = field(default_factory=list)
    overlap: Tally | None = None
    reordered: bool = False

    @property
    def conflicts(self) -> int:
        """Tasks about which corpus and server disagree."""
        return sum(self.tasks[kind] for kind in CONFLICTS)

    @property
    def changes(self) -> int:
        """Writes that the plan asks for."""
        quiet: set[str] = {
            "unchanged",
            "gone",
            "foreign",
            "superseded",
            "duplicate",
            *CONFLICTS,
            "foretold",
            "withheld",
        }
        counts = chain(self.tasks.items(), self.predictions.items())
        shifts = self.overlap.changes if self.overlap else 0
        return sum(count for kind, count in counts if kind not in quiet) + shifts + self.reordered


def preview(instance: Instance, client: Client, request: Request) -> Outcome:
    """The plan of a push, and nothing done on the server."""
    return foreseen(instance, client, request, project.find(client, request.place))


def foreseen(instance: Instance, client: Client, request: Request, found: Project | None) -> Outcome:
    """The same for a project that was looked for already."""
    schema, corpus = load(instance.root / MARK), Corpus(instance.root)
    with (
        locked(instance.private / "sync.lock", "sayso push"),
        _given(instance, request, schema) as given,
        opened(instance, client, found or _UNMADE) as ledger,
    ):
        pusher = _Pusher(client, found or _UNMADE, ledger, corpus, schema, given, request)
        if found:
            pusher.outcome.interface = project.interface_state(found, request.place, schema)
            lines, ours = project.shown(client, found), guidelines.read(instance.root / guidelines.FILE)
            pusher.outcome.guidelines = instructions.standing(lines, ours)
            ledger.look(client, found.id)
        pusher.outcome.reordered = bool(request.order and not (found and order.kept(found, request.order)))
        return pusher.foresee(found or _UNMADE)


def push(instance: Instance, client: Client, request: Request, advance: Advance = lambda _: None) -> Outcome:
    """Plan and apply; where an answer got lost or somebody else was at work too, look again and go on.

    Raises:
        ConflictError: the interface on the server differs, two projects claim the place, or another push is at work.
        PartialError: stopped half-way; the next push goes on.
        InputError, SpanError: the corpus or the predictions are wrong; no task was sent.
    """
    planned: list[Outcome] = []
    schema = load(instance.root / MARK)
    with locked(instance.private / "sync.lock", "sayso push"), _given(instance, request, schema) as given:
        for pause in (*client.patience.pauses, None):
            try:
                _push(instance, client, request, schema, given, advance, planned)
                break
            except (LostAnswer, Unsettled, Gone) as error:
                if pause is None or request.limit is not None:  # a second look would count the limit afresh
                    raise PartialError(error.what, where=error.where, remedy=error.remedy) from None
                client.patience.sleep(pause, error.what)
    return _summed(planned)


def _push(
    instance: Instance, client: Client, request: Request, schema: Schema, given: Predictions | None,
    advance: Advance, planned: list[Outcome],
) -> None:  # fmt: skip
    """One look, one plan, which joins those that were ``planned``, and its steps."""
    corpus, read = Corpus(instance.root), guidelines.read(instance.root / guidelines.FILE)
    found = project.find(client, request.place)
    made = found or project.make(client, request.place, schema, read)
    with opened(instance, client, made) as ledger:
        pusher = _Pusher(client, made, ledger, corpus, schema, given, request)
        pusher.outcome.notes += project.settle(
            client, made, request.place, schema, read, ledger,
            new=found is None, update_interface=request.update_interface,
        )  # fmt: skip
        if flight.settle(instance, client, ledger, made.id):
            pusher.outcome.notes.append("an earlier write was interrupted: went on from what it had sent")
        ledger.look(client, made.id)
        pusher.outcome.reordered = bool(request.order and order.keep(client, made, request.order))
        planned.append(pusher.plan())
        with pusher.shared(made, advance):
            pusher.apply(advance)


def _summed(planned: list[Outcome]) -> Outcome:
    """The first plan told what there was to do; later ones only finished it, and cleared away what had doubled."""
    first, *later = planned
    for outcome in later:
        first.notes += outcome.notes
        first.overlap = outcome.overlap or first.overlap
        first.reordered |= outcome.reordered
        if outcome.tasks["surplus"]:
            first.tasks["surplus"] += outcome.tasks["surplus"]
            first.told += [step for step in outcome.told if step.kind == "surplus"]
    return first


@contextmanager
def _given(instance: Instance, request: Request, schema: Schema) -> Iterator[Predictions | None]:
    """The predictions, checked before anything else is done."""
    if request.predictions is None:
        yield None
        return
    with lookup.opened(instance) as texts:
        given = predictions.read(request.predictions, texts, schema, request.place.interface)
    with closing(given.connection):
        yield given


class _Pusher:
    """One push. ``steps`` lies on disk: a plan for ten million documents takes no more memory than one for ten."""

    def __init__(
        self, client: Client, made: Project, ledger: Ledger, corpus: Corpus, schema: Schema,
        given: Predictions | None, request: Request,
    ) -> None:  # fmt: skip
        self.client = client
        self.project = made.id
        self.ledger = ledger
        self.corpus = corpus
        self.schema = schema
        self.given = given
        self.limit = request.limit
        self.renew = request.renew
        self.overlap = request.overlap
        self.outcome = Outcome(made.id, f"{client.url}/projects/{made.id}" if made.id else client.url)
        self.outcome.interface = "in step" if made.id else "to be made"

    # Planning: nothing on the server changes.

    def plan(self) -> Outcome:
        """Write every step down, and count."""
        self._store("CREATE TEMP TABLE steps (doc_id TEXT, kind TEXT, task INTEGER)")
        self._store("CREATE TEMP TABLE foretellings (doc_id TEXT, kind TEXT, task INTEGER)")
        self._plan_tasks()
        if self.given is not None:
            self.outcome.left_out = self.given.left_out
            self._store("INSERT INTO foretellings VALUES (?, ?, ?)", self._foretellings())
        self.ledger.connection.commit()
        return self.outcome

    def _plan_tasks(self) -> None:
        """Compare every document with its task, unless both sides are what they were when all of them agreed."""
        state = self._state()
        if self.ledger.get("settled") == state:
            self.outcome.tasks["unchanged"] = self.ledger.count()
            return
        steps = self._limited(plan(self._wanted(), self.ledger.seen(), renew=self.renew))
        self._store("INSERT INTO steps VALUES (?, ?, ?)", self._counted(steps, self.outcome.tasks))
        if self.outcome.tasks.keys() == {"unchanged"} and not self.outcome.postponed:
            self.ledger.put("settled", state)  # the ledger takes it back with the first task that it learns anew

    def _state(self) -> str:
        """Another one whenever a file of articles is, or what a task is made of."""
        files = [(path.name, stat.st_size, stat.st_mtime_ns) for path in self.corpus.batches() if (stat := path.stat())]
        code = hashlib.sha256(Path(str(tasks.__file__)).read_bytes()).hexdigest()
        return f"{files} {self.schema.version} {code}"

    def foresee(self, made: Project) -> Outcome:
        """The plan, with what it would mean for the overlap."""
        self.plan()
        if self.overlap:
            self.outcome.overlap = overlap.foresee(self.client, made, self.ledger, self.overlap, self._steps(*SENT))
        return self.outcome

    @contextmanager
    def shared(self, made: Project, advance: Advance) -> Iterator[None]:
        """Keep the overlap that is asked for: the project's own before tasks are sent, each task's own after."""
        if self.overlap is None:
            yield
            return
        prepared = overlap.prepare(self.client, made, self.overlap)
        yield
        self.outcome.overlap = overlap.settle(self.client, made.id, self.ledger, self.overlap, advance)
        self.outcome.overlap.project = prepared
        self.outcome.notes += overlap.shortage(self.client, self.overlap)

    def _store(self, statement: str, rows: Iterable[tuple[Any, ...]] | None = None) -> None:
        if rows is None:
            self.ledger.connection.execute(statement)
        else:
            self.ledger.connection.executemany(statement, rows)

    def _wanted(self) -> Iterator[Wanted]:
        for document in self.corpus.documents():
            yield Wanted(
                document.doc_id,
                document.text_sha256,
                self.schema.version,
                tasks.facts(tasks.heading(document)),
                lambda text=document.text: tasks.skeleton(text),  # type: ignore[misc]
            )

    def _limited(self, steps: Iterable[Step]) -> Iterator[Step]:
        new = 0
        for step in steps:
            new += step.kind == "new"
            if step.kind == "new" and self.limit is not None and new > self.limit:
                self.outcome.postponed += 1
            else:
                yield step

    def _counted(self, steps: Iterable[Step], counts: Counter[Kind]) -> Iterator[tuple[str, str, int]]:
        for step in steps:
            counts[step.kind] += 1
            if step.kind not in ("new", "unchanged", "described"):
                self.outcome.told.append(step)
            if step.kind != "unchanged":
                yield step.doc_id, step.kind, step.task

    def _foretellings(self) -> Iterator[tuple[str, str, int]]:
        """What to do with each prediction for a document whose task is there and stays."""
        assert self.given is not None  # noqa: S101
        there = ("SELECT task, answered FROM tasks WHERE doc_id = ? AND task NOT IN"
                 " (SELECT task FROM steps WHERE kind = 'superseded') ORDER BY task")  # fmt: skip
        kinds = ", ".join(f"'{kind}'" for kind in SENT)
        sent = f"SELECT 1 FROM steps WHERE doc_id = ? AND kind IN ({kinds})"  # noqa: S608
        for group in chunks(self.given.documents(), BATCH_NUMBERS):
            standing = {}
            for doc_id in group:
                row = self.ledger.connection.execute(there, (doc_id,)).fetchone()
                if row and not self.ledger.connection.execute(sent, (doc_id,)).fetchone():
                    standing[doc_id] = row
                elif self.ledger.connection.execute(sent, (doc_id,)).fetchone():
                    self.outcome.predictions["predicted"] += 1
            yield from self._compared(standing)

    def _compared(self, standing: dict[str, tuple[int, int]]) -> Iterator[tuple[str, str, int]]:
        assert self.given is not None  # noqa: S101
        numbers = [task for task, _answered in standing.values()]
        there = self._ours(numbers) if numbers else {}
        for doc_id, (task, answered) in standing.items():
            kind = plan_prediction(self.given.of(doc_id), there.get(task, []), bool(answered))
            self.outcome.predictions[kind] += 1
            if kind in ("predicted", "replaced"):
                yield doc_id, kind, task

    def _ours(self, numbers: list[int]) -> dict[int, list[object]]:
        found: dict[int, list[object]] = {}
        for prediction in self.client.predicted(self.project, numbers):
            if prediction.model_version == MODEL:
                found.setdefault(prediction.task, []).append((prediction.result, order.served_by(prediction)))
        return found

    # Applying: the steps that were written down, and no others.

    def apply(self, advance: Advance) -> None:
        """Do what the plan says: what is lost last is removed last."""
        self._send_all(advance)
        self._describe(advance)
        self._predict()
        self._remove()
        if self.outcome.changes and self.ledger.count() != self.client.count(self.project):
            self.ledger.forget("held", "tasks")
            raise Unsettled("somebody else has changed the project meanwhile", where=self.outcome.url,
                               remedy="run `sayso push` again")  # fmt: skip

    def _steps(self, *kinds: Kind) -> Iterator[tuple[str, int]]:
        asked = f"SELECT doc_id, task FROM steps WHERE kind IN ({','.join('?' * len(kinds))}) ORDER BY doc_id"  # noqa: S608
        yield from self.ledger.connection.execute(asked, kinds)

    def _named(self, *kinds: Kind) -> Iterator[tuple[Document, int]]:
        """The documents of these steps, in order, each with its task."""
        steps = self._steps(*kinds)
        step = next(steps, None)
        for document in self.corpus.documents() if step else ():
            if step and step[0] == document.doc_id:
                yield document, step[1]
                step = next(steps, None)

    def _send_all(self, advance: Advance) -> None:
        """Import batch by batch; while the server works on one, the last is written down and the next made ready."""
        last = self.ledger.last()
        with ThreadPoolExecutor(1) as line:
            under_way: tuple[_Batch, Future[list[int]]] | None = None
            for batch in chain(self._batches(), [None]):
                landed = under_way and self._landed(*under_way)
                if landed:
                    last = max(landed)
                if batch:
                    flight.depart(self.ledger, after=last)
                    sending = batch, line.submit(self.client.import_tasks, self.project, batch.body)
                if landed and under_way:
                    self.ledger.add(landed, under_way[0].shown)
                    advance(len(landed))
                under_way = sending if batch else None
        if self.outcome.tasks.keys() & set(SENT):
            made = self.client.held(self.project, after=last - 1, since="", size=1).tasks
            self.ledger.complete("held", timestamp(made[0].updated_at) if made else "")

    def _landed(self, batch: _Batch, answer: Future[list[int]]) -> list[int]:
        with flight.answered(self.ledger):
            numbers = answer.result()
        if len(numbers) != len(batch.shown):
            raise PartialError(f"the server took {len(numbers)} of {len(batch.shown)} documents",
                               where=self.outcome.url, remedy="run `sayso push` again")  # fmt: skip
        return numbers

    def _batches(self) -> Iterator[_Batch]:
        """Small ones first, so that the server does not wait long for its first."""
        size = BATCH_TASKS // 8
        batch = _Batch(size)
        for document, _task in self._named(*SENT):
            given = self.given.of(document.doc_id) if self.given else None
            batch.add(tasks.data(document, self.schema.version), given)
            if batch.full:
                yield batch
                size = min(2 * size, BATCH_TASKS)
                batch = _Batch(size)
        if batch.shown:
            yield batch

    def _describe(self, advance: Advance) -> None:
        """Update titles in place; the text stays, and so does the schema version that answers belong to."""
        for document, task in self._named("described"):
            found = self.client.held(self.project, after=task - 1, since="", size=1).tasks
            if not found or found[0].id != task:
                raise Unsettled(f"task {task} is gone", where=self.outcome.url, remedy="run `sayso push` again")
            held = found[0]
            data = held.data | tasks.heading(document)
            if not (held.total_annotations or held.cancelled_annotations):
                data["schema_version"] = self.schema.version
            self.client.update_task(task, data)
            self.ledger.add([task], [data])
            advance(1)

    def _predict(self) -> None:
        asked = "SELECT doc_id, kind, task FROM foretellings ORDER BY doc_id"
        for group in chunks(self.ledger.connection.execute(asked), BATCH_NUMBERS):
            for _doc_id, kind, task in group:
                if kind == "replaced":
                    self._withdraw(task)
            self._import_predictions([(doc_id, task) for doc_id, _kind, task in group])

    def _withdraw(self, task: int) -> None:
        for prediction in self.client.predictions(task):
            if prediction.model_version == MODEL:
                self.client.delete_prediction(prediction.id)

    def _import_predictions(self, group: list[tuple[str, int]]) -> None:
        assert self.given is not None  # noqa: S101
        given = [{"task": task, "model_version": MODEL, **found._asdict()}
                 for doc_id, task in group if (found := self.given.of(doc_id))]  # fmt: skip
        flight.depart(self.ledger, task=group[0][1])
        with flight.answered(self.ledger):
            created = self.client.import_predictions(self.project, given)
        if created != len(given):
            raise PartialError(f"the server took {created} of {len(given)} predictions", where=self.outcome.url,
                               remedy="run `sayso push` with the same file again")  # fmt: skip
        there = self._ours([task for _doc_id, task in group])
        if any(len(standing) > 1 for standing in there.values()):
            raise Unsettled("a prediction arrived twice", where=self.outcome.url, remedy="run `sayso push` again")

    def _remove(self) -> None:
        doomed = (task for _doc_id, task in self._steps("changed", "edited", "surplus"))
        for numbers in chunks(doomed, BATCH_NUMBERS):
            removed = self.client.delete_unanswered(self.project, numbers)
            left = self._left(numbers) if removed < len(numbers) else set()
            if left:
                self.outcome.notes.append(f"{len(left)} tasks were answered meanwhile and not removed")
            self.ledger.remove(set(numbers) - left)

    def _left(self, numbers: list[int]) -> set[int]:
        """Those that are still there: answered meanwhile, not removed by somebody else."""
        return {task.id for task in self.client.answered_of(self.project, numbers)}


class _Batch:
    """Tasks of one import, ``size`` at most."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.shown: list[dict[str, str]] = []
        self._parts: list[bytes] = []
        self._bytes = 0

    def add(self, shown: dict[str, str], prediction: Foretelling | None) -> None:
        task: dict[str, Any] = {"data": shown}
        if prediction is not None:
            task["predictions"] = [{"model_version": MODEL, **prediction._asdict()}]
        part = msgspec.json.encode(task)
        self.shown.append(shown)
        self._parts.append(part)
        self._bytes += len(part)

    @property
    def full(self) -> bool:
        return len(self.shown) >= self._size or self._bytes >= BATCH_BYTES

    @property
    def body(self) -> bytes:
        return b"[" + b",".join(self._parts) + b"]"
