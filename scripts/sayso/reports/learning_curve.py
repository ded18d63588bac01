"""How time and likeness to gold go over the sequence of an annotator's own answers.

Time is what the server measured from opening a document to submitting it, for each 100 characters of its text. Nobody
measures whether a person was there: a time above ``IDLE_FACTOR`` times that person's own median counts as that much.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from sayso.reports.gold_comparison import EMPTY_SCORE, GoldComparison, GoldScore

IDLE_FACTOR = 5.0
MAX_PARTS = 10
"""Into how many parts a sequence is cut at most, so that single documents do not hide the way it goes."""
MIN_PART_SIZE = 3  # answers in a part at least


@dataclass(frozen=True)
class CurvePoint:
    """One own answer.

    Attributes:
        number: its place in the sequence, from 1.
        seconds: for 100 characters, idle time capped; None where nothing was measured.
        capped: whether it was.
    """

    number: int
    doc_id: str
    seconds: float | None
    capped: bool
    score: GoldScore


@dataclass(frozen=True)
class CurvePart:
    """Consecutive answers together: the median of their times, and F1 over all their mentions."""

    first: int
    last: int
    seconds: float | None
    exact: float | None
    overlap: float | None


@dataclass(frozen=True)
class LearningCurve:
    """The sequence. ``cap`` in seconds for 100 characters, None where no time was measured."""

    points: tuple[CurvePoint, ...]
    parts: tuple[CurvePart, ...]
    cap: float | None

    @property
    def capped(self) -> int:
        """How many answers took longer than the cap."""
        return sum(point.capped for point in self.points)


@dataclass(frozen=True)
class ScoredAnnotation:
    """What the curve needs to know of one answer. ``seconds`` for the whole document."""

    created: str
    doc_id: str
    seconds: float | None
    characters: int
    score: GoldScore

    @classmethod
    def from_comparison(cls, comparison: GoldComparison) -> ScoredAnnotation:
        """Taken from an answer beside gold."""
        answer = comparison.annotation
        return cls(
            answer.created,
            answer.doc_id,
            answer.lead_time_seconds,
            len(comparison.case.document.text),
            comparison.score,
        )

    @property
    def rate(self) -> float | None:
        """Seconds for 100 characters, as measured."""
        return None if self.seconds is None else 100 * self.seconds / self.characters


def build_curve(annotations: Sequence[ScoredAnnotation]) -> LearningCurve:
    """The sequence in order of when answers were made."""
    ordered = sorted(annotations, key=lambda each: (each.created, each.doc_id))
    rates = [each.rate for each in ordered if each.rate is not None]
    cap = IDLE_FACTOR * median(rates) if rates else None
    points = tuple(_build_point(number, each, cap) for number, each in enumerate(ordered, 1))
    return LearningCurve(points, tuple(_build_parts(points)), cap)


def _build_point(number: int, each: ScoredAnnotation, cap: float | None) -> CurvePoint:
    capped = each.rate is not None and cap is not None and each.rate > cap
    return CurvePoint(number, each.doc_id, cap if capped else each.rate, capped, each.score)


def _build_parts(points: Sequence[CurvePoint]) -> Iterator[CurvePart]:
    count = max(1, min(MAX_PARTS, len(points) // MIN_PART_SIZE))
    for number in range(count):
        part = points[number * len(points) // count : (number + 1) * len(points) // count]
        if part:
            times = [point.seconds for point in part if point.seconds is not None]
            score = sum((point.score for point in part), EMPTY_SCORE)
            yield CurvePart(
                part[0].number,
                part[-1].number,
                median(times) if times else None,
                score.f1(score.exact),
                score.f1(score.overlap),
            )
