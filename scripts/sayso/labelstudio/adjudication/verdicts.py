"""Decoding of what an adjudicator submitted into a decision. Pure.

A region that is gone or was dropped is declined. One that was moved, relabelled or given other
values is accepted as it is now, and the candidates at its place are declined. A relation to a
mention that was not accepted is declined with it. Other answers than those that stand in the task
are declined; a question that was left open gets its default, if it has one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sayso.adjudication.decisions import Decision
from sayso.labelstudio.adjudication.questions import AskedQuestion
from sayso.labelstudio.codec import (
    CORRECTION_REASONS,
    REPEATED_RELATION_REASON,
    DecodedResult,
    ResultItem,
    decode_result,
)
from sayso.labelstudio.controls import DROP, KEEP, OPEN_RELATIONS, VERDICT, VOTES
from sayso.models import AnnotatorKind, Pseudonym, Relation
from sayso.schema.declarations import Schema
from sayso.schema.symmetry import orient_relations


class UndecidedError(Exception):
    """The reason why a submitted task holds no decision."""


def decode_decision(
    result: Iterable[ResultItem],
    asked: AskedQuestion,
    text: str,
    schema: Schema,
    *,
    pass_name: str,
    adjudicator: Pseudonym,
    adjudicator_kind: AnnotatorKind | None = None,
    decided_at: str,
) -> Decision:
    """Decode a submitted result over the text as received.

    Raises:
        UndecidedError: a mention has no verdict, or something cannot be read.
    """
    verdicts, ticked, rest = _split_items(result)
    decoded = decode_result(rest, text, schema, defaults_of=pass_name)
    _require_readable(decoded)
    found = {mention.id for mention in decoded.mentions}
    if missing := [name for name in asked.regions if name in found and name not in verdicts]:
        raise UndecidedError(f"{len(missing)} mentions have no verdict, {missing[0]} first")
    mentions = tuple(each for each in decoded.mentions if verdicts.get(each.id, KEEP) == KEEP)
    by_id = {mention.id: mention for mention in mentions}
    rows = (row for row in asked.rows if row.words in ticked)
    drawn = [*decoded.relations, *(Relation(type=r.type, head=r.head, tail=r.tail) for r in rows)]
    possible = (each for each in drawn if {each.head, each.tail} <= by_id.keys())
    relations = tuple(dict.fromkeys(orient_relations(possible, by_id, schema)))
    return Decision(
        mentions,
        relations,
        "adjudicated",
        decided_at,
        adjudicator,
        decoded.note,
        asked.contents,
        adjudicator_kind,
        decoded.answers,
    )


def _require_readable(decoded: DecodedResult) -> None:
    # Where a symmetric relation stands already, another arrow back says nothing else.
    harmless = {*CORRECTION_REASONS, REPEATED_RELATION_REASON}
    if reasons := [item.reason for item in decoded.kept if item.reason not in harmless]:
        raise UndecidedError(reasons[0])


def _split_items(result: Iterable[ResultItem]) -> tuple[dict[str, str], set[str], list[ResultItem]]:
    """Return the verdicts by region, the rows that were ticked, and the items for the codec."""
    verdicts: dict[str, str] = {}
    ticked: set[str] = set()
    rest: list[ResultItem] = []
    for item in result:
        control = item.get("from_name") if isinstance(item, dict) else None
        if control == VERDICT:
            chosen = _read_choices(item)
            if chosen not in ([KEEP], [DROP]):
                what = f"a verdict that is neither {KEEP} nor {DROP}, of {item.get('id')}"
                raise UndecidedError(what)
            verdicts[str(item.get("id"))] = chosen[0]
        elif control == OPEN_RELATIONS:
            ticked.update(_read_choices(item))
        elif control != VOTES:
            rest.append(item)
    return verdicts, ticked, rest


def _read_choices(item: ResultItem) -> list[str]:
    value: Any = item.get("value")
    choices = value.get("choices") if isinstance(value, dict) else None
    return [each for each in choices if isinstance(each, str)] if isinstance(choices, list) else []
