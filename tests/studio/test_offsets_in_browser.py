"""Offsets, proven where they are made: the mouse, Chromium, Label Studio, pull. The slices are the words drawn."""

from __future__ import annotations

import pytest

from sayso.studio.display import displayed

TORTURE = (
    "\n\n  \n"  # leading blank lines
    "Plain words first. Then a second sentence on the same line.  A third after two spaces.\r\n"
    "Emoji 😀 astral 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 family 👨‍👩‍👧‍👦 flag 🇺🇦 skin 👍🏽 end\n"
    "Combining e\u0301 a\u0308o\u0304 Z\u0335a\u0335l\u0335g\u0335o\u0335 fin. Precomposed é ä too.\n"
    "Right to left: العربية والجيش قال and עברית צה״ל end\n"
    "CJK: 国防部は38機のドローンを撃墜した、と発表した。𠮷野家 end\n"
    "Carriage returns\r\nand tabs\there\tthere and no\u00a0break\u00a0spaces and zero\u200bwidth\u200djoined words\n"
    "Markup: <b>bold</b> &amp; &lt;tag&gt; <script>alert(1)</script> \"quoted\" 'single'\n"
    "Ligature ﬁne soft\u00adhyphen and the U.S.-led coalition\u2019s 1,200 men\n"
    + "long " * 400
    + "tail😀 of the long line\n"
    "\n\n\t \n"  # trailing blank lines
)
DRAWN = [
    "Plain words",
    "second sentence",
    "third",
    "😀 astral",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢",
    "family 👨‍👩‍👧‍👦 flag",
    "🇺🇦",
    "skin 👍🏽 end",
    "e\u0301 a\u0308o\u0304",
    "fin",
    "é ä",
    "العربية",
    "والجيش قال",
    "עברית",
    "国防部",
    "38機のドローン",
    "𠮷野家",
    "returns",
    "tabs\there",
    "no\u00a0break\u00a0spaces",
    "zero\u200bwidth\u200djoined",
    "<b>bold</b>",
    "&amp; &lt;tag&gt;",
    "<script>alert(1)</script>",
    "'single'",
    "ﬁne soft\u00adhyphen",
    "U.S.-led coalition",
    "1,200 men",
    "tail😀 of",
]


def place(words: str) -> tuple[int, int]:
    """Where words stand in the torture text; each stands there once."""
    assert TORTURE.count(words) == 1, words
    start = TORTURE.index(words)
    return start, start + len(words)
