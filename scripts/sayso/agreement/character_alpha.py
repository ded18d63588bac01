"""Krippendorff's nominal alpha over code points: inside a label or not, for each annotator.

Krippendorff, Content Analysis (2004), chapter 11. The edges of mentions are swept in order, never
single code points. Overlapping mentions of one annotator and label count once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sayso.agreement.annotation_pairs import (
    ALL,
    AgreementSums,
    DocumentStatistics,
    IndexedAnnotation,
)
from sayso.agreement.jackknife import ALPHA, Estimate, JackknifeValues, estimate, ratio

GROUP = "characters"
INSIDE, DISPUTED, VALUES, LENGTH = "inside", "disputed", "values", "length"


def count_characters(
    into: DocumentStatistics, annotations: Sequence[IndexedAnnotation], length: int
) -> None:
    """Count what two or more annotations of a text of ``length`` code points give."""
    annotators = len(annotations)
    into[GROUP, "", VALUES] += annotators * length
    into[GROUP, "", LENGTH] += length
    for label in {label for each in annotations for label in each.mentions_by_label}:
        layers = [
            [(m.start, m.end) for m in each.mentions_by_label.get(label, ())]
            for each in annotations
        ]
        inside, squared = sum_coverage(layers)
        into[GROUP, label, INSIDE] += inside
        into[GROUP, label, DISPUTED] += (annotators * inside - squared) / (annotators - 1)


def sum_coverage(layers: Iterable[Sequence[tuple[int, int]]]) -> tuple[int, int]:
    """Sum, over all offsets, the number of annotators that cover one, and its square.

    Args:
        layers: for each annotator starts and ends, sorted.
    """
    edges = sorted(edge for layer in layers for edge in _iterate_edges(layer))
    inside = squared = depth = last = 0
    for offset, step in edges:
        inside += depth * (offset - last)
        squared += depth * depth * (offset - last)
        depth, last = depth + step, offset
    return inside, squared


def _iterate_edges(layer: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield (start, +1) and (end, -1) for the union of one annotator's sorted spans."""
    start = end = -1
    for first, last in layer:
        if first > end:
            if start >= 0:
                yield from ((start, 1), (end, -1))
            start, end = first, last
        elif last > end:
            end = last
    if start >= 0:
        yield from ((start, 1), (end, -1))


def estimate_characters(sums: AgreementSums, labels: Iterable[str]) -> Iterator[Estimate]:
    """Yield alpha for each label; see `estimate_coverage`."""
    yield from estimate_coverage(sums, labels, GROUP, "code points")


def estimate_coverage(
    sums: AgreementSums, labels: Iterable[str], group: str, unit: str
) -> Iterator[Estimate]:
    """Yield alpha for each label. For ALL, disagreements are summed over labels.

    Args:
        group: of what was counted, and the name of the measure.
    """
    values = sums[group, "", VALUES]
    by_label = {
        label: _sum_disagreements(sums, group, label, values) for label in labels if label != ALL
    }
    zero = 0 * values
    by_label[ALL] = (
        sum((observed for observed, _ in by_label.values()), zero),
        sum((expected for _, expected in by_label.values()), zero),
    )
    n = sums.total((group, "", LENGTH))
    for label in labels:
        observed, expected = by_label[label]
        inside = (group, label, INSIDE)
        everywhere = label != ALL and sums[inside][0] == values[0] > 0
        reason = "everything is marked by everybody" if everywhere else "nobody marked one"
        alpha, documents = 1 - ratio(observed, expected), sums.count_documents(inside)
        name = ("spans", label, group)
        yield estimate(name, alpha, n, unit, documents, reason, limits=ALPHA)


def _sum_disagreements(
    sums: AgreementSums, group: str, label: str, values: JackknifeValues
) -> tuple[JackknifeValues, JackknifeValues]:
    inside = sums[group, label, INSIDE]
    return sums[group, label, DISPUTED], ratio(inside * (values - inside), values - 1)
