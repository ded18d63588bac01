"""Sentences of a text, split in one way for the interface, the dataset and anchoring."""

from __future__ import annotations

import re
from itertools import pairwise

import sentencex

from sayso.spans import Span, trim

LINE_BREAKS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
UNSPACED_SCRIPTS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
"""Letters, for a class of a regular expression, of scripts that set no space between words: Thai,
Lao, Burmese, Khmer, kana, Han."""
_AFTER_LINE_BREAK = re.compile(f"(?<=[{LINE_BREAKS}])")


def sentence_starts(text: str, language: str) -> list[int]:
    """Return the first code point of each sentence, white space before it included, in order.

    Args:
        language: a BCP 47 tag.

    >>> sentence_starts("Two fell. One did not.", "en")
    [0, 10]
    """
    short = language.split("-", 1)[0].lower()
    return [
        int(sentence["start_index"]) for sentence in sentencex.get_sentence_boundaries(short, text)
    ]


def split_sentences(text: str, language: str) -> list[Span]:
    """Return the sentences of a text, split at line breaks too, without white space at their edges.

    >>> split_sentences("Two fell. One\\ndid not.", "en")
    [Span(start=0, end=9), Span(start=10, end=13), Span(start=14, end=22)]
    """
    starts = {
        *sentence_starts(text, language),
        *(at.start() for at in _AFTER_LINE_BREAK.finditer(text)),
    }
    spans = (trim(Span(*edges), text) for edges in pairwise(sorted({0, *starts, len(text)})))
    return [span for span in spans if span.start < span.end]
