"""Overlaps of mentions that a schema permits."""

from __future__ import annotations

from typing import Protocol

from sayso.schema.schema_types import Schema
from sayso.spans import HasSpan, crosses, overlaps


class HasLabelledSpan(HasSpan, Protocol):
    """Anything with a span and a label."""

    @property
    def label(self) -> str:
        """The label."""


def exclude_each_other(one: HasLabelledSpan, other: HasLabelledSpan, schema: Schema) -> bool:
    """Return True if one annotation cannot have both of two mentions.

    Of different labels they may not cross. Of one label they may not overlap, but for a label that
    lets one lie inside the other, or that allows everything.
    """
    if one.label != other.label:
        return crosses(one, other)
    declared = schema.labels.get(one.label)
    allowed = declared.overlap if declared else "forbid"
    if allowed == "nest":
        is_same = (one.start, one.end) == (other.start, other.end)
        return is_same or crosses(one, other)
    return allowed == "forbid" and overlaps(one, other)
