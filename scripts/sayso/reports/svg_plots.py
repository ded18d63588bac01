"""Plots as SVG, drawn from plain numbers: the same numbers give the same bytes.

They are drawn here because plotting libraries are large, or write random ids or remote links into
their files. Every plot has a title and a description for screen readers, every number stands beside
its bar, and nothing depends on colour alone. Lengths are in units of the view box.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from sayso.reports.palette import DARK, LIGHT, contrast_ratio, make_legible, mix_colours

DOCUMENTS = ""
"""The key of counts of documents, in place of an annotator kind."""
ANNOTATOR_KINDS = {"gold": "adjudicated", "human": "by people", "program": "by programs"}
"""Annotator kinds in display order, with their captions."""

WIDTH, GAP, TEXT_SIZE, SMALL_TEXT_SIZE = 460, 8, 14, 12
LETTER_WIDTH, MAX_NAME_WIDTH, MAX_COLUMN_NAME = 7.4, 216, 18  # the last in letters
ROW_HEIGHT, BAR_HEIGHT, TOP_MARGIN, COLUMN_HEIGHT = 21, 15, 8, 150
ANGLE = 62  # degrees, of the names above the columns of a matrix
SHADES = 6
_SCALE_COLOUR = "#2563eb"
_FILLS = {"documents": "#2563eb", "gold": "#a16207", "human": "#7c3aed", "program": "#2563eb"}

PlotRows = Sequence[tuple[tuple[str, ...], dict[str, int]]]


@dataclass(frozen=True)
class Plot:
    """The numbers of a plot: counts by annotator kind for each category, or pair in a ``matrix``.

    Attributes:
        shape: horizontal ``bars``, ``columns`` in order of time, or a ``matrix`` of two categories.
        excluded: what ``rows`` does not hold, in words.
    """

    name: str
    title: str
    description: str
    shape: Literal["bars", "columns", "matrix"]
    rows: PlotRows
    excluded: str = ""

    @property
    def kinds(self) -> list[str]:
        """The annotator kinds with a count, in display order."""
        present = {kind for _category, counts in self.rows for kind in counts}
        return [kind for kind in (DOCUMENTS, *ANNOTATOR_KINDS) if kind in present]


class _PlotElement(NamedTuple):
    svg: str
    bottom: float = 0


def render_svg(plot: Plot, *, standalone: bool = False) -> str:
    """Render a plot; a ``standalone`` one has its own style, others take that of the page."""
    draw = {"bars": _draw_bars, "columns": _draw_columns, "matrix": _draw_matrices}[plot.shape]
    elements = list(draw(plot))
    height = max(element.bottom for element in elements) + GAP
    content = "".join(element.svg for element in elements)
    if standalone:
        paper = f'<rect class="paper" width="{WIDTH}" height="{_format_number(height)}"/>'
        content = f"<style>{_standalone_style()}</style>{paper}{content}"
    name, description = f"plot-{plot.name}", describe_plot(plot)
    return _wrap_svg(
        "plot", name, plot.title, description, (WIDTH, height), content, standalone=standalone
    )


def describe_plot(plot: Plot) -> str:
    """Describe a plot in words, with its largest categories."""
    totals = sorted(
        ((sum(counts.values()), " and ".join(c)) for c, counts in plot.rows),
        key=lambda t: (-t[0], t[1]),
    )
    largest = ", ".join(f"{name or 'not given'} {count:,}" for count, name in totals[:3] if count)
    excluded = f" Not shown: {plot.excluded}." if plot.excluded else ""
    most = f" Most: {largest}." if largest else ""
    return f"{plot.description}{most}{excluded} The table beside it has every number."


def _wrap_svg(
    css_class: str,
    name: str,
    title: str,
    description: str,
    size: tuple[float, float],
    content: str,
    *,
    standalone: bool = False,
) -> str:
    namespace = ' xmlns="http://www.w3.org/2000/svg"' if standalone else ""
    width, height = map(_format_number, size)
    return (
        f'<svg{namespace} class="{css_class}" viewBox="0 0 {width} {height}" role="img" '
        f'aria-labelledby="{name}-title" aria-describedby="{name}-description">'
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-description">{escape(description)}</desc>{content}</svg>'
    )


def _format_number(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")


def _draw_text(
    x: float, y: float, text: str, css_class: str = "", *, anchor: str = "", rotated: bool = False
) -> str:
    x_, y_ = _format_number(x), _format_number(y)
    position = (
        f'transform="translate({x_} {y_}) rotate(-{ANGLE})"' if rotated else f'x="{x_}" y="{y_}"'
    )
    style = f' class="{css_class}"' if css_class else ""
    anchored = f' text-anchor="{anchor}"' if anchor else ""
    return f"<text {position}{style}{anchored}>{escape(text)}</text>"


def _draw_rectangle(
    x: float, y: float, width: float, height: float, css_class: str, title: str
) -> str:
    numbers = zip(("x", "y", "width", "height"), (x, y, width, height), strict=True)
    sizes = " ".join(f'{name}="{_format_number(number)}"' for name, number in numbers)
    return f"<rect {sizes} class={quoteattr(css_class)}><title>{escape(title)}</title></rect>"


def _shorten(name: str, length: int = int(MAX_NAME_WIDTH / LETTER_WIDTH)) -> str:
    name = name or "not given"
    return name if len(name) <= length else f"{name[: length - 1]}…"


def _name_width(names: Iterable[str]) -> float:
    return max(len(_shorten(name)) for name in names) * LETTER_WIDTH + GAP


def _draw_bars(plot: Plot) -> Iterator[_PlotElement]:
    maximum = max((count for _c, counts in plot.rows for count in counts.values()), default=0) or 1
    has_several = len(plot.kinds) > 1
    left = _name_width(category[0] for category, _counts in plot.rows)
    width = WIDTH - left - 2 * GAP - (150 if has_several else 60)
    y = float(TOP_MARGIN)
    for (category,), counts in plot.rows:
        yield _PlotElement(
            _draw_text(left, y + 12, _shorten(category), "name", anchor="end"), y + ROW_HEIGHT
        )
        for kind in plot.kinds:
            count = counts.get(kind, 0)
            length = width * count / maximum
            caption = ANNOTATOR_KINDS.get(kind, "")
            title = f"{', '.join(filter(None, (category or 'not given', caption)))}: {count:,}"
            number = f"{count:,} {caption}" if has_several else f"{count:,}"
            bar = _draw_rectangle(
                left + GAP, y, max(length, 1), BAR_HEIGHT, f"bar {kind or 'documents'}", title
            )
            text = _draw_text(left + 2 * GAP + length, y + 12, number, "number")
            yield _PlotElement(bar + text, y + ROW_HEIGHT)
            y += ROW_HEIGHT
        y += GAP if has_several else 0


def _draw_columns(plot: Plot) -> Iterator[_PlotElement]:
    """Draw columns in order of time; about five are named, and the highest has its number."""
    counts = [sum(by_kind.values()) for _category, by_kind in plot.rows]
    maximum, width = max(counts), min((WIDTH - 2 * GAP) / len(counts), 90)
    step = max(1, -(-len(counts) // 5))
    base = TOP_MARGIN + 16 + COLUMN_HEIGHT
    for index, (((period,), _counts), count) in enumerate(zip(plot.rows, counts, strict=True)):
        height, x = COLUMN_HEIGHT * count / maximum, GAP + index * width
        title = f"{period}: {count:,}"
        yield _PlotElement(
            _draw_rectangle(x, base - height, max(width - 2, 1), height, "bar documents", title),
            base,
        )
        if index % step == 0:
            yield _PlotElement(_draw_text(x, base + 20, period, "name"), base + 26)
    x = min(max(GAP + (counts.index(maximum) + 0.5) * width, 24), WIDTH - 24)
    yield _PlotElement(_draw_text(x, TOP_MARGIN + 10, f"{maximum:,}", "number", anchor="middle"))


def _draw_matrices(plot: Plot) -> Iterator[_PlotElement]:
    """Draw a matrix for each annotator kind: the larger the number, the darker its cell."""
    y = 0.0
    for kind in plot.kinds:
        if len(plot.kinds) > 1:
            yield _PlotElement(_draw_text(0, y + 16, ANNOTATOR_KINDS[kind], "kind"), y + 20)
            y += 20
        for element in _draw_matrix(plot, kind, y):
            yield element
            bottom = element.bottom
        y = bottom + 2 * GAP


def _draw_matrix(plot: Plot, kind: str, top: float) -> Iterator[_PlotElement]:
    row_names, column_names = (
        list(dict.fromkeys(category[axis] for category, _n in plot.rows)) for axis in (0, 1)
    )
    maximum = max((counts.get(kind, 0) for _c, counts in plot.rows), default=0) or 1
    left = _name_width(row_names)
    longest = max(len(_shorten(name, MAX_COLUMN_NAME)) for name in column_names)
    top += longest * LETTER_WIDTH * math.sin(math.radians(ANGLE)) + 2.5 * GAP
    width = min((WIDTH - left - GAP - 52) / len(column_names), 64)
    for column, name in enumerate(column_names):
        x = left + GAP + (column + 0.5) * width
        yield _PlotElement(
            _draw_text(x, top - 6, _shorten(name, MAX_COLUMN_NAME), "name", rotated=True), top
        )
    for row, name in enumerate(row_names):
        y = top + row * (ROW_HEIGHT + 3)
        yield _PlotElement(
            _draw_text(left, y + 16, _shorten(name), "name", anchor="end"), y + ROW_HEIGHT
        )
    for index, (category, counts) in enumerate(plot.rows):
        row, column = divmod(index, len(column_names))
        x, y = left + GAP + column * width, top + row * (ROW_HEIGHT + 3)
        yield _draw_cell(category, counts.get(kind, 0), maximum, x, y, width)


def _draw_cell(
    category: tuple[str, ...], count: int, maximum: int, x: float, y: float, width: float
) -> _PlotElement:
    shade = -(-SHADES * count // maximum)
    title = f"{' and '.join(name or 'not given' for name in category)}: {count:,}"
    svg = _draw_rectangle(x, y, width - 2, ROW_HEIGHT + 1, f"shade{shade}", title)
    if count:
        text = _abbreviate(count, int((width - 2) / (SMALL_TEXT_SIZE * 0.6)))
        svg += _draw_text(x + width / 2 - 1, y + 16, text, f"on{shade}", anchor="middle")
    return _PlotElement(svg, y + ROW_HEIGHT + 1)


def _abbreviate(count: int, width: int) -> str:
    """Format a number in ``width`` characters, or cut to at most four and never rounded up.

    >>> _abbreviate(1_250, 5), _abbreviate(999, 3), _abbreviate(1_250, 3), _abbreviate(12_900, 3)
    ('1,250', '999', '1.2k', '12k')
    """
    if len(f"{count:,}") <= width:
        return f"{count:,}"
    for size, sign in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
        if count >= size:
            tenths = count * 10 // size
            return (
                f"{tenths // 10}{sign}" if tenths >= 100 else f"{tenths // 10}.{tenths % 10}{sign}"
            )
    return str(count)


# --- curves

CURVE_SIZE = (560, 200)
CURVE_LEFT, CURVE_RIGHT, CURVE_TOP, CURVE_BOTTOM = 48, 476, 14, 166  # edges of the drawing area
TICKS = 4
_CURVE_COLOURS = {"first": "#2563eb", "second": "#a16207"}


@dataclass(frozen=True)
class CurveLine:
    """One series: a dot for each point and a line through the means, as x and y."""

    name: str
    points: Sequence[tuple[float, float]]
    means: Sequence[tuple[float, float]]


def render_curves(
    name: str,
    title: str,
    description: str,
    lines: Mapping[str, CurveLine],
    count: int,
    maximum: float,
) -> str:
    """Render lines of the styles ``first`` and ``second``; x runs from 1 to ``count``, y from 0."""
    scaled = {style: _scale_line(line, count, maximum) for style, line in lines.items()}
    drawn = [_draw_line(style, line) for style, line in scaled.items()]
    content = "".join([*_draw_axes(count, maximum), *drawn, *_draw_names(scaled)])
    text = f"{description} The table beside it has every number."
    return _wrap_svg("curve", name, title, text, CURVE_SIZE, content)


def round_up(number: float) -> float:
    """Round up to the next 1, 2 or 5 times a power of ten.

    >>> round_up(37.0), round_up(0.4), round_up(100.0)
    (50.0, 0.5, 100.0)
    """
    size = 10.0 ** math.floor(math.log10(number))
    return next(size * step for step in (1, 2, 5, 10) if size * step >= number)


def _scale_line(line: CurveLine, count: int, maximum: float) -> CurveLine:
    def scale(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(_scale_x(x, count), _scale_y(y, maximum)) for x, y in points]

    return CurveLine(line.name, scale(line.points), scale(line.means))


def _scale_x(number: float, count: int) -> float:
    return CURVE_LEFT + (CURVE_RIGHT - CURVE_LEFT) * (number - 0.5) / max(count, 1)


def _scale_y(value: float, maximum: float) -> float:
    return CURVE_BOTTOM - (CURVE_BOTTOM - CURVE_TOP) * value / maximum


def _draw_axes(count: int, maximum: float) -> Iterator[str]:
    for tick in range(TICKS + 1):
        value = maximum * tick / TICKS
        y = _scale_y(value, maximum)
        yield f'<line class="grid" x1="{CURVE_LEFT}" x2="{CURVE_RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield _draw_text(CURVE_LEFT - 8, y + 4, f"{value:g}", anchor="end")
    for number in sorted({1, (count + 1) // 2, count}):
        yield _draw_text(_scale_x(number, count), CURVE_BOTTOM + 18, str(number), anchor="middle")


def _draw_line(style: str, line: CurveLine) -> str:
    dots = "".join(
        f'<circle class="dot {style}" cx="{x:.1f}" cy="{y:.1f}" r="2.2"/>' for x, y in line.points
    )
    means = " ".join(f"{x:.1f},{y:.1f}" for x, y in line.means)
    return f'{dots}<polyline class="mean {style}" points="{means}"/>'


def _draw_names(lines: Mapping[str, CurveLine]) -> Iterator[str]:
    """Draw the name of each line at its end, without overlap; lines come from top to bottom."""
    y = -math.inf
    for style, line in lines.items():
        if line.means:
            y = max(line.means[-1][1] + 4, y + 14)
            yield _draw_text(CURVE_RIGHT + 8, y, line.name, f"name {style}")


# --- style


def _standalone_style() -> str:
    return (
        f"{plot_style(LIGHT)}@media (prefers-color-scheme: dark){{{plot_style(DARK)}}}"
        "text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,Arial,sans-serif}"
    )


def plot_style(background: str) -> str:
    """Return the CSS of plots on a background."""
    ink = make_legible("#1f2937" if background == LIGHT else "#e5e7eb", background)
    muted = make_legible("#6b7280", background)
    fills = "".join(
        f".plot .bar.{kind}{{fill:{make_legible(colour, background, 3)}}}"
        for kind, colour in _FILLS.items()
    )
    return (
        f".plot text{{font-size:{TEXT_SIZE}px;fill:{ink}}}"
        f".plot rect:not(.paper)+text[text-anchor]{{font-size:{SMALL_TEXT_SIZE}px}}"
        f".plot .kind{{font-weight:600}}.plot .paper{{fill:{background}}}"
        f".plot .number{{fill:{muted}}}{fills}{''.join(_shade_styles(background))}"
    )


def _shade_styles(background: str) -> Iterator[str]:
    """Yield CSS of shades, with text in black or white, whichever contrasts more."""
    full = make_legible(_SCALE_COLOUR, background)
    yield f".plot .shade0{{fill:none;stroke:{mix_colours(background, full, 0.22)}}}"
    for shade in range(1, SHADES + 1):
        colour = mix_colours(background, full, 0.1 + 0.9 * shade / SHADES)
        ink = max(("#000000", "#ffffff"), key=lambda each: contrast_ratio(each, colour))
        yield f".plot .shade{shade}{{fill:{colour}}}.plot text.on{shade}{{fill:{ink}}}"


def curve_style(background: str) -> str:
    """Return the CSS of curves on a background."""
    grid = "#e3e6ea" if background == LIGHT else "#2c343d"
    colours = "".join(
        f".curve .{style}{{--own:{make_legible(colour, background)}}}"
        for style, colour in _CURVE_COLOURS.items()
    )
    return (
        f".curve text{{font-size:12px;fill:{make_legible('#6b7280', background)}}}"
        f".curve .grid{{stroke:{grid}}}"
        f"{colours}.curve .dot{{fill:var(--own);opacity:.35}}"
        ".curve .mean{fill:none;stroke:var(--own);stroke-width:2.5}"
        ".curve .mean.second{stroke-dasharray:7 4}"
        ".curve text.name{fill:var(--own);font-weight:600}"
    )
