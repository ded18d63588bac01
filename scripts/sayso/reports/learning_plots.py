"""The learning curve as SVG: every answer a dot, parts of the sequence a line. The same numbers give the same bytes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from sayso.reports.learning_curve import CurvePart, CurvePoint, LearningCurve
from sayso.reports.palette import LIGHT, make_legible

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 560, 200, 48, 84, 14, 34
TICKS = 4
_COLOURS = {"one": "#2563eb", "two": "#a16207"}
PointValue = Callable[[CurvePoint], float | None]
PartValue = Callable[[CurvePart], float | None]


@dataclass(frozen=True)
class CurveLine:
    """What is drawn: a name, the dots, the line through the parts, and which of two looks it has."""

    name: str
    css_class: str
    value: PointValue
    mean: PartValue


def render_time_curve(curve: LearningCurve, name: str) -> str:
    """Time over the sequence, lower is faster; empty where none was measured."""
    line = CurveLine("seconds", "one", lambda point: point.seconds, lambda part: part.seconds)
    top = max((point.seconds for point in curve.points if point.seconds is not None), default=0.0)
    told = "Seconds for 100 characters of text, for each own answer in order."
    return _render_curve(curve, name, "Time", told, [line], _round_up(top)) if top else ""


def render_f1_curve(curve: LearningCurve, name: str) -> str:
    """F1 to gold over the sequence, exact and overlap."""
    lines = [
        CurveLine(
            "overlap",
            "two",
            lambda point: point.score.f1(point.score.overlap),
            lambda part: part.overlap,
        ),
        CurveLine(
            "exact", "one", lambda point: point.score.f1(point.score.exact), lambda part: part.exact
        ),
    ]
    told = (
        "F1 of own mentions and gold’s, exact and where they overlap, for each own answer in order."
    )
    return _render_curve(curve, name, "Likeness to gold", told, lines, 1.0)


def _round_up(number: float) -> float:
    """The next 1, 2 or 5 with as many noughts as it takes.

    >>> _round_up(37.0), _round_up(0.4), _round_up(100.0)
    (50.0, 0.5, 100.0)
    """
    size = 1.0
    while size < number:
        size *= 10
    while size / 10 >= number:
        size /= 10
    return next(step * size / 10 for step in (1, 2, 5, 10) if step * size / 10 >= number)


def _render_curve(
    curve: LearningCurve,
    name: str,
    title: str,
    description: str,
    lines: Sequence[CurveLine],
    maximum: float,
) -> str:
    said = f"{description} The table beside it has every number."
    drawn = [
        *_draw_axes(len(curve.points), maximum),
        *(part for line in lines for part in _draw_line(line, curve, maximum)),
        *_draw_names(lines, curve, maximum),
    ]
    return (
        f'<svg class="curve" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="{name}-title" '
        f'aria-describedby="{name}-told"><title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-told">{escape(said)}</desc>{"".join(drawn)}</svg>'
    )


def _x(number: float, count: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (number - 0.5) / max(count, 1)


def _y(value: float, maximum: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value / maximum


def _draw_axes(count: int, maximum: float) -> Iterator[str]:
    for tick in range(TICKS + 1):
        value = maximum * tick / TICKS
        y = _y(value, maximum)
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>'
    for number in sorted({1, (count + 1) // 2, count}):
        yield f'<text x="{_x(number, count):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{number}</text>'


def _draw_line(line: CurveLine, curve: LearningCurve, maximum: float) -> Iterator[str]:
    count = len(curve.points)
    for point in curve.points:
        value = line.value(point)
        if value is not None:
            x, y = _x(point.number, count), _y(value, maximum)
            yield f'<circle class="dot {line.css_class}" cx="{x:.1f}" cy="{y:.1f}" r="2.2"/>'
    means = [
        (_x((part.first + part.last) / 2, count), value)
        for part in curve.parts
        if (value := line.mean(part)) is not None
    ]
    places = " ".join(f"{x:.1f},{_y(value, maximum):.1f}" for x, value in means)
    yield f'<polyline class="run {line.css_class}" points="{places}"/>'


def _draw_names(lines: Sequence[CurveLine], curve: LearningCurve, maximum: float) -> Iterator[str]:
    """The name of each line at its end, none over another."""
    lowest = -math.inf
    for line in lines:
        ends = [value for part in curve.parts if (value := line.mean(part)) is not None]
        if ends:
            lowest = max(_y(ends[-1], maximum) + 4, lowest + 14)
            yield f'<text class="name {line.css_class}" x="{WIDTH - RIGHT + 8}" y="{lowest:.1f}">{line.name}</text>'


def curve_style(background: str) -> str:
    """The style of curves on a page of that colour."""
    faint = make_legible("#6b7280", background)
    looks = "".join(
        f".curve .{look}{{--own:{make_legible(colour, background)}}}"
        for look, colour in _COLOURS.items()
    )
    return (
        f".curve text{{font-size:12px;fill:{faint}}}.curve .grid{{stroke:{'#e3e6ea' if background == LIGHT else '#2c343d'}}}"
        f"{looks}.curve .dot{{fill:var(--own);opacity:.35}}.curve .run{{fill:none;stroke:var(--own);stroke-width:2.5}}"
        ".curve .run.two{stroke-dasharray:7 4}.curve text.name{fill:var(--own);font-weight:600}"
    )
