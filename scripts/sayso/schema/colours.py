"""Colours for labels that have none: as different from the others as the palette allows.

The distance is that of CIE Lab. The palette keeps its colours apart for people who see red and
green alike, and words stay legible under a mark in each of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import islice

PALETTE = (
    *("#2563eb", "#f0a000", "#1a9e5c", "#b5179e", "#8c959f", "#b02020", "#d880f8", "#b08020"),
    *("#805050", "#f880d8", "#5020f8", "#8020b0", "#f88080", "#b0b050", "#d85080", "#d850b0"),
)
"""Each is the one of a grid that is farthest from those before it, to every kind of sight."""
_STEPS = range(0x30, 0x100, 0x33)
_TO_XYZ = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
_WHITE = (0.9505, 1.0, 1.089)


def choose_colours(used: Iterable[str], count: int) -> list[str]:
    """Return colours unlike those in use and each other, always the same ones.

    The first of the palette that is far from all in use is taken; where the palette is exhausted,
    the one of a grid of colours that is farthest from them.

    >>> choose_colours(["#2563eb"], 2)
    ['#f0a000', '#1a9e5c']
    """
    taken = [colour.lower() for colour in used]
    chosen: list[str] = []
    for _ in range(count):
        free = (colour for colour in PALETTE if _distance_to_nearest(colour, taken) > _ENOUGH)
        colour = next(free, None) or max(
            _grid(), key=lambda each: _distance_to_nearest(each, taken)
        )
        chosen.append(colour)
        taken.append(colour)
    return chosen


_ENOUGH = 20  # from here on two colours are told apart at a glance


def _distance_to_nearest(colour: str, others: Sequence[str]) -> float:
    return min((_distance(colour, other) for other in others), default=float("inf"))


def _distance(one: str, other: str) -> float:
    pairs = zip(_convert_to_lab(one), _convert_to_lab(other), strict=True)
    return float(sum((a - b) ** 2 for a, b in pairs) ** 0.5)


@lru_cache(maxsize=1024)
def _convert_to_lab(colour: str) -> tuple[float, float, float]:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    xyz = (
        sum(m * c for m, c in zip(row, linear, strict=True)) / white
        for row, white in zip(_TO_XYZ, _WHITE, strict=True)
    )
    x, y, z = (v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@lru_cache(maxsize=1)
def _grid() -> tuple[str, ...]:
    grid = (f"#{r:02x}{g:02x}{b:02x}" for r in _STEPS for g in _STEPS for b in _STEPS)
    return tuple(islice(grid, 1000))
