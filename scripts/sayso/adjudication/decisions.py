"""Decisions on a document, and the gold that they make. Nothing that an annotator made is lost.

All content of the candidates is in gold or declined, with its votes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from msgspec import structs

from sayso.adjudication.candidates import (
    Content,
    DocumentCandidates,
    LabelledSpan,
    MentionContent,
    RelationContent,
    labelled_span_of,
    mention_content,
    overlaps_with_label,
    relation_contents,
)
from sayso.models import (
    AnnotatorKind,
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


@dataclass(frozen=True)
class Decision:
    """The mentions and relations of a document that an adjudicator, or a rule, accepted.

    Attributes:
        mentions, relations: what was accepted, with ids of this decision.
        decided: the method for content that not every annotator has.
        decided_at: ISO 8601.
        declined: content that was seen and not accepted. Later content must still be decided.
        adjudicator_kind: None if unknown.
    """

    mentions: tuple[Mention, ...]
    relations: tuple[Relation, ...]
    decided: DecisionMethod
    decided_at: str
    adjudicator: Pseudonym | None = None
    note: str | None = None
    declined: frozenset[Content] = field(default_factory=frozenset)
    adjudicator_kind: AnnotatorKind | None = None

    @cached_property
    def accepted(self) -> frozenset[Content]:
        """The content that it accepts."""
        mentions = map(mention_content, self.mentions)
        return frozenset([*mentions, *relation_contents(self.mentions, self.relations)])


def find_pending(candidates: DocumentCandidates, decision: Decision | None) -> list[Content]:
    """Return the content that is neither settled, nor accepted or declined by a decision.

    A relation is only pending if its ends still can be in gold.
    """
    if decision is None:
        return [each for each in candidates.votes if not candidates.is_clear(each)]
    known = {*decision.accepted, *decision.declined, *_find_new_agreement(candidates, decision)}
    possible = {labelled_span_of(mention) for mention in decision.mentions}
    for content in candidates.votes:
        if isinstance(content, MentionContent) and content not in decision.declined:
            possible.add(content.labelled_span)
    return [
        each
        for each in candidates.votes
        if each not in known
        and (isinstance(each, MentionContent) or {each.head, each.tail} <= possible)
    ]


def count_decisions(contents: Iterable[Content]) -> int:
    """Count what is decided at once: a labelled span with all its variants, or a relation."""
    return len(
        {each.labelled_span if isinstance(each, MentionContent) else each for each in contents}
    )


def add_unanimous(candidates: DocumentCandidates, decision: Decision, text: str) -> Decision:
    """Add to a decision what all annotators have agreed on since."""
    agreed = _find_new_agreement(candidates, decision)
    ids = {mention.id for mention in decision.mentions}
    mentions = list(decision.mentions)
    for content in agreed:
        if isinstance(content, MentionContent):
            mention = build_mention(content, text)
            unique = f"{mention.id}-agreed" if mention.id in ids else mention.id
            mentions.append(structs.replace(mention, id=unique))
    new = [each for each in agreed if isinstance(each, RelationContent)]
    relations = (*decision.relations, *select_relations(mentions, new))
    return replace(decision, mentions=tuple(mentions), relations=relations)


def _find_new_agreement(candidates: DocumentCandidates, decision: Decision) -> list[Content]:
    """Return settled content that the adjudicator never saw and that overlaps nothing decided."""
    known = decision.accepted | decision.declined
    seen = {each.labelled_span for each in known if isinstance(each, MentionContent)}
    return [
        each
        for each in candidates.votes
        if each not in known
        and candidates.is_clear(each)
        and (
            isinstance(each, RelationContent)
            or not any(overlaps_with_label(each.labelled_span, other) for other in seen)
        )
    ]


def build_gold(
    candidates: DocumentCandidates, document: Document, decision: Decision, schema_version: str
) -> Gold:
    """Build the gold of a document.

    Ids derive from labelled spans, so equal decisions make equal gold.
    """
    votes, accepted = candidates.votes, {*map(mention_content, decision.mentions)}
    declined_contents = [
        each for each in votes if isinstance(each, MentionContent) and each not in accepted
    ]
    left = [build_mention(content, document.text) for content in declined_contents]
    ids = _make_ids(map(labelled_span_of, (*decision.mentions, *left)))
    built = [
        _build_gold_mention(structs.replace(mention, id=mention_id), candidates, decision)
        for mention, mention_id in zip((*decision.mentions, *left), ids, strict=True)
    ]
    mentions, declined = built[: len(decision.mentions)], built[len(decision.mentions) :]
    # An end is the accepted mention on its span, or else the declined one with most votes.
    end_ids = {labelled_span_of(mention): mention.id for mention in reversed(built)}
    taken = relation_contents(decision.mentions, decision.relations)
    rest = [content for content, _votes in candidates.relations if content not in set(taken)]
    return Gold(
        doc_id=document.doc_id,
        text_sha256=document.text_sha256,
        campaign=candidates.campaign,
        interface=candidates.pass_name,
        schema_version=schema_version,
        adjudicated=decision.decided_at,
        decided=_record_method(candidates, decision, declined),
        adjudicator=decision.adjudicator,
        adjudicator_kind=decision.adjudicator_kind,
        annotators=candidates.annotators,
        annotator_kinds=candidates.annotator_kinds,
        mentions=sort_mentions(mentions),
        relations=_build_gold_relations(taken, end_ids, candidates, decision),
        declined=sort_mentions(declined),
        declined_relations=_build_gold_relations(rest, end_ids, candidates, decision),
        note=decision.note,
    )


def _build_gold_mention(
    mention: Mention, candidates: DocumentCandidates, decision: Decision
) -> GoldMention:
    content = mention_content(mention)
    votes, amended = candidates.resolve_votes(content)
    return GoldMention(
        id=mention.id,
        label=mention.label,
        start=mention.start,
        end=mention.end,
        text=mention.text,
        attributes=dict(sorted(mention.attributes.items())),
        flag=mention.flag,
        note=mention.note,
        decided=_decision_method(content, candidates, decision),
        votes=votes,
        amended=amended,
    )


def _build_gold_relations(
    contents: Iterable[RelationContent],
    ids: Mapping[LabelledSpan, str],
    candidates: DocumentCandidates,
    decision: Decision,
) -> tuple[GoldRelation, ...]:
    return sort_relations(
        GoldRelation(
            type=content.type,
            head=ids[content.head],
            tail=ids[content.tail],
            decided=_decision_method(content, candidates, decision),
            votes=candidates.votes.get(content, ()),
        )
        for content in contents
    )


def _record_method(
    candidates: DocumentCandidates, decision: Decision, declined: Sequence[GoldMention]
) -> DecisionMethod:
    if decision.decided == "majority" and candidates.is_unanimous and not declined:
        return "unanimous"
    return decision.decided


def _decision_method(
    content: Content, candidates: DocumentCandidates, decision: Decision
) -> DecisionMethod:
    everybody = candidates.is_unanimous_vote(content)
    return "unanimous" if everybody and content in decision.accepted else decision.decided


def _make_ids(spans: Iterable[LabelledSpan]) -> list[str]:
    """Make an id from each labelled span, numbered from the second on."""
    seen: Counter[LabelledSpan] = Counter()
    found = []
    for span in spans:
        seen[span] += 1
        plain = f"{span.label}-{span.start}-{span.end}"
        found.append(plain if seen[span] == 1 else f"{plain}-{seen[span]}")
    return found


def restore_decision(record: Gold) -> Decision | None:
    """Return the adjudicator's decision that gold was made from; None if no adjudicator decided."""
    if record.adjudicator is None:
        return None
    everything = (*record.mentions, *record.declined)
    relations = relation_contents(everything, record.declined_relations)
    return Decision(
        record.mentions,
        record.relations,
        "adjudicated",
        record.adjudicated,
        record.adjudicator,
        record.note,
        frozenset([*map(mention_content, record.declined), *relations]),
        record.adjudicator_kind,
    )


def decide_unanimous(candidates: DocumentCandidates, text: str) -> Decision:
    """Accept what all annotators have."""
    agreed = [each for each in candidates.votes if candidates.is_agreed(each)]
    mentions = tuple(
        build_mention(each, text) for each in agreed if isinstance(each, MentionContent)
    )
    relations = [each for each in agreed if isinstance(each, RelationContent)]
    return Decision(
        mentions, select_relations(mentions, relations), "unanimous", candidates.latest_update
    )


def build_mention(content: MentionContent, text: str) -> Mention:
    """Build a mention with an id that derives from its labelled span."""
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
    """Build the relations whose ends are both among the mentions."""
    ids = {labelled_span_of(mention): mention.id for mention in mentions}
    return tuple(
        Relation(type=each.type, head=ids[each.head], tail=ids[each.tail])
        for each in relations
        if each.head in ids and each.tail in ids
    )
