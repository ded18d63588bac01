"""Time and F1 against gold over the sequence of an annotator's annotations.

Label Studio measures the time from opening a document to submitting it; times here are seconds per
100 characters. Breaks are not recorded, so times are capped at ``IDLE_FACTOR`` times the median.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

from sayso.reports.gold_comparison import EMPTY_SCORE, GoldComparison, GoldScore
from sayso.reports.svg_plots import CurveLine, render_curves, round_up

IDLE_FACTOR = 5.0
MAX_PARTS = 10
MIN_PART_SIZE = 3  # annotations, unless there are fewer in all


@dataclass(frozen=True)
class ScoredAnnotation:
    """The time, in seconds per 100 characters if measured, and the score of one annotation."""

    created: str
    doc_id: str
    seconds: float | None
    score: GoldScore
    capped: bool = False

    @classmethod
    def from_comparison(cls, comparison: GoldComparison) -> ScoredAnnotation:
        """Take time and score from a comparison."""
        annotation, text = comparison.annotation, comparison.case.document.text
        seconds = annotation.lead_time_seconds
        rate = None if seconds is None else 100 * seconds / len(text)
        return cls(annotation.created, annotation.doc_id, rate, comparison.score)


@dataclass(frozen=True)
class CurvePart:
    """Annotations in a row, numbered from 1: their median time, and F1 over all their mentions."""

    first: int
    last: int
    seconds: float | None
    exact: float | None
    overlap: float | None


@dataclass(frozen=True)
class LearningCurve:
    """The sequence in order of creation. ``cap`` is in seconds per 100 characters, if measured."""

    points: tuple[ScoredAnnotation, ...]
    parts: tuple[CurvePart, ...]
    cap: float | None

    @property
    def capped(self) -> int:
        """The number of annotations above the cap."""
        return sum(point.capped for point in self.points)


def build_curve(annotations: Iterable[ScoredAnnotation]) -> LearningCurve:
    """Order annotations by creation, cap their times and group them."""
    ordered = sorted(annotations, key=lambda each: (each.created, each.doc_id))
    times = [each.seconds for each in ordered if each.seconds is not None]
    cap = IDLE_FACTOR * median(times) if times else None
    points = tuple(_cap_time(each, cap) for each in ordered)
    return LearningCurve(points, tuple(_build_parts(points)), cap)


def _cap_time(annotation: ScoredAnnotation, cap: float | None) -> ScoredAnnotation:
    if cap is None or annotation.seconds is None or annotation.seconds <= cap:
        return annotation
    return replace(annotation, seconds=cap, capped=True)


def _build_parts(points: Sequence[ScoredAnnotation]) -> Iterator[CurvePart]:
    count = max(1, min(MAX_PARTS, len(points) // MIN_PART_SIZE))
    for number in range(count):
        first, end = number * len(points) // count, (number + 1) * len(points) // count
        part = points[first:end]
        if part:
            times = [point.seconds for point in part if point.seconds is not None]
            score = sum((point.score for point in part), EMPTY_SCORE)
            seconds = median(times) if times else None
            yield CurvePart(first + 1, end, seconds, score.f1("exact"), score.f1("overlap"))


# --- as SVG


def render_time_curve(curve: LearningCurve) -> str:
    """Render time over the sequence; empty if no time was measured."""
    times = [point.seconds for point in curve.points]
    maximum = max((seconds for seconds in times if seconds is not None), default=0.0)
    if not maximum:
        return ""
    line = _build_line(curve, "seconds", times, [part.seconds for part in curve.parts])
    description = "Seconds per 100 characters of text, for each annotation in order."
    return render_curves(
        "time", "Time", description, {"first": line}, len(curve.points), round_up(maximum)
    )


def render_f1_curve(curve: LearningCurve) -> str:
    """Render exact and overlap F1 over the sequence."""
    lines = {}
    for style, measure in (("second", "overlap"), ("first", "exact")):
        values = [point.score.f1(measure) for point in curve.points]
        means = [getattr(part, measure) for part in curve.parts]
        lines[style] = _build_line(curve, measure, values, means)
    description = (
        "F1 of your mentions against gold, exact and overlap, for each annotation in order."
    )
    return render_curves("f1", "F1 against gold", description, lines, len(curve.points), 1.0)


def _build_line(
    curve: LearningCurve, name: str, values: Sequence[float | None], means: Sequence[float | None]
) -> CurveLine:
    middles = [(part.first + part.last) / 2 for part in curve.parts]
    return CurveLine(
        name,
        [(x, y) for x, y in enumerate(values, 1) if y is not None],
        [(x, y) for x, y in zip(middles, means, strict=True) if y is not None],
    )
