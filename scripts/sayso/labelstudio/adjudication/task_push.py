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

from sayso import jsonl
from sayso.adjudication.adjudication_cases import (
    AdjudicationCase,
    AdjudicationRequest,
    iterate_adjudication_cases,
    select_passes,
)
from sayso.adjudication.decisions import build_gold, decide_unanimous, restore_decision
from sayso.adjudication.gold_writer import find_errors, gold_path, latest_decision
from sayso.corpus.sources import CorpusFiles
from sayso.errors import PartialError
from sayso.files import hold_lock
from sayso.labelstudio import pending_writes, project
from sayso.labelstudio.adjudication import adjudication_tasks
from sayso.labelstudio.adjudication.adjudication_project import AdjudicationProject
from sayso.labelstudio.adjudication.adjudication_tasks import (
    AdjudicationTask,
    AdjudicationTasks,
    read_decision,
)
from sayso.labelstudio.adjudication.questions import DIGEST_KEY, AdjudicationQuestion
from sayso.labelstudio.api_types import ProjectDetails
from sayso.labelstudio.client import MODEL_VERSION, LabelStudioClient, LostResponse, ObjectGone
from sayso.labelstudio.pending_writes import OutOfSyncError
from sayso.labelstudio.pseudonyms import Annotator, resolve_annotators
from sayso.labelstudio.push import BATCH_BYTES, MAX_TASKS_PER_QUERY
from sayso.labelstudio.sync_state import chunks
from sayso.models import AnnotatorKind, Gold
from sayso.schema import guidelines
from sayso.schema.declarations import Schema, load_schema
from sayso.settings import SCHEMA_FILE, Checkout

BATCH_TASKS = 200
MAX_NAMED = (
    20  # documents that are named, of a kind of which there may be as many as there are documents
)

AdjudicationState = Literal[
    "new", "again", "changed", "waiting", "settled", "unanimous", "few", "outdated", "surplus"
]

