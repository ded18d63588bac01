"""What the annotators of one document marked, reading by reading, with who marked it just so.

A *spot* is a label on a span. A mention's *reading* is a spot with attributes, an arrow's is its type and the spots at
its ends. What every annotator gave alike is agreed; anything else rivals with something, if only with its absence.
Notes and flags are no part of a reading: they say why.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from sayso.records import Annotation, Mention, Pseudonym, Relation, Value
from sayso.spans import Span, overlapping

Attributes = tuple[tuple[str, Value], ...]
"""Names and values in order of name, so that two readings compare."""


class Spot(NamedTuple):
    """A label on a span, in code points."""

    start: int
    end: int
    label: str

    @property
    def span(self) -> Span:
        """Where it is."""
        return Span(self.start, self.end)


class Marked(NamedTuple):
    """A mention as somebody read it."""

    spot: Spot
    attributes: Attributes


class Drawn(NamedTuple):
    """A relation as somebody read it."""

    type: str
    head: Spot
    tail: Spot


Votes = tuple[Pseudonym, ...]


class Remark(NamedTuple):
    """What an annotator said of a mention."""

    annotator: Pseudonym
    flag: str | None
    note: str | None


@dataclass(frozen=True)
class Candidate:
    """A spot that somebody marked; ``readings`` say with which attributes, and who did, most votes first."""

    spot: Spot
    text: str
    readings: tuple[tuple[Attributes, Votes], ...]
    remarks: tuple[Remark, ...] = ()

    @property
    def voters(self) -> Votes:
        """Who marked the spot, whatever the attributes."""
        return tuple(sorted({name for _attributes, votes in self.readings for name in votes}))

    @property
    def marked(self) -> tuple[Marked, ...]:
        """Its readings."""
        return tuple(Marked(self.spot, attributes) for attributes, _votes in self.readings)


@dataclass(frozen=True)
class Candidates:
    """One document in one pass, as its annotators read it.

    Attributes:
        annotators: everybody whose answer counts, also those who marked nothing.
        mentions: in order of place.
        relations: each with who drew it, in order of place.
        newest: when the last of the answers was changed.
    """

    doc_id: str
    text_sha256: str
    campaign: str
    interface: str
    annotators: Votes
    mentions: tuple[Candidate, ...]
    relations: tuple[tuple[Drawn, Votes], ...]
    newest: str

    @cached_property
    def votes(self) -> dict[Marked | Drawn, Votes]:
        """Every reading with those who gave it."""
        found: dict[Marked | Drawn, Votes] = {
            Marked(candidate.spot, attributes): votes
            for candidate in self.mentions
            for attributes, votes in candidate.readings
        }
        return {**found, **dict(self.relations)}

    def agreed(self, reading: Marked | Drawn) -> bool:
        """Whether every annotator gave it, and nothing else in its place."""
        return self.votes.get(reading) == self.annotators and reading not in self._doubled

    @cached_property
    def _doubled(self) -> set[Marked | Drawn]:
        """Readings of spots that some annotator marked twice, with other attributes each time."""
        return {reading for candidate in self.mentions if len(candidate.readings) > 1 for reading in candidate.marked}

    @property
    def unanimous(self) -> bool:
        """Whether there is nothing to decide."""
        return all(self.agreed(reading) for reading in self.votes)

    def backers(self, drawn: Drawn) -> Votes:
        """Who drew this arrow, or the same between mentions that share words with its ends: they mean one thing."""
        names = {name for other, votes in self.relations if alike(drawn, other) for name in votes}
        return tuple(sorted(names))


def alike(one: Drawn, other: Drawn) -> bool:
    """Whether two arrows differ in nothing but the boundaries of the mentions at their ends.

    >>> he, claim = Spot(0, 2, "Actor"), Spot(8, 20, "Claim")
    >>> alike(Drawn("source", claim, he), Drawn("source", claim, Spot(0, 7, "Actor")))
    True
    """
    ends = ((one.head, other.head), (one.tail, other.tail))
    return one.type == other.type and all(a.label == b.label and overlapping(a.span, b.span) for a, b in ends)


def spot(mention: Mention) -> Spot:
    """Where a mention stands, and as what."""
    return Spot(mention.start, mention.end, mention.label)


def marked(mention: Mention) -> Marked:
    """A mention's reading."""
    return Marked(spot(mention), tuple(sorted(mention.attributes.items())))


def drawn(mentions: Iterable[Mention], relations: Iterable[Relation]) -> list[Drawn]:
    """The readings of relations, each once; one whose end is missing is none."""
    spots = {mention.id: spot(mention) for mention in mentions}
    found = (
        Drawn(relation.type, spots[relation.head], spots[relation.tail])
        for relation in relations
        if relation.head in spots and relation.tail in spots
    )
    return list(dict.fromkeys(found))


def candidates(answers: Sequence[Annotation]) -> Candidates:
    """What independent answers to one document in one pass come to; one answer of each annotator, at least one."""
    first = answers[0]
    return Candidates(
        doc_id=first.doc_id,
        text_sha256=first.text_sha256,
        campaign=first.campaign,
        interface=first.interface,
        annotators=tuple(sorted(answer.annotator for answer in answers)),
        mentions=_mentions(answers),
        relations=_relations(answers),
        newest=max(answer.updated for answer in answers),
    )


def _mentions(answers: Sequence[Annotation]) -> tuple[Candidate, ...]:
    spots: dict[Spot, dict[Attributes, set[Pseudonym]]] = {}
    texts: dict[Spot, str] = {}
    remarks: dict[Spot, set[Remark]] = {}
    for answer in answers:
        for mention in answer.mentions:
            place, attributes = marked(mention)
            spots.setdefault(place, {}).setdefault(attributes, set()).add(answer.annotator)
            texts[place] = mention.text
            if mention.flag or mention.note:
                remarks.setdefault(place, set()).add(Remark(answer.annotator, mention.flag, mention.note))
    return tuple(
        Candidate(place, texts[place], _ranked(spots[place]), tuple(sorted(remarks.get(place, ()), key=str)))
        for place in sorted(spots, key=in_place)
    )


def in_place(place: Spot) -> tuple[int, int, str]:
    """By start, the longer first, then label: as mentions stand in a record."""
    return (place.start, -place.end, place.label)


def _ranked(readings: dict[Attributes, set[Pseudonym]]) -> tuple[tuple[Attributes, Votes], ...]:
    ranked = sorted(readings.items(), key=lambda each: (-len(each[1]), sorted(each[1]), str(each[0])))
    return tuple((attributes, tuple(sorted(votes))) for attributes, votes in ranked)


def _relations(answers: Sequence[Annotation]) -> tuple[tuple[Drawn, Votes], ...]:
    found: dict[Drawn, set[Pseudonym]] = {}
    for answer in answers:
        for arrow in drawn(answer.mentions, answer.relations):
            found.setdefault(arrow, set()).add(answer.annotator)
    ordered = sorted(found, key=lambda arrow: (in_place(arrow.head), arrow.type, in_place(arrow.tail)))
    return tuple((arrow, tuple(sorted(found[arrow]))) for arrow in ordered)
