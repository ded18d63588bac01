"""A claim with what hangs on it, before and after. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sayso.difference.entries import Changes, ClaimChange
from sayso.records import Annotation, Gold, Mention

CLAIM = "Claim"  # the label that the `claims` configuration of the dataset is about
Facts = dict[str, Any]


def claim_changes(older: Annotation | Gold | None, newer: Annotation | Gold | None,
                  ids: Mapping[str, str]) -> Iterator[ClaimChange]:  # fmt: skip
    """What became of the claims of an answer. ``ids`` leads from each older mention that stayed to its newer id."""
    before, after = claims(older), claims(newer)
    heirs = {ids[name]: name for name in before if ids.get(name) in after}
    for name, (mention, facts) in before.items():
        if ids.get(name) not in after:
            yield ClaimChange(id=name, text=mention.text, change="removed")
        elif changes := _changes(facts, after[ids[name]][1]):
            yield ClaimChange(id=name, text=mention.text, change="changed", changes=changes)
    for name, (mention, _facts) in after.items():
        if name not in heirs:
            yield ClaimChange(id=name, text=mention.text, change="added")


def claims(record: Annotation | Gold | None) -> dict[str, tuple[Mention, Facts]]:
    """Id of each claim → its mention, and what is said of it and hangs on it."""
    if record is None:
        return {}
    found: dict[str, tuple[Mention, Facts]] = {
        m.id: (m, {"text": m.text, **{f"attributes.{name}": value for name, value in m.attributes.items()}})
        for m in record.mentions if m.label == CLAIM
    }  # fmt: skip
    if not found:
        return found
    mentions = {mention.id: mention for mention in record.mentions}
    for relation in record.relations:
        if relation.head in found and relation.tail in mentions:
            tail = mentions[relation.tail]
            found[relation.head][1].setdefault(relation.type, []).append(
                (tail.start, {"text": tail.text, **tail.attributes})
            )
    for _mention, facts in found.values():
        for role, tails in facts.items():
            if isinstance(tails, list):
                facts[role] = [told for _start, told in sorted(tails, key=lambda tail: tail[0])]
    return found


def _changes(was: Facts, now: Facts) -> Changes:
    return {name: (was.get(name), now.get(name)) for name in {**was, **now} if was.get(name) != now.get(name)}
