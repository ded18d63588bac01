"""Edges of names: words in front and endings that the schema declares, and punctuation."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from sayso.schema.schema_types import Schema
from sayso.spans import Span, trim

# The full stop of "U.S." is part of the name.
_ABBREVIATION = re.compile(r"(\.\w+|\b(Co|Corp|Inc|Jr|Ltd|Sr|St))\.\Z")
_LEADING, _TRAILING = "@#+", "+"
"""Signs that may begin or end a name: @handles, #tags, C++."""


class NameEdges:
    """Edges of names in one language: words in front and endings."""

    def __init__(self, before: tuple[str, ...], after: tuple[str, ...]) -> None:
        # The longest first: of "the" and "the great", or "'s" and "s", the longer is meant.
        words, endings = (
            "|".join(map(re.escape, sorted(set(each), key=lambda word: (-len(word), word))))
            for each in (before, after)
        )
        self._before = re.compile(rf"({words})\s", re.IGNORECASE) if words else None
        self._after = re.compile(rf"({endings})\Z", re.IGNORECASE) if endings else None
        starts = {word[0] for word in before if word}
        ends = {ending[-1] for ending in after if ending}
        self._starts = frozenset(letter for each in starts for letter in (each, each.swapcase()))
        self._ends = frozenset(letter for each in ends for letter in (each, each.swapcase()))

    def describe(self, name: str) -> str | None:
        """Say what is at an edge of a name and no part of it; None if there is nothing."""
        first, last = name[0], name[-1]
        is_bare = first not in self._starts and last not in self._ends
        if is_bare and first.isalnum() and last.isalnum():
            return None  # nearly all names: the expressions below cost most of the time
        if self._before and self._before.match(name):
            return "an article in front"
        if self._after and self._after.search(name):
            return "a possessive at the end"
        if _is_punctuation(first, _LEADING) or (
            _is_punctuation(last, _TRAILING) and not _ABBREVIATION.search(name)
        ):
            return "punctuation at an edge"
        return None

    def are_front_words(self, words: str) -> bool:
        """Test whether words, with white space, are declared as standing in front of a name."""
        found = self._before.match(words) if self._before else None
        return found is not None and not words[found.end() :].strip()

    def are_ending(self, words: str) -> bool:
        """Test whether words are declared as an ending of a name."""
        found = self._after.search(words.rstrip()) if self._after else None
        return found is not None and found.start() == 0

    def trim(self, name: str) -> Span:
        """Return the span of a name without its edges, if any is left.

        >>> edges = NameEdges(("the", "a", "an"), ("'s", "’s", "'", "’"))
        >>> edges.trim("the “Ministry of Defence’s”,")
        Span(start=5, end=24)
        >>> edges.trim("U.S.")
        Span(start=0, end=4)
        """
        span = Span(0, len(name))
        while span.start < span.end and self.describe(part := name[slice(*span)]):
            span = trim(self._remove_edge(span, part), name)
        return span if span.start < span.end else Span(0, len(name))

    def _remove_edge(self, span: Span, part: str) -> Span:
        if self._before and (article := self._before.match(part)):
            return Span(span.start + article.end(), span.end)
        if self._after and (ending := self._after.search(part)):
            return Span(span.start, span.end - len(ending[0]))
        if _is_punctuation(part[0], _LEADING):
            return Span(span.start + 1, span.end)
        return Span(span.start, span.end - 1)


def _is_punctuation(sign: str, allowed: str) -> bool:
    """Return True for a sign that is no letter, digit, mark of a letter, or white space."""
    if sign.isalnum() or sign == "_" or sign.isspace() or sign in allowed:
        return False
    return not unicodedata.category(sign).startswith("M")


NO_EDGES = NameEdges((), ())
"""Nothing but punctuation is no part of a name."""


def find_edges(schema: Schema, language: str = "") -> NameEdges:
    """Return the edges of names in a language, by its tag; without one, those of all languages."""
    declared = tuple(
        (each.before, each.after)
        for name, each in schema.edges.items()
        if not language or language.lower().split("-")[0] == name.lower() or language == name
    )
    return _make_edges(declared)


@lru_cache(maxsize=256)
def _make_edges(declared: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]) -> NameEdges:
    before = tuple(word for words, _endings in declared for word in words)
    after = tuple(ending for _words, endings in declared for ending in endings)
    return NameEdges(before, after)
