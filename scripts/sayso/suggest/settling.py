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

from sayso.checks.scheme import ACTOR, LOCATION
from sayso.spans import Span, covers, crossing, overlapping
from sayso.suggest.suggesters import Suggested

SAME = "the same as another suggester's"
OVERLAPPING = "overlaps another of its label"
CROSSING = "crosses another mention"
INSIDE_ACTOR = "a place inside an actor's name"


class Candidate(NamedTuple):
    """A suggestion, and the number and name of the suggester that made it."""

    turn: int
    by: str
    mention: Suggested

    @property
    def span(self) -> Span:
        """Where it would stand."""
        return Span(self.mention.start, self.mention.end)


def settled(candidates: Iterable[Candidate], given_way: Counter[tuple[str, str, str]]) -> list[Candidate]:
    """Those that stay, in order of place; the others are counted by suggester, label and reason."""
    kept: list[Candidate] = []
    for candidate in sorted(candidates, key=_precedence):
        clash = next(((n, reason) for n, other in enumerate(kept) if (reason := _clash(candidate, other))), None)
        if clash is None:
            kept.append(candidate)
            continue
        number, reason = clash
        given_way[candidate.by, candidate.mention.label, reason] += 1
        if reason == SAME:
            kept[number] = _completed(kept[number], candidate.mention)
    names = [other.span for other in kept if other.mention.label == ACTOR]
    for place in [one for one in kept if one.mention.label == LOCATION]:
        if any(covers(name, place.span) for name in names):
            given_way[place.by, LOCATION, INSIDE_ACTOR] += 1
            kept.remove(place)
    return sorted(kept, key=lambda one: (one.mention.start, -one.mention.end, one.mention.label))


def _precedence(candidate: Candidate) -> tuple[int, float, int, int, str]:
    mention = candidate.mention
    return candidate.turn, -(mention.score or 0.0), mention.start - mention.end, mention.start, mention.label


def _completed(candidate: Candidate, other: Suggested) -> Candidate:
    """With the values that only the other has."""
    attributes = {**other.attributes, **candidate.mention.attributes}
    return candidate._replace(mention=msgspec.structs.replace(candidate.mention, attributes=attributes))


def _clash(candidate: Candidate, other: Candidate) -> str:
    if candidate.mention.label == other.mention.label and overlapping(candidate.span, other.span):
        return SAME if candidate.span == other.span else OVERLAPPING
    return CROSSING if crossing(candidate.span, other.span) else ""
