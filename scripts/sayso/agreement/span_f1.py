"""F1 of spans with their labels: exact, normalised at the edges, and by overlap.

Neither of two annotators is right, so F1 is twice what both marked over what either marked: the
harmonic mean of precision and recall, whichever of them is taken for the truth.
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
)
from sayso.agreement.jackknife import Estimate, estimate, estimate_share, ratio
from sayso.agreement.twins import SpanOccurrence

SPANS, MACHINE = "spans", "machine"
ANY = "any label"
"""The subject that stands for spans without their labels."""
EXACT, NORMALISED, OVERLAP = "exact", "normalised", "overlap"
MARKED, STARTED, KEPT = "marked", "started", "kept"
UNITS = "units"
"""Counted by subject: what annotations have, each once; MARKED counts it once for each pair."""

_SHARE, _WITHOUT = "share", "exact_without"
_AGREED_MENTIONS, _OTHERS = "pairs of equal mentions", "other mentions, over all pairs"


def count_spans(into: DocumentStatistics, pair: AnnotationPair) -> None:
    """Count what two annotations have in common, by label."""
    for key, number in pair.count_once(_count_pair).items():
        into[key] += number


def _count_pair(into: DocumentStatistics, pair: AnnotationPair) -> None:
    one, other = pair.one.mentions_by_label, pair.other.mentions_by_label
    for annotation in (one, other):
        for label, mentions in annotation.items():
            into[SPANS, label, MARKED] += len(mentions)
    for label in (*one, *other, ALL):
        into[SPANS, label, PAIRS] = bool(one or other)
    _count_by_label(into, EXACT, pair.common_occurrences)
    normalised = pair.one.normalised_occurrences & pair.other.normalised_occurrences
    _count_by_label(into, NORMALISED, normalised)
    for mine, _theirs in pair.matched_mentions:
        into[SPANS, mine.label, OVERLAP] += 1


def count_mentions(into: DocumentStatistics, annotation: IndexedAnnotation) -> None:
    """Count the mentions of an annotation, by label."""
    for label, mentions in annotation.mentions_by_label.items():
        into[SPANS, label, UNITS] += len(mentions)


def count_unlabelled(into: DocumentStatistics, pair: AnnotationPair) -> None:
    """Count the spans that two annotations have in common, whatever their labels."""
    one, other = (
        Counter([(m.start, m.end) for m in each.annotation.mentions])
        for each in (pair.one, pair.other)
    )
    into[SPANS, ANY, MARKED] += one.total() + other.total()
    into[SPANS, ANY, PAIRS] += bool(one or other)
    into[SPANS, ANY, EXACT] += (one & other).total()


def estimate_unlabelled(sums: AgreementSums) -> Iterator[Estimate]:
    """Yield F1 of spans without their labels."""
    yield estimate_f1(sums, (SPANS, ANY), EXACT, "nobody marked one")


def _count_by_label(
    into: DocumentStatistics, what: str, occurrences: Iterable[SpanOccurrence], group: str = SPANS
) -> None:
    for (label, _start, _end), _before in occurrences:
        into[group, label, what] += 1


def estimate_spans(sums: AgreementSums, labels: Iterable[str]) -> Iterator[Estimate]:
    """Yield F1 by each rule, for each label."""
    for label in labels:
        for measure in (EXACT, NORMALISED, OVERLAP):
            yield estimate_f1(sums, (SPANS, label), measure, "nobody marked one")


def estimate_f1(
    sums: AgreementSums,
    subject: tuple[str, str],
    measure: str,
    reason: str,
    unit: str = "mentions",
    of: str = "",
) -> Estimate:
    """Estimate twice the common count over the sum of both counts, over all pairs of annotations.

    Args:
        of: what MARKED, UNITS and PAIRS are counted of; default everything.
    """
    whole, units, pairs = ((*subject, counted + of) for counted in (MARKED, UNITS, PAIRS))
    return estimate(
        (*subject, measure),
        ratio(2 * sums[*subject, measure], sums[whole]),
        sums.total(units),
        unit,
        sums.count_documents(whole),
        reason,
        pairs=sums.total(pairs),
    )


def count_kept_predictions(into: DocumentStatistics, pair: AnnotationPair) -> None:
    """Count the common mentions that are predictions which both annotators left as they were."""
    if not (_has_predictions(pair.one) or _has_predictions(pair.other)):
        return
    mine, theirs = (
        {
            key
            for name, key in keys.items()
            if each.mentions_by_id[name].started_from == "prediction"
        }
        for each, keys in zip((pair.one, pair.other), pair.occurrences, strict=True)
    )
    _count_by_label(into, KEPT, mine & theirs, MACHINE)
    into[MACHINE, ALL, STARTED] += 1


def _has_predictions(indexed: IndexedAnnotation) -> bool:
    return any(mention.started_from for mention in indexed.annotation.mentions)


def estimate_machine_share(sums: AgreementSums, labels: Iterable[str]) -> Iterator[Estimate]:
    """Yield the share of exact agreement that is kept predictions, and exact F1 without those."""
    if not sums.total((MACHINE, ALL, STARTED)):
        undefined = ratio(sums[MACHINE, ALL, KEPT], sums[MACHINE, ALL, STARTED])
        reason = "no mention was taken over from a prediction"
        for measure, unit in ((_SHARE, _AGREED_MENTIONS), (_WITHOUT, _OTHERS)):
            yield estimate((MACHINE, ALL, measure), undefined, 0, unit, 0, reason)
        return
    for label in labels:
        marked, agreed, kept = (SPANS, label, MARKED), (SPANS, label, EXACT), (MACHINE, label, KEPT)
        name = (MACHINE, label, _SHARE)
        yield estimate_share(sums, name, kept, agreed, _AGREED_MENTIONS, "they agree on none")
        rest = sums[marked] - 2 * sums[kept]
        yield estimate(
            (MACHINE, label, _WITHOUT),
            ratio(2 * (sums[agreed] - sums[kept]), rest),
            round(float(rest[0])),
            _OTHERS,
            sums.count_documents(marked),
            "nothing else was marked",
        )
