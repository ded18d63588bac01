"""The words of a disagreement: its kind, what exactly differs, and who has what."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from sayso.models import AttributeValue, Mention, Relation

DisagreementKind = Literal["missed", "boundary", "label", "attribute", "nesting", "relation"]
DISAGREEMENT_KINDS: dict[DisagreementKind, str] = {
    "missed": "marked by one only",
    "boundary": "the same label on overlapping words, with other edges",
    "label": "the same or overlapping words under two labels",
    "attribute": "the same words and label, with other answers",
    "nesting": "one span here, several or one inside the other there",
    "relation": "an arrow that only one drew, or that leads elsewhere",
}
LABEL_SEPARATOR = " ↔ "  # between two labels that stand for one thing

ONE_AGAINST_SEVERAL, SEVERAL_AGAINST_SEVERAL = "one against several", "several against several"
NESTED_INSIDE, NESTED_AROUND, CROSSING, MARKED_TWICE, SECOND_LABEL = (
    "inside",
    "around",
    "across",
    "marked twice",
    "under a second label",
)
MISSING_END, REVERSED, OTHER_TYPE, OTHER_END, ONE_SIDED = (
    "an end is missing",
    "turned round",
    "another type",
    "another end",
    "drawn by one only",
)


@dataclass(frozen=True, slots=True)
class EdgeDifference:
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
    def description(self) -> str:
        """Side and sort, whoever is longer."""
        return f"{self.side} {self.what}"


@dataclass(frozen=True, slots=True)
class AttributeDifference:
    """An attribute with two values; None where it was left empty."""

    name: str
    one: AttributeValue | None
    other: AttributeValue | None


@dataclass(frozen=True, slots=True)
class LinkedRelation:
    """A relation with the mentions at its ends."""

    relation: Relation
    head: Mention
    tail: Mention


@dataclass(frozen=True, slots=True)
class DisagreementSide:
    """What one of two readings has to do with a disagreement; mentions in order of place."""

    mentions: tuple[Mention, ...] = ()
    relations: tuple[LinkedRelation, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.mentions or self.relations)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One thing on which two readings differ.

    Attributes:
        details: what exactly differs, in words that can be counted.
        beside: for nesting, the span of the reading without this one, that lies around, inside or across it.
        edges: for a boundary, from left to right.
        values: for attributes, in order of name.
    """

    kind: DisagreementKind
    details: tuple[str, ...]
    one: DisagreementSide
    other: DisagreementSide
    counterpart: Mention | None = None
    edges: tuple[EdgeDifference, ...] = ()
    values: tuple[AttributeDifference, ...] = ()

    @property
    def sides(self) -> tuple[DisagreementSide, DisagreementSide]:
        """Both."""
        return self.one, self.other

    @property
    def names(self) -> tuple[str, ...]:
        """The labels, or of arrows the types, in order of the alphabet."""
        mentions = {mention.label for side in self.sides for mention in side.mentions}
        return tuple(
            sorted(
                mentions | {arrow.relation.type for side in self.sides for arrow in side.relations}
            )
        )

    @property
    def name(self) -> str:
        """The label or type that it is counted under, or both.

        >>> Disagreement("missed", (), DisagreementSide(), DisagreementSide()).name
        ''
        """
        return LABEL_SEPARATOR.join(self.names)

    @property
    def detail(self) -> str:
        """The details as one."""
        return " and ".join(self.details)


# --- edges

_ARTICLE = re.compile(r"(the|an?)\s+", re.IGNORECASE)
_POSSESSIVE = re.compile(r"['’]s?\s*", re.IGNORECASE)
_BRACKET = re.compile(r"\s*[(\[].*[)\]]\s*", re.DOTALL)


def compare_edges(one: Mention, other: Mention, text: str) -> tuple[EdgeDifference, ...]:
    """The edges that differ between two overlapping spans of ``text``, from left to right.

    >>> mayor = Mention(id="a", label="Actor", start_command=0, end=9, text="The mayor")
    >>> for edge in compare_edges(mayor, Mention(id="b", label="Actor", start_command=4, end=11, text="mayor’s"), "The mayor’s"):
    ...     print(edge)
    Edge(side='left', longer=0, what='article', words='The ')
    Edge(side='right', longer=1, what='possessive', words='’s')
    """
    found = []
    if one.start != other.start:
        start, end = sorted((one.start, other.start))
        found.append(
            EdgeDifference(
                "left",
                int(other.start < one.start),
                _classify_left(text, start, end),
                text[start:end],
            )
        )
    if one.end != other.end:
        start, end = sorted((one.end, other.end))
        found.append(
            EdgeDifference(
                "right",
                int(other.end > one.end),
                _classify_right(text, start, end),
                text[start:end],
            )
        )
    return tuple(found)


def _classify_left(text: str, start: int, end: int) -> str:
    words = text[start:end]
    return "article" if _ARTICLE.fullmatch(words) else _classify_words(words, text, end)


def _classify_right(text: str, start: int, end: int) -> str:
    words = text[start:end]
    return "possessive" if _POSSESSIVE.fullmatch(words) else _classify_words(words, text, start)


def _classify_words(words: str, text: str, cut: int) -> str:
    """What the words at an edge are; ``cut`` is where the shorter span ends or begins."""
    if not any(character.isalnum() for character in words):
        return "punctuation"
    if _BRACKET.fullmatch(words):
        return "bracket"
    return "part of a word" if text[cut - 1].isalnum() and text[cut].isalnum() else "words"
