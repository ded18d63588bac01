"""Descriptions of disagreements, for people."""

from __future__ import annotations

from sayso import models
from sayso.agreement.disagreement_types import (
    AttributeDifference,
    Disagreement,
    DisagreementSide,
    LinkedRelation,
)
from sayso.models import Mention

NOTHING = "nothing"
NO_VALUE = "left empty"
_MAX_QUOTE = 80  # code points


def describe_side(side: DisagreementSide, disagreement: Disagreement, number: int) -> str:
    """Describe what a side (0 or 1) has: mentions, differing attributes, or a relation."""
    if disagreement.kind == "answer":
        return format_value(disagreement.values[0], number)
    if not side:
        counterpart = disagreement.counterpart
        return f"{NOTHING}, but {_describe_mention(counterpart)}" if counterpart else NOTHING
    if disagreement.kind == "attribute":
        values = [f"{each.name}: {format_value(each, number)}" for each in disagreement.values]
        return f"{quote_text(side.mentions[0].text)} {', '.join(values)}"
    parts = [*map(_describe_mention, side.mentions), *map(_describe_relation, side.relations)]
    return ", ".join(parts)


def format_value(difference: AttributeDifference, number: int) -> str:
    """Format the value that a side (0 or 1) gave."""
    value = (difference.one, difference.other)[number]
    return NO_VALUE if value is None else models.format_value(value)


def _describe_mention(mention: Mention) -> str:
    return f"{mention.label} {quote_text(mention.text)}"


def _describe_relation(linked: LinkedRelation) -> str:
    head, tail = quote_text(linked.head.text), quote_text(linked.tail.text)
    return f"{head} → {linked.relation.type} → {tail}"


def quote_text(text: str) -> str:
    """Quote a text on one line, without the middle of a long one.

    >>> quote_text("two\\n drones")
    '“two drones”'
    """
    line = " ".join(text.split())
    half = _MAX_QUOTE // 2
    return f"“{line}”" if len(line) <= _MAX_QUOTE else f"“{line[:half]} … {line[-half:]}”"
