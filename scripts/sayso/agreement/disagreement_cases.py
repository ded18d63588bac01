"""Pairs of annotations that are compared, document by document, with their disagreements."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations

from sayso.agreement.comparisons import (
    PEOPLE,
    ComparedDocument,
    ExcludedAnnotations,
    iterate_comparisons,
    with_excluded,
)
from sayso.agreement.disagreement_types import DISAGREEMENT_KINDS, Disagreement
from sayso.agreement.disagreement_typology import (
    AnnotationComparison,
    TypologyRules,
    add_answers,
    compare_annotations,
)
from sayso.corpus.items import AnnotationFilter
from sayso.corpus.sources import CorpusFiles
from sayso.errors import require_known
from sayso.models import Annotation, Document
from sayso.schema.declarations import Schema


@dataclass(frozen=True)
class DisagreementFilter:
    """Conditions for annotations and their disagreements; an empty one is always met.

    Attributes:
        annotations: several annotators are compared with each other, one with everybody else.
        names: labels, types of relations and questions.
    """

    annotations: AnnotationFilter = PEOPLE
    kinds: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    def includes_pair(self, one: Annotation, other: Annotation) -> bool:
        """Return True if these two are compared."""
        annotators = self.annotations.annotators
        return len(annotators) != 1 or bool(annotators & {one.annotator, other.annotator})

    def _includes_name(self, *names: str) -> bool:
        return not self.names or not self.names.isdisjoint(names)

    def _includes(self, disagreement: Disagreement) -> bool:
        kind = not self.kinds or disagreement.kind in self.kinds
        return kind and self._includes_name(*disagreement.names)

    def apply(self, comparison: AnnotationComparison) -> AnnotationComparison:
        """Return what meets the conditions of a comparison."""
        mentions, relations = comparison.agreed_mentions, comparison.agreed_relations
        return AnnotationComparison(
            tuple(pair for pair in mentions if self._includes_name(pair[0].label)),
            tuple(pair for pair in relations if self._includes_name(pair[0].type)),
            tuple(filter(self._includes, comparison.disagreements)),
            tuple(name for name in comparison.agreed_answers if self._includes_name(name)),
        )

    def validate(self, corpus: CorpusFiles, schema: Schema) -> None:
        """Raise UsageError for an unknown name, with those that exist."""
        annotators = sorted({path.stem for path in corpus.annotation_files()})
        require_known("annotator", self.annotations.annotators, annotators)
        known = [*schema.labels, *schema.relations, *schema.questions]
        require_known("label, relation or question", self.names, known)
        require_known("kind", self.kinds, DISAGREEMENT_KINDS)
        require_known("pass", self.annotations.pass_names, schema.interfaces)


@dataclass(frozen=True)
class ComparedPair:
    """Two annotations of one document, in order of annotator."""

    one: Annotation
    other: Annotation
    comparison: AnnotationComparison


@dataclass(frozen=True)
class DisagreementCase:
    """One document in one pass, with all its annotations and the pairs that were compared."""

    document: Document
    campaign: str
    pass_name: str
    annotations: tuple[Annotation, ...]
    pairs: tuple[ComparedPair, ...]


def iterate_disagreement_cases(
    corpus: CorpusFiles,
    schema: Schema,
    selection: DisagreementFilter,
    excluded: ExcludedAnnotations,
) -> Iterator[DisagreementCase]:
    """Yield compared documents in order, lazily, also those without disagreement.

    Raises:
        UsageError: the selection names something that does not exist.
        InputError, SpanError: a record is broken.
    """
    selection.validate(corpus, schema)
    rules, chosen = TypologyRules.from_schema(schema), with_excluded(selection.annotations)
    if len(chosen.annotators) == 1:  # the others are needed for comparison
        chosen = replace(chosen, annotators=frozenset())
    for each in iterate_comparisons(corpus.items(chosen), selection.annotations, excluded):
        if pairs := tuple(_compare_pairs(each, selection, rules, schema)):
            yield DisagreementCase(
                each.document, each.campaign, each.pass_name, each.annotations, pairs
            )


def _compare_pairs(
    each: ComparedDocument, selection: DisagreementFilter, rules: TypologyRules, schema: Schema
) -> Iterator[ComparedPair]:
    for one, other in combinations(each.annotations, 2):
        if selection.includes_pair(one, other):
            document = each.document
            found = compare_annotations(one, other, document.text, rules, document.language)
            found = add_answers(found, one.answers, other.answers, schema)
            yield ComparedPair(one, other, selection.apply(found))
