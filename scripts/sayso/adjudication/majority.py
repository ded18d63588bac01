"""Gold without an adjudicator: what more than half of a document's annotators have.

Spans, each attribute by itself, and arrows; for an arrow counts who drew it between mentions that share words with its
ends. A mention whose required attribute has no majority is not taken, nor one that would break a rule of the scheme
beside the others; both are declined and counted as undecided.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from sayso.adjudication.candidates import Candidate, Candidates, Marked
from sayso.adjudication.deciding import Decision, as_mention, relations_among
from sayso.records import Mention, Pseudonym, Value
from sayso.schema import Schema
from sayso.spans import Span

Broken = Callable[[Decision], Iterable[Span]]
"""The spans of the mentions that break a rule where a decision is taken as it is."""


def majority(candidates: Candidates, text: str, schema: Schema, broken: Broken) -> Decision:
    """What more than half of the annotators have, and no rule forbids."""
    half = len(candidates.annotators) / 2
    mentions = [taken for candidate in candidates.mentions if (taken := _taken(candidate, half, text, schema))]
    while True:
        decision = _decision(candidates, mentions, half)
        doomed = set(broken(decision))
        left = [mention for mention in mentions if mention.span not in doomed]
        if len(left) == len(mentions):
            return decision
        mentions = left


def _decision(candidates: Candidates, mentions: list[Mention], half: float) -> Decision:
    arrows = [arrow for arrow, _votes in candidates.relations if len(candidates.backers(arrow)) > half]
    return Decision(tuple(mentions), relations_among(mentions, arrows), "majority", candidates.newest)


def undecided(candidates: Candidates, decision: Decision) -> int:
    """How many spots and arrows had backers and no majority either way: at least half, and not taken."""
    taken = decision.taken
    spots = {reading.spot for reading in taken if isinstance(reading, Marked)}
    half = len(candidates.annotators) / 2
    open_spots = [c for c in candidates.mentions if c.spot not in spots and len(c.voters) >= half]
    open_arrows = [a for a, _votes in candidates.relations if a not in taken and len(candidates.backers(a)) >= half]
    return len(open_spots) + len(open_arrows)


def _taken(candidate: Candidate, half: float, text: str, schema: Schema) -> Mention | None:
    if len(candidate.voters) <= half:
        return None
    attributes = chosen(candidate, half)
    declared = schema.labels[candidate.spot.label].attributes if candidate.spot.label in schema.labels else {}
    if any(attribute.required and name not in attributes for name, attribute in declared.items()):
        return None
    return as_mention(Marked(candidate.spot, tuple(sorted(attributes.items()))), text)


def chosen(candidate: Candidate, half: float) -> dict[str, Value]:
    """Each attribute's value that more than ``half`` annotators gave; no value is none."""
    given: dict[tuple[str, Value], set[Pseudonym]] = {}
    for attributes, votes in candidate.readings:
        for name, value in attributes:
            given.setdefault((name, value), set()).update(votes)
    winning = [answer for answer, votes in given.items() if len(votes) > half]
    names = Counter(name for name, _value in winning)  # twice where somebody marked one spot twice
    return {name: value for name, value in winning if names[name] == 1}
