"""Plots as SVG, drawn from plain numbers: the same numbers give the same bytes.

Drawn here, since bars and tables of squares are a page of arithmetic: what is at hand for plotting is either large,
or writes random names or links to somebody's server into its files. Every plot has a title and a description for those
who hear it, every number stands beside its bar, and no meaning hangs on a colour alone. Lengths are in units of the
view box, WIDTH across.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from sayso.reports.corpus_statistics import ANNOTATOR_KINDS, DOCUMENTS, CorpusStatistics, Plot
from sayso.reports.palette import DARK, LIGHT, contrast_ratio, make_legible, mix_colours

WIDTH, GAP, TEXT_SIZE, SMALL_TEXT_SIZE = 460, 8, 14, 12
LETTER_WIDTH, MAX_NAME_WIDTH = 7.4, 216  # across: about one letter, and the most that names get
ROW_HEIGHT, BAR_HEIGHT, TOP_MARGIN = 21, 15, 8
COLUMN_HEIGHT, ANGLE, MAX_COLUMN_NAME = 150, 62, 18  # STEEP in degrees; ACROSS in letters
SHADES = 6
_FILLS = {
    DOCUMENTS: "#2563eb",
    "gold": "#a16207",
    "adjudicator": "#0f766e",
    "human": "#7c3aed",
    "program": "#2563eb",
}
_SCALE_COLOUR = "#2563eb"


def render_plots(statistics: CorpusStatistics) -> dict[str, bytes]:
    """Every plot as an SVG file of its own, by file name; they follow the reader's light or dark room.

    The same bytes for the same figures, on every machine.
    """
    return {
        f"{plot.name}.svg": render_svg(plot, standalone=True).encode()
        for plot in statistics.build_plots()
    }


def render_svg(plot: Plot, *, standalone: bool = False) -> str:
    """One plot. ``alone`` for a file of its own, with its own style; in a page the page's style holds."""
    parts = list(
        {"bars": _draw_bars, "columns": _draw_columns, "matrix": _draw_matrices}[plot.shape](plot)
    )
    height = max(part.bottom for part in parts) + GAP
    name = f"plot-{plot.name}"
    kind = ' xmlns="http://www.w3.org/2000/svg"' if standalone else ""
    return "".join(
        [
            f'<svg{kind} class="plot" viewBox="0 0 {WIDTH} {_format_number(height)}" role="img" '
            f'aria-labelledby="{name}-title" aria-describedby="{name}-told">',
            f'<title id="{name}-title">{escape(plot.title)}</title><desc id="{name}-told">{escape(describe_plot(plot))}</desc>',
            f"<style>{_standalone_style()}</style>" if standalone else "",
            f'<rect class="paper" width="{WIDTH}" height="{_format_number(height)}"/>'
            if standalone
            else "",
            *(part.svg for part in parts),
            "</svg>",
        ]
    )


def describe_plot(plot: Plot) -> str:
    """The plot in words: what it is, and what is most."""
    totals = sorted(
        ((sum(counts.values()), " and ".join(c)) for c, counts in plot.rows),
        key=lambda t: (-t[0], t[1]),
    )
    most = ", ".join(f"{name or 'not given'} {count:,}" for count, name in totals[:3] if count)
    left = f" Not shown: {plot.excluded}." if plot.excluded else ""
    return f"{plot.description}{f' Most: {most}.' if most else ''}{left} The table beside it has every number."


@dataclass(frozen=True)
class _PlotElement:
    """A drawn element and how far down it reaches."""

    svg: str
    bottom: float


def _format_number(number: float) -> str:
    """A number as short as it can be written, and always the same."""
    return f"{number:.1f}".removesuffix(".0")


def _draw_text(
    x: float, y: float, text: str, css_class: str = "", *, anchor: str = "", rotated: bool = False
) -> str:
    place = (
        f'transform="translate({_format_number(x)} {_format_number(y)}) rotate(-{ANGLE})"'
        if rotated
        else f'x="{_format_number(x)}" y="{_format_number(y)}"'
    )
    styled = f' class="{css_class}"' if css_class else ""
    anchored = f' text-anchor="{anchor}"' if anchor else ""
    return f"<text {place}{styled}{anchored}>{escape(text)}</text>"


