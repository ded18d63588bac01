"""Colours with enough contrast: the schema's own, made darker or lighter until they are legible.

The contrast ratio is that of WCAG 2: 1 for equal colours, 21 for black on white; text needs 4.5.
"""

from __future__ import annotations

MIN_CONTRAST = 4.5
LIGHT, DARK = "#ffffff", "#14181d"
"""Backgrounds of the light and the dark theme, as in ``base.css``."""

ColourChannels = tuple[int, int, int]


def contrast_ratio(one: str, other: str) -> float:
    """Return the WCAG 2 contrast ratio of two colours.

    >>> round(contrast_ratio("#000000", "#ffffff"))
    21
    """
    bright, dim = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linearize(channel / 255) for channel in _parse_channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linearize(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _parse_channels(colour: str) -> ColourChannels:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def mix_colours(colour: str, other: str, share: float) -> str:
    """Mix ``share`` (0 to 1) of ``other`` into ``colour``.

    >>> mix_colours("#000000", "#ffffff", 0.5)
    '#808080'
    """
    pairs = zip(_parse_channels(colour), _parse_channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def make_legible(colour: str, background: str, ratio: float = MIN_CONTRAST) -> str:
    """Move a colour towards black or white until it reaches the contrast ratio with the background.

    >>> make_legible("#000000", "#ffffff")
    '#000000'
    """
    target = "#000000" if _luminance(background) > 0.5 else "#ffffff"
    mixtures = (mix_colours(colour, target, share / 100) for share in range(101))
    return next(mixture for mixture in mixtures if contrast_ratio(mixture, background) >= ratio)
