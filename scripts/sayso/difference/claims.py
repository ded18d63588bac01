"""A claim with what hangs on it, before and after. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sayso.checks.scheme import CLAIM
from sayso.difference.entries import Changes, ClaimChange
from sayso.records import Annotation, Gold, Mention


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
        if was != now and (changes := _changes(was, now)):
            yield ClaimChange(id=name, text=was.mention.text, change="changed", changes=changes)
    for name, now in after.items():
        if name not in heirs:
            yield ClaimChange(id=name, text=now.mention.text, change="added")


class Claim(NamedTuple):
    """A claim's mention, and for each of its relations the mentions that it leads to."""

    mention: Mention
    hung: dict[str, list[Mention]]


def claims(record: Annotation | Gold | None) -> dict[str, Claim]:
    """Id of each claim → the claim."""
    found = {m.id: Claim(m, {}) for m in record.mentions if m.label == CLAIM} if record else {}
    if record and found:
        mentions = {mention.id: mention for mention in record.mentions}
        for relation in record.relations:
            if relation.head in found and relation.tail in mentions:
                found[relation.head].hung.setdefault(relation.type, []).append(mentions[relation.tail])
    return found


def _changes(was: Claim, now: Claim) -> Changes:
    """What is said of the claim otherwise, and in which roles others hang on it or others are said of them."""
    changes: Changes = {}
    if was.mention.text != now.mention.text:
        changes["text"] = (was.mention.text, now.mention.text)
    old, new = was.mention.attributes, now.mention.attributes
    changes |= {f"attributes.{n}": (old.get(n), new.get(n)) for n in {**old, **new} if old.get(n) != new.get(n)}
    for role in {**was.hung, **now.hung}:
        before, after = was.hung.get(role), now.hung.get(role)
        if before != after and (pair := (_told(before), _told(after)))[0] != pair[1]:
            changes[role] = pair
    return changes


def _told(hung: list[Mention] | None) -> list[dict[str, Any]] | None:
    """The words and attributes of mentions, in the order of the text."""
    if hung is None:
        return None
    return [{"text": m.text, "label": m.label, **m.attributes} for m in sorted(hung, key=lambda m: (m.start, m.end))]
