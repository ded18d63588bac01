"""Counts as intervals, written as a reader writes them, and what relations between them say: 38 = 34 + 2..4.

Bounds are whole numbers; one that is not given is no bound. Nothing is mended: where parts do not sum to their whole,
the text may say just that.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sayso.checks.scheme import COUNT, KIND, LOWER, PART_OF, UPPER
from sayso.records import Mention, Relation

APPROX, VAGUE, ADDS_TO, RESTATES = "approx", "vague", "adds_to", "restates"
SUMS, MAY, LESS, MORE, DIFFERS, ON_TOP = "sums", "may", "less", "more", "differs", "on top"


class Bounds(NamedTuple):
    """The whole numbers that a count allows, both ends included; ``high`` may be infinite."""

    low: float
    high: float

    def __add__(self, other: object) -> Bounds:
        """What two counts come to together.

        >>> Bounds(34, 34) + Bounds(2, 4)
        Bounds(low=36, high=38)
        """
        if not isinstance(other, Bounds):
            return NotImplemented
        return Bounds(self.low + other.low, self.high + other.high)

    def meets(self, other: Bounds) -> bool:
        """Whether some number is in both."""
        return self.low <= other.high and other.low <= self.high

    def __str__(self) -> str:
        """As it is written, with a sign for an end that is open.

        >>> str(Bounds(2, 4)), str(Bounds(7, 7)), str(Bounds(2, math.inf)), str(Bounds(0, 5)), str(Bounds(0, math.inf))
        ('2..4', '7', '≥ 2', '≤ 5', '?')
        """
        if self.low == self.high:
            return f"{self.low:.0f}"
        if self.high == math.inf:
            return f"≥ {self.low:.0f}" if self.low else "?"
        return f"{self.low:.0f}..{self.high:.0f}" if self.low else f"≤ {self.high:.0f}"


def bounds(count: Mention) -> Bounds:
    """The bounds of a mention of a count."""
    lower, upper = count.attributes.get(LOWER), count.attributes.get(UPPER)
    return Bounds(lower if isinstance(lower, int) else 0, upper if isinstance(upper, int) else math.inf)


def notation(count: Mention) -> str:
    """The number that a count's words give, as it is written.

    >>> notation(Mention(id="n", label="Count", start=0, end=8, text="about 20",
    ...                  attributes={"kind": "approx", "lower": 20, "upper": 20}))
    '≈ 20'
    """
    given = bounds(count)
    written = f"0..{given.high:.0f}" if count.attributes.get(LOWER) == 0 < given.high < math.inf else str(given)
    kind = count.attributes.get(KIND)
    return f"≈ {written}" if kind == APPROX else f"{written} (vague)" if kind == VAGUE else written


class Equation(NamedTuple):
    """A whole and its parts; or a count and what it comes on top of, or what it says again.

    ``total`` is what the parts come to, with the whole where they come on top of it, as it is written.
    ``state`` is one of ``sums``, ``may`` (some of the numbers that the parts allow), ``less``, ``more``, ``differs``
    and ``on top``; ``told`` says it in words, empty where there is nothing to say.
    """

    relation: str
    whole: str
    parts: tuple[str, ...]
    state: str
    total: str
    told: str


def equations(mentions: Mapping[str, Mention], relations: Sequence[Relation]) -> Iterator[Equation]:
    """What the relations between counts of one reading say, in order of place; other ends are let alone."""
    for kind, said in ((PART_OF, _sum), (ADDS_TO, _addition), (RESTATES, _again)):
        for whole, parts in _grouped(mentions, relations, kind):
            yield said(whole, parts)


def _grouped(
    mentions: Mapping[str, Mention], relations: Iterable[Relation], kind: str
) -> list[tuple[Mention, list[Mention]]]:
    found: dict[str, list[Mention]] = {}
    for relation in relations:
        head, tail = mentions[relation.head], mentions[relation.tail]
        if relation.type == kind and head.label == tail.label == COUNT:
            found.setdefault(tail.id, []).append(head)
    pairs = [(mentions[whole], sorted(parts, key=_place)) for whole, parts in found.items()]
    return sorted(pairs, key=lambda pair: _place(pair[0]))


def _place(mention: Mention) -> tuple[int, int, str]:
    return (mention.start, mention.end, mention.id)


def _total(counts: Iterable[Mention]) -> Bounds:
    return sum((bounds(count) for count in counts), start=Bounds(0, 0))


def _sum(whole: Mention, parts: list[Mention]) -> Equation:
    wanted, total = bounds(whole), _total(parts)
    inside = wanted.low <= total.low and total.high <= wanted.high
    state, told = (SUMS, "") if inside else _misfit(wanted, total)
    return Equation(PART_OF, whole.id, tuple(part.id for part in parts), state, str(total), told)


def _misfit(wanted: Bounds, total: Bounds) -> tuple[str, str]:
    if total.meets(wanted):
        only = Bounds(max(total.low, wanted.low), min(total.high, wanted.high))
        return MAY, f"the parts come to {total}; this holds only where they come to {only}"
    if total.high < wanted.low:
        return LESS, f"the parts come to {total}; {Bounds(wanted.low - total.high, wanted.high - total.low)} left over"
    return MORE, f"the parts come to {total}; {Bounds(total.low - wanted.high, total.high - wanted.low)} too many"


def _addition(first: Mention, more: list[Mention]) -> Equation:
    total = str(_total([first, *more]))
    return Equation(ADDS_TO, first.id, tuple(each.id for each in more), ON_TOP, total, "one on top of the other")


def _again(first: Mention, others: list[Mention]) -> Equation:
    same = all(bounds(each) == bounds(first) for each in others)
    return Equation(RESTATES, first.id, tuple(each.id for each in others), SUMS if same else DIFFERS,
                    notation(first), "" if same else "said again with another number")  # fmt: skip
