"""Sending every document on which annotators differ to an adjudicator, as a task.

A task holds everything that its answer needs, so the server alone knows the decisions. A second
push finds nothing to do; a push after one that was killed continues from what that one had sent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import repeat
from typing import Literal

import msgspec

from sayso.adjudication.adjudication_cases import (
    AdjudicationCase,
    AdjudicationRequest,
    iterate_adjudication_cases,
    select_passes,
)
from sayso.adjudication.decisions import (
    build_gold,
    count_decisions,
    decide_unanimous,
    restore_decision,
)
from sayso.adjudication.gold_writer import find_errors, latest_decision
from sayso.callbacks import Advance
from sayso.corpus.sources import CorpusFiles
from sayso.errors import PartialError
from sayso.files import hold_lock
from sayso.labelstudio import pending_writes, project
from sayso.labelstudio.adjudication.adjudication_project import AdjudicationProject
from sayso.labelstudio.adjudication.adjudication_tasks import (
    AdjudicationTask,
    AdjudicationTasks,
    open_adjudication_tasks,
    read_decision,
)
from sayso.labelstudio.adjudication.questions import DIGEST_KEY, AdjudicationQuestion
from sayso.labelstudio.api_types import ProjectDetails
from sayso.labelstudio.batches import BatchItem, cut_batches, join_batch, send_batch
from sayso.labelstudio.client import MODEL_VERSION, LabelStudioClient
from sayso.labelstudio.pending_writes import OutOfSyncError
from sayso.labelstudio.pseudonyms import Annotator, fetch_annotators
from sayso.labelstudio.push import MAX_TASKS_PER_QUERY
from sayso.labelstudio.recalled_projects import find_marked_project, restore_lines
from sayso.labelstudio.sync_state import chunks
from sayso.labelstudio.transport import LostResponse, ObjectGone
from sayso.models import AnnotatorKind, Gold
from sayso.schema import guidelines
from sayso.schema.declarations import Schema, load_schema
from sayso.settings import SCHEMA_FILE, Checkout

BATCH_TASKS = 200
_QuestionBatch = list[BatchItem[AdjudicationQuestion]]
MAX_NAMED = 20  # documents with too few annotations that are listed; there may be thousands
_AGAIN = "run `sayso adjudicate push` again"

AdjudicationState = Literal[
    "new",
    "again",
    "changed",
    "waiting",
    "settled",
    "unanimous",
    "gold",
    "few",
    "outdated",
    "surplus",
]

STATE_DESCRIPTIONS: dict[AdjudicationState, str] = {
    "new": "annotators differ, or ask to look by a flag or note: sent to be adjudicated",
    "again": "candidates have come since it was adjudicated: sent, those alone to be decided",
    "changed": "annotations have changed before it was adjudicated: the old task replaced",
    "waiting": "with the adjudicator",
    "settled": "adjudicated, and nothing new has come",
    "unanimous": "all annotators agree: `sayso adjudicate pull` makes it gold",
    "gold": "all annotators agree, and it is gold",
    "few": "annotated by too few: left alone",
    "outdated": "annotated under another schema, see `sayso schema migrate`: left alone",
    "surplus": "a task about what is settled, or sent twice: removed",
}
SENT_STATES: tuple[AdjudicationState, ...] = ("new", "again", "changed")


@dataclass(frozen=True)
class AdjudicationPushRequest:
    """Options of a push; ``pass_name`` None for every pass with annotations."""

    campaign: str
    pass_name: str | None = None
    min_annotators: int = 2
    annotator_kinds: frozenset[AnnotatorKind] = frozenset({"human"})
    update_interface: bool = False
    restore_mark: bool = False
    dry_run: bool = False


@dataclass
class AdjudicationPushResult:
    """Outcome of the push of one pass.

    Attributes:
        url: of the project, or of the server where there is none yet.
        documents: counts by state.
        open_count: labelled spans and relations that the sent tasks ask about.
        too_few: the first of the documents that too few have annotated.
        later_remarks: settled documents with a flag or note later than the decision, and of whom.
    """

    pass_name: str
    url: str
    project: int = 0
    documents: Counter[AdjudicationState] = field(default_factory=Counter)
    open_count: int = 0
    too_few: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    later_remarks: list[str] = field(default_factory=list)

    @property
    def changes(self) -> int:
        """Tasks to send or remove."""
        return sum(self.documents[state] for state in (*SENT_STATES, "surplus"))


def push_adjudication(
    checkout: Checkout,
    client: LabelStudioClient,
    request: AdjudicationPushRequest,
    advance: Advance = lambda _: None,
) -> list[AdjudicationPushResult]:
    """Bring the adjudication projects up to date with the annotations.

    Raises:
        UsageError: the campaign has no annotations here.
        ConflictError: the interface on the server differs, the project has lost its mark, or
            another push is at work.
        PartialError: stopped half-way; the next push continues.
    """
    corpus, schema = CorpusFiles(checkout.root), load_schema(checkout.root / SCHEMA_FILE)
    results = []
    with hold_lock(checkout.private / "sync.lock", "sayso adjudicate push"):
        for name in select_passes(corpus, schema, request.campaign, request.pass_name):
            pusher = _AdjudicationPusher(checkout, client, schema, request, name, advance)
            restores = request.restore_mark and not request.dry_run
            notes = restore_lines(checkout, client, pusher.key) if restores else []
            results.append(_push_with_retries(pusher))
            results[-1].notes += notes
    return [result for result in results if result.documents or request.pass_name]


def _push_with_retries(pusher: _AdjudicationPusher) -> AdjudicationPushResult:
    """Push again where a response got lost or somebody else changed the project meanwhile."""
    for pause in (*pusher.client.retry_policy.pauses, None):
        try:
            return pusher.run()
        except (LostResponse, OutOfSyncError, ObjectGone) as error:
            if pause is None:
                raise PartialError(error.what, where=error.where, remedy=_AGAIN) from None
            pusher.client.retry_policy.wait(pause, error.what)
    raise AssertionError


class _AdjudicationPusher:
    """The push of one pass, in one walk over the documents."""

    def __init__(
        self,
        checkout: Checkout,
        client: LabelStudioClient,
        schema: Schema,
        request: AdjudicationPushRequest,
        pass_name: str,
        advance: Advance,
    ) -> None:
        self.checkout, self.client, self.schema = checkout, client, schema
        self.request, self.advance = request, advance
        self.key = AdjudicationProject(request.campaign, pass_name)
        self.annotators: dict[int, Annotator] = {}
        self.tasks: AdjudicationTasks | None = None
        self.result = AdjudicationPushResult(pass_name, client.url)
        local = guidelines.read_guidelines(checkout.root / guidelines.GUIDELINES_FILE)
        self._template = project.ProjectTemplate(self.key, schema, local)
        # By this command, and also where the response got lost.
        self._sent: dict[str, AdjudicationState] = {}

    def run(self) -> AdjudicationPushResult:
        """Send the new tasks, then remove the old ones."""
        self.result = AdjudicationPushResult(self.key.pass_name, self.client.url)
        with ExitStack() as stack:
            recall = self.request.restore_mark
            found = find_marked_project(self.checkout, self.client, self.key, recall=recall)
            if found:
                self._open_project(found, stack, new=False)
            removals: list[int] = []
            items = map(_encode_question, self._iterate_questions(removals))
            for batch in cut_batches(items, self.client, repeat(BATCH_TASKS)):
                if not self.request.dry_run:
                    self._send_batch(batch, stack)
            surplus = len(removals) - self.result.documents["changed"]
            self.result.documents["surplus"] += surplus
            if not self.request.dry_run and self.tasks and (removals or self._sent):
                self._remove_tasks(self.tasks, removals)
                self._require_task_count(self.tasks)
        self.result.documents += Counter()  # drops zeros
        return self.result

    def _open_project(self, found: ProjectDetails, stack: ExitStack, *, new: bool) -> None:
        self.result.project, self.result.url = found.id, f"{self.client.url}/projects/{found.id}"
        self.tasks = stack.enter_context(open_adjudication_tasks(self.checkout, self.client, found))
        self.annotators = fetch_annotators(self.checkout, self.client, found)
        if not self.request.dry_run:
            self.result.notes += project.update_settings(
                self.client,
                found,
                self._template,
                self.tasks.state,
                new=new,
                update_interface=self.request.update_interface,
            )
            if pending_writes.wait_for_pending_write(
                self.checkout, self.client, self.tasks.state, found.id
            ):
                self.result.notes.append("continued after an interrupted write")
        self.tasks.refresh()

    def _iterate_questions(self, removals: list[int]) -> Iterator[AdjudicationQuestion]:
        """Yield the documents to send; ``removals`` collects the tasks to remove."""
        request = AdjudicationRequest(
            self.request.campaign,
            self.key.pass_name,
            self.request.min_annotators,
            self.request.annotator_kinds,
        )
        seen: set[str] = set()
        corpus = CorpusFiles(self.checkout.root)
        for case in iterate_adjudication_cases(corpus, self.schema, request):
            doc_id = case.document.doc_id
            tasks = self.tasks.find_tasks(doc_id) if self.tasks else []
            if any(task.problem for task in tasks):  # it may hold a decision
                self.result.documents["waiting"] += 1
                seen.add(doc_id)
                continue
            question = self._build_question(case, tasks)
            state, outdated = self._classify(case, question, tasks)
            state = self._sent.get(doc_id, state) if state == "waiting" else state
            self.result.documents[state] += 1
            removals += outdated
            seen.add(doc_id)
            if state == "few" and len(self.result.too_few) < MAX_NAMED:
                self.result.too_few.append(doc_id)
            if question and state in SENT_STATES:
                self.result.open_count += count_decisions(question.undecided)
                self._sent[doc_id] = state
                if question.data[DIGEST_KEY] not in {task.digest for task in tasks}:
                    yield question
        untouched = self.tasks.iterate_untouched() if self.tasks else ()
        removals += [task for doc_id, task in untouched if doc_id not in seen]

    def _build_question(
        self, case: AdjudicationCase, tasks: list[AdjudicationTask]
    ) -> AdjudicationQuestion | None:
        if case.candidates is None:
            return None
        given, _problem = read_decision(
            tasks, case.document, self.schema, self.annotators, self.key.pass_name
        )
        decided = restore_decision(case.gold, case.candidates) if case.gold else None
        before = latest_decision(given, decided)
        return AdjudicationQuestion(case.document, case.candidates, self.schema, before)

    def _classify(
        self,
        case: AdjudicationCase,
        question: AdjudicationQuestion | None,
        tasks: list[AdjudicationTask],
    ) -> tuple[AdjudicationState, list[int]]:
        """Return the state of a document, and those of its tasks that are to be removed."""
        untouched = [task.task for task in tasks if not task.touched]
        if question is None:
            return ("outdated", []) if case.outdated_schemas else ("few", untouched)
        if question.before and not question.undecided:
            names = question.candidates.find_later_remarks(question.before.decided_at)
            if names:
                self.result.later_remarks.append(f"{case.document.doc_id} {' '.join(names)}")
            return "settled", untouched
        if not question.before and (gold := self._build_unanimous_gold(question)):
            return ("gold" if gold == case.gold else "unanimous"), untouched
        same = [task for task in tasks if task.digest == question.data[DIGEST_KEY]]
        if same:
            keep = min(same, key=lambda task: (not task.touched, task.task)).task
            return "waiting", [task for task in untouched if task != keep]
        if untouched:
            return "changed", untouched
        return ("again" if question.before else "new"), []

    def _build_unanimous_gold(self, question: AdjudicationQuestion) -> Gold | None:
        """Return what a pull writes unasked; None if it breaks a check or needs an adjudicator."""
        if question.candidates.needs_adjudicator:
            return None
        unanimous = decide_unanimous(question.candidates, question.document.text)
        gold = build_gold(question.candidates, question.document, unanimous, self.schema.version)
        return None if find_errors(gold, question.document, self.schema) else gold

    def _send_batch(self, batch: _QuestionBatch, stack: ExitStack) -> None:
        if self.tasks is None:
            made = project.create_project(self.client, self._template)
            self._open_project(made, stack, new=True)
        send_batch(self.client, batch, self._import_batch)

    def _import_batch(self, batch: _QuestionBatch) -> list[int]:
        assert self.tasks is not None  # noqa: S101
        pending_writes.record_write(self.tasks.state, after=self.tasks.last_task_id())
        with pending_writes.confirm_write(self.tasks.state):
            ids = self.client.import_tasks(self.result.project, join_batch(batch))
        if len(ids) != len(batch):
            what = f"the server took {len(ids)} of {len(batch)} documents"
            raise PartialError(what, where=self.result.url, remedy=_AGAIN)
        self.tasks.add_tasks(ids, [item.source for item in batch])
        self.advance(len(batch))
        return ids

    def _require_task_count(self, tasks: AdjudicationTasks) -> None:
        if tasks.count() != self.client.count_tasks(self.result.project):
            what = "somebody else has changed the project meanwhile, or tasks arrived twice"
            raise OutOfSyncError(what, where=self.result.url, remedy=_AGAIN)

    def _remove_tasks(self, tasks: AdjudicationTasks, removals: list[int]) -> None:
        for ids in chunks(removals, MAX_TASKS_PER_QUERY):
            self.client.delete_unannotated_tasks(self.result.project, ids)
            left = self.client.fetch_existing_ids(self.result.project, ids)
            if left:
                self.result.notes.append(f"{len(left)} tasks were begun meanwhile and not removed")
            tasks.remove_tasks(set(ids) - left)


def _encode_question(question: AdjudicationQuestion) -> BatchItem[AdjudicationQuestion]:
    prediction = {"model_version": MODEL_VERSION, "result": question.result}
    body = msgspec.json.encode({"data": question.data, "predictions": [prediction]})
    return BatchItem(question.document.doc_id, body, question)
