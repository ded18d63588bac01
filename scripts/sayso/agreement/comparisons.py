"""Comparisons: independent annotations of several annotators of one document in one pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import attrgetter

from msgspec import structs

from sayso.corpus.items import AnnotationFilter, Item
from sayso.models import Annotation, AnnotatorKind, Document, Gold

SKIPPED_DOCUMENT = "the annotator skipped the document"
STARTED_FROM_ANOTHER = "started from another's annotation"
UNSEEN_PREDICTION = "taken over from a prediction that nobody looked at"
CHANGED_BY_ANOTHER = "saved by somebody else after its annotator"
SUPERSEDED = "an earlier annotation of the same annotator"
ADJUDICATOR = "an adjudicator's, beside those of the annotators"
OTHER_ANNOTATOR_KIND = "not by an annotator of the kind that is compared"
NO_GOLD = "there is no gold of its pass"
GOLD = "gold"
NO_SECOND_ANNOTATION = "nobody else has annotated it"

PEOPLE = AnnotationFilter(kinds=frozenset({"human"}))
"""The default selection: everything that people annotated."""


@dataclass(frozen=True)
class ComparedDocument:
    """One document in one pass with its annotations, at least two, in order of annotator."""

    document: Document
    campaign: str
    pass_name: str
    annotations: tuple[Annotation, ...]


@dataclass
class ExcludedAnnotations:
    """The numbers of annotations that are not compared, by campaign, pass and reason."""

    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def add(self, annotation: Annotation, reason: str) -> None:
        """Count one more."""
        self.counts[annotation.campaign, annotation.interface, reason] += 1

    def count_by_pass(self) -> dict[tuple[str, str], dict[str, int]]:
        """Return the numbers by reason, for each campaign and pass, in order."""
        found: dict[tuple[str, str], dict[str, int]] = {}
        for (campaign, pass_name, reason), count in sorted(self.counts.items()):
            found.setdefault((campaign, pass_name), {})[reason] = count
        return found


def with_excluded(selection: AnnotationFilter) -> AnnotationFilter:
    """Return the filter for `CorpusFiles.items` that keeps what is excluded, to count it."""
    return replace(selection, kinds=frozenset({"human", "program"}))


def compared_kinds(selection: AnnotationFilter) -> frozenset[AnnotatorKind]:
    """Return people, and programs if the selection has them."""
    programs = not selection.kinds or "program" in selection.kinds
    return frozenset({"human", "program"} if programs else {"human"})


def iterate_comparisons(
    items: Iterable[Item], selection: AnnotationFilter, excluded: ExcludedAnnotations
) -> Iterator[ComparedDocument]:
    """Yield comparisons, by document and pass; count other annotations in ``excluded``.

    Args:
        items: filtered with `with_excluded`.
        selection: its kinds say whether programs are compared.
    """
    for item in items:
        yield from group_by_pass(item.document, item.all_annotations, selection, excluded)


def iterate_gold_comparisons(
    items: Iterable[Item], selection: AnnotationFilter, excluded: ExcludedAnnotations
) -> Iterator[ComparedDocument]:
    """Yield each annotation with the gold of its campaign, as two annotations; count others.

    Gold of the same pass is taken, or gold that does not say its pass. Each annotator has a
    measurement of their own, named after the pass.
    """
    by_pass = attrgetter("campaign", "interface")
    for item in items:
        golds = {by_pass(gold): gold for gold in item.gold}
        groups = groupby(sorted(item.all_annotations, key=by_pass), key=by_pass)
        for (campaign, pass_name), group in groups:
            gold = golds.get((campaign, pass_name)) or golds.get((campaign, None))
            for each in select_independent(group, selection, excluded):
                if gold is None:
                    excluded.add(each, NO_GOLD)
                else:
                    two = (each, _as_annotation(gold, each))
                    name = f"{pass_name}: {each.annotator} and gold"
                    yield ComparedDocument(item.document, campaign, name, two)


def _as_annotation(gold: Gold, like: Annotation) -> Annotation:
    return structs.replace(
        like,
        annotator=GOLD,
        annotator_kind="human" if gold.decision[1] != ("program",) else "program",
        schema_version=gold.schema_version,
        created=gold.adjudicated,
        updated=gold.adjudicated,
        started_from="nothing",
        mentions=gold.mentions,
        relations=gold.relations,
        answers={answer.question: answer.value for answer in gold.answers},
    )


def group_by_pass(
    document: Document,
    annotations: Iterable[Annotation],
    selection: AnnotationFilter,
    excluded: ExcludedAnnotations,
) -> Iterator[ComparedDocument]:
    """Yield the comparisons of one document."""
    by_pass = attrgetter("campaign", "interface")
    for (campaign, pass_name), group in groupby(sorted(annotations, key=by_pass), key=by_pass):
        chosen = select_independent(group, selection, excluded)
        if len(chosen) > 1:
            yield ComparedDocument(document, campaign, pass_name, chosen)
        elif chosen:
            excluded.add(chosen[0], NO_SECOND_ANNOTATION)


def select_independent(
    annotations: Iterable[Annotation],
    selection: AnnotationFilter,
    excluded: ExcludedAnnotations,
    *,
    with_changed: bool = False,
) -> tuple[Annotation, ...]:
    """Return the latest annotation of each annotator that did not start from another's.

    Args:
        with_changed: also if somebody else saved it after its annotator.
    """
    kinds, latest = compared_kinds(selection), dict[str, Annotation]()
    for annotation in sorted(annotations, key=attrgetter("updated", "created")):
        if annotation.annotator_role == "adjudicator":
            excluded.add(annotation, ADJUDICATOR)
        elif annotation.annotator_kind not in kinds:
            excluded.add(annotation, OTHER_ANNOTATOR_KIND)
        elif annotation.status == "skipped":
            excluded.add(annotation, SKIPPED_DOCUMENT)
        elif annotation.started_from == "annotation":
            excluded.add(annotation, STARTED_FROM_ANOTHER)
        elif annotation.unseen:
            excluded.add(annotation, UNSEEN_PREDICTION)
        elif annotation.changed_by and not with_changed:
            excluded.add(annotation, CHANGED_BY_ANOTHER)
        else:
            if before := latest.get(annotation.annotator):
                excluded.add(before, SUPERSEDED)
            latest[annotation.annotator] = annotation
    return tuple(latest[name] for name in sorted(latest))
