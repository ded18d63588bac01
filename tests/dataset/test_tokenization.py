"""Tokens and sentences, by their laws."""

from __future__ import annotations

import re
import string

from hypothesis import given
from hypothesis import strategies as st

from sayso.dataset.tokenization import TokenizedTexts

LINE_BREAKS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
# Hard cases: joiners, marks, surrogate pairs, every kind of white space, initials and stops.
ALPHABET = (
    "abZ.  1,“”’-_?!\t"
    + LINE_BREAKS
    + "\u00a0\u200b\u200d\ufe0f\u0301\u0644\u064b\u4e2d\U0001f600\U0001f3fd\U0001d400"
)
texts = st.lists(
    st.text(st.sampled_from(ALPHABET) | st.characters(exclude_categories=["Cs"]), min_size=1),
    min_size=1,
)


def sentence_token_spans(found: TokenizedTexts, document: int) -> list[list[tuple[int, int]]]:
    """Sentences of one document as lists of tokens, counted in that document."""
    base = found.base[document]
    first, last = found.document_sentence[document], found.document_sentence[document + 1]
    return [
        [
            (int(found.token_start[token] - base), int(found.token_end[token] - base))
            for token in range(found.sentence_token[sentence], found.sentence_token[sentence + 1])
        ]
        for sentence in range(first, last)
    ]


def token_texts(text: str) -> list[str]:
    return TokenizedTexts([text], ["en"]).token_strings().to_pylist()  # type: ignore[no-any-return]


@given(texts)
def test_a_document_is_cut_alike_alone_and_among_others(many: list[str]) -> None:
    together = TokenizedTexts(many, ["en"] * len(many))
    for number, text in enumerate(many):
        assert sentence_token_spans(together, number) == sentence_token_spans(
            TokenizedTexts([text], ["en"]), 0
        )


@given(texts)
def test_tokens_are_the_text_without_its_white_space(many: list[str]) -> None:
    whole = "".join(many)
    found = TokenizedTexts(many, ["en"] * len(many))
    tokens = found.token_strings().to_pylist()
    assert tokens == [
        whole[start:end] for start, end in zip(found.token_start, found.token_end, strict=True)
    ]
    assert tokens == found.slice_texts(found.token_start, found.token_end).to_pylist()
    assert "".join(tokens) == "".join(
        each for each in whole if not each.isspace() and each != "\u200b"
    )


@given(texts)
def test_a_sentence_is_its_tokens_from_first_to_last_and_stays_on_its_line(many: list[str]) -> None:
    found = TokenizedTexts(many, ["en"] * len(many))
    whole = "".join(many)
    for start, end, first, last in zip(
        found.sentence_start,
        found.sentence_end,
        found.sentence_token,
        found.sentence_token[1:],
        strict=False,
    ):
        assert first < last
        assert (start, end) == (found.token_start[first], found.token_end[last - 1])
        assert not set(whole[start:end]) & set(LINE_BREAKS)


@given(
    st.text(
        st.sampled_from(string.ascii_letters + string.digits + string.punctuation + " \n"),
        min_size=1,
    )
)
def test_on_ascii_a_token_is_a_word_or_a_sign(text: str) -> None:
    assert token_texts(text) == re.findall(r"\w+|[^\w\s]", text)


def test_marks_and_joiners_stay_with_what_they_belong_to() -> None:
    family, thumb = "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f44d\U0001f3fd"
    assert token_texts(f"e\u0301tude {family} {thumb}! دًر ❤\ufe0f") == [
        "e\u0301tude",
        family,
        thumb,
        "!",
        "دًر",
        "❤\ufe0f",
    ]
    assert token_texts(" \u0301a") == ["\u0301", "a"]
    assert token_texts("Max’s 1,200 a.m.") == ["Max", "’", "s", "1", ",", "200", "a", ".", "m", "."]


def test_sentences_are_cut_at_line_breaks_and_where_a_sentence_ends() -> None:
    text = "Gen. Ivanov fell. Two left.\nNo stop here\r\nLast one. "
    found = TokenizedTexts([text], ["en"])
    assert found.slice_texts(found.sentence_start, found.sentence_end).to_pylist() == [
        "Gen. Ivanov fell.",
        "Two left.",
        "No stop here",
        "Last one.",
    ]


def test_white_space_alone_has_neither() -> None:
    found = TokenizedTexts([" \n ", "a", "\t"], ["en"] * 3)
    assert found.token_strings().to_pylist() == ["a"]
    assert found.document_sentence.tolist() == [0, 0, 1, 1]
