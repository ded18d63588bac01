"""Assignment of twins: mentions of one annotator with the same label and span.

A matching by spans says how many twins find a partner, but not which. Here each gets the partner
with which it has most attributes and relations in common, over all twins that relations connect. No
id and no order has a part in it: among equally good assignments, the content decides.
"""

from __future__ import annotations

from collections import ChainMap, Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TypeVar

from sayso.matching import MentionPairs, labelled_span
from sayso.models import Mention, Relation

_MOST_TRIED = 720  # all assignments of six twins; beyond, one pair after the other is chosen
_ROUNDS = 3  # of refinement: relations of relations of relations

E = TypeVar("E", str, int, "SpanOccurrence")
SpanKey = tuple[str, int, int]
_Slot = tuple[SpanKey, SpanKey]
"""The labelled spans of a pair of matched mentions."""
SpanOccurrence = tuple[SpanKey, int]
"""A labelled span, and how many equal ones the annotation has before it."""
_Colours = Mapping[tuple[int, str], int]
"""Equal numbers for mentions with equal content, relations included, by side and id."""


def order_ends(kind: str, head: E, tail: E, symmetric: frozenset[str]) -> tuple[str, E, E]:
    """Return the type and ends of a relation, those of a symmetric one in order.

    >>> order_ends("meets", 2, 1, frozenset({"meets"}))
    ('meets', 1, 2)
    """
    if kind in symmetric and tail < head:
        return kind, tail, head
    return kind, head, tail


class TwinSide:
    """One annotation, with its mentions by labelled span and its relations by their ends.

    Args:
        symmetric: types of relations whose ends mean the same.
    """

    def __init__(
        self,
        mentions: Sequence[Mention],
        relations: Sequence[Relation],
        symmetric: frozenset[str] = frozenset(),
    ) -> None:
        self.mentions, self.relations, self.symmetric = mentions, relations, symmetric

    @cached_property
    def members(self) -> Mapping[SpanKey, list[Mention]]:
        """The mentions of each labelled span."""
        found: defaultdict[SpanKey, list[Mention]] = defaultdict(list)
        for mention in self.mentions:
            found[labelled_span(mention)].append(mention)
        return dict(found)

    @cached_property
    def has_twins(self) -> bool:
        """Two mentions have one labelled span."""
        return len(self.members) < len(self.mentions)

    @cached_property
    def ends(self) -> Mapping[str, list[tuple[str, bool, str]]]:
        """For each mention: type, whether it counts as head, and other end of each relation."""
        found: defaultdict[str, list[tuple[str, bool, str]]] = defaultdict(list)
        for each in self.relations:
            found[each.head].append((each.type, True, each.tail))
            found[each.tail].append((each.type, each.type in self.symmetric, each.head))
        return found

    @cached_property
    def relations_by_end(self) -> Mapping[str, list[int]]:
        """For each mention, the numbers of its relations."""
        found: defaultdict[str, list[int]] = defaultdict(list)
        for number, each in enumerate(self.relations):
            for end in {each.head, each.tail}:
                found[end].append(number)
        return found

    @cached_property
    def relation_counts(self) -> Counter[tuple[str, str, str]]:
        """The number of each relation, by type, head and tail."""
        return Counter(
            order_ends(each.type, each.head, each.tail, self.symmetric) for each in self.relations
        )

    @cached_property
    def keys(self) -> Mapping[str, SpanKey]:
        """The labelled span of each mention, by its id."""
        return {mention.id: labelled_span(mention) for mention in self.mentions}


