"""F1 of spans with their labels: on the very same place, but for their edges, and on common code points.

Of two annotators neither is right, so F1 is what both marked, twice, over what either marked: the harmonic mean of
precision and recall whichever of them is taken for the truth.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sayso.agreement.bootstrap import Estimate, estimate, ratio
from sayso.agreement.marked import ALL, Marked, Pair, Place, Statistics, Sums

SPANS, MACHINE = "spans", "machine"
EXACT, NORMALISED, OVERLAP = "exact", "normalised", "overlap"
MARKED, STARTED, KEPT = "marked", "started", "kept"
UNIT = "mentions of both"
_SHARE, _WITHOUT, _AGREED = "share", "exact_without", "mentions agreed on"
_NOBODY = "nobody marked one"


def count(into: Statistics, pair: Pair) -> None:
    """What two answers have in common, by label."""
    for answer in (pair.one, pair.other):
        for label, layer in answer.layers.items():
            into[SPANS, label, MARKED] += len(layer)
    _labels(into, EXACT, pair.common)
    _labels(into, NORMALISED, pair.one.bare_places & pair.other.bare_places)
    for mine, _theirs in pair.matched:
        into[SPANS, mine.label, OVERLAP] += 1


def _labels(into: Statistics, what: str, places: Iterable[Place]) -> None:
    for (label, _start, _end), _before in places:
        into[SPANS, label, what] += 1


def figures(sums: Sums, labels: Iterable[str]) -> Iterator[Estimate]:
    """F1 by each rule, for each label and for all."""
    for label in labels:
        for what in (EXACT, NORMALISED, OVERLAP):
            yield f1(sums, (SPANS, label), what, _NOBODY)


def f1(sums: Sums, subject: tuple[str, str], what: str, why: str, unit: str = UNIT, of: str = MARKED) -> Estimate:
    """What both have, twice, over what either has."""
    either = (*subject, of)
    values = ratio(2 * sums[(*subject, what)], sums[either])
    return estimate((*subject, what), values, sums.total(either), unit, sums.seen(either), why)


def count_kept(into: Statistics, pair: Pair) -> None:
    """How much of what two answers have in common are predictions that both left as they were."""
    if not (_started(pair.one) or _started(pair.other)):
        return
    mine, theirs = pair.one.places, pair.other.places
    for place in pair.common:
        if mine[place].started_from == theirs[place].started_from == "prediction":
            into[MACHINE, place[0][0], KEPT] += 1
    into[MACHINE, ALL, STARTED] += 1


def _started(marked: Marked) -> bool:
    return any(mention.started_from for mention in marked.answer.mentions)


def machine_figures(sums: Sums, labels: Iterable[str]) -> Iterator[Estimate]:
    """The machine's share of exact agreement, and exact F1 over what both did not just leave as it was predicted."""
    if not sums.total((MACHINE, ALL, STARTED)):
        nothing, why = sums[MACHINE, ALL, KEPT], "no mention was taken over from a prediction"
        for measure, unit in ((_SHARE, _AGREED), (_WITHOUT, UNIT)):
            yield estimate((MACHINE, ALL, measure), ratio(nothing, nothing), 0, unit, 0, why)
        return
    for label in labels:
        marked, agreed = (SPANS, label, MARKED), (SPANS, label, EXACT)
        kept, exact = sums[MACHINE, label, KEPT], sums[agreed]
        yield estimate((MACHINE, label, _SHARE), ratio(kept, exact), sums.total(agreed), _AGREED, sums.seen(agreed),
                       "they agree on none")  # fmt: skip
        rest = sums[marked] - 2 * kept
        yield estimate((MACHINE, label, _WITHOUT), ratio(2 * (exact - kept), rest), round(float(rest[0])), UNIT,
                       sums.seen(marked), "nothing else was marked")  # fmt: skip
