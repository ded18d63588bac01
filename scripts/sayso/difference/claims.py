"""A claim with what hangs on it, before and after. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sayso.difference.entries import Changes, ClaimChange
from sayso.records import Annotation, Gold, Mention

CLAIM = "Claim"  # the label that the `claims` configuration of the dataset is about
Facts = dict[str, Any]


def claim_changes(older: Annotation | Gold | None, newer: Annotation | Gold | None,
                  ids: Mapping[str, str]) -> Iterator[ClaimChange]:  # fmt: skip
    """What became of the claims of an answer. ``ids`` leads from each older mention that stayed to its newer id."""
    before, after = claims(older), claims(newer)
    heirs = set()
    for name, was in before.items():
        now = after.get(ids.get(name, ""))
        if now is None:
            yield ClaimChange(id=name, text=was.mention.text, change="removed")
            continue
        heirs.add(ids[name])
        if was != now and (changes := _changes(was.facts(), now.facts())):
            yield ClaimChange(id=name, text=was.mention.text, change="changed", changes=changes)
    for name, now in after.items():
        if name not in heirs:
            yield ClaimChange(id=name, text=now.mention.text, change="added")


class Claim(NamedTuple):
    """A claim's mention, and what its relations lead to: their types and the mentions."""

    mention: Mention
    hung: list[tuple[str, Mention]]

    def facts(self) -> Facts:
        """What is said of it: its words, attributes, and for each relation the words and attributes at its end."""
        found = {"text": self.mention.text, **{f"attributes.{n}": v for n, v in self.mention.attributes.items()}}
        roles: dict[str, list[Facts]] = {}
        for role, tail in sorted(self.hung, key=_place):
            roles.setdefault(role, []).append({"text": tail.text, "label": tail.label, **tail.attributes})
        return found | roles


def claims(record: Annotation | Gold | None) -> dict[str, Claim]:
    """Id of each claim → the claim."""
    found = {m.id: Claim(m, []) for m in record.mentions if m.label == CLAIM} if record else {}
    if record and found:
        mentions = {mention.id: mention for mention in record.mentions}
        for relation in record.relations:
            if relation.head in found and relation.tail in mentions:
                found[relation.head].hung.append((relation.type, mentions[relation.tail]))
    return found


def _place(hung: tuple[str, Mention]) -> tuple[str, int, int]:
    return hung[0], hung[1].start, hung[1].end


def _changes(was: Facts, now: Facts) -> Changes:
    return {name: (was.get(name), now.get(name)) for name in {**was, **now} if was.get(name) != now.get(name)}