def _draw_rectangle(
    x: float, y: float, width: float, height: float, css_class: str, title: str
) -> str:
    return (
        f'<rect x="{_format_number(x)}" y="{_format_number(y)}" width="{_format_number(width)}" height="{_format_number(height)}" '
        f"class={quoteattr(css_class)}>"
        f"<title>{escape(title)}</title></rect>"
    )


def _shorten(name: str, length: int = int(MAX_NAME_WIDTH / LETTER_WIDTH)) -> str:
    name = name or "not given"
    return name if len(name) <= length else f"{name[: length - 1]}…"


def _name_width(names: Iterable[str]) -> float:
    """How much room the names need at the left."""
    return max(len(_shorten(name)) for name in names) * LETTER_WIDTH + GAP


def _draw_bars(plot: Plot) -> Iterator[_PlotElement]:
    """Lying bars, one for each kind of reader, each with its number; who it is where there are several."""
    most = max((count for _c, counts in plot.rows for count in counts.values()), default=0) or 1
    several = len(plot.kinds) > 1
    left = _name_width(category[0] for category, _counts in plot.rows)
    room = WIDTH - left - 2 * GAP - (150 if several else 60)
    y = float(TOP_MARGIN)
    for (category,), counts in plot.rows:
        yield _PlotElement(
            _draw_text(left, y + 12, _shorten(category), "name", anchor="end"), y + ROW_HEIGHT
        )
        for kind in plot.kinds:
            count = counts.get(kind, 0)
            length = room * count / most
            told = f"{category or 'not given'}{f', {ANNOTATOR_KINDS[kind]}' if kind else ''}: {count:,}"
            number = f"{count:,} {ANNOTATOR_KINDS[kind]}" if several else f"{count:,}"
            drawn = _draw_rectangle(
                left + GAP, y, max(length, 1), BAR_HEIGHT, f"bar {kind or 'articles'}", told
            )
            yield _PlotElement(
                drawn + _draw_text(left + 2 * GAP + length, y + 12, number, "number"),
                y + ROW_HEIGHT,
            )
            y += ROW_HEIGHT
        y += GAP if several else 0


