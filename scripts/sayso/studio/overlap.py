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
from sayso.settings import Instance, Setting
from sayso.studio.client import Client, LostAnswer, Project
from sayso.studio.ledger import Ledger

BATCH = 100  # tasks of one question: their numbers travel in the address

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
    def ordinary(self) -> int:
        """For how many annotators the server is to take a task of which it was told nothing."""
        return self.annotators if self.share == 100 else 1

    def of(self, doc_id: str) -> int:
        """For how many annotators a document is.

        >>> [Overlap(2, share).of("doc-1") for share in (0, 74, 75, 100)]
        [1, 1, 2, 2]
        """
        return self.annotators if _place(doc_id) < self.share else 1


@dataclass
class Tally:
    """What became of an overlap.

    Attributes:
        shared: how many documents are for several annotators.
        altered: how many tasks had to be told one by one.
        project: whether the project's own settings were others.
    """

    annotators: int
    share: float
    shared: int = 0
    altered: int = 0
    project: bool = False

    @property
    def changes(self) -> int:
        """Writes that this took, or takes."""
        return self.altered + self.project


def _place(doc_id: str) -> float:
    """Where a document stands between 0 and 100. The prefix keeps this apart from every other choice by hash."""
    digest = hashlib.sha256(f"overlap\n{doc_id}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64 * 100


def wished(instance: Instance, overlap: str | None = None, share: str | None = None) -> Overlap | None:
    """The overlap that options, environment or settings ask for; None leaves the server's as it is.

    Raises:
        UsageError: a number that cannot be, or a share of nothing.
    """
    number, part = instance.setting("overlap", overlap), instance.setting("share", share)
    if number is None:
        if part is not None:
            raise UsageError("a share, but for how many annotators?", where=part.source, remedy="give --overlap N too")
        return None
    return Overlap(_annotators(number), _share(part) if part else 100.0)


def _annotators(setting: Setting) -> int:
    if not (setting.value.isascii() and setting.value.isdigit() and 1 <= int(setting.value) <= 100):
        raise UsageError(f"{setting.value!r} annotators cannot share a document", where=setting.source,
                         remedy="give a whole number from 1 to 100")  # fmt: skip
    return int(setting.value)


def _share(setting: Setting) -> float:
    try:
        share = float(setting.value.removesuffix("%"))
    except ValueError:
        share = math.nan
    if not (share == 0 or 1 <= share <= 100):
        raise UsageError(f"{setting.value!r} is no share of the documents", where=setting.source,
                         remedy="give per cent: 20 for every fifth document, 100 for all")  # fmt: skip
    return share


def prepare(client: Client, project: Project, overlap: Overlap) -> bool:
    """Settle what the server does with new tasks, before any is sent; whether anything was to be done."""
    if _settled(client, project, overlap):
        return False
    if overlap.annotators == 1:  # on its way back to 1 the server takes every task for one annotator
        client.update_project(project.id, maximum_annotations=2)
    elif overlap.ordinary > 1:  # where both numbers change the server deals all tasks anew, and to 100 % means to all
        client.update_project(project.id, overlap_cohort_percentage=99)
    client.update_project(project.id, **_settings(overlap))
    return True


def _settings(overlap: Overlap) -> dict[str, int | bool]:
    # The history of a task would show one annotator what another did.
    return {"maximum_annotations": overlap.ordinary, "overlap_cohort_percentage": 100, "show_annotation_history": False}


def _settled(client: Client, project: Project, overlap: Overlap) -> bool:
    if any(getattr(project, name) != value for name, value in _settings(overlap).items()):
        return False
    return overlap.annotators > 1 or next(client.shared(project.id, 1, size=1), None) is None


def differing(client: Client, project: int, ledger: Ledger, overlap: Overlap) -> Iterator[tuple[int, int]]:
    """Each task of ours that is for another number of annotators than it should be, with the right number."""
    odd = {task.id: task.overlap for task in client.shared(project, overlap.ordinary)}
    for seen in ledger.seen():
        wanted = overlap.of(seen.doc_id)
        if seen.doc_id and odd.get(seen.task, overlap.ordinary) != wanted:
            yield seen.task, wanted


def settle(client: Client, project: int, ledger: Ledger, overlap: Overlap, advance: Advance) -> Tally:
    """Tell the server about every task that is for another number of annotators than it should be."""
    tally = Tally(overlap.annotators, overlap.share, _shared(overlap, ledger))
    differences = differing(client, project, ledger, overlap)
    while batch := dict(islice(differences, BATCH)):
        submitters = client.submitters(project, list(batch))
        for task, number in batch.items():
            # Whoever answers between the question and this is counted by the server when it next serves the task.
            _tell(client, task, number, finished=len(submitters.get(task, ())) >= number)
            advance(1)
        tally.altered += len(batch)
    return tally


def _tell(client: Client, task: int, number: int, *, finished: bool) -> None:
    try:
        client.share_task(task, number, finished=finished)
    except LostAnswer as error:
        what = f"the overlap is not all told ({error.what})"
        raise PartialError(what, where=error.where, remedy=error.remedy) from None


def shortage(client: Client, overlap: Overlap) -> list[str]:
    """A word about too few accounts, if there are too few."""
    there = len(client.accounts()) if overlap.annotators > 1 else 1
    if there >= overlap.annotators:
        return []
    return [f"{overlap.annotators} annotators for each shared document, and only {there} have an account; "
            "`sayso studio invite` prints the link for more"]  # fmt: skip


def foresee(
    client: Client, project: Project, ledger: Ledger, overlap: Overlap, sent: Iterable[tuple[str, int]]
) -> Tally:
    """What settling would find after a push of the documents ``sent``, each with the task (0: none) it replaces."""
    tally = Tally(overlap.annotators, overlap.share, _shared(overlap, ledger))
    for doc_id, task in sent:
        tally.altered += overlap.of(doc_id) != overlap.ordinary
        tally.shared += task == 0 and overlap.of(doc_id) > 1
    if project.id:
        tally.project = not _settled(client, project, overlap)
        tally.altered += sum(1 for _ in differing(client, project.id, ledger, overlap))
    return tally


def _shared(overlap: Overlap, ledger: Ledger) -> int:
    return sum(1 for seen in ledger.seen() if seen.doc_id and overlap.of(seen.doc_id) > 1)
