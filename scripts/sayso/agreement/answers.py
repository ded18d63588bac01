"""Which answers are compared with which: all that several annotators gave to one document in one pass, blind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from sayso.readings import Choice, of_files, side_by_side
from sayso.records import Annotation, AnnotatorKind, Document
from sayso.store import Corpus

SKIPPED = "the annotator passed the document over"
ANOTHERS = "started from another's answer"
EARLIER = "an earlier answer of the same annotator"
OTHER_KIND = "not by an annotator of the kind that is compared"
ALONE = "nobody else has answered"


@dataclass(frozen=True)
class Who:
    """Whose answers are compared; empty is all of them.

    Attributes:
        interface: the pass, or None for each pass by itself.
        kinds: people, unless programs are asked for too.
        files: annotations that lie elsewhere, instead of the corpus' own.
    """

    campaigns: frozenset[str] = frozenset()
    annotators: frozenset[str] = frozenset()
    interface: str | None = None
    kinds: frozenset[AnnotatorKind] = frozenset({"human"})
    files: tuple[Path, ...] = ()

    def wants(self, answer: Annotation) -> bool:
        """Whether the answer is one that was asked for."""
        return (
            self.interface in (None, answer.interface)
            and (not self.campaigns or answer.campaign in self.campaigns)
            and (not self.annotators or answer.annotator in self.annotators)
        )


@dataclass(frozen=True)
class Compared:
    """One document in one pass with at least two answers to compare, in order of annotator, one of each."""

    document: Document
    campaign: str
    interface: str
    answers: tuple[Annotation, ...]


@dataclass
class LeftOut:
    """Answers that are not compared, by reason and pass, counted."""

    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def add(self, answer: Annotation, reason: str) -> None:
        """Take one more."""
        self.counts[answer.campaign, answer.interface, reason] += 1

    def reasons(self) -> dict[tuple[str, str], dict[str, int]]:
        """How many for which reason, by campaign and pass, in order."""
        found: dict[tuple[str, str], dict[str, int]] = {}
        for (campaign, interface, reason), count in sorted(self.counts.items()):
            found.setdefault((campaign, interface), {})[reason] = count
        return found


def compared(corpus: Corpus, who: Who, left_out: LeftOut) -> Iterator[Compared]:
    """Documents in order with what is compared of each, lazily; a document of two passes comes twice.

    Raises:
        InputError: nothing fits the choice, or a record is broken.
        SpanError: a mention is not the slice of its text that it says it is.
    """
    choice = Choice(who.campaigns, who.annotators)
    for document, readings in of_files(corpus, who.files) if who.files else side_by_side(corpus, choice):
        answers = [reading.record for reading in readings if isinstance(reading.record, Annotation)]
        yield from of_document(document, filter(who.wants, answers), who, left_out)


def of_document(document: Document, answers: Iterable[Annotation], who: Who, left_out: LeftOut) -> Iterator[Compared]:
    """What is compared of one document, pass by pass."""
    place = attrgetter("campaign", "interface")
    for (campaign, interface), group in groupby(sorted(answers, key=place), key=place):
        chosen = independent(group, who, left_out)
        if len(chosen) > 1:
            yield Compared(document, campaign, interface, chosen)
        for answer in chosen if len(chosen) == 1 else ():
            left_out.add(answer, ALONE)


def independent(answers: Iterable[Annotation], who: Who, left_out: LeftOut) -> tuple[Annotation, ...]:
    """The answers that stand for themselves, one of each annotator, the latest, in order of annotator."""
    latest: dict[str, Annotation] = {}
    for answer in sorted(answers, key=attrgetter("updated", "created")):
        if reason := _unfit(answer, who):
            left_out.add(answer, reason)
            continue
        if answer.annotator in latest:
            left_out.add(latest[answer.annotator], EARLIER)
        latest[answer.annotator] = answer
    return tuple(latest[name] for name in sorted(latest))


def _unfit(answer: Annotation, who: Who) -> str:
    if answer.annotator_kind not in who.kinds:
        return OTHER_KIND
    if answer.status == "skipped":
        return SKIPPED
    return ANOTHERS if answer.started_from == "annotation" else ""
