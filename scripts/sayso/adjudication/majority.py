"""Gold without an adjudicator: what more than half of a document's annotators have.

Spans, each attribute, relations, and the answers to each question are counted apart; a relation
counts between whatever its annotators marked for its ends. A mention without a majority for a
required attribute, or that breaks a check beside the others, is declined.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable

from sayso.adjudication.candidates import DocumentCandidates, SpanCandidate
from sayso.adjudication.contents import MentionContent
from sayso.adjudication.decisions import (
    Decision,
    build_mentions,
    find_accepted,
    select_answers,
    select_relations,
)
from sayso.models import AttributeValue, Mention, Pseudonym
from sayso.schema.declarations import Schema
from sayso.schema.overlaps import exclude_each_other
from sayso.spans import Span

FindBrokenSpans = Callable[[Decision], Iterable[Span]]
"""Returns the spans of mentions that break a check if a decision is taken as it is."""


def decide_by_majority(
    candidates: DocumentCandidates, text: str, schema: Schema, find_broken: FindBrokenSpans
) -> Decision:
    """Accept what more than half of the annotators have and no check forbids."""
    half = len(candidates.annotators) / 2
    contents = [
        content
        for candidate in candidates.mentions
        if (content := _accept_mention(candidate, half, schema))
    ]
    accepted = build_mentions(contents, text)
    mentions = [
        mention
        for mention in accepted
        if not any(  # a majority for each does not say which
            mention is not other and exclude_each_other(mention, other, schema)
            for other in accepted
        )
    ]
    while True:
        decision = _build_decision(candidates, mentions, half)
        broken = set(find_broken(decision))
        sound = [mention for mention in mentions if mention.span not in broken]
        if len(sound) == len(mentions):
            return decision
        mentions = sound


def _build_decision(
    candidates: DocumentCandidates, mentions: list[Mention], half: float
) -> Decision:
    backed = [
        relation
        for relation, _votes in candidates.relations
        if len(candidates.find_backers(relation)) > half
    ]
    return Decision(
        tuple(mentions),
        select_relations(candidates, mentions, backed),
        "majority",
        candidates.latest_update,
        answers=select_answers(answer for answer, votes in candidates.answers if len(votes) > half),
    )


def count_undecided(candidates: DocumentCandidates, decision: Decision) -> int:
    """Count what was not accepted though at least half of the annotators have it.

    Of a question that is: at least half have answered it.
    """
    accepted, half = find_accepted(candidates, decision), len(candidates.annotators) / 2
    spans = Counter(each.labelled_span for each in accepted if isinstance(each, MentionContent))
    likely = Counter(each.labelled_span for each in candidates.mentions if len(each.voters) >= half)
    answered = Counter(
        answer.question for answer, votes in candidates.answers for _annotator in votes
    )
    return (
        (likely - spans).total()
        + sum(
            relation not in accepted and len(candidates.find_backers(relation)) >= half
            for relation, _votes in candidates.relations
        )
        + sum(
            count >= half and question not in decision.answers
            for question, count in answered.items()
        )
    )


def _accept_mention(candidate: SpanCandidate, half: float, schema: Schema) -> MentionContent | None:
    if len(candidate.voters) <= half:
        return None
    attributes, span = majority_attributes(candidate, half), candidate.labelled_span
    declared = schema.labels[span.label].attributes if span.label in schema.labels else {}
    if any(attribute.required and name not in attributes for name, attribute in declared.items()):
        return None
    return MentionContent(span, tuple(sorted(attributes.items())))


def majority_attributes(candidate: SpanCandidate, half: float) -> dict[str, AttributeValue]:
    """Return each attribute's value that more than ``half`` annotators gave."""
    given: defaultdict[tuple[str, AttributeValue], set[Pseudonym]] = defaultdict(set)
    for content, votes in candidate.variants:
        for item in content.attributes:
            given[item].update(votes)
    winning = [item for item, votes in given.items() if len(votes) > half]
    names = Counter(name for name, _value in winning)  # two if annotators marked one span twice
    return {name: value for name, value in winning if names[name] == 1}
