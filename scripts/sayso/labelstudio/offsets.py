"""The offset doctor: what is known about a span that came back, and what may be done about it.

The server's copy of the words is no authority — it writes line breaks its own way — but it is a witness. A span is
repaired only where the words prove the repair; what cannot be proven is kept apart and told.

| diagnosis | what was seen | what is done |
|---|---|---|
| exact | the words stand there | the mention stands |
| folded | they do, but for white space | the mention stands |
| utf16 | they do when the offsets are taken for UTF-16 | repaired, and told |
| dragged | an edge where only the resize fault puts one | kept apart |
| elsewhere | other words stand there | kept apart |
| outside | the offsets do not fit the text, or hold nothing | kept apart |
"""

from __future__ import annotations

from typing import Literal, NamedTuple
from unicodedata import category, east_asian_width

from sayso.errors import SpanError
from sayso.spans import Span, from_utf16, trim, validate

DiagnosisName = Literal["exact", "folded", "utf16", "dragged", "elsewhere", "outside"]

DIAGNOSIS_REASONS: dict[DiagnosisName, str] = {
    "utf16": "offsets counted in UTF-16, put right by the words",
    "dragged": "an edge inside a word, as resizing across an emoji leaves it",
    "elsewhere": "a span over other words than the server has for it",
    "outside": "a span outside the text, or of nothing",
}
_JOINER = "\u200d"


class OffsetDiagnosis(NamedTuple):
    """A diagnosis, and the span that stands; None where none can be proven."""

    diagnosis: DiagnosisName
    span: Span | None


def diagnose_span(
    received: Span, text: str, server_text: object, *, by_mouse: bool
) -> OffsetDiagnosis:
    """Judge a span by the text as received.

    Args:
        witness: the server's copy of the words; anything but a string says nothing.
        drawn: whether a person's mouse was at work, so that the resize fault may have been.
    """
    if not _is_inside(received, text):
        return _diagnose_utf16(received, text, server_text) or OffsetDiagnosis("outside", None)
    standing = text[received.start : received.end]
    if isinstance(server_text, str) and _fold_whitespace(standing) != _fold_whitespace(server_text):
        return _diagnose_utf16(received, text, server_text) or OffsetDiagnosis("elsewhere", None)
    if by_mouse and any(is_displaced_by_resize(edge, text) for edge in received):
        return OffsetDiagnosis("dragged", None)
    return OffsetDiagnosis(
        "exact" if not isinstance(server_text, str) or standing == server_text else "folded",
        received,
    )


def _is_inside(span: Span, text: str) -> bool:
    try:
        validate(span, text)
    except SpanError:
        return False
    settled = trim(span, text)
    return settled.start < settled.end


def _diagnose_utf16(received: Span, text: str, witness: object) -> OffsetDiagnosis | None:
    """The place that UTF-16 offsets mean, where the words prove it."""
    try:
        meant = from_utf16(received, text)
    except SpanError:
        return None
    proven = (
        isinstance(witness, str)
        and witness.strip()
        and _fold_whitespace(text[meant.start : meant.end]) == _fold_whitespace(witness)
    )
    return OffsetDiagnosis("utf16", meant) if proven else None


def _fold_whitespace(words: str) -> str:
    """Words as Label Studio may write them: it stores a line feed as a backslash and an n, and CR LF as two of them."""
    return " ".join(words.replace("\\n", "\n").split())


def is_displaced_by_resize(edge: int, text: str) -> bool:
    """Whether Label Studio's resize fault explains that an edge stands where no mouse puts it.

    Dragging a span's handle stores an edge too far to the right, by one for each code point beyond U+FFFF between
    the start of its piece of the line and the place meant. So the edge is displaced if it parts a word, or what is
    shown as one character, while some place that it could have been meant for does not.

    >>> is_displaced_by_resize(6, "😀 one two"), is_displaced_by_resize(5, "😀 one two"), is_displaced_by_resize(6, "🙂 o two")
    (False, False, False)
    >>> is_displaced_by_resize(7, "😀 one two")
    True
    """
    if not _splits_character_or_word(edge, text):
        return False
    line = text.rfind("\n", 0, edge) + 1
    astral = sum(character > "\uffff" for character in text[line:edge])
    return any(
        not _splits_character_or_word(edge - shift, text)
        for shift in range(1, min(astral, edge - line) + 1)
    )


def _splits_character_or_word(edge: int, text: str) -> bool:
    if not 0 < edge < len(text):
        return False
    before, after = text[edge - 1], text[edge]
    return (
        (_is_spaced_word_character(before) and _is_spaced_word_character(after))
        or before == _JOINER
        or _is_combining(after)
    )


def _is_spaced_word_character(character: str) -> bool:
    """Whether it belongs to a word of a script that puts spaces between words; ideographs and kana do not."""
    return character.isalnum() and east_asian_width(character) not in "WF"


def _is_combining(character: str) -> bool:
    """Whether it changes the character before it: a mark, a joiner, a skin tone."""
    return (
        character == _JOINER
        or category(character).startswith("M")
        or "\U0001f3fb" <= character <= "\U0001f3ff"
    )
