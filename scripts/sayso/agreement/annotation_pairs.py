"""Annotations indexed for comparison, and pairs of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import chain
from operator import attrgetter
from typing import Any, TypeVar

from sayso import matching
from sayso.agreement.jackknife import JackknifeSums
from sayso.agreement.twins import SpanOccurrence, TwinSide, assign_twins, order_ends
from sayso.models import Annotation, Mention
from sayso.schema.name_edges import NO_EDGES, NameEdges
from sayso.spans import jaccard

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

Occurrences = Mapping[str, SpanOccurrence]
"""The labelled spans of an annotation's mentions, by id."""

StatisticKey = tuple[str, str, Hashable]
"""A group of measures, their subject, and what is counted."""

MatchedUnit = tuple[Mention, ...]
"""Mentions of one label that overlap, of two or more annotators, one of each."""

DocumentStatistics = defaultdict[StatisticKey, float]
AgreementSums = JackknifeSums[StatisticKey]

DerivedMaker = Callable[["IndexedAnnotation", Occurrences], T]

PAIRS = "pairs"
"""Counted by subject: the pairs of annotations of which one or both have any."""

ALL = "all"
"""The subject that stands for all labels or types together."""


def number_occurrences(keys: Iterable[K]) -> list[tuple[K, int]]:
    """Number equal keys, so that a set of the results counts duplicates.

    >>> number_occurrences("aba")
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


class IndexedAnnotation:
    """One annotation with the lookups that measures need, each computed once.

    Args:
        edges: of names in the language of the text.
        symmetric: types of relations whose ends mean the same.
    """

    def __init__(
        self,
        annotation: Annotation,
        edges: NameEdges = NO_EDGES,
        symmetric: frozenset[str] = frozenset(),
    ) -> None:
        self.annotation, self._edges, self.symmetric = annotation, edges, symmetric
        self.mentions_by_id = {mention.id: mention for mention in annotation.mentions}
        self._derived: dict[object, Any] = {}

    def derive(self, make: DerivedMaker[T]) -> T:
        """Return what is made of this annotation alone, computed at the first call."""
        if make not in self._derived:
            self._derived[make] = make(self, self.occurrences_by_id)
        derived: T = self._derived[make]
        return derived

    @cached_property
    def mentions_by_label(self) -> Mapping[str, list[Mention]]:
        """The mentions of each label, sorted by start and end."""
        found: defaultdict[str, list[Mention]] = defaultdict(list)
        for mention in sorted(self.annotation.mentions, key=attrgetter("start", "end")):
            found[mention.label].append(mention)
        return dict(found)

    @cached_property
    def occurrences_by_id(self) -> Occurrences:
        """The labelled span of each mention, by its id; that of twins in no particular order."""
        mentions = self.annotation.mentions
        occurrences = number_occurrences(map(matching.labelled_span, mentions))
        return {mention.id: key for mention, key in zip(mentions, occurrences, strict=True)}

    @cached_property
    def content(self) -> str:
        """The annotation without ids, for an order that depends on nothing else."""
        keys, annotation = self.twin_side.keys, self.annotation
        mentions = sorted((keys[m.id], _format_attributes(m)) for m in annotation.mentions)
        ends = sorted(
            order_ends(r.type, (keys[r.head], 0), (keys[r.tail], 0), self.symmetric)
            for r in annotation.relations
        )
        return f"{mentions} {ends}"

    @cached_property
    def twin_side(self) -> TwinSide:
        """The annotation as twins are assigned."""
        return TwinSide(self.annotation.mentions, self.annotation.relations, self.symmetric)

    @cached_property
    def normalised_occurrences(self) -> frozenset[SpanOccurrence]:
        """The labelled spans without article, possessive and punctuation at their edges."""
        return frozenset(number_occurrences(map(self._normalise_span, self.annotation.mentions)))

    def _normalise_span(self, mention: Mention) -> tuple[str, int, int]:
        start, end = _trim(self._edges, mention.text)
        return mention.label, mention.start + start, mention.start + end

    def normalise_text(self, mention: Mention) -> str:
        """Return the text without edges and case, with single spaces."""
        start, end = _trim(self._edges, mention.text)
        return " ".join(mention.text[start:end].casefold().split())


@lru_cache(maxsize=1 << 16)
def _trim(edges: NameEdges, text: str) -> tuple[int, int]:
    return edges.trim(text)


class AnnotationPair:
    """Two annotations of one document. No measure depends on which of them comes first."""

    def __init__(self, one: IndexedAnnotation, other: IndexedAnnotation) -> None:
        self.one, self.other = one, other
        self._counted: dict[object, DocumentStatistics] = {}

    def count_once(
        self, count: Callable[[DocumentStatistics, AnnotationPair], None]
    ) -> DocumentStatistics:
        """Return what ``count`` adds for this pair, computed at the first call."""
        if count not in self._counted:
            found: DocumentStatistics = defaultdict(float)
            count(found, self)
            self._counted[count] = found
        return self._counted[count]

    @cached_property
    def has_twins(self) -> bool:
        """One of them has two mentions with one labelled span."""
        return self.one.twin_side.has_twins or self.other.twin_side.has_twins

    @cached_property
    def occurrences(self) -> tuple[Occurrences, Occurrences]:
        """The labelled span of each mention, by its id; twins that belong together alike."""
        if not self.has_twins:
            return self.one.occurrences_by_id, self.other.occurrences_by_id
        sides = self.one.twin_side, self.other.twin_side
        pairs = assign_twins(matching.match_exact(sides[0].mentions, sides[1].mentions), *sides)
        numbers = {mine.id: number for number, (mine, _theirs) in enumerate(pairs)}
        partners = {theirs.id: numbers[mine.id] for mine, theirs in pairs}
        return _number_twins(sides[0], numbers), _number_twins(sides[1], partners)

    def derive(self, make: DerivedMaker[T]) -> tuple[T, T]:
        """Return what is made of each annotation, for this comparison if it has twins."""
        if not self.has_twins:
            return self.one.derive(make), self.other.derive(make)
        return make(self.one, self.occurrences[0]), make(self.other, self.occurrences[1])

    @cached_property
    def common_occurrences(self) -> frozenset[SpanOccurrence]:
        """The labelled spans that both have."""
        mine, theirs = self.occurrences
        return frozenset(mine.values()) & frozenset(theirs.values())

    @cached_property
    def matched_mentions(self) -> matching.MentionPairs[Mention]:
        """The mentions that overlap, as a maximum matching."""
        theirs = self.other.mentions_by_label
        pairs = [
            pair
            for label, mine in self.one.mentions_by_label.items()
            if label in theirs
            for pair in matching.match_within_label(mine, theirs[label])
        ]
        return assign_twins(pairs, self.one.twin_side, self.other.twin_side)

    @cached_property
    def matched_ids(self) -> Mapping[str, str]:
        """The ids of the other's matched mentions, each with that of its counterpart."""
        return {theirs.id: mine.id for mine, theirs in self.matched_mentions}


