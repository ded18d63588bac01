"""Typology of disagreement: every mention and relation is agreed or in one disagreement.

The kind is decided in this order, each step among what the steps before left over:

1. Equal label and span: agreed, or **attribute** if a value differs. Mentions that one annotator
   has twice are matched by attributes and relations.
2. Equal label, overlapping spans: one against one is **boundary**; more of them together are
   **nesting**.
3. Different labels, equal or overlapping spans, the closest first: **label**. Labels that a
   relation connects lie inside each other by nature, as a place in a claim; of those, only equal
   spans are two labels for one thing.
4. A span that lies around, inside or across a matched span of the other annotation: **nesting**,
   for the same labels.
5. Everything else: **missed**.
6. Relations, whose ends are identified by steps 1 to 3: equal type and ends are agreed, whatever
   the edges and attributes of the ends. Otherwise **relation**: an end is missing in the other
   annotation, or the relation is reversed, of another type, has another end, or only one annotator
   has it.

It is symmetric: exchanging the annotations exchanges the sides. Free text that only one of them
gave is no difference; a bound of a count that only one gave is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import product
from typing import Protocol

from sayso.agreement import disagreement_types as types
from sayso.agreement.disagreement_types import (
    AttributeDifference,
    Disagreement,
    DisagreementKind,
    DisagreementSide,
    EdgeDifference,
    LinkedRelation,
    compare_edges,
)
from sayso.agreement.twins import TwinSide, assign_twins
from sayso.matching import iterate_overlaps, match_closest, match_exact, position
from sayso.models import AttributeValue, Mention, Relation
from sayso.schema.declarations import Schema
from sayso.schema.name_edges import NO_EDGES, NameEdges, find_edges
from sayso.spans import covers, jaccard, overlaps

Answers = Mapping[str, AttributeValue]


class AnnotationLike(Protocol):
    """An annotation, or gold. Ids of mentions are unique."""

    @property
    def mentions(self) -> Sequence[Mention]:
        """The mentions."""

    @property
    def relations(self) -> Sequence[Relation]:
        """The relations between them."""


@dataclass(frozen=True)
class TypologyRules:
    """The rules that the schema contributes.

    Attributes:
        related_labels: pairs of labels that a relation connects.
        free_text: (label, attribute) of free text.
        symmetric: types of relations whose ends mean the same.
        find_edges: returns the edges of names in a language.
    """

    related_labels: frozenset[frozenset[str]] = frozenset()
    free_text: frozenset[tuple[str, str]] = frozenset()
    symmetric: frozenset[str] = frozenset()
    find_edges: Callable[[str], NameEdges] = lambda _language: NO_EDGES

    @classmethod
    def from_schema(cls, schema: Schema) -> TypologyRules:
        """Take the rules from what the schema declares."""
        free_text = {
            (label, name)
            for label, declared in schema.labels.items()
            for name, attribute in declared.attributes.items()
            if attribute.kind == "text"
        }
        related = {
            frozenset(ends)
            for each in schema.relations.values()
            for ends in product(each.heads, each.tails)
        }
        symmetric = (name for name, each in schema.relations.items() if each.symmetric)
        return cls(
            frozenset(related),
            frozenset(free_text),
            frozenset(symmetric),
            partial(find_edges, schema),
        )

    def comparable(self, one: Mention, other: Mention) -> bool:
        """Return True if overlapping mentions could stand for one thing."""
        related = frozenset((one.label, other.label)) in self.related_labels
        return one.label == other.label or one.span == other.span or not related


@dataclass(frozen=True)
class AnnotationComparison:
    """The agreed pairs of two annotations, and their disagreements."""

    agreed_mentions: tuple[tuple[Mention, Mention], ...]
    agreed_relations: tuple[tuple[Relation, Relation], ...]
    disagreements: tuple[Disagreement, ...]
    agreed_answers: tuple[str, ...] = ()


def compare_annotations(
    one: AnnotationLike, other: AnnotationLike, text: str, rules: TypologyRules, language: str = ""
) -> AnnotationComparison:
    """Compare two annotations of ``text``.

    Disagreements are in order of position, relations last.

    Args:
        language: of the text; without one, edges of names are those of all languages.
    """
    mentions = _MentionComparison((one, other), text, rules, rules.find_edges(language))
    mentions.match_exact_spans()
    mentions.match_same_label()
    mentions.match_across_labels()
    mentions.add_unmatched()
    agreed_relations, relations = _compare_relations((one, other), mentions.groups, rules)
    found = sorted(mentions.disagreements, key=lambda each: each.position)
    found += sorted(relations, key=lambda each: each.position)
    return AnnotationComparison(tuple(mentions.agreed), tuple(agreed_relations), tuple(found))


def add_answers(
    found: AnnotationComparison, one: Answers, other: Answers, schema: Schema
) -> AnnotationComparison:
    """Return a comparison with that of the answers about the document, in the schema's order.

    As with attributes, free text that only one of them wrote is no disagreement.
    """
    agreed, differing = [], []
    for name, question in schema.questions.items():
        values = AttributeDifference(name, one.get(name), other.get(name))
        if values.one == values.other:
            agreed += [name] if name in one else []
        elif question.kind != "text" or None not in (values.one, values.other):
            nothing = DisagreementSide()
            differing.append(Disagreement("answer", (), nothing, nothing, values=(values,)))
    return replace(
        found,
        disagreements=(*found.disagreements, *differing),
        agreed_answers=(*found.agreed_answers, *agreed),
    )


@dataclass
class _MentionComparison:
    """Steps 1 to 5.

    ``groups`` numbers what stands for one thing: by side, and by identity of the mention.
    """

    sides: tuple[AnnotationLike, AnnotationLike]
    text: str
    rules: TypologyRules
    names: NameEdges
    agreed: list[tuple[Mention, Mention]] = field(default_factory=list)
    disagreements: list[Disagreement] = field(default_factory=list)
    groups: tuple[dict[int, int], dict[int, int]] = field(default_factory=lambda: ({}, {}))
    _last_group: int = 0

    def _select(self, side: int, *, matched: bool) -> list[Mention]:
        mentions = self.sides[side].mentions
        chosen = [each for each in mentions if (id(each) in self.groups[side]) == matched]
        return sorted(chosen, key=position)

    def _group(self, *sides: Iterable[Mention]) -> None:
        self._last_group += 1
        for groups, mentions in zip(self.groups, sides, strict=True):
            groups.update((id(mention), self._last_group) for mention in mentions)

    def _add(
        self,
        kind: DisagreementKind,
        details: Iterable[str],
        mine: Iterable[Mention],
        theirs: Iterable[Mention],
        *,
        counterpart: Mention | None = None,
        edges: tuple[EdgeDifference, ...] = (),
        values: tuple[AttributeDifference, ...] = (),
    ) -> None:
        one, other = (DisagreementSide(tuple(sorted(m, key=position))) for m in (mine, theirs))
        self.disagreements.append(
            Disagreement(kind, tuple(details), one, other, counterpart, edges, values)
        )

    def match_exact_spans(self) -> None:
        """Do step 1."""
        symmetric = self.rules.symmetric
        sides = [TwinSide(side.mentions, side.relations, symmetric) for side in self.sides]
        pairs = match_exact(sides[0].mentions, sides[1].mentions)
        for mine, theirs in assign_twins(pairs, *sides):
            self._group([mine], [theirs])
            if values := tuple(self._compare_attributes(mine, theirs)):
                names = [value.name for value in values]
                self._add("attribute", names, [mine], [theirs], values=values)
            else:
                self.agreed.append((mine, theirs))

    def _compare_attributes(self, mine: Mention, theirs: Mention) -> Iterator[AttributeDifference]:
        for name in sorted({*mine.attributes, *theirs.attributes}):
            one, other = mine.attributes.get(name), theirs.attributes.get(name)
            missing = one is None or other is None
            if one != other and not (missing and (mine.label, name) in self.rules.free_text):
                yield AttributeDifference(name, one, other)

    def match_same_label(self) -> None:
        """Do step 2."""
        unmatched = (self._select(side, matched=False) for side in (0, 1))
        pairs = [pair for pair in iterate_overlaps(*unmatched) if pair[0].label == pair[1].label]
        for mine, theirs in _connect(pairs):
            self._group(mine, theirs)
            if len(mine) == len(theirs) == 1:
                edges = compare_edges(mine[0], theirs[0], self.text, self.names)
                details = [edge.description for edge in edges]
                self._add("boundary", details, mine, theirs, edges=edges)
            else:
                single = 1 in (len(mine), len(theirs))
                detail = types.ONE_AGAINST_SEVERAL if single else types.SEVERAL_AGAINST_SEVERAL
                self._add("nesting", [detail], mine, theirs)

    def match_across_labels(self) -> None:
        """Do step 3."""
        mine_left, theirs_left = (self._select(side, matched=False) for side in (0, 1))
        for mine, theirs in match_closest(mine_left, theirs_left, self.rules.comparable):
            self._group([mine], [theirs])
            detail = "the same words" if mine.span == theirs.span else "overlapping words"
            self._add("label", [detail], [mine], [theirs])

    def add_unmatched(self) -> None:
        """Do steps 4 and 5."""
        missed = []
        for side in (0, 1):
            matched = self._select(side=1 - side, matched=True)
            for mention in self._select(side, matched=False):
                near = [other for other in matched if self._may_nest(mention, other)]
                if near:
                    closest = min(
                        near, key=lambda other: (-jaccard(mention, other), position(other))
                    )
                    detail = _nesting_detail(mention, closest)
                    self._add("nesting", [detail], *_on_side(side, mention), counterpart=closest)
                else:
                    missed.append(_on_side(side, mention))
        for mine, theirs in missed:
            self._add("missed", [], mine, theirs)

    def _may_nest(self, one: Mention, other: Mention) -> bool:
        if not overlaps(one, other) or one.label == other.label:
            return overlaps(one, other)
        return (covers(one, other) or covers(other, one)) and self.rules.comparable(one, other)


def _on_side(side: int, mention: Mention) -> tuple[list[Mention], list[Mention]]:
    return ([], [mention]) if side else ([mention], [])


def _nesting_detail(mention: Mention, other: Mention) -> str:
    if mention.span == other.span:
        return types.MARKED_TWICE if mention.label == other.label else types.SECOND_LABEL
    if covers(other, mention):
        return types.NESTED_INSIDE
    return types.NESTED_AROUND if covers(mention, other) else types.CROSSING


_Sides = tuple[list[Mention], list[Mention]]


def _connect(pairs: Iterable[tuple[Mention, Mention]]) -> list[_Sides]:
    """Return the connected components of pairs, each as the mentions of both sides."""
    components: dict[tuple[int, int], _Sides] = {}
    for mine, theirs in pairs:
        one = components.get((0, id(mine)), ([mine], []))
        other = components.get((1, id(theirs)), ([], [theirs]))
        if one is not other:
            joined = (one[0] + other[0], one[1] + other[1])
            for side, mentions in enumerate(joined):
                components.update(((side, id(mention)), joined) for mention in mentions)
    return list({id(component): component for component in components.values()}.values())


_RelationKey = tuple[str, Hashable, Hashable]
"""Type, and the groups at head and tail; an end without counterpart is no number."""
_MakeKey = Callable[[_RelationKey], Hashable]
_Unmatched = list[list[tuple[_RelationKey, LinkedRelation]]]


def _compare_relations(
    sides: tuple[AnnotationLike, AnnotationLike],
    groups: tuple[dict[int, int], dict[int, int]],
    rules: TypologyRules,
) -> tuple[list[tuple[Relation, Relation]], list[Disagreement]]:
    """Do step 6; return the agreed pairs and the disagreements."""
    unmatched = [list(_index_relations(side, sides[side], groups[side], rules)) for side in (0, 1)]
    found: list[Disagreement] = []

    def add(detail: str, mine: Iterable[LinkedRelation], theirs: Iterable[LinkedRelation]) -> None:
        one, other = DisagreementSide((), tuple(mine)), DisagreementSide((), tuple(theirs))
        found.append(Disagreement("relation", (detail,), one, other))

    agreed = _take_pairs(unmatched, lambda key: key)
    for side in (0, 1):
        for key, relation in unmatched[side]:
            if not all(isinstance(end, int) for end in key[1:]):
                add(types.MISSING_END, *(([], [relation]) if side else ([relation], [])))
        unmatched[side] = [
            each for each in unmatched[side] if all(isinstance(end, int) for end in each[0][1:])
        ]
    for mine, theirs in _take_pairs(
        unmatched, lambda key: key, lambda key: (key[0], key[2], key[1])
    ):
        add(types.REVERSED, [mine], [theirs])
    steps: tuple[tuple[str, _MakeKey], ...] = (
        (types.OTHER_TYPE, lambda key: key[1:]),
        (types.OTHER_END, lambda key: key[:2]),
        (types.OTHER_END, lambda key: (key[0], key[2])),
    )
    for detail, make_key in steps:
        for mine, theirs in _take_pairs(unmatched, make_key):
            add(detail, [mine], [theirs])
    for _key, relation in unmatched[0]:
        add(types.ONE_SIDED, [relation], [])
    for _key, relation in unmatched[1]:
        add(types.ONE_SIDED, [], [relation])
    return [(mine.relation, theirs.relation) for mine, theirs in agreed], found


def _take_pairs(
    unmatched: _Unmatched, make_key: _MakeKey, make_other_key: _MakeKey | None = None
) -> list[tuple[LinkedRelation, LinkedRelation]]:
    """Remove as many pairs with equal keys as there are, and return them."""
    waiting: defaultdict[Hashable, list[tuple[_RelationKey, LinkedRelation]]] = defaultdict(list)
    for each in unmatched[1]:
        waiting[(make_other_key or make_key)(each[0])].append(each)
    pairs, rest = [], []
    for each in unmatched[0]:
        if found := waiting[make_key(each[0])]:
            pairs.append((each[1], found.pop(0)[1]))
        else:
            rest.append(each)
    paired = {id(theirs) for _mine, theirs in pairs}
    unmatched[:] = [rest, [each for each in unmatched[1] if id(each[1]) not in paired]]
    return pairs


def _index_relations(
    side: int, annotation: AnnotationLike, groups: dict[int, int], rules: TypologyRules
) -> Iterator[tuple[_RelationKey, LinkedRelation]]:
    by_id = {mention.id: mention for mention in annotation.mentions}
    for relation in annotation.relations:
        head, tail = by_id[relation.head], by_id[relation.tail]
        ends = [groups.get(id(each), (side, each.id)) for each in (head, tail)]
        one, other = sorted(ends, key=str) if relation.type in rules.symmetric else ends
        yield (relation.type, one, other), LinkedRelation(relation, head, tail)
