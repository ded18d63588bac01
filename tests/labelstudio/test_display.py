"""The displayed text differs from the text received in white space alone, never in length."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sayso.labelstudio.display import display_text

PIECES = [
    "He fell. ",
    "Gen. X said no.  ",
    "\r\n",
    "\n",
    "\r",
    "😀 yes! ",
    "\t",
    "\u00a0",
    "“Why?” she asked. ",
    "<b>&amp;",
    "\u200b",
]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=5)).map("".join))
def test_every_code_point_but_white_space_stands_where_it_stood(text: str) -> None:
    shown = display_text(text)
    assert len(shown) == len(text)
    for received, seen in zip(text, shown, strict=True):
        assert received == seen or (received in " \u00a0\r" and seen in "\n ")


@given(st.text())
def test_it_is_stable(text: str) -> None:
    assert display_text(text) == display_text(text)


def test_a_sentence_gets_a_line_and_a_line_of_its_own_stays() -> None:
    text = "One fell. Two did not.\nThree fled.  Four stayed.\r\n\r\n Five."
    assert display_text(text).split("\n") == [
        "One fell.",
        "Two did not.",
        "Three fled. ",
        "Four stayed. ",
        " ",
        " Five.",
    ]


def test_nothing_is_broken_within_a_sentence() -> None:
    text = "Gen. Smith of the U.S. Army spoke at 1:42 a.m. local time."
    assert display_text(text) == text


def test_a_long_text_takes_no_longer_for_each_sentence() -> None:
    text = "A drone fell. " * 20_000
    assert display_text(text).count("\n") == 19_999
