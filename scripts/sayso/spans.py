"""Spans: half-open intervals [start, end) of Unicode code points, 0-based, over a text as received.

Offsets in other units are converted where a format needs them, and refused where they cannot be
expressed.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from sayso.errors import InputError, SpanError


class Span(NamedTuple):
    """The offsets of ``text[start:end]``, in code points."""

    start: int
    end: int


class HasSpan(Protocol):
    """Anything with offsets in code points: a span, or a mention."""

    @property
    def start(self) -> int:
        """The first code point."""

    @property
    def end(self) -> int:
        """The code point after the last."""


def validate(span: Span, text: str) -> None:
    """Raise unless `span` is inside `text` and not empty.

    Raises:
        SpanError: it is not.

    >>> validate(Span(0, 2), "ab")
    >>> validate(Span(1, 3), "ab")
    Traceback (most recent call last):
    sayso.errors.SpanError: [1, 3): not inside the text of 2 code points, or empty
    """
    if not 0 <= span.start < span.end <= len(text):
        raise SpanError(
            f"not inside the text of {len(text)} code points, or empty",
            where=f"[{span.start}, {span.end})",
        )


def slice_text(span: Span, text: str, expected: str | None = None) -> str:
    """Return the words of a span.

    Args:
        expected: the words that a file claims to be there, if it does.

    Raises:
        SpanError: `span` is not inside `text`.
        InputError: the words are not those expected.

    >>> slice_text(Span(0, 3), "two drones", "two")
    'two'
    """
    validate(span, text)
    found = text[span.start : span.end]
    if expected not in (None, found):
        raise InputError(
            f"the text there is {found!r}, not {expected!r}", where=f"[{span.start}, {span.end})"
        )
    return found


def covers(outer: HasSpan, inner: HasSpan) -> bool:
    """Return True if ``outer`` holds all of ``inner``. Equal spans cover each other."""
    return outer.start <= inner.start and inner.end <= outer.end


def overlaps(one: HasSpan, other: HasSpan) -> bool:
    """Return True if the spans share a code point."""
    return one.start < other.end and other.start < one.end


def crosses(one: HasSpan, other: HasSpan) -> bool:
    """Return True if the spans overlap and neither covers the other."""
    return overlaps(one, other) and not covers(one, other) and not covers(other, one)


def shared_length(one: HasSpan, other: HasSpan) -> int:
    """Return how many code points two overlapping spans share (0 or less if they do not)."""
    return min(one.end, other.end) - max(one.start, other.start)


def jaccard(one: HasSpan, other: HasSpan) -> float:
    """Return the shared part of two overlapping spans over their union, up to 1 for equal spans.

    >>> jaccard(Span(0, 4), Span(2, 6))
    0.3333333333333333
    """
    return shared_length(one, other) / (max(one.end, other.end) - min(one.start, other.start))


def trim(span: Span, text: str) -> Span:
    """Return `span` without white space at its edges, which may leave it empty.

    >>> trim(Span(0, 5), " ab  ")
    Span(start=1, end=3)
    """
    start, end = span
    while start < end and text[end - 1].isspace():
        end -= 1
    while start < end and text[start].isspace():
        start += 1
    return Span(start, end)


def from_utf16(span: Span, text: str) -> Span:
    """Convert a span in UTF-16 code units, as JavaScript and UIMA count, to code points.

    Raises:
        SpanError: an end is inside a surrogate pair or outside the text.

    >>> from_utf16(Span(2, 3), "😀a")
    Span(start=1, end=2)
    >>> from_utf16(Span(1, 3), "😀a")
    Traceback (most recent call last):
    sayso.errors.SpanError: UTF-16 offset 1: inside a surrogate pair, or outside the text
    """
    units = text.encode("utf-16-le")
    converted = Span(*(_code_point_offset(offset, units) for offset in span))
    validate(converted, text)
    return converted


def _code_point_offset(offset: int, units: bytes) -> int:
    if 0 <= 2 * offset <= len(units):
        try:
            return len(units[: 2 * offset].decode("utf-16-le"))
        except UnicodeDecodeError:
            pass
    raise SpanError("inside a surrogate pair, or outside the text", where=f"UTF-16 offset {offset}")
