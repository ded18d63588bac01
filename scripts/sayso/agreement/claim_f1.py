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

from sayso.agreement.annotation_pairs import (
    AgreementSums,
    AnnotationPair,
    DocumentStatistics,
    IndexedAnnotation,
    SpanOccurrence,
    normalise_text,
    number_occurrences,
)
from sayso.agreement.bootstrap import Estimate
from sayso.agreement.span_f1 import MARKED, estimate_f1
from sayso.checks.schema_checks import (
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
from sayso.models import Mention

CLAIMS, TUPLES = "claims", "tuples"
ATTRIBUTION, WHOLE, TUPLE = "attribution", "whole", "claim"
EXACT, LENIENT = "exact", "lenient"
SLOTS = ("who", "what", "where", "how_many")
_NO_CLAIM = "nobody marked a claim"

ClaimEnds = frozenset[tuple[tuple[str, Hashable], int]]
"""What begins at a claim: type and end of each relation."""
ClaimShape = tuple[SpanOccurrence, ClaimEnds]


def count_claims(into: DocumentStatistics, pair: AnnotationPair) -> None:
    """What two answers have in common."""
    one, other = pair.one.derive(ClaimShapes), pair.other.derive(ClaimShapes)
    for subject, mine, theirs in (
        (ATTRIBUTION, one.attributions, other.attributions),
        (WHOLE, one.whole_claims, other.whole_claims),
    ):
        into[CLAIMS, subject, MARKED] += len(mine) + len(theirs)
        into[CLAIMS, subject, EXACT] += len(mine & theirs)
    into[CLAIMS, WHOLE, LENIENT] += _count_lenient(one, other, pair.matched_ids)
    into[TUPLES, TUPLE, MARKED] += len(one.tuples["full"]) + len(other.tuples["full"])
    for what, mine_said in one.tuples.items():
        into[TUPLES, TUPLE, what] += len(mine_said & other.tuples[what])


class ClaimShapes:
    """The claims of one answer, each with what begins at it."""

    def __init__(self, marked: IndexedAnnotation) -> None:
        ends: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
        for relation in marked.annotation.relations:
            ends[relation.head].append((relation.type, relation.tail))
        claims = marked.mentions_by_label.get(CLAIM, [])
        place = marked.occurrences_by_id
        self.ends_by_claim = {claim.id: ends[claim.id] for claim in claims}
        shapes = {
            claim: [(kind, place[tail]) for kind, tail in found]
            for claim, found in self.ends_by_claim.items()
        }
        said = {
            claim: [end for end in found if end[0] in (SOURCE, CUE)]
            for claim, found in shapes.items()
        }
        self.whole_claims = frozenset(
            (place[claim], _freeze_ends(found)) for claim, found in shapes.items()
        )
        self.attributions = frozenset(
            (place[claim], _freeze_ends(found)) for claim, found in said.items() if found
        )
        self.tuples = _build_tuples(claims, self.ends_by_claim, marked.mentions_by_id)


def _freeze_ends(found: list[tuple[str, SpanOccurrence]] | list[tuple[str, str]]) -> ClaimEnds:
    return frozenset(number_occurrences(found))


def _count_lenient(one: ClaimShapes, other: ClaimShapes, matched_ids: Mapping[str, str]) -> int:
    """How many claims of the other are matched with one of ours that has the same relations to what is matched."""
    same = 0
    for claim, theirs in other.ends_by_claim.items():
        mine = one.ends_by_claim.get(matched_ids.get(claim, ""))
        if (
            mine is not None
            and len(mine) == len(theirs)
            and all(tail in matched_ids for _kind, tail in theirs)
        ):
            same += _freeze_ends(mine) == _freeze_ends(
                [(kind, matched_ids[tail]) for kind, tail in theirs]
            )
    return same


def _build_tuples(
    claims: list[Mention], ends: Mapping[str, list[tuple[str, str]]], by_id: Mapping[str, Mention]
) -> dict[str, frozenset[tuple[Hashable, int]]]:
    """What an answer says, whole and without each of its slots; what it says twice counts twice."""
    said = [each for claim in claims for each in _iterate_tuples(claim, ends[claim.id], by_id)]
    found: dict[str, frozenset[tuple[Hashable, int]]] = {
        "full": frozenset(number_occurrences(said))
    }
    for number, slot in enumerate(SLOTS):
        found[f"without_{slot}"] = frozenset(
            number_occurrences(each[:number] + each[number + 1 :] for each in said)
        )
    return found


def _iterate_tuples(
    claim: Mention, ends: list[tuple[str, str]], by_id: Mapping[str, Mention]
) -> Iterator[tuple[Hashable, ...]]:
    """The tuples of one claim."""
    ours = {
        kind: [by_id[tail] for each, tail in ends if each == kind]
        for kind in (SOURCE, WHERE, QUANTITY)
    }
    who = [_referent(source, ENTITY) for source in ours[SOURCE]]
    where = [_referent(place, GAZETTEER) for place in ours[WHERE]]
    many: list[Hashable] = [
        tuple(each.attributes.get(name) for name in (LOWER, UPPER, THING, OUTCOME))
        for each in ours[QUANTITY]
    ]
    what = claim.attributes.get(TYPE), claim.attributes.get(POLARITY)
    for source, place, counted in product(who or [None], where or [None], many or [None]):
        yield source, what, place, counted


def _referent(mention: Mention, attribute: str) -> Hashable:
    """What is meant, as far as the annotator said so, else the words."""
    return mention.attributes.get(attribute) or normalise_text(mention)


def estimate_claims(sums: AgreementSums) -> Iterator[Estimate]:
    """F1 of attributions, of whole claims, and of tuples with all slots and without each."""
    why = "no claim has a source or a cue"
    yield estimate_f1(sums, (CLAIMS, ATTRIBUTION), EXACT, why, "attributions of both")
    yield estimate_f1(sums, (CLAIMS, WHOLE), EXACT, _NO_CLAIM, "claims of both")
    yield estimate_f1(sums, (CLAIMS, WHOLE), LENIENT, _NO_CLAIM, "claims of both")
    for what in ("full", *(f"without_{slot}" for slot in SLOTS)):
        yield estimate_f1(sums, (TUPLES, TUPLE), what, _NO_CLAIM, "tuples of both")
