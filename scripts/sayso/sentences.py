"""Where sentences start: one way of cutting for what is shown, what the dataset holds and what is carried over."""

from __future__ import annotations

import sentencex

LINE_BREAKS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"


def sentence_starts(text: str, language: str) -> list[int]:
    """First code point of each sentence, spaces before it included, in order; ``language`` is a BCP 47 tag.

    >>> sentence_starts("AnnotatorPair fell. One did not.", "en")
    [0, 10]
    """
    short = language.split("-", 1)[0].lower()
    return [
        int(sentence["start_index"]) for sentence in sentencex.get_sentence_boundaries(short, text)
    ]
