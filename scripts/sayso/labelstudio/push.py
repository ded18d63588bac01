"""Push the corpus to Label Studio: compare, plan, apply. A second push finds nothing to do."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import msgspec

from sayso.callbacks import Advance
from sayso.code_digest import library_versions, package_digest
from sayso.corpus.sources import CorpusFiles
from sayso.errors import PartialError
from sayso.files import hold_lock
from sayso.labelstudio.api_types import ProjectDetails, TaskPrediction
from sayso.labelstudio.batches import BatchItem, cut_batches, join_batch, send_batch, send_parts
from sayso.labelstudio.client import MODEL_VERSION, LabelStudioClient
from sayso.labelstudio.document_index import open_document_index
from sayso.labelstudio.instructions import GuidelinesComparison, compare_guidelines
from sayso.labelstudio.overlap import (
    Overlap,
    OverlapResult,
    apply_overlap,
    find_shortage,
    plan_overlap,
    prepare_project,
)
from sayso.labelstudio.pending_writes import (
    OutOfSyncError,
    confirm_write,
    record_write,
    wait_for_pending_write,
)
from sayso.labelstudio.prediction_file import PredictionFile, PredictionPayload, read_predictions
from sayso.labelstudio.project import (
    ProjectKey,
    ProjectTemplate,
    compare_interface,
    create_project,
    read_guidelines_shown,
    update_settings,
)
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
from sayso.labelstudio.recalled_projects import find_marked_project, restore_lines
from sayso.labelstudio.sync_state import SyncState, chunks, format_timestamp, open_sync_state
from sayso.labelstudio.task_order import TaskOrder, effective_score, has_order, set_order
from sayso.labelstudio.tasks import build_heading, build_task_data, heading_digest, text_digest
from sayso.labelstudio.transport import LostResponse, ObjectGone, RequestTooLarge
from sayso.models import Document
from sayso.schema.declarations import Schema, load_schema
from sayso.schema.guidelines import GUIDELINES_FILE, read_guidelines
from sayso.settings import SCHEMA_FILE, Checkout

BATCH_TASKS = 2000
MAX_TASKS_PER_QUERY = 200  # their numbers travel in the address

_NO_PROJECT = ProjectDetails(  # for a dry run before the first push
    id=0,
    title="",
    description=None,
    created_at="",
    label_config="",
    expert_instruction=None,
    model_version=None,
)
_RUN_AGAIN = "run `sayso push` again"

_TaskBatch = list[BatchItem[dict[str, str]]]  # with the data of each task

# Steps that write nothing.
_PASSIVE_STEPS = {"unchanged", "gone", "foreign", "superseded", "duplicate", *CONFLICT_KINDS}
_PASSIVE_PREDICTIONS = {"unchanged", "kept"}


@dataclass(frozen=True)
class PushRequest:
    """The options of a push."""

    project_key: ProjectKey
    predictions: Path | None = None
    limit: int | None = None
    update_interface: bool = False
    restore_mark: bool = False
    renew: bool = False
    overlap: Overlap | None = None
    order: TaskOrder | None = None


@dataclass
class PushResult:
    """The plan in numbers, and what to report.

    Attributes:
        project: its number on the server; 0 if a dry run found none.
        interface_state: the interface on the server compared with the schema's.
        guidelines_state: the guidelines shown there compared with ours.
        tasks: steps by kind.
        predictions: predictions by kind.
        reported_steps: every step that a person may want to know of.
        excluded: predicted mentions and relations that the pass does not show, by name.
        postponed: new documents that ``limit`` left for later.
        overlap: the overlap, if one was requested.
        reordered: whether the project handed documents out in another order than requested.
    """

    project: int = 0
    url: str = ""
    interface_state: str = "up to date"
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
        """The number of annotated tasks on which corpus and server disagree."""
        return sum(self.tasks[kind] for kind in CONFLICT_KINDS)

    @property
    def changes(self) -> int:
        """The number of writes that the plan requires."""
        tasks = sum(n for kind, n in self.tasks.items() if kind not in _PASSIVE_STEPS)
        predictions = sum(
            n for kind, n in self.predictions.items() if kind not in _PASSIVE_PREDICTIONS
        )
        overlap = self.overlap.changes if self.overlap else 0
        return tasks + predictions + overlap + self.reordered


def plan_push(checkout: Checkout, client: LabelStudioClient, request: PushRequest) -> PushResult:
    """Plan a push, and change nothing on the server."""
    key = request.project_key
    project = find_marked_project(checkout, client, key, recall=request.restore_mark)
    return plan_push_of_project(checkout, client, request, project)


def plan_push_of_project(
    checkout: Checkout,
    client: LabelStudioClient,
    request: PushRequest,
    project: ProjectDetails | None,
) -> PushResult:
    """Plan a push to a project that was looked up already; None: it does not exist yet."""
    target = project or _NO_PROJECT
    with (
        hold_lock(checkout.private / "sync.lock", "sayso push"),
        _open_push(checkout, client, request) as run,
        run.open_state(target),
    ):
        result = run.result
        if project:
            result.interface_state = compare_interface(project, run.template)
            shown = read_guidelines_shown(client, project)
            result.guidelines_state = compare_guidelines(shown, run.template.guidelines)
            run.state.update_tasks(client, project.id)
        result.reordered = request.order is not None and not has_order(target, request.order)
        run.write_plan()
        if request.overlap:
            sent = run.select_steps(*SENT_KINDS)
            result.overlap = plan_overlap(client, target, run.state, request.overlap, sent)
        return result


def push(
    checkout: Checkout,
    client: LabelStudioClient,
    request: PushRequest,
    advance: Advance = lambda _: None,
) -> PushResult:
    """Plan and apply. If a response is lost, or somebody else changes the project, start over.

    Raises:
        ConflictError: the interface on the server differs, two projects have the same mark, the
            project has lost its mark, or another push is running.
        PartialError: stopped half-way; the next push goes on.
        InputError, SpanError: the corpus or the predictions are wrong; no task was sent.
    """
    results: list[PushResult] = []
    with (
        hold_lock(checkout.private / "sync.lock", "sayso push"),
        _open_push(checkout, client, request) as run,
    ):
        key = request.project_key
        notes = restore_lines(checkout, client, key) if request.restore_mark else []
        for pause in (*client.retry_policy.pauses, None):
            try:
                run.push_once(results, advance)
                break
            except (LostResponse, OutOfSyncError, ObjectGone) as error:
                # Another round would count the limit afresh.
                if pause is None or request.limit is not None:
                    what, where = error.what, error.where
                    raise PartialError(what, where=where, remedy=error.remedy) from None
                client.retry_policy.wait(pause, error.what)
    result = _merge_results(results)
    result.notes += notes
    return result


def _merge_results(results: list[PushResult]) -> PushResult:
    """Return the first plan; later ones only finished it and deleted duplicates."""
    first, *later = results
    for result in later:
        first.notes += result.notes
        first.overlap = result.overlap or first.overlap
        first.reordered |= result.reordered
        if result.tasks["surplus"]:
            first.tasks["surplus"] += result.tasks["surplus"]
            first.reported_steps += [s for s in result.reported_steps if s.kind == "surplus"]
    return first


@contextmanager
def _open_push(
    checkout: Checkout, client: LabelStudioClient, request: PushRequest
) -> Iterator[_PushRun]:
    """Read and validate schema, guidelines and predictions before anything else is done."""
    schema = load_schema(checkout.root / SCHEMA_FILE)
    guidelines = read_guidelines(checkout.root / GUIDELINES_FILE)
    template = ProjectTemplate(request.project_key, schema, guidelines)
    run = _PushRun(checkout, client, request, template)
    if request.predictions is None:
        yield run
        return
    pass_name = request.project_key.pass_name
    with open_document_index(checkout) as documents:
        run.predictions = read_predictions(request.predictions, documents, schema, pass_name)
    with closing(run.predictions.connection):
        yield run


@dataclass
class _PushRun:
    """A push. The steps are on disk, so that memory does not grow with the corpus."""

    checkout: Checkout
    client: LabelStudioClient
    request: PushRequest
    template: ProjectTemplate
    predictions: PredictionFile | None = None
    result: PushResult = field(default_factory=PushResult)
    state: SyncState = field(init=False)
    last_task: int = 0  # the highest number on the server when a batch is sent

    @property
    def project(self) -> int:
        return self.result.project

    @property
    def schema(self) -> Schema:
        return self.template.schema

    @property
    def corpus(self) -> CorpusFiles:
        return CorpusFiles(self.checkout.root)

    @contextmanager
    def open_state(self, project: ProjectDetails) -> Iterator[None]:
        """Open the sync state of the project, for one round with a result of its own."""
        self.result = PushResult(project.id, self.client.url, "to be created")
        if project.id:
            self.result.url += f"/projects/{project.id}"
            self.result.interface_state = "up to date"
        with open_sync_state(self.checkout, self.client, project) as self.state:
            yield

    def push_once(self, results: list[PushResult], advance: Advance) -> None:
        """Plan and apply once; the plan is appended to ``results`` before it is applied."""
        client, request, template = self.client, self.request, self.template
        found = find_marked_project(self.checkout, client, template.key)
        overlap = request.overlap
        project = found or create_project(client, template)
        with self.open_state(project):
            result, state = self.result, self.state
            new, replace = found is None, request.update_interface
            result.notes += update_settings(
                client, project, template, state, new=new, update_interface=replace
            )
            if wait_for_pending_write(self.checkout, client, state, project.id):
                note = "an earlier push was interrupted: went on from what it had sent"
                result.notes.append(note)
            state.update_tasks(client, project.id)
            result.reordered = bool(request.order and set_order(client, project, request.order))
            self.write_plan()
            results.append(result)
            # The project's own overlap comes first, since new tasks take it; then each task's own.
            project_updated = overlap is not None and prepare_project(client, project, overlap)
            self.apply(advance)
            if overlap:
                result.overlap = apply_overlap(client, project.id, state, overlap, advance)
                result.overlap.project_updated = project_updated
                result.notes += find_shortage(client, overlap)

    # Planning: nothing on the server changes.

    def write_plan(self) -> None:
        """Write down and count every step."""
        for table in ("steps", "prediction_steps"):
            create = f"CREATE TEMP TABLE {table} (doc_id TEXT, kind TEXT, task INTEGER)"
            self.state.connection.execute(create)
        self._plan_tasks()
        if self.predictions is not None:
            self.result.excluded = self.predictions.excluded
            steps = self._plan_predictions(self.predictions)
            insert = "INSERT INTO prediction_steps VALUES (?, ?, ?)"
            self.state.connection.executemany(insert, steps)
        self.state.connection.commit()

    def _plan_tasks(self) -> None:
        """Compare every document with its task, unless nothing changed since all agreed."""
        fingerprint = self._corpus_fingerprint()
        if self.state.get("unchanged") == fingerprint:
            self.result.tasks["unchanged"] = self.state.count_tasks()
            return
        known, renew = self.state.known_tasks(), self.request.renew
        steps = self._count_steps(plan_tasks(self._expected_tasks(), known, renew=renew))
        self.state.connection.executemany("INSERT INTO steps VALUES (?, ?, ?)", steps)
        if self.result.tasks.keys() == {"unchanged"} and not self.result.postponed:
            # The sync state takes this back with the first task that it stores anew.
            self.state.put("unchanged", fingerprint)

    def _corpus_fingerprint(self) -> str:
        """Return a text that changes with every file of articles, with schema and code."""
        batches = ((path.name, path.stat()) for path in self.corpus.batch_files())
        files = [(name, stat.st_size, stat.st_mtime_ns) for name, stat in batches]
        return f"{files} {self.schema.version} {package_digest()} {library_versions('msgspec')}"

    def _expected_tasks(self) -> Iterator[ExpectedTask]:
        for document in self.corpus.documents():
            yield ExpectedTask(
                document.doc_id,
                document.text_sha256,
                self.schema.version,
                heading_digest(build_heading(document)),
                partial(text_digest, document.text),
            )

    def _count_steps(self, steps: Iterable[PlanStep]) -> Iterator[tuple[str, str, int]]:
        """Count the steps, postpone new documents beyond the limit, yield what is to be done."""
        result, limit = self.result, self.request.limit
        for step in steps:
            if step.kind == "new" and limit is not None and result.tasks["new"] >= limit:
                result.postponed += 1
                continue
            result.tasks[step.kind] += 1
            if step.kind not in ("new", "unchanged", "described"):
                result.reported_steps.append(step)
            if step.kind != "unchanged":
                yield step.doc_id, step.kind, step.task

    def _plan_predictions(self, predictions: PredictionFile) -> Iterator[tuple[str, str, int]]:
        """Yield the steps for predictions whose task is there and stays."""
        query = (
            "SELECT task, annotated FROM tasks WHERE doc_id = ? AND task NOT IN"
            " (SELECT task FROM steps WHERE kind = 'superseded') ORDER BY task"
        )
        kinds = ", ".join(f"'{kind}'" for kind in SENT_KINDS)
        is_sent = f"SELECT 1 FROM steps WHERE doc_id = ? AND kind IN ({kinds})"  # noqa: S608
        execute = self.state.connection.execute
        for doc_ids in chunks(predictions.doc_ids(), MAX_TASKS_PER_QUERY):
            tasks = {}
            for doc_id in doc_ids:
                if execute(is_sent, (doc_id,)).fetchone():
                    self.result.predictions["added"] += 1
                elif row := execute(query, (doc_id,)).fetchone():
                    tasks[doc_id] = row
            found: dict[int, list[object]] = defaultdict(list)
            numbers = [task for task, _annotated in tasks.values()]
            for prediction in self._fetch_our_predictions(numbers):
                payload = PredictionPayload(prediction.result, effective_score(prediction))
                found[prediction.task].append(payload)
            for doc_id, (task, annotated) in tasks.items():
                expected = predictions.get(doc_id)
                kind = plan_prediction(expected, found[task], bool(annotated))
                self.result.predictions[kind] += 1
                if kind not in _PASSIVE_PREDICTIONS:
                    yield doc_id, kind, task

    def _fetch_our_predictions(self, tasks: list[int]) -> list[TaskPrediction]:
        found = self.client.fetch_predictions(self.project, tasks) if tasks else []
        return [each for each in found if each.model_version == MODEL_VERSION]

    # Applying: the steps that were written down, and no others.

    def apply(self, advance: Advance) -> None:
        """Apply the plan; tasks are deleted last, so that an interruption loses nothing."""
        self._send_tasks(advance)
        self._update_task_data(advance)
        self._send_predictions()
        self._delete_tasks()
        count = self.client.count_tasks
        if self.result.changes and self.state.count_tasks() != count(self.project):
            self.state.reset("tasks")
            raise self._out_of_sync("somebody else has changed the project meanwhile")

    def _out_of_sync(self, what: str) -> OutOfSyncError:
        return OutOfSyncError(what, where=self.result.url, remedy=_RUN_AGAIN)

    def select_steps(self, *kinds: StepKind) -> Iterator[tuple[str, int]]:
        """Yield document and task of the steps of these kinds, in order."""
        marks = ",".join("?" * len(kinds))
        query = f"SELECT doc_id, task FROM steps WHERE kind IN ({marks}) ORDER BY doc_id"  # noqa: S608
        yield from self.state.connection.execute(query, kinds)

    def _select_documents(self, *kinds: StepKind) -> Iterator[tuple[Document, int]]:
        """Yield the documents of these steps, in order, each with its task."""
        steps = self.select_steps(*kinds)
        step = next(steps, None)
        for document in self.corpus.documents() if step else ():
            if step and step[0] == document.doc_id:
                yield document, step[1]
                step = next(steps, None)

    def _send_tasks(self, advance: Advance) -> None:
        """Import in batches; while the server works on one, store the last and encode the next."""
        self.last_task = self.state.last_task()
        with ThreadPoolExecutor(1) as executor:
            sending: tuple[_TaskBatch, Future[list[int]]] | None = None
            for batch in chain(self._batch_tasks(), [None]):
                previous, sending = sending, None
                numbers = self._receive_task_numbers(*previous) if previous else []
                if batch:
                    record_write(self.state, after=self.last_task)
                    body = join_batch(batch)
                    sending = batch, executor.submit(self.client.import_tasks, self.project, body)
                if previous:
                    self.state.add_tasks(numbers, [item.source for item in previous[0]])
                    advance(len(numbers))
        if self.result.tasks.keys() & set(SENT_KINDS):
            fetch, last = self.client.fetch_bare_tasks, self.last_task
            created = fetch(self.project, after=last - 1, since="", size=1)
            since = format_timestamp(created.tasks[0].updated_at) if created.tasks else ""
            self.state.mark_complete("tasks", since)

    def _receive_task_numbers(self, batch: _TaskBatch, response: Future[list[int]]) -> list[int]:
        try:
            return self._confirm_tasks(batch, response.result)
        except RequestTooLarge as error:
            return send_parts(self.client, batch, self._import_tasks, error)

    def _import_tasks(self, batch: _TaskBatch) -> list[int]:
        record_write(self.state, after=self.last_task)
        send = partial(self.client.import_tasks, self.project, join_batch(batch))
        return self._confirm_tasks(batch, send)

    def _confirm_tasks(self, batch: _TaskBatch, send: Callable[[], list[int]]) -> list[int]:
        with confirm_write(self.state):
            numbers = send()
        if len(numbers) != len(batch):
            what = f"the server took {len(numbers)} of {len(batch)} documents"
            raise PartialError(what, where=self.result.url, remedy=_RUN_AGAIN)
        self.last_task = max(numbers)
        return numbers

    def _batch_tasks(self) -> Iterator[_TaskBatch]:
        """Yield the tasks to import, with their data.

        The first batches are small, so that the server does not wait long for them.
        """
        sizes = chain((BATCH_TASKS // part for part in (8, 4, 2)), repeat(BATCH_TASKS))
        yield from cut_batches(self._encode_tasks(), self.client, sizes)

    def _encode_tasks(self) -> Iterator[BatchItem[dict[str, str]]]:
        for document, _task in self._select_documents(*SENT_KINDS):
            data = build_task_data(document, self.schema.version)
            prediction = self.predictions.get(document.doc_id) if self.predictions else None
            predictions = {"predictions": [_encode_prediction(prediction)]} if prediction else {}
            body = msgspec.json.encode({"data": data, **predictions})
            yield BatchItem(document.doc_id, body, data)

    def _update_task_data(self, advance: Advance) -> None:
        """Update titles in place; text and the schema version of annotated tasks stay."""
        for document, task in self._select_documents("described"):
            page = self.client.fetch_bare_tasks(self.project, after=task - 1, since="", size=1)
            if not page.tasks or page.tasks[0].id != task:
                raise self._out_of_sync(f"task {task} is gone")
            current = page.tasks[0]
            data = current.data | build_heading(document)
            if not (current.total_annotations or current.cancelled_annotations):
                data["schema_version"] = self.schema.version
            self.client.update_task(task, data)
            self.state.add_tasks([task], [data])
            advance(1)

    def _send_predictions(self) -> None:
        query = "SELECT doc_id, kind, task FROM prediction_steps ORDER BY doc_id"
        for steps in chunks(self.state.connection.execute(query), MAX_TASKS_PER_QUERY):
            replaced = [task for _doc_id, kind, task in steps if kind == "replaced"]
            for prediction in self._fetch_our_predictions(replaced):
                self.client.delete_prediction(prediction.id)
            for batch in cut_batches(self._encode_predictions(steps), self.client):
                send_batch(self.client, batch, self._import_predictions)

    def _encode_predictions(self, steps: list[tuple[str, str, int]]) -> Iterator[BatchItem[int]]:
        """Yield the prediction of each step with its task."""
        assert self.predictions is not None  # noqa: S101
        for doc_id, _kind, task in steps:
            if payload := self.predictions.get(doc_id):
                body = msgspec.json.encode(_encode_prediction(payload, task=task))
                yield BatchItem(doc_id, body, task)

    def _import_predictions(self, batch: list[BatchItem[int]]) -> list[int]:
        """Import predictions; return the tasks that have one now."""
        tasks = [item.source for item in batch]
        record_write(self.state, task=tasks[0])
        with confirm_write(self.state):
            created = self.client.import_predictions(self.project, join_batch(batch))
        if created != len(batch):
            what = f"the server took {created} of {len(batch)} predictions"
            remedy = "run `sayso push` with the same file again"
            raise PartialError(what, where=self.result.url, remedy=remedy)
        found = [prediction.task for prediction in self._fetch_our_predictions(tasks)]
        if len(found) > len(set(found)):
            raise self._out_of_sync("a prediction arrived twice")
        return found

    def _delete_tasks(self) -> None:
        doomed = (task for _doc_id, task in self.select_steps("changed", "edited", "surplus"))
        for tasks in chunks(doomed, MAX_TASKS_PER_QUERY):
            left: set[int] = set()
            if self.client.delete_unannotated_tasks(self.project, tasks) < len(tasks):
                # Those still there were annotated meanwhile; others were deleted by somebody else.
                left = self.client.fetch_existing_ids(self.project, tasks)
            if left:
                self.result.notes.append(f"{len(left)} tasks were annotated meanwhile and kept")
            self.state.remove_tasks(set(tasks) - left)


def _encode_prediction(payload: PredictionPayload, **fields: int) -> dict[str, Any]:
    return {**fields, "model_version": MODEL_VERSION, **payload._asdict()}
