"""Krippendorff's alpha for unitizing: how far apart annotators set the units of a label.

Krippendorff (2004), "Measuring the reliability of qualitative text analysis data", Quality &
Quantity 38: observed disagreement is the mean squared distance of the sections of every two
annotators, expected disagreement that of the same units placed anywhere in the continuum.

All documents are one continuum, one after the other, with the gaps between units, also those that
run on into the next document. That is what DKPro Agreement computes of a collection laid end to
end. An annotator's continuum has the documents that they annotated, and each of the m annotators of
a document meets the others there with weight 1 / (m - 1), which changes nothing where all have
annotated all.

Alpha is not defined where one annotator's units of a label overlap. Such documents are left out of
the continuum of the label, and named.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, pairwise
from typing import cast

import numpy as np

from sayso.agreement.annotation_pairs import (
    ALL,
    AgreementSums,
    AnnotationSet,
    DocumentStatistics,
    StatisticKey,
)
from sayso.agreement.jackknife import (
    ALPHA,
    DocumentSums,
    Estimate,
    JackknifeValues,
    estimate,
    ratio,
)
from sayso.spans import Span

# Counted by label; units and gaps by their length, everything else with length 0.
_OBSERVED, _ANNOTATED, _UNITS, _UNIT, _GAP = "observed", "annotated", "units", "unit", "gap"
WITHOUT_OVERLAPS = "units_without_overlaps"
_NAMED_DOCUMENTS = 3


class UnitContinuum:
    """The units of all labels in all documents, one after the other.

    Attributes:
        overlapping: the documents where an annotator's mentions of a label overlap, by label.
    """

    def __init__(self) -> None:
        self.overlapping: defaultdict[str, list[str]] = defaultdict(list)
        self._documents: list[DocumentStatistics] = []
        self._longest: Counter[str] = Counter()  # by label
        # In each annotator's continuum: its length, what a label skips, and the end of its units.
        self._lengths: Counter[str] = Counter()
        self._skipped: Counter[tuple[str, str]] = Counter()
        self._ends: Counter[tuple[str, str]] = Counter()

    def add(self, doc_id: str, length: int, sets: Iterable[AnnotationSet]) -> None:
        """Add a document of ``length`` code points."""
        found: DocumentStatistics = defaultdict(float)
        for each in sets:
            self._add_set(found, doc_id, length, each)
        self._documents.append(found)

    def _add_set(
        self, into: DocumentStatistics, doc_id: str, length: int, annotations: AnnotationSet
    ) -> None:
        weight, names = 1 / (len(annotations.annotations) - 1), annotations.names
        into["", _ANNOTATED, 0] += length * len(names)
        labels = {label for each in annotations.annotations for label in each.mentions_by_label}
        for label in sorted(labels):
            observers = [
                [mention.span for mention in each.mentions_by_label.get(label, ())]
                for each in annotations.annotations
            ]
            if any(_overlap_each_other(units) for units in observers):
                if doc_id not in self.overlapping[label][-1:]:
                    self.overlapping[label].append(doc_id)
                into[label, _ANNOTATED, 0] -= length * len(names)
                self._skipped.update({(label, name): length for name in names})
                continue
            distances = (_squared_distance(*two) for two in combinations(observers, 2))
            into[label, _OBSERVED, 0] += 2 * weight * sum(distances)
            for name, units in zip(names, observers, strict=True):
                self._add_units(into, label, name, units)
        self._lengths.update(dict.fromkeys(names, length))

    def find_overlapping(self, label: str) -> list[str]:
        """Return the documents where an annotator's mentions of a label overlap, of ALL any."""
        if label != ALL:
            return self.overlapping.get(label, [])
        return sorted({doc_id for each in self.overlapping.values() for doc_id in each})

    def _add_units(
        self, into: DocumentStatistics, label: str, name: str, units: Sequence[Span]
    ) -> None:
        """Count an annotator's units by length, and the gap before each."""
        start = self._lengths[name] - self._skipped[label, name]
        for unit in units:
            length = unit.end - unit.start
            self._longest[label] = max(self._longest[label], length)
            into[label, _UNIT, length] += 1
            into[label, _GAP, start + unit.start - self._ends[label, name]] += 1
            self._ends[label, name] = start + unit.end
        for counted in (label, ALL):
            into[counted, _UNITS, 0] += len(units)

    def add_empty(self, documents: int) -> None:
        """Add documents that contribute nothing."""
        self._documents.extend(defaultdict(float) for _ in range(documents))

    def build_sums(self) -> DocumentSums[StatisticKey]:
        """Return what each document contributes, once all are there.

        The gaps at the very end are the last one's.
        """
        for label in self._longest:
            for name, length in self._lengths.items():
                gap = length - self._skipped[label, name] - self._ends[label, name]
                self._documents[-1][label, _GAP, gap] += 1
        sums: DocumentSums[StatisticKey] = DocumentSums()
        for found in self._documents:
            sums.add({key: count for key, count in found.items() if self._counts(key)})
        return sums

    def _counts(self, key: StatisticKey) -> bool:
        """Return False for a gap that every unit fits into: `compute_disagreements` says why."""
        label, what, length = key
        return what != _GAP or cast(int, length) < self._longest[label] - 1

    def compute_disagreements(
        self, sums: AgreementSums, label: str
    ) -> tuple[JackknifeValues, JackknifeValues]:
        """Compute observed and expected disagreement about one label, times the length.

        A unit of length l fits into a gap of length g at ``g - l + 1`` places if it is not longer.
        Over all gaps that is the length of all gaps minus ``l - 1`` times their number, and for
        those that are shorter than ``l - 1`` what was subtracted in excess. There are as many gaps
        as units and annotators, if those of length 0 count, too.
        """
        units, gaps = _collect(sums, label, _UNIT), _collect(sums, label, _GAP)
        if not units:
            return 0 * sums["", _ANNOTATED, 0], 0 * sums["", _ANNOTATED, 0]
        numbers = np.array([*units.values()])
        lengths = np.array([*units], dtype=np.float64)[:, np.newaxis]
        count, total, squares, cubes = ((numbers * lengths**n).sum(axis=0) for n in range(4))
        annotated = sums["", _ANNOTATED, 0] + sums[label, _ANNOTATED, 0]
        among_units = (count - 1) / 3 * (2 * cubes - 3 * squares + total)
        in_gaps = squares * (annotated - total)
        in_gaps -= (cubes - squares) * (count + len(self._lengths))
        if gaps:
            excess = np.maximum(lengths - 1 - np.array([*gaps]), 0) * lengths**2
            in_gaps += (excess @ np.array([*gaps.values()]) * numbers).sum(axis=0)
        pairs = annotated * (annotated - 1) - (squares - total)
        observed = ratio(sums[label, _OBSERVED, 0], annotated)
        return observed, ratio(2 * (among_units + in_gaps), pairs)


