"""Candidates for gold: the annotators' mentions, relations and answers, with their votes.

Content that all annotators have is agreed; everything else must be decided. On one labelled span,
attributes of which no annotator has two are variants of one mention.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from sayso.adjudication.contents import (
    AnswerContent,
    Content,
    LabelledSpan,
    MentionContent,
    RelationContent,
    RelationEnd,
    answer_contents,
    find_twin_spans,
    mention_contents,
    overlaps_with_label,
    position_key,
    relation_contents,
    relation_key,
    span_of_end,
)
from sayso.models import Annotation, AnnotatorKind, Pseudonym
from sayso.schema.answer_order import answer_key
from sayso.schema.declarations import Schema

Votes = tuple[Pseudonym, ...]
Variant = tuple[MentionContent, Votes]


class AnnotatorRemark(NamedTuple):
    """An annotator's flag and note on a mention."""

    annotator: Pseudonym
    flag: str | None
    note: str | None


@dataclass(frozen=True)
class SpanCandidate:
    """A mention that somebody marked: its variants with their votes, most votes first.

    Attributes:
        number: from the second on where annotators have several mentions on the labelled span.
    """

    labelled_span: LabelledSpan
    text: str
    variants: tuple[Variant, ...]
    remarks: tuple[AnnotatorRemark, ...] = ()
    number: int = 1

    @property
    def voters(self) -> Votes:
        """The annotators who marked the span, with whatever attributes."""
        return tuple(sorted({name for _content, votes in self.variants for name in votes}))

    @property
    def contents(self) -> tuple[MentionContent, ...]:
        """The variants as contents."""
        return tuple(content for content, _votes in self.variants)


