"""The text of a document as annotators see it: one sentence a line, with unchanged offsets.

Label Studio breaks lines only where the text does, and shows CR LF as an extra blank line. So the
displayed text differs from the text received in white space, one code point for one code point:
the space after a sentence becomes a line feed, the CR of CR LF a space.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sayso.sentences import LINE_BREAKS, sentence_starts

_SPACES = " \u00a0"


def display_text(text: str, language: str = "en") -> str:
    """Return the text to display: as long as ``text``, and equal to it but for white space.

    >>> display_text("Two fell. One did not.")
    'Two fell.\\nOne did not.'
    >>> display_text("Two fell.\\r\\nOne did not.")
    'Two fell. \\nOne did not.'
    """
    characters = list(text)
    for offset in _find_sentence_gaps(text, language):
        characters[offset] = "\n"
    return re.sub(r"\r(?=\n)", " ", "".join(characters)).replace("\r", "\n")


def _find_sentence_gaps(text: str, language: str) -> Iterator[int]:
    """Yield the offset of the last space before each sentence that follows another on its line."""
    for sentence in sentence_starts(text, language):
        start = sentence
        while start < len(text) and text[start] in _SPACES:
            start += 1
        before = start
        while before and text[before - 1] in _SPACES:
            before -= 1
        if 0 < before < start < len(text) and text[before - 1] not in LINE_BREAKS:
            yield start - 1
