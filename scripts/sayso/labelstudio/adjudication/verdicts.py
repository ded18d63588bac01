"""What an adjudicator submitted, as a decision. Pure.

A region that is gone, or was dropped, is declined. One that was moved, relabelled or answered otherwise is taken as it
is now, and what annotators had there is declined. An arrow that leads to a mention that was not taken falls with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sayso.adjudication.decisions import Decision
from sayso.labelstudio.adjudication.questions import AskedQuestion
from sayso.labelstudio.codec import CORRECTION_REASONS, ResultItem, decode_result
from sayso.labelstudio.controls import DROP, KEEP, OPEN_RELATIONS, VERDICT, VOTES
from sayso.models import Pseudonym, Relation, UnknownItem
from sayso.schema.declarations import Schema


class UndecidedError(Exception):
    """Why an answer is no decision yet."""


def decode_decision(
    result: Iterable[ResultItem],
    asked: AskedQuestion,
    text: str,
    schema: Schema,
    *,
    adjudicator: Pseudonym,
    decided_at: str,
) -> Decision:
    """Read a submitted result over the text as received.

    Raises:
        Undecided: a mention has no verdict, or something cannot be read.
    """
    verdicts, ticked, rest = _split_items(result)
    reading = decode_result(rest, text, schema)
    _refuse_unreadable(reading.kept)
    there = {mention.id for mention in reading.mentions}
    if missing := [name for name in asked.regions if name in there and name not in verdicts]:
        raise UndecidedError(f"{len(missing)} mentions have no verdict, {missing[0]} first")
    taken = tuple(mention for mention in reading.mentions if verdicts.get(mention.id, KEEP) == KEEP)
    ids = {mention.id for mention in taken}
    arrows = [
        *reading.relations,
        *(
            Relation(type=row.type, head=row.head, tail=row.tail)
            for row in asked.rows
            if row.words in ticked
        ),
    ]
    standing = tuple(dict.fromkeys(arrow for arrow in arrows if {arrow.head, arrow.tail} <= ids))
    return Decision(
        taken, standing, "adjudicated", decided_at, adjudicator, reading.note, asked.readings
    )


def _split_items(result: Iterable[ResultItem]) -> tuple[dict[str, str], set[str], list[ResultItem]]:
    """Verdicts by region, the rows that were ticked, and what is left for the codec."""
    verdicts: dict[str, str] = {}
    ticked: set[str] = set()
    rest: list[ResultItem] = []
    for item in result:
        name = item.get("from_name") if isinstance(item, dict) else None
        if name == VERDICT:
            verdicts[str(item.get("id"))] = _decode_verdict(item)
        elif name == OPEN_RELATIONS:
            ticked.update(_read_choices(item))
        elif name != VOTES:
            rest.append(item)
    return verdicts, ticked, rest


def _decode_verdict(item: ResultItem) -> str:
    chosen = _read_choices(item)
    if len(chosen) != 1 or chosen[0] not in (KEEP, DROP):
        raise UndecidedError(f"a verdict that is neither {KEEP} nor {DROP}, of {item.get('id')}")
    return chosen[0]


def _read_choices(item: ResultItem) -> list[str]:
    value: Any = item.get("value")
    found = value.get("choices") if isinstance(value, dict) else None
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []


def _refuse_unreadable(kept: Iterable[UnknownItem]) -> None:
    for each in kept:
        if each.reason not in CORRECTION_REASONS:
            raise UndecidedError(each.reason)
