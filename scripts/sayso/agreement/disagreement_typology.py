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

from sayso.agreement import disagreement_types
from sayso.agreement.disagreement_types import (
    AttributeDifference,
    Disagreement,
    DisagreementKind,
    DisagreementSide,
    EdgeDifference,
    LinkedRelation,
    compare_edges,
)
from sayso.matching import match_exact
from sayso.models import Mention, Relation
from sayso.schema.declarations import Schema
from sayso.spans import covers, overlaps

MentionNode = tuple[int, int]  # which reading, 0 or 1, and which of its mentions


class AnnotationLike(Protocol):
    """A reading: an annotator's answer, or gold."""

    @property
    def mentions(self) -> Sequence[Mention]:
        """What is marked; no id twice."""

    @property
    def relations(self) -> Sequence[Relation]:
        """Arrows between them."""


@dataclass(frozen=True)
class TypologyRules:
    """What of the schema decides about kinds.

    Attributes:
        tied: pairs of labels that a relation ties.
        free: (label, attribute) of free-text answers.
    """

    related_labels: frozenset[frozenset[str]]
    free_text: frozenset[tuple[str, str]]

    @classmethod
    def from_schema(cls, schema: Schema) -> TypologyRules:
        """Taken from what the schema declares."""
        free = {
            (label, name)
            for label, declared in schema.labels.items()
            for name, attribute in declared.attributes.items()
            if attribute.kind == "text"
        }
        tied = {frozenset((relation.head, relation.tail)) for relation in schema.relations.values()}
        return cls(frozenset(tied), frozenset(free))

    def comparable(self, one: Mention, other: Mention) -> bool:
        """Whether overlapping spans of two labels could stand for one thing."""
        if one.label == other.label or (one.start, one.end) == (other.start, other.end):
            return True
        return frozenset((one.label, other.label)) not in self.related_labels


@dataclass(frozen=True)
class AnnotationComparison:
    """Everything that two readings hold. ``agreed_mentions`` and ``agreed_relations`` are pairs that agree."""

    agreed_mentions: tuple[tuple[Mention, Mention], ...]
    agreed_relations: tuple[tuple[Relation, Relation], ...]
    disagreements: tuple[Disagreement, ...]


def compare_annotations(
    one: AnnotationLike, other: AnnotationLike, text: str, rules: TypologyRules
) -> AnnotationComparison:
    """What two readings of ``text`` agree and disagree on; disagreements in order of place, relations last."""
    sorting = _MentionComparison((one, other), text, rules)
    for step in (
        sorting.match_exact_spans,
        sorting.match_same_label,
        sorting.match_across_labels,
        sorting.find_nested,
        sorting.add_missed,
    ):
        step()
    found = sorted(sorting.disagreements, key=_position)
    arrows = _RelationComparison((one, other), sorting.groups)
    return AnnotationComparison(
        tuple(sorting.agreed),
        tuple(arrows.agreed),
        (*found, *sorted(arrows.disagreements, key=_position)),
    )


def _position(found: Disagreement) -> tuple[int, int, str]:
    mentions = [
        m
        for side in found.sides
        for m in (*side.mentions, *(arrow.head for arrow in side.relations))
    ]
    return min(m.start for m in mentions), -max(m.end for m in mentions), found.name


