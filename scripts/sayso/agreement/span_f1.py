"""F1 of spans with their labels: on the very same place, but for their edges, and on common code points.

Of two annotators neither is right, so F1 is what both marked, twice, over what either marked: the harmonic mean of
precision and recall whichever of them is taken for the truth.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sayso.agreement.annotation_pairs import (
    ALL,
    AgreementSums,
    AnnotationPair,
    DocumentStatistics,
    IndexedAnnotation,
    SpanOccurrence,
)
from sayso.agreement.bootstrap import Estimate, estimate, ratio

SPANS, MACHINE = "spans", "machine"
EXACT, NORMALISED, OVERLAP = "exact", "normalised", "overlap"
MARKED, STARTED, KEPT = "marked", "started", "kept"
UNIT = "mentions of both"
_SHARE, _WITHOUT, _AGREED_MENTIONS = "share", "exact_without", "mentions agreed on"
_NOBODY_MARKED = "nobody marked one"


def count_spans(into: DocumentStatistics, pair: AnnotationPair) -> None:
    """What two answers have in common, by label."""
    for answer in (pair.one, pair.other):
        for label, layer in answer.mentions_by_label.items():
            into[SPANS, label, MARKED] += len(layer)
    _count_by_label(into, EXACT, pair.common_occurrences)
    _count_by_label(
        into, NORMALISED, pair.one.normalised_occurrences & pair.other.normalised_occurrences
    )
    for mine, _theirs in pair.matched_mentions:
        into[SPANS, mine.label, OVERLAP] += 1


def _count_by_label(into: DocumentStatistics, what: str, places: Iterable[SpanOccurrence]) -> None:
    for (label, _start, _end), _before in places:
        into[SPANS, label, what] += 1


def estimate_spans(sums: AgreementSums, labels: Iterable[str]) -> Iterator[Estimate]:
    """F1 by each rule, for each label and for all."""
    for label in labels:
        for what in (EXACT, NORMALISED, OVERLAP):
            yield estimate_f1(sums, (SPANS, label), what, _NOBODY_MARKED)


def estimate_f1(
    sums: AgreementSums,
    subject: tuple[str, str],
    measure: str,
    reason: str,
    unit: str = UNIT,
    denominator: str = MARKED,
) -> Estimate:
    """What both have, twice, over what either has."""
    either = (*subject, denominator)
    values = ratio(2 * sums[(*subject, measure)], sums[either])
    return estimate(
        (*subject, measure), values, sums.total(either), unit, sums.count_documents(either), reason
    )


def count_kept_predictions(into: DocumentStatistics, pair: AnnotationPair) -> None:
    """How much of what two answers have in common are predictions that both left as they were."""
    if not (_has_predictions(pair.one) or _has_predictions(pair.other)):
        return
    mine, theirs = pair.one.mentions_by_occurrence, pair.other.mentions_by_occurrence
    for place in pair.common_occurrences:
        if mine[place].started_from == theirs[place].started_from == "prediction":
            into[MACHINE, place[0][0], KEPT] += 1
    into[MACHINE, ALL, STARTED] += 1


def _has_predictions(indexed: IndexedAnnotation) -> bool:
    return any(mention.started_from for mention in indexed.annotation.mentions)


def estimate_machine_share(sums: AgreementSums, labels: Iterable[str]) -> Iterator[Estimate]:
    """The machine's share of exact agreement, and exact F1 over what both did not just leave as it was predicted."""
    if not sums.total((MACHINE, ALL, STARTED)):
        nothing, why = sums[MACHINE, ALL, KEPT], "no mention was taken over from a prediction"
        for measure, unit in ((_SHARE, _AGREED_MENTIONS), (_WITHOUT, UNIT)):
            yield estimate((MACHINE, ALL, measure), ratio(nothing, nothing), 0, unit, 0, why)
        return
    for label in labels:
        marked, agreed = (SPANS, label, MARKED), (SPANS, label, EXACT)
        kept, exact = sums[MACHINE, label, KEPT], sums[agreed]
        yield estimate(
            (MACHINE, label, _SHARE),
            ratio(kept, exact),
            sums.total(agreed),
            _AGREED_MENTIONS,
            sums.count_documents(agreed),
            "they agree on none",
        )
        rest = sums[marked] - 2 * kept
        yield estimate(
            (MACHINE, label, _WITHOUT),
            ratio(2 * (exact - kept), rest),
            round(float(rest[0])),
            UNIT,
            sums.count_documents(marked),
            "nothing else was marked",
        )
