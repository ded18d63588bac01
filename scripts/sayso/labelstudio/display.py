"""A document as annotators see it: one sentence a line, and every offset as in the text received.

Label Studio breaks lines only where the text does, and shows CR LF as an extra blank line. So what it is given
differs from the text received in white space alone, one code point for one code point: the space after a sentence
becomes a line feed, the CR of CR LF a space. Every offset into the one is the same offset into the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sayso.sentences import LINE_BREAKS, sentence_starts

_SPACES = " \u00a0"


def display_text(text: str, language: str = "en") -> str:
    """The text to show: as long as ``text``, equal to it but for white space.

    >>> display_text("AnnotatorPair fell. One did not.")
    'Two fell.\\nOne did not.'
    >>> display_text("AnnotatorPair fell.\\r\\nOne did not.")
    'Two fell. \\nOne did not.'
    """
    shown = list(text)
    for space in _find_sentence_gaps(text, language):
        shown[space] = "\n"
    return re.sub(r"\r(?=\n)", " ", "".join(shown)).replace("\r", "\n")


def _find_sentence_gaps(text: str, language: str) -> Iterator[int]:
    """Offset of the last space before each sentence that follows another one on its line."""
    for sentence in sentence_starts(text, language):
        start = sentence
        while start < len(text) and text[start] in _SPACES:
            start += 1
        before = start
        while before and text[before - 1] in _SPACES:
            before -= 1
        if 0 < before < start < len(text) and text[before - 1] not in LINE_BREAKS:
            yield start - 1
