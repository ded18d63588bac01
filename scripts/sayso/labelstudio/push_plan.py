"""The plan of a push. Pure: two sorted sides in, one step after another out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from itertools import groupby
from operator import attrgetter
from typing import Literal, NamedTuple

StepKind = Literal[
    "new",
    "changed",
    "edited",
    "renewed",
    "described",
    "unchanged",
    "surplus",
    "gone",
    "foreign",
    "superseded",
    "duplicate",
    "stale",
    "tampered",
]

STEP_MEANINGS: dict[StepKind, str] = {
    "new": "not on the server: sent",
    "changed": "the text has changed, not annotated yet: sent again, the old task deleted",
    "edited": "text edited in Label Studio, not annotated yet: sent again, the old task deleted",
    "renewed": "annotated over another text: sent again, beside the annotated task",
    "described": "title, source or schema version has changed: updated in place",
    "unchanged": "up to date",
    "surplus": "a second task of one document, not annotated: deleted",
    "gone": "on the server and no longer in the corpus: left there",
    "foreign": "added by hand in Label Studio: left there",
    "superseded": "annotated over another text, and the right one is there too: left there",
    "duplicate": "a second, annotated task of one document: left there",
    "stale": "annotated, and the text has changed since: left there",
    "tampered": "annotated, and somebody edited the text in Label Studio: left there",
}
SENT_KINDS: tuple[StepKind, ...] = ("new", "changed", "edited", "renewed")
CONFLICT_KINDS: tuple[StepKind, ...] = ("stale", "tampered")


@dataclass(frozen=True)
class ExpectedTask:
    """A document as its task should be; ``text_digest`` is called only if there is a task."""

    doc_id: str
    text_sha256: str
    schema_version: str
    heading_digest: str
    text_digest: Callable[[], str]


class KnownTask(NamedTuple):
    """A task on the server; ``doc_id`` is empty if we did not make it."""

    doc_id: str
    task: int
    text_sha256: str
    schema_version: str
    heading_digest: str
    text_digest: str
    annotated: bool


class PlanStep(NamedTuple):
    """One thing to do with, or to report about, one document or task (0: none yet)."""

    kind: StepKind
    doc_id: str
    task: int = 0


def plan_tasks(
    expected: Iterable[ExpectedTask], known: Iterable[KnownTask], *, renew: bool = False
) -> Iterator[PlanStep]:
    """Compare the corpus with the server; both come in order of doc_id, foreign tasks first.

    A task that anybody annotated or began is never deleted, and its text never changed; with
    ``renew`` the right text is sent beside it.
    """
    # The merge is stable: of one document, the expected task comes first.
    rows: Iterator[ExpectedTask | KnownTask] = merge(expected, known, key=attrgetter("doc_id"))
    for doc_id, group in groupby(rows, attrgetter("doc_id")):
        document, *others = group
        tasks = [task for task in others if isinstance(task, KnownTask)]
        if isinstance(document, KnownTask):
            for task in (document, *tasks):
                yield PlanStep("gone" if doc_id else "foreign", doc_id, task.task)
        elif tasks:
            yield from _compare_tasks(document, tasks, renew)
        else:
            yield PlanStep("new", doc_id)


def _compare_tasks(
    document: ExpectedTask, tasks: list[KnownTask], renew: bool
) -> Iterator[PlanStep]:
    digest = document.text_digest()

    def rank(task: KnownTask) -> tuple[bool, bool, int]:
        """Prefer the task with the right text, then an annotated one, then the oldest."""
        other_text = task.text_digest != digest or task.text_sha256 != document.text_sha256
        return other_text, not task.annotated, task.task

    best, *others = sorted(tasks, key=rank)
    kind = _classify_task(document, digest, best)
    if renew and kind in CONFLICT_KINDS:
        yield PlanStep("renewed", document.doc_id)
        kind = "superseded"
    yield PlanStep(kind, document.doc_id, best.task)
    for task in others:
        in_conflict = _classify_task(document, digest, task) in CONFLICT_KINDS
        extra: StepKind = "superseded" if in_conflict else "duplicate"
        yield PlanStep(extra if task.annotated else "surplus", document.doc_id, task.task)


def _classify_task(document: ExpectedTask, digest: str, task: KnownTask) -> StepKind:
    if task.text_sha256 != document.text_sha256:
        return "stale" if task.annotated else "changed"
    if task.text_digest != digest:
        return "tampered" if task.annotated else "edited"
    # Annotations belong to the version of the schema under which they were given.
    outdated = task.schema_version != document.schema_version and not task.annotated
    return (
        "described" if outdated or task.heading_digest != document.heading_digest else "unchanged"
    )


PredictionStepKind = Literal["added", "unchanged", "replaced", "kept"]

PREDICTION_MEANINGS: dict[PredictionStepKind, str] = {
    "added": "no prediction of ours there: sent",
    "unchanged": "the same prediction is there",
    "replaced": "another prediction of ours, or a second one, not annotated yet: replaced",
    "kept": "another prediction of ours is there, and the task is annotated: left there",
}


def plan_prediction(expected: object, found: list[object], annotated: bool) -> PredictionStepKind:
    """Compare one prediction with those of ours on its task.

    >>> plan_prediction([], [], False)
    'added'
    >>> plan_prediction([], [[], []], False)  # one that arrived twice
    'replaced'
    """
    if expected in found and (annotated or len(found) == 1):
        return "unchanged"
    if not found:
        return "added"
    return "kept" if annotated else "replaced"
