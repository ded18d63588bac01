"""What an adjudicator is asked of one document, as a Label Studio task. Pure.

Every spot that somebody marked is a region. What is agreed, or was decided before, comes with its verdict; what rivals
comes without, first in order, with who said what. Arrows that are settled are drawn, the others listed to be ticked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec
from msgspec import Struct

from sayso.adjudication.candidates import (
    DocumentCandidates,
    LabelledSpan,
    MentionContent,
    RelationContent,
    SpanCandidate,
    Votes,
    labelled_span_of,
    position_key,
)
from sayso.adjudication.decisions import Decision, find_pending
from sayso.adjudication.majority import majority_attributes
from sayso.labelstudio import codec, tasks
from sayso.labelstudio.controls import DROP, KEEP, OPEN_RELATIONS, TEXT, VERDICT, VOTES
from sayso.models import AttributeValue, Document, Mention, Relation
from sayso.schema.declarations import Schema
from sayso.spans import overlaps

ASKED_KEY, DIGEST_KEY = "adjudication", "adjudication_sha256"  # keys of the task's data
_QUOTE_LENGTH = 40  # code points of a mention that a row quotes


class RelationRow(Struct, frozen=True):
    """An arrow to be ticked: the words that stand there, and the regions at its ends."""

    words: str
    type: str
    head: str
    tail: str


class KnownMention(Struct, frozen=True):
    """A mention's reading that the adjudicator had before them."""

    label: str
    start: int
    end: int
    attributes: dict[str, AttributeValue]


class KnownRelation(Struct, frozen=True):
    """An arrow that the adjudicator had before them, by the spots at its ends: start, end, label."""

    type: str
    head: tuple[int, int, str]
    tail: tuple[int, int, str]


class AskedQuestion(Struct, frozen=True):
    """All of a question that its answer needs, as the task carries it.

    Attributes:
        regions: the ids of the regions that were there from the start.
        marked, drawn: every reading that is decided once the task is submitted.
        rows: the arrows to be ticked.
    """

    regions: tuple[str, ...]
    marked: tuple[KnownMention, ...]
    drawn: tuple[KnownRelation, ...]
    rows: tuple[RelationRow, ...]

    @property
    def readings(self) -> frozenset[MentionContent | RelationContent]:
        """The readings that are decided with the answer."""
        spots = (
            MentionContent(
                LabelledSpan(k.start, k.end, k.label), tuple(sorted(k.attributes.items()))
            )
            for k in self.marked
        )
        return frozenset(
            [
                *spots,
                *(
                    RelationContent(a.type, LabelledSpan(*a.head), LabelledSpan(*a.tail))
                    for a in self.drawn
                ),
            ]
        )


