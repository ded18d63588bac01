"""Matching of mentions: which mention of one annotation is which mention of another.

The only matcher.

Every function pairs a mention at most once and returns (one, other) pairs of the mention objects
themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import TypeVar

from sayso.models import Mention
from sayso.spans import jaccard

M = TypeVar("M", bound=Mention)
MentionPairs = list[tuple[M, M]]
Offsets = tuple[int, int]
MentionKey = Callable[[M], Hashable]


def labelled_span(mention: Mention) -> tuple[str, int, int]:
    """Return the label and the offsets of a mention."""
    return mention.label, mention.start, mention.end


def match_exact(
    one: Iterable[M], other: Iterable[M], key: MentionKey[M] = labelled_span
) -> MentionPairs[M]:
    """Pair mentions with equal keys, in order. Duplicates need a duplicate on the other side."""
    waiting: dict[Hashable, list[M]] = {}
    for mention in other:
        waiting.setdefault(key(mention), []).append(mention)
    return [(mention, found.pop(0)) for mention in one if (found := waiting.get(key(mention)))]


def match_closest(
    one: Sequence[M], other: Sequence[M], comparable: Callable[[M, M], bool] = lambda *_: True
) -> MentionPairs[M]:
    """Pair overlapping comparable mentions greedily: equal labels first, then by Jaccard index.

    Ties are broken by position, so that exchanging the sides exchanges the pairs.
    """
    pairs: MentionPairs[M] = []
    taken: tuple[set[int], set[int]] = set(), set()
    for mine, theirs in sorted(iterate_overlaps(one, other), key=_rank_pair):
        free = id(mine) not in taken[0] and id(theirs) not in taken[1]
        if free and comparable(mine, theirs):
            taken[0].add(id(mine))
            taken[1].add(id(theirs))
            pairs.append((mine, theirs))
    return pairs


def _rank_pair(pair: tuple[M, M]) -> tuple[bool, float, list[tuple[int, int, str]]]:
    one, other = pair
    return one.label != other.label, -jaccard(one, other), sorted(map(position, pair))


def position(mention: Mention) -> tuple[int, int, str]:
    """Return a sort key: start, end, label."""
    return mention.start, mention.end, mention.label


def match_versions(
    older: Sequence[M], newer: Sequence[M]
) -> tuple[MentionPairs[M], list[M], list[M]]:
    """Match two versions of an annotation by id, then by labelled span, then by overlap.

    Returns:
        The pairs, the mentions that were removed, and those that were added.
    """
    pairs: MentionPairs[M] = []
    removed, added = list(older), list(newer)
    for match in (partial(match_exact, key=attrgetter("id")), match_exact, match_closest):
        pairs += match(removed, added)
        kept, found = {id(old) for old, _new in pairs}, {id(new) for _old, new in pairs}
        removed = [mention for mention in older if id(mention) not in kept]
        added = [mention for mention in newer if id(mention) not in found]
        if not removed or not added:
            break
    return pairs, removed, added


def match_overlapping(one: Sequence[M], other: Sequence[M]) -> MentionPairs[M]:
    """Pair mentions of equal label that overlap: a maximum matching, in order of position.

    Equal spans are paired first. Among several partners, those that share more code points come
    first.
    The result is symmetric: exchanging the sides exchanges the pairs.
    """
    pairs: MentionPairs[M] = []
    theirs = {label: list(mentions) for label, mentions in _group_by_label(other)}
    for label, mine in _group_by_label(one):
        pairs += match_within_label(list(mine), theirs.get(label, []))
    return sorted(pairs, key=lambda pair: position(pair[0]))


def _group_by_label(mentions: Iterable[M]) -> Iterable[tuple[str, Iterable[M]]]:
    by_label = attrgetter("label")
    return groupby(sorted(mentions, key=labelled_span), key=by_label)


def match_within_label(one: list[M], other: list[M]) -> MentionPairs[M]:
    """Do the same for mentions of one label, sorted by start and end.

    Pairs come in no particular order.
    """
    mine, theirs = _offsets(one), _offsets(other)
    if theirs < mine:  # always the same side first, which makes it symmetric
        return [(one[k], other[number]) for number, k in _match_maximum(theirs, mine)]
    return [(one[number], other[k]) for number, k in _match_maximum(mine, theirs)]


def _offsets(mentions: Iterable[M]) -> list[Offsets]:
    return [(mention.start, mention.end) for mention in mentions]


def _match_maximum(one: list[Offsets], other: list[Offsets]) -> list[tuple[int, int]]:
    """Return the numbers of a maximum matching of overlapping spans."""
    neighbours = _find_overlaps(one, other)
    partner: dict[int, int] = {}  # numbers of other -> numbers of one
    unpaired = []
    for number, near in enumerate(neighbours):
        span = one[number]
        equal = [k for k in near if other[k] == span and k not in partner]
        if equal:
            partner[equal[0]] = number
        elif near:
            unpaired.append(number)
    reverse = {number: k for k, number in partner.items()}
    # Augmenting paths never lose a pair, so those that share most may choose first.
    if len(unpaired) > 1:
        unpaired.sort(key=lambda n: -_share(one[n], other[neighbours[n][0]]))
    for number in unpaired:
        _augment(number, neighbours, partner, reverse)
    return [(number, k) for k, number in partner.items()]


def _share(one: Offsets, other: Offsets) -> int:
    return min(one[1], other[1]) - max(one[0], other[0])


def iterate_overlaps(one: Iterable[M], other: Iterable[M]) -> Iterator[tuple[M, M]]:
    """Yield every pair of mentions that overlap, of any labels, in order of position."""
    mine, theirs = sorted(one, key=position), sorted(other, key=position)
    for mention, near in zip(mine, find_overlaps(mine, theirs), strict=True):
        yield from ((mention, theirs[k]) for k in sorted(near))


def find_overlaps(one: Sequence[M], other: Sequence[M]) -> list[list[int]]:
    """Find, for each of ``one``, the numbers of those of ``other`` that overlap it, longest first.

    Both must be sorted by start.
    """
    return _find_overlaps(_offsets(one), _offsets(other))


def _find_overlaps(one: list[Offsets], other: list[Offsets]) -> list[list[int]]:
    found: list[list[int]] = []
    first, size = 0, len(other)
    reach = [0]  # the furthest end among the spans of other before each
    for _start, end in other:
        reach.append(max(reach[-1], end))
    for span in one:
        start, end = span
        while first < size and reach[first + 1] <= start:
            first += 1
        near, k = [], first
        while k < size and other[k][0] < end:
            if other[k][1] > start:
                near.append(k)
            k += 1
        if len(near) > 1:
            near.sort(key=lambda k: -_share(span, other[k]))
        found.append(near)
    return found


def _augment(
    start: int, neighbours: list[list[int]], partner: dict[int, int], reverse: dict[int, int]
) -> None:
    """Find a partner for ``start`` along an augmenting path (Kuhn 1955), without recursion."""
    came_from: dict[int, int] = {}
    waiting = [start]
    while waiting:
        number = waiting.pop()
        for k in neighbours[number]:
            if k in came_from:
                continue
            came_from[k] = number
            if k not in partner:
                _flip_path(k, came_from, partner, reverse)
                return
            waiting.append(partner[k])


def _flip_path(
    k: int, came_from: dict[int, int], partner: dict[int, int], reverse: dict[int, int]
) -> None:
    """Give each number on the path the partner that it was reached from."""
    step: int | None = k
    while step is not None:
        number = came_from[step]
        before = reverse.get(number)
        partner[step], reverse[number] = number, step
        step = before
