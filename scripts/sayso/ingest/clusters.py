"""Copies of one another get one split, and a split that was given is never taken away."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import get_args

from sayso.ingest import near_duplicates
from sayso.ingest.arrivals import Arrivals
from sayso.ingest.index import Index
from sayso.records import Split

SPLITS: tuple[Split, ...] = get_args(Split)
_SHARES = (80, 90, 100)  # per cent: train to 80, validation to 90, test to 100


@dataclass(frozen=True)
class Cluster:
    """Documents that are copies of one another, as far as this command met them.

    ``same_text`` says that their texts are equal to the letter. ``bridged`` names the splits that some of them had
    before, where these differ: they keep them, and the new ones are in ``split``.
    """

    doc_ids: tuple[str, ...]
    new: tuple[str, ...]
    split: Split
    same_text: bool
    bridged: tuple[Split, ...] = ()


def split_of(text_hashes: Iterable[str]) -> Split:
    """The split of a cluster of new texts, by the smallest of their hashes: 80, 10 and 10 of a hundred.

    >>> split_of(["2cee767e", "ffff"]) == split_of(["ffff", "2cee767e"])
    True
    """
    digest = hashlib.sha256(f"split {min(text_hashes)}".encode()).digest()
    drawn = int.from_bytes(digest[:8], "big") % 100
    return next(split for split, end in zip(SPLITS, _SHARES, strict=True) if drawn < end)


@dataclass
class _Sets:
    """Disjoint sets of numbers, for those that were joined to another."""

    parents: dict[int, int] = field(default_factory=dict)

    def root(self, number: int) -> int:
        while (parent := self.parents.get(number, number)) != number:
            self.parents[number] = self.parents.get(parent, parent)
            number = parent
        return number

    def join(self, one: int, other: int) -> None:
        low, high = sorted((self.root(one), self.root(other)))
        self.parents[low] = low
        self.parents[high] = low


def assign(arrivals: Arrivals, index: Index, advance: Callable[[int], None]) -> list[Cluster]:
    """Give every new text its split and return the clusters that have a new document, in order of doc_id."""
    joined = _joined(arrivals, index, advance)
    members: dict[int, list[int]] = defaultdict(list)
    for number in joined.parents:
        members[joined.root(number)].append(number)
    hashes = {}
    for number, digest in arrivals.new_hashes():
        if number in joined.parents:
            hashes[number] = digest
        elif held := index.holders(number):
            arrivals.choose(number, held[0][1])
        else:
            arrivals.choose(number, split_of([digest]))
    for numbers in members.values():
        _choose(numbers, hashes, arrivals, index)
    alone = [[number] for number in arrivals.shared_texts() if number not in joined.parents]
    found = [_cluster(numbers, arrivals, index) for numbers in (*members.values(), *alone)]
    return sorted(found, key=lambda cluster: cluster.doc_ids)


def _joined(arrivals: Arrivals, index: Index, advance: Callable[[int], None]) -> _Sets:
    sets = _Sets()

    @lru_cache(maxsize=64)
    def runs_of(number: int) -> near_duplicates.Runs | None:
        text = arrivals.text(number) or index.text(number)
        return None if text is None else near_duplicates.runs(text)

    for number, text in arrivals.new_texts():
        own = near_duplicates.runs(text)
        keys = near_duplicates.bands(own)
        for other in sorted(index.neighbours(keys) - {number}):
            if sets.root(other) == sets.root(number):
                continue
            theirs = runs_of(other)
            if theirs is not None and near_duplicates.resemblance(own, theirs) >= near_duplicates.THRESHOLD:
                sets.join(number, other)
        index.keep(number, keys)
        advance(1)
    return sets


def _choose(numbers: list[int], hashes: dict[int, str], arrivals: Arrivals, index: Index) -> None:
    given = {split for number in numbers for _doc_id, split in index.holders(number)}
    # The first in order, always: a command that was killed and is run again must choose the same.
    split = min(given, key=SPLITS.index) if given else split_of(hashes[number] for number in numbers)
    for number in numbers:
        if number in hashes:
            arrivals.choose(number, split)


def _cluster(numbers: list[int], arrivals: Arrivals, index: Index) -> Cluster:
    old = [holder for number in numbers for holder in index.holders(number)]
    new = sorted(doc_id for number in numbers for doc_id in arrivals.new_holders(number))
    given = sorted({split for _doc_id, split in old}, key=SPLITS.index)
    return Cluster(
        doc_ids=tuple(sorted([*new, *(doc_id for doc_id, _split in old)])),
        new=tuple(new),
        split=next(arrivals.chosen(number) for number in numbers if arrivals.new_holders(number)),
        same_text=len(numbers) == 1,
        bridged=tuple(given) if len(given) > 1 else (),
    )
