"""Each annotator's own annotations compared with gold of the same campaign, with F1."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from msgspec.structs import replace

from sayso.agreement.comparisons import ExcludedAnnotations, select_independent
from sayso.agreement.disagreement_cases import ComparedPair, DisagreementCase
from sayso.agreement.disagreement_typology import (
    AnnotationComparison,
    TypologyRules,
    compare_annotations,
)
from sayso.agreement.jackknife import DocumentSums, Figure, estimate, ratio
from sayso.corpus.items import AnnotationFilter, Item
from sayso.corpus.sources import CorpusFiles
from sayso.errors import InputError
from sayso.matching import match_exact, match_overlapping
from sayso.models import Annotation, Document, Gold
from sayso.schema.declarations import Schema

YOU, GOLD = "you", "gold"
NO_GOLD = "no gold of this pass yet"
GOLD_UNSPECIFIC = "gold does not name its pass"
MEASURES = ("exact", "overlap")


@dataclass(frozen=True)
class GoldScore:
    """Counts of mentions in an annotation and in gold.

    Attributes:
        exact: pairs with the same label and span.
        overlap: pairs with the same label that share a code point.
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

    def f1(self, measure: str) -> float | None:
        """Return F1, twice the pairs over the mentions of both; None without mentions.

        >>> GoldScore(own=4, gold=6, exact=3, overlap=4).f1("exact")
        0.6
        """
        mentions, pairs = self.own + self.gold, self.exact if measure == "exact" else self.overlap
        return 2 * pairs / mentions if mentions else None


EMPTY_SCORE = GoldScore(0, 0, 0, 0)


@dataclass(frozen=True)
class GoldComparison:
    """One annotation compared with gold.

    Attributes:
        case: both, as the annotators ``you`` and ``gold``, gold cut down to the annotator's pass.
    """

    annotation: Annotation
    gold: Gold
    case: DisagreementCase
    score: GoldScore

    @property
    def result(self) -> AnnotationComparison:
        """The comparison, with the annotator's annotation as ``one`` and gold as ``other``."""
        return self.case.pairs[0].comparison


def compare_with_gold(
    corpus: CorpusFiles, schema: Schema, selection: AnnotationFilter, excluded: ExcludedAnnotations
) -> Iterator[GoldComparison]:
    """Compare annotations with gold, document by document. Only the selection is validated at once.

    Raises:
        InputError: nothing is adjudicated, nothing matches the selection, or a record is broken.
    """
    if not corpus.gold_files():
        raise InputError(
            "nothing is adjudicated, so there is no gold to compare with",
            where=str(corpus.folder / "gold"),
            remedy="run `sayso adjudicate push`, or `sayso adjudicate pull --auto majority`",
        )
    # Gold of a wider pass serves as well, and excluded programs are counted.
    chosen = dataclasses.replace(selection, pass_names=frozenset(), kinds=frozenset())
    return _compare_items(corpus.items(chosen), schema, selection, excluded)


def _compare_items(
    items: Iterable[Item],
    schema: Schema,
    selection: AnnotationFilter,
    excluded: ExcludedAnnotations,
) -> Iterator[GoldComparison]:
    rules = TypologyRules.from_schema(schema)
    for item in items:
        for annotation in _own_annotations(item, selection, excluded):
            if gold := _find_gold(annotation, item.gold, schema, excluded):
                yield _compare_annotation(item.document, annotation, gold, schema, rules)


def _own_annotations(
    item: Item, selection: AnnotationFilter, excluded: ExcludedAnnotations
) -> Iterator[Annotation]:
    """Yield the latest independent annotation of each annotator and pass."""
    passes: dict[tuple[str, str], list[Annotation]] = {}
    for annotation in item.all_annotations:
        if not selection.pass_names or annotation.interface in selection.pass_names:
            passes.setdefault((annotation.campaign, annotation.interface), []).append(annotation)
    for _pass, group in sorted(passes.items()):
        yield from select_independent(group, selection, excluded)


