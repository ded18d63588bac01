"""F1 of relations: strict, lenient, and given the spans.

Strictly, type, labels and spans of both ends are equal. Leniently, the ends are matched mentions
that overlap. Given the spans, only relations between labelled spans that both annotators have are
counted: what is left there is disagreement about relations alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from sayso.agreement.annotation_pairs import (
    ALL,
    PAIRS,
    AgreementSums,
    AnnotationPair,
    DocumentStatistics,
    IndexedAnnotation,
    Occurrences,
    number_occurrences,
)
from sayso.agreement.jackknife import Estimate, estimate, ratio
from sayso.agreement.span_f1 import MARKED, UNITS, estimate_f1
from sayso.agreement.twins import SpanOccurrence, order_ends

GROUP = "relations"
STRICT, LENIENT, GIVEN_SPANS, BETWEEN_COMMON = "strict", "lenient", "given_spans", "between_common"

RelationKeys = frozenset[tuple[tuple[str, SpanOccurrence, SpanOccurrence], int]]


def count_relations(into: DocumentStatistics, pair: AnnotationPair) -> None:
    """Count what two annotations have in common, by type."""
    common = pair.common_occurrences
    mine, theirs = pair.derive(relation_keys)
    drawn, between = Counter[str](), Counter[str]()
    for relations in (mine, theirs):
        for (kind, head, tail), _before in relations:
            drawn[kind] += 1
            between[kind] += head in common and tail in common
    for counts, of in ((drawn, ""), (+between, BETWEEN_COMMON)):
        for kind, number in counts.items():
            into[GROUP, kind, MARKED + of] += number
        for kind in (*counts, ALL) if counts else ():
            into[GROUP, kind, PAIRS + of] += 1
    for (kind, _head, _tail), _before in mine & theirs:
        into[GROUP, kind, STRICT] += 1
        into[GROUP, kind, GIVEN_SPANS] += 1  # both ends of a common relation are common spans
    for (kind, _mine, _theirs), _before in _match_leniently(pair):
        into[GROUP, kind, LENIENT] += 1


def count_drawn(into: DocumentStatistics, annotation: IndexedAnnotation) -> None:
    """Count the relations of an annotation, by type."""
    for relation in annotation.annotation.relations:
        into[GROUP, relation.type, UNITS] += 1


def relation_keys(indexed: IndexedAnnotation, keys: Occurrences) -> RelationKeys:
    """Return the relations of an annotation by type and the labelled spans of their ends."""
    return frozenset(
        number_occurrences(
            order_ends(each.type, keys[each.head], keys[each.tail], indexed.symmetric)
            for each in indexed.annotation.relations
        )
    )


def _match_leniently(pair: AnnotationPair) -> Iterable[tuple[tuple[str, str, str], int]]:
    """Match relations by the ids of one annotation; spans that differ may turn a symmetric one."""
    ids, symmetric = pair.matched_ids, pair.one.symmetric
    mine = (
        order_ends(each.type, each.head, each.tail, symmetric)
        for each in pair.one.annotation.relations
    )
    theirs = (
        order_ends(each.type, ids[each.head], ids[each.tail], symmetric)
        for each in pair.other.annotation.relations
        if each.head in ids and each.tail in ids
    )
    return set(number_occurrences(mine)) & set(number_occurrences(theirs))


def estimate_relations(sums: AgreementSums, types: Iterable[str]) -> Iterator[Estimate]:
    """Yield F1 by each rule, for each type."""
    unit, reason = "relations", "nobody drew one"
    for kind in types:
        subject = (GROUP, kind)
        yield estimate_f1(sums, subject, STRICT, reason, unit)
        yield estimate_f1(sums, subject, LENIENT, reason, unit)
        yield _estimate_given_spans(sums, subject)


def _estimate_given_spans(sums: AgreementSums, subject: tuple[str, str]) -> Estimate:
    """Estimate F1 of the relations between common spans; n is summed over pairs of annotations."""
    whole, pairs = ((*subject, counted + BETWEEN_COMMON) for counted in (MARKED, PAIRS))
    return estimate(
        (*subject, GIVEN_SPANS),
        ratio(2 * sums[*subject, GIVEN_SPANS], sums[whole]),
        sums.total(whole),
        "relations, over all pairs",
        sums.count_documents(whole),
        "nobody drew one between mentions of both",
        pairs=sums.total(pairs),
    )
