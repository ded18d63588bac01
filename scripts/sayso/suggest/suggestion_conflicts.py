"""Resolve what several programs suggest into mentions that fit together.

In a layer no mention overlaps another, and no two mentions cross. Where suggestions do, the one
stays that comes first: by the order in which the suggesters were named, then the surer one, then
the longer one, then the one further left. Of two on the same span the first takes the values that
only the other has. Then those go that the schema wants outside of mentions of certain labels.
Whatever is discarded is counted, with its reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from sayso.schema.declarations import Schema
from sayso.spans import Span, covers, crosses, overlaps
from sayso.suggest.suggesters import Suggestion

SAME_SPAN = "the same as another suggester's"
OVERLAPS_SAME_LABEL = "overlaps another of its label"
CROSSES_MENTION = "crosses another mention"
INSIDE_OTHER = "inside a mention of another label"


class SuggestionCandidate(NamedTuple):
    """A suggestion, and the rank and name of the suggester that made it."""

    rank: int
    by: str
    mention: Suggestion

    @property
    def span(self) -> Span:
        """The span that it would mark."""
        return Span(self.mention.start, self.mention.end)


def resolve_conflicts(
    candidates: Iterable[SuggestionCandidate],
    discarded: Counter[tuple[str, str, str]],
    schema: Schema,
) -> list[SuggestionCandidate]:
    """Return those that stay, in order; count the others by suggester, label and reason."""
    kept: list[SuggestionCandidate] = []
    for candidate in sorted(candidates, key=_sort_key):
        conflicts = ((n, _find_conflict(candidate, other)) for n, other in enumerate(kept))
        number, reason = next((each for each in conflicts if each[1]), (0, ""))
        if not reason:
            kept.append(candidate)
            continue
        discarded[candidate.by, candidate.mention.label, reason] += 1
        if reason == SAME_SPAN:
            kept[number] = _merge_attributes(kept[number], candidate.mention)
    for label, declared in schema.labels.items():
        names = [each.span for each in kept if each.mention.label in declared.outside]
        for inner in [each for each in kept if each.mention.label == label]:
            if any(covers(name, inner.span) for name in names):
                discarded[inner.by, label, INSIDE_OTHER] += 1
                kept.remove(inner)
    return sorted(kept, key=lambda each: (each.span.start, -each.span.end, each.mention.label))


def _sort_key(candidate: SuggestionCandidate) -> tuple[int, float, int, int, str]:
    mention = candidate.mention
    length = mention.end - mention.start
    return candidate.rank, -(mention.score or 0.0), -length, mention.start, mention.label


def _merge_attributes(candidate: SuggestionCandidate, other: Suggestion) -> SuggestionCandidate:
    attributes = other.attributes | candidate.mention.attributes
    mention = msgspec.structs.replace(candidate.mention, attributes=attributes)
    return candidate._replace(mention=mention)


def _find_conflict(candidate: SuggestionCandidate, other: SuggestionCandidate) -> str:
    if candidate.mention.label == other.mention.label and overlaps(candidate.span, other.span):
        return SAME_SPAN if candidate.span == other.span else OVERLAPS_SAME_LABEL
    return CROSSES_MENTION if crosses(candidate.span, other.span) else ""
