"""A disagreement as words, and as data for a program."""

from __future__ import annotations

from sayso.agreement.disagreement_types import (
    AttributeDifference,
    Disagreement,
    DisagreementSide,
    LinkedRelation,
)
from sayso.models import Mention

NOTHING = "nothing"
NO_VALUE = "left empty"
_MAX_QUOTE = 80  # code points of a quotation, else its middle is left out


def describe_side(side: DisagreementSide, disagreement: Disagreement, number: int) -> str:
    """What one of two has: the words with their label, the answers that differ, or the arrow."""
    if not side:
        return (
            f"{NOTHING}, {_describe_beside(disagreement.counterpart)}"
            if disagreement.counterpart
            else NOTHING
        )
    if disagreement.kind == "attribute":
        answers = ", ".join(
            f"{each.name}: {format_value(each, number)}" for each in disagreement.values
        )
        return f"{quote_text(side.mentions[0].text)} {answers}"
    return ", ".join(
        [*map(_describe_mention, side.mentions), *map(_describe_relation, side.relations)]
    )


def _describe_beside(mention: Mention) -> str:
    return f"but {_describe_mention(mention)}"


def format_value(difference: AttributeDifference, number: int) -> str:
    """What one of two answered."""
    given = (difference.one, difference.other)[number]
    return NO_VALUE if given is None else str(given)


def _describe_mention(mention: Mention) -> str:
    return f"{mention.label} {quote_text(mention.text)}"


def _describe_relation(arrow: LinkedRelation) -> str:
    return f"{quote_text(arrow.head.text)} → {arrow.relation.type} → {quote_text(arrow.tail.text)}"


def quote_text(text: str) -> str:
    """Words in quotation marks, on one line; the middle of many is left out and marked so.

    >>> quote_text("two\\n drones")
    '“two drones”'
    """
    line = " ".join(text.split())
    half = _MAX_QUOTE // 2
    return f"“{line}”" if len(line) <= _MAX_QUOTE else f"“{line[:half]} … {line[-half:]}”"
