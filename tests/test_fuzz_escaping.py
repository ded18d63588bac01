"""Foreign words are shown safely, whatever they hold, and come back where that is promised."""

from __future__ import annotations

import csv
import io
import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from sayso.dataset.card.markdown import format_table
from sayso.escaping import (
    escape_controls,
    escape_formula,
    escape_json,
    escape_markdown,
    format_markdown_code,
    restore_formula,
)

pytestmark = pytest.mark.fuzz

ATTACKS = [
    "\x1b]0;title\x07",
    "\x9b31m",
    "\u202egpj.exe",
    "\u2066",
    "\r\n",
    "\u2028",
    "<img src=x onerror=alert(1)>",
    "![a](b)",
    "[a](javascript:b)",
    "<!--",
    "```",
    "`",
    "|",
    "\\",
    "https://a.example",
    "www.a.example",
    "&lt;",
    "$x$",
    "1. ",
    "- ",
    "# ",
    "=",
    "+",
    "@",
    "'",
    "\t",
    "===",
]
WORDS = st.lists(st.one_of(st.sampled_from(ATTACKS), st.text(max_size=8)), max_size=6).map("".join)
BIDI_CONTROLS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
HARMLESS_TOKENS = {"text", "inline", "code_inline", "paragraph_open", "paragraph_close"}


def list_tokens(tokens: list[Token]) -> list[Token]:
    return [one for token in tokens for one in (token, *list_tokens(token.children or []))]


@given(WORDS)
def test_no_control_reaches_a_terminal(word: str) -> None:
    shown = escape_controls(word)
    for each in shown:
        assert unicodedata.category(each) not in ("Cc", "Cs", "Zl", "Zp"), ascii(shown)
        assert each not in BIDI_CONTROLS, ascii(shown)
    assert escape_controls(shown) == shown
    if word.isprintable():
        assert shown == word


@given(st.dictionaries(WORDS, WORDS | st.integers(), max_size=3), st.booleans())
def test_json_stays_the_same_data(data: dict[str, str], ascii_only: bool) -> None:
    encoded = escape_json(json.dumps(data, ensure_ascii=False), ascii_only=ascii_only)
    assert json.loads(encoded) == data
    assert escape_controls(encoded) == encoded
    assert encoded.isascii() or not ascii_only


@given(WORDS)
def test_markdown_shows_a_word_and_nothing_else(word: str) -> None:
    expected = escape_controls(" ".join(word.split()))
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    for text in (escape_markdown(word), f"Outlet: {escape_markdown(word)}"):
        tokens = list_tokens(parser.parse(text))
        assert {token.type for token in tokens} <= HARMLESS_TOKENS | {"text_special"}, text
        shown = "".join(t.content for t in tokens if t.type in ("text", "code_inline"))
        assert shown.removeprefix("Outlet:").strip() == expected.strip(), text


@given(st.lists(WORDS, min_size=2, max_size=3))
def test_a_table_keeps_its_cells(words: list[str]) -> None:
    for cells in (words, [format_markdown_code(word) for word in words]):
        table = format_table(["head"] * len(words), [cells])
        parser = MarkdownIt("commonmark", {"html": True}).enable("table")
        tokens = parser.parse(table)
        types = [token.type for token in tokens]
        assert types.count("td_open") == len(words), table
        inner = [one for t in tokens if t.type == "inline" for one in list_tokens([t])]
        assert {token.type for token in inner} <= HARMLESS_TOKENS | {"text_special"}, table
        shown = [
            "".join(one.content for one in t.children or [])
            for t in tokens[types.index("tbody_open") :]
            if t.type == "inline"
        ]
        for found, word in zip(shown, words, strict=True):
            assert found.split() == escape_controls(" ".join(word.split())).split(), table


@given(st.lists(WORDS | st.integers().map(str) | st.floats(allow_nan=False).map(str), min_size=1))
def test_csv_gives_back_every_text_and_no_formula(words: list[str]) -> None:
    file = io.StringIO()
    csv.writer(file).writerow([escape_formula(word) for word in words])
    (row,) = csv.reader(io.StringIO(file.getvalue(), newline=""))
    assert [restore_formula(cell) for cell in row] == words
    for cell in row:
        if cell[:1] in tuple("=+-@\t\r\n"):
            float(cell)
