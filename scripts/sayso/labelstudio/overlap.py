"""The overlap: which documents several annotators label, each without seeing the others.

The choice is a hash of the document's id: a growing corpus never changes which documents are
shared, a larger share only adds some, and every campaign and pass shares the same documents.

Label Studio stores for each task for how many annotators it is, and serves it to that many. New
tasks get the project's number, so that is the default, and each shared task gets its own. Whenever
the project's number or its cohort percentage changes, the server reassigns all tasks at random, as
it also does on imports while the percentage is below 100. Hence it stays at 100, and every push
checks every task.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sayso.callbacks import Advance
from sayso.errors import PartialError, UsageError
from sayso.labelstudio.api_types import ProjectDetails
from sayso.labelstudio.client import LabelStudioClient
from sayso.labelstudio.sync_state import SyncState, chunks
from sayso.labelstudio.transport import LostResponse
from sayso.settings import Checkout, Setting

TASKS_PER_QUERY = 100  # their numbers travel in the address


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
        """The number of annotators of a task that has no number of its own."""
        return self.annotators if self.share == 100 else 1

    def annotators_for(self, doc_id: str) -> int:
        """Return for how many annotators a document is.

        >>> [Overlap(2, share).annotators_for("doc-1") for share in (0, 74, 75, 100)]
        [1, 1, 2, 2]
        """
        # The prefix keeps this choice independent of every other choice by hash.
        digest = hashlib.sha256(f"overlap\n{doc_id}".encode()).digest()
        percent = int.from_bytes(digest[:8]) / 2**64 * 100
        return self.annotators if percent < self.share else 1


@dataclass
class OverlapResult:
    """The overlap of a project.

    Attributes:
        shared: documents that are for several annotators.
        updated: tasks that were, or will be, updated one by one.
        project_updated: whether the project's own settings were, or will be, updated.
    """

    annotators: int
    share: float
    shared: int = 0
    updated: int = 0
    project_updated: bool = False

    @property
    def changes(self) -> int:
        """The number of writes."""
        return self.updated + self.project_updated


def read_overlap(
    checkout: Checkout, overlap: str | None = None, share: str | None = None
) -> Overlap | None:
    """Read the overlap from options, environment or settings; None leaves the server's as it is.

    Raises:
        UsageError: a number out of range, or a share without an overlap.
    """
    annotators, percent = (
        checkout.find_setting("overlap", overlap),
        checkout.find_setting("share", share),
    )
    if annotators is None:
        if percent is not None:
            what = "--share needs --overlap N: the number of annotators of a shared document"
            raise UsageError(what, where=percent.source, remedy="give --overlap N too")
        return None
    return Overlap(_parse_annotators(annotators), _parse_share(percent) if percent else 100.0)


def _parse_annotators(setting: Setting) -> int:
    value = setting.value
    if not (value.isascii() and value.isdigit() and 1 <= int(value) <= 100):
        what = f"{value!r} is not a number of annotators"
        raise UsageError(what, where=setting.source, remedy="give a whole number from 1 to 100")
    return int(value)


def _parse_share(setting: Setting) -> float:
    try:
        share = float(setting.value.removesuffix("%"))
    except ValueError:
        share = math.nan
    if not (share == 0 or 1 <= share <= 100):
        what = f"{setting.value!r} is not a share of the documents"
        remedy = "give per cent: 20 for every fifth document, 100 for all"
        raise UsageError(what, where=setting.source, remedy=remedy)
    return share


def prepare_project(client: LabelStudioClient, project: ProjectDetails, overlap: Overlap) -> bool:
    """Set the default for new tasks, before any is sent; return whether anything changed."""
    if _is_prepared(client, project, overlap):
        return False
    # An intermediate step makes the server reassign all tasks: on its way back to 1 it takes every
    # task for one annotator, and where both numbers change, to 100 % means every task for all.
    if overlap.annotators == 1:
        client.update_project(project.id, maximum_annotations=2)
    elif overlap.default_annotators > 1:
        client.update_project(project.id, overlap_cohort_percentage=99)
    client.update_project(project.id, **_project_settings(overlap))
    return True


def _project_settings(overlap: Overlap) -> dict[str, int | bool]:
    return {
        "maximum_annotations": overlap.default_annotators,
        "overlap_cohort_percentage": 100,
        # The history of a task would show one annotator what another did.
        "show_annotation_history": False,
    }


def _is_prepared(client: LabelStudioClient, project: ProjectDetails, overlap: Overlap) -> bool:
    if any(getattr(project, name) != value for name, value in _project_settings(overlap).items()):
        return False
    if overlap.annotators > 1:
        return True
    return next(client.list_overlaps_other_than(project.id, 1, size=1), None) is None


def find_differences(
    client: LabelStudioClient, project: int, state: SyncState, overlap: Overlap
) -> Iterator[tuple[int, int]]:
    """Yield each task of ours that has another number of annotators than it should, and that."""
    default = overlap.default_annotators
    current = {each.id: each.overlap for each in client.list_overlaps_other_than(project, default)}
    for task in state.known_tasks():
        expected = overlap.annotators_for(task.doc_id)
        if task.doc_id and current.get(task.task, default) != expected:
            yield task.task, expected


def apply_overlap(
    client: LabelStudioClient, project: int, state: SyncState, overlap: Overlap, advance: Advance
) -> OverlapResult:
    """Set the number of annotators of every task that has another one than it should."""
    result = _start_result(overlap, state)
    for batch in chunks(find_differences(client, project, state, overlap), TASKS_PER_QUERY):
        submitters = client.fetch_submitters(project, [task for task, _annotators in batch])
        for task, annotators in batch:
            # An annotation submitted since is counted by the server when it next serves the task.
            finished = len(submitters.get(task, ())) >= annotators
            try:
                client.set_overlap(task, annotators, finished=finished)
            except LostResponse as error:
                what = f"the overlap is not set for all tasks ({error.what})"
                raise PartialError(what, where=error.where, remedy=error.remedy) from None
            advance(1)
        result.updated += len(batch)
    return result


def find_shortage(client: LabelStudioClient, overlap: Overlap) -> list[str]:
    """Return a note about too few accounts, if there are too few."""
    if overlap.annotators == 1:
        return []
    accounts = sum(not account.is_removed for account in client.list_accounts())
    if accounts >= overlap.annotators:
        return []
    return [
        f"each shared document is for {overlap.annotators} annotators, but only {accounts} have an"
        " account; `sayso studio invite` prints the link for more"
    ]


def plan_overlap(
    client: LabelStudioClient,
    project: ProjectDetails,
    state: SyncState,
    overlap: Overlap,
    sent: Iterable[tuple[str, int]],
) -> OverlapResult:
    """Count what ``apply_overlap`` would change after a push.

    Args:
        sent: the documents to send, each with the task it replaces (0: none).
    """
    result = _start_result(overlap, state)
    for doc_id, task in sent:
        annotators = overlap.annotators_for(doc_id)
        result.updated += annotators != overlap.default_annotators
        result.shared += task == 0 and annotators > 1
    if project.id:
        result.project_updated = not _is_prepared(client, project, overlap)
        result.updated += sum(1 for _ in find_differences(client, project.id, state, overlap))
    return result


def _start_result(overlap: Overlap, state: SyncState) -> OverlapResult:
    tasks = (task for task in state.known_tasks() if task.doc_id)
    shared = sum(overlap.annotators_for(task.doc_id) > 1 for task in tasks)
    return OverlapResult(overlap.annotators, overlap.share, shared)
