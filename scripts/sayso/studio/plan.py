"""What a push has to do. Pure: two sorted sides go in, steps come out, one document at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Literal, NamedTuple

Kind = Literal[
    "new", "changed", "edited", "renewed", "described", "unchanged", "surplus", "gone", "foreign", "superseded",
    "duplicate", "stale", "tampered",
]  # fmt: skip

MEANING: dict[Kind, str] = {
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
SENT: tuple[Kind, ...] = ("new", "changed", "edited", "renewed")
CONFLICTS: tuple[Kind, ...] = ("stale", "tampered")


@dataclass(frozen=True)
class Wanted:
    """A document as its task should be; ``skeleton`` is asked for only where there is a task to compare."""

    doc_id: str
    text_sha256: str
    schema_version: str
    facts: str
    skeleton: Callable[[], str]


class Seen(NamedTuple):
    """A task as the server holds it; ``doc_id`` is empty where we did not make it."""

    doc_id: str
    task: int
    text_sha256: str
    schema_version: str
    facts: str
    skeleton: str
    answered: bool


class Step(NamedTuple):
    """One thing to do or to tell about one task (0: none yet) or document."""

    kind: Kind
    doc_id: str
    task: int = 0


def plan(wanted: Iterable[Wanted], seen: Iterable[Seen], *, renew: bool = False) -> Iterator[Step]:
    """Compare the corpus with the server, both in order of doc_id, foreign tasks (empty doc_id) first.

    A task that anybody has answered or begun is never removed and its text never altered; with ``renew`` the right
    text is sent beside it.
    """
    groups = ((doc_id, list(tasks)) for doc_id, tasks in groupby(seen, key=attrgetter("doc_id")))
    doc_id, tasks = next(groups, ("", None))
    for document in wanted:
        while tasks is not None and doc_id < document.doc_id:
            yield from _unwanted(tasks)
            doc_id, tasks = next(groups, ("", None))
        if tasks is not None and doc_id == document.doc_id:
            yield from _compared(document, tasks, renew)
            doc_id, tasks = next(groups, ("", None))
        else:
            yield Step("new", document.doc_id)
    while tasks is not None:
        yield from _unwanted(tasks)
        doc_id, tasks = next(groups, ("", None))


def _unwanted(tasks: list[Seen]) -> Iterator[Step]:
    for task in tasks:
        yield Step("gone" if task.doc_id else "foreign", task.doc_id, task.task)


def _compared(document: Wanted, tasks: list[Seen], renew: bool) -> Iterator[Step]:
    skeleton = document.skeleton()
    best, *others = sorted(tasks, key=lambda task: _rank(document, skeleton, task))
    kind = _kind(document, skeleton, best)
    if renew and kind in CONFLICTS:
        yield Step("renewed", document.doc_id)
        kind = "superseded"
    yield Step(kind, document.doc_id, best.task)
    for task in others:
        yield Step(_beside(document, skeleton, task), document.doc_id, task.task)


def _beside(document: Wanted, skeleton: str, task: Seen) -> Kind:
    """What a task is that stands beside a better one."""
    if not task.answered:
        return "surplus"
    return "superseded" if _kind(document, skeleton, task) in CONFLICTS else "duplicate"


def _rank(document: Wanted, skeleton: str, task: Seen) -> tuple[bool, bool, int]:
    """The task to keep comes first: one with the right text, then an answered one, then the oldest."""
    return (task.skeleton != skeleton or task.text_sha256 != document.text_sha256, not task.answered, task.task)


def _kind(document: Wanted, skeleton: str, task: Seen) -> Kind:
    if task.text_sha256 != document.text_sha256:
        return "stale" if task.answered else "changed"
    if task.skeleton != skeleton:
        return "tampered" if task.answered else "edited"
    # Answers belong to the version of the schema under which they were given.
    outdated = task.schema_version != document.schema_version and not task.answered
    return "described" if outdated or task.facts != document.facts else "unchanged"


PredictionKind = Literal["predicted", "foretold", "replaced", "withheld"]

PREDICTION_MEANING: dict[PredictionKind, str] = {
    "predicted": "no prediction of ours there: added",
    "foretold": "the same prediction is there",
    "replaced": "another prediction of ours, or a second one, is there and nobody has answered: replaced",
    "withheld": "another prediction of ours is there and somebody has answered: left there",
}


def plan_prediction(wanted: object, found: list[object], answered: bool) -> PredictionKind:
    """Compare one prediction with ours that stand on its task.

    >>> plan_prediction([], [], False)
    'predicted'
    >>> plan_prediction([], [[], []], False)  # one that arrived twice
    'replaced'
    """
    if wanted in found and (answered or len(found) == 1):
        return "foretold"
    if not found:
        return "predicted"
    return "withheld" if answered else "replaced"
