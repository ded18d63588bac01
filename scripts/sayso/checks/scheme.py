"""The rules of this scheme: what holds of actors, locations, counts, claims and cues.

The general checks take every name from the schema. These are about what particular names mean, so they spell them;
a test holds that schema.yaml has each of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from sayso.checks.answers import Answer, AnswerCheck
from sayso.checks.findings import Finding, declare
from sayso.records import Mention
from sayso.spans import Span, trimmed

ACTOR, LOCATION, COUNT, CLAIM, CUE_LABEL = "Actor", "Location", "Count", "Claim", "Cue"
TYPE, ENTITY, KIND, LOWER, UPPER = "type", "entity", "kind", "lower", "upper"
THING, OUTCOME, STANCE, USE, PRECISION, GAZETTEER = "thing", "outcome", "stance", "use", "precision", "gazetteer"
ATTRIBUTION, POLARITY, EXACT, NEGATIVE, MEDIA = "attribution", "polarity", "exact", "negative", "document_media"
SOURCE, CUE, QUANTITY, PART_OF = "source", "cue", "quantity", "part_of"
WHERE = "where"
WITH_SOURCE = frozenset({"direct", "indirect", "inherited"})
WITH_CUE = frozenset({"direct", "indirect", "hearsay"})

EDGE_WORD = declare(
    "name-edge",
    "warning",
    "Names have no article, possessive or punctuation at their edges.",
    "move the edge to the name itself; a release trims it",
)
CLAIM_SOURCE = declare(
    "claim-source",
    "error",
    "A claim is direct, indirect or inherited just where it has a source.",
    "draw the source, or choose another attribution",
)
CLAIM_CUE = declare(
    "claim-cue",
    "error",
    "A claim is direct, indirect or hearsay just where it has a cue.",
    "draw the cue, or choose another attribution",
)
ZERO = declare(
    "zero-is-negative", "error", "A claim that none were counted is negative.", "make the claim negative, or mend upper"
)
BOUNDS = declare(
    "count-bounds",
    "error",
    "lower is not above upper, and an exact count gives both and equal.",
    "mend lower and upper, or choose another kind",
)
ALONE = declare(
    "count-alone", "warning", "Every count takes part in a relation.", "tie it to its claim or to another count"
)
ENTITY_TYPE = declare(
    "entity-type",
    "warning",
    "One entity has one actor type, documents and media aside.",
    "choose one type, or tell the entities apart",
)
PART_SUM = declare(
    "part-sum",
    "warning",
    "The parts of a count sum to something inside it.",
    "look again; where the text itself does not add up, leave it",
)

_ARTICLE = re.compile(r"(the|an?)\s", re.IGNORECASE)
_POSSESSIVE = re.compile(r"['’]s?$", re.IGNORECASE)
_PUNCTUATION = re.compile(r"^[^\w\s@#+]|[^\w\s.+]$|\.$")
_ABBREVIATION = re.compile(r"(\.\w+|\b(Co|Corp|Inc|Jr|Ltd|Sr|St))\.$")  # the stop of "U.S." is part of the name


def name_edges(answer: Answer) -> Iterator[Finding]:
    """Rule 3."""
    for m in answer.mentions:
        if (m.label == ACTOR or m.label == LOCATION) and (what := _edge(m.text)):
            yield EDGE_WORD.found(f"{m.label} {m.text!r} has {what}", answer.doc_id, m.start, m.end)


def _edge(name: str) -> str | None:
    if name[0].isalnum() and name[-1].isalnum() and not (name[0] in "tTaA" or name[-1] in "sS"):
        return None  # nearly all names; the rest is looked at closely
    if _ARTICLE.match(name):
        return "an article in front"
    if _POSSESSIVE.search(name):
        return "a possessive at the end"
    if _PUNCTUATION.search(name) and not _ABBREVIATION.search(name):
        return "punctuation at an edge"
    return None


def bare(words: str) -> Span:
    """Where the words stand without article, possessive and punctuation at their edges; all of them if nothing is left.

    >>> bare("the “Ministry of Defence’s”,")
    Span(start=5, end=24)
    >>> bare("U.S.")
    Span(start=0, end=4)
    """
    span = Span(0, len(words))
    while span.start < span.end and _edge(part := words[slice(*span)]):
        span = trimmed(_without_edge(span, part), words)
    return span if span.start < span.end else Span(0, len(words))


def _without_edge(span: Span, part: str) -> Span:
    if article := _ARTICLE.match(part):
        return Span(span.start + article.end(), span.end)
    found = _POSSESSIVE.search(part) or _PUNCTUATION.search(part)
    if found is None or found.end() < len(part):
        return Span(span.start + 1, span.end)
    return Span(span.start, span.end - len(found[0]))


def attributions(answer: Answer) -> Iterator[Finding]:
    """Rules 9 and 10."""
    if not answer.complete:
        return
    for m in answer.mentions:
        kind = m.attributes.get(ATTRIBUTION)
        if m.label != CLAIM or kind is None:
            continue
        for check, relation, kinds in ((CLAIM_SOURCE, SOURCE, WITH_SOURCE), (CLAIM_CUE, CUE, WITH_CUE)):
            has = (m.id, relation) in answer.tails
            if has != (kind in kinds):
                message = f"claim {m.id} is {kind} and has {'a' if has else 'no'} {relation}"
                yield check.found(message, answer.doc_id, m.start, m.end)


def zeros(answer: Answer) -> Iterator[Finding]:
    """Rule 11."""
    if not answer.complete:
        return
    for (head, relation), tails in answer.tails.items():
        claim = answer.by_id[head]
        if relation == QUANTITY and claim.attributes.get(POLARITY) not in (None, NEGATIVE):
            for count in tails:
                if count.attributes.get(UPPER) == 0:
                    message = f"claim {head} is {claim.attributes[POLARITY]} and counts none ({count.id})"
                    yield ZERO.found(message, answer.doc_id, claim.start, claim.end)


def bounds(answer: Answer) -> Iterator[Finding]:
    """Rule 12."""
    for m in answer.mentions:
        if m.label != COUNT:
            continue
        lower, upper = m.attributes.get(LOWER), m.attributes.get(UPPER)
        if isinstance(lower, int) and isinstance(upper, int) and lower > upper:
            yield BOUNDS.found(f"count {m.id} runs from {lower} to {upper}", answer.doc_id, m.start, m.end)
        elif m.attributes.get(KIND) == EXACT and (lower is None or lower != upper):
            message = f"count {m.id} is exact, from {_shown(lower)} to {_shown(upper)}"
            yield BOUNDS.found(message, answer.doc_id, m.start, m.end)


def lone_counts(answer: Answer) -> Iterator[Finding]:
    """Rule 13, once relations are due."""
    if not answer.complete:
        return
    tied = set(chain.from_iterable((relation.head, relation.tail) for relation in answer.relations))
    for m in answer.mentions:
        if m.label == COUNT and m.id not in tied:
            yield ALONE.found(f"count {m.id} {m.text!r}", answer.doc_id, m.start, m.end)


def entities(answer: Answer) -> Iterator[Finding]:
    """Rule 14: told at the first mention that differs from an earlier one."""
    types: dict[object, Mention] = {}
    for m in answer.mentions:
        entity, kind = m.attributes.get(ENTITY), m.attributes.get(TYPE)
        if m.label != ACTOR or not entity or kind is None or kind == MEDIA:
            continue
        first = types.setdefault(entity, m)
        if first.attributes[TYPE] != kind:
            message = f"{entity!r} is {kind} in {m.id} and {first.attributes[TYPE]} in {first.id}"
            yield ENTITY_TYPE.found(message, answer.doc_id, m.start, m.end)


def sums(answer: Answer) -> Iterator[Finding]:
    """Rule 15. An empty bound is no bound; whole and parts are intervals."""
    parts: dict[str, list[Mention]] = {}
    for (head, relation), tails in answer.tails.items() if answer.drawn else ():
        for whole in tails if relation == PART_OF else ():
            parts.setdefault(whole.id, []).append(answer.by_id[head])
    for whole_id, children in parts.items():
        whole = answer.by_id[whole_id]
        low, high = _interval(whole)
        bounds = [_interval(child) for child in children]
        least, most = sum(bound[0] for bound in bounds), sum(bound[1] for bound in bounds)
        if least < low or most > high:
            message = f"count {whole_id} is {_range(low, high)} and its parts sum to {_range(least, most)}"
            yield PART_SUM.found(message, answer.doc_id, whole.start, whole.end)


def _interval(count: Mention) -> tuple[float, float]:
    lower, upper = count.attributes.get(LOWER), count.attributes.get(UPPER)
    return (lower if isinstance(lower, int) else 0, upper if isinstance(upper, int) else float("inf"))


def _range(low: float, high: float) -> str:
    return f"{low:g}" if low == high else f"{low:g} or more" if high == float("inf") else f"{low:g} to {high:g}"


def _shown(bound: object) -> str:
    return "nothing" if bound is None else str(bound)


RULES: tuple[AnswerCheck, ...] = (name_edges, attributions, zeros, bounds, lone_counts, entities, sums)
