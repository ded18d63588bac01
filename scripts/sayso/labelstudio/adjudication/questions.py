"""One document to adjudicate, as a Label Studio task. Pure.

Every labelled span that somebody marked is a region. One that is unanimous, or was decided before,
comes with its verdict; the others come without, first in order, with the votes on them. Settled
relations are drawn as arrows, the others listed with a box to tick. Settled answers are filled in;
all answers are listed with those who gave them. People read titles, and results have names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import msgspec
from msgspec import Struct

from sayso.adjudication.candidates import DocumentCandidates, SpanCandidate, Variant
from sayso.adjudication.contents import (
    AnswerContent,
    Content,
    LabelledSpan,
    MentionContent,
    RelationContent,
    RelationEnd,
    labelled_span_of,
    mention_contents,
    position_key,
    relation_key,
    span_of_end,
)
from sayso.adjudication.decisions import Decision, find_accepted, find_pending
from sayso.adjudication.majority import majority_attributes
from sayso.labelstudio import codec, tasks
from sayso.labelstudio.adjudication.adjudication_project import PROJECT_KEY, AdjudicationProject
from sayso.labelstudio.controls import (
    DROP,
    GIVEN_ANSWERS,
    KEEP,
    NOTES,
    OPEN_RELATIONS,
    TEXT,
    VERDICT,
    VOTES,
)
from sayso.labelstudio.interface import show_name
from sayso.models import AttributeValue, Document, Mention, Relation, format_value
from sayso.schema.answer_order import answer_key
from sayso.schema.declarations import Attribute, Declaration, Schema
from sayso.schema.schema_types import BOOLEAN_WORDS
from sayso.spans import overlaps

ASKED_KEY, DIGEST_KEY = "adjudication", "adjudication_sha256"  # keys of the task's data
_QUOTE_LENGTH = 40  # code points of a mention that a row quotes


class RelationRow(Struct, frozen=True):
    """A relation to tick: the displayed text, and the regions at its ends."""

    words: str
    type: str
    head: str
    tail: str


class KnownMention(Struct, frozen=True, omit_defaults=True):
    """The content of a mention that was before the adjudicator."""

    label: str
    start: int
    end: int
    attributes: dict[str, AttributeValue]
    copy: int = 1

    @property
    def content(self) -> MentionContent:
        """The content itself."""
        span = LabelledSpan(self.start, self.end, self.label)
        return MentionContent(span, tuple(sorted(self.attributes.items())), self.copy)


def _know_mention(content: MentionContent) -> KnownMention:
    span = content.labelled_span
    return KnownMention(span.label, span.start, span.end, dict(content.attributes), content.copy)


class KnownRelation(Struct, frozen=True):
    """The content of a relation that was before the adjudicator."""

    type: str
    head: LabelledSpan | KnownMention
    tail: LabelledSpan | KnownMention

    @property
    def content(self) -> RelationContent:
        """The content itself."""
        head, tail = (
            end.content if isinstance(end, KnownMention) else end for end in (self.head, self.tail)
        )
        return RelationContent(self.type, head, tail)


def _know_relation(content: RelationContent) -> KnownRelation:
    head, tail = (
        _know_mention(end) if isinstance(end, MentionContent) else end
        for end in (content.head, content.tail)
    )
    return KnownRelation(content.type, head, tail)


class KnownAnswer(Struct, frozen=True):
    """An answer about the document that was before the adjudicator."""

    question: str
    value: AttributeValue


class AskedQuestion(Struct, frozen=True, omit_defaults=True):
    """All of a question that is needed to decode its answer. The task carries it as JSON.

    Attributes:
        regions: ids of the regions that the task had from the start.
        marked, drawn, answered: everything that is decided once the task is submitted.
        rows: the relations to tick.
    """

    regions: tuple[str, ...]
    marked: tuple[KnownMention, ...]
    drawn: tuple[KnownRelation, ...]
    rows: tuple[RelationRow, ...]
    answered: tuple[KnownAnswer, ...] = ()

    @property
    def contents(self) -> frozenset[Content]:
        """Everything that is decided once the task is submitted."""
        mentions = (each.content for each in self.marked)
        answers = (AnswerContent(each.question, each.value) for each in self.answered)
        return frozenset([*mentions, *(each.content for each in self.drawn), *answers])


@dataclass(frozen=True)
class _Region:
    """A mention before the adjudicator.

    Attributes:
        number: from the second on of several with one labelled span.
        before: the mention that was accepted before.
    """

    span: LabelledSpan
    number: int = 1
    candidate: SpanCandidate | None = None
    before: Mention | None = None

    @property
    def id(self) -> str:
        """The id of the region."""
        plain = region_id(self.span)
        return plain if self.number == 1 else f"{plain}-{self.number}"

    @property
    def contents(self) -> tuple[MentionContent, ...]:
        """The contents that annotators gave."""
        return self.candidate.contents if self.candidate else ()


@dataclass(frozen=True)
class AdjudicationQuestion:
    """One document to adjudicate; ``before`` is the decision that an adjudicator made already."""

    document: Document
    candidates: DocumentCandidates
    schema: Schema
    before: Decision | None = None

    @cached_property
    def undecided(self) -> list[Content]:
        """The candidates that nobody has decided on."""
        return find_pending(self.candidates, self.before)

    @cached_property
    def context(self) -> AskedQuestion:
        """The part of the question that is needed to decode its answer."""
        contents = {*self.candidates.votes, *self._accepted, *self._declined}
        mentions = [each for each in contents if isinstance(each, MentionContent)]
        mentions.sort(key=lambda each: (position_key(each.labelled_span), str(each)))
        relations = [each for each in contents if isinstance(each, RelationContent)]
        answers = [each for each in contents if isinstance(each, AnswerContent)]
        answers.sort(key=lambda each: answer_key(each, self.schema))
        return AskedQuestion(
            regions=tuple(region.id for region in self._regions),
            marked=tuple(map(_know_mention, mentions)),
            drawn=tuple(map(_know_relation, sorted(relations, key=str))),
            rows=tuple(self._build_rows()),
            answered=tuple(KnownAnswer(*each) for each in answers),
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
        answers = list(self._describe_answers())
        content = msgspec.json.encode([asked, self.result, data["text_sha256"], *notes, *answers])
        digest = hashlib.sha256(content).hexdigest()
        shown: dict[str, Any] = {NOTES: "\n".join(notes), OPEN_RELATIONS: rows}
        if self._questions:
            shown[GIVEN_ANSWERS] = "\n".join(answers)
        key = AdjudicationProject(self.candidates.campaign, self.candidates.pass_name)
        return {**data, **shown, ASKED_KEY: asked, DIGEST_KEY: digest, PROJECT_KEY: key.mark}

    @cached_property
    def result(self) -> list[dict[str, Any]]:
        """The prediction from which the adjudicator starts."""
        mentions = [self._build_mention(region) for region in self._regions]
        relations = [
            Relation(type=each.type, head=self._end_id(each.head), tail=self._end_id(each.tail))
            for each in self._fixed_relations
        ]
        note = self.before.note if self.before else None
        items = codec.encode_result(mentions, relations, self.schema, note, self._prefilled_answers)
        for region in self._regions:
            items += self._build_verdict_items(region)
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
    def _accepted(self) -> frozenset[Content]:
        return find_accepted(self.candidates, self.before) if self.before else frozenset()

    @cached_property
    def _declined(self) -> frozenset[Content]:
        return self.before.declined if self.before else frozenset()

    @cached_property
    def _undecided_relations(self) -> list[RelationContent]:
        return [each for each in self.undecided if isinstance(each, RelationContent)]

    @cached_property
    def _questions(self) -> dict[str, Attribute]:
        return self.schema.questions_of_pass(self.candidates.pass_name)

    @cached_property
    def _prefilled_answers(self) -> dict[str, AttributeValue]:
        """Unanimous and formerly accepted answers, in the order of the pass."""
        found = {
            answer.question: answer.value
            for answer, _votes in self.candidates.answers
            if self.candidates.is_agreed(answer) and answer not in self._declined
        }
        found |= self.before.answers if self.before else {}
        return {name: found[name] for name in self._questions if name in found}

    def _describe_answers(self) -> Iterator[str]:
        """Yield a line for each question that somebody answered, the open ones first."""
        undecided = {each.question for each in self.undecided if isinstance(each, AnswerContent)}
        for name in sorted(self._questions, key=lambda each: each not in undecided):
            question = self._questions[name]
            given = [(each, who) for each, who in self.candidates.answers if each.question == name]
            parts = [
                f"{self._describe_names(votes)}: {show_value(question, answer.value)}"
                for answer, votes in given
            ]
            voters = {who for _answer, votes in given for who in votes}
            silent = [who for who in self.candidates.annotators if who not in voters]
            if parts and silent:
                parts.append(f"{self._describe_names(silent)}: no answer")
            if self.before and name in self.before.answers:
                known = show_value(question, self.before.answers[name])
                parts.append(f"adjudicated before: {known}")
            if parts:
                state = "to decide: " if name in undecided else ""
                yield f"{state}{show_name(name, question)} — {'; '.join(parts)}"

    @cached_property
    def _regions(self) -> list[_Region]:
        """The undecided first: Label Studio leads from one to the next in this order."""
        found = [region for each in self._list_spans() for region in self._build_regions(each)]
        return sorted(
            found, key=lambda each: (not self._is_open(each), position_key(each.span), each.number)
        )

    def _list_spans(self) -> set[LabelledSpan]:
        before = self.before.mentions if self.before else ()
        declined = {
            each.labelled_span for each in self._declined if isinstance(each, MentionContent)
        }
        return {*self.candidates.candidates_by_span, *map(labelled_span_of, before), *declined}

    def _build_regions(self, span: LabelledSpan) -> list[_Region]:
        """Build the regions on a labelled span, several where there are twins.

        A mention that was accepted before is the region of its candidate. Where there is none, or
        another took it, it is a further region.
        """
        found = [
            _Region(span, candidate.number, candidate)
            for candidate in self.candidates.candidates_by_span.get(span, ())
        ]
        before = self.before.mentions if self.before else ()
        for mention, content in zip(before, mention_contents(before, self.schema), strict=True):
            if content.labelled_span == span:
                candidate = self.candidates.find_candidate(content)
                at = candidate.number - 1 if candidate else 0
                if at < len(found) and found[at].before is None:
                    found[at] = replace(found[at], before=mention)
                else:
                    found.append(_Region(span, len(found) + 1, before=mention))
        return found or [_Region(span)]

    def _is_open(self, region: _Region) -> bool:
        return any(content in self._undecided_contents for content in region.contents)

    @cached_property
    def _undecided_contents(self) -> frozenset[Content]:
        return frozenset(self.undecided)

    @cached_property
    def _end_ids(self) -> dict[RelationEnd, str]:
        """The region for each end of a relation; of twins, the first where none is named."""
        found: dict[RelationEnd, str] = {}
        before = self.before.mentions if self.before else ()
        contents = zip(before, mention_contents(before, self.schema), strict=True)
        known = {mention.id: content for mention, content in contents}
        for region in sorted(self._regions, key=lambda each: each.number):
            ends: list[RelationEnd] = [known[region.before.id]] if region.before else []
            for end in (*ends, *region.contents):
                found.setdefault(end, region.id)
            found.setdefault(region.span, region.id)
        return found

    def _end_id(self, end: RelationEnd) -> str:
        return self._end_ids.get(end) or self._end_ids[span_of_end(end)]

    @cached_property
    def _fixed_relations(self) -> list[RelationContent]:
        """Unanimous and formerly accepted relations."""
        unanimous = {
            relation
            for relation, _votes in self.candidates.relations
            if self.candidates.is_agreed(relation) and relation not in self._declined
        }
        accepted = {each for each in self._accepted if isinstance(each, RelationContent)}
        return sorted(unanimous | accepted, key=relation_key)

    def _build_rows(self) -> Iterator[RelationRow]:
        for number, relation in enumerate(self._undecided_relations, 1):
            head, tail = span_of_end(relation.head), span_of_end(relation.tail)
            votes = self.candidates.votes[relation]
            others = [name for name in self.candidates.annotators if name not in votes]
            who = self._describe_names(votes)
            who += f"; not {self._describe_names(others)}" if others else ""
            drawn = _show_declared(relation.type, self.schema.relations)
            arrow = f"{self._quote(head)} — {drawn} → {self._quote(tail)}"
            words = f"{number}. {arrow} ({who})"
            ends = self._end_id(relation.head), self._end_id(relation.tail)
            yield RelationRow(words, relation.type, *ends)

    def _describe_names(self, names: Iterable[str]) -> str:
        changed = self.candidates.changed
        return ", ".join(
            f"{name} (saved by {changed[name]})" if name in changed else name for name in names
        )

    def _quote(self, span: LabelledSpan) -> str:
        label = _show_declared(span.label, self.schema.labels)
        return f"{label} “{shorten(self.document.text[span.start : span.end])}”"

    def _build_mention(self, region: _Region) -> Mention:
        """Build the region: as accepted before, else with the values that most voters gave."""
        start, end, label = region.span
        before, attributes = region.before, {}
        if before:
            attributes = before.attributes
        elif region.candidate:
            half = len(region.candidate.voters) / 2
            attributes = majority_attributes(region.candidate, half)
        return Mention(
            id=region.id,
            label=label,
            start=start,
            end=end,
            text=self.document.text[start:end],
            attributes=attributes,
            flag=before.flag if before else None,
            note=before.note if before else None,
        )

    def _build_verdict_items(self, region: _Region) -> Iterator[dict[str, Any]]:
        common = {"id": region.id, "to_name": TEXT}
        offsets = {"start": region.span.start, "end": region.span.end}
        if not self._is_open(region):
            value = {**offsets, "choices": [KEEP if self._is_kept(region) else DROP]}
            yield {**common, "from_name": VERDICT, "type": "choices", "value": value}
        value = {**offsets, "text": [self._describe_votes(region)]}
        yield {**common, "from_name": VOTES, "type": "textarea", "value": value}

    def _is_kept(self, region: _Region) -> bool:
        return region.before is not None or any(
            self.candidates.is_agreed(each) and each not in self._declined
            for each in region.contents
        )

    def _describe_votes(self, region: _Region) -> str:
        """Return a line for each variant with its voters, then one for each other annotator."""
        candidate = region.candidate
        if candidate is None:
            return "marked by the adjudicator" if region.before else "nobody marks this any more"
        lines = [self._describe_variant(candidate, each) for each in candidate.variants]
        lines += [
            self._describe_alternative(name, region.span)
            for name in self.candidates.annotators
            if name not in candidate.voters
        ]
        return "\n".join(lines)

    def _describe_variant(self, candidate: SpanCandidate, variant: Variant) -> str:
        """Return the values in which variants differ, and the remarks of its voters."""
        content, votes = variant
        label = self.schema.labels.get(content.labelled_span.label)
        declared = label.attributes if label else {}
        shared = set.intersection(*(set(each.attributes) for each in candidate.contents))
        values = ", ".join(
            f"{_show_declared(name, declared)} {show_value(declared.get(name), value)}"
            for name, value in content.attributes
            if (name, value) not in shared
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


def _show_declared(name: str, declared: Mapping[str, Declaration]) -> str:
    return show_name(name, declared[name]) if name in declared else name


def show_value(attribute: Attribute | None, value: AttributeValue) -> str:
    """Return a value as the labelling page shows it, with its unit."""
    if isinstance(value, bool):
        return BOOLEAN_WORDS[value]
    if attribute and attribute.has_values:
        words = value if isinstance(value, tuple) else (str(value),)
        return ", ".join(_show_declared(word, attribute.values) for word in words)
    shown = format_value(value)
    shown = shown.removesuffix(".0") if isinstance(value, float) else shown
    return f"{shown} {attribute.unit}" if attribute and attribute.unit else shown


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
