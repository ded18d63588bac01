"""What a push has to do. Pure: two sorted sides go in, steps come out, one document at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
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
    "changed": "the text has changed and nobody has answered: sent anew, the old task removed",
    "edited": "somebody edited the text in Label Studio and nobody has answered: sent anew, the edited task removed",
    "renewed": "somebody has answered over another text: sent anew, beside the task that they answered",
    "described": "title, source or schema version has changed: updated in place",
    "unchanged": "as it should be",
    "surplus": "a second, unanswered task of one document: removed",
    "gone": "on the server and no longer in the corpus: left there",
    "foreign": "added by hand in Label Studio: left there",
    "superseded": "answered over another text than the corpus has, and the right one is there too: left there",
    "duplicate": "a second, answered task of one document: left there",
    "stale": "answered, and the text has changed since: left there",
    "tampered": "answered, and somebody edited the text in Label Studio: left there",
}
SENT_KINDS: tuple[StepKind, ...] = ("new", "changed", "edited", "renewed")
CONFLICT_KINDS: tuple[StepKind, ...] = ("stale", "tampered")


@dataclass(frozen=True)
class ExpectedTask:
    """A document as its task should be; ``text_digest`` is asked for only where there is a task to compare."""

    doc_id: str
    text_sha256: str
    schema_version: str
    heading_digest: str
    text_digest: Callable[[], str]


class KnownTask(NamedTuple):
    """A task as the server holds it; ``doc_id`` is empty where we did not make it."""

    doc_id: str
    task: int
    text_sha256: str
    schema_version: str
    heading_digest: str
    text_digest: str
    annotated: bool


class PlanStep(NamedTuple):
    """One thing to do or to tell about one task (0: none yet) or document."""

    kind: StepKind
    doc_id: str
    task: int = 0


def plan_tasks(
    expected: Iterable[ExpectedTask], known: Iterable[KnownTask], *, renew: bool = False
) -> Iterator[PlanStep]:
    """Compare the corpus with the server, both in order of doc_id, foreign tasks (empty doc_id) first.

    A task that anybody has answered or begun is never removed and its text never altered; with ``renew`` the right
    text is sent beside it.
    """
    groups = ((doc_id, list(tasks)) for doc_id, tasks in groupby(known, key=attrgetter("doc_id")))
    doc_id, tasks = next(groups, ("", None))
    for document in expected:
        while tasks is not None and doc_id < document.doc_id:
            yield from _unwanted(tasks)
            doc_id, tasks = next(groups, ("", None))
        if tasks is not None and doc_id == document.doc_id:
            yield from _compare_tasks(document, tasks, renew)
            doc_id, tasks = next(groups, ("", None))
        else:
            yield PlanStep("new", document.doc_id)
    while tasks is not None:
        yield from _unwanted(tasks)
        doc_id, tasks = next(groups, ("", None))


def _unwanted(tasks: list[KnownTask]) -> Iterator[PlanStep]:
    for task in tasks:
        yield PlanStep("gone" if task.doc_id else "foreign", task.doc_id, task.task)


def _compare_tasks(
    document: ExpectedTask, tasks: list[KnownTask], renew: bool
) -> Iterator[PlanStep]:
    skeleton = document.text_digest()
    best, *others = sorted(tasks, key=lambda task: _rank_task(document, skeleton, task))
    kind = _classify_task(document, skeleton, best)
    if renew and kind in CONFLICT_KINDS:
        yield PlanStep("renewed", document.doc_id)
        kind = "superseded"
    yield PlanStep(kind, document.doc_id, best.task)
    for task in others:
        yield PlanStep(_classify_extra_task(document, skeleton, task), document.doc_id, task.task)


def _classify_extra_task(document: ExpectedTask, text_digest: str, task: KnownTask) -> StepKind:
    """What a task is that stands beside a better one."""
    if not task.annotated:
        return "surplus"
    return (
        "superseded"
        if _classify_task(document, text_digest, task) in CONFLICT_KINDS
        else "duplicate"
    )


def _rank_task(document: ExpectedTask, text_digest: str, task: KnownTask) -> tuple[bool, bool, int]:
    """The task to keep comes first: one with the right text, then an answered one, then the oldest."""
    return (
        task.text_digest != text_digest or task.text_sha256 != document.text_sha256,
        not task.annotated,
        task.task,
    )


def _classify_task(document: ExpectedTask, text_digest: str, task: KnownTask) -> StepKind:
    if task.text_sha256 != document.text_sha256:
        return "stale" if task.annotated else "changed"
    if task.text_digest != text_digest:
        return "tampered" if task.annotated else "edited"
    # Answers belong to the version of the schema under which they were given.
    outdated = task.schema_version != document.schema_version and not task.annotated
    return (
        "described" if outdated or task.heading_digest != document.heading_digest else "unchanged"
    )


PredictionStepKind = Literal["predicted", "foretold", "replaced", "withheld"]

PREDICTION_MEANINGS: dict[PredictionStepKind, str] = {
    "predicted": "no prediction of ours there: added",
    "foretold": "the same prediction is there",
    "replaced": "another prediction of ours, or a second one, is there and nobody has answered: replaced",
    "withheld": "another prediction of ours is there and somebody has answered: left there",
}


def plan_prediction(expected: object, found: list[object], annotated: bool) -> PredictionStepKind:
    """Compare one prediction with ours that stand on its task.

    >>> plan_prediction([], [], False)
    'predicted'
    >>> plan_prediction([], [[], []], False)  # one that clear_write double_annotated
    'replaced'
    """
    if expected in found and (annotated or len(found) == 1):
        return "foretold"
    if not found:
        return "predicted"
    return "withheld" if annotated else "replaced"
