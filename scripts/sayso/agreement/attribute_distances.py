"""Distances of an attribute's values, by kind of attribute: the one place that knows the kinds.

Alpha weighs a disagreement by the squared distance of its two values (Krippendorff 2011, "Computing
Krippendorff's Alpha-Reliability"): nominal values are equal or not, ordinal ones as far apart as
choices lie between them, numbers as their difference. Free text is compared for equality alone and
has no alpha.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

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


SCALES: dict[AttributeKind, Scale] = {
    "choice": Scale(nominal_distance),
    # Neither NO_VALUE nor a value that the schema does not declare has a place in the order.
    "ordinal": Scale(ordinal_distance, lambda attribute, value: value in attribute.values),
    "integer": Scale(interval_distance, lambda _attribute, value: isinstance(value, int)),
    "text": Scale(None),
}
"""Every kind of attribute. A kind whose values are sets would take their Jaccard distance here."""
