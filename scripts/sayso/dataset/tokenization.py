"""Tokens and sentences of many documents at once, as arrays of offsets.

Everything is counted in code points over the texts laid end to end; ``base`` says where each document starts.

A *token* is a run of letters, digits and underscores with the marks and invisible joiners that follow them, or any
other single code point that is not white space, with its marks. So ``drone's`` is three tokens and ``1,200`` is three
tokens. Each document's tokens depend on its text alone, never on what somebody marked in it. A *sentence* is what
``sentencex`` finds, cut again at every line break, without the white space at its edges.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sayso.sentences import LINE_BREAKS, sentence_starts

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_UNKNOWN_CLASS, _SPACE_CLASS, _BREAK_CLASS, _WORD_CLASS, _OTHER_CLASS, _EXTEND_CLASS = range(6)
_CLASS_TABLE = np.zeros(0x110000, dtype=np.uint8)  # filled as code points are met
_ZERO_WIDTH_SPACE, _ZERO_WIDTH_JOINER = "\u200b", 0x200D
_SKIN_TONES = range(0x1F3FB, 0x1F400)


def _classify_character(point: int) -> int:
    character = chr(point)
    if character in LINE_BREAKS:
        return _BREAK_CLASS
    if character.isspace() or character == _ZERO_WIDTH_SPACE:
        return _SPACE_CLASS
    category = unicodedata.category(character)
    if category[0] == "M" or category == "Cf" or point in _SKIN_TONES:
        return _EXTEND_CLASS
    return _WORD_CLASS if category[0] in "LN" or category == "Pc" else _OTHER_CLASS


def _classify_characters(points: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint8]:
    kinds = _CLASS_TABLE[points]
    if not kinds.all():
        for point in np.unique(points[kinds == _UNKNOWN_CLASS]):
            _CLASS_TABLE[point] = _classify_character(int(point))
        kinds = _CLASS_TABLE[points]
    return kinds


class TokenizedTexts:
    """The texts of some documents.

    Attributes:
        base: where each document starts, and where the last one ends.
        token_start, token_end: of every token.
        sentence_start, sentence_end: of every sentence.
        sentence_token: number of each sentence's first token, and how many tokens there are.
        document_sentence: number of each document's first sentence, and how many sentences there are.
    """

    def __init__(self, texts: Sequence[str], languages: Sequence[str]) -> None:
        whole = "".join(texts)
        self.base: IntArray = np.concatenate(
            [[0], np.cumsum([len(text) for text in texts], dtype=np.int64)]
        )
        self._points = np.frombuffer(whole.encode("utf-32-le"), dtype=np.uint32)
        self._bytes = np.frombuffer(whole.encode(), dtype=np.uint8)
        self._width = _utf8_widths(self._points)
        self._byte = np.zeros(len(self._points) + 1, dtype=np.int32)
        np.cumsum(self._width, out=self._byte[1:])
        kinds = _classify_characters(self._points)
        cuts = self._find_sentence_cuts(texts, languages, kinds)
        kinds[kinds == _BREAK_CLASS] = _SPACE_CLASS
        self._find_tokens(kinds, cuts)
        self._find_sentences(cuts)

    def _find_sentence_cuts(
        self, texts: Sequence[str], languages: Sequence[str], kinds: npt.NDArray[np.uint8]
    ) -> BoolArray:
        """Where a sentence may start: the first code point of a document, of a line, of what sentencex finds."""
        found: list[int] = []
        for base, text, language in zip(self.base.tolist(), texts, languages, strict=False):
            found.append(base)
            found += [base + start for start in sentence_starts(text, language)]
        cuts = np.zeros(len(self._points) + 1, dtype=np.bool_)
        cuts[found] = True
        cuts[1:] |= kinds == _BREAK_CLASS
        return cuts[:-1]

    def _find_tokens(self, kinds: npt.NDArray[np.uint8], cuts: BoolArray) -> None:
        before = np.concatenate([[np.uint8(_SPACE_CLASS)], kinds[:-1]])
        before[cuts] = _SPACE_CLASS
        extends = kinds == _EXTEND_CLASS
        if extends.any():
            kinds, before = self._attach_marks(kinds, extends, cuts)
        starts = (
            (kinds != _SPACE_CLASS)
            & ~((kinds == _WORD_CLASS) & (before == _WORD_CLASS))
            & ((kinds != _EXTEND_CLASS) | cuts)
        )
        joined = np.flatnonzero(self._points == _ZERO_WIDTH_JOINER) + 1
        joined = joined[joined < len(starts)]
        starts[joined[(before[joined] != _SPACE_CLASS) & ~cuts[joined]]] = False
        self._solid = kinds != _SPACE_CLASS
        closes = self._solid.copy()
        closes[:-1] &= ~self._solid[1:] | starts[1:]
        self.token_start: IntArray = np.flatnonzero(starts)
        self.token_end: IntArray = np.flatnonzero(closes) + 1

    @staticmethod
    def _attach_marks(
        kinds: npt.NDArray[np.uint8], extends: BoolArray, cuts: BoolArray
    ) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
        """A mark goes on with what stands before it; one that follows nothing is a token itself."""
        previous = np.concatenate([[_SPACE_CLASS], kinds[:-1]])
        orphans = extends & ((previous == _SPACE_CLASS) | cuts)
        kinds = np.where(orphans, np.uint8(_OTHER_CLASS), kinds)
        bearer = np.maximum.accumulate(np.where(kinds != _EXTEND_CLASS, np.arange(len(kinds)), 0))
        before = np.concatenate([[np.uint8(_SPACE_CLASS)], kinds[bearer][:-1]])
        before[cuts] = _SPACE_CLASS
        return kinds, before

    def _find_sentences(self, cuts: BoolArray) -> None:
        segment = np.searchsorted(np.flatnonzero(cuts), self.token_start, side="right")
        first = np.flatnonzero(np.diff(segment, prepend=-1))
        self.sentence_start: IntArray = self.token_start[first]
        self.sentence_end: IntArray = self.token_end[
            np.append(first[1:], len(segment))[: len(first)] - 1
        ]
        self.sentence_token: IntArray = np.append(first, len(segment))
        self.document_sentence: IntArray = np.searchsorted(self.sentence_start, self.base)

    def __len__(self) -> int:
        """How many code points there are."""
        return len(self._points)

    def slice_texts(self, start: IntArray, end: IntArray) -> pa.StringArray:
        """The strings that stand between offsets; ``0 <= start <= end <= len(self)`` is the caller's to see to."""
        begin, length = self._byte[start], self._byte[end] - self._byte[start]
        offsets = np.concatenate([[0], np.cumsum(length)])
        taken = self._bytes[np.repeat(begin - offsets[:-1], length) + np.arange(offsets[-1])]
        return _make_string_array(offsets, taken)

    def token_strings(self) -> pa.StringArray:
        """Every token."""
        solid = (
            self._solid
            if len(self._bytes) == len(self._points)
            else np.repeat(self._solid, self._width)
        )
        length = self._byte[self.token_end] - self._byte[self.token_start]
        return _make_string_array(np.concatenate([[0], np.cumsum(length)]), self._bytes[solid])


def _utf8_widths(points: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint8]:
    width = np.ones(len(points), dtype=np.uint8)
    if points.size and points.max() > 0x7F:
        for first in (0x80, 0x800, 0x10000):
            width += points >= first
    return width


def _make_string_array(offsets: IntArray, data: npt.NDArray[np.uint8]) -> pa.StringArray:
    return pa.StringArray.from_buffers(
        len(offsets) - 1,
        pa.py_buffer(offsets.astype(np.int32)),
        pa.py_buffer(np.ascontiguousarray(data)),
    )
