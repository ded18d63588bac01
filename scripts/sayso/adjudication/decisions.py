"""Decisions on a document, and the gold that they make. Nothing that an annotator made is lost.

All content of the candidates is in gold or declined, with its votes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from msgspec import structs

from sayso.adjudication.candidates import DocumentCandidates
from sayso.adjudication.contents import (
    AnswerContent,
    Content,
    LabelledSpan,
    MentionContent,
    RelationContent,
    RelationEnd,
    answer_contents,
    find_twin_spans,
    labelled_span_of,
    mention_contents,
    relation_contents,
    span_of_end,
)
from sayso.models import (
    AnnotatorKind,
    AttributeValue,
    DecisionMethod,
    Document,
    Gold,
    GoldAnswer,
    GoldMention,
    GoldRelation,
    Mention,
    Pseudonym,
    Relation,
    sort_mentions,
    sort_relations,
)
from sayso.schema.answer_order import answer_key
from sayso.schema.overlaps import exclude_each_other
from sayso.schema.symmetry import orient_relations


@dataclass(frozen=True)
class Decision:
    """The mentions, relations and answers that an adjudicator, or a rule, accepted.

    Attributes:
        mentions, relations: what was accepted, with ids of this decision.
        decided: the method for content that not every annotator has.
        decided_at: ISO 8601.
        declined: content that was seen and not accepted. Later content must still be decided.
        adjudicator_kind: None if unknown.
        answers: by question.
    """

    mentions: tuple[Mention, ...]
    relations: tuple[Relation, ...]
    decided: DecisionMethod
    decided_at: str
    adjudicator: Pseudonym | None = None
    note: str | None = None
    declined: frozenset[Content] = field(default_factory=frozenset)
    adjudicator_kind: AnnotatorKind | None = None
    answers: Mapping[str, AttributeValue] = field(default_factory=dict)


def find_accepted(candidates: DocumentCandidates, decision: Decision) -> frozenset[Content]:
    """Return the content that a decision accepts, as the candidates have it."""
    mentions = mention_contents(decision.mentions, candidates.schema)
    answers = answer_contents(decision.answers, candidates.schema)
    return frozenset([*mentions, *_find_relation_contents(candidates, decision), *answers])


def _find_relation_contents(
    candidates: DocumentCandidates, decision: Decision
) -> list[RelationContent]:
    schema = candidates.schema
    twins = candidates.twin_spans | find_twin_spans(decision.mentions, schema)
    return relation_contents(decision.mentions, decision.relations, schema, twins)


def find_pending(candidates: DocumentCandidates, decision: Decision | None) -> list[Content]:
    """Return the content that is neither settled, nor accepted or declined by a decision.

    A relation is only pending if its ends still can be in gold.
    """
    if decision is None:
        return [each for each in candidates.votes if not candidates.is_clear(each)]
    known = {
        *find_accepted(candidates, decision),
        *decision.declined,
        *_find_new_agreement(candidates, decision),
    }
    possible = {labelled_span_of(mention) for mention in decision.mentions}
    for content in candidates.votes:
        if isinstance(content, MentionContent) and content not in decision.declined:
            possible.add(content.labelled_span)
    return [
        each
        for each in candidates.votes
        if each not in known
        and (
            not isinstance(each, RelationContent)
            or {span_of_end(each.head), span_of_end(each.tail)} <= possible
        )
    ]


def count_decisions(contents: Iterable[Content]) -> int:
    """Count what is decided at once: all on a labelled span, a relation, or a question."""
    return len(set(map(_name_decision, contents)))


def _name_decision(content: Content) -> LabelledSpan | RelationContent | str:
    if isinstance(content, MentionContent):
        return content.labelled_span
    return content.question if isinstance(content, AnswerContent) else content


def add_unanimous(candidates: DocumentCandidates, decision: Decision, text: str) -> Decision:
    """Add to a decision what all annotators have agreed on since."""
    agreed = _find_new_agreement(candidates, decision)
    ids = {mention.id for mention in decision.mentions}
    mentions = list(decision.mentions)
    for mention in build_mentions(agreed, text):
        unique = f"{mention.id}-agreed" if mention.id in ids else mention.id
        mentions.append(structs.replace(mention, id=unique))
    relations = select_relations(candidates, mentions, agreed)
    return replace(
        decision,
        mentions=tuple(mentions),
        relations=(*decision.relations, *relations),
        answers={**decision.answers, **select_answers(agreed)},
    )


def _find_new_agreement(candidates: DocumentCandidates, decision: Decision) -> list[Content]:
    """Return settled content that the adjudicator never saw and that rivals nothing decided."""
    known = find_accepted(candidates, decision) | decision.declined
    seen = {each.labelled_span for each in known if isinstance(each, MentionContent)}
    answered = {each.question for each in known if isinstance(each, AnswerContent)}

    def is_rival(content: Content) -> bool:
        if isinstance(content, AnswerContent):
            return content.question in answered
        span = content.labelled_span if isinstance(content, MentionContent) else None
        return span is not None and any(
            span.label == other.label
            and (span == other or exclude_each_other(span, other, candidates.schema))
            for other in seen
        )

    return [
        each
        for each in candidates.votes
        if each not in known and candidates.is_clear(each) and not is_rival(each)
    ]


def build_gold(
    candidates: DocumentCandidates, document: Document, decision: Decision, schema_version: str
) -> Gold:
    """Build the gold of a document.

    Ids derive from labelled spans, so equal decisions make equal gold.
    """
    builder = _GoldBuilder(candidates, decision)
    mentions, declined, ends = builder.build_mentions(document.text)
    relations, declined_relations = builder.build_relations(ends, (*mentions, *declined))
    answers, declined_answers = builder.build_answers()
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
        relations=relations,
        declined=sort_mentions(declined),
        declined_relations=declined_relations,
        answers=answers,
        declined_answers=declined_answers,
        note=decision.note,
    )


_EndIds = Mapping[RelationEnd, str]


class _GoldBuilder:
    """The parts of a gold record: what was accepted, and what annotators have beside it."""

    def __init__(self, candidates: DocumentCandidates, decision: Decision) -> None:
        self.candidates, self.decision = candidates, decision
        self.schema = candidates.schema
        self.accepted = find_accepted(candidates, decision)

    def build_mentions(self, text: str) -> tuple[list[GoldMention], list[GoldMention], _EndIds]:
        """Return the accepted and the declined mentions, and their ids as ends of relations."""
        mentions = self.decision.mentions
        declined = [
            each
            for each in self.candidates.votes
            if isinstance(each, MentionContent) and each not in self.accepted
        ]
        everything = (*mentions, *build_mentions(declined, text))
        contents = [*mention_contents(mentions, self.schema), *declined]
        ids = _make_ids(content.labelled_span for content in contents)
        built = [
            self._build_mention(structs.replace(mention, id=name), content)
            for mention, name, content in zip(everything, ids, contents, strict=True)
        ]
        # An end is the accepted mention on its span, or else the declined one with most votes.
        ends = _index_ends(zip(contents, ids, strict=True))
        return built[: len(mentions)], built[len(mentions) :], ends

    def _build_mention(self, mention: Mention, content: MentionContent) -> GoldMention:
        votes, amended = self.candidates.resolve_votes(content)
        return GoldMention(
            id=mention.id,
            label=mention.label,
            start=mention.start,
            end=mention.end,
            text=mention.text,
            attributes=dict(sorted(mention.attributes.items())),
            flag=mention.flag,
            note=mention.note,
            decided=self._find_method(content),
            votes=votes,
            amended=amended,
        )

    def build_relations(
        self, ids: _EndIds, mentions: Iterable[GoldMention]
    ) -> tuple[tuple[GoldRelation, ...], tuple[GoldRelation, ...]]:
        """Return the accepted and the declined relations."""
        by_id = {mention.id: mention for mention in mentions}

        def build(contents: Iterable[RelationContent]) -> tuple[GoldRelation, ...]:
            relations = (
                GoldRelation(
                    type=content.type,
                    head=ids[content.head],
                    tail=ids[content.tail],
                    decided=self._find_method(content),
                    votes=self.candidates.votes.get(content, ()),
                )
                for content in contents
            )
            return sort_relations(orient_relations(relations, by_id, self.schema))

        taken = _find_relation_contents(self.candidates, self.decision)
        rest = [each for each, _votes in self.candidates.relations if each not in self.accepted]
        return build(taken), build(rest)

    def build_answers(self) -> tuple[tuple[GoldAnswer, ...], tuple[GoldAnswer, ...]]:
        """Return the accepted and the declined answers."""
        taken = answer_contents(self.decision.answers, self.schema)
        taken.sort(key=lambda content: answer_key(content, self.schema))
        rest = [each for each, _votes in self.candidates.answers if each not in self.accepted]
        return tuple(map(self._build_answer, taken)), tuple(map(self._build_answer, rest))

    def _build_answer(self, content: AnswerContent) -> GoldAnswer:
        return GoldAnswer(
            question=content.question,
            value=content.value,
            decided=self._find_method(content),
            votes=self.candidates.votes.get(content, ()),
        )

    def _find_method(self, content: Content) -> DecisionMethod:
        everybody = self.candidates.is_unanimous_vote(content)
        return "unanimous" if everybody and content in self.accepted else self.decision.decided


def _record_method(
    candidates: DocumentCandidates, decision: Decision, declined: Sequence[GoldMention]
) -> DecisionMethod:
    if decision.decided == "majority" and candidates.is_unanimous and not declined:
        return "unanimous"
    return decision.decided


def _make_ids(spans: Iterable[LabelledSpan]) -> list[str]:
    """Make an id from each labelled span, numbered from the second on."""
    seen: Counter[LabelledSpan] = Counter()
    found = []
    for span in spans:
        seen[span] += 1
        plain = f"{span.label}-{span.start}-{span.end}"
        found.append(plain if seen[span] == 1 else f"{plain}-{seen[span]}")
    return found


def _index_ends(named: Iterable[tuple[MentionContent, str]]) -> dict[RelationEnd, str]:
    """Return the id for each end of a relation: the first with its content, or on its span."""
    found: dict[RelationEnd, str] = {}
    for content, name in named:
        found.setdefault(content, name)
        found.setdefault(content.labelled_span, name)
    return found


def restore_decision(record: Gold, candidates: DocumentCandidates) -> Decision | None:
    """Return the adjudicator's decision that gold was made from; None if no adjudicator decided."""
    if record.adjudicator is None:
        return None
    schema = candidates.schema
    everything = (*record.mentions, *record.declined)
    declined = mention_contents(everything, schema)[len(record.mentions) :]
    twins = candidates.twin_spans | find_twin_spans(record.mentions, schema)
    relations = relation_contents(everything, record.declined_relations, schema, twins)
    answers = {AnswerContent(each.question, each.value) for each in record.declined_answers}
    return Decision(
        record.mentions,
        record.relations,
        "adjudicated",
        record.adjudicated,
        record.adjudicator,
        record.note,
        frozenset([*declined, *relations, *answers]),
        record.adjudicator_kind,
        {answer.question: answer.value for answer in record.answers},
    )


