"""The words of a disagreement: its kind, what exactly differs, and who has what."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from sayso.records import Mention, Relation, Value

Kind = Literal["missed", "boundary", "label", "attribute", "nesting", "relation"]
KINDS: dict[Kind, str] = {
    "missed": "marked by one only",
    "boundary": "the same label on overlapping words, with other edges",
    "label": "the same or overlapping words under two labels",
    "attribute": "the same words and label, with other answers",
    "nesting": "one span here, several or one inside the other there",
    "relation": "an arrow that only one drew, or that leads elsewhere",
}
BETWEEN = " ↔ "  # between two labels that stand for one thing

SPLIT, ENTANGLED = "one against several", "several against several"
INSIDE, AROUND, ACROSS, TWICE, SECOND = "inside", "around", "across", "marked twice", "under a second label"
NO_END, TURNED, OTHER_TYPE, OTHER_END, ALONE = (
    "an end is missing", "turned round", "another type", "another end", "drawn by one only"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Edge:
    """One edge that differs.

    Attributes:
        side: at the start or at the end of the span.
        longer: who takes more words in: 0 for the one reading, 1 for the other.
        what: ``article``, ``possessive``, ``punctuation``, ``bracket``, ``part of a word`` or ``words``.
        words: what is in the longer span only.
    """

    side: Literal["left", "right"]
    longer: int
    what: str
    words: str

    @property
    def told(self) -> str:
        """Side and sort, whoever is longer."""
        return f"{self.side} {self.what}"


@dataclass(frozen=True, slots=True)
class Difference:
    """An attribute with two values; None where it was left empty."""

    name: str
    one: Value | None
    other: Value | None


@dataclass(frozen=True, slots=True)
class Arrow:
    """A relation with the mentions at its ends."""

    relation: Relation
    head: Mention
    tail: Mention


@dataclass(frozen=True, slots=True)
class Side:
    """What one of two readings has to do with a disagreement; mentions in order of place."""

    mentions: tuple[Mention, ...] = ()
    arrows: tuple[Arrow, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.mentions or self.arrows)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One thing on which two readings differ.

    Attributes:
        details: what exactly differs, in words that can be counted.
        beside: for nesting, the span of the reading without this one, that lies around, inside or across it.
        edges: for a boundary, from left to right.
        values: for attributes, in order of name.
    """

    kind: Kind
    details: tuple[str, ...]
    one: Side
    other: Side
    beside: Mention | None = None
    edges: tuple[Edge, ...] = ()
    values: tuple[Difference, ...] = ()

    @property
    def sides(self) -> tuple[Side, Side]:
        """Both."""
        return self.one, self.other

    @property
    def names(self) -> tuple[str, ...]:
        """The labels, or of arrows the types, in order of the alphabet."""
        mentions = {mention.label for side in self.sides for mention in side.mentions}
        return tuple(sorted(mentions | {arrow.relation.type for side in self.sides for arrow in side.arrows}))

    @property
    def name(self) -> str:
        """The label or type that it is counted under, or both.

        >>> Disagreement("missed", (), Side(), Side()).name
        ''
        """
        return BETWEEN.join(self.names)

    @property
    def detail(self) -> str:
        """The details as one."""
        return " and ".join(self.details)


# --- edges

_ARTICLE = re.compile(r"(the|an?)\s+", re.IGNORECASE)
_POSSESSIVE = re.compile(r"['’]s?\s*", re.IGNORECASE)
_BRACKET = re.compile(r"\s*[(\[].*[)\]]\s*", re.DOTALL)


def edges(one: Mention, other: Mention, text: str) -> tuple[Edge, ...]:
    """The edges that differ between two overlapping spans of ``text``, from left to right.

    >>> mayor = Mention(id="a", label="Actor", start=0, end=9, text="The mayor")
    >>> for edge in edges(mayor, Mention(id="b", label="Actor", start=4, end=11, text="mayor’s"), "The mayor’s"):
    ...     print(edge)
    Edge(side='left', longer=0, what='article', words='The ')
    Edge(side='right', longer=1, what='possessive', words='’s')
    """
    found = []
    if one.start != other.start:
        start, end = sorted((one.start, other.start))
        found.append(Edge("left", int(other.start < one.start), _left(text, start, end), text[start:end]))
    if one.end != other.end:
        start, end = sorted((one.end, other.end))
        found.append(Edge("right", int(other.end > one.end), _right(text, start, end), text[start:end]))
    return tuple(found)


def _left(text: str, start: int, end: int) -> str:
    words = text[start:end]
    return "article" if _ARTICLE.fullmatch(words) else _sort(words, text, end)


def _right(text: str, start: int, end: int) -> str:
    words = text[start:end]
    return "possessive" if _POSSESSIVE.fullmatch(words) else _sort(words, text, start)


def _sort(words: str, text: str, cut: int) -> str:
    """What the words at an edge are; ``cut`` is where the shorter span ends or begins."""
    if not any(character.isalnum() for character in words):
        return "punctuation"
    if _BRACKET.fullmatch(words):
        return "bracket"
    return "part of a word" if text[cut - 1].isalnum() and text[cut].isalnum() else "words"
