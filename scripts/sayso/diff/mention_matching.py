"""Which mention of one answer is which of another. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import product
from typing import TypeVar

from sayso.models import Mention
from sayso.spans import overlaps

M = TypeVar("M", bound=Mention)
Pairs = list[tuple[M, M]]


def match_mentions_of_versions(
    older: Sequence[M], newer: Sequence[M]
) -> tuple[Pairs[M], list[M], list[M]]:
    """Pairs of one mention, then those that went and those that came.

    By id; what is left by the same span and label; what is still left by the best overlap, the same label first.
    """
    known = {mention.id: mention for mention in newer}
    if len(known) == len(newer) == len(older) and known.keys() == {mention.id for mention in older}:
        return [(mention, known[mention.id]) for mention in older], [], []  # nearly always
    pairs: Pairs[M] = []
    gone, come = list(older), list(newer)
    for found in (_match_by_id, _match_by_span, _match_by_overlap):
        pairs += found(gone, come)
        gone, come = _unmatched(older, newer, pairs)
        if not gone or not come:
            break
    return pairs, gone, come


def _unmatched(older: Iterable[M], newer: Iterable[M], pairs: Pairs[M]) -> tuple[list[M], list[M]]:
    taken = {id(mention) for pair in pairs for mention in pair}
    return [m for m in older if id(m) not in taken], [m for m in newer if id(m) not in taken]


def _match_by_id(older: Iterable[M], newer: Iterable[M]) -> Iterator[tuple[M, M]]:
    return _match_by_key(
        ((mention.id, mention) for mention in older), ((mention.id, mention) for mention in newer)
    )


def _match_by_span(older: Iterable[M], newer: Iterable[M]) -> Iterator[tuple[M, M]]:
    return _match_by_key(
        (((m.start, m.end, m.label), m) for m in older),
        (((m.start, m.end, m.label), m) for m in newer),
    )


def _match_by_key(
    older: Iterable[tuple[Hashable, M]], newer: Iterable[tuple[Hashable, M]]
) -> Iterator[tuple[M, M]]:
    waiting: dict[Hashable, list[M]] = {}
    for key, mention in older:
        waiting.setdefault(key, []).append(mention)
    for key, mention in newer:
        if waiting.get(key):
            yield waiting[key].pop(0), mention


def _match_by_overlap(older: Sequence[M], newer: Sequence[M]) -> Iterator[tuple[M, M]]:
    """Pairs that share code points: the same label before another, more of both before less, then by their order."""
    ranked = sorted(
        (
            (one.label != other.label, -_overlap_share(one, other), n, k, one, other)
            for (n, one), (k, other) in product(enumerate(older), enumerate(newer))
            if overlaps(one.span, other.span)
        ),
        key=lambda rank: rank[:4],
    )
    taken: set[tuple[str, int]] = set()
    for _label, _share, n, k, one, other in ranked:
        if ("older", n) not in taken and ("newer", k) not in taken:
            taken |= {("older", n), ("newer", k)}
            yield one, other


def _overlap_share(one: Mention, other: Mention) -> float:
    """How much of both they share, from 0 to 1."""
    both = min(one.end, other.end) - max(one.start, other.start)
    return both / (max(one.end, other.end) - min(one.start, other.start))
