"""Words with their offsets, and phrases found among them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

from sayso.models import Document
from sayso.sentences import UNSPACED_SCRIPTS

V = TypeVar("V")

_LETTERS = rf"[^\W{UNSPACED_SCRIPTS}]"
_WORD_PATTERN = re.compile(
    r"\d+(?:[.,:]\d+)*(?:st|nd|rd|th|s|%)?(?![^\W\d_])"  # 1,200  2.5  1:42  31st
    r"|(?:[^\W\d_]\.){2,}"  # U.S.
    rf"|[{UNSPACED_SCRIPTS}]"  # 京 都: names are found letter by letter
    rf"|{_LETTERS}+(?:[-‐‑’'.&]{_LETTERS}+)*"  # don’t  co-op  F-16
    r"|[^\w\s]"
)
_SENTENCE_END = frozenset(".!?…")


def word_set(listed: str) -> frozenset[str]:
    """Return the words of a listing between spaces."""
    return frozenset(listed.split())


# The closed word classes of English: no name of a place and no noun that is counted is among them.
FUNCTION_WORDS = word_set(
    "a an the this that these those each every any all such both some no other more most of in on "
    "at by for from to into onto over under near with without within across along through "
    "throughout between among during since until till before after about around against towards "
    "toward than via per off out up down amid despite including inside outside behind beyond above "
    "below aboard onboard and or but nor so yet as then if when while where which who whom whose "
    "what how because although though is are was were be been being am has have had having do does "
    "did will would shall should may might must can could he she it they we you i him her them us "
    "me his its their our your my there here not never also only just still now today yesterday "
    "tomorrow again too very already meanwhile however"
)


class WordToken(NamedTuple):
    """A word, a number or a mark of punctuation, with its offsets."""

    text: str
    start: int
    end: int

    @property
    def normalized(self) -> str:
        """The word in small letters, with one kind of apostrophe and hyphen."""
        return self.text.lower().replace("’", "'").replace("‐", "-").replace("‑", "-")

    @property
    def is_capitalized(self) -> bool:
        """True if it begins with a capital."""
        return self.text[0].isupper()


def split_words(text: str, offset: int = 0) -> list[WordToken]:
    """Return every word of a text in order.

    >>> [word.text for word in split_words("The U.S. sent 1,200 men.")]
    ['The', 'U.S.', 'sent', '1,200', 'men', '.']
    >>> [word.text for word in split_words("京都へ")]
    ['京', '都', 'へ']
    """
    return [
        WordToken(found[0], offset + found.start(), offset + found.end())
        for found in _WORD_PATTERN.finditer(text)
    ]


def split_into_lines(text: str) -> Iterator[list[WordToken]]:
    """Yield the words of each line: no mention goes on into another."""
    start = 0
    for line in text.splitlines(keepends=True):
        if found := split_words(line, start):
            yield found
        start += len(line)


def is_english(document: Document) -> bool:
    """Return True if the document's language is English, of any region."""
    return document.language.partition("-")[0].lower() == "en"


def begins_sentence(line: Sequence[WordToken], number: int) -> bool:
    """Return True if a sentence begins with this word, so that its capital says nothing."""
    before = number - 1
    while before >= 0 and line[before].text in "\"“”'‘’([":
        before -= 1
    return before < 0 or line[before].text in _SENTENCE_END


def without_possessive(word: WordToken) -> str:
    """Return the word without a possessive.

    >>> without_possessive(WordToken("Russia’s", 0, 8))
    'Russia'
    >>> without_possessive(WordToken("Thomas’", 0, 7))
    'Thomas'
    """
    return word.text[:-2] if word.normalized.endswith("'s") else word.text.rstrip("'’") or word.text


class PhraseIndex(Generic[V]):
    """Many phrases, each with a value; of those that begin at a word the longest is found."""

    def __init__(self, phrases: Iterable[tuple[Sequence[str], V]]) -> None:
        self._by_first_word: dict[str, list[tuple[tuple[str, ...], V]]] = {}
        for phrase, value in phrases:
            self._by_first_word.setdefault(phrase[0], []).append((tuple(phrase), value))
        for choices in self._by_first_word.values():
            choices.sort(key=lambda choice: -len(choice[0]))

    def _match_at(self, texts: Sequence[str], number: int) -> tuple[int, V] | None:
        for phrase, value in self._by_first_word.get(texts[number], ()):
            if tuple(texts[number : number + len(phrase)]) == phrase:
                return len(phrase), value
        return None

    def find_all(self, texts: Sequence[str]) -> Iterator[tuple[int, int, V]]:
        """Yield (first word, word after the last, value) of each, from left to right.

        >>> phrases = PhraseIndex([(("New", "York"), 1), (("York",), 2)])
        >>> list(phrases.find_all(["New", "York", "York"]))
        [(0, 2, 1), (2, 3, 2)]
        """
        number = 0
        while number < len(texts):
            match = self._match_at(texts, number)
            if match:
                yield number, number + match[0], match[1]
            number += match[0] if match else 1
