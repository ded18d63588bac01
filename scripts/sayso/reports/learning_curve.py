"""Time and F1 against gold over the sequence of an annotator's annotations.

Label Studio measures the time from opening a document to submitting it; times here are seconds per
100 characters. Breaks are not recorded, so times are capped at ``IDLE_FACTOR`` times the median.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from sayso.reports.gold_comparison import EMPTY_SCORE, GoldComparison, GoldScore
from sayso.reports.svg_plots import CurveLine, render_curves, round_up

IDLE_FACTOR = 5.0
MAX_PARTS = 10
MIN_PART_SIZE = 3  # annotations, unless there are fewer in all


@dataclass(frozen=True)
class ScoredAnnotation:
    """The time and the score of one annotation. ``seconds`` is for the whole document."""

    created: str
    doc_id: str
    seconds: float | None
    characters: int
    score: GoldScore

    @classmethod
    def from_comparison(cls, comparison: GoldComparison) -> ScoredAnnotation:
        """Take time and score from a comparison."""
        annotation, document = comparison.annotation, comparison.case.document
        seconds = annotation.lead_time_seconds
        return cls(
            annotation.created, annotation.doc_id, seconds, len(document.text), comparison.score
        )

    @property
    def rate(self) -> float | None:
        """Seconds per 100 characters, uncapped."""
        return None if self.seconds is None else 100 * self.seconds / self.characters


@dataclass(frozen=True)
class CurvePoint:
    """One annotation. ``number`` counts from 1; ``seconds`` is per 100 characters, if measured."""

    number: int
    doc_id: str
    seconds: float | None
    capped: bool
    score: GoldScore


@dataclass(frozen=True)
class CurvePart:
    """A group of consecutive annotations: their median time, and F1 over all their mentions."""

    first: int
    last: int
    seconds: float | None
    exact: float | None
    overlap: float | None


@dataclass(frozen=True)
class LearningCurve:
    """The sequence in order of creation. ``cap`` is in seconds per 100 characters, if measured."""

    points: tuple[CurvePoint, ...]
    parts: tuple[CurvePart, ...]
    cap: float | None

    @property
    def capped(self) -> int:
        """The number of annotations above the cap."""
        return sum(point.capped for point in self.points)


def build_curve(annotations: Sequence[ScoredAnnotation]) -> LearningCurve:
    """Order annotations by creation, cap their times and group them."""
    ordered = sorted(annotations, key=lambda each: (each.created, each.doc_id))
    rates = [each.rate for each in ordered if each.rate is not None]
    cap = IDLE_FACTOR * median(rates) if rates else None
    points = tuple(_build_point(number, each, cap) for number, each in enumerate(ordered, 1))
    return LearningCurve(points, tuple(_build_parts(points)), cap)


def _build_point(number: int, annotation: ScoredAnnotation, cap: float | None) -> CurvePoint:
    rate = annotation.rate
    is_capped = rate is not None and cap is not None and rate > cap
    return CurvePoint(
        number, annotation.doc_id, cap if is_capped else rate, is_capped, annotation.score
    )


def _build_parts(points: Sequence[CurvePoint]) -> Iterator[CurvePart]:
    count = max(1, min(MAX_PARTS, len(points) // MIN_PART_SIZE))
    for number in range(count):
        part = points[number * len(points) // count : (number + 1) * len(points) // count]
        if part:
            times = [point.seconds for point in part if point.seconds is not None]
            score = sum((point.score for point in part), EMPTY_SCORE)
            seconds = median(times) if times else None
            yield CurvePart(
                part[0].number, part[-1].number, seconds, score.f1("exact"), score.f1("overlap")
            )


# --- as SVG


def render_time_curve(curve: LearningCurve) -> str:
    """Render time over the sequence; empty if no time was measured."""
    points = [(point.number, point.seconds) for point in curve.points]
    line = _build_line(curve, "seconds", points, [part.seconds for part in curve.parts])
    maximum = max((seconds for _number, seconds in line.points), default=0.0)
    if not maximum:
        return ""
    description = "Seconds per 100 characters of text, for each annotation in order."
    return render_curves(
        "time", "Time", description, {"first": line}, len(curve.points), round_up(maximum)
    )


def render_f1_curve(curve: LearningCurve) -> str:
    """Render exact and overlap F1 over the sequence."""
    lines = {
        style: _build_line(
            curve,
            measure,
            [(point.number, point.score.f1(measure)) for point in curve.points],
            [getattr(part, measure) for part in curve.parts],
        )
        for style, measure in (("second", "overlap"), ("first", "exact"))
    }
    description = (
        "F1 of your mentions against gold, exact and overlap, for each annotation in order."
    )
    return render_curves("f1", "F1 against gold", description, lines, len(curve.points), 1.0)


def _build_line(
    curve: LearningCurve,
    name: str,
    points: Sequence[tuple[int, float | None]],
    means: Sequence[float | None],
) -> CurveLine:
    middles = [
        ((part.first + part.last) / 2, mean) for part, mean in zip(curve.parts, means, strict=True)
    ]
    return CurveLine(
        name,
        [(x, y) for x, y in points if y is not None],
        [(x, y) for x, y in middles if y is not None],
    )
