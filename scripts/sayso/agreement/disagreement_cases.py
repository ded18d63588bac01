"""All pairs of answers that are compared, document by document, and what they disagree on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from sayso.agreement.comparisons import (
    ComparedDocument,
    ComparisonFilter,
    ExcludedAnnotations,
    iterate_comparisons,
)
from sayso.agreement.disagreement_types import DISAGREEMENT_KINDS, Disagreement
from sayso.agreement.disagreement_typology import (
    AnnotationComparison,
    TypologyRules,
    compare_annotations,
)
from sayso.corpus.sources import CorpusFiles
from sayso.errors import UsageError
from sayso.models import Annotation, AnnotatorKind, Document
from sayso.schema.declarations import Schema


@dataclass(frozen=True)
class DisagreementFilter:
    """Which disagreements are told; empty is all of them.

    Attributes:
        annotators: two or more are compared with each other, one with everybody else.
        names: labels and types of relations.
        programs: compare their answers too.
    """

    campaigns: frozenset[str] = frozenset()
    annotators: frozenset[str] = frozenset()
    pass_name: str | None = None
    kinds: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    programs: bool = False

    @property
    def comparison_filter(self) -> ComparisonFilter:
        """Whose answers are read."""
        kinds: frozenset[AnnotatorKind] = frozenset(
            {"human", "program"} if self.programs else {"human"}
        )
        several = self.annotators if len(self.annotators) > 1 else frozenset()
        return ComparisonFilter(self.campaigns, several, self.pass_name, kinds)

    def includes_pair(self, one: Annotation, other: Annotation) -> bool:
        """Whether these two are compared."""
        return len(self.annotators) != 1 or bool(self.annotators & {one.annotator, other.annotator})

    def includes(self, disagreement: Disagreement) -> bool:
        """Whether it is one of those asked for."""
        return (not self.kinds or disagreement.kind in self.kinds) and self._includes_name(
            *disagreement.names
        )

    def _includes_name(self, *names: str) -> bool:
        return not self.names or not self.names.isdisjoint(names)

    def apply(self, comparison: AnnotationComparison) -> AnnotationComparison:
        """What of an outcome was asked for; of what is agreed, the labels and types that were."""
        return AnnotationComparison(
            tuple(
                pair for pair in comparison.agreed_mentions if self._includes_name(pair[0].label)
            ),
            tuple(
                pair for pair in comparison.agreed_relations if self._includes_name(pair[0].type)
            ),
            tuple(found for found in comparison.disagreements if self.includes(found)),
        )

    def validate(self, corpus: CorpusFiles, schema: Schema) -> None:
        """Look whether the words are known.

        Raises:
            UsageError: one is not; the message lists those that are.
        """
        people = frozenset(path.stem for path in corpus.annotation_files())
        _validate_names("annotator", self.annotators, people)
        _validate_names(
            "label or relation", self.names, frozenset({*schema.labels, *schema.relations})
        )
        _validate_names("kind", self.kinds, frozenset(DISAGREEMENT_KINDS))
        if self.pass_name is not None:
            _validate_names("interface", frozenset({self.pass_name}), frozenset(schema.interfaces))


def _validate_names(what: str, asked: frozenset[str], there: frozenset[str]) -> None:
    if unknown := sorted(asked - there):
        raise UsageError(
            f"no {what} {', '.join(unknown)}",
            remedy=f"choose from {', '.join(sorted(there)) or 'none'}",
        )


@dataclass(frozen=True)
class ComparedPair:
    """Two answers to one document, in order of pseudonym, and what they disagree on."""

    one: Annotation
    other: Annotation
    comparison: AnnotationComparison


@dataclass(frozen=True)
class DisagreementCase:
    """One document in one pass, with every answer and every pair of them that was compared."""

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
    """Documents in order with what is disagreed on in each, lazily; also those where nothing is.

    Raises:
        UsageError: something was asked for that is not there.
        InputError, SpanError: a record is broken.
    """
    selection.validate(corpus, schema)
    scheme = TypologyRules.from_schema(schema)
    for each in iterate_comparisons(corpus, selection.comparison_filter, excluded):
        pairs = tuple(_compare_pairs(each, selection, scheme))
        if pairs:
            yield DisagreementCase(
                each.document, each.campaign, each.pass_name, each.annotations, pairs
            )


def _compare_pairs(
    each: ComparedDocument, selection: DisagreementFilter, rules: TypologyRules
) -> Iterator[ComparedPair]:
    for one, other in combinations(each.annotations, 2):
        if selection.includes_pair(one, other):
            outcome = compare_annotations(one, other, each.document.text, rules)
            yield ComparedPair(one, other, selection.apply(outcome))
