"""The interval that a mention stands for, where its label has bounds."""

from __future__ import annotations

import math
from typing import Protocol

from sayso.models import AttributeValue
from sayso.schema.schema_types import RelationType, Schema


class HasAttributes(Protocol):
    """Anything with a label and attributes."""

    @property
    def label(self) -> str:
        """The label."""

    @property
    def attributes(self) -> dict[str, AttributeValue]:
        """The values by name."""


def read_interval(mention: HasAttributes, schema: Schema) -> tuple[float, float]:
    """Return the least and the most of a mention. A missing bound is open: 0, or infinite."""
    declared = schema.labels.get(mention.label)
    names = (declared.bounds if declared else None) or ("", "")
    lower, upper = (mention.attributes.get(name) for name in names)
    return (lower if isinstance(lower, int) else 0, upper if isinstance(upper, int) else math.inf)


def find_bounds(schema: Schema, relation: RelationType) -> tuple[str, str] | None:
    """Return the names of the bounds of a relation's tail; None where no label of it has any."""
    found = (schema.labels[tail].bounds for tail in relation.tails)
    return next((bounds for bounds in found if bounds), None)
