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

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_UNSEEN, _SPACE, _BREAK, _WORD, _OTHER, _EXTEND = range(6)
_KINDS = np.zeros(0x110000, dtype=np.uint8)  # filled as code points are met
_ZERO_WIDTH_SPACE, _ZERO_WIDTH_JOINER = "\u200b", 0x200D
_SKIN_TONES = range(0x1F3FB, 0x1F400)


def _kind(point: int) -> int:
    character = chr(point)
    if character in LINE_BREAKS:
        return _BREAK
    if character.isspace() or character == _ZERO_WIDTH_SPACE:
        return _SPACE
    category = unicodedata.category(character)
    if category[0] == "M" or category == "Cf" or point in _SKIN_TONES:
        return _EXTEND
    return _WORD if category[0] in "LN" or category == "Pc" else _OTHER


def _kinds(points: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint8]:
    kinds = _KINDS[points]
    if not kinds.all():
        for point in np.unique(points[kinds == _UNSEEN]):
            _KINDS[point] = _kind(int(point))
        kinds = _KINDS[points]
    return kinds


class Texts:
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
        self.base: Ints = np.concatenate([[0], np.cumsum([len(text) for text in texts], dtype=np.int64)])
        self._points = np.frombuffer(whole.encode("utf-32-le"), dtype=np.uint32)
        self._bytes = np.frombuffer(whole.encode(), dtype=np.uint8)
        self._width = _utf8_width(self._points)
        self._byte = np.zeros(len(self._points) + 1, dtype=np.int32)
        np.cumsum(self._width, out=self._byte[1:])
        kinds = _kinds(self._points)
        cuts = self._cuts(texts, languages, kinds)
        kinds[kinds == _BREAK] = _SPACE
        self._find_tokens(kinds, cuts)
        self._find_sentences(cuts)

    def _cuts(self, texts: Sequence[str], languages: Sequence[str], kinds: npt.NDArray[np.uint8]) -> Flags:
        """Where a sentence may start: the first code point of a document, of a line, of what sentencex finds."""
        found: list[int] = []
        for base, text, language in zip(self.base.tolist(), texts, languages, strict=False):
            found.append(base)
            found += [base + start for start in sentence_starts(text, language)]
        cuts = np.zeros(len(self._points) + 1, dtype=np.bool_)
        cuts[found] = True
        cuts[1:] |= kinds == _BREAK
        return cuts[:-1]

    def _find_tokens(self, kinds: npt.NDArray[np.uint8], cuts: Flags) -> None:
        before = np.concatenate([[np.uint8(_SPACE)], kinds[:-1]])
        before[cuts] = _SPACE
        extends = kinds == _EXTEND
        if extends.any():
            kinds, before = self._with_marks(kinds, extends, cuts)
        starts = (kinds != _SPACE) & ~((kinds == _WORD) & (before == _WORD)) & ((kinds != _EXTEND) | cuts)
        joined = np.flatnonzero(self._points == _ZERO_WIDTH_JOINER) + 1
        joined = joined[joined < len(starts)]
        starts[joined[(before[joined] != _SPACE) & ~cuts[joined]]] = False
        self._solid = kinds != _SPACE
        closes = self._solid.copy()
        closes[:-1] &= ~self._solid[1:] | starts[1:]
        self.token_start: Ints = np.flatnonzero(starts)
        self.token_end: Ints = np.flatnonzero(closes) + 1

    @staticmethod
    def _with_marks(
        kinds: npt.NDArray[np.uint8], extends: Flags, cuts: Flags
    ) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
        """A mark goes on with what stands before it; one that follows nothing is a token itself."""
        previous = np.concatenate([[_SPACE], kinds[:-1]])
        orphans = extends & ((previous == _SPACE) | cuts)
        kinds = np.where(orphans, np.uint8(_OTHER), kinds)
        bearer = np.maximum.accumulate(np.where(kinds != _EXTEND, np.arange(len(kinds)), 0))
        before = np.concatenate([[np.uint8(_SPACE)], kinds[bearer][:-1]])
        before[cuts] = _SPACE
        return kinds, before

    def _find_sentences(self, cuts: Flags) -> None:
        segment = np.searchsorted(np.flatnonzero(cuts), self.token_start, side="right")
        first = np.flatnonzero(np.diff(segment, prepend=-1))
        self.sentence_start: Ints = self.token_start[first]
        self.sentence_end: Ints = self.token_end[np.append(first[1:], len(segment))[: len(first)] - 1]
        self.sentence_token: Ints = np.append(first, len(segment))
        self.document_sentence: Ints = np.searchsorted(self.sentence_start, self.base)

    def __len__(self) -> int:
        """How many code points there are."""
        return len(self._points)

    def slices(self, start: Ints, end: Ints) -> pa.StringArray:
        """The strings that stand between offsets; ``0 <= start <= end <= len(self)`` is the caller's to see to."""
        begin, length = self._byte[start], self._byte[end] - self._byte[start]
        offsets = np.concatenate([[0], np.cumsum(length)])
        taken = self._bytes[np.repeat(begin - offsets[:-1], length) + np.arange(offsets[-1])]
        return _strings(offsets, taken)

    def tokens(self) -> pa.StringArray:
        """Every token."""
        solid = self._solid if len(self._bytes) == len(self._points) else np.repeat(self._solid, self._width)
        length = self._byte[self.token_end] - self._byte[self.token_start]
        return _strings(np.concatenate([[0], np.cumsum(length)]), self._bytes[solid])


def _utf8_width(points: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint8]:
    width = np.ones(len(points), dtype=np.uint8)
    if points.size and points.max() > 0x7F:
        for first in (0x80, 0x800, 0x10000):
            width += points >= first
    return width


def _strings(offsets: Ints, data: npt.NDArray[np.uint8]) -> pa.StringArray:
    return pa.StringArray.from_buffers(
        len(offsets) - 1, pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(np.ascontiguousarray(data))
    )
