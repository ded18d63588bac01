"""Two readings of a document: what they agree on, and everything else told exactly once.

Every mention and every relation of both is either agreed or in one disagreement. What it is, is decided in this order,
each step among what the steps before it left over:

1. The same label on the same words: agreed, or **attribute** where an answer differs.
2. The same label on overlapping words: one against one is **boundary**; more of them together are **nesting**.
3. Two labels on the same or on overlapping words, closest first: **label**. Labels that a relation may tie lie inside
   each other by their nature, a claim around its places: only the very same words are two labels for one thing there.
4. A span that the other reading has only another one around, inside or across, which itself has a counterpart:
   **nesting**, for the same kinds of labels.
5. Everything else: **missed**.
6. Relations, whose ends are told apart by steps 1 to 3: the same type between the same two is agreed, however their
   edges and answers differ. Else **relation**: an end is missing in the other reading (told as the consequence that it
   is), turned round, another type, another end, or drawn by one only.

Symmetric: the other way round finds the same with sides changed. A free-text answer that one of both left empty is no
difference; an empty bound of a count is one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sayso.agreement.matching import same
from sayso.disagreements import kinds
from sayso.disagreements.kinds import Arrow, Difference, Disagreement, Edge, Kind, Side, edges
from sayso.records import Mention, Relation
from sayso.schema import Schema
from sayso.spans import covers, overlapping

Node = tuple[int, int]  # which reading, 0 or 1, and which of its mentions


class Marked(Protocol):
    """A reading: an annotator's answer, or gold."""

    @property
    def mentions(self) -> Sequence[Mention]:
        """What is marked; no id twice."""

    @property
    def relations(self) -> Sequence[Relation]:
        """Arrows between them."""


@dataclass(frozen=True)
class Scheme:
    """What of the schema decides about kinds.

    Attributes:
        tied: pairs of labels that a relation ties.
        free: (label, attribute) of free-text answers.
    """

    tied: frozenset[frozenset[str]]
    free: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, schema: Schema) -> Scheme:
        """Taken from what the schema declares."""
        free = {
            (label, name)
            for label, declared in schema.labels.items()
            for name, attribute in declared.attributes.items() if attribute.kind == "text"
        }  # fmt: skip
        tied = {frozenset((relation.head, relation.tail)) for relation in schema.relations.values()}
        return cls(frozenset(tied), frozenset(free))

    def comparable(self, one: Mention, other: Mention) -> bool:
        """Whether overlapping spans of two labels could stand for one thing."""
        if one.label == other.label or (one.start, one.end) == (other.start, other.end):
            return True
        return frozenset((one.label, other.label)) not in self.tied


@dataclass(frozen=True)
class Outcome:
    """Everything that two readings hold. ``mentions`` and ``relations`` are pairs that agree."""

    mentions: tuple[tuple[Mention, Mention], ...]
    relations: tuple[tuple[Relation, Relation], ...]
    disagreements: tuple[Disagreement, ...]


def compare(one: Marked, other: Marked, text: str, scheme: Scheme) -> Outcome:
    """What two readings of ``text`` agree and disagree on; disagreements in order of place, relations last."""
    sorting = _Sorting((one, other), text, scheme)
    for step in (sorting.exact, sorting.layers, sorting.labels, sorting.nested, sorting.missed):
        step()
    found = sorted(sorting.found, key=_place)
    arrows = _Arrows((one, other), sorting.places)
    return Outcome(tuple(sorting.agreed), tuple(arrows.agreed), (*found, *sorted(arrows.found, key=_place)))


def _place(found: Disagreement) -> tuple[int, int, str]:
    mentions = [m for side in found.sides for m in (*side.mentions, *(arrow.head for arrow in side.arrows))]
    return min(m.start for m in mentions), -max(m.end for m in mentions), found.name


