"""Which documents several annotators label, each without seeing the others, and that the server keeps to it.

The choice is a hash of the document's name: a growing corpus never changes who belongs, a larger share only adds, and
every campaign and pass doubles the same documents.

Label Studio holds for each task how many annotators it is for, and serves it to that many. New tasks get the
project's number, so that is the ordinary one, and each shared task is told its own. Whenever the project's number or
its share changes, the server deals all tasks anew by its own lights, as it also does on imports while its share is
below 100 %; hence that share stays at 100 %, and every push looks at what the tasks have become.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from sayso.errors import PartialError, UsageError
from sayso.labelstudio.api_types import ProjectDetails
from sayso.labelstudio.client import LabelStudioClient, LostResponse
from sayso.labelstudio.sync_state import SyncState
from sayso.settings import Checkout, Setting

TASKS_PER_QUERY = 100  # tasks of one question: their numbers travel in the address

Advance = Callable[[int], None]


@dataclass(frozen=True)
class Overlap:
    """For how many annotators each document of a share is.

    Attributes:
        annotators: at least 1, which ends all sharing.
        share: of the documents, in per cent.
    """

    annotators: int
    share: float = 100.0

    @property
    def default_annotators(self) -> int:
        """For how many annotators the server is to take a task of which it was told nothing."""
        return self.annotators if self.share == 100 else 1

    def annotators_for(self, doc_id: str) -> int:
        """For how many annotators a document is.

        >>> [Overlap(2, expected_f1).of("doc-1") for expected_f1 in (0, 74, 75, 100)]
        [1, 1, 2, 2]
        """
        return self.annotators if _hash_percent(doc_id) < self.share else 1


@dataclass
class OverlapResult:
    """What became of an overlap.

    Attributes:
        shared: how many documents are for several annotators.
        altered: how many tasks had to be told one by one.
        project: whether the project's own settings were others.
    """

    annotators: int
    share: float
    shared: int = 0
    updated: int = 0
    project_updated: bool = False

    @property
    def changes(self) -> int:
        """Writes that this took, or takes."""
        return self.updated + self.project_updated


def _hash_percent(doc_id: str) -> float:
    """Where a document stands between 0 and 100. The prefix keeps this apart from every other choice by hash."""
    digest = hashlib.sha256(f"overlap\n{doc_id}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64 * 100


def read_overlap(
    checkout: Checkout, overlap: str | None = None, share: str | None = None
) -> Overlap | None:
    """The overlap that options, environment or settings ask for; None leaves the server's as it is.

    Raises:
        UsageError: a number that cannot be, or a share of nothing.
    """
    number, part = checkout.find_setting("overlap", overlap), checkout.find_setting("share", share)
    if number is None:
        if part is not None:
            raise UsageError(
                "a share, but for how many annotators?",
                where=part.source,
                remedy="give --overlap N too",
            )
        return None
    return Overlap(_parse_annotators(number), _parse_share(part) if part else 100.0)


def _parse_annotators(setting: Setting) -> int:
    if not (setting.value.isascii() and setting.value.isdigit() and 1 <= int(setting.value) <= 100):
        raise UsageError(
            f"{setting.value!r} annotators cannot share a document",
            where=setting.source,
            remedy="give a whole number from 1 to 100",
        )
    return int(setting.value)


def _parse_share(setting: Setting) -> float:
    try:
        share = float(setting.value.removesuffix("%"))
    except ValueError:
        share = math.nan
    if not (share == 0 or 1 <= share <= 100):
        raise UsageError(
            f"{setting.value!r} is no share of the documents",
            where=setting.source,
            remedy="give per cent: 20 for every fifth document, 100 for all",
        )
    return share


def prepare_project(client: LabelStudioClient, project: ProjectDetails, overlap: Overlap) -> bool:
    """Settle what the server does with new tasks, before any is sent; whether anything was to be done."""
    if _is_prepared(client, project, overlap):
        return False
    if (
        overlap.annotators == 1
    ):  # on its way back to 1 the server takes every task for one annotator
        client.update_project(project.id, maximum_annotations=2)
    elif (
        overlap.default_annotators > 1
    ):  # where both numbers change the server deals all tasks anew, and to 100 % means to all
        client.update_project(project.id, overlap_cohort_percentage=99)
    client.update_project(project.id, **_project_settings(overlap))
    return True


def _project_settings(overlap: Overlap) -> dict[str, int | bool]:
    # The history of a task would show one annotator what another did.
    return {
        "maximum_annotations": overlap.default_annotators,
        "overlap_cohort_percentage": 100,
        "show_annotation_history": False,
    }


def _is_prepared(client: LabelStudioClient, project: ProjectDetails, overlap: Overlap) -> bool:
    if any(getattr(project, name) != value for name, value in _project_settings(overlap).items()):
        return False
    return (
        overlap.annotators > 1
        or next(client.list_overlaps_other_than(project.id, 1, size=1), None) is None
    )


def find_differences(
    client: LabelStudioClient, project: int, ledger: SyncState, overlap: Overlap
) -> Iterator[tuple[int, int]]:
    """Each task of ours that is for another number of annotators than it should be, with the right number."""
    odd = {
        task.id: task.overlap
        for task in client.list_overlaps_other_than(project, overlap.default_annotators)
    }
    for seen in ledger.known_tasks():
        wanted = overlap.annotators_for(seen.doc_id)
        if seen.doc_id and odd.get(seen.task, overlap.default_annotators) != wanted:
            yield seen.task, wanted


def apply_overlap(
    client: LabelStudioClient, project: int, ledger: SyncState, overlap: Overlap, advance: Advance
) -> OverlapResult:
    """Tell the server about every task that is for another number of annotators than it should be."""
    tally = OverlapResult(overlap.annotators, overlap.share, _count_shared(overlap, ledger))
    differences = find_differences(client, project, ledger, overlap)
    while batch := dict(islice(differences, TASKS_PER_QUERY)):
        submitters = client.fetch_submitters(project, list(batch))
        for task, number in batch.items():
            # Whoever answers between the question and this is counted by the server when it next serves the task.
            _set_task_overlap(
                client, task, number, finished=len(submitters.get(task, ())) >= number
            )
            advance(1)
        tally.updated += len(batch)
    return tally


def _set_task_overlap(client: LabelStudioClient, task: int, number: int, *, finished: bool) -> None:
    try:
        client.set_overlap(task, number, finished=finished)
    except LostResponse as error:
        what = f"the overlap is not all told ({error.what})"
        raise PartialError(what, where=error.where, remedy=error.remedy) from None


def find_shortage(client: LabelStudioClient, overlap: Overlap) -> list[str]:
    """A word about too few accounts, if there are too few."""
    there = len(client.list_accounts()) if overlap.annotators > 1 else 1
    if there >= overlap.annotators:
        return []
    return [
        f"{overlap.annotators} annotators for each shared document, and only {there} have an account; "
        "`sayso studio invite` prints the link for more"
    ]


def plan_overlap(
    client: LabelStudioClient,
    project: ProjectDetails,
    ledger: SyncState,
    overlap: Overlap,
    sent: Iterable[tuple[str, int]],
) -> OverlapResult:
    """What settling would find after a push of the documents ``sent``, each with the task (0: none) it replaces."""
    tally = OverlapResult(overlap.annotators, overlap.share, _count_shared(overlap, ledger))
    for doc_id, task in sent:
        tally.updated += overlap.annotators_for(doc_id) != overlap.default_annotators
        tally.shared += task == 0 and overlap.annotators_for(doc_id) > 1
    if project.id:
        tally.project_updated = not _is_prepared(client, project, overlap)
        tally.updated += sum(1 for _ in find_differences(client, project.id, ledger, overlap))
    return tally


def _count_shared(overlap: Overlap, ledger: SyncState) -> int:
    return sum(
        1
        for seen in ledger.known_tasks()
        if seen.doc_id and overlap.annotators_for(seen.doc_id) > 1
    )
