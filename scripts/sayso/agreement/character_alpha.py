"""Krippendorff's alpha over code points: each is inside a label or not, for every annotator who saw the document.

Never a code point at a time: the edges of mentions are walked in order. An annotator's mentions of one label that
overlap count once, since a code point is inside or is not. Krippendorff, Content Analysis (2004), chapter 11.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sayso.agreement.annotation_pairs import (
    ALL,
    AgreementSums,
    DocumentStatistics,
    IndexedAnnotation,
)
from sayso.agreement.bootstrap import Estimate, SampledValues, estimate, ratio
from sayso.models import Mention

GROUP = "characters"
_INSIDE, _DISPUTED, _VALUES, _LENGTH = "inside", "crossed", "values", "length"


def count_characters(
    into: DocumentStatistics, annotations: Sequence[IndexedAnnotation], length: int
) -> None:
    """What a text of ``length`` code points gives, read by two annotators or more."""
    into[GROUP, "", _VALUES] += len(annotations) * length
    into[GROUP, "", _LENGTH] += length
    for label in {label for answer in annotations for label in answer.mentions_by_label}:
        inside, squared = _sum_coverage(
            [answer.mentions_by_label.get(label, ()) for answer in annotations]
        )
        into[GROUP, label, _INSIDE] += inside
        into[GROUP, label, _DISPUTED] += (len(annotations) * inside - squared) / (
            len(annotations) - 1
        )


def _sum_coverage(layers: Iterable[Sequence[Mention]]) -> tuple[int, int]:
    """How many annotators a code point has, and that squared, summed over code points."""
    edges = sorted(edge for layer in layers for edge in _iterate_edges(layer))
    inside = squared = deep = last = 0
    for place, step in edges:
        inside += deep * (place - last)
        squared += deep * deep * (place - last)
        deep, last = deep + step, place
    return inside, squared


def _iterate_edges(layer: Sequence[Mention]) -> Iterator[tuple[int, int]]:
    """Where one annotator goes in and out, mentions that overlap taken as one; they stand in order of start."""
    start = end = -1
    for mention in layer:
        if mention.start > end:
            if start >= 0:
                yield start, 1
                yield end, -1
            start, end = mention.start, mention.end
        elif mention.end > end:
            end = mention.end
    if start >= 0:
        yield start, 1
        yield end, -1


def estimate_characters(sums: AgreementSums, labels: Iterable[str]) -> Iterator[Estimate]:
    """Alpha for each label; for all of them, of what is observed and what is expected, each summed over labels."""
    values = sums[GROUP, "", _VALUES]
    named = [label for label in labels if label != ALL]
    by_label = {label: _sum_disagreements(sums, label, values) for label in named}
    zero = 0 * values
    by_label[ALL] = (
        sum((o for o, _e in by_label.values()), zero),
        sum((e for _o, e in by_label.values()), zero),
    )
    for label in labels:
        observed, expected = by_label[label]
        everywhere = label != ALL and sums[GROUP, label, _INSIDE][0] == values[0] > 0
        why = "everything is marked by everybody" if everywhere else "nobody marked one"
        documents = sums.count_documents((GROUP, label, _INSIDE))
        n = sums.total((GROUP, "", _LENGTH))
        yield estimate(
            ("spans", label, "characters"),
            1 - ratio(observed, expected),
            n,
            "code points",
            documents,
            why,
        )


def _sum_disagreements(
    sums: AgreementSums, label: str, values: SampledValues
) -> tuple[SampledValues, SampledValues]:
    inside = sums[GROUP, label, _INSIDE]
    return sums[GROUP, label, _DISPUTED], ratio(inside * (values - inside), values - 1)
