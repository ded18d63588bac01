"""Tokens of a text, as arrays over its code points.

A *token* is a run of letters, digits and underscores with the marks and invisible joiners that
follow them, or any other single code point that is not white space, with its marks. So ``drone's``
is three tokens, and so is ``1,200``.
"""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sayso.sentences import LINE_BREAKS

UNKNOWN, SPACE, BREAK, WORD, OTHER, EXTEND = range(6)
CodePoints = npt.NDArray[np.uint32]
CharacterClasses = npt.NDArray[np.uint8]
Marks = npt.NDArray[np.bool_]
_CLASSES = np.zeros(0x110000, dtype=np.uint8)  # filled in as code points are met
_ZERO_WIDTH_SPACE, _ZERO_WIDTH_JOINER = "\u200b", 0x200D
_SKIN_TONES = range(0x1F3FB, 0x1F400)


class TokenStarts(NamedTuple):
    """For each code point: whether a token starts there, and whether it is in a token."""

    starts: Marks
    solid: Marks


def _classify_character(point: int) -> int:
    character = chr(point)
    if character in LINE_BREAKS:
        return BREAK
    if character.isspace() or character == _ZERO_WIDTH_SPACE:
        return SPACE
    category = unicodedata.category(character)
    if category[0] == "M" or category == "Cf" or point in _SKIN_TONES:
        return EXTEND
    return WORD if category[0] in "LN" or category == "Pc" else OTHER


def read_code_points(text: str) -> CodePoints:
    """Return the code points of a text."""
    return np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)


def classify(points: CodePoints) -> CharacterClasses:
    """Return the class of each code point."""
    classes = _CLASSES[points]
    if not classes.all():
        for point in np.unique(points[classes == UNKNOWN]):
            _CLASSES[point] = _classify_character(int(point))
        classes = _CLASSES[points]
    return classes


def find_token_starts(points: CodePoints, classes: CharacterClasses, cuts: Marks) -> TokenStarts:
    """Find where tokens start.

    Args:
        classes: of the code points, line breaks as SPACE.
        cuts: where no token goes on from the code point before.
    """
    before = np.concatenate([[np.uint8(SPACE)], classes[:-1]])
    before[cuts] = SPACE
    extends = classes == EXTEND
    if extends.any():
        classes, before = _attach_marks(classes, extends, cuts)
    continues_word = (classes == WORD) & (before == WORD)
    starts = (classes != SPACE) & ~continues_word & ((classes != EXTEND) | cuts)
    joined = np.flatnonzero(points == _ZERO_WIDTH_JOINER) + 1
    joined = joined[joined < len(starts)]
    starts[joined[(before[joined] != SPACE) & ~cuts[joined]]] = False
    return TokenStarts(starts, classes != SPACE)


def _attach_marks(
    classes: CharacterClasses, extends: Marks, cuts: Marks
) -> tuple[CharacterClasses, CharacterClasses]:
    """Let a mark continue what precedes it; a mark after nothing is a token itself."""
    previous = np.concatenate([[SPACE], classes[:-1]])
    orphans = extends & ((previous == SPACE) | cuts)
    classes = np.where(orphans, np.uint8(OTHER), classes)
    bearer = np.maximum.accumulate(np.where(classes != EXTEND, np.arange(len(classes)), 0))
    before = np.concatenate([[np.uint8(SPACE)], classes[bearer][:-1]])
    before[cuts] = SPACE
    return classes, before