@dataclass
class _Sorting:
    """The steps for mentions. ``places`` says which mentions stand for one thing, a number for each thing."""

    readings: tuple[Marked, Marked]
    text: str
    scheme: Scheme
    agreed: list[tuple[Mention, Mention]] = field(default_factory=list)
    found: list[Disagreement] = field(default_factory=list)
    places: dict[Node, int] = field(default_factory=dict)

    def mention(self, node: Node) -> Mention:
        return self.readings[node[0]].mentions[node[1]]

    def left(self, reading: int) -> list[Node]:
        """What has no counterpart yet, in order of place."""
        nodes = [
            (reading, at) for at in range(len(self.readings[reading].mentions)) if (reading, at) not in self.places
        ]
        return sorted(nodes, key=self._order)

    def _order(self, node: Node) -> tuple[int, int, str]:
        mention = self.mention(node)
        return mention.start, mention.end, mention.label

    def _join(self, *nodes: Node) -> None:
        number = len(self.places)
        self.places.update(dict.fromkeys(nodes, number))

    def _tell(self, kind: Kind, details: Iterable[str], nodes: Iterable[Node], beside: Mention | None = None,
              edges: tuple[Edge, ...] = (), values: tuple[Difference, ...] = ()) -> None:  # fmt: skip
        ordered = sorted(nodes, key=self._order)
        one, other = (Side(tuple(self.mention(node) for node in ordered if node[0] == reading)) for reading in (0, 1))
        self.found.append(Disagreement(kind, tuple(details), one, other, beside, edges, values))

    def exact(self) -> None:
        """Step 1."""
        at = [{id(mention): number for number, mention in enumerate(each.mentions)} for each in self.readings]
        for mine, theirs in same(self.readings[0].mentions, self.readings[1].mentions):
            nodes = (0, at[0][id(mine)]), (1, at[1][id(theirs)])
            self._join(*nodes)
            if values := tuple(self._values(mine, theirs)):
                self._tell("attribute", (value.name for value in values), nodes, values=values)
            else:
                self.agreed.append((mine, theirs))

    def _values(self, mine: Mention, theirs: Mention) -> Iterator[Difference]:
        for name in sorted({*mine.attributes, *theirs.attributes}):
            one, other = mine.attributes.get(name), theirs.attributes.get(name)
            empty = (one is None or other is None) and (mine.label, name) in self.scheme.free
            if one != other and not empty:
                yield Difference(name, one, other)

    def layers(self) -> None:
        """Step 2."""
        near = [pair for pair in self._near(self.left(0), self.left(1)) if self._labels(pair) == 1]
        for nodes in _together(near):
            self._join(*nodes)
            if len(nodes) == 2:
                one, other = (self.mention(node) for node in sorted(nodes))
                found = edges(one, other, self.text)
                self._tell("boundary", (edge.told for edge in found), nodes, edges=found)
            else:
                lone = any(sum(node[0] == reading for node in nodes) == 1 for reading in (0, 1))
                self._tell("nesting", [kinds.SPLIT if lone else kinds.ENTANGLED], nodes)

    def _labels(self, nodes: Iterable[Node]) -> int:
        return len({self.mention(node).label for node in nodes})

    def _near(self, ones: Sequence[Node], others: Sequence[Node]) -> Iterator[tuple[Node, Node]]:
        """Pairs that share a code point; both stand in order of place."""
        for one in ones:
            mine = self.mention(one).span
            for other in others:
                if self.mention(other).start >= mine.end:
                    break
                if overlapping(mine, self.mention(other).span):
                    yield one, other

    def labels(self) -> None:
        """Step 3."""
        near = self._near(self.left(0), self.left(1))
        pairs = [pair for pair in near if self.scheme.comparable(*map(self.mention, pair))]
        for pair in sorted(pairs, key=self._closeness):
            if not any(node in self.places for node in pair):
                one, other = map(self.mention, pair)
                self._join(*pair)
                self._tell("label", ["the same words" if one.span == other.span else "overlapping words"], pair)

    def _closeness(self, pair: tuple[Node, Node]) -> tuple[float, list[tuple[int, int, str]]]:
        """The larger the common share, the earlier; the rest only makes the order one and the same."""
        one, other = map(self.mention, pair)
        shared = min(one.end, other.end) - max(one.start, other.start)
        union = max(one.end, other.end) - min(one.start, other.start)
        return -shared / union, sorted(map(self._order, pair))

    def nested(self) -> None:
        """Step 4. What it finds has no counterpart, so it gets no place."""
        taken = [sorted((node for node in self.places if node[0] == reading), key=self._order) for reading in (0, 1)]
        self._alone: list[Node] = []
        for reading in (0, 1):
            for node in self.left(reading):
                near = [other for _node, other in self._near([node], taken[1 - reading]) if self._nests(node, other)]
                if near:
                    closest = min(near, key=lambda other: self._closeness((node, other)))
                    self._tell("nesting", [self._how(node, closest)], [node], beside=self.mention(closest))
                else:
                    self._alone.append(node)

    def _nests(self, node: Node, other: Node) -> bool:
        mine, theirs = self.mention(node), self.mention(other)
        inside = covers(mine.span, theirs.span) or covers(theirs.span, mine.span)
        return mine.label == theirs.label or (inside and self.scheme.comparable(mine, theirs))

    def _how(self, node: Node, other: Node) -> str:
        mine, theirs = self.mention(node), self.mention(other)
        if mine.span == theirs.span:
            return kinds.TWICE if mine.label == theirs.label else kinds.SECOND
        if covers(theirs.span, mine.span):
            return kinds.INSIDE
        return kinds.AROUND if covers(mine.span, theirs.span) else kinds.ACROSS

    def missed(self) -> None:
        """Step 5."""
        for node in self._alone:
            self._tell("missed", [], [node])


