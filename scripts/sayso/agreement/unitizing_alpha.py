"""Krippendorff's alpha for unitizing: where units begin and end in a continuum, and how far apart annotators set them.

After Krippendorff (2004), “Measuring the reliability of qualitative text analysis data”, Quality & Quantity 38: for
each label, observed disagreement is the mean squared distance of the sections of every two annotators, and expected
disagreement that of the same units laid anywhere in the continuum. One annotator's units of one label must not
overlap; where they do the measure says nothing, and that is raised, not passed over.

Over several continua both disagreements are weighted by the length of the continuum and summed.
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
from sayso.agreement.bootstrap import Estimate, estimate, ratio
from sayso.errors import SpanError
from sayso.spans import Span

GROUP = "units"
OBSERVED, EXPECTED, UNITS = "observed", "expected", "units"


def compute_disagreements(observers: Sequence[Sequence[Span]], length: int) -> tuple[float, float]:
    """Observed and expected disagreement of one label in one continuum of ``length``; each annotator's units in order.

    Raises:
        SpanError: an annotator's units overlap, or stand outside the continuum.

    >>> one, second_annotation = [Span(75, 145), Span(220, 250)], [Span(70, 150), Span(205, 225), Span(250, 270)]
    >>> observed, expected = compute_disagreements([one, second_annotation], 300)
    >>> round(observed, 4), round(expected, 4)
    (0.0144, 0.0532)
    """
    for units in observers:
        _check_units(units, length)
    return _observed_disagreement(observers, length), _expected_disagreement(observers, length)


def unitizing_alpha(observers: Iterable[Sequence[Sequence[Span]]], length: int) -> float | None:
    """Alpha of one continuum over labels, each with its annotators' units; None where nobody marked any.

    Raises:
        SpanError: as ``compute_disagreements``.

    >>> unitizing_alpha([[[Span(1, 9)], [Span(1, 9)]]], 10), unitizing_alpha([[[], []]], 10)
    (1.0, None)
    """
    found = [compute_disagreements(label, length) for label in observers]
    expected = sum(e for _o, e in found)
    return 1 - sum(o for o, _e in found) / expected if expected else None


def _check_units(units: Sequence[Span], length: int) -> None:
    before = 0
    for unit in units:
        if unit.start < before or unit.end > length:
            what = (
                "overlaps another of the same annotator"
                if unit.end <= length
                else f"not inside {length} code points"
            )
            raise SpanError(what, where=f"[{unit.start}, {unit.end})")
        before = unit.end


def _observed_disagreement(observers: Sequence[Sequence[Span]], length: int) -> float:
    apart = sum(_squared_distance(one, other) for one, other in combinations(observers, 2))
    return 2 * apart / (len(observers) * (len(observers) - 1) * length**2)


def _squared_distance(one: Sequence[Span], other: Sequence[Span]) -> int:
    """Squared distances: of units that overlap, by their edges; of a unit in the other's gap, its length."""
    if one == other:
        return 0
    apart, first = 0, 0
    touched = [False] * len(other)
    for start, end in one:
        while first < len(other) and other[first].end <= start:
            first += 1
        alone, k = True, first
        while k < len(other) and other[k].start < end:
            apart += (start - other[k].start) ** 2 + (end - other[k].end) ** 2
            touched[k], alone = True, False
            k += 1
        apart += alone * (end - start) ** 2
    return apart + sum(
        (unit.end - unit.start) ** 2 for unit, met in zip(other, touched, strict=True) if not met
    )


def _expected_disagreement(observers: Sequence[Sequence[Span]], length: int) -> float:
    lengths = [end - start for units in observers for start, end in units]
    gaps = sorted(gap for units in observers for gap in _iterate_gaps(units, length))
    rest = [0, *accumulate(reversed(gaps))]
    apart = 0.0
    for unit in lengths:
        longer = len(gaps) - bisect_left(gaps, unit)
        fits = rest[longer] - longer * (unit - 1)  # at how many places the unit lies in a gap
        apart += (len(lengths) - 1) / 3 * (2 * unit**3 - 3 * unit**2 + unit) + unit**2 * fits
    whole = len(observers) * length
    return 2 * apart / length / (whole * (whole - 1) - sum(unit * (unit - 1) for unit in lengths))


def _iterate_gaps(units: Sequence[Span], length: int) -> Iterator[int]:
    before = 0
    for start, end in units:
        if start > before:
            yield start - before
        before = end
    if length > before:
        yield length - before


def count_units(
    into: DocumentStatistics,
    annotations: Sequence[IndexedAnnotation],
    length: int,
    undefined_labels: dict[str, str],
) -> None:
    """What a document gives; a label that cannot be measured is put into ``refused`` with the reason."""
    for label in sorted({label for answer in annotations for label in answer.mentions_by_label}):
        observers = [
            [Span(m.start, m.end) for m in answer.mentions_by_label.get(label, ())]
            for answer in annotations
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
    """Alpha for each label, and over all labels unless one was refused."""
    for label in labels:
        why = (
            next(iter(undefined_labels.values()), "")
            if label == ALL
            else undefined_labels.get(label, "")
        )
        expected = sums[GROUP, label, EXPECTED]
        values = 1 - ratio(sums[GROUP, label, OBSERVED], 0 * expected if why else expected)
        n, documents = (
            sums.total((GROUP, label, UNITS)),
            sums.count_documents((GROUP, label, UNITS)),
        )
        yield estimate(
            ("spans", label, "units"), values, n, "mentions", documents, why or "nobody marked one"
        )