@dataclass(frozen=True)
class AdjudicationQuestion:
    """One document to be adjudicated; ``before`` is what an adjudicator decided on it already."""

    document: Document
    candidates: DocumentCandidates
    schema: Schema
    before: Decision | None = None

    @cached_property
    def undecided(self) -> list[MentionContent | RelationContent]:
        """What nobody has decided yet."""
        return find_pending(self.candidates, self.before)

    @cached_property
    def _undecided_spots(self) -> set[LabelledSpan]:
        return {each.labelled_span for each in self.undecided if isinstance(each, MentionContent)}

    @cached_property
    def _mentions_before(self) -> dict[LabelledSpan, Mention]:
        return (
            {labelled_span_of(mention): mention for mention in self.before.mentions}
            if self.before
            else {}
        )

    @cached_property
    def _candidate_by_spot(self) -> dict[LabelledSpan, SpanCandidate]:
        return {candidate.labelled_span: candidate for candidate in self.candidates.mentions}

    @cached_property
    def _ordered_spots(self) -> list[LabelledSpan]:
        """The undecided first: Label Studio leads from one to the next in this order."""
        spots = (
            self._candidate_by_spot.keys()
            | self._mentions_before.keys()
            | {reading.labelled_span for reading in self._declined_before}
        )
        return sorted(
            spots, key=lambda place: (place not in self._undecided_spots, position_key(place))
        )

    @cached_property
    def _declined_before(self) -> list[MentionContent]:
        return (
            [each for each in self.before.declined if isinstance(each, MentionContent)]
            if self.before
            else []
        )

    @cached_property
    def _settled_relations(self) -> list[RelationContent]:
        """Those that all drew, and those that were taken before; drawn as arrows."""
        declined = self.before.declined if self.before else frozenset()
        agreed = [
            arrow
            for arrow, _votes in self.candidates.relations
            if self.candidates.is_agreed(arrow) and arrow not in declined
        ]
        before = [
            each
            for each in (self.before.accepted if self.before else ())
            if isinstance(each, RelationContent)
        ]
        return sorted(
            {*agreed, *before},
            key=lambda each: (position_key(each.head), each.type, position_key(each.tail)),
        )

    @cached_property
    def asked(self) -> AskedQuestion:
        """What the answer will need."""
        readings: set[MentionContent | RelationContent] = {*self.candidates.votes}
        if self.before:
            readings |= self.before.accepted | self.before.declined
        marks = sorted(
            (r for r in readings if isinstance(r, MentionContent)),
            key=lambda r: (position_key(r.labelled_span), str(r)),
        )
        arrows = sorted((r for r in readings if isinstance(r, RelationContent)), key=str)
        return AskedQuestion(
            regions=tuple(map(region_id, self._ordered_spots)),
            marked=tuple(
                KnownMention(
                    m.labelled_span.label,
                    m.labelled_span.start,
                    m.labelled_span.end,
                    dict(m.attributes),
                )
                for m in marks
            ),
            drawn=tuple(KnownRelation(a.type, (*a.head,), (*a.tail,)) for a in arrows),
            rows=tuple(self._build_rows()),
        )

    def _build_rows(self) -> Iterator[RelationRow]:
        for number, arrow in enumerate(
            (each for each in self.undecided if isinstance(each, RelationContent)), 1
        ):
            votes = self.candidates.votes[arrow]
            others = [name for name in self.candidates.annotators if name not in votes]
            ends = f"{self._quote(arrow.head)} — {arrow.type} → {self._quote(arrow.tail)}"
            who = ", ".join(votes) + (f"; not {', '.join(others)}" if others else "")
            yield RelationRow(
                f"{number}. {ends} ({who})",
                arrow.type,
                region_id(arrow.head),
                region_id(arrow.tail),
            )

    def _quote(self, place: LabelledSpan) -> str:
        return f"{place.label} “{shorten(self.document.text[place.start : place.end])}”"

    @cached_property
    def data(self) -> dict[str, Any]:
        """The data of the task."""
        asked = msgspec.json.encode(self.asked, order="deterministic").decode()
        shown = tasks.build_task_data(self.document, self.schema.version)
        rows = [{"value": row.words} for row in self.asked.rows]
        digest = hashlib.sha256(
            msgspec.json.encode([asked, self.result, shown["text_sha256"]])
        ).hexdigest()
        return {**shown, OPEN_RELATIONS: rows, ASKED_KEY: asked, DIGEST_KEY: digest}

    @cached_property
    def result(self) -> list[dict[str, Any]]:
        """What the adjudicator starts from."""
        mentions = [self._build_mention(place) for place in self._ordered_spots]
        ids = {labelled_span_of(mention): mention.id for mention in mentions}
        relations = [
            Relation(type=a.type, head=ids[a.head], tail=ids[a.tail])
            for a in self._settled_relations
        ]
        items = codec.encode_result(mentions, relations, self.schema)
        for mention in mentions:
            items += self._build_verdict_items(mention)
        ticked = [
            row.words
            for row, arrow in zip(self.asked.rows, self._undecided_relations(), strict=True)
            if 2 * len(self.candidates.find_backers(arrow)) > len(self.candidates.annotators)
        ]
        if ticked:
            items.append(
                {
                    "id": OPEN_RELATIONS,
                    "from_name": OPEN_RELATIONS,
                    "to_name": TEXT,
                    "type": "choices",
                    "value": {"choices": ticked},
                }
            )
        return items

    def _undecided_relations(self) -> list[RelationContent]:
        return [each for each in self.undecided if isinstance(each, RelationContent)]

    def _build_mention(self, place: LabelledSpan) -> Mention:
        """The region of a spot: as it was taken before, else with the values that most of those gave who marked it."""
        start, end, label = place
        given = self._mentions_before.get(place)
        text, attributes = self.document.text[start:end], {}
        if given:
            attributes = given.attributes
        elif place in self._candidate_by_spot:
            attributes = majority_attributes(
                self._candidate_by_spot[place], len(self._candidate_by_spot[place].voters) / 2
            )
        return Mention(
            id=region_id(place),
            label=label,
            start=start,
            end=end,
            text=text,
            attributes=attributes,
            flag=given.flag if given else None,
            note=given.note if given else None,
        )

    def _build_verdict_items(self, mention: Mention) -> Iterator[dict[str, Any]]:
        place = labelled_span_of(mention)
        about = {"id": mention.id, "to_name": TEXT}
        span = {"start": mention.start, "end": mention.end}
        if place not in self._undecided_spots:
            verdict = KEEP if self._is_kept(place) else DROP
            yield {
                **about,
                "from_name": VERDICT,
                "type": "choices",
                "value": {**span, "choices": [verdict]},
            }
        yield {
            **about,
            "from_name": VOTES,
            "type": "textarea",
            "value": {**span, "text": [self.describe_votes(place)]},
        }

    def _is_kept(self, place: LabelledSpan) -> bool:
        declined = self.before.declined if self.before else frozenset()
        agreed = (each for each in self._mention_readings(place) if self.candidates.is_agreed(each))
        return place in self._mentions_before or any(each not in declined for each in agreed)

    def _mention_readings(self, place: LabelledSpan) -> tuple[MentionContent, ...]:
        return self._candidate_by_spot[place].contents if place in self._candidate_by_spot else ()

    def describe_votes(self, place: LabelledSpan) -> str:
        """Who said what of a spot and why, a line for each reading, then what the others have in its place."""
        candidate = self._candidate_by_spot.get(place)
        if candidate is None:
            return (
                "nobody marks this any more"
                if place not in self._mentions_before
                else "marked by the adjudicator"
            )
        lines = [
            self._describe_reading(candidate, attributes, votes)
            for attributes, votes in candidate.variants
        ]
        lines += [
            self._describe_alternative(name, place)
            for name in self.candidates.annotators
            if name not in candidate.voters
        ]
        return "\n".join(lines)

    def _describe_reading(
        self,
        candidate: SpanCandidate,
        attributes: Iterable[tuple[str, AttributeValue]],
        votes: Votes,
    ) -> str:
        """The values in which readings differ, and the remarks."""
        shared = set.intersection(*(set(each) for each, _votes in candidate.variants))
        values = ", ".join(
            f"{name} {value}" for name, value in attributes if (name, value) not in shared
        )
        if len(candidate.variants) > 1 and not values:
            values = "nothing more"
        remarks = "".join(
            _format_remark(r.annotator, r.flag, r.note)
            for r in candidate.remarks
            if r.annotator in votes
        )
        return ", ".join(votes) + (f": {values}" if values else " marked this") + remarks

    def _describe_alternative(self, name: str, place: LabelledSpan) -> str:
        others = [
            c.labelled_span
            for c in self.candidates.mentions
            if name in c.voters
            and overlaps(c.labelled_span.span, place.span)
            and _compete(c.labelled_span, place)
        ]
        return f"{name}: {', '.join(map(self._quote, others)) if others else 'nothing here'}"


def _compete(one: LabelledSpan, other: LabelledSpan) -> bool:
    """Whether one may stand in the other's place: the same label with another boundary, or the same span."""
    return one.label == other.label or one.span == other.span


def _format_remark(annotator: str, flag: str | None, note: str | None) -> str:
    said = " ".join(filter(None, (flag and f"({flag})", note and f"“{note}”")))
    return f" — {annotator} {said}"


def region_id(spot: LabelledSpan) -> str:
    """The id of a spot's region.

    >>> region_id(LabelledSpan(0, 6, "Actor"))
    'Actor-0-6'
    """
    return f"{spot.label}-{spot.start}-{spot.end}"


def shorten(text: str) -> str:
    """The words on one line, without their middle where they are many.

    >>> shorten("four drones were shot stop over the region_id last night")
    'four drones were sho…e region last night'
    """
    text = " ".join(text.split())
    return (
        text
        if len(text) <= _QUOTE_LENGTH
        else f"{text[: _QUOTE_LENGTH // 2]}…{text[-_QUOTE_LENGTH // 2 + 1 :]}"
    )
