"""Diagnosis of the offsets of a span that came back from Label Studio.

The server's own copy of a span's text is no authority, since it writes line breaks its own way,
but it is evidence. A span is corrected only where that text proves the correction. What cannot be
proven is quarantined and reported. The editor counts code points (issues 1347 and 4988 did not
reproduce), except for a fault in dragging a handle: see is_displaced_by_resize.

| diagnosis | evidence | consequence |
|---|---|---|
| exact | the same text is at the offsets | the mention is taken |
| folded | the same text but for white space | the mention is taken |
| utf16 | the same text if the offsets count UTF-16 units | corrected and reported |
| dragged | an edge is where only Label Studio's resize fault puts one | quarantined |
| elsewhere | other text is at the offsets | quarantined |
| outside | the offsets are outside the text, or the span is blank | quarantined |
"""

from __future__ import annotations

from typing import Literal, NamedTuple
from unicodedata import category, east_asian_width

from sayso.errors import SpanError
from sayso.spans import Span, from_utf16, validate

DiagnosisName = Literal["exact", "folded", "utf16", "dragged", "elsewhere", "outside"]

DIAGNOSIS_REASONS: dict[DiagnosisName, str] = {  # stored in annotations: do not reword
    "utf16": "offsets counted in UTF-16, put right by the words",
    "dragged": "an edge inside a word, as resizing across an emoji leaves it",
    "elsewhere": "a span over other words than the server has for it",
    "outside": "a span outside the text, or of nothing",
}
_JOINER = "\u200d"


class OffsetDiagnosis(NamedTuple):
    """A diagnosis and the proven span, or None where no span can be proven."""

    diagnosis: DiagnosisName
    span: Span | None


def diagnose_span(
    received: Span, text: str, server_text: object, *, by_mouse: bool
) -> OffsetDiagnosis:
    """Compare a span with the text as received.

    Args:
        server_text: the server's copy of the span's text; anything but a string is no evidence.
        by_mouse: a person drew or resized the span, so the resize fault may have displaced it.
    """
    if not _is_inside(received, text):
        return _diagnose_utf16(received, text, server_text) or OffsetDiagnosis("outside", None)
    found = text[received.start : received.end]
    if isinstance(server_text, str) and _fold_whitespace(found) != _fold_whitespace(server_text):
        return _diagnose_utf16(received, text, server_text) or OffsetDiagnosis("elsewhere", None)
    if by_mouse and any(is_displaced_by_resize(edge, text) for edge in received):
        return OffsetDiagnosis("dragged", None)
    folded = isinstance(server_text, str) and found != server_text
    return OffsetDiagnosis("folded" if folded else "exact", received)


def _is_inside(span: Span, text: str) -> bool:
    try:
        validate(span, text)
    except SpanError:
        return False
    return not text[span.start : span.end].isspace()


def _diagnose_utf16(received: Span, text: str, server_text: object) -> OffsetDiagnosis | None:
    if not isinstance(server_text, str) or not server_text.strip():
        return None
    try:
        span = from_utf16(received, text)
    except SpanError:
        return None
    proven = _fold_whitespace(text[span.start : span.end]) == _fold_whitespace(server_text)
    return OffsetDiagnosis("utf16", span) if proven else None


def _fold_whitespace(text: str) -> str:
    # Label Studio stores a line feed as a backslash and an n, and CR LF as two of them.
    return " ".join(text.replace("\\n", "\n").split())


def is_displaced_by_resize(edge: int, text: str) -> bool:
    """Test whether Label Studio's resize fault explains an edge at a place where no mouse puts it.

    Dragging a span's handle stores an edge too far to the right, by one for each code point beyond
    U+FFFF between the start of its line and the intended place. So the edge is displaced if it
    splits a word or a displayed character while some place that was possibly intended does not.

    >>> edges = [(6, "😀 one two"), (5, "😀 one two"), (6, "🙂 o two")]
    >>> [is_displaced_by_resize(edge, text) for edge, text in edges]
    [False, False, False]
    >>> is_displaced_by_resize(7, "😀 one two")
    True
    """
    if not _splits_character_or_word(edge, text):
        return False
    line = text.rfind("\n", 0, edge) + 1
    astral = sum(character > "\uffff" for character in text[line:edge])
    shifts = range(1, min(astral, edge - line) + 1)
    return any(not _splits_character_or_word(edge - shift, text) for shift in shifts)


def _splits_character_or_word(edge: int, text: str) -> bool:
    if not 0 < edge < len(text):
        return False
    before, after = text[edge - 1], text[edge]
    in_word = _is_spaced_word_character(before) and _is_spaced_word_character(after)
    return in_word or before == _JOINER or _is_combining(after)


def _is_spaced_word_character(character: str) -> bool:
    # Scripts with spaces between words: not ideographs and kana.
    return character.isalnum() and east_asian_width(character) not in "WF"


def _is_combining(character: str) -> bool:
    is_skin_tone = "\U0001f3fb" <= character <= "\U0001f3ff"
    return character == _JOINER or category(character).startswith("M") or is_skin_tone
