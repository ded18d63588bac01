"""Gold without an adjudicator: what more than half of a document's annotators have.

Spans, each attribute by itself, and arrows; for an arrow counts who drew it between mentions that share words with its
ends. A mention whose required attribute has no majority is not taken, nor one that would break a rule of the scheme
beside the others; both are declined and counted as undecided.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from sayso.adjudication.candidates import DocumentCandidates, MentionContent, SpanCandidate
from sayso.adjudication.decisions import Decision, build_mention, select_relations
from sayso.models import AttributeValue, Mention, Pseudonym
from sayso.schema.declarations import Schema
from sayso.spans import Span, crosses, overlaps

FindBrokenSpans = Callable[[Decision], Iterable[Span]]
"""The spans of the mentions that break a rule where a decision is taken as it is."""


def decide_by_majority(
    candidates: DocumentCandidates, text: str, schema: Schema, find_broken: FindBrokenSpans
) -> Decision:
    """What more than half of the annotators have, and no rule forbids."""
    half = len(candidates.annotators) / 2
    taken = [
        found
        for candidate in candidates.mentions
        if (found := _accept_mention(candidate, half, text, schema))
    ]
    mentions = [
        mention
        for mention in taken
        if not any(_exclude_each_other(mention, other) for other in taken)
    ]
    while True:
        decision = _build_decision(candidates, mentions, half)
        doomed = set(find_broken(decision))
        left = [mention for mention in mentions if mention.span not in doomed]
        if len(left) == len(mentions):
            return decision
        mentions = left


def _exclude_each_other(one: Mention, other: Mention) -> bool:
    """Whether two mentions cannot both stand; a majority for each says nothing of which."""
    return one is not other and (
        overlaps(one.span, other.span)
        if one.label == other.label
        else crosses(one.span, other.span)
    )


def _build_decision(
    candidates: DocumentCandidates, mentions: list[Mention], half: float
) -> Decision:
    arrows = [
        arrow
        for arrow, _votes in candidates.relations
        if len(candidates.find_backers(arrow)) > half
    ]
    return Decision(
        tuple(mentions), select_relations(mentions, arrows), "majority", candidates.latest_update
    )


def count_undecided(candidates: DocumentCandidates, decision: Decision) -> int:
    """How many spots and arrows had backers and no majority either way: at least half, and not taken."""
    taken = decision.accepted
    spots = {reading.labelled_span for reading in taken if isinstance(reading, MentionContent)}
    half = len(candidates.annotators) / 2
    open_spots = [
        c for c in candidates.mentions if c.labelled_span not in spots and len(c.voters) >= half
    ]
    open_arrows = [
        a
        for a, _votes in candidates.relations
        if a not in taken and len(candidates.find_backers(a)) >= half
    ]
    return len(open_spots) + len(open_arrows)


def _accept_mention(
    candidate: SpanCandidate, half: float, text: str, schema: Schema
) -> Mention | None:
    if len(candidate.voters) <= half:
        return None
    attributes = majority_attributes(candidate, half)
    declared = (
        schema.labels[candidate.labelled_span.label].attributes
        if candidate.labelled_span.label in schema.labels
        else {}
    )
    if any(attribute.required and name not in attributes for name, attribute in declared.items()):
        return None
    return build_mention(
        MentionContent(candidate.labelled_span, tuple(sorted(attributes.items()))), text
    )


def majority_attributes(candidate: SpanCandidate, half: float) -> dict[str, AttributeValue]:
    """Each attribute's value that more than ``half`` annotators gave; no value is none."""
    given: dict[tuple[str, AttributeValue], set[Pseudonym]] = {}
    for attributes, votes in candidate.variants:
        for name, value in attributes:
            given.setdefault((name, value), set()).update(votes)
    winning = [answer for answer, votes in given.items() if len(votes) > half]
    names = Counter(name for name, _value in winning)  # twice where somebody marked one spot twice
    return {name: value for name, value in winning if names[name] == 1}
