"""Counts as intervals, and the equations between them: 38 = 34 + 2..4.

Bounds are whole numbers; a missing bound is open. Nothing is corrected: a text may well have parts
that do not add up.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sayso.checks.schema_checks import COUNT, KIND, LOWER, PART_OF, UPPER
from sayso.models import Mention, Relation

APPROX, VAGUE, ADDS_TO, RESTATES = "approx", "vague", "adds_to", "restates"
ADDS_UP, MAY_ADD_UP, TOO_FEW, TOO_MANY = "adds up", "may add up", "too few", "too many"
DIFFERS, ADDITION = "differs", "addition"


class CountBounds(NamedTuple):
    """The interval of a count, both ends included; ``high`` may be infinite."""

    low: float
    high: float

    def __add__(self, other: object) -> CountBounds:
        """Add two intervals.

        >>> CountBounds(34, 34) + CountBounds(2, 4)
        CountBounds(low=36, high=38)
        """
        if not isinstance(other, CountBounds):
            return NotImplemented
        return CountBounds(self.low + other.low, self.high + other.high)

    def overlaps(self, other: CountBounds) -> bool:
        """Return True if some number is in both intervals."""
        return self.low <= other.high and other.low <= self.high

    def __str__(self) -> str:
        """Format the interval, with a sign for an open end.

        >>> ends = (2, 4), (7, 7), (2, math.inf), (0, 5), (0, math.inf)
        >>> [str(CountBounds(*each)) for each in ends]
        ['2..4', '7', '≥ 2', '≤ 5', '?']
        """
        if self.low == self.high:
            return f"{self.low:.0f}"
        if self.high == math.inf:
            return f"≥ {self.low:.0f}" if self.low else "?"
        return f"{self.low:.0f}..{self.high:.0f}" if self.low else f"≤ {self.high:.0f}"


def count_bounds(count: Mention) -> CountBounds:
    """Return the bounds of a Count mention."""
    lower, upper = count.attributes.get(LOWER), count.attributes.get(UPPER)
    return CountBounds(
        lower if isinstance(lower, int) else 0, upper if isinstance(upper, int) else math.inf
    )


def format_count(count: Mention) -> str:
    """Format the number of a Count mention, with its kind.

    >>> format_count(Mention(id="n", label="Count", start=0, end=8, text="about 20",
    ...                      attributes={"kind": "approx", "lower": 20, "upper": 20}))
    '≈ 20'
    """
    bounds = count_bounds(count)
    zero_is_given = count.attributes.get(LOWER) == 0 < bounds.high < math.inf
    number = f"0..{bounds.high:.0f}" if zero_is_given else str(bounds)
    kind = count.attributes.get(KIND)
    return f"≈ {number}" if kind == APPROX else f"{number} (vague)" if kind == VAGUE else number


class CountEquation(NamedTuple):
    """A whole and its parts, a count and its additions, or a count and its restatements.

    Attributes:
        whole, parts: ids of mentions.
        state: a constant above; ``may add up`` if only some of the numbers allowed do.
        total: the sum of the parts, or of everything for an addition.
        explanation: the state in words; empty if there is nothing to explain.
    """

    relation: str
    whole: str
    parts: tuple[str, ...]
    state: str
    total: str
    explanation: str


def find_equations(
    mentions: Mapping[str, Mention], relations: Sequence[Relation]
) -> Iterator[CountEquation]:
    """Yield the equations between counts by relation type, in text order."""
    builders = {PART_OF: _compare_sum, ADDS_TO: _build_addition, RESTATES: _compare_restatement}
    for relation_type, build in builders.items():
        for whole, parts in _group_parts(mentions, relations, relation_type):
            yield build(whole, parts)


def _group_parts(
    mentions: Mapping[str, Mention], relations: Iterable[Relation], relation_type: str
) -> list[tuple[Mention, list[Mention]]]:
    groups: dict[str, list[Mention]] = {}
    for relation in relations:
        head, tail = mentions[relation.head], mentions[relation.tail]
        if relation.type == relation_type and head.label == tail.label == COUNT:
            groups.setdefault(tail.id, []).append(head)
    pairs = [(mentions[whole], sorted(parts, key=_sort_key)) for whole, parts in groups.items()]
    return sorted(pairs, key=lambda pair: _sort_key(pair[0]))


def _sort_key(mention: Mention) -> tuple[int, int, str]:
    return (mention.start, mention.end, mention.id)


def _sum_bounds(counts: Iterable[Mention]) -> CountBounds:
    return sum((count_bounds(count) for count in counts), start=CountBounds(0, 0))


def _build_equation(
    relation: str,
    whole: Mention,
    parts: list[Mention],
    state: str,
    total: object,
    explanation: str = "",
) -> CountEquation:
    return CountEquation(
        relation, whole.id, tuple(part.id for part in parts), state, str(total), explanation
    )


def _compare_sum(whole: Mention, parts: list[Mention]) -> CountEquation:
    expected, total = count_bounds(whole), _sum_bounds(parts)
    is_inside = expected.low <= total.low and total.high <= expected.high
    state, explanation = (ADDS_UP, "") if is_inside else _explain_mismatch(expected, total)
    return _build_equation(PART_OF, whole, parts, state, total, explanation)


def _explain_mismatch(whole: CountBounds, total: CountBounds) -> tuple[str, str]:
    if total.overlaps(whole):
        common = CountBounds(max(total.low, whole.low), min(total.high, whole.high))
        return MAY_ADD_UP, f"the parts sum to {total}; this holds only where they sum to {common}"
    if total.high < whole.low:
        rest = CountBounds(whole.low - total.high, whole.high - total.low)
        return TOO_FEW, f"the parts sum to {total}; {rest} unaccounted for"
    excess = CountBounds(total.low - whole.high, total.high - whole.low)
    return TOO_MANY, f"the parts sum to {total}; {excess} too many"


def _build_addition(first: Mention, added: list[Mention]) -> CountEquation:
    total = _sum_bounds([first, *added])
    return _build_equation(ADDS_TO, first, added, ADDITION, total, "one on top of the other")


def _compare_restatement(first: Mention, others: list[Mention]) -> CountEquation:
    is_same = all(count_bounds(each) == count_bounds(first) for each in others)
    state, explanation = (ADDS_UP, "") if is_same else (DIFFERS, "restated with another number")
    return _build_equation(RESTATES, first, others, state, format_count(first), explanation)
