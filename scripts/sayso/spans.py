"""Spans: half-open intervals [start, end) of Unicode code points, 0-based, over a text as received.

Predicates have the standard names and each is one inequality. Conversions to other units stand at the border of
the format that needs them and refuse what they cannot express.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from sayso.errors import InputError, SpanError


class Span(NamedTuple):
    """Where something stands: ``text[start:end]``, in code points."""

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
    """Raise unless ``span`` is inside ``text`` and not empty.

    Raises:
        SpanError: it is not; nothing is clipped.

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
    """What stands there; ``claimed`` is what somebody says stands there, where they say so.

    Raises:
        SpanError: ``span`` is not inside ``text``.
        InputError: other words stand there.

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
    """``span`` without white space at its edges; empty (start == end) when it holds nothing else.

    >>> trim(Span(0, 5), " ab  ")
    Span(start=1, end=3)
    """
    start, end = span
    while start < end and text[end - 1].isspace():
        end -= 1
    while start < end and text[start].isspace():
        start += 1
    return Span(start, end)


def utf16_length(text: str) -> int:
    """How many UTF-16 code units ``text`` takes: 2 for each astral code point, 1 for any other.

    >>> utf16_length("a😀")
    3
    """
    return len(text) + sum(character > "\uffff" for character in text)


def to_utf16(span: Span, text: str) -> Span:
    """The same place counted in UTF-16 code units, as JavaScript and UIMA count.

    >>> to_utf16(Span(1, 2), "😀a")
    Span(start=2, end=3)
    """
    validate(span, text)
    start = utf16_length(text[: span.start])
    return Span(start, start + utf16_length(text[span.start : span.end]))


def from_utf16(span: Span, text: str) -> Span:
    """The same place counted in code points.

    Raises:
        SpanError: an end stands inside a surrogate pair or outside the text.

    >>> from_utf16(Span(2, 3), "😀a")
    Span(start=1, end=2)
    >>> from_utf16(Span(1, 3), "😀a")
    Traceback (most recent call last):
    sayso.errors.SpanError: UTF-16 offset 1: inside a surrogate pair, or outside the text
    """
    converted = Span(_code_point_offset(span.start, text), _code_point_offset(span.end, text))
    validate(converted, text)
    return converted


def _code_point_offset(offset: int, text: str) -> int:
    units = text.encode("utf-16-le")
    head = units[: 2 * offset] if offset >= 0 else b""
    try:
        if offset < 0 or 2 * offset > len(units):
            raise UnicodeDecodeError("utf-16-le", units, 0, 1, "outside")
        return len(head.decode("utf-16-le"))
    except UnicodeDecodeError as error:
        raise SpanError(
            "inside a surrogate pair, or outside the text", where=f"UTF-16 offset {offset}"
        ) from error
