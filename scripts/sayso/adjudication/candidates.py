"""Candidates for gold: the annotators' mentions and relations, with their votes.

The content of a mention is its labelled span with its attributes, that of a relation its type with
the labelled spans at its ends. Content that all annotators have is agreed; everything else must be
decided. Notes and flags are no content: they are for the adjudicator to read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from sayso.models import Annotation, AnnotatorKind, AttributeValue, Mention, Pseudonym, Relation
from sayso.spans import Span, overlaps

AttributeItems = tuple[tuple[str, AttributeValue], ...]
"""Names and values, sorted by name."""


class LabelledSpan(NamedTuple):
    """A label on a span of code points."""

    start: int
    end: int
    label: str

    @property
    def span(self) -> Span:
        """The span alone."""
        return Span(self.start, self.end)


class MentionContent(NamedTuple):
    """The part of a mention that annotators agree or disagree on."""

    labelled_span: LabelledSpan
    attributes: AttributeItems


class RelationContent(NamedTuple):
    """The part of a relation that annotators agree or disagree on."""

    type: str
    head: LabelledSpan
    tail: LabelledSpan


Content = MentionContent | RelationContent
Votes = tuple[Pseudonym, ...]


class AnnotatorRemark(NamedTuple):
    """An annotator's flag and note on a mention."""

    annotator: Pseudonym
    flag: str | None
    note: str | None


@dataclass(frozen=True)
class SpanCandidate:
    """A labelled span that somebody marked, with its attributes and votes, most votes first."""

    labelled_span: LabelledSpan
    text: str
    variants: tuple[tuple[AttributeItems, Votes], ...]
    remarks: tuple[AnnotatorRemark, ...] = ()

    @property
    def voters(self) -> Votes:
        """The annotators who marked the span, with whatever attributes."""
        return tuple(sorted({name for _attributes, votes in self.variants for name in votes}))

    @property
    def contents(self) -> tuple[MentionContent, ...]:
        """The variants as contents."""
        return tuple(
            MentionContent(self.labelled_span, attributes) for attributes, _votes in self.variants
        )


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
    changed: Mapping[Pseudonym, Pseudonym] = field(default_factory=dict)
    notes: tuple[tuple[Pseudonym, str], ...] = ()
    updates: Mapping[Pseudonym, str] = field(default_factory=dict)

    @cached_property
    def votes(self) -> Mapping[Content, Votes]:
        """Every content with its votes."""
        found: dict[Content, Votes] = {
            content: votes
            for candidate in self.mentions
            for content, (_attributes, votes) in zip(
                candidate.contents, candidate.variants, strict=True
            )
        }
        return {**found, **dict(self.relations)}

    def resolve_votes(self, content: Content) -> tuple[Votes, tuple[str, ...]]:
        """Return the votes on decided content, and the attributes that the decision amended.

        If nobody has exactly this mention, all who marked its labelled span have a vote. The
        amended attributes are those in which at least one of them differs from it.
        """
        if content in self.votes or not isinstance(content, MentionContent):
            return self.votes.get(content, ()), ()
        candidate = self._candidate_by_span.get(content.labelled_span)
        if candidate is None:
            return (), ()
        given = (set(attributes) ^ set(content.attributes) for attributes, _ in candidate.variants)
        return candidate.voters, tuple(sorted({name for each in given for name, _value in each}))

    @cached_property
    def _candidate_by_span(self) -> Mapping[LabelledSpan, SpanCandidate]:
        return {candidate.labelled_span: candidate for candidate in self.mentions}

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
        """Return who has this relation, or the same between mentions that overlap its ends."""
        return tuple(
            sorted(
                {
                    name
                    for other, votes in self.relations
                    if differ_only_in_boundaries(relation, other)
                    for name in votes
                }
            )
        )


def differ_only_in_boundaries(one: RelationContent, other: RelationContent) -> bool:
    """Return True if type and labels are equal and the ends overlap.

    >>> he, claim = LabelledSpan(0, 2, "Actor"), LabelledSpan(8, 20, "Claim")
    >>> source = RelationContent("source", claim, he)
    >>> differ_only_in_boundaries(source, source._replace(tail=LabelledSpan(0, 7, "Actor")))
    True
    """
    ends = ((one.head, other.head), (one.tail, other.tail))
    return one.type == other.type and all(overlaps_with_label(*pair) for pair in ends)


