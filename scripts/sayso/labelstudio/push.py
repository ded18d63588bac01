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

from sayso.corpus.sources import CorpusFiles
from sayso.errors import PartialError
from sayso.files import hold_lock
from sayso.labelstudio import (
    document_index,
    instructions,
    overlap,
    pending_writes,
    prediction_file,
    project,
    task_order,
    tasks,
)
from sayso.labelstudio.api_types import ProjectDetails
from sayso.labelstudio.client import MODEL_VERSION, LabelStudioClient, LostResponse, ObjectGone
from sayso.labelstudio.instructions import GuidelinesComparison
from sayso.labelstudio.overlap import Overlap, OverlapResult
from sayso.labelstudio.pending_writes import OutOfSyncError
from sayso.labelstudio.prediction_file import PredictionFile, PredictionPayload
from sayso.labelstudio.push_plan import (
    CONFLICT_KINDS,
    SENT_KINDS,
    ExpectedTask,
    PlanStep,
    PredictionStepKind,
    StepKind,
    plan_prediction,
    plan_tasks,
)
from sayso.labelstudio.sync_state import SyncState, chunks, format_timestamp, open_sync_state
from sayso.labelstudio.task_order import TaskOrder
from sayso.models import Document
from sayso.schema import guidelines
from sayso.schema.declarations import Schema, load_schema
from sayso.settings import SCHEMA_FILE, Checkout

BATCH_TASKS = 2000
BATCH_BYTES = 8 << 20
MAX_TASKS_PER_QUERY = 200  # tasks of one question or removal: they travel in the address

_NO_PROJECT = ProjectDetails(  # stands for a project that is yet to be made
    id=0,
    title="",
    description=None,
    created_at="",
    label_config="",
    expert_instruction=None,
    model_version=None,
)

Advance = Callable[[int], None]


@dataclass(frozen=True)
class PushRequest:
    """What is asked of a push."""

    project_key: project.ProjectKey
    predictions: Path | None = None
    limit: int | None = None
    update_interface: bool = False
    renew: bool = False
    overlap: Overlap | None = None
    order: TaskOrder | None = None


@dataclass
class PushResult:
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
    interface_state: str = "in step"
    guidelines_state: GuidelinesComparison = field(default_factory=GuidelinesComparison)
    tasks: Counter[StepKind] = field(default_factory=Counter)
    predictions: Counter[PredictionStepKind] = field(default_factory=Counter)
    reported_steps: list[PlanStep] = field(default_factory=list)
    excluded: Counter[str] = field(default_factory=Counter)
    postponed: int = 0
    notes: list[str] = field(default_factory=list)
    overlap: OverlapResult | None = None
    reordered: bool = False

    @property
    def conflicts(self) -> int:
        """Tasks about which corpus and server disagree."""
        return sum(self.tasks[kind] for kind in CONFLICT_KINDS)

    @property
    def changes(self) -> int:
        """Writes that the plan asks for."""
        quiet: set[str] = {
            "unchanged",
            "gone",
            "foreign",
            "superseded",
            "duplicate",
            *CONFLICT_KINDS,
            "foretold",
            "withheld",
        }
        counts = chain(self.tasks.items(), self.predictions.items())
        shifts = self.overlap.changes if self.overlap else 0
        return sum(count for kind, count in counts if kind not in quiet) + shifts + self.reordered


def plan_push(checkout: Checkout, client: LabelStudioClient, request: PushRequest) -> PushResult:
    """The plan of a push, and nothing done on the server."""
    return plan_push_of_project(
        checkout, client, request, project.find_project(client, request.project_key)
    )


def plan_push_of_project(
    checkout: Checkout,
    client: LabelStudioClient,
    request: PushRequest,
    project_found: ProjectDetails | None,
) -> PushResult:
    """The same for a project that was looked for already."""
    schema, corpus = load_schema(checkout.root / SCHEMA_FILE), CorpusFiles(checkout.root)
    with (
        hold_lock(checkout.private / "sync.lock", "sayso push"),
        _open_predictions(checkout, request, schema) as given,
        open_sync_state(checkout, client, project_found or _NO_PROJECT) as ledger,
    ):
        pusher = _PushRun(
            client, project_found or _NO_PROJECT, ledger, corpus, schema, given, request
        )
        if project_found:
            pusher.result.interface_state = project.compare_interface(
                project_found, request.project_key, schema
            )
            lines, ours = (
                project.read_guidelines_shown(client, project_found),
                guidelines.read_guidelines(checkout.root / guidelines.GUIDELINES_FILE),
            )
            pusher.result.guidelines_state = instructions.compare_guidelines(lines, ours)
            ledger.update_tasks(client, project_found.id)
        pusher.result.reordered = bool(
            request.order
            and not (project_found and task_order.has_order(project_found, request.order))
        )
        return pusher.plan_only(project_found or _NO_PROJECT)


