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

from sayso.report.figures import ARTICLES, KINDS, Figures, Plot
from sayso.report.palette import DARK, LIGHT, contrast, legible, mixed

WIDTH, GAP, TEXT, SMALL = 460, 8, 14, 12
LETTER, LABELS = 7.4, 216  # across: about one letter, and the most that names get
BAR, THICK, HEAD = 21, 15, 8
TALL, STEEP, ACROSS = 150, 62, 18  # STEEP in degrees; ACROSS in letters
SHADES = 6
_FILLS = {ARTICLES: "#2563eb", "gold": "#a16207", "adjudicator": "#0f766e", "human": "#7c3aed", "program": "#2563eb"}
_ONE = "#2563eb"


def plots(figures: Figures) -> dict[str, bytes]:
    """Every plot as an SVG file of its own, by file name; they follow the reader's light or dark room.

    The same bytes for the same figures, on every machine.
    """
    return {f"{plot.name}.svg": svg(plot, alone=True).encode() for plot in figures.plots()}


def svg(plot: Plot, *, alone: bool = False) -> str:
    """One plot. ``alone`` for a file of its own, with its own style; in a page the page's style holds."""
    parts = list({"bars": _bars, "columns": _columns, "matrix": _matrix}[plot.shape](plot))
    height = max(part.bottom for part in parts) + GAP
    name = f"plot-{plot.name}"
    kind = ' xmlns="http://www.w3.org/2000/svg"' if alone else ""
    return "".join([
        f'<svg{kind} class="plot" viewBox="0 0 {WIDTH} {_short(height)}" role="img" '
        f'aria-labelledby="{name}-title" aria-describedby="{name}-told">',
        f'<title id="{name}-title">{escape(plot.title)}</title><desc id="{name}-told">{escape(described(plot))}</desc>',
        f"<style>{_style()}</style>" if alone else "",
        f'<rect class="paper" width="{WIDTH}" height="{_short(height)}"/>' if alone else "",
        *(part.drawn for part in parts),
        "</svg>",
    ])  # fmt: skip


def described(plot: Plot) -> str:
    """The plot in words: what it is, and what is most."""
    totals = sorted(((sum(counts.values()), " and ".join(c)) for c, counts in plot.rows), key=lambda t: (-t[0], t[1]))
    most = ", ".join(f"{name or 'not given'} {count:,}" for count, name in totals[:3] if count)
    left = f" Not shown: {plot.left_out}." if plot.left_out else ""
    return f"{plot.told}{f' Most: {most}.' if most else ''}{left} The table beside it has every number."


@dataclass(frozen=True)
class _Part:
    """A drawn element and how far down it reaches."""

    drawn: str
    bottom: float


def _short(number: float) -> str:
    """A number as short as it can be written, and always the same."""
    return f"{number:.1f}".removesuffix(".0")


def _text(x: float, y: float, words: str, style: str = "", *, anchor: str = "", turned: bool = False) -> str:
    place = (
        f'transform="translate({_short(x)} {_short(y)}) rotate(-{STEEP})"'
        if turned
        else f'x="{_short(x)}" y="{_short(y)}"'
    )
    styled = f' class="{style}"' if style else ""
    anchored = f' text-anchor="{anchor}"' if anchor else ""
    return f"<text {place}{styled}{anchored}>{escape(words)}</text>"


def _box(x: float, y: float, width: float, height: float, style: str, told: str) -> str:
    return (
        f'<rect x="{_short(x)}" y="{_short(y)}" width="{_short(width)}" height="{_short(height)}" '
        f"class={quoteattr(style)}>"
        f"<title>{escape(told)}</title></rect>"
    )


def _cut(words: str, most: int = int(LABELS / LETTER)) -> str:
    words = words or "not given"
    return words if len(words) <= most else f"{words[: most - 1]}…"


def _margin(names: Iterable[str]) -> float:
    """How much room the names need at the left."""
    return max(len(_cut(name)) for name in names) * LETTER + GAP


def _bars(plot: Plot) -> Iterator[_Part]:
    """Lying bars, one for each kind of reader, each with its number; who it is where there are several."""
    most = max((count for _c, counts in plot.rows for count in counts.values()), default=0) or 1
    several = len(plot.kinds) > 1
    left = _margin(category[0] for category, _counts in plot.rows)
    room = WIDTH - left - 2 * GAP - (150 if several else 60)
    y = float(HEAD)
    for (category,), counts in plot.rows:
        yield _Part(_text(left, y + 12, _cut(category), "name", anchor="end"), y + BAR)
        for kind in plot.kinds:
            count = counts.get(kind, 0)
            length = room * count / most
            told = f"{category or 'not given'}{f', {KINDS[kind]}' if kind else ''}: {count:,}"
            number = f"{count:,} {KINDS[kind]}" if several else f"{count:,}"
            drawn = _box(left + GAP, y, max(length, 1), THICK, f"bar {kind or 'articles'}", told)
            yield _Part(drawn + _text(left + 2 * GAP + length, y + 12, number, "number"), y + BAR)
            y += BAR
        y += GAP if several else 0