def overlaps_with_label(one: LabelledSpan, other: LabelledSpan) -> bool:
    """Return True if the labels are equal and the spans overlap."""
    return one.label == other.label and overlaps(one, other)


def labelled_span_of(mention: Mention) -> LabelledSpan:
    """Return the labelled span of a mention."""
    return LabelledSpan(mention.start, mention.end, mention.label)


def mention_content(mention: Mention) -> MentionContent:
    """Return the content of a mention."""
    return MentionContent(labelled_span_of(mention), tuple(sorted(mention.attributes.items())))


def relation_contents(
    mentions: Iterable[Mention], relations: Iterable[Relation]
) -> list[RelationContent]:
    """Return the distinct contents of relations whose ends exist."""
    spans = {mention.id: labelled_span_of(mention) for mention in mentions}
    found = (
        RelationContent(relation.type, spans[relation.head], spans[relation.tail])
        for relation in relations
        if relation.head in spans and relation.tail in spans
    )
    return list(dict.fromkeys(found))


def collect_candidates(annotations: Sequence[Annotation]) -> DocumentCandidates:
    """Collect the candidates of at least one independent annotation of one document and pass."""
    first = annotations[0]
    return DocumentCandidates(
        doc_id=first.doc_id,
        text_sha256=first.text_sha256,
        campaign=first.campaign,
        pass_name=first.interface,
        annotators=tuple(sorted(annotation.annotator for annotation in annotations)),
        annotator_kinds=tuple(sorted({annotation.annotator_kind for annotation in annotations})),
        mentions=_collect_mentions(annotations),
        relations=_collect_relations(annotations),
        latest_update=max(annotation.updated for annotation in annotations),
        changed={each.annotator: each.changed_by for each in annotations if each.changed_by},
        notes=tuple(
            sorted((each.annotator, each.note) for each in annotations if each.note is not None)
        ),
        updates={each.annotator: each.updated for each in annotations},
    )


def _collect_mentions(annotations: Sequence[Annotation]) -> tuple[SpanCandidate, ...]:
    spans: defaultdict[LabelledSpan, defaultdict[AttributeItems, set[Pseudonym]]] = defaultdict(
        lambda: defaultdict(set)
    )
    texts: dict[LabelledSpan, str] = {}
    remarks: defaultdict[LabelledSpan, set[AnnotatorRemark]] = defaultdict(set)
    for annotation in annotations:
        for mention in annotation.mentions:
            span, attributes = mention_content(mention)
            spans[span][attributes].add(annotation.annotator)
            texts[span] = mention.text
            if mention.flag or mention.note:
                remark = AnnotatorRemark(annotation.annotator, mention.flag, mention.note)
                remarks[span].add(remark)
    return tuple(
        SpanCandidate(
            span,
            texts[span],
            _rank_variants(spans[span]),
            tuple(sorted(remarks.get(span, ()), key=str)),
        )
        for span in sorted(spans, key=position_key)
    )


def position_key(span: LabelledSpan) -> tuple[int, int, str]:
    """Return the sort key of records: start, the longer first, label."""
    return (span.start, -span.end, span.label)


def _rank_variants(
    variants: Mapping[AttributeItems, set[Pseudonym]],
) -> tuple[tuple[AttributeItems, Votes], ...]:
    found = [(attributes, tuple(sorted(votes))) for attributes, votes in variants.items()]
    found.sort(key=lambda variant: (-len(variant[1]), variant[1], str(variant[0])))
    return tuple(found)


def _collect_relations(
    annotations: Sequence[Annotation],
) -> tuple[tuple[RelationContent, Votes], ...]:
    found: defaultdict[RelationContent, set[Pseudonym]] = defaultdict(set)
    for annotation in annotations:
        for content in relation_contents(annotation.mentions, annotation.relations):
            found[content].add(annotation.annotator)
    ordered = sorted(
        found.items(),
        key=lambda item: (position_key(item[0].head), item[0].type, position_key(item[0].tail)),
    )
    return tuple((content, tuple(sorted(votes))) for content, votes in ordered)
