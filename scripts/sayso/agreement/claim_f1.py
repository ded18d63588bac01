"""F1 of whole claims, and of the tuples that they state: who, what, where, how many.

An attribution is a claim with its sources and cues; claims without any are not counted. A whole
claim is a claim with all relations that start at it. Exactly, all labelled spans are equal;
leniently, the claims are matched and so are the ends of their relations.

A claim states one tuple for each combination of its sources, places and counts. Tuples agree
wherever they were marked. F1 without one of the slots is at least as high; the difference is what
that slot costs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from itertools import product

from sayso.agreement.annotation_pairs import (
    AgreementSums,
    AnnotationPair,
    DocumentStatistics,
    IndexedAnnotation,
    normalise_text,
    number_occurrences,
)
from sayso.agreement.bootstrap import Estimate
from sayso.agreement.span_f1 import EXACT, MARKED, estimate_f1
from sayso.checks import schema_checks as names
from sayso.models import Mention

CLAIMS, TUPLES = "claims", "tuples"
ATTRIBUTION, WHOLE, TUPLE, LENIENT = "attribution", "whole", "claim", "lenient"
SLOTS = ("who", "what", "where", "how_many")

ClaimEnds = frozenset[tuple[tuple[str, Hashable], int]]
"""The type and end of each relation that starts at a claim."""


def count_claims(into: DocumentStatistics, pair: AnnotationPair) -> None:
    """Count what two annotations have in common."""
    one, other = pair.one.derive(ClaimShapes), pair.other.derive(ClaimShapes)
    for subject, mine, theirs in (
        (ATTRIBUTION, one.attributions, other.attributions),
        (WHOLE, one.whole_claims, other.whole_claims),
    ):
        into[CLAIMS, subject, MARKED] += len(mine) + len(theirs)
        into[CLAIMS, subject, EXACT] += len(mine & theirs)
    into[CLAIMS, WHOLE, LENIENT] += _count_lenient(one, other, pair.matched_ids)
    into[TUPLES, TUPLE, MARKED] += len(one.tuples["full"]) + len(other.tuples["full"])
    for slots, tuples in one.tuples.items():
        into[TUPLES, TUPLE, slots] += len(tuples & other.tuples[slots])


class ClaimShapes:
    """The claims of one annotation with what starts at them, in comparable form.

    Attributes:
        ends_by_claim: (type, id of the tail) of each relation, by id of the claim.
        whole_claims, attributions: labelled span of the claim, with types and labelled spans of the
            tails.
        tuples: numbered tuples, ``full`` and without each slot.
    """

    def __init__(self, indexed: IndexedAnnotation) -> None:
        ends: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
        for relation in indexed.annotation.relations:
            ends[relation.head].append((relation.type, relation.tail))
        claims, keys = indexed.mentions_by_label.get(names.CLAIM, []), indexed.occurrences_by_id
        self.ends_by_claim = {claim.id: ends[claim.id] for claim in claims}
        whole, attributions = set(), set()
        for claim, tails in self.ends_by_claim.items():
            shape = [(kind, keys[tail]) for kind, tail in tails]
            whole.add((keys[claim], _freeze_ends(shape)))
            if attribution := [end for end in shape if end[0] in (names.SOURCE, names.CUE)]:
                attributions.add((keys[claim], _freeze_ends(attribution)))
        self.whole_claims, self.attributions = frozenset(whole), frozenset(attributions)
        self.tuples = _build_tuples(claims, self.ends_by_claim, indexed.mentions_by_id)


def _freeze_ends(ends: Iterable[tuple[str, Hashable]]) -> ClaimEnds:
    return frozenset(number_occurrences(ends))


def _count_lenient(one: ClaimShapes, other: ClaimShapes, matched_ids: Mapping[str, str]) -> int:
    """Count the matched claims whose relations have the same types and matched tails."""
    same = 0
    for claim, theirs in other.ends_by_claim.items():
        mine = one.ends_by_claim.get(matched_ids.get(claim, ""))
        if mine is not None and all(tail in matched_ids for _kind, tail in theirs):
            matched = ((kind, matched_ids[tail]) for kind, tail in theirs)
            same += _freeze_ends(mine) == _freeze_ends(matched)
    return same


def _build_tuples(
    claims: list[Mention], ends: Mapping[str, list[tuple[str, str]]], by_id: Mapping[str, Mention]
) -> dict[str, frozenset[tuple[Hashable, int]]]:
    stated = [each for claim in claims for each in _iterate_tuples(claim, ends[claim.id], by_id)]
    found: dict[str, frozenset[tuple[Hashable, int]]] = {
        "full": frozenset(number_occurrences(stated))
    }
    for number, slot in enumerate(SLOTS):
        rest = (each[:number] + each[number + 1 :] for each in stated)
        found[f"without_{slot}"] = frozenset(number_occurrences(rest))
    return found


def _iterate_tuples(
    claim: Mention, ends: list[tuple[str, str]], by_id: Mapping[str, Mention]
) -> Iterator[tuple[Hashable, ...]]:
    def tails(relation_type: str) -> Iterator[Mention]:
        return (by_id[tail] for kind, tail in ends if kind == relation_type)

    who = [_referent(source, names.ENTITY) for source in tails(names.SOURCE)]
    where = [_referent(place, names.GAZETTEER) for place in tails(names.WHERE)]
    slots = (names.LOWER, names.UPPER, names.THING, names.OUTCOME)
    how_many: list[Hashable] = [
        tuple(count.attributes.get(name) for name in slots) for count in tails(names.QUANTITY)
    ]
    what = claim.attributes.get(names.TYPE), claim.attributes.get(names.POLARITY)
    for source, place, count in product(who or [None], where or [None], how_many or [None]):
        yield source, what, place, count


def _referent(mention: Mention, attribute: str) -> Hashable:
    """Return the attribute that says who or what is meant, or else the normalised text."""
    return mention.attributes.get(attribute) or normalise_text(mention)


def estimate_claims(sums: AgreementSums) -> Iterator[Estimate]:
    """Yield F1 of attributions, of whole claims, and of tuples with all slots and without each."""
    reason, attribution, whole = "nobody marked a claim", (CLAIMS, ATTRIBUTION), (CLAIMS, WHOLE)
    no_attribution = "no claim has a source or a cue"
    yield estimate_f1(sums, attribution, EXACT, no_attribution, "attributions of both")
    yield estimate_f1(sums, whole, EXACT, reason, "claims of both")
    yield estimate_f1(sums, whole, LENIENT, reason, "claims of both")
    for slots in ("full", *(f"without_{slot}" for slot in SLOTS)):
        yield estimate_f1(sums, (TUPLES, TUPLE), slots, reason, "tuples of both")
