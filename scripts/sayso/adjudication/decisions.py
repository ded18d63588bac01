"""What was decided on a document, as its line of gold: nothing that an annotator marked is lost.

Every reading of the candidates is either in gold or declined, with those who gave it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import msgspec

from sayso.adjudication.candidates import (
    DocumentCandidates,
    LabelledSpan,
    MentionContent,
    RelationContent,
    labelled_span_of,
    mention_content,
    relation_contents,
)
from sayso.models import (
    DecisionMethod,
    Document,
    Gold,
    GoldMention,
    GoldRelation,
    Mention,
    Pseudonym,
    Relation,
    sort_mentions,
    sort_relations,
)
from sayso.spans import overlaps


@dataclass(frozen=True)
class Decision:
    """What somebody, or a rule, took of a document.

    Attributes:
        mentions: what was taken; ids are of this decision alone.
        relations: between them.
        how: what what was taken is called where not every annotator had it.
        when: ISO 8601.
        over: every reading that was looked at and not taken. A later one is still to be decided.
    """

    mentions: tuple[Mention, ...]
    relations: tuple[Relation, ...]
    decided: DecisionMethod
    decided_at: str
    adjudicator: Pseudonym | None = None
    note: str | None = None
    declined: frozenset[MentionContent | RelationContent] = field(default_factory=frozenset)

    @cached_property
    def accepted(self) -> frozenset[MentionContent | RelationContent]:
        """The readings that it took."""
        return frozenset(
            [
                *map(mention_content, self.mentions),
                *relation_contents(self.mentions, self.relations),
            ]
        )


def find_pending(
    candidates: DocumentCandidates, decision: Decision | None
) -> list[MentionContent | RelationContent]:
    """The readings that nobody has decided on: neither agreed, nor taken or declined by an adjudicator before."""
    if decision is None:
        return [each for each in candidates.votes if not candidates.is_agreed(each)]
    known = {*decision.accepted, *decision.declined, *_find_new_agreement(candidates, decision)}
    possible = {labelled_span_of(mention) for mention in decision.mentions}
    possible |= {
        each.labelled_span
        for each in candidates.votes
        if isinstance(each, MentionContent) and each not in decision.declined
    }
    return [
        each
        for each in candidates.votes
        if each not in known
        and (isinstance(each, MentionContent) or {each.head, each.tail} <= possible)
    ]


def add_unanimous(candidates: DocumentCandidates, decision: Decision, text: str) -> Decision:
    """The decision with what everybody has given alike since it was made: there is nothing to decide about that."""
    agreed = _find_new_agreement(candidates, decision)
    new = [build_mention(each, text) for each in agreed if isinstance(each, MentionContent)]
    mentions = (*decision.mentions, *_rename_duplicates(new, decision.mentions))
    arrows = [each for each in agreed if isinstance(each, RelationContent)]
    return replace(
        decision,
        mentions=mentions,
        relations=(*decision.relations, *select_relations(mentions, arrows)),
    )


def _find_new_agreement(
    candidates: DocumentCandidates, decision: Decision
) -> list[MentionContent | RelationContent]:
    """What all annotators have by now and the adjudicator never saw; nothing that may rival with what they decided."""
    known = decision.accepted | decision.declined
    seen = {each.labelled_span for each in known if isinstance(each, MentionContent)}
    new = [each for each in candidates.votes if each not in known and candidates.is_agreed(each)]
    return [
        each
        for each in new
        if isinstance(each, RelationContent)
        or not any(_overlap_same_label(each.labelled_span, other) for other in seen)
    ]


def _overlap_same_label(one: LabelledSpan, other: LabelledSpan) -> bool:
    return one.label == other.label and overlaps(one.span, other.span)


def _rename_duplicates(new: Iterable[Mention], others: Iterable[Mention]) -> Iterator[Mention]:
    """Mentions under ids that no other has."""
    taken = {other.id for other in others}
    for mention in new:
        yield (
            msgspec.structs.replace(mention, id=f"{mention.id}-agreed")
            if mention.id in taken
            else mention
        )


def build_gold(
    candidates: DocumentCandidates, document: Document, decision: Decision, schema_version: str
) -> Gold:
    """The document's line of gold; ids are made from label and span, so that the same decision gives the same line."""
    line = _GoldBuilder(candidates, decision)
    mentions, declined = line.build_mentions(document.text)
    relations, others = line.build_relations(mentions, declined)
    return Gold(
        doc_id=document.doc_id,
        text_sha256=document.text_sha256,
        campaign=candidates.campaign,
        interface=candidates.pass_name,
        schema_version=schema_version,
        adjudicated=decision.decided_at,
        adjudicator=decision.adjudicator,
        annotators=candidates.annotators,
        mentions=sort_mentions(mentions),
        relations=sort_relations(relations),
        declined=sort_mentions(declined),
        declined_relations=sort_relations(others),
        note=decision.note,
    )


