"""Distances of an attribute's values, by kind of attribute: the one place that knows the kinds.

Alpha weighs a disagreement by the squared distance of its two values (Krippendorff 2011, "Computing
Krippendorff's Alpha-Reliability"): nominal values are equal or not, ordinal ones as far apart as
choices lie between them, numbers and dates as their difference, sets by MASI. Free text is compared
for equality alone and has no alpha.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import cast

import numpy as np

from sayso.agreement.jackknife import JackknifeValues
from sayso.schema.declarations import Attribute
from sayso.schema.schema_types import AttributeKind

NO_VALUE = "(none)"

Distance = Callable[[Sequence[Hashable], JackknifeValues, int], JackknifeValues]
"""Takes the values, how often each was chosen, as (value, sum), and the number of one of them.

Returns the squared distance of this value from every value, as (value, sum) or (value, 1).
"""


@dataclass(frozen=True)
class Scale:
    """The comparison of values of one kind of attribute.

    Attributes:
        distance: of alpha; None where values are only compared for equality.
        has_place: returns True for a value that the distance is defined for.
    """

    distance: Distance | None
    has_place: Callable[[Attribute, Hashable], bool] = lambda *_: True


def nominal_distance(
    values: Sequence[Hashable], _chosen: JackknifeValues, number: int
) -> JackknifeValues:
    """Return 0 for the value itself and 1 for every other."""
    differs: JackknifeValues = (np.arange(len(values)) != number).astype(np.float64)
    return differs[:, np.newaxis]


def ordinal_distance(
    _values: Sequence[Hashable], chosen: JackknifeValues, number: int
) -> JackknifeValues:
    """Square the number of choices between two values, with half of those at both ends.

    The values must be in order.
    """
    ranks = np.cumsum(chosen, axis=0) - chosen / 2
    squared: JackknifeValues = (ranks - ranks[number]) ** 2
    return squared


def interval_distance(
    values: Sequence[Hashable], _chosen: JackknifeValues, number: int
) -> JackknifeValues:
    """Square the difference of two numbers."""
    numbers = np.array(values, dtype=np.float64)[:, np.newaxis]
    squared: JackknifeValues = (numbers - numbers[number]) ** 2
    return squared


def date_distance(
    values: Sequence[Hashable], chosen: JackknifeValues, number: int
) -> JackknifeValues:
    """Square the number of days between two dates."""
    days = [date.fromisoformat(str(value)).toordinal() for value in values]
    return interval_distance(days, chosen, number)


def masi_distance(
    values: Sequence[Hashable], _chosen: JackknifeValues, number: int
) -> JackknifeValues:
    """Measure agreement on set-valued items (MASI), as a distance.

    Passonneau (2006): one minus Jaccard's index, weighted 2/3 where one set holds the other and 1/3
    where both have more. Sets have a distance of their own; it is not squared.
    """
    sets = [frozenset(cast(tuple[str, ...], value)) for value in values]
    mine = sets[number]
    found = [
        1 - len(each & mine) / len(each | mine) * _compare_sets(each, mine) if each | mine else 0
        for each in sets
    ]
    return np.array(found)[:, np.newaxis]


def _compare_sets(one: frozenset[str], other: frozenset[str]) -> float:
    if one == other:
        return 1
    return 2 / 3 if one < other or other < one else 1 / 3


def _accepts(attribute: Attribute, value: Hashable) -> bool:
    """Leave out NO_VALUE and what the schema does not allow: they have no place on the scale."""
    return attribute.accepts(value)


SCALES: dict[AttributeKind, Scale] = {
    "choice": Scale(nominal_distance),
    "boolean": Scale(nominal_distance),
    "ordinal": Scale(ordinal_distance, _accepts),
    "choices": Scale(masi_distance, _accepts),
    "integer": Scale(interval_distance, _accepts),
    "number": Scale(interval_distance, _accepts),
    "date": Scale(date_distance, _accepts),
    "text": Scale(None),
}
"""Every kind of attribute."""