def push(
    checkout: Checkout,
    client: LabelStudioClient,
    request: PushRequest,
    advance: Advance = lambda _: None,
) -> PushResult:
    """Plan and apply; where an answer got lost or somebody else was at work too, look again and go on.

    Raises:
        ConflictError: the interface on the server differs, two projects claim the place, or another push is at work.
        PartialError: stopped half-way; the next push goes on.
        InputError, SpanError: the corpus or the predictions are wrong; no task was sent.
    """
    planned: list[PushResult] = []
    schema = load_schema(checkout.root / SCHEMA_FILE)
    with (
        hold_lock(checkout.private / "sync.lock", "sayso push"),
        _open_predictions(checkout, request, schema) as given,
    ):
        for pause in (*client.retry_policy.pauses, None):
            try:
                _push_once(checkout, client, request, schema, given, advance, planned)
                break
            except (LostResponse, OutOfSyncError, ObjectGone) as error:
                if (
                    pause is None or request.limit is not None
                ):  # a second look would count the limit afresh
                    raise PartialError(error.what, where=error.where, remedy=error.remedy) from None
                client.retry_policy.wait(pause, error.what)
    return _merge_results(planned)


def _push_once(
    checkout: Checkout,
    client: LabelStudioClient,
    request: PushRequest,
    schema: Schema,
    predictions: PredictionFile | None,
    advance: Advance,
    results: list[PushResult],
) -> None:
    """One look, one plan, which joins those that were ``planned``, and its steps."""
    corpus, read = (
        CorpusFiles(checkout.root),
        guidelines.read_guidelines(checkout.root / guidelines.GUIDELINES_FILE),
    )
    found = project.find_project(client, request.project_key)
    made = found or project.create_project(client, request.project_key, schema, read)
    with open_sync_state(checkout, client, made) as ledger:
        pusher = _PushRun(client, made, ledger, corpus, schema, predictions, request)
        pusher.result.notes += project.update_settings(
            client,
            made,
            request.project_key,
            schema,
            read,
            ledger,
            new=found is None,
            update_interface=request.update_interface,
        )
        if pending_writes.wait_for_pending_write(checkout, client, ledger, made.id):
            pusher.result.notes.append(
                "an earlier write was interrupted: went on from what it had sent"
            )
        ledger.update_tasks(client, made.id)
        pusher.result.reordered = bool(
            request.order and task_order.set_order(client, made, request.order)
        )
        results.append(pusher.write_plan())
        with pusher.keep_overlap(made, advance):
            pusher.apply(advance)


def _merge_results(results: list[PushResult]) -> PushResult:
    """The first plan told what there was to do; later ones only finished it, and cleared away what had doubled."""
    first, *later = results
    for outcome in later:
        first.notes += outcome.notes
        first.overlap = outcome.overlap or first.overlap
        first.reordered |= outcome.reordered
        if outcome.tasks["surplus"]:
            first.tasks["surplus"] += outcome.tasks["surplus"]
            first.reported_steps += [
                step for step in outcome.reported_steps if step.kind == "surplus"
            ]
    return first


@contextmanager
def _open_predictions(
    checkout: Checkout, request: PushRequest, schema: Schema
) -> Iterator[PredictionFile | None]:
    """The predictions, checked before anything else is done."""
    if request.predictions is None:
        yield None
        return
    with document_index.open_document_index(checkout) as texts:
        given = prediction_file.read_predictions(
            request.predictions, texts, schema, request.project_key.pass_name
        )
    with closing(given.connection):
        yield given


