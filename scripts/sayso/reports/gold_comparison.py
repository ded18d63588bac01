"""Each annotator's own answers beside gold: of the same campaign, and of a pass that gold decides on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from msgspec.structs import replace

from sayso.agreement.comparisons import ComparisonFilter, ExcludedAnnotations, select_independent
from sayso.agreement.disagreement_cases import ComparedPair, DisagreementCase
from sayso.agreement.disagreement_typology import (
    AnnotationComparison,
    TypologyRules,
    compare_annotations,
)
from sayso.corpus.old_items import GOLD_KIND, AnnotationFilter, LocatedRecord, iterate_items
from sayso.corpus.sources import CorpusFiles
from sayso.errors import InputError
from sayso.matching import match_exact, match_overlapping
from sayso.models import Annotation, Document, Gold
from sayso.schema.declarations import Schema

YOU = "you"
NO_GOLD = "no gold of this pass yet"
GOLD_WITHOUT_PASS = "gold does not say which pass it decided on"


@dataclass(frozen=True)
class GoldScore:
    """How an answer does against gold, counted over mentions.

    Attributes:
        own: how many the annotator marked.
        gold: how many gold has.
        exact: how many of both are the same by label and span.
        overlap: how many pairs of one label share a code point.
    """

    own: int
    gold: int
    exact: int
    overlap: int

    def __add__(self, other: GoldScore) -> GoldScore:
        return GoldScore(
            self.own + other.own,
            self.gold + other.gold,
            self.exact + other.exact,
            self.overlap + other.overlap,
        )

    def f1(self, matched: int) -> float | None:
        """Twice what is matched over what either has; None where neither has anything.

        >>> GoldScore(identify=4, gold=6, match_exact_spans=3, overlap=4).f1(3)
        0.6
        """
        both = self.own + self.gold
        return 2 * matched / both if both else None


EMPTY_SCORE = GoldScore(0, 0, 0, 0)


@dataclass(frozen=True)
class GoldComparison:
    """One own answer beside gold.

    Attributes:
        answer: the annotator's, as it was given.
        gold: as it was adjudicated.
        case: both, under the names ``you`` and ``gold``, gold cut down to what the annotator's pass shows.
    """

    annotation: Annotation
    gold: Gold
    case: DisagreementCase
    score: GoldScore

    @property
    def result(self) -> AnnotationComparison:
        """What they agree and disagree on; the annotator's is the one, gold the other."""
        return self.case.pairs[0].comparison


def compare_with_gold(
    corpus: CorpusFiles,
    schema: Schema,
    annotation_filter: AnnotationFilter,
    excluded: ExcludedAnnotations,
) -> Iterator[GoldComparison]:
    """Answers beside gold, document by document, lazily once the choice is known to fit.

    Raises:
        InputError: nothing is adjudicated, nothing fits the choice, or a record is broken.
    """
    if not corpus.gold_files():
        what = "nothing is adjudicated, so there is no gold to compare with"
        remedy = "run `sayso adjudicate push`, or `sayso adjudicate pull --auto majority` where nobody adjudicates"
        raise InputError(what, where=str(corpus.folder / "gold"), remedy=remedy)
    return _compare_documents(iterate_items(corpus, annotation_filter), schema, excluded)


def _compare_documents(
    read: Iterable[tuple[Document, list[LocatedRecord]]],
    schema: Schema,
    excluded: ExcludedAnnotations,
) -> Iterator[GoldComparison]:
    scheme = TypologyRules.from_schema(schema)
    for document, readings in read:
        golds = [reading.record for reading in readings if isinstance(reading.record, Gold)]
        for answer in _own_annotations(readings, excluded):
            gold = _find_gold(answer, golds, schema, excluded)
            if gold:
                yield _compare_annotation(document, answer, gold, schema, scheme)


def _own_annotations(
    readings: Iterable[LocatedRecord], excluded: ExcludedAnnotations
) -> Iterator[Annotation]:
    """Own ones only, of each annotator and pass the latest."""
    passes: dict[tuple[str, str], list[Annotation]] = {}
    for answer in (
        reading.record for reading in readings if isinstance(reading.record, Annotation)
    ):
        passes.setdefault((answer.campaign, answer.interface), []).append(answer)
    for _place, answers in sorted(passes.items()):
        yield from select_independent(answers, ComparisonFilter(), excluded)


def _find_gold(
    annotation: Annotation, golds: Iterable[Gold], schema: Schema, excluded: ExcludedAnnotations
) -> Gold | None:
    """Gold of the very pass, else the latest of a pass that shows all that the annotator's does."""
    mine = [gold for gold in golds if gold.campaign == annotation.campaign]
    known = [
        gold
        for gold in mine
        if gold.interface and pass_covers(schema, gold.interface, annotation.interface)
    ]
    if not known:
        excluded.add(
            annotation, GOLD_WITHOUT_PASS if any(not gold.interface for gold in mine) else NO_GOLD
        )
        return None
    return max(known, key=lambda gold: (gold.interface == annotation.interface, gold.adjudicated))


def pass_covers(schema: Schema, wider: str, narrower: str) -> bool:
    """Whether one pass shows everything that another does; a pass that the schema has no more covers itself alone."""
    if wider == narrower:
        return True
    if wider not in schema.interfaces or narrower not in schema.interfaces:
        return False
    labels = set(schema.labels_of_pass(narrower)) <= set(schema.labels_of_pass(wider))
    return labels and set(schema.relations_of_pass(narrower)) <= set(
        schema.relations_of_pass(wider)
    )


def _compare_annotation(
    document: Document, annotation: Annotation, gold: Gold, schema: Schema, scheme: TypologyRules
) -> GoldComparison:
    own, right = replace(annotation, annotator=YOU), _gold_as_annotation(gold, annotation, schema)
    outcome = compare_annotations(own, right, document.text, scheme)
    case = DisagreementCase(
        document,
        annotation.campaign,
        annotation.interface,
        (own, right),
        (ComparedPair(own, right, outcome),),
    )
    score = GoldScore(
        len(own.mentions),
        len(right.mentions),
        len(match_exact(own.mentions, right.mentions)),
        len(match_overlapping(own.mentions, right.mentions)),
    )
    return GoldComparison(annotation, gold, case, score)


def _gold_as_annotation(gold: Gold, annotation: Annotation, schema: Schema) -> Annotation:
    """Gold as somebody's answer to the annotator's pass."""
    mentions, relations = gold.mentions, gold.relations
    if gold.interface != annotation.interface:
        shown, drawn = (
            schema.labels_of_pass(annotation.interface),
            schema.relations_of_pass(annotation.interface),
        )
        mentions = tuple(mention for mention in mentions if mention.label in shown)
        relations = tuple(relation for relation in relations if relation.type in drawn)
    return Annotation(
        doc_id=gold.doc_id,
        text_sha256=gold.text_sha256,
        campaign=gold.campaign,
        interface=annotation.interface,
        annotator=GOLD_KIND,
        annotator_kind="adjudicator",
        schema_version=gold.schema_version,
        status="submitted",
        created=gold.adjudicated,
        updated=gold.adjudicated,
        mentions=mentions,
        relations=relations,
        note=gold.note,
    )