def _collect(sums: AgreementSums, label: str, what: str) -> dict[int, JackknifeValues]:
    return {cast(int, key[2]): sums[key] for key in sums.columns if key[:2] == (label, what)}


def _overlap_each_other(units: Sequence[Span]) -> bool:
    """Test whether sorted units overlap."""
    return any(before.end > after.start for before, after in pairwise(units))


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


def estimate_units(continuum: UnitContinuum, labels: Sequence[str]) -> Iterator[Estimate]:
    """Yield alpha for each label, and for ALL, where disagreements are summed over labels.

    Where mentions of one annotator overlap, alpha is undefined, and that of the other documents
    stands beside it.
    """
    sums = continuum.build_sums().leave_out()
    found = {
        label: continuum.compute_disagreements(sums, label) for label in labels if label != ALL
    }
    observed, expected = (np.nansum(each, axis=0) for each in zip(*found.values(), strict=True))
    found[ALL] = observed, expected
    for label in labels:
        alpha, none = 1 - ratio(*found[label]), "nobody marked one"
        key = (label, _UNITS, 0)
        extent = sums.total(key), "mentions", sums.count_documents(key)
        documents = continuum.find_overlapping(label)
        if documents:
            why = f"mentions of one annotator and label overlap in {_name_documents(documents)}"
            yield estimate(("spans", label, "units"), np.nan * alpha, *extent, why, limits=ALPHA)
            none = "nobody marked one elsewhere"
        measure = WITHOUT_OVERLAPS if documents else "units"
        yield estimate(("spans", label, measure), alpha, *extent, none, limits=ALPHA)


def _name_documents(documents: Sequence[str]) -> str:
    named = ", ".join(documents[:_NAMED_DOCUMENTS])
    more = len(documents) - _NAMED_DOCUMENTS
    return f"{named} and {more:,} more documents" if more > 0 else named
