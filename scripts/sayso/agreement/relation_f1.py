"""F1 of relations: strict, lenient, and given the spans.

Strictly, type, labels and spans of both ends are equal. Leniently, the ends are matched mentions
that overlap. Given the spans, only relations between labelled spans that both annotators have are
counted: what is left there is disagreement about relations alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sayso.agreement.annotation_pairs import (
    AgreementSums,
    AnnotationPair,
    DocumentStatistics,
    IndexedAnnotation,
    Occurrences,
    SpanOccurrence,
    number_occurrences,
)
from sayso.agreement.jackknife import Estimate
from sayso.agreement.span_f1 import MARKED, estimate_f1

GROUP = "relations"
STRICT, LENIENT, GIVEN_SPANS, BETWEEN_COMMON = "strict", "lenient", "given_spans", "between_common"

RelationKeys = frozenset[tuple[tuple[str, SpanOccurrence, SpanOccurrence], int]]


def count_relations(
    into: DocumentStatistics, pair: AnnotationPair, symmetric: frozenset[str] = frozenset()
) -> None:
    """Count what two annotations have in common, by type.

    Args:
        symmetric: types whose ends mean the same.
    """
    common = pair.common_occurrences
    mine, theirs = pair.derive(relation_keys)
    for relations in (mine, theirs):
        for (kind, head, tail), _before in relations:
            into[GROUP, kind, MARKED] += 1
            into[GROUP, kind, BETWEEN_COMMON] += head in common and tail in common
    for (kind, _head, _tail), _before in mine & theirs:
        into[GROUP, kind, STRICT] += 1
        into[GROUP, kind, GIVEN_SPANS] += 1  # both ends of a common relation are common spans
    for (kind, _mine, _theirs), _before in _match_leniently(pair, symmetric):
        into[GROUP, kind, LENIENT] += 1


def relation_keys(indexed: IndexedAnnotation, keys: Occurrences) -> RelationKeys:
    """Return the relations of an annotation by type and the labelled spans of their ends."""
    relations = indexed.annotation.relations
    return frozenset(
        number_occurrences((each.type, keys[each.head], keys[each.tail]) for each in relations)
    )


def _match_leniently(
    pair: AnnotationPair, symmetric: frozenset[str]
) -> Iterable[tuple[tuple[str, str, str], int]]:
    """Match relations by the ids of one annotation; spans that differ may turn a symmetric one."""

    def make_key(kind: str, head: str, tail: str) -> tuple[str, str, str]:
        return (kind, tail, head) if kind in symmetric and tail < head else (kind, head, tail)

    ids = pair.matched_ids
    mine = (make_key(each.type, each.head, each.tail) for each in pair.one.annotation.relations)
    theirs = (
        make_key(each.type, ids[each.head], ids[each.tail])
        for each in pair.other.annotation.relations
        if each.head in ids and each.tail in ids
    )
    return set(number_occurrences(mine)) & set(number_occurrences(theirs))


def estimate_relations(sums: AgreementSums, types: Iterable[str]) -> Iterator[Estimate]:
    """Yield F1 by each rule, for each type."""
    unit, reason = "relations of both", "nobody drew one"
    for kind in types:
        subject = (GROUP, kind)
        yield estimate_f1(sums, subject, STRICT, reason, unit)
        yield estimate_f1(sums, subject, LENIENT, reason, unit)
        reason_given = "nobody drew one between mentions of both"
        yield estimate_f1(sums, subject, GIVEN_SPANS, reason_given, unit, BETWEEN_COMMON)