@dataclass
class _MentionComparison:
    """The steps for mentions. ``groups`` says which mentions stand for one thing, a number for each thing."""

    sides: tuple[AnnotationLike, AnnotationLike]
    text: str
    rules: TypologyRules
    agreed: list[tuple[Mention, Mention]] = field(default_factory=list)
    disagreements: list[Disagreement] = field(default_factory=list)
    groups: dict[MentionNode, int] = field(default_factory=dict)

    def mention(self, node: MentionNode) -> Mention:
        return self.sides[node[0]].mentions[node[1]]

    def unmatched(self, reading: int) -> list[MentionNode]:
        """What has no counterpart yet, in order of place."""
        nodes = [
            (reading, at)
            for at in range(len(self.sides[reading].mentions))
            if (reading, at) not in self.groups
        ]
        return sorted(nodes, key=self._node_position)

    def _node_position(self, node: MentionNode) -> tuple[int, int, str]:
        mention = self.mention(node)
        return mention.start, mention.end, mention.label

    def _group_nodes(self, *nodes: MentionNode) -> None:
        number = len(self.groups)
        self.groups.update(dict.fromkeys(nodes, number))

    def _add_disagreement(
        self,
        kind: DisagreementKind,
        details: Iterable[str],
        nodes: Iterable[MentionNode],
        beside: Mention | None = None,
        edges: tuple[EdgeDifference, ...] = (),
        values: tuple[AttributeDifference, ...] = (),
    ) -> None:
        ordered = sorted(nodes, key=self._node_position)
        one, other = (
            DisagreementSide(tuple(self.mention(node) for node in ordered if node[0] == reading))
            for reading in (0, 1)
        )
        self.disagreements.append(
            Disagreement(kind, tuple(details), one, other, beside, edges, values)
        )

    def match_exact_spans(self) -> None:
        """Step 1."""
        at = [
            {id(mention): number for number, mention in enumerate(each.mentions)}
            for each in self.sides
        ]
        for mine, theirs in match_exact(self.sides[0].mentions, self.sides[1].mentions):
            nodes = (0, at[0][id(mine)]), (1, at[1][id(theirs)])
            self._group_nodes(*nodes)
            if values := tuple(self._compare_attributes(mine, theirs)):
                self._add_disagreement(
                    "attribute", (value.name for value in values), nodes, values=values
                )
            else:
                self.agreed.append((mine, theirs))

    def _compare_attributes(self, mine: Mention, theirs: Mention) -> Iterator[AttributeDifference]:
        for name in sorted({*mine.attributes, *theirs.attributes}):
            one, other = mine.attributes.get(name), theirs.attributes.get(name)
            empty = (one is None or other is None) and (mine.label, name) in self.rules.free_text
            if one != other and not empty:
                yield AttributeDifference(name, one, other)

    def match_same_label(self) -> None:
        """Step 2."""
        near = [
            pair
            for pair in self._iterate_overlapping(self.unmatched(0), self.unmatched(1))
            if self._count_labels(pair) == 1
        ]
        for nodes in _connected_groups(near):
            self._group_nodes(*nodes)
            if len(nodes) == 2:
                one, other = (self.mention(node) for node in sorted(nodes))
                found = compare_edges(one, other, self.text)
                self._add_disagreement(
                    "boundary", (edge.description for edge in found), nodes, edges=found
                )
            else:
                lone = any(sum(node[0] == reading for node in nodes) == 1 for reading in (0, 1))
                self._add_disagreement(
                    "nesting",
                    [
                        disagreement_types.ONE_AGAINST_SEVERAL
                        if lone
                        else disagreement_types.SEVERAL_AGAINST_SEVERAL
                    ],
                    nodes,
                )

    def _count_labels(self, nodes: Iterable[MentionNode]) -> int:
        return len({self.mention(node).label for node in nodes})

    def _iterate_overlapping(
        self, ones: Sequence[MentionNode], others: Sequence[MentionNode]
    ) -> Iterator[tuple[MentionNode, MentionNode]]:
        """Pairs that share a code point; both stand in order of place."""
        for one in ones:
            mine = self.mention(one).span
            for other in others:
                if self.mention(other).start >= mine.end:
                    break
                if overlaps(mine, self.mention(other).span):
                    yield one, other

    def match_across_labels(self) -> None:
        """Step 3."""
        near = self._iterate_overlapping(self.unmatched(0), self.unmatched(1))
        pairs = [pair for pair in near if self.rules.comparable(*map(self.mention, pair))]
        for pair in sorted(pairs, key=self._closeness):
            if not any(node in self.groups for node in pair):
                one, other = map(self.mention, pair)
                self._group_nodes(*pair)
                self._add_disagreement(
                    "label",
                    ["the same words" if one.span == other.span else "overlapping words"],
                    pair,
                )

    def _closeness(
        self, pair: tuple[MentionNode, MentionNode]
    ) -> tuple[float, list[tuple[int, int, str]]]:
        """The larger the common share, the earlier; the rest only makes the order one and the same."""
        one, other = map(self.mention, pair)
        shared = min(one.end, other.end) - max(one.start, other.start)
        union = max(one.end, other.end) - min(one.start, other.start)
        return -shared / union, sorted(map(self._node_position, pair))

    def find_nested(self) -> None:
        """Step 4. What it finds has no counterpart, so it gets no place."""
        taken = [
            sorted((node for node in self.groups if node[0] == reading), key=self._node_position)
            for reading in (0, 1)
        ]
        self._missed: list[MentionNode] = []
        for reading in (0, 1):
            for node in self.unmatched(reading):
                near = [
                    other
                    for _node, other in self._iterate_overlapping([node], taken[1 - reading])
                    if self._may_nest(node, other)
                ]
                if near:
                    closest = min(near, key=lambda other: self._closeness((node, other)))
                    self._add_disagreement(
                        "nesting",
                        [self._nesting_detail(node, closest)],
                        [node],
                        beside=self.mention(closest),
                    )
                else:
                    self._missed.append(node)

    def _may_nest(self, node: MentionNode, other: MentionNode) -> bool:
        mine, theirs = self.mention(node), self.mention(other)
        inside = covers(mine.span, theirs.span) or covers(theirs.span, mine.span)
        return mine.label == theirs.label or (inside and self.rules.comparable(mine, theirs))

    def _nesting_detail(self, node: MentionNode, other: MentionNode) -> str:
        mine, theirs = self.mention(node), self.mention(other)
        if mine.span == theirs.span:
            return (
                disagreement_types.MARKED_TWICE
                if mine.label == theirs.label
                else disagreement_types.SECOND_LABEL
            )
        if covers(theirs.span, mine.span):
            return disagreement_types.NESTED_INSIDE
        return (
            disagreement_types.NESTED_AROUND
            if covers(mine.span, theirs.span)
            else disagreement_types.CROSSING
        )

    def add_missed(self) -> None:
        """Step 5."""
        for node in self._missed:
            self._add_disagreement("missed", [], [node])


