"""How like gold all own answers are together, with the interval that other documents would have given."""

from __future__ import annotations

from collections.abc import Iterable

from sayso.agreement.bootstrap import DocumentSums, Figure, estimate, ratio
from sayso.reports.gold_comparison import EMPTY_SCORE, GoldScore
from sayso.reports.learning_curve import ScoredAnnotation

MEASURES = ("exact", "overlap")


def estimate_f1(annotations: Iterable[ScoredAnnotation]) -> dict[str, Figure]:
    """F1 of own mentions and gold's, exact and overlap; both passes of a document are one document."""
    scores: dict[str, GoldScore] = {}
    for each in annotations:
        scores[each.doc_id] = scores.get(each.doc_id, EMPTY_SCORE) + each.score
    sums: DocumentSums[str] = DocumentSums()
    for _doc_id, score in sorted(scores.items()):
        sums.add(
            {
                "exact": 2 * score.exact,
                "overlap": 2 * score.overlap,
                "either": score.own + score.gold,
            }
        )
    drawn = sums.resample()
    count, seen = drawn.total("either"), drawn.count_documents("either")
    return {
        name: estimate(
            ("mentions", "all", name), ratio(drawn[name], drawn["either"]), count, "mentions", seen
        ).figure
        for name in MEASURES
    }