def _find_gold(
    annotation: Annotation, golds: Iterable[Gold], schema: Schema, excluded: ExcludedAnnotations
) -> Gold | None:
    """Return gold of the same pass, else the latest of a pass that covers the annotator's."""
    same_campaign = [gold for gold in golds if gold.campaign == annotation.campaign]
    usable = [
        g
        for g in same_campaign
        if g.interface and pass_covers(schema, g.interface, annotation.interface)
    ]
    if not usable:
        has_nameless = any(not gold.interface for gold in same_campaign)
        excluded.add(annotation, GOLD_UNSPECIFIC if has_nameless else NO_GOLD)
        return None
    return max(usable, key=lambda gold: (gold.interface == annotation.interface, gold.adjudicated))


def pass_covers(schema: Schema, wider: str, narrower: str) -> bool:
    """Return True if one pass shows all that another does; an undeclared one covers itself."""
    if wider == narrower:
        return True
    if wider not in schema.interfaces or narrower not in schema.interfaces:
        return False
    labels = set(schema.labels_of_pass(narrower)) <= set(schema.labels_of_pass(wider))
    return labels and set(schema.relations_of_pass(narrower)) <= set(
        schema.relations_of_pass(wider)
    )


def _compare_annotation(
    document: Document, annotation: Annotation, gold: Gold, schema: Schema, rules: TypologyRules
) -> GoldComparison:
    own, other = replace(annotation, annotator=YOU), _gold_as_annotation(gold, annotation, schema)
    found = compare_annotations(own, other, document.text, rules, document.language)
    pair = ComparedPair(own, other, found)
    case = DisagreementCase(
        document, annotation.campaign, annotation.interface, (own, other), (pair,)
    )
    exact, overlap = (
        match_exact(own.mentions, other.mentions),
        match_overlapping(own.mentions, other.mentions),
    )
    score = GoldScore(len(own.mentions), len(other.mentions), len(exact), len(overlap))
    return GoldComparison(annotation, gold, case, score)


def _gold_as_annotation(gold: Gold, annotation: Annotation, schema: Schema) -> Annotation:
    """Return gold as another annotation of the annotator's pass."""
    mentions, relations = gold.mentions, gold.relations
    if gold.interface != annotation.interface:
        labels, types = (
            schema.labels_of_pass(annotation.interface),
            schema.relations_of_pass(annotation.interface),
        )
        mentions = tuple(mention for mention in mentions if mention.label in labels)
        relations = tuple(relation for relation in relations if relation.type in types)
    return Annotation(
        doc_id=gold.doc_id,
        text_sha256=gold.text_sha256,
        campaign=gold.campaign,
        interface=annotation.interface,
        annotator=GOLD,
        annotator_kind=gold.adjudicator_kind or "human",
        annotator_role="adjudicator",
        schema_version=gold.schema_version,
        status="submitted",
        created=gold.adjudicated,
        updated=gold.adjudicated,
        mentions=mentions,
        relations=relations,
        note=gold.note,
    )


def estimate_f1(scores: Iterable[tuple[str, GoldScore]]) -> Mapping[str, Figure]:
    """Compute an annotator's F1 against gold with confidence intervals over documents.

    Args:
        scores: doc_id and score of each annotation; the passes of a document count as one document.
    """
    documents: dict[str, GoldScore] = {}
    for doc_id, score in scores:
        documents[doc_id] = documents.get(doc_id, EMPTY_SCORE) + score
    sums: DocumentSums[str] = DocumentSums()
    for _doc_id, score in sorted(documents.items()):
        sums.add(
            {
                "exact": 2 * score.exact,
                "overlap": 2 * score.overlap,
                "mentions": score.own + score.gold,
            }
        )
    left_out = sums.leave_out()
    count, seen = left_out.total("mentions"), left_out.count_documents("mentions")
    return {
        name: estimate(
            ("mentions", "all", name),
            ratio(left_out[name], left_out["mentions"]),
            count,
            "mentions",
            seen,
        ).figure
        for name in MEASURES
    }