def _together(pairs: Iterable[tuple[Node, Node]]) -> list[set[Node]]:
    """What hangs together by pairs."""
    groups: dict[Node, set[Node]] = {}
    for one, other in pairs:
        mine, theirs = groups.get(one, {one}), groups.get(other, {other})
        joined = mine | theirs
        groups.update(dict.fromkeys(joined, joined))
    return list({id(group): group for group in groups.values()}.values())


# --- relations

_Key = tuple[str, Hashable, Hashable]  # type, and the things at head and tail


class _Arrows:
    """Step 6."""

    def __init__(self, readings: tuple[Marked, Marked], places: dict[Node, int]) -> None:
        self.agreed: list[tuple[Relation, Relation]] = []
        self.found: list[Disagreement] = []
        arrows = [list(_arrows(number, reading, places)) for number, reading in enumerate(readings)]
        self._left = arrows
        for mine, theirs in self._paired(lambda key: key):
            self.agreed.append((mine.relation, theirs.relation))
        self._without_an_end()
        self._pairs(kinds.TURNED, lambda key: key, lambda key: (key[0], key[2], key[1]))
        self._pairs(kinds.OTHER_TYPE, lambda key: key[1:])
        self._pairs(kinds.OTHER_END, lambda key: key[:2])
        self._pairs(kinds.OTHER_END, lambda key: (key[0], key[2]))
        self._lone(kinds.ALONE, lambda key: True)

    def _paired(self, key: Callable[[_Key], Hashable], theirs: Callable[[_Key], Hashable] | None = None
                ) -> list[tuple[Arrow, Arrow]]:  # fmt: skip
        """Take out the pairs with equal keys, as many as there are."""
        waiting: dict[Hashable, list[tuple[_Key, Arrow]]] = defaultdict(list)
        for each in self._left[1]:
            waiting[(theirs or key)(each[0])].append(each)
        pairs, kept = [], []
        for each in self._left[0]:
            found = waiting.get(key(each[0]))
            if found:
                pairs.append((each[1], found.pop(0)[1]))
            else:
                kept.append(each)
        over = {id(arrow) for group in waiting.values() for _key, arrow in group}
        self._left = [kept, [each for each in self._left[1] if id(each[1]) in over]]
        return pairs

    def _pairs(self, detail: str, key: Callable[[_Key], Hashable], theirs: Callable[[_Key], Hashable] | None = None
               ) -> None:  # fmt: skip
        for mine, other in self._paired(key, theirs):
            self.found.append(Disagreement("relation", (detail,), Side((), (mine,)), Side((), (other,))))

    def _without_an_end(self) -> None:
        self._lone(kinds.NO_END, lambda key: not all(isinstance(end, int) for end in key[1:]))

    def _lone(self, detail: str, fits: Callable[[_Key], bool]) -> None:
        for number, left in enumerate(self._left):
            for _key, arrow in (each for each in left if fits(each[0])):
                one, other = (Side((), (arrow,) if side == number else ()) for side in (0, 1))
                self.found.append(Disagreement("relation", (detail,), one, other))
            self._left[number] = [each for each in left if not fits(each[0])]


def _arrows(number: int, reading: Marked, places: dict[Node, int]) -> Iterator[tuple[_Key, Arrow]]:
    """A mention without a counterpart is a thing of its own, which is no number."""
    at = {mention.id: (number, place) for place, mention in enumerate(reading.mentions)}
    for relation in reading.relations:
        head, tail = at[relation.head], at[relation.tail]
        key = relation.type, places.get(head, head), places.get(tail, tail)
        yield key, Arrow(relation, reading.mentions[head[1]], reading.mentions[tail[1]])
