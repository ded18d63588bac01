"""F1 of relations: with both ends on the very same mentions, on mentions that overlap, and given the ends.

A relation is strictly the same if its type is, and label and span of both its ends; leniently, if its ends are matched
with each other as mentions that overlap. Given the spans, only relations are looked at whose both ends both annotators
marked just so: what is left there is disagreement about relations alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sayso.agreement.annotation_pairs import (
    AgreementSums,
    AnnotationPair,
    DocumentStatistics,
    IndexedAnnotation,
    SpanOccurrence,
    number_occurrences,
)
from sayso.agreement.bootstrap import Estimate
from sayso.agreement.span_f1 import MARKED, estimate_f1

GROUP = "relations"
STRICT, LENIENT, GIVEN_SPANS, BETWEEN_COMMON = "strict", "lenient", "given_spans", "between_common"
UNIT = "relations of both"

RelationKeys = frozenset[tuple[tuple[str, SpanOccurrence, SpanOccurrence], int]]


def count_relations(into: DocumentStatistics, pair: AnnotationPair) -> None:
    """What two answers have in common, by type."""
    mine, theirs = pair.one.derive(relation_keys), pair.other.derive(relation_keys)
    for answer in (mine, theirs):
        for (kind, head, tail), _before in answer:
            into[GROUP, kind, MARKED] += 1
            into[GROUP, kind, BETWEEN_COMMON] += (
                head in pair.common_occurrences and tail in pair.common_occurrences
            )
    for (kind, _head, _tail), _before in mine & theirs:
        into[GROUP, kind, STRICT] += 1
        into[GROUP, kind, GIVEN_SPANS] += 1  # what both drew has ends that both marked
    for (kind, _mine, _theirs), _before in _match_leniently(pair):
        into[GROUP, kind, LENIENT] += 1


def relation_keys(indexed: IndexedAnnotation) -> RelationKeys:
    """The relations of an answer, by type and where their ends stand."""
    place = indexed.occurrences_by_id
    return frozenset(
        number_occurrences(
            (each.type, place[each.head], place[each.tail]) for each in indexed.annotation.relations
        )
    )


def _match_leniently(pair: AnnotationPair) -> Iterable[tuple[tuple[str, str, str], int]]:
    """Relations of the one whose ends are matched with the ends of one of the other's, of the same type."""
    partner = pair.matched_ids
    theirs = number_occurrences(
        (each.type, partner[each.head], partner[each.tail])
        for each in pair.other.annotation.relations
        if each.head in partner and each.tail in partner
    )
    return set(theirs) & set(
        number_occurrences(
            (each.type, each.head, each.tail) for each in pair.one.annotation.relations
        )
    )


def estimate_relations(sums: AgreementSums, types: Iterable[str]) -> Iterator[Estimate]:
    """F1 by each rule, for each type and for all."""
    for kind in types:
        yield estimate_f1(sums, (GROUP, kind), STRICT, "nobody drew one", UNIT)
        yield estimate_f1(sums, (GROUP, kind), LENIENT, "nobody drew one", UNIT)
        yield estimate_f1(
            sums,
            (GROUP, kind),
            GIVEN_SPANS,
            "nobody drew one between mentions of both",
            UNIT,
            BETWEEN_COMMON,
        )
