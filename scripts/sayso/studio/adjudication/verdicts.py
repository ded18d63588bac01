"""What an adjudicator submitted, as a decision. Pure.

A region that is gone, or was dropped, is declined. One that was moved, relabelled or answered otherwise is taken as it
is now, and what annotators had there is declined. An arrow that leads to a mention that was not taken falls with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sayso.adjudication.deciding import Decision
from sayso.records import Kept, Pseudonym, Relation
from sayso.schema import Schema
from sayso.studio.adjudication.questions import Asked
from sayso.studio.codec import CORRECTED, Item, decode
from sayso.studio.controls import ARROWS, DROP, KEEP, SAID, VERDICT


class Undecided(Exception):
    """Why an answer is no decision yet."""


def decision(result: Iterable[Item], asked: Asked, text: str, schema: Schema, *, adjudicator: Pseudonym,
             when: str) -> Decision:  # fmt: skip
    """Read a submitted result over the text as received.

    Raises:
        Undecided: a mention has no verdict, or something cannot be read.
    """
    verdicts, ticked, rest = _sorted(result)
    reading = decode(rest, text, schema)
    _refuse(reading.kept)
    there = {mention.id for mention in reading.mentions}
    if missing := [name for name in asked.regions if name in there and name not in verdicts]:
        raise Undecided(f"{len(missing)} mentions have no verdict, {missing[0]} first")
    taken = tuple(mention for mention in reading.mentions if verdicts.get(mention.id, KEEP) == KEEP)
    ids = {mention.id for mention in taken}
    arrows = [*reading.relations, *(Relation(type=row.type, head=row.head, tail=row.tail)
                                    for row in asked.rows if row.words in ticked)]  # fmt: skip
    standing = tuple(dict.fromkeys(arrow for arrow in arrows if {arrow.head, arrow.tail} <= ids))
    return Decision(taken, standing, "adjudicated", when, adjudicator, reading.note, asked.known)


def _sorted(result: Iterable[Item]) -> tuple[dict[str, str], set[str], list[Item]]:
    """Verdicts by region, the rows that were ticked, and what is left for the codec."""
    verdicts: dict[str, str] = {}
    ticked: set[str] = set()
    rest: list[Item] = []
    for item in result:
        name = item.get("from_name") if isinstance(item, dict) else None
        if name == VERDICT:
            verdicts[str(item.get("id"))] = _verdict(item)
        elif name == ARROWS:
            ticked.update(_choices(item))
        elif name != SAID:
            rest.append(item)
    return verdicts, ticked, rest


def _verdict(item: Item) -> str:
    chosen = _choices(item)
    if len(chosen) != 1 or chosen[0] not in (KEEP, DROP):
        raise Undecided(f"a verdict that is neither {KEEP} nor {DROP}, of {item.get('id')}")
    return chosen[0]


def _choices(item: Item) -> list[str]:
    value: Any = item.get("value")
    found = value.get("choices") if isinstance(value, dict) else None
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []


def _refuse(kept: Iterable[Kept]) -> None:
    for each in kept:
        if each.reason not in CORRECTED:
            raise Undecided(each.reason)
