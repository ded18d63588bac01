"""Counts as intervals, written as a reader writes them, and what relations between them say: 38 = 34 + 2..4.

Bounds are whole numbers; one that is not given is no bound. Nothing is mended: where parts do not sum to their whole,
the text may say just that.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sayso.checks.schema_checks import COUNT, KIND, LOWER, PART_OF, UPPER
from sayso.models import Mention, Relation

APPROX, VAGUE, ADDS_TO, RESTATES = "approx", "vague", "adds_to", "restates"
ADDS_UP, MAY_ADD_UP, TOO_FEW, TOO_MANY, DIFFERS, ADDITION = (
    "sums",
    "may",
    "less",
    "more",
    "differs",
    "on top",
)


class CountBounds(NamedTuple):
    """The whole numbers that a count allows, both ends included; ``high`` may be infinite."""

    low: float
    high: float

    def __add__(self, other: object) -> CountBounds:
        """What two counts come to together.

        >>> CountBounds(34, 34) + CountBounds(2, 4)
        Bounds(low=36, high=38)
        """
        if not isinstance(other, CountBounds):
            return NotImplemented
        return CountBounds(self.low + other.low, self.high + other.high)

    def overlaps(self, other: CountBounds) -> bool:
        """Whether some number is in both."""
        return self.low <= other.high and other.low <= self.high

    def __str__(self) -> str:
        """As it is written, with a sign for an end that is open.

        >>> str(CountBounds(2, 4)), str(CountBounds(7, 7)), str(CountBounds(2, math.inf)), str(CountBounds(0, 5)), str(CountBounds(0, math.inf))
        ('2..4', '7', '≥ 2', '≤ 5', '?')
        """
        if self.low == self.high:
            return f"{self.low:.0f}"
        if self.high == math.inf:
            return f"≥ {self.low:.0f}" if self.low else "?"
        return f"{self.low:.0f}..{self.high:.0f}" if self.low else f"≤ {self.high:.0f}"


def count_bounds(count: Mention) -> CountBounds:
    """The bounds of a mention of a count."""
    lower, upper = count.attributes.get(LOWER), count.attributes.get(UPPER)
    return CountBounds(
        lower if isinstance(lower, int) else 0, upper if isinstance(upper, int) else math.inf
    )


def format_count(count: Mention) -> str:
    """The number that a count's words give, as it is written.

    >>> format_count(Mention(id="n", label="Count", start_command=0, end=8, text="about 20",
    ...                  attributes={"kind": "approx", "lower": 20, "upper": 20}))
    '≈ 20'
    """
    given = count_bounds(count)
    written = (
        f"0..{given.high:.0f}"
        if count.attributes.get(LOWER) == 0 < given.high < math.inf
        else str(given)
    )
    kind = count.attributes.get(KIND)
    return f"≈ {written}" if kind == APPROX else f"{written} (vague)" if kind == VAGUE else written


class CountEquation(NamedTuple):
    """A whole and its parts; or a count and what it comes on top of, or what it says again.

    ``total`` is what the parts come to, with the whole where they come on top of it, as it is written.
    ``state`` is one of ``sums``, ``may`` (some of the numbers that the parts allow), ``less``, ``more``, ``differs``
    and ``on top``; ``explanation`` says it in words, empty where there is nothing to say.
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
    """What the relations between counts of one reading say, in order of place; other ends are let alone."""
    for kind, said in (
        (PART_OF, _compare_sum),
        (ADDS_TO, _build_addition),
        (RESTATES, _compare_restatement),
    ):
        for whole, parts in _group_parts(mentions, relations, kind):
            yield said(whole, parts)


def _group_parts(
    mentions: Mapping[str, Mention], relations: Iterable[Relation], relation_type: str
) -> list[tuple[Mention, list[Mention]]]:
    found: dict[str, list[Mention]] = {}
    for relation in relations:
        head, tail = mentions[relation.head], mentions[relation.tail]
        if relation.type == relation_type and head.label == tail.label == COUNT:
            found.setdefault(tail.id, []).append(head)
    pairs = [(mentions[whole], sorted(parts, key=_sort_key)) for whole, parts in found.items()]
    return sorted(pairs, key=lambda pair: _sort_key(pair[0]))


def _sort_key(mention: Mention) -> tuple[int, int, str]:
    return (mention.start, mention.end, mention.id)


def _sum_bounds(counts: Iterable[Mention]) -> CountBounds:
    return sum((count_bounds(count) for count in counts), start=CountBounds(0, 0))


def _compare_sum(whole: Mention, parts: list[Mention]) -> CountEquation:
    wanted, total = count_bounds(whole), _sum_bounds(parts)
    inside = wanted.low <= total.low and total.high <= wanted.high
    state, told = (ADDS_UP, "") if inside else _explain_mismatch(wanted, total)
    return CountEquation(
        PART_OF, whole.id, tuple(part.id for part in parts), state, str(total), told
    )


def _explain_mismatch(whole: CountBounds, total: CountBounds) -> tuple[str, str]:
    if total.overlaps(whole):
        only = CountBounds(max(total.low, whole.low), min(total.high, whole.high))
        return MAY_ADD_UP, f"the parts come to {total}; this holds only where they come to {only}"
    if total.high < whole.low:
        return (
            TOO_FEW,
            f"the parts come to {total}; {CountBounds(whole.low - total.high, whole.high - total.low)} left over",
        )
    return (
        TOO_MANY,
        f"the parts come to {total}; {CountBounds(total.low - whole.high, total.high - whole.low)} too many",
    )


def _build_addition(first: Mention, added: list[Mention]) -> CountEquation:
    total = str(_sum_bounds([first, *added]))
    return CountEquation(
        ADDS_TO,
        first.id,
        tuple(each.id for each in added),
        ADDITION,
        total,
        "one on top of the other",
    )


def _compare_restatement(first: Mention, others: list[Mention]) -> CountEquation:
    same = all(count_bounds(each) == count_bounds(first) for each in others)
    return CountEquation(
        RESTATES,
        first.id,
        tuple(each.id for each in others),
        ADDS_UP if same else DIFFERS,
        format_count(first),
        "" if same else "said again with another number",
    )
