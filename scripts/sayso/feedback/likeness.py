"""How like gold all own answers are together, with the interval that other documents would have given."""

from __future__ import annotations

from collections.abc import Iterable

from sayso.agreement.bootstrap import Figure, Sums, estimate, ratio
from sayso.feedback.judging import NOTHING, Score
from sayso.feedback.learning import Given

MEASURES = ("exact", "overlap")


def likeness(given: Iterable[Given]) -> dict[str, Figure]:
    """F1 of own mentions and gold's, exact and overlap; both passes of a document are one document."""
    scores: dict[str, Score] = {}
    for each in given:
        scores[each.doc_id] = scores.get(each.doc_id, NOTHING) + each.score
    sums: Sums[str] = Sums()
    for _doc_id, score in sorted(scores.items()):
        sums.add({"exact": 2 * score.exact, "overlap": 2 * score.overlap, "either": score.own + score.gold})
    drawn = sums.resampled()
    count, seen = drawn.total("either"), drawn.seen("either")
    return {
        name: estimate(("mentions", "all", name), ratio(drawn[name], drawn["either"]), count, "mentions", seen).figure
        for name in MEASURES
    }
