"""A disagreement as words, and as data for a program."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sayso.agreement.disagreement_cases import ComparedPair, DisagreementCase
from sayso.agreement.disagreement_types import (
    AttributeDifference,
    Disagreement,
    DisagreementSide,
    LinkedRelation,
)
from sayso.labelstudio.urls import build_task_url
from sayso.models import Annotation, Mention

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


# --- as data


def build_entries(case: DisagreementCase, address: str) -> Iterable[dict[str, Any]]:
    """Every disagreement of a document, for JSON. ``address`` of the Label Studio, or empty."""
    place = {"doc_id": case.document.doc_id, "campaign": case.campaign, "interface": case.pass_name}
    for pair in case.pairs:
        for found in pair.comparison.disagreements:
            yield {**place, **_encode_disagreement(found), **_encode_sides(pair, found, address)}


def _encode_disagreement(disagreement: Disagreement) -> dict[str, Any]:
    more = {
        "beside": disagreement.counterpart and _encode_mention(disagreement.counterpart),
        "edges": [
            {
                "side": edge.side,
                "longer": ("one", "other")[edge.longer],
                "what": edge.what,
                "words": edge.words,
            }
            for edge in disagreement.edges
        ],
        "values": [
            {"name": each.name, "one": each.one, "other": each.other}
            for each in disagreement.values
        ],
    }
    kind = {
        "kind": disagreement.kind,
        "names": list(disagreement.names),
        "details": list(disagreement.details),
    }
    return {**kind, **{name: value for name, value in more.items() if value}}


def _encode_sides(pair: ComparedPair, disagreement: Disagreement, address: str) -> dict[str, Any]:
    return {
        "one": _encode_side(pair.one, disagreement.one, address),
        "other": _encode_side(pair.other, disagreement.other, address),
    }


def _encode_side(annotation: Annotation, side: DisagreementSide, address: str) -> dict[str, Any]:
    held: dict[str, Any] = {"annotator": annotation.annotator}
    if side.mentions:
        held["mentions"] = [_encode_mention(mention) for mention in side.mentions]
    if side.relations:
        held["relations"] = [
            {
                "type": arrow.relation.type,
                "head": _encode_mention(arrow.head),
                "tail": _encode_mention(arrow.tail),
            }
            for arrow in side.relations
        ]
    if link := build_task_url(address, annotation.origin):
        held["link"] = link
    return held


def _encode_mention(mention: Mention) -> dict[str, Any]:
    held: dict[str, Any] = {
        "id": mention.id,
        "label": mention.label,
        "start": mention.start,
        "end": mention.end,
        "text": mention.text,
        "attributes": mention.attributes,
    }
    return {**held, **{n: v for n, v in (("flag", mention.flag), ("note", mention.note)) if v}}
