"""Give copies of one article the same split. A split that was given never changes."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import get_args

from sayso.ingest.article_index import ArticleIndex
from sayso.ingest.incoming_articles import IncomingArticles
from sayso.ingest.near_duplicates import RunHashes, are_copies, hash_bands, hash_runs
from sayso.models import Split

SPLITS: tuple[Split, ...] = get_args(Split)
_SPLIT_BOUNDS = (80, 90, 100)  # per cent: train to 80, validation to 90, test to 100


@dataclass(frozen=True)
class CopyCluster:
    """Documents that are copies of one another, as far as this command saw them.

    Attributes:
        new: those that this command adds.
        split: the split of the new ones.
        same_text: their texts are equal to the letter.
        kept_splits: the splits that known ones have and keep, where these differ.
    """

    doc_ids: tuple[str, ...]
    new: tuple[str, ...]
    split: Split
    same_text: bool
    kept_splits: tuple[Split, ...] = ()


def assign_split(text_hashes: Iterable[str]) -> Split:
    """Return the split of a cluster of new texts, drawn from the smallest of their hashes: 80, 10
    and 10 per cent.

    >>> assign_split(["2cee767e", "ffff"]) == assign_split(["ffff", "2cee767e"])
    True
    """
    digest = hashlib.sha256(f"split {min(text_hashes)}".encode()).digest()
    drawn = int.from_bytes(digest[:8], "big") % 100
    bounds = zip(SPLITS, _SPLIT_BOUNDS, strict=True)
    return next(split for split, bound in bounds if drawn < bound)


@dataclass
class _DisjointSets:
    """Disjoint sets of numbers that were joined with another."""

    parents: dict[int, int] = field(default_factory=dict)

    def find_root(self, number: int) -> int:
        while (parent := self.parents.get(number, number)) != number:
            self.parents[number] = self.parents.get(parent, parent)
            number = parent
        return number

    def join(self, one: int, other: int) -> None:
        low, high = sorted((self.find_root(one), self.find_root(other)))
        self.parents[low] = low
        self.parents[high] = low


def assign_splits(
    incoming: IncomingArticles, index: ArticleIndex, advance: Callable[[int], None]
) -> list[CopyCluster]:
    """Give every new text its split, and return the clusters with a new document, in order of
    doc_id.
    """
    joined = _join_copies(incoming, index, advance)
    members: dict[int, list[int]] = defaultdict(list)
    for number in joined.parents:
        members[joined.find_root(number)].append(number)
    hashes = {}
    for number, digest in incoming.list_new_hashes():
        if number in joined.parents:
            hashes[number] = digest
        else:
            _choose_split([number], {number: digest}, incoming, index)
    for numbers in members.values():
        _choose_split(numbers, hashes, incoming, index)
    alone = [[number] for number in incoming.list_shared_texts() if number not in joined.parents]
    clusters = [_build_cluster(each, incoming, index) for each in (*members.values(), *alone)]
    return sorted(clusters, key=lambda cluster: cluster.doc_ids)


def _join_copies(
    incoming: IncomingArticles, index: ArticleIndex, advance: Callable[[int], None]
) -> _DisjointSets:
    sets = _DisjointSets()

    @lru_cache(maxsize=64)
    def hash_runs_of(number: int) -> RunHashes | None:
        text = incoming.find_text(number) or index.find_text(number)
        return None if text is None else hash_runs(text)

    for number, text in incoming.list_new_texts():
        own = hash_runs(text)
        bands = hash_bands(own)
        for other in sorted(index.find_neighbours(bands) - {number}):
            if sets.find_root(other) == sets.find_root(number):
                continue
            theirs = hash_runs_of(other)
            if theirs is not None and are_copies(own, theirs):
                sets.join(number, other)
        index.add_fingerprint(number, bands)
        advance(1)
    return sets


def _choose_split(
    numbers: list[int], hashes: dict[int, str], incoming: IncomingArticles, index: ArticleIndex
) -> None:
    given = {split for number in numbers for _doc_id, split in index.list_holders(number)}
    # The first in order, always: a killed command that is run again must choose the same.
    new = [number for number in numbers if number in hashes]
    split = (
        min(given, key=SPLITS.index) if given else assign_split(hashes[number] for number in new)
    )
    for number in new:
        incoming.set_split(number, split)


def _build_cluster(
    numbers: list[int], incoming: IncomingArticles, index: ArticleIndex
) -> CopyCluster:
    known = [holder for number in numbers for holder in index.list_holders(number)]
    new = {number: incoming.list_new_doc_ids(number) for number in numbers}
    new_ids = sorted(doc_id for doc_ids in new.values() for doc_id in doc_ids)
    given = sorted({split for _doc_id, split in known}, key=SPLITS.index)
    return CopyCluster(
        doc_ids=tuple(sorted([*new_ids, *(doc_id for doc_id, _split in known)])),
        new=tuple(new_ids),
        split=next(incoming.find_split(number) for number in numbers if new[number]),
        same_text=len(numbers) == 1,
        kept_splits=tuple(given) if len(given) > 1 else (),
    )