STATE_DESCRIPTIONS: dict[AdjudicationState, str] = {
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
SENT_STATES: tuple[AdjudicationState, ...] = ("new", "again", "changed")


@dataclass(frozen=True)
class AdjudicationPushRequest:
    """What is asked of a push."""

    campaign: str
    pass_name: str | None = None
    min_annotators: int = 2
    annotator_kinds: frozenset[AnnotatorKind] = frozenset({"human"})
    update_interface: bool = False


@dataclass
class AdjudicationPushResult:
    """What a push of one pass found and did.

    Attributes:
        url: of the project, or of the server where there is none yet.
        documents: how many of each kind.
        open: mentions and arrows that those that were sent ask about.
        few: the first of the documents with too few answers.
    """

    pass_name: str
    url: str
    project: int = 0
    documents: Counter[AdjudicationState] = field(default_factory=Counter)
    open_count: int = 0
    too_few: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def changes(self) -> int:
        """Writes that the plan asks for."""
        return sum(self.documents[kind] for kind in (*SENT_STATES, "surplus"))


Advance = Callable[[int], None]


def push_adjudication(
    checkout: Checkout,
    client: LabelStudioClient,
    request: AdjudicationPushRequest,
    *,
    dry_run: bool = False,
    advance: Advance = lambda _: None,
) -> list[AdjudicationPushResult]:
    """Bring the projects of adjudication up to the answers, of one pass or of all that have answers.

    Raises:
        UsageError: the campaign has no answers here.
        ConflictError: the interface on the server differs, or another push is at work.
        PartialError: stopped half-way; the next push goes on.
    """
    corpus, schema = CorpusFiles(checkout.root), load_schema(checkout.root / SCHEMA_FILE)
    outcomes = []
    with hold_lock(checkout.private / "sync.lock", "sayso adjudicate push"):
        for name in select_passes(corpus, schema, request.campaign, request.pass_name):
            pusher = _AdjudicationPusher(
                checkout, client, corpus, schema, request, name, dry_run, advance
            )
            outcomes.append(_push_with_retries(pusher))
    return [outcome for outcome in outcomes if outcome.documents or request.pass_name]


def _push_with_retries(pusher: _AdjudicationPusher) -> AdjudicationPushResult:
    """One pass; where an answer got lost or somebody else was at work too, look again and go on."""
    for pause in (*pusher.client.retry_policy.pauses, None):
        try:
            return pusher.run()
        except (LostResponse, OutOfSyncError, ObjectGone) as error:
            if pause is None:
                raise PartialError(
                    error.what, where=error.where, remedy="run `sayso adjudicate push` again"
                ) from None
            pusher.client.retry_policy.wait(pause, error.what)
    raise AssertionError


class _AdjudicationPusher:
    """The push of one pass: each document is looked at once, and what is to be sent goes out in batches."""

    def __init__(
        self,
        checkout: Checkout,
        client: LabelStudioClient,
        corpus: CorpusFiles,
        schema: Schema,
        request: AdjudicationPushRequest,
        interface: str,
        dry_run: bool,
        advance: Advance,
    ) -> None:
        self.checkout, self.client, self.corpus, self.schema = checkout, client, corpus, schema
        self.request, self.dry_run, self.advance = request, dry_run, advance
        self.project_key = AdjudicationProject(request.campaign, interface)
        self.annotators: dict[int, Annotator] = {}
        self.tasks: AdjudicationTasks | None = None
        self.result = AdjudicationPushResult(interface, client.url)
        self._guidelines = guidelines.read_guidelines(checkout.root / guidelines.GUIDELINES_FILE)
        self._sent: dict[
            str, AdjudicationState
        ] = {}  # by this command, also where the answer got lost

    def run(self) -> AdjudicationPushResult:
        """Look, send, remove; what is lost last is removed last."""
        self.result = AdjudicationPushResult(self.project_key.pass_name, self.client.url)
        with ExitStack() as opened:
            found = project.find_project(self.client, self.project_key)
            if found:
                self._open_project(found, opened, new=False)
            doomed: list[int] = []
            self._send_questions(self._iterate_questions(doomed), opened)
            self.result.documents["surplus"] += len(doomed) - self.result.documents["changed"]
            if not self.dry_run and self.tasks and (doomed or self._sent):
                self._remove_tasks(doomed)
                self._require_task_count()
        self.result.documents += Counter()  # without zeros
        return self.result

    def _open_project(self, there: ProjectDetails, opened: ExitStack, *, new: bool) -> None:
        """Open what is known of the project, and bring its settings and that up to date."""
        self.result.project, self.result.url = there.id, f"{self.client.url}/projects/{there.id}"
        self.tasks = opened.enter_context(
            adjudication_tasks.open_adjudication_tasks(self.checkout, self.client, there)
        )
        self.annotators = resolve_annotators(self.checkout, self.client.list_accounts())
        if not self.dry_run:
            self.result.notes += project.update_settings(
                self.client,
                there,
                self.project_key,
                self.schema,
                self._guidelines,
                self.tasks.ledger,
                new=new,
                update_interface=self.request.update_interface,
            )
            if pending_writes.wait_for_pending_write(
                self.checkout, self.client, self.tasks.ledger, there.id
            ):
                self.result.notes.append(
                    "an earlier write was interrupted: went on from what it had sent"
                )
        self.tasks.refresh()

    # Looking: nothing on the server changes.

    def _iterate_questions(self, doomed: list[int]) -> Iterator[AdjudicationQuestion]:
        """The documents to be sent; ``doomed`` takes the tasks that are to go."""
        wanted = AdjudicationRequest(
            self.request.campaign,
            self.project_key.pass_name,
            self.request.min_annotators,
            self.request.annotator_kinds,
        )
        golds = _GoldReader(self.corpus, self.request.campaign)
        seen: set[str] = set()
        for case in iterate_adjudication_cases(self.corpus, self.schema, wanted):
            tasks = self.tasks.find_tasks(case.document.doc_id) if self.tasks else []
            question = self._build_question(case, tasks, golds.find(case.document.doc_id))
            kind, doomed_here = self._classify(case, question, tasks)
            kind = self._sent.get(case.document.doc_id, kind) if kind == "waiting" else kind
            self.result.documents[kind] += 1
            doomed += doomed_here
            seen.add(case.document.doc_id)
            if kind == "few" and len(self.result.too_few) < MAX_NAMED:
                self.result.too_few.append(case.document.doc_id)
            if question and kind in SENT_STATES:
                self.result.open_count += len(question.undecided)
                self._sent[case.document.doc_id] = kind
                if question.data[DIGEST_KEY] not in {task.digest for task in tasks}:
                    yield question
        if self.tasks:
            doomed += [
                task for doc_id, task in self.tasks.iterate_untouched() if doc_id not in seen
            ]

    def _build_question(
        self, case: AdjudicationCase, tasks: list[AdjudicationTask], standing: Gold | None
    ) -> AdjudicationQuestion | None:
        if case.candidates is None:
            return None
        given, _why = read_decision(tasks, case.document, self.schema, self.annotators)
        same = standing is not None and standing.interface == self.project_key.pass_name
        return AdjudicationQuestion(
            case.document,
            case.candidates,
            self.schema,
            latest_decision(given, restore_decision(standing) if standing and same else None),
        )

    def _classify(
        self,
        case: AdjudicationCase,
        question: AdjudicationQuestion | None,
        tasks: list[AdjudicationTask],
    ) -> tuple[AdjudicationState, list[int]]:
        """What becomes of a document, and which of its tasks are to go."""
        unanswered = [task.task for task in tasks if not task.touched]
        if question is None:
            return ("outdated", []) if case.outdated_schemas else ("few", unanswered)
        if not question.undecided and not (
            question.before is None and self._breaks_check(question)
        ):
            return ("settled" if question.before else "unanimous"), unanswered
        same = [task for task in tasks if task.digest == question.data[DIGEST_KEY]]
        if same:
            keep = min(same, key=lambda task: (not task.touched, task.task)).task
            return "waiting", [task for task in unanswered if task != keep]
        if unanswered:
            return "changed", unanswered
        return ("again" if question.before else "new"), []

    def _breaks_check(self, question: AdjudicationQuestion) -> bool:
        """Whether what all annotators gave breaks a rule, so that somebody has to mend it."""
        taken = decide_unanimous(question.candidates, question.document.text)
        record = build_gold(question.candidates, question.document, taken, self.schema.version)
        return bool(find_errors(record, question.document, self.schema))

    # Sending.

    def _send_questions(self, questions: Iterable[AdjudicationQuestion], opened: ExitStack) -> None:
        for sent in _batch_questions(questions):
            if self.dry_run:
                continue
            if self.tasks is None:
                made = project.create_project(
                    self.client, self.project_key, self.schema, self._guidelines
                )
                self._open_project(made, opened, new=True)
            assert self.tasks is not None  # noqa: S101
            pending_writes.record_write(self.tasks.ledger, after=self.tasks.last_task_id())
            with pending_writes.confirm_write(self.tasks.ledger):
                tasks = b"[" + b",".join(task for _question, task in sent) + b"]"
                numbers = self.client.import_tasks(self.result.project, tasks)
            if len(numbers) != len(sent):
                raise PartialError(
                    f"the server took {len(numbers)} of {len(sent)} documents",
                    where=self.result.url,
                    remedy="run `sayso adjudicate push` again",
                )
            self.tasks.add_tasks(numbers, [question for question, _task in sent])
            self.advance(len(sent))

    def _require_task_count(self) -> None:
        assert self.tasks is not None  # noqa: S101
        if self.tasks.count() != self.client.count_tasks(self.result.project):
            raise OutOfSyncError(
                "somebody else has changed the project meanwhile, or tasks arrived twice",
                where=self.result.url,
                remedy="run `sayso adjudicate push` again",
            )

    def _remove_tasks(self, doomed: list[int]) -> None:
        assert self.tasks is not None  # noqa: S101
        for numbers in chunks(doomed, MAX_TASKS_PER_QUERY):
            self.client.delete_unannotated_tasks(self.result.project, numbers)
            left = {
                task.id
                for task in self.client.fetch_annotated_tasks_by_id(self.result.project, numbers)
            }
            if left:
                self.result.notes.append(f"{len(left)} tasks were begun meanwhile and not removed")
            self.tasks.remove_tasks(set(numbers) - left)


def _batch_questions(
    questions: Iterable[AdjudicationQuestion],
) -> Iterator[list[tuple[AdjudicationQuestion, bytes]]]:
    """Questions with their tasks as they are imported, as many as one import may hold."""
    batch: list[tuple[AdjudicationQuestion, bytes]] = []
    size = 0
    for question in questions:
        batch.append((question, msgspec.json.encode(_build_task(question))))
        size += len(batch[-1][1])
        if len(batch) >= BATCH_TASKS or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _build_task(question: AdjudicationQuestion) -> dict[str, Any]:
    return {
        "data": question.data,
        "predictions": [{"model_version": MODEL_VERSION, "result": question.result}],
    }


class _GoldReader:
    """The gold of a campaign, asked for in order of document."""

    def __init__(self, corpus: CorpusFiles, campaign: str) -> None:
        path = gold_path(corpus, campaign)
        self._records = iter(jsonl.read(path, Gold)) if path.exists() else iter(())
        self._next = next(self._records, None)

    def find(self, doc_id: str) -> Gold | None:
        """The document's line, or None."""
        while self._next and self._next.doc_id < doc_id:
            self._next = next(self._records, None)
        return self._next if self._next and self._next.doc_id == doc_id else None
