"""Which mention of one reading is which of another's. Pure and symmetric: the other way round finds as many pairs.

Only mentions of one label are paired, and each at most once.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import TypeVar

from sayso.models import Mention

M = TypeVar("M", bound=Mention)
MentionPairs = list[tuple[M, M]]
MentionKey = Callable[[M], Hashable]


def labelled_span(mention: Mention) -> Hashable:
    """The same for mentions of one label on the very same span."""
    return mention.label, mention.start, mention.end


def match_exact(
    one: Iterable[M], other: Iterable[M], key: MentionKey[M] = labelled_span
) -> MentionPairs[M]:
    """Pairs of mentions that are the same by ``key``; where one reading has it twice, the second needs a second too."""
    waiting: dict[Hashable, list[M]] = {}
    for mention in other:
        waiting.setdefault(key(mention), []).append(mention)
    return [(mention, found.pop(0)) for mention in one if (found := waiting.get(key(mention)))]


def match_overlapping(one: Sequence[M], other: Sequence[M]) -> MentionPairs[M]:
    """As many pairs as there can be of mentions of one label that share a code point; equal spans are paired first.

    In order of start. A maximum matching: no greedy choice of a first neighbour costs a pair. Where one can be paired
    with several, those with most in common are tried first.
    """
    pairs: MentionPairs[M] = []
    theirs = {label: list(mentions) for label, mentions in _group_by_label(other)}
    for label, mine in _group_by_label(one):
        pairs += match_within_label(list(mine), theirs.get(label, []))
    return sorted(pairs, key=lambda pair: (pair[0].start, pair[0].end, pair[0].label))


def _group_by_label(mentions: Sequence[M]) -> Iterable[tuple[str, Iterable[M]]]:
    return groupby(
        sorted(mentions, key=lambda m: (m.label, m.start, m.end)), key=attrgetter("label")
    )


def match_within_label(mine: list[M], theirs: list[M]) -> MentionPairs[M]:
    """The same for mentions that are all of one label and stand in order of start, then of end; in any order."""
    if _is_before(
        theirs, mine
    ):  # always from the same side, so that the same pairs are found the other way round
        return [(one, other) for other, one in _match_sorted(theirs, mine)]
    return _match_sorted(mine, theirs)


def _is_before(one: list[M], other: list[M]) -> bool:
    for mine, theirs in zip(one, other, strict=False):
        if not _same_span(mine, theirs):
            return (mine.start, mine.end) < (theirs.start, theirs.end)
    return len(one) < len(other)


def _match_sorted(mine: list[M], theirs: list[M]) -> MentionPairs[M]:
    neighbours = _find_neighbours(mine, theirs)
    partner: dict[int, int] = {}  # of theirs → of mine
    left = []
    for number, near in enumerate(neighbours):
        equal = [k for k in near if k not in partner and _same_span(mine[number], theirs[k])]
        if equal:
            partner[equal[0]] = number
        elif near:
            left.append(number)
    back = {number: k for k, number in partner.items()}
    # Those that have much in common with somebody choose first: no pair is lost by it, and the better ones are found.
    for number in sorted(left, key=lambda n: -_shared_length(mine[n], theirs[neighbours[n][0]])):
        _augment_matching(number, neighbours, partner, back)
    return [(mine[number], theirs[k]) for k, number in partner.items()]


def _same_span(one: Mention, other: Mention) -> bool:
    return one.start == other.start and one.end == other.end


def _shared_length(one: Mention, other: Mention) -> int:
    return min(one.end, other.end) - max(one.start, other.start)


def _find_neighbours(mine: list[M], theirs: list[M]) -> list[list[int]]:
    """For each of mine the numbers of theirs that share a code point with it; both stand in order of start."""
    found, first = [], 0
    furthest = [0]  # how far any of theirs up to here reaches
    for mention in theirs:
        furthest.append(max(furthest[-1], mention.end))
    for mention in mine:
        while first < len(theirs) and furthest[first + 1] <= mention.start:
            first += 1
        near, k = [], first
        while k < len(theirs) and theirs[k].start < mention.end:
            if theirs[k].end > mention.start:
                near.append(k)
            k += 1
        if len(near) > 1:  # what has most in common is tried first
            near.sort(key=lambda k: -_shared_length(mention, theirs[k]))
        found.append(near)
    return found


def _augment_matching(
    start: int, neighbours: list[list[int]], partner: dict[int, int], back: dict[int, int]
) -> bool:
    """Find a partner for ``start``, others changing theirs where they can; without recursion, for long chains."""
    came_from: dict[int, int] = {}
    waiting = [start]
    while waiting:
        number = waiting.pop()
        for k in neighbours[number]:
            if k in came_from:
                continue
            came_from[k] = number
            if k not in partner:
                _flip_path(k, came_from, partner, back)
                return True
            waiting.append(partner[k])
    return False


def _flip_path(
    k: int, came_from: dict[int, int], partner: dict[int, int], back: dict[int, int]
) -> None:
    """Give each on the way the partner that it was reached from; ``back`` is ``partner`` the other way round."""
    place: int | None = k
    while place is not None:
        number = came_from[place]
        before = back.get(number)
        partner[place], back[number] = number, place
        place = before
