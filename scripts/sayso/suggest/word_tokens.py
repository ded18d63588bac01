"""Words with their offsets, and phrases found among them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

V = TypeVar("V")

_WORD_PATTERN = re.compile(
    r"\d+(?:[.,:]\d+)*(?:st|nd|rd|th|s|%)?(?![^\W\d_])"  # 1,200  2.5  1:42  31st
    r"|(?:[^\W\d_]\.){2,}"  # U.S.
    r"|\w+(?:[-‐‑’'.&]\w+)*"  # don’t  co-op  F-16
    r"|[^\w\s]"
)
_SENTENCE_END = frozenset(".!?…")


class WordToken(NamedTuple):
    """A word, a number or a mark of punctuation, and where it stands."""

    text: str
    start: int
    end: int

    @property
    def normalized(self) -> str:
        """In small letters, with one kind of apostrophe and hyphen."""
        return self.text.lower().replace("’", "'").replace("‐", "-").replace("‑", "-")

    @property
    def is_capitalized(self) -> bool:
        """Whether it begins with a capital."""
        return self.text[0].isupper()


def split_words(text: str, offset: int = 0) -> list[WordToken]:
    """Every word of a text in order.

    >>> [word.text for word in split_words("The U.S. count_requests 1,200 men.")]
    ['The', 'U.S.', 'sent', '1,200', 'men', '.']
    """
    return [
        WordToken(found[0], offset + found.start(), offset + found.end())
        for found in _WORD_PATTERN.finditer(text)
    ]


def split_into_lines(text: str) -> Iterator[list[WordToken]]:
    """The words of each line: no mention goes on into another."""
    start = 0
    for line in text.splitlines(keepends=True):
        if found := split_words(line, start):
            yield found
        start += len(line)


def begins_sentence(line: Sequence[WordToken], number: int) -> bool:
    """Whether a sentence begins with this word, so that its capital says nothing."""
    before = number - 1
    while before >= 0 and line[before].text in "\"“”'‘’([":
        before -= 1
    return before < 0 or line[before].text in _SENTENCE_END


def without_possessive(word: WordToken) -> str:
    """The word without a possessive.

    >>> without_possessive(WordToken("Russia’s", 0, 8)), without_possessive(WordToken("Thomas’", 0, 7))
    ('Russia', 'Thomas')
    """
    return word.text[:-2] if word.normalized.endswith("'s") else word.text.rstrip("'’") or word.text


class PhraseIndex(Generic[V]):
    """Many phrases, each with a value, found in one walk over the words: the longest that begins at a word."""

    def __init__(self, known: Iterable[tuple[Sequence[str], V]]) -> None:
        self._first: dict[str, list[tuple[tuple[str, ...], V]]] = {}
        for phrase, value in known:
            self._first.setdefault(phrase[0], []).append((tuple(phrase), value))
        for choices in self._first.values():
            choices.sort(key=lambda choice: -len(choice[0]))

    def match_at(self, texts: Sequence[str], number: int) -> tuple[int, V] | None:
        """How many words the longest phrase takes that begins at word ``number``, and its value."""
        for phrase, value in self._first.get(texts[number], ()):
            if tuple(texts[number : number + len(phrase)]) == phrase:
                return len(phrase), value
        return None

    def find_all(self, texts: Sequence[str]) -> Iterator[tuple[int, int, V]]:
        """(first word, word after the last, value) of each, from left to right, none inside another.

        >>> phrases = PhraseIndex([(("New", "York"), 1), (("York",), 2)])
        >>> words(phrases.find_all(["New", "York", "York"]))
        [(0, 2, 1), (2, 3, 2)]
        """
        number = 0
        while number < len(texts):
            match = self.match_at(texts, number)
            if match:
                yield number, number + match[0], match[1]
            number += match[0] if match else 1
