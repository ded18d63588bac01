"""Tokens and sentences of many documents at once, as arrays of offsets.

Offsets count code points of all texts joined; ``base`` holds where each document starts.

Tokens are those of `token_starts`. The tokens of a document depend on its text alone, never on
its annotations. A *sentence* is what ``sentencex`` finds, split again at every line break, without
the white space around it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sayso.dataset.arrays import BoolArray, IntArray
from sayso.sentences import sentence_starts
from sayso.token_starts import (
    BREAK,
    SPACE,
    CharacterClasses,
    classify,
    find_token_starts,
    read_code_points,
)


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
        self._points = read_code_points(whole)
        self._bytes = np.frombuffer(whole.encode(), dtype=np.uint8)
        self._width = _utf8_widths(self._points)
        self._byte = np.zeros(len(self._points) + 1, dtype=np.int32)
        np.cumsum(self._width, out=self._byte[1:])
        classes = classify(self._points)
        cuts = self._find_cuts(texts, languages, classes)
        classes[classes == BREAK] = SPACE
        self._find_tokens(classes, cuts)
        self._find_sentences(cuts)

    def _find_cuts(
        self, texts: Sequence[str], languages: Sequence[str], classes: CharacterClasses
    ) -> BoolArray:
        """Mark where a sentence may start: at a document, at a line, and where sentencex says."""
        starts: list[int] = []
        for base, text, language in zip(self.base.tolist(), texts, languages, strict=False):
            starts.append(base)
            starts += [base + start for start in sentence_starts(text, language)]
        cuts = np.zeros(len(self._points) + 1, dtype=np.bool_)
        cuts[starts] = True
        cuts[1:] |= classes == BREAK
        return cuts[:-1]

    def _find_tokens(self, classes: CharacterClasses, cuts: BoolArray) -> None:
        starts, self._solid = find_token_starts(self._points, classes, cuts)
        ends = self._solid.copy()
        ends[:-1] &= ~self._solid[1:] | starts[1:]
        self.token_start: IntArray = np.flatnonzero(starts)
        self.token_end: IntArray = np.flatnonzero(ends) + 1

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
