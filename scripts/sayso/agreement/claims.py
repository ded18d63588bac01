"""Whole claims, and the tuples that they come to: who says what happened where, and how many.

An attribution is a claim with its sources and cues; those of claims that have any are compared. A whole claim is a
claim with every relation that begins at it. Exactly, all spans and labels must be the same; leniently, the claims
overlap and their relations are of the same types and end at mentions that are matched with each other.

A tuple stands for each combination of a claim's sources, places and counts, with nothing where it has none. It says
what an answer comes to, wherever it was marked. Without one of its slots it agrees at least as often; by how much
more shows what that slot costs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping
from itertools import product

from sayso.agreement.bootstrap import Estimate
from sayso.agreement.marked import Marked, Pair, Place, Statistics, Sums, numbered, words
from sayso.agreement.spans import MARKED, f1
from sayso.checks.scheme import (
    CLAIM,
    CUE,
    ENTITY,
    GAZETTEER,
    LOWER,
    OUTCOME,
    POLARITY,
    QUANTITY,
    SOURCE,
    THING,
    TYPE,
    UPPER,
    WHERE,
)
from sayso.records import Mention

CLAIMS, TUPLES = "claims", "tuples"
ATTRIBUTION, WHOLE, TUPLE = "attribution", "whole", "claim"
EXACT, LENIENT = "exact", "lenient"
SLOTS = ("who", "what", "where", "how_many")
_NO_CLAIM = "nobody marked a claim"

Ends = frozenset[tuple[tuple[str, Hashable], int]]
"""What begins at a claim: type and end of each relation."""
Shape = tuple[Place, Ends]


def count(into: Statistics, pair: Pair) -> None:
    """What two answers have in common."""
    one, other = pair.one.once(Claims), pair.other.once(Claims)
    for subject, mine, theirs in (
        (ATTRIBUTION, one.attributions, other.attributions), (WHOLE, one.whole, other.whole),
    ):  # fmt: skip
        into[CLAIMS, subject, MARKED] += len(mine) + len(theirs)
        into[CLAIMS, subject, EXACT] += len(mine & theirs)
    into[CLAIMS, WHOLE, LENIENT] += _lenient(one, other, pair.partner)
    into[TUPLES, TUPLE, MARKED] += len(one.tuples["full"]) + len(other.tuples["full"])
    for what, mine_said in one.tuples.items():
        into[TUPLES, TUPLE, what] += len(mine_said & other.tuples[what])


class Claims:
    """The claims of one answer, each with what begins at it."""

    def __init__(self, marked: Marked) -> None:
        ends: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
        for relation in marked.answer.relations:
            ends[relation.head].append((relation.type, relation.tail))
        claims = marked.layers.get(CLAIM, [])
        place = marked.place
        self.ends = {claim.id: ends[claim.id] for claim in claims}
        shapes = {claim: [(kind, place[tail]) for kind, tail in found] for claim, found in self.ends.items()}
        said = {claim: [end for end in found if end[0] in (SOURCE, CUE)] for claim, found in shapes.items()}
        self.whole = frozenset((place[claim], _ends(found)) for claim, found in shapes.items())
        self.attributions = frozenset((place[claim], _ends(found)) for claim, found in said.items() if found)
        self.tuples = _tuples(claims, self.ends, marked.by_id)


def _ends(found: list[tuple[str, Place]] | list[tuple[str, str]]) -> Ends:
    return frozenset(numbered(found))


def _lenient(one: Claims, other: Claims, partner: Mapping[str, str]) -> int:
    """How many claims of the other are matched with one of ours that has the same relations to what is matched."""
    same = 0
    for claim, theirs in other.ends.items():
        mine = one.ends.get(partner.get(claim, ""))
        if mine is not None and len(mine) == len(theirs) and all(tail in partner for _kind, tail in theirs):
            same += _ends(mine) == _ends([(kind, partner[tail]) for kind, tail in theirs])
    return same


def _tuples(
    claims: list[Mention], ends: Mapping[str, list[tuple[str, str]]], by_id: Mapping[str, Mention]
) -> dict[str, frozenset[tuple[Hashable, int]]]:
    """What an answer says, whole and without each of its slots; what it says twice counts twice."""
    said = [each for claim in claims for each in _said(claim, ends[claim.id], by_id)]
    found: dict[str, frozenset[tuple[Hashable, int]]] = {"full": frozenset(numbered(said))}
    for number, slot in enumerate(SLOTS):
        found[f"without_{slot}"] = frozenset(numbered(each[:number] + each[number + 1 :] for each in said))
    return found


def _said(claim: Mention, ends: list[tuple[str, str]], by_id: Mapping[str, Mention]) -> Iterator[tuple[Hashable, ...]]:
    """The tuples of one claim."""
    ours = {kind: [by_id[tail] for each, tail in ends if each == kind] for kind in (SOURCE, WHERE, QUANTITY)}
    who = [_named(source, ENTITY) for source in ours[SOURCE]]
    where = [_named(place, GAZETTEER) for place in ours[WHERE]]
    many: list[Hashable] = [
        tuple(each.attributes.get(name) for name in (LOWER, UPPER, THING, OUTCOME)) for each in ours[QUANTITY]
    ]
    what = claim.attributes.get(TYPE), claim.attributes.get(POLARITY)
    for source, place, counted in product(who or [None], where or [None], many or [None]):
        yield source, what, place, counted


def _named(mention: Mention, attribute: str) -> Hashable:
    """What is meant, as far as the annotator said so, else the words."""
    return mention.attributes.get(attribute) or words(mention)


def figures(sums: Sums) -> Iterator[Estimate]:
    """F1 of attributions, of whole claims, and of tuples with all slots and without each."""
    why = "no claim has a source or a cue"
    yield f1(sums, (CLAIMS, ATTRIBUTION), EXACT, why, "attributions of both")
    yield f1(sums, (CLAIMS, WHOLE), EXACT, _NO_CLAIM, "claims of both")
    yield f1(sums, (CLAIMS, WHOLE), LENIENT, _NO_CLAIM, "claims of both")
    for what in ("full", *(f"without_{slot}" for slot in SLOTS)):
        yield f1(sums, (TUPLES, TUPLE), what, _NO_CLAIM, "tuples of both")