def _columns(plot: Plot) -> Iterator[_Part]:
    """Standing columns in order of time; the first, the last and some between are named."""
    counts = [sum(by_kind.values()) for _category, by_kind in plot.rows]
    most, wide = max(counts), min((WIDTH - 2 * GAP) / len(counts), 90)
    every = max(1, -(-len(counts) // 5))
    for place, ((period,), count) in enumerate(zip((c for c, _n in plot.rows), counts, strict=True)):
        height, x = TALL * count / most, GAP + place * wide
        bar = _box(x, HEAD + 16 + TALL - height, max(wide - 2, 1), height, "bar articles", f"{period}: {count:,}")
        yield _Part(bar, HEAD + 16 + TALL)
        if place % every == 0:
            yield _Part(_text(x, HEAD + 36 + TALL, period, "name"), HEAD + 42 + TALL)
    peak = counts.index(most)
    at = min(max(GAP + (peak + 0.5) * wide, 24), WIDTH - 24)
    yield _Part(_text(at, HEAD + 10, f"{most:,}", "number", anchor="middle"), HEAD)


def _matrix(plot: Plot) -> Iterator[_Part]:
    """For each kind of reader a table of squares, the darker the more, each with its number."""
    y = 0.0
    for kind in plot.kinds:
        if len(plot.kinds) > 1:
            yield _Part(_text(0, y + 16, KINDS[kind], "kind"), y + 20)
            y += 20
        for part in _squares(plot, kind, y):
            yield part
            bottom = part.bottom
        y = bottom + 2 * GAP


def _squares(plot: Plot, kind: str, top: float) -> Iterator[_Part]:
    down, across = _unique(c[0] for c, _n in plot.rows), _unique(c[1] for c, _n in plot.rows)
    most = max((counts.get(kind, 0) for _c, counts in plot.rows), default=0) or 1
    left = _margin(down)
    top += max(len(_cut(name, ACROSS)) for name in across) * LETTER * math.sin(math.radians(STEEP)) + 2.5 * GAP
    wide = min((WIDTH - left - GAP - 52) / len(across), 64)
    for column, name in enumerate(across):
        x = left + GAP + (column + 0.5) * wide
        yield _Part(_text(x, top - 6, _cut(name, ACROSS), "name", turned=True), top)
    for row, name in enumerate(down):
        y = top + row * (BAR + 3)
        yield _Part(_text(left, y + 16, _cut(name), "name", anchor="end"), y + BAR)
    for place, (category, counts) in enumerate(plot.rows):
        row, column = divmod(place, len(across))
        yield _square(category, counts.get(kind, 0), most, left + GAP + column * wide,
                      top + row * (BAR + 3), wide)  # fmt: skip


def _square(category: tuple[str, ...], count: int, most: int, x: float, y: float, wide: float) -> _Part:
    shade = -(-SHADES * count // most)
    told = f"{' and '.join(name or 'not given' for name in category)}: {count:,}"
    words = (
        _text(x + wide / 2 - 1, y + 16, _brief(count, int((wide - 2) / (SMALL * 0.6))), f"on{shade}", anchor="middle")
        if count
        else ""
    )
    return _Part(_box(x, y, wide - 2, BAR + 1, f"shade{shade}", told) + words, y + BAR + 1)


def _brief(count: int, room: int) -> str:
    """A number in ``room`` signs, or cut to at most four and never rounded up; title and table have the exact one.

    >>> _brief(1_250, 5), _brief(999, 3), _brief(1_250, 3), _brief(12_900, 3), _brief(3_400_000, 3)
    ('1,250', '999', '1.2k', '12k', '3.4M')
    """
    if len(f"{count:,}") <= room:
        return f"{count:,}"
    for size, sign in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
        if count >= size:
            tenths = count * 10 // size
            return f"{tenths // 10}{sign}" if tenths >= 100 else f"{tenths // 10}.{tenths % 10}{sign}"
    return str(count)


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


# --- style, for the page and for files of their own


def _style() -> str:
    return (
        f"{rules(LIGHT)}@media (prefers-color-scheme: dark){{{rules(DARK)}}}"
        "text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Liberation Sans',Arial,sans-serif}"
    )


def rules(page: str) -> str:
    """The style sheet of plots on a page of that colour."""
    ink, faint = legible("#1f2937" if page == LIGHT else "#e5e7eb", page), legible("#6b7280", page)
    fills = "".join(
        f".plot .bar.{kind or 'articles'}{{fill:{legible(colour, page, 3)}}}" for kind, colour in _FILLS.items()
    )
    return (
        f".plot text{{font-size:{TEXT}px;fill:{ink}}}"
        f".plot rect:not(.paper)+text[text-anchor]{{font-size:{SMALL}px}}"
        f".plot .kind{{font-weight:600}}.plot .paper{{fill:{page}}}"
        f".plot .number{{fill:{faint}}}{fills}{''.join(_shades(page))}"
    )


def _shades(page: str) -> Iterator[str]:
    """From the page's own colour to the full one; numbers on a shade in whatever stands out from it."""
    full = legible(_ONE, page)
    yield f".plot .shade0{{fill:none;stroke:{mixed(page, full, 0.22)}}}"
    for shade in range(1, SHADES + 1):
        colour = mixed(page, full, 0.1 + 0.9 * shade / SHADES)
        ink = max(("#000000", "#ffffff"), key=lambda each: contrast(each, colour))
        yield f".plot .shade{shade}{{fill:{colour}}}.plot text.on{shade}{{fill:{ink}}}"