def assign_twins(
    pairs: MentionPairs[Mention], one: TwinSide, other: TwinSide
) -> MentionPairs[Mention]:
    """Return pairs of the same labelled spans, with the twins among them best assigned."""
    if not (one.has_twins or other.has_twins):
        return pairs
    sides = one, other
    open_slots: list[_Slot] = []
    settled: MentionPairs[Mention] = []
    for mine, theirs in pairs:
        slot = labelled_span(mine), labelled_span(theirs)
        if len(one.members[slot[0]]) == len(other.members[slot[1]]) == 1:
            settled.append((mine, theirs))
        else:
            open_slots.append(slot)
    colours = _refine_colours(sides)
    partners = {mine.id: theirs.id for mine, theirs in settled}
    for slots in _connect_slots(open_slots, sides):
        found = _Assignment(sides, colours, partners, slots).find_best()
        partners.update((mine.id, theirs.id) for mine, theirs in found)
        settled += found
    return settled


def _refine_colours(sides: tuple[TwinSide, TwinSide]) -> _Colours:
    """Number the mentions of both sides by content, and by that of what relations tie to them."""
    contents: dict[tuple[int, str], object] = {
        (side, mention.id): (
            labelled_span(mention),
            sorted(mention.attributes.items(), key=str),
            mention.started_from or "",
        )
        for side, annotation in enumerate(sides)
        for mention in annotation.mentions
    }
    for _ in range(_ROUNDS):
        colours = _rank_contents(contents)
        contents = {
            (side, name): (
                colour,
                sorted(
                    (kind, head, colours[side, end]) for kind, head, end in sides[side].ends[name]
                )
                if name in sides[side].ends
                else [],
            )
            for (side, name), colour in colours.items()
        }
    return _rank_contents(contents)


def _rank_contents(contents: Mapping[tuple[int, str], object]) -> dict[tuple[int, str], int]:
    texts = {key: repr(content) for key, content in contents.items()}
    ranks = {text: number for number, text in enumerate(sorted(set(texts.values())))}
    return {key: ranks[text] for key, text in texts.items()}


def _connect_slots(
    slots: Sequence[_Slot], sides: tuple[TwinSide, TwinSide]
) -> Iterator[list[_Slot]]:
    """Yield groups of slots that share a labelled span, or that a relation connects, in order."""
    group: dict[tuple[int, SpanKey], set[tuple[int, SpanKey]]] = {}

    def join(one: tuple[int, SpanKey], other: tuple[int, SpanKey]) -> None:
        joined = group.setdefault(one, {one}) | group.setdefault(other, {other})
        group.update((key, joined) for key in joined)

    for mine, theirs in slots:
        join((0, mine), (1, theirs))
    for side, annotation in enumerate(sides):
        for relation in annotation.relations:
            ends = [(side, annotation.keys[end]) for end in (relation.head, relation.tail)]
            if all(end in group for end in ends):
                join(*ends)
    found: defaultdict[int, list[_Slot]] = defaultdict(list)
    for slot in sorted(slots):
        found[id(group[0, slot[0]])].append(slot)
    yield from found.values()