@dataclass(frozen=True)
class DocumentCandidates:
    """All candidates of one document in one pass, in order of position.

    Attributes:
        annotators: all whose annotation counts, also those who marked nothing.
        annotator_kinds: each kind among them once.
        latest_update: when the last of the annotations was changed.
        changed: annotators whose annotation somebody else saved after them, and who did.
        notes: the annotators' notes on the whole document.
        updates: when each annotation was changed last.
        answers: in the order of the schema.
        twin_spans: labelled spans on which somebody has several mentions.
    """

    doc_id: str
    text_sha256: str
    campaign: str
    pass_name: str
    annotators: Votes
    annotator_kinds: tuple[AnnotatorKind, ...]
    mentions: tuple[SpanCandidate, ...]
    relations: tuple[tuple[RelationContent, Votes], ...]
    latest_update: str
    schema: Schema = field(repr=False, compare=False)
    answers: tuple[tuple[AnswerContent, Votes], ...] = ()
    twin_spans: frozenset[LabelledSpan] = frozenset()
    changed: Mapping[Pseudonym, Pseudonym] = field(default_factory=dict)
    notes: tuple[tuple[Pseudonym, str], ...] = ()
    updates: Mapping[Pseudonym, str] = field(default_factory=dict)

    @cached_property
    def votes(self) -> Mapping[Content, Votes]:
        """Every content with its votes."""
        mentions = (variant for candidate in self.mentions for variant in candidate.variants)
        return {**dict(mentions), **dict(self.relations), **dict(self.answers)}

    def resolve_votes(self, content: Content) -> tuple[Votes, tuple[str, ...]]:
        """Return the votes on decided content, and the attributes that the decision amended.

        If nobody has exactly this mention, all who marked its labelled span have a vote. The
        amended attributes are those in which at least one of them differs from it.
        """
        if content in self.votes or not isinstance(content, MentionContent):
            return self.votes.get(content, ()), ()
        candidate = self.find_candidate(content)
        if candidate is None:
            return (), ()
        given = (set(each.attributes) ^ set(content.attributes) for each in candidate.contents)
        return candidate.voters, tuple(sorted({name for each in given for name, _value in each}))

    @cached_property
    def candidates_by_span(self) -> Mapping[LabelledSpan, Sequence[SpanCandidate]]:
        """The candidates with each labelled span; several where there are twins."""
        found: defaultdict[LabelledSpan, list[SpanCandidate]] = defaultdict(list)
        for candidate in self.mentions:
            found[candidate.labelled_span].append(candidate)
        return found

    def find_candidate(self, content: MentionContent) -> SpanCandidate | None:
        """Return the candidate of a mention: of twins, the one with it or the most equal values."""

        def count_equal(candidate: SpanCandidate) -> tuple[bool, int]:
            equal = (set(each.attributes) & set(content.attributes) for each in candidate.contents)
            return content in candidate.contents, max(map(len, equal))

        on_span = self.candidates_by_span.get(content.labelled_span, ())
        return max(on_span, key=count_equal, default=None)

    def is_agreed(self, content: Content) -> bool:
        """Return True if every annotator has it, and nothing else on the same labelled span."""
        return self.is_unanimous_vote(content) and content not in self._contested

    def is_unanimous_vote(self, content: Content) -> bool:
        """Return True if every annotator has it; of changed annotations two others must, too."""
        unchanged = len(self.annotators) - len(self.changed)
        return self.votes.get(content) == self.annotators and not (self.changed and unchanged < 2)

    @cached_property
    def _contested(self) -> set[Content]:
        several = (candidate for candidate in self.mentions if len(candidate.variants) > 1)
        return {content for candidate in several for content in candidate.contents}

    @property
    def is_unanimous(self) -> bool:
        """True if all annotators agree on everything."""
        return all(map(self.is_agreed, self.votes))

    def is_clear(self, content: Content) -> bool:
        """Return True if it is agreed, and nobody asks to look at it by a flag or note."""
        return self.is_agreed(content) and content not in self._remarked

    @cached_property
    def _remarked(self) -> set[Content]:
        remarked = (candidate for candidate in self.mentions if candidate.remarks)
        return {content for candidate in remarked for content in candidate.contents}

    @property
    def needs_adjudicator(self) -> bool:
        """True if there is something to decide, or a note to read."""
        return bool(self.notes) or not all(map(self.is_clear, self.votes))

    def find_later_remarks(self, decided_at: str) -> Votes:
        """Return whose annotation has a flag or note and was saved after a decision."""
        names = {name for name, _note in self.notes}
        names |= {each.annotator for candidate in self.mentions for each in candidate.remarks}
        return tuple(sorted(name for name in names if self.updates.get(name, "") > decided_at))

    def find_backers(self, relation: RelationContent) -> Votes:
        """Return who has this relation, or the same between what they marked for its ends.

        That is an overlapping mention, if they did not mark the end itself as well.
        """
        return tuple(
            sorted(
                {
                    name
                    for other, votes in self.relations
                    if other.type == relation.type
                    for name in votes
                    if self._is_same_relation(relation, other, name)
                }
            )
        )

    def _is_same_relation(
        self, one: RelationContent, other: RelationContent, annotator: Pseudonym
    ) -> bool:
        declared = self.schema.relations.get(one.type)
        ends = [(other.head, other.tail)]
        if declared and declared.symmetric:
            ends.append((other.tail, other.head))
        return any(
            self._is_same_end(one.head, head, annotator)
            and self._is_same_end(one.tail, tail, annotator)
            for head, tail in ends
        )

    def _is_same_end(self, one: RelationEnd, other: RelationEnd, annotator: Pseudonym) -> bool:
        mine, theirs = span_of_end(one), span_of_end(other)
        if mine == theirs:
            return one == other or self._number_by_content.get(one) == self._number_by_content.get(
                other
            )
        marked = self.candidates_by_span.get(mine, ())
        return overlaps_with_label(mine, theirs) and not any(
            annotator in candidate.voters for candidate in marked
        )

    @cached_property
    def _number_by_content(self) -> Mapping[RelationEnd, int]:
        return {content: each.number for each in self.mentions for content in each.contents}


