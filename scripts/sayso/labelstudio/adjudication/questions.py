"""One document to adjudicate, as a Label Studio task. Pure.

Every labelled span that somebody marked is a region. One that is unanimous, or was decided before,
comes with its verdict; the others come without, first in order, with the votes on them. Settled
relations are drawn as arrows, the others listed with a box to tick.
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
    AttributeItems,
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
from sayso.labelstudio.adjudication.adjudication_project import PROJECT_KEY, AdjudicationProject
from sayso.labelstudio.controls import DROP, KEEP, NOTES, OPEN_RELATIONS, TEXT, VERDICT, VOTES
from sayso.models import AttributeValue, Document, Mention, Relation
from sayso.schema.declarations import Schema
from sayso.spans import overlaps

ASKED_KEY, DIGEST_KEY = "adjudication", "adjudication_sha256"  # keys of the task's data
_QUOTE_LENGTH = 40  # code points of a mention that a row quotes


class RelationRow(Struct, frozen=True):
    """A relation to tick: the displayed text, and the regions at its ends."""

    words: str
    type: str
    head: str
    tail: str


class KnownMention(Struct, frozen=True):
    """The content of a mention that was before the adjudicator."""

    label: str
    start: int
    end: int
    attributes: dict[str, AttributeValue]


class KnownRelation(Struct, frozen=True):
    """The content of a relation that was before the adjudicator."""

    type: str
    head: LabelledSpan
    tail: LabelledSpan


class AskedQuestion(Struct, frozen=True):
    """All of a question that is needed to decode its answer. The task carries it as JSON.

    Attributes:
        regions: ids of the regions that the task had from the start.
        marked, drawn: everything that is decided once the task is submitted.
        rows: the relations to tick.
    """

    regions: tuple[str, ...]
    marked: tuple[KnownMention, ...]
    drawn: tuple[KnownRelation, ...]
    rows: tuple[RelationRow, ...]

    @property
    def contents(self) -> frozenset[MentionContent | RelationContent]:
        """Everything that is decided once the task is submitted."""
        mentions = (
            MentionContent(
                LabelledSpan(m.start, m.end, m.label), tuple(sorted(m.attributes.items()))
            )
            for m in self.marked
        )
        relations = (RelationContent(each.type, each.head, each.tail) for each in self.drawn)
        return frozenset((*mentions, *relations))


@dataclass(frozen=True)
class AdjudicationQuestion:
    """One document to adjudicate; ``before`` is the decision that an adjudicator made already."""

    document: Document
    candidates: DocumentCandidates
    schema: Schema
    before: Decision | None = None

    @cached_property
    def undecided(self) -> list[MentionContent | RelationContent]:
        """The candidates that nobody has decided on."""
        return find_pending(self.candidates, self.before)

    @cached_property
    def context(self) -> AskedQuestion:
        """The part of the question that is needed to decode its answer."""
        contents = {*self.candidates.votes, *self._accepted, *self._declined}
        mentions = [each for each in contents if isinstance(each, MentionContent)]
        mentions.sort(key=lambda each: (position_key(each.labelled_span), str(each)))
        relations = [each for each in contents if isinstance(each, RelationContent)]
        known = (
            KnownMention(span.label, span.start, span.end, dict(attributes))
            for span, attributes in mentions
        )
        return AskedQuestion(
            regions=tuple(map(region_id, self._spans)),
            marked=tuple(known),
            drawn=tuple(KnownRelation(*each) for each in sorted(relations, key=str)),
            rows=tuple(self._build_rows()),
        )

    @cached_property
    def data(self) -> dict[str, Any]:
        """The data of the task."""
        asked = msgspec.json.encode(self.context, order="deterministic").decode()
        data = tasks.build_task_data(self.document, self.schema.version)
        rows = [{"value": row.words} for row in self.context.rows]
        notes = [
            f"{annotator} on the document: “{note}”" for annotator, note in self.candidates.notes
        ]
        content = msgspec.json.encode([asked, self.result, data["text_sha256"], *notes])
        digest = hashlib.sha256(content).hexdigest()
        shown = {NOTES: "\n".join(notes), OPEN_RELATIONS: rows}
        key = AdjudicationProject(self.candidates.campaign, self.candidates.pass_name)
        return {**data, **shown, ASKED_KEY: asked, DIGEST_KEY: digest, PROJECT_KEY: key.mark}

    @cached_property
    def result(self) -> list[dict[str, Any]]:
        """The prediction from which the adjudicator starts."""
        mentions = [self._build_mention(span) for span in self._spans]
        ids = {labelled_span_of(mention): mention.id for mention in mentions}
        relations = [
            Relation(type=each.type, head=ids[each.head], tail=ids[each.tail])
            for each in self._fixed_relations
        ]
        note = self.before.note if self.before else None
        items = codec.encode_result(mentions, relations, self.schema, note)
        for mention in mentions:
            items += self._build_verdict_items(mention)
        ticked = [
            row.words
            for row, relation in zip(self.context.rows, self._undecided_relations, strict=True)
            if 2 * len(self.candidates.find_backers(relation)) > len(self.candidates.annotators)
        ]
        if ticked:
            control = {"id": OPEN_RELATIONS, "from_name": OPEN_RELATIONS, "to_name": TEXT}
            items.append({**control, "type": "choices", "value": {"choices": ticked}})
        return items

    @cached_property
    def _accepted(self) -> frozenset[MentionContent | RelationContent]:
        return self.before.accepted if self.before else frozenset()

    @cached_property
    def _declined(self) -> frozenset[MentionContent | RelationContent]:
        return self.before.declined if self.before else frozenset()

    @cached_property
    def _undecided_spans(self) -> set[LabelledSpan]:
        return {each.labelled_span for each in self.undecided if isinstance(each, MentionContent)}

    @cached_property
    def _undecided_relations(self) -> list[RelationContent]:
        return [each for each in self.undecided if isinstance(each, RelationContent)]

    @cached_property
    def _mentions_before(self) -> dict[LabelledSpan, Mention]:
        mentions = self.before.mentions if self.before else ()
        return {labelled_span_of(mention): mention for mention in mentions}

    @cached_property
    def _candidate_by_span(self) -> dict[LabelledSpan, SpanCandidate]:
        return {candidate.labelled_span: candidate for candidate in self.candidates.mentions}

    @cached_property
    def _spans(self) -> list[LabelledSpan]:
        """The undecided first: Label Studio leads from one to the next in this order."""
        declined = {
            each.labelled_span for each in self._declined if isinstance(each, MentionContent)
        }
        spans = self._candidate_by_span.keys() | self._mentions_before.keys() | declined
        return sorted(
            spans, key=lambda span: (span not in self._undecided_spans, position_key(span))
        )

    @cached_property
    def _fixed_relations(self) -> list[RelationContent]:
        """Unanimous and formerly accepted relations."""
        unanimous = {
            relation
            for relation, _votes in self.candidates.relations
            if self.candidates.is_agreed(relation) and relation not in self._declined
        }
        accepted = {each for each in self._accepted if isinstance(each, RelationContent)}
        return sorted(
            unanimous | accepted,
            key=lambda each: (position_key(each.head), each.type, position_key(each.tail)),
        )

    def _build_rows(self) -> Iterator[RelationRow]:
        for number, relation in enumerate(self._undecided_relations, 1):
            head, tail = relation.head, relation.tail
            votes = self.candidates.votes[relation]
            others = [name for name in self.candidates.annotators if name not in votes]
            who = self._describe_names(votes)
            who += f"; not {self._describe_names(others)}" if others else ""
            arrow = f"{self._quote(head)} — {relation.type} → {self._quote(tail)}"
            words = f"{number}. {arrow} ({who})"
            yield RelationRow(words, relation.type, region_id(head), region_id(tail))

    def _describe_names(self, names: Iterable[str]) -> str:
        changed = self.candidates.changed
        return ", ".join(
            f"{name} (saved by {changed[name]})" if name in changed else name for name in names
        )

    def _quote(self, span: LabelledSpan) -> str:
        return f"{span.label} “{shorten(self.document.text[span.start : span.end])}”"

    def _build_mention(self, span: LabelledSpan) -> Mention:
        """Build the region: as accepted before, else with the values that most voters gave."""
        start, end, label = span
        before, attributes = self._mentions_before.get(span), {}
        if before:
            attributes = before.attributes
        elif candidate := self._candidate_by_span.get(span):
            attributes = majority_attributes(candidate, len(candidate.voters) / 2)
        return Mention(
            id=region_id(span),
            label=label,
            start=start,
            end=end,
            text=self.document.text[start:end],
            attributes=attributes,
            flag=before.flag if before else None,
            note=before.note if before else None,
        )

    def _build_verdict_items(self, mention: Mention) -> Iterator[dict[str, Any]]:
        span = labelled_span_of(mention)
        common = {"id": mention.id, "to_name": TEXT}
        offsets = {"start": mention.start, "end": mention.end}
        if span not in self._undecided_spans:
            value = {**offsets, "choices": [KEEP if self._is_kept(span) else DROP]}
            yield {**common, "from_name": VERDICT, "type": "choices", "value": value}
        value = {**offsets, "text": [self.describe_votes(span)]}
        yield {**common, "from_name": VOTES, "type": "textarea", "value": value}

    def _is_kept(self, span: LabelledSpan) -> bool:
        candidate = self._candidate_by_span.get(span)
        return span in self._mentions_before or any(
            self.candidates.is_agreed(each) and each not in self._declined
            for each in (candidate.contents if candidate else ())
        )

    def describe_votes(self, span: LabelledSpan) -> str:
        """Return a line for each variant with its voters, then one for each other annotator."""
        candidate = self._candidate_by_span.get(span)
        if candidate is None:
            known = span in self._mentions_before
            return "marked by the adjudicator" if known else "nobody marks this any more"
        lines = [self._describe_variant(candidate, *each) for each in candidate.variants]
        lines += [
            self._describe_alternative(name, span)
            for name in self.candidates.annotators
            if name not in candidate.voters
        ]
        return "\n".join(lines)

    def _describe_variant(
        self, candidate: SpanCandidate, attributes: AttributeItems, votes: Votes
    ) -> str:
        """Return the values in which variants differ, and the remarks of its voters."""
        shared = set.intersection(*(set(each) for each, _votes in candidate.variants))
        values = ", ".join(
            f"{name} {value}" for name, value in attributes if (name, value) not in shared
        )
        if len(candidate.variants) > 1 and not values:
            values = "nothing more"
        line = self._describe_names(votes) + (f": {values}" if values else " marked this")
        for remark in candidate.remarks:
            if remark.annotator in votes:
                flag = remark.flag and f"({remark.flag})"
                note = remark.note and f"“{remark.note}”"
                line += f" — {remark.annotator} {' '.join(filter(None, (flag, note)))}"
        return line

    def _describe_alternative(self, name: str, span: LabelledSpan) -> str:
        others = [
            self._quote(other)
            for candidate in self.candidates.mentions
            if name in candidate.voters and _compete(other := candidate.labelled_span, span)
        ]
        return f"{self._describe_names([name])}: {', '.join(others) if others else 'nothing here'}"


def _compete(one: LabelledSpan, other: LabelledSpan) -> bool:
    """Test whether both cannot be right: one label with two boundaries, or one span twice."""
    return overlaps(one.span, other.span) and (one.label == other.label or one.span == other.span)


def region_id(span: LabelledSpan) -> str:
    """Return the id of a region.

    >>> region_id(LabelledSpan(0, 6, "Actor"))
    'Actor-0-6'
    """
    return f"{span.label}-{span.start}-{span.end}"


def shorten(text: str) -> str:
    """Return the text on one line, without its middle where it is long.

    >>> shorten("four drones were shot down over the region last night")
    'four drones were sho…e region last night'
    """
    text = " ".join(text.split())
    if len(text) <= _QUOTE_LENGTH:
        return text
    return f"{text[: _QUOTE_LENGTH // 2]}…{text[-_QUOTE_LENGTH // 2 + 1 :]}"
