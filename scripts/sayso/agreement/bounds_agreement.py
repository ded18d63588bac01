"""What counts say, where two annotators both marked one: the same bounds, or intervals that have a number in common."""

from __future__ import annotations

import math
from collections.abc import Iterator

from sayso.agreement.annotation_pairs import AgreementSums, AnnotationPair, DocumentStatistics
from sayso.agreement.bootstrap import Estimate, estimate, ratio
from sayso.checks.schema_checks import COUNT, LOWER, UPPER
from sayso.models import Mention

GROUP = "counts"
_COMPARED, _SAME, _OVERLAPPING = "compared", "same", "meet"


def count_bounds(into: DocumentStatistics, pair: AnnotationPair) -> None:
    """How the bounds of matched counts compare."""
    for mine, theirs in pair.matched_mentions:
        if mine.label == COUNT:
            one, other = bounds(mine), bounds(theirs)
            into[GROUP, COUNT, _COMPARED] += 1
            into[GROUP, COUNT, _SAME] += one == other
            into[GROUP, COUNT, _OVERLAPPING] += max(one[0], other[0]) <= min(one[1], other[1])


def bounds(mention: Mention) -> tuple[float, float]:
    """The smallest and the largest number that a count allows; without end where none is given.

    >>> bounds(Mention(id="c", label="Count", start_command=0, end=1, text="7", attributes={"lower": 7}))
    (7, inf)
    """
    lower, upper = mention.attributes.get(LOWER), mention.attributes.get(UPPER)
    return lower if isinstance(lower, int) else -math.inf, upper if isinstance(
        upper, int
    ) else math.inf


def estimate_bounds(sums: AgreementSums) -> Iterator[Estimate]:
    """The share of matched counts with equal bounds, and of those whose intervals meet."""
    key = (GROUP, COUNT, _COMPARED)
    for measure, what in (("equal", _SAME), ("overlap", _OVERLAPPING)):
        values = ratio(sums[GROUP, COUNT, what], sums[key])
        why = "no count that both marked"
        yield estimate(
            (GROUP, COUNT, measure),
            values,
            sums.total(key),
            "matched counts",
            sums.count_documents(key),
            why,
        )