def _number_twins(side: TwinSide, numbers: Mapping[str, int]) -> Occurrences:
    """Number the mentions of each labelled span, those with a number first and in its order."""
    found: dict[str, SpanOccurrence] = {}
    for key, members in side.members.items():
        members = sorted(members, key=lambda mention: numbers.get(mention.id, len(numbers)))
        found.update((mention.id, (key, number)) for number, mention in enumerate(members))
    return found


class AnnotationSet:
    """All annotations of one document that are compared with each other.

    Args:
        pairs: every two of them.
        apart: an annotation may be in other sets of the document, too.

    Attributes:
        names: of the annotators, with all of the set if it is apart.
    """

    def __init__(self, pairs: Sequence[AnnotationPair], *, apart: bool = False) -> None:
        self.pairs = pairs
        both = chain.from_iterable((pair.one, pair.other) for pair in pairs)
        self.annotations = list({id(each): each for each in both}.values())
        annotators = [each.annotation.annotator for each in self.annotations]
        together = " ".join(annotators) if apart else ""
        self.names = [f"{name} {together}" for name in annotators]

    @cached_property
    def units(self) -> list[MatchedUnit]:
        """The mentions that two or more annotators marked, each with those who did.

        Pairs of matched mentions are joined, those that share most first, unless a unit would get
        two mentions of one annotator.
        """
        if len(self.pairs) == 1:
            return list(self.pairs[0].matched_mentions)
        pairs, found = self.pairs, list[tuple[AnnotationPair, Mention, Mention]]()
        if any(pair.has_twins for pair in pairs):
            pairs = sorted(pairs, key=lambda pair: sorted((pair.one.content, pair.other.content)))
        for pair in pairs:
            found += [(pair, *two) for two in pair.matched_mentions]
        units, conflict = _join_matches(found)
        if conflict:
            rank = _rank_match_of_twins if pairs is not self.pairs else _rank_match
            units, _ = _join_matches(sorted(found, key=lambda each: rank(*each[1:])))
        return units


def _join_matches(
    matches: Iterable[tuple[AnnotationPair, Mention, Mention]],
) -> tuple[list[MatchedUnit], bool]:
    """Join pairs of matched mentions to units, in order.

    Returns:
        The units, and whether one would have had two mentions of an annotator: then the order
        matters.
    """
    units: dict[int, dict[int, Mention]] = {}  # by identity of each mention in them
    conflict = False
    for pair, mine, theirs in matches:
        one = units.get(id(mine)) or {id(pair.one): mine}
        other = units.get(id(theirs)) or {id(pair.other): theirs}
        if one is other:
            continue
        if one.keys() & other.keys():
            conflict = True
            continue
        joined = {**one, **other}
        for mention in joined.values():
            units[id(mention)] = joined
    return [tuple(unit.values()) for unit in {id(u): u for u in units.values()}.values()], conflict


def _rank_match(one: Mention, other: Mention) -> tuple[object, ...]:
    """Return a sort key: most shared words first, then by position."""
    return -jaccard(one, other), sorted(map(matching.position, (one, other)))


def _rank_match_of_twins(one: Mention, other: Mention) -> tuple[object, ...]:
    """Return a sort key that tells twins apart by their attributes."""
    contents = sorted(map(_format_attributes, (one, other)))
    return *_rank_match(one, other), contents[0] != contents[1], contents


def _format_attributes(mention: Mention) -> str:
    return str(sorted(mention.attributes.items()))


def add_totals(into: DocumentStatistics, groups: frozenset[str]) -> None:
    """Add the subject ALL to each of the groups: the sum over labels or types.

    A pair of annotations has several of them, and is one pair.
    """
    for (group, _subject, what), number in list(into.items()):
        if group in groups and not str(what).startswith(PAIRS):
            into[group, ALL, what] += number