def _draw_columns(plot: Plot) -> Iterator[_PlotElement]:
    """Standing columns in order of time; the first, the last and some between are named."""
    counts = [sum(by_kind.values()) for _category, by_kind in plot.rows]
    most, wide = max(counts), min((WIDTH - 2 * GAP) / len(counts), 90)
    every = max(1, -(-len(counts) // 5))
    for place, ((period,), count) in enumerate(
        zip((c for c, _n in plot.rows), counts, strict=True)
    ):
        height, x = COLUMN_HEIGHT * count / most, GAP + place * wide
        bar = _draw_rectangle(
            x,
            TOP_MARGIN + 16 + COLUMN_HEIGHT - height,
            max(wide - 2, 1),
            height,
            "bar articles",
            f"{period}: {count:,}",
        )
        yield _PlotElement(bar, TOP_MARGIN + 16 + COLUMN_HEIGHT)
        if place % every == 0:
            yield _PlotElement(
                _draw_text(x, TOP_MARGIN + 36 + COLUMN_HEIGHT, period, "name"),
                TOP_MARGIN + 42 + COLUMN_HEIGHT,
            )
    peak = counts.index(most)
    at = min(max(GAP + (peak + 0.5) * wide, 24), WIDTH - 24)
    yield _PlotElement(
        _draw_text(at, TOP_MARGIN + 10, f"{most:,}", "number", anchor="middle"), TOP_MARGIN
    )


def _draw_matrices(plot: Plot) -> Iterator[_PlotElement]:
    """For each kind of reader a table of squares, the darker the more, each with its number."""
    y = 0.0
    for kind in plot.kinds:
        if len(plot.kinds) > 1:
            yield _PlotElement(_draw_text(0, y + 16, ANNOTATOR_KINDS[kind], "kind"), y + 20)
            y += 20
        for part in _draw_matrix(plot, kind, y):
            yield part
            bottom = part.bottom
        y = bottom + 2 * GAP


def _draw_matrix(plot: Plot, kind: str, top: float) -> Iterator[_PlotElement]:
    down, across = (
        _list_unique(c[0] for c, _n in plot.rows),
        _list_unique(c[1] for c, _n in plot.rows),
    )
    most = max((counts.get(kind, 0) for _c, counts in plot.rows), default=0) or 1
    left = _name_width(down)
    top += (
        max(len(_shorten(name, MAX_COLUMN_NAME)) for name in across)
        * LETTER_WIDTH
        * math.sin(math.radians(ANGLE))
        + 2.5 * GAP
    )
    wide = min((WIDTH - left - GAP - 52) / len(across), 64)
    for column, name in enumerate(across):
        x = left + GAP + (column + 0.5) * wide
        yield _PlotElement(
            _draw_text(x, top - 6, _shorten(name, MAX_COLUMN_NAME), "name", rotated=True), top
        )
    for row, name in enumerate(down):
        y = top + row * (ROW_HEIGHT + 3)
        yield _PlotElement(
            _draw_text(left, y + 16, _shorten(name), "name", anchor="end"), y + ROW_HEIGHT
        )
    for place, (category, counts) in enumerate(plot.rows):
        row, column = divmod(place, len(across))
        yield _draw_cell(
            category,
            counts.get(kind, 0),
            most,
            left + GAP + column * wide,
            top + row * (ROW_HEIGHT + 3),
            wide,
        )


def _draw_cell(
    category: tuple[str, ...], count: int, maximum: int, x: float, y: float, width: float
) -> _PlotElement:
    shade = -(-SHADES * count // maximum)
    told = f"{' and '.join(name or 'not given' for name in category)}: {count:,}"
    words = (
        _draw_text(
            x + width / 2 - 1,
            y + 16,
            _abbreviate(count, int((width - 2) / (SMALL_TEXT_SIZE * 0.6))),
            f"on{shade}",
            anchor="middle",
        )
        if count
        else ""
    )
    return _PlotElement(
        _draw_rectangle(x, y, width - 2, ROW_HEIGHT + 1, f"shade{shade}", told) + words,
        y + ROW_HEIGHT + 1,
    )


def _abbreviate(count: int, width: int) -> str:
    """A number in ``room`` signs, or cut to at most four and never rounded up; title and table have the exact one.

    >>> _abbreviate(1_250, 5), _abbreviate(999, 3), _abbreviate(1_250, 3), _abbreviate(12_900, 3), _abbreviate(3_400_000, 3)
    ('1,250', '999', '1.2k', '12k', '3.4M')
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


def _list_unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


# --- style, for the page and for files of their own


def _standalone_style() -> str:
    return (
        f"{plot_style(LIGHT)}@media (prefers-color-scheme: dark){{{plot_style(DARK)}}}"
        "text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Liberation Sans',Arial,sans-serif}"
    )


def plot_style(background: str) -> str:
    """The style sheet of plots on a page of that colour."""
    ink, faint = (
        make_legible("#1f2937" if background == LIGHT else "#e5e7eb", background),
        make_legible("#6b7280", background),
    )
    fills = "".join(
        f".plot .bar.{kind or 'articles'}{{fill:{make_legible(colour, background, 3)}}}"
        for kind, colour in _FILLS.items()
    )
    return (
        f".plot text{{font-size:{TEXT_SIZE}px;fill:{ink}}}"
        f".plot rect:not(.paper)+text[text-anchor]{{font-size:{SMALL_TEXT_SIZE}px}}"
        f".plot .kind{{font-weight:600}}.plot .paper{{fill:{background}}}"
        f".plot .number{{fill:{faint}}}{fills}{''.join(_shade_styles(background))}"
    )


def _shade_styles(background: str) -> Iterator[str]:
    """From the page's own colour to the full one; numbers on a shade in whatever stands out from it."""
    full = make_legible(_SCALE_COLOUR, background)
    yield f".plot .shade0{{fill:none;stroke:{mix_colours(background, full, 0.22)}}}"
    for shade in range(1, SHADES + 1):
        colour = mix_colours(background, full, 0.1 + 0.9 * shade / SHADES)
        ink = max(("#000000", "#ffffff"), key=lambda each: contrast_ratio(each, colour))
        yield f".plot .shade{shade}{{fill:{colour}}}.plot text.on{shade}{{fill:{ink}}}"