def collect_candidates(annotations: Sequence[Annotation], schema: Schema) -> DocumentCandidates:
    """Collect the candidates of at least one independent annotation of one document and pass."""
    first = annotations[0]
    twins = frozenset(
        span for each in annotations for span in find_twin_spans(each.mentions, schema)
    )
    return DocumentCandidates(
        doc_id=first.doc_id,
        text_sha256=first.text_sha256,
        campaign=first.campaign,
        pass_name=first.interface,
        annotators=tuple(sorted(annotation.annotator for annotation in annotations)),
        annotator_kinds=tuple(sorted({annotation.annotator_kind for annotation in annotations})),
        mentions=tuple(_collect_mentions(annotations, schema)),
        relations=_collect_relations(annotations, schema, twins),
        latest_update=max(annotation.updated for annotation in annotations),
        schema=schema,
        answers=_collect_answers(annotations, schema),
        twin_spans=twins,
        changed={each.annotator: each.changed_by for each in annotations if each.changed_by},
        notes=tuple(
            sorted((each.annotator, each.note) for each in annotations if each.note is not None)
        ),
        updates={each.annotator: each.updated for each in annotations},
    )


def _collect_mentions(annotations: Sequence[Annotation], schema: Schema) -> Iterator[SpanCandidate]:
    spans: defaultdict[LabelledSpan, defaultdict[MentionContent, set[Pseudonym]]] = defaultdict(
        lambda: defaultdict(set)
    )
    texts: dict[LabelledSpan, str] = {}
    remarks: defaultdict[MentionContent, set[AnnotatorRemark]] = defaultdict(set)
    for annotation in annotations:
        contents = mention_contents(annotation.mentions, schema)
        for mention, content in zip(annotation.mentions, contents, strict=True):
            span = content.labelled_span
            spans[span][content].add(annotation.annotator)
            texts[span] = mention.text
            if mention.flag or mention.note:
                remark = AnnotatorRemark(annotation.annotator, mention.flag, mention.note)
                remarks[content].add(remark)
    for span in sorted(spans, key=position_key):
        label = schema.labels.get(span.label)
        ranked = _rank_variants(spans[span])
        may_be_twins = label is not None and label.overlap == "allow"
        groups = _separate_twins(ranked) if may_be_twins else [ranked]
        for number, variants in enumerate(groups, 1):
            found = {each for content, _votes in variants for each in remarks.get(content, ())}
            sorted_remarks = tuple(sorted(found, key=str))
            yield SpanCandidate(span, texts[span], tuple(variants), sorted_remarks, number)


def _rank_variants(variants: Mapping[MentionContent, set[Pseudonym]]) -> list[Variant]:
    found = [(content, tuple(sorted(votes))) for content, votes in variants.items()]
    found.sort(key=lambda variant: (-len(variant[1]), variant[1], str(variant[0])))
    return found


def _separate_twins(ranked: Sequence[Variant]) -> list[list[Variant]]:
    """Group variants so that nobody has two of one group; each joins the most similar group."""
    groups: list[list[Variant]] = []
    for content, votes in ranked:
        free = [group for group in groups if not any(set(votes) & set(own) for _c, own in group)]
        if free:
            values = set(content.attributes)
            max(free, key=lambda group: len(values & set(group[0][0].attributes))).append(
                (content, votes)
            )
        else:
            groups.append([(content, votes)])
    return groups


def _collect_relations(
    annotations: Sequence[Annotation], schema: Schema, twin_spans: frozenset[LabelledSpan]
) -> tuple[tuple[RelationContent, Votes], ...]:
    found: defaultdict[RelationContent, set[Pseudonym]] = defaultdict(set)
    for each in annotations:
        for content in relation_contents(each.mentions, each.relations, schema, twin_spans):
            found[content].add(each.annotator)
    return tuple(
        (content, tuple(sorted(found[content]))) for content in sorted(found, key=relation_key)
    )


def _collect_answers(
    annotations: Sequence[Annotation], schema: Schema
) -> tuple[tuple[AnswerContent, Votes], ...]:
    found: defaultdict[AnswerContent, set[Pseudonym]] = defaultdict(set)
    for annotation in annotations:
        for content in answer_contents(annotation.answers, schema):
            found[content].add(annotation.annotator)
    ordered = sorted(found, key=lambda content: answer_key(content, schema))
    return tuple((content, tuple(sorted(found[content]))) for content in ordered)
