"""A claim with what hangs on it, before and after. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sayso.checks.schema_checks import CLAIM
from sayso.diff.diff_entries import Changes, ClaimChange
from sayso.models import Annotation, Gold, Mention


def diff_claims(
    older: Annotation | Gold | None, newer: Annotation | Gold | None, ids: Mapping[str, str]
) -> Iterator[ClaimChange]:
    """What became of the claims of an answer. ``ids`` leads from each older mention that stayed to its newer id."""
    before, after = collect_claims(older), collect_claims(newer)
    heirs = set()
    for name, was in before.items():
        now = after.get(ids.get(name, ""))
        if now is None:
            yield ClaimChange(id=name, text=was.mention.text, change="removed")
            continue
        heirs.add(ids[name])
        if was != now and (changes := _diff_claim(was, now)):
            yield ClaimChange(id=name, text=was.mention.text, change="changed", changes=changes)
    for name, now in after.items():
        if name not in heirs:
            yield ClaimChange(id=name, text=now.mention.text, change="added")


class ClaimContent(NamedTuple):
    """A claim's mention, and for each of its relations the mentions that it leads to."""

    mention: Mention
    arguments: dict[str, list[Mention]]


def collect_claims(record: Annotation | Gold | None) -> dict[str, ClaimContent]:
    """Id of each claim → the claim."""
    found = (
        {m.id: ClaimContent(m, {}) for m in record.mentions if m.label == CLAIM} if record else {}
    )
    if record and found:
        mentions = {mention.id: mention for mention in record.mentions}
        for relation in record.relations:
            if relation.head in found and relation.tail in mentions:
                found[relation.head].arguments.setdefault(relation.type, []).append(
                    mentions[relation.tail]
                )
    return found


def _diff_claim(was: ClaimContent, now: ClaimContent) -> Changes:
    """What is said of the claim otherwise, and in which roles others hang on it or others are said of them."""
    changes: Changes = {}
    if was.mention.text != now.mention.text:
        changes["text"] = (was.mention.text, now.mention.text)
    old, new = was.mention.attributes, now.mention.attributes
    changes |= {
        f"attributes.{n}": (old.get(n), new.get(n))
        for n in {**old, **new}
        if old.get(n) != new.get(n)
    }
    for role in {**was.arguments, **now.arguments}:
        before, after = was.arguments.get(role), now.arguments.get(role)
        if (
            before != after
            and (pair := (_describe_arguments(before), _describe_arguments(after)))[0] != pair[1]
        ):
            changes[role] = pair
    return changes


def _describe_arguments(arguments: list[Mention] | None) -> list[dict[str, Any]] | None:
    """The words and attributes of mentions, in the order of the text."""
    if arguments is None:
        return None
    return [
        {"text": m.text, "label": m.label, **m.attributes}
        for m in sorted(arguments, key=lambda m: (m.start, m.end))
    ]
