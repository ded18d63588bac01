"""Which answers are compared with which: all that several annotators gave to one document in one pass, blind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from sayso.corpus.old_items import AnnotationFilter, iterate_file_items, iterate_items
from sayso.corpus.sources import CorpusFiles
from sayso.models import Annotation, AnnotatorKind, Document

SKIPPED_DOCUMENT = "the annotator passed the document over"
STARTED_FROM_ANOTHER = "started from another's answer"
SUPERSEDED = "an earlier answer of the same annotator"
OTHER_ANNOTATOR_KIND = "not by an annotator of the kind that is compared"
NO_SECOND_ANNOTATION = "nobody else has answered"


@dataclass(frozen=True)
class ComparisonFilter:
    """Whose answers are compared; empty is all of them.

    Attributes:
        interface: the pass, or None for each pass by itself.
        kinds: people, unless programs are asked for too.
        files: annotations that lie elsewhere, instead of the corpus' own.
    """

    campaigns: frozenset[str] = frozenset()
    annotators: frozenset[str] = frozenset()
    pass_name: str | None = None
    annotator_kinds: frozenset[AnnotatorKind] = frozenset({"human"})
    files: tuple[Path, ...] = ()

    def matches(self, annotation: Annotation) -> bool:
        """Whether the answer is one that was asked for."""
        return (
            self.pass_name in (None, annotation.interface)
            and (not self.campaigns or annotation.campaign in self.campaigns)
            and (not self.annotators or annotation.annotator in self.annotators)
        )


@dataclass(frozen=True)
class ComparedDocument:
    """One document in one pass with at least two answers to compare, in order of annotator, one of each."""

    document: Document
    campaign: str
    pass_name: str
    annotations: tuple[Annotation, ...]


@dataclass
class ExcludedAnnotations:
    """Answers that are not compared, by reason and pass, counted."""

    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def add(self, annotation: Annotation, reason: str) -> None:
        """Take one more."""
        self.counts[annotation.campaign, annotation.interface, reason] += 1

    def count_by_pass(self) -> dict[tuple[str, str], dict[str, int]]:
        """How many for which reason, by campaign and pass, in order."""
        found: dict[tuple[str, str], dict[str, int]] = {}
        for (campaign, interface, reason), count in sorted(self.counts.items()):
            found.setdefault((campaign, interface), {})[reason] = count
        return found


def iterate_comparisons(
    corpus: CorpusFiles, selection: ComparisonFilter, excluded: ExcludedAnnotations
) -> Iterator[ComparedDocument]:
    """Documents in order with what is compared of each, lazily; a document of two passes comes twice.

    Raises:
        InputError: nothing fits the choice, or a record is broken.
        SpanError: a mention is not the slice of its text that it says it is.
    """
    choice = AnnotationFilter(selection.campaigns, selection.annotators)
    for document, readings in (
        iterate_file_items(corpus, selection.files)
        if selection.files
        else iterate_items(corpus, choice)
    ):
        answers = [reading.record for reading in readings if isinstance(reading.record, Annotation)]
        yield from group_by_pass(document, filter(selection.matches, answers), selection, excluded)


def group_by_pass(
    document: Document,
    annotations: Iterable[Annotation],
    selection: ComparisonFilter,
    excluded: ExcludedAnnotations,
) -> Iterator[ComparedDocument]:
    """What is compared of one document, pass by pass."""
    place = attrgetter("campaign", "interface")
    for (campaign, interface), group in groupby(sorted(annotations, key=place), key=place):
        chosen = select_independent(group, selection, excluded)
        if len(chosen) > 1:
            yield ComparedDocument(document, campaign, interface, chosen)
        for answer in chosen if len(chosen) == 1 else ():
            excluded.add(answer, NO_SECOND_ANNOTATION)


def select_independent(
    annotations: Iterable[Annotation], selection: ComparisonFilter, excluded: ExcludedAnnotations
) -> tuple[Annotation, ...]:
    """The answers that stand for themselves, one of each annotator, the latest, in order of annotator."""
    latest: dict[str, Annotation] = {}
    for answer in sorted(annotations, key=attrgetter("updated", "created")):
        if reason := _exclusion_reason(answer, selection):
            excluded.add(answer, reason)
            continue
        if answer.annotator in latest:
            excluded.add(latest[answer.annotator], SUPERSEDED)
        latest[answer.annotator] = answer
    return tuple(latest[name] for name in sorted(latest))


def _exclusion_reason(annotation: Annotation, selection: ComparisonFilter) -> str:
    if annotation.annotator_kind not in selection.annotator_kinds:
        return OTHER_ANNOTATOR_KIND
    if annotation.status == "skipped":
        return SKIPPED_DOCUMENT
    return STARTED_FROM_ANOTHER if annotation.started_from == "annotation" else ""
