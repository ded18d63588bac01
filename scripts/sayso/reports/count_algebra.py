"""Counts as intervals, and the equations between them: 38 = 34 + 2..4.

Bounds are whole numbers; a missing bound is open. Nothing is corrected: a text may well have parts
that do not add up.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sayso.models import Mention, Relation
from sayso.schema.bounds import read_interval
from sayso.schema.declarations import Schema
from sayso.schema.schema_types import Arithmetic

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


def count_bounds(count: Mention, schema: Schema) -> CountBounds:
    """Return the bounds of a mention whose label has them."""
    return CountBounds(*read_interval(count, schema))


def format_count(count: Mention, schema: Schema) -> str:
    """Format the number of a mention with bounds, with the sign of its wording.

    A ``sign`` of a value of one of its attributes stands before the number: "≈ 20". One in brackets
    stands behind it: "20 (vague)".
    """
    bounds, declared = count_bounds(count, schema), schema.labels[count.label]
    lower = count.attributes.get(declared.bounds[0]) if declared.bounds else None
    number = f"0..{bounds.high:.0f}" if lower == 0 < bounds.high < math.inf else str(bounds)
    for name, attribute in declared.attributes.items():
        allowed = attribute.values.get(str(count.attributes.get(name)))
        if allowed and allowed.sign:
            behind = allowed.sign.startswith("(")
            return f"{number} {allowed.sign}" if behind else f"{allowed.sign} {number}"
    return number


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


_BuildEquation = Callable[[str, Mention, list[Mention], Schema], CountEquation]


def find_equations(
    mentions: Mapping[str, Mention], relations: Sequence[Relation], schema: Schema
) -> Iterator[CountEquation]:
    """Yield the equations between numbers by relation type, in text order."""
    builders: dict[Arithmetic, _BuildEquation] = {
        "part": _compare_sum,
        "addition": _build_addition,
        "same": _compare_restatement,
    }
    for kind, build in builders.items():
        for relation_type in schema.iterate_arithmetic(kind):
            for whole, parts in _group_parts(mentions, relations, relation_type, schema):
                yield build(relation_type, whole, parts, schema)


def _group_parts(
    mentions: Mapping[str, Mention],
    relations: Iterable[Relation],
    relation_type: str,
    schema: Schema,
) -> list[tuple[Mention, list[Mention]]]:
    declared = schema.relations[relation_type]
    groups: dict[str, list[Mention]] = {}
    for relation in relations:
        head, tail = mentions[relation.head], mentions[relation.tail]
        if relation.type == relation_type and declared.connects(head.label, tail.label):
            groups.setdefault(tail.id, []).append(head)
    pairs = [(mentions[whole], sorted(parts, key=_sort_key)) for whole, parts in groups.items()]
    return sorted(pairs, key=lambda pair: _sort_key(pair[0]))


def _sort_key(mention: Mention) -> tuple[int, int, str]:
    return (mention.start, mention.end, mention.id)


def _sum_bounds(counts: Iterable[Mention], schema: Schema) -> CountBounds:
    return sum((count_bounds(count, schema) for count in counts), start=CountBounds(0, 0))


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


def _compare_sum(
    relation: str, whole: Mention, parts: list[Mention], schema: Schema
) -> CountEquation:
    expected, total = count_bounds(whole, schema), _sum_bounds(parts, schema)
    is_inside = expected.low <= total.low and total.high <= expected.high
    state, explanation = (ADDS_UP, "") if is_inside else _explain_mismatch(expected, total)
    return _build_equation(relation, whole, parts, state, total, explanation)


def _explain_mismatch(whole: CountBounds, total: CountBounds) -> tuple[str, str]:
    if total.overlaps(whole):
        common = CountBounds(max(total.low, whole.low), min(total.high, whole.high))
        return MAY_ADD_UP, f"the parts sum to {total}; this holds only where they sum to {common}"
    if total.high < whole.low:
        rest = CountBounds(whole.low - total.high, whole.high - total.low)
        return TOO_FEW, f"the parts sum to {total}; {rest} unaccounted for"
    excess = CountBounds(total.low - whole.high, total.high - whole.low)
    return TOO_MANY, f"the parts sum to {total}; {excess} too many"


def _build_addition(
    relation: str, first: Mention, added: list[Mention], schema: Schema
) -> CountEquation:
    total = _sum_bounds([first, *added], schema)
    return _build_equation(relation, first, added, ADDITION, total, "one on top of the other")


def _compare_restatement(
    relation: str, first: Mention, others: list[Mention], schema: Schema
) -> CountEquation:
    expected = count_bounds(first, schema)
    is_same = all(count_bounds(each, schema) == expected for each in others)
    state, explanation = (ADDS_UP, "") if is_same else (DIFFERS, "restated with another number")
    total = format_count(first, schema)
    return _build_equation(relation, first, others, state, total, explanation)
