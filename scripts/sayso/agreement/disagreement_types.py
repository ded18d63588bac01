"""Types of disagreement: kind, exact difference, and what each side has."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from sayso.models import AttributeValue, Mention, Relation
from sayso.schema.name_edges import NameEdges

DisagreementKind = Literal[
    "missed", "boundary", "label", "attribute", "nesting", "relation", "answer"
]
DISAGREEMENT_KINDS: dict[DisagreementKind, str] = {
    "missed": "only one annotator marked it",
    "boundary": "the same label on overlapping spans with other edges",
    "label": "two labels on equal or overlapping spans",
    "attribute": "the same label and span with other attributes",
    "nesting": "one span against several, or one inside the other",
    "relation": "a relation that only one annotator has, or with another type or end",
    "answer": "two answers to a question about the document",
}
LABEL_SEPARATOR = " ↔ "

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
        longer: the side with the longer span: 0 for one, 1 for the other.
        what: ``article``, ``possessive``, ``punctuation``, ``bracket``, ``part of a word`` or
            ``words``.
        words: the text that only the longer span has.
    """

    side: Literal["left", "right"]
    longer: int
    what: str
    words: str

    @property
    def description(self) -> str:
        """Edge and sort of words, whichever span is longer."""
        return f"{self.side} {self.what}"


@dataclass(frozen=True, slots=True)
class AttributeDifference:
    """An attribute with two values; None where there is none."""

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
    """The part of one annotation in a disagreement; mentions in order of position."""

    mentions: tuple[Mention, ...] = ()
    relations: tuple[LinkedRelation, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.mentions or self.relations)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One thing on which two annotations differ.

    Attributes:
        details: the exact differences, in words that can be counted.
        counterpart: for nesting, the span of the side that has nothing, around, inside or across
            this one.
        edges: for a boundary, from left to right.
        values: for attributes, in order of name; for an answer, that of its question.
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
        """Both sides."""
        return self.one, self.other

    @property
    def names(self) -> tuple[str, ...]:
        """The labels, the types of relations, or the question, sorted."""
        if self.kind == "answer":
            return tuple(value.name for value in self.values)
        labels = {mention.label for side in self.sides for mention in side.mentions}
        types = {each.relation.type for side in self.sides for each in side.relations}
        return tuple(sorted(labels | types))

    @property
    def name(self) -> str:
        """The label or type that it is counted under, or both.

        >>> Disagreement("missed", (), DisagreementSide(), DisagreementSide()).name
        ''
        """
        return LABEL_SEPARATOR.join(self.names)

    @property
    def detail(self) -> str:
        """All details in one phrase."""
        return " and ".join(self.details)

    @property
    def position(self) -> tuple[int, int, str]:
        """A sort key: first start, last end (the longest first), name."""
        mentions = [mention for side in self.sides for mention in side.mentions]
        mentions += [each.head for side in self.sides for each in side.relations]
        return min(m.start for m in mentions), -max(m.end for m in mentions), self.name


_BRACKET = re.compile(r"\s*[(\[].*[)\]]\s*", re.DOTALL)


def compare_edges(
    one: Mention, other: Mention, text: str, names: NameEdges
) -> tuple[EdgeDifference, ...]:
    """Return the edges that differ between two overlapping spans of ``text``, from left to right.

    Args:
        names: the edges of names in the language of the text; an article is a word in front, a
            possessive an ending.

    >>> english = NameEdges(("the", "a", "an"), ("'s", "’s", "'", "’"))
    >>> mayor = Mention(id="a", label="Actor", start=0, end=9, text="The mayor")
    >>> mayors = Mention(id="b", label="Actor", start=4, end=11, text="mayor’s")
    >>> for edge in compare_edges(mayor, mayors, "The mayor’s", english):
    ...     print(edge)
    EdgeDifference(side='left', longer=0, what='article', words='The ')
    EdgeDifference(side='right', longer=1, what='possessive', words='’s')
    """
    found = []
    if one.start != other.start:
        start, end = sorted((one.start, other.start))
        words, longer = text[start:end], int(other.start < one.start)
        what = "article" if names.are_front_words(words) else _classify_words(text, start, end, end)
        found.append(EdgeDifference("left", longer, what, words))
    if one.end != other.end:
        start, end = sorted((one.end, other.end))
        words, longer = text[start:end], int(other.end > one.end)
        what = "possessive" if names.are_ending(words) else _classify_words(text, start, end, start)
        found.append(EdgeDifference("right", longer, what, words))
    return tuple(found)


def _classify_words(text: str, start: int, end: int, cut: int) -> str:
    """Classify the words at an edge; ``cut`` is where the shorter span starts or ends."""
    words = text[start:end]
    if not any(character.isalnum() for character in words):
        return "punctuation"
    if _BRACKET.fullmatch(words):
        return "bracket"
    return "part of a word" if text[cut - 1].isalnum() and text[cut].isalnum() else "words"
