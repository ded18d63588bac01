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

from sayso.models import Annotation, AttributeValue, Mention, Pseudonym, Relation
from sayso.spans import Span, overlaps

AttributeItems = tuple[tuple[str, AttributeValue], ...]
"""Names and values in order of name, so that two readings compare."""


class LabelledSpan(NamedTuple):
    """A label on a span, in code points."""

    start: int
    end: int
    label: str

    @property
    def span(self) -> Span:
        """Where it is."""
        return Span(self.start, self.end)


class MentionContent(NamedTuple):
    """A mention as somebody read it."""

    labelled_span: LabelledSpan
    attributes: AttributeItems


class RelationContent(NamedTuple):
    """A relation as somebody read it."""

    type: str
    head: LabelledSpan
    tail: LabelledSpan


Votes = tuple[Pseudonym, ...]


class AnnotatorRemark(NamedTuple):
    """What an annotator said of a mention."""

    annotator: Pseudonym
    flag: str | None
    note: str | None


@dataclass(frozen=True)
class SpanCandidate:
    """A spot that somebody marked; ``variants`` say with which attributes, and who did, most votes first."""

    labelled_span: LabelledSpan
    text: str
    variants: tuple[tuple[AttributeItems, Votes], ...]
    remarks: tuple[AnnotatorRemark, ...] = ()

    @property
    def voters(self) -> Votes:
        """Who marked the spot, whatever the attributes."""
        return tuple(sorted({name for _attributes, votes in self.variants for name in votes}))

    @property
    def contents(self) -> tuple[MentionContent, ...]:
        """Its readings."""
        return tuple(
            MentionContent(self.labelled_span, attributes) for attributes, _votes in self.variants
        )


@dataclass(frozen=True)
class DocumentCandidates:
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
    pass_name: str
    annotators: Votes
    mentions: tuple[SpanCandidate, ...]
    relations: tuple[tuple[RelationContent, Votes], ...]
    latest_update: str

    @cached_property
    def votes(self) -> dict[MentionContent | RelationContent, Votes]:
        """Every reading with those who gave it."""
        found: dict[MentionContent | RelationContent, Votes] = {
            MentionContent(candidate.labelled_span, attributes): votes
            for candidate in self.mentions
            for attributes, votes in candidate.variants
        }
        return {**found, **dict(self.relations)}

    def is_agreed(self, content: MentionContent | RelationContent) -> bool:
        """Whether every annotator gave it, and nothing else in its place."""
        return self.votes.get(content) == self.annotators and content not in self._repeated_contents

    @cached_property
    def _repeated_contents(self) -> set[MentionContent | RelationContent]:
        """Readings of spots that some annotator marked twice, with other attributes each time."""
        return {
            reading
            for candidate in self.mentions
            if len(candidate.variants) > 1
            for reading in candidate.contents
        }

    @property
    def is_unanimous(self) -> bool:
        """Whether there is nothing to decide."""
        return all(self.is_agreed(reading) for reading in self.votes)

    def find_backers(self, relation: RelationContent) -> Votes:
        """Who drew this arrow, or the same between mentions that share words with its ends: they mean one thing."""
        names = {
            name
            for other, votes in self.relations
            if differ_only_in_boundaries(relation, other)
            for name in votes
        }
        return tuple(sorted(names))


def differ_only_in_boundaries(one: RelationContent, other: RelationContent) -> bool:
    """Whether two arrows differ in nothing but the boundaries of the mentions at their ends.

    >>> he, claim = LabelledSpan(0, 2, "Actor"), LabelledSpan(8, 20, "ClaimContent")
    >>> differ_only_in_boundaries(RelationContent("source", claim, he), RelationContent("source", claim, LabelledSpan(0, 7, "Actor")))
    True
    """
    ends = ((one.head, other.head), (one.tail, other.tail))
    return one.type == other.type and all(
        a.label == b.label and overlaps(a.span, b.span) for a, b in ends
    )


def labelled_span_of(mention: Mention) -> LabelledSpan:
    """Where a mention stands, and as what."""
    return LabelledSpan(mention.start, mention.end, mention.label)


def mention_content(mention: Mention) -> MentionContent:
    """A mention's reading."""
    return MentionContent(labelled_span_of(mention), tuple(sorted(mention.attributes.items())))


def relation_contents(
    mentions: Iterable[Mention], relations: Iterable[Relation]
) -> list[RelationContent]:
    """The readings of relations, each once; one whose end is missing is none."""
    spots = {mention.id: labelled_span_of(mention) for mention in mentions}
    found = (
        RelationContent(relation.type, spots[relation.head], spots[relation.tail])
        for relation in relations
        if relation.head in spots and relation.tail in spots
    )
    return list(dict.fromkeys(found))


def collect_candidates(annotations: Sequence[Annotation]) -> DocumentCandidates:
    """What independent answers to one document in one pass come to; one answer of each annotator, at least one."""
    first = annotations[0]
    return DocumentCandidates(
        doc_id=first.doc_id,
        text_sha256=first.text_sha256,
        campaign=first.campaign,
        pass_name=first.interface,
        annotators=tuple(sorted(answer.annotator for answer in annotations)),
        mentions=_collect_mentions(annotations),
        relations=_collect_relations(annotations),
        latest_update=max(answer.updated for answer in annotations),
    )


def _collect_mentions(annotations: Sequence[Annotation]) -> tuple[SpanCandidate, ...]:
    spots: dict[LabelledSpan, dict[AttributeItems, set[Pseudonym]]] = {}
    texts: dict[LabelledSpan, str] = {}
    remarks: dict[LabelledSpan, set[AnnotatorRemark]] = {}
    for answer in annotations:
        for mention in answer.mentions:
            place, attributes = mention_content(mention)
            spots.setdefault(place, {}).setdefault(attributes, set()).add(answer.annotator)
            texts[place] = mention.text
            if mention.flag or mention.note:
                remarks.setdefault(place, set()).add(
                    AnnotatorRemark(answer.annotator, mention.flag, mention.note)
                )
    return tuple(
        SpanCandidate(
            place,
            texts[place],
            _rank_variants(spots[place]),
            tuple(sorted(remarks.get(place, ()), key=str)),
        )
        for place in sorted(spots, key=position_key)
    )


def position_key(span: LabelledSpan) -> tuple[int, int, str]:
    """By start, the longer first, then label: as mentions stand in a record."""
    return (span.start, -span.end, span.label)


def _rank_variants(
    variants: dict[AttributeItems, set[Pseudonym]],
) -> tuple[tuple[AttributeItems, Votes], ...]:
    ranked = sorted(
        variants.items(), key=lambda each: (-len(each[1]), sorted(each[1]), str(each[0]))
    )
    return tuple((attributes, tuple(sorted(votes))) for attributes, votes in ranked)


def _collect_relations(
    annotations: Sequence[Annotation],
) -> tuple[tuple[RelationContent, Votes], ...]:
    found: dict[RelationContent, set[Pseudonym]] = {}
    for answer in annotations:
        for arrow in relation_contents(answer.mentions, answer.relations):
            found.setdefault(arrow, set()).add(answer.annotator)
    ordered = sorted(
        found, key=lambda arrow: (position_key(arrow.head), arrow.type, position_key(arrow.tail))
    )
    return tuple((arrow, tuple(sorted(found[arrow]))) for arrow in ordered)