class _PushRun:
    """One push. ``steps`` lies on disk: a plan for ten million documents takes no more memory than one for ten."""

    def __init__(
        self,
        client: LabelStudioClient,
        target: ProjectDetails,
        ledger: SyncState,
        corpus: CorpusFiles,
        schema: Schema,
        predictions: PredictionFile | None,
        request: PushRequest,
    ) -> None:
        self.client = client
        self.project = target.id
        self.ledger = ledger
        self.corpus = corpus
        self.schema = schema
        self.predictions = predictions
        self.limit = request.limit
        self.renew = request.renew
        self.overlap = request.overlap
        self.result = PushResult(
            target.id, f"{client.url}/projects/{target.id}" if target.id else client.url
        )
        self.result.interface_state = "in step" if target.id else "to be made"

    # Planning: nothing on the server changes.

    def write_plan(self) -> PushResult:
        """Write every step down, and count."""
        self._execute("CREATE TEMP TABLE steps (doc_id TEXT, kind TEXT, task INTEGER)")
        self._execute("CREATE TEMP TABLE foretellings (doc_id TEXT, kind TEXT, task INTEGER)")
        self._plan_tasks()
        if self.predictions is not None:
            self.result.excluded = self.predictions.excluded
            self._execute("INSERT INTO foretellings VALUES (?, ?, ?)", self._plan_predictions())
        self.ledger.connection.commit()
        return self.result

    def _plan_tasks(self) -> None:
        """Compare every document with its task, unless both sides are what they were when all of them agreed."""
        state = self._corpus_fingerprint()
        if self.ledger.get("settled") == state:
            self.result.tasks["unchanged"] = self.ledger.count_tasks()
            return
        steps = self._apply_limit(
            plan_tasks(self._expected_tasks(), self.ledger.known_tasks(), renew=self.renew)
        )
        self._execute(
            "INSERT INTO steps VALUES (?, ?, ?)", self._count_steps(steps, self.result.tasks)
        )
        if self.result.tasks.keys() == {"unchanged"} and not self.result.postponed:
            self.ledger.put(
                "settled", state
            )  # the ledger takes it back with the first task that it learns anew

    def _corpus_fingerprint(self) -> str:
        """Another one whenever a file of articles is, or what a task is made of."""
        files = [
            (path.name, stat.st_size, stat.st_mtime_ns)
            for path in self.corpus.batch_files()
            if (stat := path.stat())
        ]
        code = hashlib.sha256(Path(str(tasks.__file__)).read_bytes()).hexdigest()
        return f"{files} {self.schema.version} {code}"

    def plan_only(self, target: ProjectDetails) -> PushResult:
        """The plan, with what it would mean for the overlap."""
        self.write_plan()
        if self.overlap:
            self.result.overlap = overlap.plan_overlap(
                self.client, target, self.ledger, self.overlap, self._select_steps(*SENT_KINDS)
            )
        return self.result

    @contextmanager
    def keep_overlap(self, target: ProjectDetails, advance: Advance) -> Iterator[None]:
        """Keep the overlap that is asked for: the project's own before tasks are sent, each task's own after."""
        if self.overlap is None:
            yield
            return
        prepared = overlap.prepare_project(self.client, target, self.overlap)
        yield
        self.result.overlap = overlap.apply_overlap(
            self.client, target.id, self.ledger, self.overlap, advance
        )
        self.result.overlap.project_updated = prepared
        self.result.notes += overlap.find_shortage(self.client, self.overlap)

    def _execute(self, statement: str, rows: Iterable[tuple[Any, ...]] | None = None) -> None:
        if rows is None:
            self.ledger.connection.execute(statement)
        else:
            self.ledger.connection.executemany(statement, rows)

    def _expected_tasks(self) -> Iterator[ExpectedTask]:
        for document in self.corpus.documents():
            yield ExpectedTask(
                document.doc_id,
                document.text_sha256,
                self.schema.version,
                tasks.heading_digest(tasks.build_heading(document)),
                lambda text=document.text: tasks.text_digest(text),  # type: ignore[misc]
            )

    def _apply_limit(self, steps: Iterable[PlanStep]) -> Iterator[PlanStep]:
        new = 0
        for step in steps:
            new += step.kind == "new"
            if step.kind == "new" and self.limit is not None and new > self.limit:
                self.result.postponed += 1
            else:
                yield step

    def _count_steps(
        self, steps: Iterable[PlanStep], counts: Counter[StepKind]
    ) -> Iterator[tuple[str, str, int]]:
        for step in steps:
            counts[step.kind] += 1
            if step.kind not in ("new", "unchanged", "described"):
                self.result.reported_steps.append(step)
            if step.kind != "unchanged":
                yield step.doc_id, step.kind, step.task

    def _plan_predictions(self) -> Iterator[tuple[str, str, int]]:
        """What to do with each prediction for a document whose task is there and stays."""
        assert self.predictions is not None  # noqa: S101
        there = (
            "SELECT task, answered FROM tasks WHERE doc_id = ? AND task NOT IN"
            " (SELECT task FROM steps WHERE kind = 'superseded') ORDER BY task"
        )
        kinds = ", ".join(f"'{kind}'" for kind in SENT_KINDS)
        sent = f"SELECT 1 FROM steps WHERE doc_id = ? AND kind IN ({kinds})"
        for group in chunks(self.predictions.doc_ids(), MAX_TASKS_PER_QUERY):
            standing = {}
            for doc_id in group:
                row = self.ledger.connection.execute(there, (doc_id,)).fetchone()
                if row and not self.ledger.connection.execute(sent, (doc_id,)).fetchone():
                    standing[doc_id] = row
                elif self.ledger.connection.execute(sent, (doc_id,)).fetchone():
                    self.result.predictions["predicted"] += 1
            yield from self._compare_predictions(standing)

    def _compare_predictions(
        self, tasks: dict[str, tuple[int, int]]
    ) -> Iterator[tuple[str, str, int]]:
        assert self.predictions is not None  # noqa: S101
        numbers = [task for task, _answered in tasks.values()]
        there = self._fetch_our_predictions(numbers) if numbers else {}
        for doc_id, (task, answered) in tasks.items():
            kind = plan_prediction(
                self.predictions.get(doc_id), there.get(task, []), bool(answered)
            )
            self.result.predictions[kind] += 1
            if kind in ("predicted", "replaced"):
                yield doc_id, kind, task

    def _fetch_our_predictions(self, tasks: list[int]) -> dict[int, list[object]]:
        found: dict[int, list[object]] = {}
        for prediction in self.client.fetch_predictions(self.project, tasks):
            if prediction.model_version == MODEL_VERSION:
                found.setdefault(prediction.task, []).append(
                    (prediction.result, task_order.effective_score(prediction))
                )
        return found

    # Applying: the steps that were written down, and no others.

    def apply(self, advance: Advance) -> None:
        """Do what the plan says: what is lost last is removed last."""
        self._send_tasks(advance)
        self._update_task_data(advance)
        self._send_predictions()
        self._delete_tasks()
        if self.result.changes and self.ledger.count_tasks() != self.client.count_tasks(
            self.project
        ):
            self.ledger.reset("held", "tasks")
            raise OutOfSyncError(
                "somebody else has changed the project meanwhile",
                where=self.result.url,
                remedy="run `sayso push` again",
            )

    def _select_steps(self, *kinds: StepKind) -> Iterator[tuple[str, int]]:
        asked = f"SELECT doc_id, task FROM steps WHERE kind IN ({','.join('?' * len(kinds))}) ORDER BY doc_id"
        yield from self.ledger.connection.execute(asked, kinds)

    def _select_documents(self, *kinds: StepKind) -> Iterator[tuple[Document, int]]:
        """The documents of these steps, in order, each with its task."""
        steps = self._select_steps(*kinds)
        step = next(steps, None)
        for document in self.corpus.documents() if step else ():
            if step and step[0] == document.doc_id:
                yield document, step[1]
                step = next(steps, None)

    def _send_tasks(self, advance: Advance) -> None:
        """Import batch by batch; while the server works on one, the last is written down and the next made ready."""
        last = self.ledger.last_task()
        with ThreadPoolExecutor(1) as line:
            under_way: tuple[_ImportBatch, Future[list[int]]] | None = None
            for batch in chain(self._batches(), [None]):
                landed = under_way and self._receive_task_numbers(*under_way)
                if landed:
                    last = max(landed)
                if batch:
                    pending_writes.record_write(self.ledger, after=last)
                    sending = batch, line.submit(self.client.import_tasks, self.project, batch.body)
                if landed and under_way:
                    self.ledger.add_tasks(landed, under_way[0].data)
                    advance(len(landed))
                under_way = sending if batch else None
        if self.result.tasks.keys() & set(SENT_KINDS):
            made = self.client.fetch_bare_tasks(
                self.project, after=last - 1, since="", size=1
            ).tasks
            self.ledger.mark_complete("held", format_timestamp(made[0].updated_at) if made else "")

    def _receive_task_numbers(self, batch: _ImportBatch, response: Future[list[int]]) -> list[int]:
        with pending_writes.confirm_write(self.ledger):
            numbers = response.result()
        if len(numbers) != len(batch.data):
            raise PartialError(
                f"the server took {len(numbers)} of {len(batch.data)} documents",
                where=self.result.url,
                remedy="run `sayso push` again",
            )
        return numbers

    def _batches(self) -> Iterator[_ImportBatch]:
        """Small ones first, so that the server does not wait long for its first."""
        size = BATCH_TASKS // 8
        batch = _ImportBatch(size)
        for document, _task in self._select_documents(*SENT_KINDS):
            given = self.predictions.get(document.doc_id) if self.predictions else None
            batch.add(tasks.build_task_data(document, self.schema.version), given)
            if batch.is_full:
                yield batch
                size = min(2 * size, BATCH_TASKS)
                batch = _ImportBatch(size)
        if batch.data:
            yield batch

    def _update_task_data(self, advance: Advance) -> None:
        """Update titles in place; the text stays, and so does the schema version that answers belong to."""
        for document, task in self._select_documents("described"):
            found = self.client.fetch_bare_tasks(
                self.project, after=task - 1, since="", size=1
            ).tasks
            if not found or found[0].id != task:
                raise OutOfSyncError(
                    f"task {task} is gone", where=self.result.url, remedy="run `sayso push` again"
                )
            held = found[0]
            data = held.data | tasks.build_heading(document)
            if not (held.total_annotations or held.cancelled_annotations):
                data["schema_version"] = self.schema.version
            self.client.update_task(task, data)
            self.ledger.add_tasks([task], [data])
            advance(1)

    def _send_predictions(self) -> None:
        asked = "SELECT doc_id, kind, task FROM foretellings ORDER BY doc_id"
        for group in chunks(self.ledger.connection.execute(asked), MAX_TASKS_PER_QUERY):
            for _doc_id, kind, task in group:
                if kind == "replaced":
                    self._delete_predictions(task)
            self._import_predictions([(doc_id, task) for doc_id, _kind, task in group])

    def _delete_predictions(self, task: int) -> None:
        for prediction in self.client.fetch_predictions(self.project, [task]):
            if prediction.model_version == MODEL_VERSION:
                self.client.delete_prediction(prediction.id)

    def _import_predictions(self, group: list[tuple[str, int]]) -> None:
        assert self.predictions is not None  # noqa: S101
        given = [
            {"task": task, "model_version": MODEL_VERSION, **found._asdict()}
            for doc_id, task in group
            if (found := self.predictions.get(doc_id))
        ]
        pending_writes.record_write(self.ledger, task=group[0][1])
        with pending_writes.confirm_write(self.ledger):
            created = self.client.import_predictions(self.project, given)
        if created != len(given):
            raise PartialError(
                f"the server took {created} of {len(given)} predictions",
                where=self.result.url,
                remedy="run `sayso push` with the same file again",
            )
        there = self._fetch_our_predictions([task for _doc_id, task in group])
        if any(len(standing) > 1 for standing in there.values()):
            raise OutOfSyncError(
                "a prediction arrived twice", where=self.result.url, remedy="run `sayso push` again"
            )

    def _delete_tasks(self) -> None:
        doomed = (task for _doc_id, task in self._select_steps("changed", "edited", "surplus"))
        for numbers in chunks(doomed, MAX_TASKS_PER_QUERY):
            removed = self.client.delete_unannotated_tasks(self.project, numbers)
            left = self._find_remaining_tasks(numbers) if removed < len(numbers) else set()
            if left:
                self.result.notes.append(
                    f"{len(left)} tasks were answered meanwhile and not removed"
                )
            self.ledger.remove_tasks(set(numbers) - left)

    def _find_remaining_tasks(self, numbers: list[int]) -> set[int]:
        """Those that are still there: answered meanwhile, not removed by somebody else."""
        return {task.id for task in self.client.fetch_annotated_tasks_by_id(self.project, numbers)}


class _ImportBatch:
    """Tasks of one import, ``size`` at most."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.data: list[dict[str, str]] = []
        self._encoded_tasks: list[bytes] = []
        self._bytes = 0

    def add(self, data: dict[str, str], prediction: PredictionPayload | None) -> None:
        task: dict[str, Any] = {"data": data}
        if prediction is not None:
            task["predictions"] = [{"model_version": MODEL_VERSION, **prediction._asdict()}]
        part = msgspec.json.encode(task)
        self.data.append(data)
        self._encoded_tasks.append(part)
        self._bytes += len(part)

    @property
    def is_full(self) -> bool:
        return len(self.data) >= self._size or self._bytes >= BATCH_BYTES

    @property
    def body(self) -> bytes:
        return b"[" + b",".join(self._encoded_tasks) + b"]"
