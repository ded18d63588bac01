"""Words with their offsets, and phrases found among them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

V = TypeVar("V")

_WORD = re.compile(
    r"\d+(?:[.,:]\d+)*(?:st|nd|rd|th|s|%)?(?![^\W\d_])"  # 1,200  2.5  1:42  31st
    r"|(?:[^\W\d_]\.){2,}"  # U.S.
    r"|\w+(?:[-‐‑’'.&]\w+)*"  # don’t  co-op  F-16
    r"|[^\w\s]"
)
_SENTENCE_END = frozenset(".!?…")


class Word(NamedTuple):
    """A word, a number or a mark of punctuation, and where it stands."""

    text: str
    start: int
    end: int

    @property
    def low(self) -> str:
        """In small letters, with one kind of apostrophe and hyphen."""
        return self.text.lower().replace("’", "'").replace("‐", "-").replace("‑", "-")

    @property
    def capital(self) -> bool:
        """Whether it begins with a capital."""
        return self.text[0].isupper()


def words(text: str, offset: int = 0) -> list[Word]:
    """Every word of a text in order.

    >>> [word.text for word in words("The U.S. sent 1,200 men.")]
    ['The', 'U.S.', 'sent', '1,200', 'men', '.']
    """
    return [Word(found[0], offset + found.start(), offset + found.end()) for found in _WORD.finditer(text)]


def lines(text: str) -> Iterator[list[Word]]:
    """The words of each line: no mention goes on into another."""
    start = 0
    for line in text.splitlines(keepends=True):
        if found := words(line, start):
            yield found
        start += len(line)


def begins(line: Sequence[Word], number: int) -> bool:
    """Whether a sentence begins with this word, so that its capital says nothing."""
    before = number - 1
    while before >= 0 and line[before].text in "\"“”'‘’([":
        before -= 1
    return before < 0 or line[before].text in _SENTENCE_END


def bare(word: Word) -> str:
    """The word without a possessive.

    >>> bare(Word("Russia’s", 0, 8)), bare(Word("Thomas’", 0, 7))
    ('Russia', 'Thomas')
    """
    return word.text[:-2] if word.low.endswith("'s") else word.text.rstrip("'’") or word.text


class Phrases(Generic[V]):
    """Many phrases, each with a value, found in one walk over the words: the longest that begins at a word."""

    def __init__(self, known: Iterable[tuple[Sequence[str], V]]) -> None:
        self._first: dict[str, list[tuple[tuple[str, ...], V]]] = {}
        for phrase, value in known:
            self._first.setdefault(phrase[0], []).append((tuple(phrase), value))
        for choices in self._first.values():
            choices.sort(key=lambda choice: -len(choice[0]))

    def at(self, texts: Sequence[str], number: int) -> tuple[int, V] | None:
        """How many words the longest phrase takes that begins at word ``number``, and its value."""
        for phrase, value in self._first.get(texts[number], ()):
            if tuple(texts[number : number + len(phrase)]) == phrase:
                return len(phrase), value
        return None

    def found(self, texts: Sequence[str]) -> Iterator[tuple[int, int, V]]:
        """(first word, word after the last, value) of each, from left to right, none inside another.

        >>> phrases = Phrases([(("New", "York"), 1), (("York",), 2)])
        >>> list(phrases.found(["New", "York", "York"]))
        [(0, 2, 1), (2, 3, 2)]
        """
        number = 0
        while number < len(texts):
            match = self.at(texts, number)
            if match:
                yield number, number + match[0], match[1]
            number += match[0] if match else 1
