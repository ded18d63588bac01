"""F1 of relations: with both ends on the very same mentions, on mentions that overlap, and given the ends.

A relation is strictly the same if its type is, and label and span of both its ends; leniently, if its ends are matched
with each other as mentions that overlap. Given the spans, only relations are looked at whose both ends both annotators
marked just so: what is left there is disagreement about relations alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sayso.agreement.bootstrap import Estimate
from sayso.agreement.marked import Marked, Pair, Place, Statistics, Sums, numbered
from sayso.agreement.spans import MARKED, f1

GROUP = "relations"
STRICT, LENIENT, GIVEN, BETWEEN = "strict", "lenient", "given_spans", "between_common"
UNIT = "relations of both"

Drawn = frozenset[tuple[tuple[str, Place, Place], int]]


def count(into: Statistics, pair: Pair) -> None:
    """What two answers have in common, by type."""
    mine, theirs = pair.one.once(drawn), pair.other.once(drawn)
    for answer in (mine, theirs):
        for (kind, head, tail), _before in answer:
            into[GROUP, kind, MARKED] += 1
            into[GROUP, kind, BETWEEN] += head in pair.common and tail in pair.common
    for (kind, _head, _tail), _before in mine & theirs:
        into[GROUP, kind, STRICT] += 1
        into[GROUP, kind, GIVEN] += 1  # what both drew has ends that both marked
    for (kind, _mine, _theirs), _before in _lenient(pair):
        into[GROUP, kind, LENIENT] += 1


def drawn(marked: Marked) -> Drawn:
    """The relations of an answer, by type and where their ends stand."""
    place = marked.place
    return frozenset(numbered((each.type, place[each.head], place[each.tail]) for each in marked.answer.relations))


def _lenient(pair: Pair) -> Iterable[tuple[tuple[str, str, str], int]]:
    """Relations of the one whose ends are matched with the ends of one of the other's, of the same type."""
    partner = pair.partner
    theirs = numbered(
        (each.type, partner[each.head], partner[each.tail]) for each in pair.other.answer.relations
        if each.head in partner and each.tail in partner
    )  # fmt: skip
    return set(theirs) & set(numbered((each.type, each.head, each.tail) for each in pair.one.answer.relations))


def figures(sums: Sums, types: Iterable[str]) -> Iterator[Estimate]:
    """F1 by each rule, for each type and for all."""
    for kind in types:
        yield f1(sums, (GROUP, kind), STRICT, "nobody drew one", UNIT)
        yield f1(sums, (GROUP, kind), LENIENT, "nobody drew one", UNIT)
        yield f1(sums, (GROUP, kind), GIVEN, "nobody drew one between mentions of both", UNIT, BETWEEN)