def decide_unanimous(candidates: DocumentCandidates, text: str) -> Decision:
    """Accept what all annotators have."""
    agreed = [each for each in candidates.votes if candidates.is_agreed(each)]
    mentions = build_mentions(agreed, text)
    return Decision(
        mentions,
        select_relations(candidates, mentions, agreed),
        "unanimous",
        candidates.latest_update,
        answers=select_answers(agreed),
    )


def build_mentions(contents: Iterable[Content], text: str) -> tuple[Mention, ...]:
    """Build the mentions among contents, with ids that derive from their labelled spans."""
    found = [each for each in contents if isinstance(each, MentionContent)]
    names = _make_ids(content.labelled_span for content in found)
    return tuple(
        Mention(
            id=name,
            label=span.label,
            start=span.start,
            end=span.end,
            text=text[span.start : span.end],
            attributes=dict(attributes),
        )
        for name, (span, attributes, _copy) in zip(names, found, strict=True)
    )


def select_relations(
    candidates: DocumentCandidates, mentions: Sequence[Mention], contents: Iterable[Content]
) -> tuple[Relation, ...]:
    """Build the relations among contents whose ends are both among the mentions.

    Of twins, the end is the mention that was made from the same candidate.
    """
    made = mention_contents(mentions, candidates.schema)
    ids = _index_ends(
        (content, mention.id) for content, mention in zip(made, mentions, strict=True)
    )
    for content, mention in zip(made, mentions, strict=True):
        candidate = candidates.find_candidate(content)
        for variant in candidate.contents if candidate else ():
            ids.setdefault(variant, mention.id)
    return tuple(
        dict.fromkeys(
            Relation(type=each.type, head=ids[each.head], tail=ids[each.tail])
            for each in contents
            if isinstance(each, RelationContent) and each.head in ids and each.tail in ids
        )
    )


def select_answers(contents: Iterable[Content]) -> dict[str, AttributeValue]:
    """Return the answers among contents, by question."""
    return {each.question: each.value for each in contents if isinstance(each, AnswerContent)}
