"""Gold without an adjudicator: what more than half of a document's annotators have.

Spans, each attribute, and relations are counted apart; a relation counts between any mentions that
overlap its ends. A mention without a majority for a required attribute, or that breaks a check
beside the others, is declined.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable

from sayso.adjudication.candidates import DocumentCandidates, MentionContent, SpanCandidate
from sayso.adjudication.decisions import Decision, build_mention, select_relations
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
    accepted = [
        mention
        for candidate in candidates.mentions
        if (mention := _accept_mention(candidate, half, text, schema))
    ]
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
    relations = select_relations(mentions, backed)
    return Decision(tuple(mentions), relations, "majority", candidates.latest_update)


def count_undecided(candidates: DocumentCandidates, decision: Decision) -> int:
    """Count what was not accepted though at least half of the annotators have it."""
    accepted, half = decision.accepted, len(candidates.annotators) / 2
    spans = {each.labelled_span for each in accepted if isinstance(each, MentionContent)}
    return sum(
        each.labelled_span not in spans and len(each.voters) >= half for each in candidates.mentions
    ) + sum(
        relation not in accepted and len(candidates.find_backers(relation)) >= half
        for relation, _votes in candidates.relations
    )


def _accept_mention(
    candidate: SpanCandidate, half: float, text: str, schema: Schema
) -> Mention | None:
    if len(candidate.voters) <= half:
        return None
    attributes, span = majority_attributes(candidate, half), candidate.labelled_span
    declared = schema.labels[span.label].attributes if span.label in schema.labels else {}
    if any(attribute.required and name not in attributes for name, attribute in declared.items()):
        return None
    return build_mention(MentionContent(span, tuple(sorted(attributes.items()))), text)


def majority_attributes(candidate: SpanCandidate, half: float) -> dict[str, AttributeValue]:
    """Return each attribute's value that more than ``half`` annotators gave."""
    given: defaultdict[tuple[str, AttributeValue], set[Pseudonym]] = defaultdict(set)
    for attributes, votes in candidate.variants:
        for item in attributes:
            given[item].update(votes)
    winning = [item for item, votes in given.items() if len(votes) > half]
    names = Counter(name for name, _value in winning)  # two if annotators marked one span twice
    return {name: value for name, value in winning if names[name] == 1}
