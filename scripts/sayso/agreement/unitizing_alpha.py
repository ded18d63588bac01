"""Krippendorff's alpha for unitizing: how far apart annotators set the units of a label.

Krippendorff (2004), "Measuring the reliability of qualitative text analysis data", Quality &
Quantity 38: observed disagreement is the mean squared distance of the sections of every two
annotators, expected disagreement that of the same units placed anywhere in the continuum. It is not
defined where one annotator's units of a label overlap.

Over several documents, both disagreements are weighted by the length of the document and summed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, combinations

from sayso.agreement.annotation_pairs import (
    ALL,
    AgreementSums,
    DocumentStatistics,
    IndexedAnnotation,
)
from sayso.agreement.jackknife import ALPHA, Estimate, estimate, ratio
from sayso.errors import SpanError
from sayso.spans import Span

GROUP = "units"
OBSERVED, EXPECTED, UNITS = "observed", "expected", "units"


def compute_disagreements(observers: Sequence[Sequence[Span]], length: int) -> tuple[float, float]:
    """Compute observed and expected disagreement about one label in a continuum of ``length``.

    Args:
        observers: each annotator's units, in order.

    Raises:
        SpanError: an annotator's units overlap, or lie outside the continuum.

    >>> one = [Span(75, 145), Span(220, 250)]
    >>> other = [Span(70, 150), Span(205, 225), Span(250, 270)]
    >>> observed, expected = compute_disagreements([one, other], 300)
    >>> round(observed, 4), round(expected, 4)
    (0.0144, 0.0532)
    """
    for units in observers:
        _validate_units(units, length)
    return _observed_disagreement(observers, length), _expected_disagreement(observers, length)


def _validate_units(units: Sequence[Span], length: int) -> None:
    before = 0
    for start, end in units:
        if start < before or end > length:
            outside = f"not inside {length} code points"
            what = outside if end > length else "overlaps another of the same annotator"
            raise SpanError(what, where=f"[{start}, {end})")
        before = end


def _observed_disagreement(observers: Sequence[Sequence[Span]], length: int) -> float:
    distance = sum(_squared_distance(one, other) for one, other in combinations(observers, 2))
    return 2 * distance / (len(observers) * (len(observers) - 1) * length**2)


def _squared_distance(one: Sequence[Span], other: Sequence[Span]) -> int:
    """Sum squares: distances between edges of overlapping units, lengths of units in a gap."""
    if one == other:
        return 0
    distance, first = 0, 0
    met = [False] * len(other)
    for start, end in one:
        while first < len(other) and other[first].end <= start:
            first += 1
        alone, k = True, first
        while k < len(other) and other[k].start < end:
            distance += (start - other[k].start) ** 2 + (end - other[k].end) ** 2
            met[k], alone = True, False
            k += 1
        distance += alone * (end - start) ** 2
    return distance + sum(
        (u.end - u.start) ** 2 for u, seen in zip(other, met, strict=True) if not seen
    )


def _expected_disagreement(observers: Sequence[Sequence[Span]], length: int) -> float:
    lengths = [end - start for units in observers for start, end in units]
    gaps = sorted(gap for units in observers for gap in _iterate_gaps(units, length))
    longest_first = [0, *accumulate(reversed(gaps))]
    distance = 0.0
    for unit in lengths:
        longer = len(gaps) - bisect_left(gaps, unit)
        positions = longest_first[longer] - longer * (unit - 1)  # where the unit lies in a gap
        among_units = (len(lengths) - 1) / 3 * (2 * unit**3 - 3 * unit**2 + unit)
        distance += among_units + unit**2 * positions
    total = len(observers) * length
    return (
        2 * distance / length / (total * (total - 1) - sum(unit * (unit - 1) for unit in lengths))
    )


def _iterate_gaps(units: Sequence[Span], length: int) -> Iterator[int]:
    before = 0
    for start, end in (*units, Span(length, length)):
        if start > before:
            yield start - before
        before = end


def count_units(
    into: DocumentStatistics,
    annotations: Sequence[IndexedAnnotation],
    length: int,
    undefined_labels: dict[str, str],
) -> None:
    """Count what a document gives.

    Adds labels that cannot be measured to ``undefined_labels``, with the reason.
    """
    for label in sorted({label for each in annotations for label in each.mentions_by_label}):
        observers = [
            [m.span for m in each.mentions_by_label.get(label, ())] for each in annotations
        ]
        try:
            observed, expected = compute_disagreements(observers, length)
        except SpanError as error:
            where = f"document {annotations[0].annotation.doc_id} {error.where}"
            undefined_labels.setdefault(label, f"{where}: {label} {error.what}")
            continue
        into[GROUP, label, OBSERVED] += observed * length
        into[GROUP, label, EXPECTED] += expected * length
        into[GROUP, label, UNITS] += sum(map(len, observers))


def estimate_units(
    sums: AgreementSums, labels: Iterable[str], undefined_labels: Mapping[str, str]
) -> Iterator[Estimate]:
    """Yield alpha for each label. ALL is undefined as soon as one label is."""
    for label in labels:
        if label == ALL:
            reason = next(iter(undefined_labels.values()), "")
        else:
            reason = undefined_labels.get(label, "")
        expected, units = sums[GROUP, label, EXPECTED], (GROUP, label, UNITS)
        alpha = 1 - ratio(sums[GROUP, label, OBSERVED], 0 * expected if reason else expected)
        n, documents = sums.total(units), sums.count_documents(units)
        reason = reason or "nobody marked one"
        name = ("spans", label, "units")
        yield estimate(name, alpha, n, "mentions", documents, reason, limits=ALPHA)
