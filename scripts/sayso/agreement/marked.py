"""Answers made ready to be compared, each once, and two of them side by side."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import cached_property, lru_cache
from operator import attrgetter
from typing import Any, TypeVar

from sayso.agreement import matching
from sayso.agreement.bootstrap import Resampled
from sayso.checks.scheme import bare
from sayso.records import Annotation, Mention

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
Place = tuple[tuple[str, int, int], int]
"""Label, start and end, and how many the same annotator marked on the very same place before."""

Key = tuple[str, str, Hashable]
"""A group of measures, what it is of, and what is counted."""

Statistics = defaultdict[Key, float]
"""What a document gives."""

Sums = Resampled[Key]
"""What all documents give, as they are and drawn anew."""

ALL = "all"
"""What stands in the place of a label or type for all of them."""

_bare = lru_cache(maxsize=1 << 16)(bare)


def numbered(keys: Iterable[K]) -> list[tuple[K, int]]:
    """Each with how often it came before, so that a set of them counts what stands there twice as two.

    >>> numbered("aba")
    [('a', 0), ('b', 0), ('a', 1)]
    """
    listed = list(keys)
    if len(set(listed)) == len(listed):
        return [(key, 0) for key in listed]
    before: Counter[K] = Counter()
    found = []
    for key in listed:
        found.append((key, before[key]))
        before[key] += 1
    return found


class Marked:
    """One annotator's answer. Offsets are code points of the document's text."""

    def __init__(self, answer: Annotation) -> None:
        self.answer = answer
        self.by_id = {mention.id: mention for mention in answer.mentions}
        self._made: dict[object, Any] = {}

    def once(self, make: Callable[[Marked], T]) -> T:
        """What ``make`` makes of the answer, made when it is first asked for."""
        if make not in self._made:
            self._made[make] = make(self)
        made: T = self._made[make]
        return made

    @cached_property
    def layers(self) -> Mapping[str, list[Mention]]:
        """The mentions of each label, in order of start, then of end."""
        found: defaultdict[str, list[Mention]] = defaultdict(list)
        for mention in sorted(self.answer.mentions, key=attrgetter("start", "end")):
            found[mention.label].append(mention)
        return dict(found)

    @cached_property
    def places(self) -> Mapping[Place, Mention]:
        """The mentions by where they stand."""
        mentions = self.answer.mentions
        return dict(zip(numbered((m.label, m.start, m.end) for m in mentions), mentions, strict=True))

    @cached_property
    def place(self) -> Mapping[str, Place]:
        """Where a mention stands, by its id."""
        return {mention.id: place for place, mention in self.places.items()}

    @cached_property
    def bare_places(self) -> frozenset[Place]:
        """Where the mentions stand without article, possessive and punctuation at their edges."""
        return frozenset(numbered(map(_bare_place, self.answer.mentions)))


def _bare_place(mention: Mention) -> tuple[str, int, int]:
    start, end = _bare(mention.text)
    return mention.label, mention.start + start, mention.start + end


def words(mention: Mention) -> str:
    """What a mention says, for comparing: bare, without case, one space between words."""
    start, end = _bare(mention.text)
    return " ".join(mention.text[start:end].casefold().split())


class Pair:
    """Two annotators' answers to one document; nothing that is measured of it depends on which comes first."""

    def __init__(self, one: Marked, other: Marked) -> None:
        self.one, self.other = one, other

    @cached_property
    def common(self) -> frozenset[Place]:
        """Where both marked the very same."""
        return frozenset(self.one.places.keys() & self.other.places.keys())

    @cached_property
    def matched(self) -> matching.Pairs[Mention]:
        """The mentions that overlap, as many pairs as there can be."""
        layers = self.other.layers
        return [
            pair for label, mine in self.one.layers.items() if label in layers
            for pair in matching.in_layer(mine, layers[label])
        ]  # fmt: skip

    @cached_property
    def partner(self) -> Mapping[str, str]:
        """The other's ids, each with the id of what it is matched with."""
        return {theirs.id: mine.id for mine, theirs in self.matched}


def count_all(into: Statistics, groups: frozenset[str]) -> None:
    """Add, for each of the groups, what all labels or types come to."""
    for (group, _subject, what), number in list(into.items()):
        if group in groups:
            into[group, ALL, what] += number
