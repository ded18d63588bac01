"""Tokens and sentences of many documents at once, as arrays of offsets.

Offsets count code points of all texts joined; ``base`` holds where each document starts.

A *token* is a run of letters, digits and underscores with the marks and invisible joiners that
follow them, or any other single code point that is not white space, with its marks. So ``drone's``
is three tokens, and so is ``1,200``. The tokens of a document depend on its text alone, never on
its annotations. A *sentence* is what ``sentencex`` finds, split again at every line break, without
the white space around it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sayso.dataset.arrays import BoolArray, IntArray
from sayso.sentences import LINE_BREAKS, sentence_starts

_UNKNOWN, _SPACE, _BREAK, _WORD, _OTHER, _EXTEND = range(6)
_CLASSES = np.zeros(0x110000, dtype=np.uint8)  # filled in as code points are met
_ZERO_WIDTH_SPACE, _ZERO_WIDTH_JOINER = "\u200b", 0x200D
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_ClassArray = npt.NDArray[np.uint8]


def _classify_character(point: int) -> int:
    character = chr(point)
    if character in LINE_BREAKS:
        return _BREAK
    if character.isspace() or character == _ZERO_WIDTH_SPACE:
        return _SPACE
    category = unicodedata.category(character)
    if category[0] == "M" or category == "Cf" or point in _SKIN_TONES:
        return _EXTEND
    return _WORD if category[0] in "LN" or category == "Pc" else _OTHER


def _classify(points: npt.NDArray[np.uint32]) -> _ClassArray:
    classes = _CLASSES[points]
    if not classes.all():
        for point in np.unique(points[classes == _UNKNOWN]):
            _CLASSES[point] = _classify_character(int(point))
        classes = _CLASSES[points]
    return classes


class TokenizedTexts:
    """The tokens and sentences of some texts.

    Attributes:
        base: where each document starts, and where the last one ends.
        token_start, token_end: offsets of every token.
        sentence_start, sentence_end: offsets of every sentence.
        sentence_token: index of each sentence's first token, and the number of tokens.
        document_sentence: index of each document's first sentence, and the number of sentences.
    """

    def __init__(self, texts: Sequence[str], languages: Sequence[str]) -> None:
        whole = "".join(texts)
        lengths = [len(text) for text in texts]
        self.base: IntArray = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
        self._points = np.frombuffer(whole.encode("utf-32-le"), dtype=np.uint32)
        self._bytes = np.frombuffer(whole.encode(), dtype=np.uint8)
        self._width = _utf8_widths(self._points)
        self._byte = np.zeros(len(self._points) + 1, dtype=np.int32)
        np.cumsum(self._width, out=self._byte[1:])
        classes = _classify(self._points)
        cuts = self._find_cuts(texts, languages, classes)
        classes[classes == _BREAK] = _SPACE
        self._find_tokens(classes, cuts)
        self._find_sentences(cuts)

    def _find_cuts(
        self, texts: Sequence[str], languages: Sequence[str], classes: _ClassArray
    ) -> BoolArray:
        """Mark where a sentence may start: at a document, at a line, and where sentencex says."""
        starts: list[int] = []
        for base, text, language in zip(self.base.tolist(), texts, languages, strict=False):
            starts.append(base)
            starts += [base + start for start in sentence_starts(text, language)]
        cuts = np.zeros(len(self._points) + 1, dtype=np.bool_)
        cuts[starts] = True
        cuts[1:] |= classes == _BREAK
        return cuts[:-1]

    def _find_tokens(self, classes: _ClassArray, cuts: BoolArray) -> None:
        before = np.concatenate([[np.uint8(_SPACE)], classes[:-1]])
        before[cuts] = _SPACE
        extends = classes == _EXTEND
        if extends.any():
            classes, before = self._attach_marks(classes, extends, cuts)
        continues_word = (classes == _WORD) & (before == _WORD)
        starts = (classes != _SPACE) & ~continues_word & ((classes != _EXTEND) | cuts)
        joined = np.flatnonzero(self._points == _ZERO_WIDTH_JOINER) + 1
        joined = joined[joined < len(starts)]
        starts[joined[(before[joined] != _SPACE) & ~cuts[joined]]] = False
        self._solid = classes != _SPACE
        ends = self._solid.copy()
        ends[:-1] &= ~self._solid[1:] | starts[1:]
        self.token_start: IntArray = np.flatnonzero(starts)
        self.token_end: IntArray = np.flatnonzero(ends) + 1

    @staticmethod
    def _attach_marks(
        classes: _ClassArray, extends: BoolArray, cuts: BoolArray
    ) -> tuple[_ClassArray, _ClassArray]:
        """Let a mark continue what precedes it; a mark after nothing is a token itself."""
        previous = np.concatenate([[_SPACE], classes[:-1]])
        orphans = extends & ((previous == _SPACE) | cuts)
        classes = np.where(orphans, np.uint8(_OTHER), classes)
        bearer = np.maximum.accumulate(np.where(classes != _EXTEND, np.arange(len(classes)), 0))
        before = np.concatenate([[np.uint8(_SPACE)], classes[bearer][:-1]])
        before[cuts] = _SPACE
        return classes, before

    def _find_sentences(self, cuts: BoolArray) -> None:
        segment = np.searchsorted(np.flatnonzero(cuts), self.token_start, side="right")
        first = np.flatnonzero(np.diff(segment, prepend=-1))
        last = np.append(first[1:], len(segment))[: len(first)] - 1
        self.sentence_start: IntArray = self.token_start[first]
        self.sentence_end: IntArray = self.token_end[last]
        self.sentence_token: IntArray = np.append(first, len(segment))
        self.document_sentence: IntArray = np.searchsorted(self.sentence_start, self.base)

    def __len__(self) -> int:
        return len(self._points)

    def slice_texts(self, start: IntArray, end: IntArray) -> pa.StringArray:
        """Return the strings between offsets, which the caller has checked against the texts."""
        begin, length = self._byte[start], self._byte[end] - self._byte[start]
        offsets = np.concatenate([[0], np.cumsum(length)])
        data = self._bytes[np.repeat(begin - offsets[:-1], length) + np.arange(offsets[-1])]
        return _make_string_array(offsets, data)

    def token_strings(self) -> pa.StringArray:
        """Return every token as a string."""
        solid = self._solid
        if len(self._bytes) != len(self._points):
            solid = np.repeat(solid, self._width)
        length = self._byte[self.token_end] - self._byte[self.token_start]
        offsets = np.concatenate([[0], np.cumsum(length)])
        return _make_string_array(offsets, self._bytes[solid])


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
