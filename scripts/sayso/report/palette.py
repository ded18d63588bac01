"""Colours that can be read: the schema's own, made darker or lighter until they stand out from the page.

Contrast is that of WCAG 2: 1 for a colour on itself, 21 for black on white; text needs 4.5.
"""

from __future__ import annotations

LEGIBLE = 4.5
LIGHT, DARK = "#ffffff", "#14181d"
"""The page in a light and in a dark room; ``base.css`` has them too."""

Channels = tuple[int, int, int]


def contrast(one: str, other: str) -> float:
    """How much two colours stand out from each other.

    >>> round(contrast("#000000", "#ffffff"))
    21
    """
    bright, dim = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _channels(colour: str) -> Channels:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def mixed(colour: str, other: str, share: float) -> str:
    """``share`` of ``other`` in ``colour``, 0 to 1.

    >>> mixed("#000000", "#ffffff", 0.5)
    '#808080'
    """
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def legible(colour: str, page: str, ratio: float = LEGIBLE) -> str:
    """The colour nearest to ``colour`` towards black or white that stands out from ``page``.

    >>> legible("#000000", "#ffffff")
    '#000000'
    """
    towards = "#000000" if _luminance(page) > 0.5 else "#ffffff"
    return next(
        tried for share in range(101) if contrast(tried := mixed(colour, towards, share / 100), page) >= ratio
    )  # fmt: skip
