"""Laws of spans, against sets of characters and against the codecs of Python."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso import spans
from sayso.errors import InputError, SpanError
from sayso.spans import Span

TEXTS = st.text(st.characters(codec="utf-8"), max_size=30)
SPANS = st.tuples(st.integers(0, 12), st.integers(1, 12)).map(
    lambda pair: Span(pair[0], pair[0] + pair[1])
)


@st.composite
def draw_text_with_span(draw: st.DrawFn) -> tuple[str, Span]:
    text = draw(TEXTS.filter(bool))
    start = draw(st.integers(0, len(text) - 1))
    return text, Span(start, draw(st.integers(start + 1, len(text))))


def offsets_of(span: Span) -> set[int]:
    return set(range(span.start, span.end))


@given(SPANS, SPANS)
def test_predicates_are_those_of_sets_of_characters(one: Span, other: Span) -> None:
    a, b = offsets_of(one), offsets_of(other)
    assert spans.covers(one, other) == (a >= b)
    assert spans.overlaps(one, other) == bool(a & b)
    assert spans.crosses(one, other) == (bool(a & b) and not a >= b and not b >= a)


@given(SPANS, SPANS)
def test_overlap_and_crossing_do_not_depend_on_the_order(one: Span, other: Span) -> None:
    assert spans.overlaps(one, other) == spans.overlaps(other, one)
    assert spans.crosses(one, other) == spans.crosses(other, one)


@given(draw_text_with_span())
def test_trimming_leaves_just_what_strip_leaves(pair: tuple[str, Span]) -> None:
    text, span = pair
    trimmed = spans.trim(span, text)
    assert text[trimmed.start : trimmed.end] == text[span.start : span.end].strip()
    assert offsets_of(trimmed) <= offsets_of(span)
    assert spans.trim(trimmed, text) == trimmed


@given(draw_text_with_span())
def test_utf16_offsets_are_those_of_the_encoding(pair: tuple[str, Span]) -> None:
    text, span = pair
    units = Span(*(len(text[:edge].encode("utf-16-le")) // 2 for edge in span))
    assert spans.from_utf16(units, text) == span


@pytest.mark.parametrize("span", [(0, 0), (2, 1), (-1, 1), (-2, -1), (0, 4), (3, 4), (9, 10)])
def test_a_wrong_span_is_never_clipped(span: tuple[int, int]) -> None:
    with pytest.raises(SpanError):
        spans.validate(Span(*span), "abc")
    with pytest.raises(SpanError):
        spans.from_utf16(Span(*span), "abc")


@pytest.mark.parametrize("span", [(0, 1), (1, 2), (1, 3)])
def test_an_offset_inside_a_surrogate_pair_is_refused(span: tuple[int, int]) -> None:
    with pytest.raises(SpanError, match="inside a surrogate pair"):
        spans.from_utf16(Span(*span), "😀a")


def test_a_span_error_is_an_input_error_and_a_value_error() -> None:
    assert issubclass(SpanError, InputError)
    assert issubclass(SpanError, ValueError)
