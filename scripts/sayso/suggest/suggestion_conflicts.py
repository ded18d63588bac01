"""One reading out of what several programs suggest.

In a layer no mention overlaps another, and no two mentions cross. Where suggestions do, the one stays that comes first:
by the order in which the suggesters were named, then the surer one, then the longer one, then the one further left. Of
two on the same span the first takes the values that only the other has. Then places inside an actor's name go, as the
guidelines have it. Whatever gives way is counted, with its reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from sayso.checks.schema_checks import ACTOR, LOCATION
from sayso.spans import Span, covers, crosses, overlaps
from sayso.suggest.suggesters import Suggestion

SAME_SPAN = "the same as another suggester's"
OVERLAPS_SAME_LABEL = "overlaps another of its label"
CROSSES_MENTION = "crosses another mention"
INSIDE_ACTOR = "a place inside an actor's name"


class SuggestionCandidate(NamedTuple):
    """A suggestion, and the number and name of the suggester that made it."""

    rank: int
    by: str
    mention: Suggestion

    @property
    def span(self) -> Span:
        """Where it would stand."""
        return Span(self.mention.start, self.mention.end)


def resolve_conflicts(
    candidates: Iterable[SuggestionCandidate], discarded: Counter[tuple[str, str, str]]
) -> list[SuggestionCandidate]:
    """Those that stay, in order of place; the others are counted by suggester, label and reason."""
    kept: list[SuggestionCandidate] = []
    for candidate in sorted(candidates, key=_sort_key):
        clash = next(
            (
                (n, reason)
                for n, other in enumerate(kept)
                if (reason := _find_conflict(candidate, other))
            ),
            None,
        )
        if clash is None:
            kept.append(candidate)
            continue
        number, reason = clash
        discarded[candidate.by, candidate.mention.label, reason] += 1
        if reason == SAME_SPAN:
            kept[number] = _merge_attributes(kept[number], candidate.mention)
    names = [other.span for other in kept if other.mention.label == ACTOR]
    for place in [one for one in kept if one.mention.label == LOCATION]:
        if any(covers(name, place.span) for name in names):
            discarded[place.by, LOCATION, INSIDE_ACTOR] += 1
            kept.remove(place)
    return sorted(kept, key=lambda one: (one.mention.start, -one.mention.end, one.mention.label))


def _sort_key(candidate: SuggestionCandidate) -> tuple[int, float, int, int, str]:
    mention = candidate.mention
    return (
        candidate.rank,
        -(mention.score or 0.0),
        mention.start - mention.end,
        mention.start,
        mention.label,
    )


def _merge_attributes(candidate: SuggestionCandidate, other: Suggestion) -> SuggestionCandidate:
    """With the values that only the other has."""
    attributes = {**other.attributes, **candidate.mention.attributes}
    return candidate._replace(
        mention=msgspec.structs.replace(candidate.mention, attributes=attributes)
    )


def _find_conflict(candidate: SuggestionCandidate, other: SuggestionCandidate) -> str:
    if candidate.mention.label == other.mention.label and overlaps(candidate.span, other.span):
        return SAME_SPAN if candidate.span == other.span else OVERLAPS_SAME_LABEL
    return CROSSES_MENTION if crosses(candidate.span, other.span) else ""