@dataclass(frozen=True)
class _GoldBuilder:
    """The parts of a line of gold."""

    candidates: DocumentCandidates
    decision: Decision

    def build_mentions(self, text: str) -> tuple[list[GoldMention], list[GoldMention]]:
        """What was taken, and what was declined."""
        taken, readings = self.decision.mentions, {*map(mention_content, self.decision.mentions)}
        over = [
            each
            for each in self.candidates.votes
            if isinstance(each, MentionContent) and each not in readings
        ]
        names = _make_ids([*map(labelled_span_of, taken), *(each.labelled_span for each in over)])
        left = [build_mention(each, text) for each in over]
        return (
            [
                self._build_mention(mention, name)
                for mention, name in zip(taken, names, strict=False)
            ],
            [
                self._build_mention(mention, name)
                for mention, name in zip(left, names[len(taken) :], strict=True)
            ],
        )

    def _build_mention(self, mention: Mention, mention_id: str) -> GoldMention:
        votes = self.candidates.votes.get(mention_content(mention), ())
        return GoldMention(
            id=mention_id,
            label=mention.label,
            start=mention.start,
            end=mention.end,
            text=mention.text,
            attributes=dict(sorted(mention.attributes.items())),
            flag=mention.flag,
            note=mention.note,
            decided=self._decided(mention_content(mention)),
            votes=votes,
        )

    def build_relations(
        self, mentions: list[GoldMention], declined: list[GoldMention]
    ) -> tuple[list[GoldRelation], list[GoldRelation]]:
        """The same of relations. An end is what was taken at its spot, else what was declined there with most votes."""
        known = {
            labelled_span_of(mention): mention.id for mention in reversed([*mentions, *declined])
        }
        taken = relation_contents(self.decision.mentions, self.decision.relations)
        over = [arrow for arrow, _votes in self.candidates.relations if arrow not in set(taken)]
        return [self._build_relation(arrow, known) for arrow in taken], [
            self._build_relation(arrow, known) for arrow in over
        ]

    def _build_relation(
        self, relation: RelationContent, ids: Mapping[LabelledSpan, str]
    ) -> GoldRelation:
        return GoldRelation(
            type=relation.type,
            head=ids[relation.head],
            tail=ids[relation.tail],
            decided=self._decided(relation),
            votes=self.candidates.votes.get(relation, ()),
        )

    def _decided(self, content: MentionContent | RelationContent) -> DecisionMethod:
        """What everybody had and was taken is unanimous; what was declined never is."""
        everybody = self.candidates.votes.get(content) == self.candidates.annotators
        return (
            "unanimous"
            if everybody and content in self.decision.accepted
            else self.decision.decided
        )


def _make_ids(spans: Iterable[LabelledSpan]) -> list[str]:
    """An id for each, from what it is; the second reading of a spot gets a number."""
    seen: dict[LabelledSpan, int] = {}
    found = []
    for place in spans:
        seen[place] = seen.get(place, 0) + 1
        plain = f"{place.label}-{place.start}-{place.end}"
        found.append(plain if seen[place] == 1 else f"{plain}-{seen[place]}")
    return found


def restore_decision(record: Gold) -> Decision | None:
    """What an adjudicator decided, out of the line that it became; None where the answers alone decided."""
    if record.adjudicator is None:
        return None
    everything = (*record.mentions, *record.declined)
    over: list[MentionContent | RelationContent] = [
        *map(mention_content, record.declined),
        *relation_contents(everything, record.declined_relations),
    ]
    return Decision(
        record.mentions,
        record.relations,
        "adjudicated",
        record.adjudicated,
        record.adjudicator,
        record.note,
        frozenset(over),
    )


def decide_unanimous(candidates: DocumentCandidates, text: str) -> Decision:
    """What everybody gave alike, taken without anybody's looking."""
    spots = [
        candidate
        for candidate in candidates.mentions
        if candidates.is_agreed(candidate.contents[0])
    ]
    mentions = [build_mention(candidate.contents[0], text) for candidate in spots]
    arrows = [arrow for arrow, _votes in candidates.relations if candidates.is_agreed(arrow)]
    return Decision(
        tuple(mentions), select_relations(mentions, arrows), "unanimous", candidates.latest_update
    )


def build_mention(content: MentionContent, text: str) -> Mention:
    """A reading as a mention, named by its spot."""
    (start, end, label), attributes = content
    return Mention(
        id=_make_ids([content.labelled_span])[0],
        label=label,
        start=start,
        end=end,
        text=text[start:end],
        attributes=dict(attributes),
    )


def select_relations(
    mentions: Iterable[Mention], relations: Iterable[RelationContent]
) -> tuple[Relation, ...]:
    """The arrows whose both ends are among the mentions, between these."""
    names = {labelled_span_of(mention): mention.id for mention in mentions}
    return tuple(
        Relation(type=arrow.type, head=names[arrow.head], tail=names[arrow.tail])
        for arrow in relations
        if arrow.head in names and arrow.tail in names
    )
