"""A disagreement as words, and as data for a program."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sayso.disagreements.gathering import Case, Pair
from sayso.disagreements.kinds import Arrow, Difference, Disagreement, Side
from sayso.records import Annotation, Mention
from sayso.studio.address import of_task

NOTHING = "nothing"
EMPTY = "left empty"
_LONG = 80  # code points of a quotation, else its middle is left out


def told(side: Side, found: Disagreement, number: int) -> str:
    """What one of two has: the words with their label, the answers that differ, or the arrow."""
    if not side:
        return f"{NOTHING}, {_beside(found.beside)}" if found.beside else NOTHING
    if found.kind == "attribute":
        answers = ", ".join(f"{each.name}: {value(each, number)}" for each in found.values)
        return f"{quoted(side.mentions[0].text)} {answers}"
    return ", ".join([*map(_mention, side.mentions), *map(_arrow, side.arrows)])


def _beside(mention: Mention) -> str:
    return f"but {_mention(mention)}"


def value(difference: Difference, number: int) -> str:
    """What one of two answered."""
    given = (difference.one, difference.other)[number]
    return EMPTY if given is None else str(given)


def _mention(mention: Mention) -> str:
    return f"{mention.label} {quoted(mention.text)}"


def _arrow(arrow: Arrow) -> str:
    return f"{quoted(arrow.head.text)} → {arrow.relation.type} → {quoted(arrow.tail.text)}"


def quoted(words: str) -> str:
    """Words in quotation marks, on one line; the middle of many is left out and marked so.

    >>> quoted("two\\n drones")
    '“two drones”'
    """
    line = " ".join(words.split())
    half = _LONG // 2
    return f"“{line}”" if len(line) <= _LONG else f"“{line[:half]} … {line[-half:]}”"


# --- as data


def entries(case: Case, address: str) -> Iterable[dict[str, Any]]:
    """Every disagreement of a document, for JSON. ``address`` of the Label Studio, or empty."""
    place = {"doc_id": case.document.doc_id, "campaign": case.campaign, "interface": case.interface}
    for pair in case.pairs:
        for found in pair.outcome.disagreements:
            yield {**place, **_found(found), **_sides(pair, found, address)}


def _found(found: Disagreement) -> dict[str, Any]:
    more = {
        "beside": found.beside and _marked(found.beside),
        "edges": [{"side": edge.side, "longer": ("one", "other")[edge.longer], "what": edge.what, "words": edge.words}
                  for edge in found.edges],
        "values": [{"name": each.name, "one": each.one, "other": each.other} for each in found.values],
    }  # fmt: skip
    kind = {"kind": found.kind, "names": list(found.names), "details": list(found.details)}
    return {**kind, **{name: value for name, value in more.items() if value}}


def _sides(pair: Pair, found: Disagreement, address: str) -> dict[str, Any]:
    return {"one": _side(pair.one, found.one, address), "other": _side(pair.other, found.other, address)}


def _side(answer: Annotation, side: Side, address: str) -> dict[str, Any]:
    held: dict[str, Any] = {"annotator": answer.annotator}
    if side.mentions:
        held["mentions"] = [_marked(mention) for mention in side.mentions]
    if side.arrows:
        held["relations"] = [
            {"type": arrow.relation.type, "head": _marked(arrow.head), "tail": _marked(arrow.tail)}
            for arrow in side.arrows
        ]
    if link := of_task(address, answer.origin):
        held["link"] = link
    return held


def _marked(mention: Mention) -> dict[str, Any]:
    held: dict[str, Any] = {"id": mention.id, "label": mention.label, "start": mention.start, "end": mention.end,
                            "text": mention.text, "attributes": mention.attributes}  # fmt: skip
    return {**held, **{n: v for n, v in (("flag", mention.flag), ("note", mention.note)) if v}}