def _connected_groups(pairs: Iterable[tuple[MentionNode, MentionNode]]) -> list[set[MentionNode]]:
    """What hangs together by pairs."""
    groups: dict[MentionNode, set[MentionNode]] = {}
    for one, other in pairs:
        mine, theirs = groups.get(one, {one}), groups.get(other, {other})
        joined = mine | theirs
        groups.update(dict.fromkeys(joined, joined))
    return list({id(group): group for group in groups.values()}.values())


# --- relations

_RelationKey = tuple[str, Hashable, Hashable]  # type, and the things at head and tail


class _RelationComparison:
    """Step 6."""

    def __init__(
        self, readings: tuple[AnnotationLike, AnnotationLike], places: dict[MentionNode, int]
    ) -> None:
        self.agreed: list[tuple[Relation, Relation]] = []
        self.disagreements: list[Disagreement] = []
        arrows = [
            list(_index_relations(number, reading, places))
            for number, reading in enumerate(readings)
        ]
        self._unmatched = arrows
        for mine, theirs in self._take_pairs(lambda key: key):
            self.agreed.append((mine.relation, theirs.relation))
        self._add_missing_ends()
        self._add_pairs(
            disagreement_types.REVERSED, lambda key: key, lambda key: (key[0], key[2], key[1])
        )
        self._add_pairs(disagreement_types.OTHER_TYPE, lambda key: key[1:])
        self._add_pairs(disagreement_types.OTHER_END, lambda key: key[:2])
        self._add_pairs(disagreement_types.OTHER_END, lambda key: (key[0], key[2]))
        self._add_unpaired(disagreement_types.ONE_SIDED, lambda key: True)

    def _take_pairs(
        self,
        key: Callable[[_RelationKey], Hashable],
        theirs: Callable[[_RelationKey], Hashable] | None = None,
    ) -> list[tuple[LinkedRelation, LinkedRelation]]:
        """Take out the pairs with equal keys, as many as there are."""
        waiting: dict[Hashable, list[tuple[_RelationKey, LinkedRelation]]] = defaultdict(list)
        for each in self._unmatched[1]:
            waiting[(theirs or key)(each[0])].append(each)
        pairs, kept = [], []
        for each in self._unmatched[0]:
            found = waiting.get(key(each[0]))
            if found:
                pairs.append((each[1], found.pop(0)[1]))
            else:
                kept.append(each)
        over = {id(arrow) for group in waiting.values() for _key, arrow in group}
        self._unmatched = [kept, [each for each in self._unmatched[1] if id(each[1]) in over]]
        return pairs

    def _add_pairs(
        self,
        detail: str,
        key: Callable[[_RelationKey], Hashable],
        theirs: Callable[[_RelationKey], Hashable] | None = None,
    ) -> None:
        for mine, other in self._take_pairs(key, theirs):
            self.disagreements.append(
                Disagreement(
                    "relation",
                    (detail,),
                    DisagreementSide((), (mine,)),
                    DisagreementSide((), (other,)),
                )
            )

    def _add_missing_ends(self) -> None:
        self._add_unpaired(
            disagreement_types.MISSING_END,
            lambda key: not all(isinstance(end, int) for end in key[1:]),
        )

    def _add_unpaired(self, detail: str, fits: Callable[[_RelationKey], bool]) -> None:
        for number, left in enumerate(self._unmatched):
            for _key, arrow in (each for each in left if fits(each[0])):
                one, other = (
                    DisagreementSide((), (arrow,) if side == number else ()) for side in (0, 1)
                )
                self.disagreements.append(Disagreement("relation", (detail,), one, other))
            self._unmatched[number] = [each for each in left if not fits(each[0])]


def _index_relations(
    number: int, reading: AnnotationLike, places: dict[MentionNode, int]
) -> Iterator[tuple[_RelationKey, LinkedRelation]]:
    """A mention without a counterpart is a thing of its own, which is no number."""
    at = {mention.id: (number, place) for place, mention in enumerate(reading.mentions)}
    for relation in reading.relations:
        head, tail = at[relation.head], at[relation.tail]
        key = relation.type, places.get(head, head), places.get(tail, tail)
        yield key, LinkedRelation(relation, reading.mentions[head[1]], reading.mentions[tail[1]])