@dataclass(frozen=True)
class _Assignment:
    """The choice of mentions for slots that hang together."""

    sides: tuple[TwinSide, TwinSide]
    colours: _Colours
    partners: Mapping[str, str]
    slots: Sequence[_Slot]

    def find_best(self) -> MentionPairs[Mention]:
        """Return the best assignment of all, or, if there are too many, a good one."""
        tried = list(islice(self._iterate_assignments(0, {}), _MOST_TRIED + 1))
        if len(tried) > _MOST_TRIED:
            return self._choose_one_by_one()
        return min(tried, key=self._rank)

    def _members(self, side: int, key: SpanKey) -> list[Mention]:
        """Return the mentions of a labelled span, in order of content."""
        members = self.sides[side].members[key]
        return sorted(members, key=lambda mention: self.colours[side, mention.id])

    def _iterate_assignments(
        self, number: int, taken: dict[str, str]
    ) -> Iterator[MentionPairs[Mention]]:
        """Yield every choice of mentions for the slots from ``number`` on."""
        if number == len(self.slots):
            yield []
            return
        mine, theirs = self.slots[number]
        # Equal slots take their first mentions in order, so that no assignment comes twice.
        repeated = number > 0 and self.slots[number - 1] == self.slots[number]
        members = self._members(0, mine)
        first = 0
        if repeated:
            last = next(reversed(taken))
            first = 1 + [mention.id for mention in members].index(last)
        for one in members[first:]:
            for other in self._members(1, theirs):
                if one.id not in taken and other.id not in taken.values():
                    rest = self._iterate_assignments(number + 1, {**taken, one.id: other.id})
                    yield from ([(one, other), *pairs] for pairs in rest)

    def _rank(self, pairs: MentionPairs[Mention]) -> tuple[object, ...]:
        """Return a sort key: most in common first, then fewest differences, then by content."""
        partners = {**self.partners, **{one.id: other.id for one, other in pairs}}
        common = self._common_relations({one.id for one, _other in pairs}, partners)
        alike = sum(_count_equal_attributes(*pair) for pair in pairs)
        given = sum(len(mention.attributes) for pair in pairs for mention in pair)
        drawn = sum(self._count_relations(*pair) for pair in pairs)
        colours = sorted(sorted(self._colour(pair)) for pair in pairs)
        return -(len(common) + alike), given + drawn, sorted(common), colours

    def _count_relations(self, one: Mention, other: Mention) -> int:
        """Count the relations at a pair of mentions."""
        return sum(
            len(side.ends.get(each.id, ()))
            for side, each in zip(self.sides, (one, other), strict=True)
        )

    def _colour(self, pair: tuple[Mention, Mention]) -> tuple[int, int]:
        return self.colours[0, pair[0].id], self.colours[1, pair[1].id]

    def _common_relations(self, ids: set[str], partners: Mapping[str, str]) -> list[str]:
        """Return the types of the relations at some mentions that both sides have."""
        one, other = self.sides
        touched = {relation for name in ids for relation in one.relations_by_end.get(name, ())}
        mapped = Counter(
            order_ends(each.type, partners[each.head], partners[each.tail], one.symmetric)
            for each in (one.relations[number] for number in touched)
            if each.head in partners and each.tail in partners
        )
        return [kind for kind, _head, _tail in (mapped & other.relation_counts).elements()]

    def _choose_one_by_one(self) -> MentionPairs[Mention]:
        """Fill each slot with the pair that has most in common, given those before.

        Neighbours of a pair come next, so that what one choice settles is settled alike.
        """
        partners, chosen = dict(self.partners), MentionPairs[Mention]()
        waiting = Counter(self.slots)
        used: tuple[set[str], set[str]] = set(), set()
        while waiting:
            slot, pair = min(
                (
                    (slot, (one, other))
                    for slot in waiting
                    for one in self._members(0, slot[0])
                    for other in self._members(1, slot[1])
                    if one.id not in used[0] and other.id not in used[1]
                ),
                key=lambda found: self._rank_next(found[1], partners),
            )
            waiting -= Counter([slot])
            chosen.append(pair)
            partners[pair[0].id] = pair[1].id
            for side in (0, 1):
                used[side].add(pair[side].id)
        return chosen

    def _rank_next(
        self, pair: tuple[Mention, Mention], partners: dict[str, str]
    ) -> tuple[object, ...]:
        one, other = pair
        known = len(self._common_relations({one.id}, ChainMap({one.id: other.id}, partners)))
        possible = self._end_colours(0, one) & self._end_colours(1, other)
        alike = _count_equal_attributes(one, other)
        return -known, -(possible.total() + alike), sorted(self._colour(pair))

    def _end_colours(self, side: int, mention: Mention) -> Counter[tuple[str, bool, SpanKey]]:
        annotation = self.sides[side]
        return Counter(
            (kind, head, annotation.keys[end])
            for kind, head, end in annotation.ends.get(mention.id, ())
        )


def _count_equal_attributes(one: Mention, other: Mention) -> int:
    return len(one.attributes.items() & other.attributes.items())
