"""Checks of what the names of this schema mean: actors, locations, counts, claims and cues.

The general checks take every name from the schema. These depend on particular names, which stand
here as constants; a test checks that schema.yaml has each of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from sayso.checks.annotation_checks import CheckFunction, CheckTarget
from sayso.checks.check_registry import Finding, error_check, warning_check
from sayso.models import Mention
from sayso.spans import Span, trim

ACTOR, LOCATION, COUNT, CLAIM, CUE_LABEL = "Actor", "Location", "Count", "Claim", "Cue"
TYPE, ENTITY, KIND, LOWER, UPPER = "type", "entity", "kind", "lower", "upper"
THING, OUTCOME, STANCE = "thing", "outcome", "stance"
USE, PRECISION, GAZETTEER = "use", "precision", "gazetteer"
ATTRIBUTION, POLARITY = "attribution", "polarity"
EXACT, NEGATIVE, MEDIA = "exact", "negative", "document_media"
SOURCE, CUE, QUANTITY, PART_OF = "source", "cue", "quantity", "part_of"
WHERE = "where"
ATTRIBUTIONS_WITH_SOURCE = frozenset({"direct", "indirect", "inherited"})
ATTRIBUTIONS_WITH_CUE = frozenset({"direct", "indirect", "hearsay"})

NAME_EDGE = warning_check(
    "name-edge",
    "Names have no article, possessive or punctuation at their edges.",
    "move the edge to the name itself; a release trims it",
)
CLAIM_SOURCE = error_check(
    "claim-source",
    "A claim is direct, indirect or inherited if and only if it has a source.",
    "draw the source, or choose another attribution",
)
CLAIM_CUE = error_check(
    "claim-cue",
    "A claim is direct, indirect or hearsay if and only if it has a cue.",
    "draw the cue, or choose another attribution",
)
ZERO_IS_NEGATIVE = error_check(
    "zero-is-negative",
    "A claim that none were counted is negative.",
    "make the claim negative, or correct upper",
)
COUNT_BOUNDS = error_check(
    "count-bounds",
    "lower is not above upper, and an exact count has both and equal.",
    "correct lower and upper, or choose another kind",
)
COUNT_ALONE = warning_check(
    "count-alone",
    "Every count takes part in a relation.",
    "connect it with its claim or with another count",
)
ENTITY_TYPE = warning_check(
    "entity-type",
    "One entity has one actor type, documents and media aside.",
    "choose one type, or give the entities different names",
)
PART_SUM = warning_check(
    "part-sum",
    "The parts of a count sum to something within its bounds.",
    "look again; where the text itself does not add up, leave it",
)

_ARTICLE = re.compile(r"(the|an?)\s", re.IGNORECASE)
_POSSESSIVE = re.compile(r"['’]s?\Z", re.IGNORECASE)
_PUNCTUATION = re.compile(r"^[^\w\s@#+]|[^\w\s.+]\Z|\.\Z")
# The full stop of "U.S." is part of the name.
_ABBREVIATION = re.compile(r"(\.\w+|\b(Co|Corp|Inc|Jr|Ltd|Sr|St))\.\Z")


def check_name_edges(target: CheckTarget) -> Iterator[Finding]:
    """Check the edges of names of actors and locations."""
    for m in target.mentions:
        if (m.label == ACTOR or m.label == LOCATION) and (what := _describe_edge(m.text)):
            yield target.finding(NAME_EDGE, f"{m.label} {m.text!r} has {what}", m)


def _describe_edge(name: str) -> str | None:
    if name[0].isalnum() and name[-1].isalnum() and not (name[0] in "tTaA" or name[-1] in "sS"):
        return None  # nearly all names: the expressions below cost most of the time
    if _ARTICLE.match(name):
        return "an article in front"
    if _POSSESSIVE.search(name):
        return "a possessive at the end"
    if _PUNCTUATION.search(name) and not _ABBREVIATION.search(name):
        return "punctuation at an edge"
    return None


def trim_name(name: str) -> Span:
    """Return the span of a name without article, possessive and punctuation, if any is left.

    >>> trim_name("the “Ministry of Defence’s”,")
    Span(start=5, end=24)
    >>> trim_name("U.S.")
    Span(start=0, end=4)
    """
    span = Span(0, len(name))
    while span.start < span.end and _describe_edge(part := name[slice(*span)]):
        span = trim(_remove_edge(span, part), name)
    return span if span.start < span.end else Span(0, len(name))


def _remove_edge(span: Span, part: str) -> Span:
    if article := _ARTICLE.match(part):
        return Span(span.start + article.end(), span.end)
    found = _POSSESSIVE.search(part) or _PUNCTUATION.search(part)
    if found is None or found.end() < len(part):
        return Span(span.start + 1, span.end)
    return Span(span.start, span.end - len(found[0]))


def check_attributions(target: CheckTarget) -> Iterator[Finding]:
    """Check that the attribution of a claim matches its source and cue, once relations are due."""
    if not target.complete:
        return
    for m in target.mentions:
        attribution = m.attributes.get(ATTRIBUTION)
        if m.label != CLAIM or attribution is None:
            continue
        for check, relation, attributions in (
            (CLAIM_SOURCE, SOURCE, ATTRIBUTIONS_WITH_SOURCE),
            (CLAIM_CUE, CUE, ATTRIBUTIONS_WITH_CUE),
        ):
            has = (m.id, relation) in target.tails
            if has != (attribution in attributions):
                message = f"claim {m.id} is {attribution} and has {'a' if has else 'no'} {relation}"
                yield target.finding(check, message, m)


def check_zero_counts(target: CheckTarget) -> Iterator[Finding]:
    """Check that claims of a count of zero are negative, once relations are due."""
    if not target.complete:
        return
    for (head, relation), tails in target.tails.items():
        claim = target.by_id[head]
        polarity = claim.attributes.get(POLARITY)
        if relation == QUANTITY and polarity not in (None, NEGATIVE):
            for count in tails:
                if count.attributes.get(UPPER) == 0:
                    message = f"claim {head} is {polarity} and counts none ({count.id})"
                    yield target.finding(ZERO_IS_NEGATIVE, message, claim)


def check_count_bounds(target: CheckTarget) -> Iterator[Finding]:
    """Check the bounds of each count."""
    for m in target.mentions:
        if m.label != COUNT:
            continue
        lower, upper = m.attributes.get(LOWER), m.attributes.get(UPPER)
        if isinstance(lower, int) and isinstance(upper, int) and lower > upper:
            yield target.finding(COUNT_BOUNDS, f"count {m.id} runs from {lower} to {upper}", m)
        elif m.attributes.get(KIND) == EXACT and (lower is None or lower != upper):
            low, high = ("nothing" if bound is None else bound for bound in (lower, upper))
            yield target.finding(COUNT_BOUNDS, f"count {m.id} is exact, from {low} to {high}", m)


def check_lone_counts(target: CheckTarget) -> Iterator[Finding]:
    """Check that every count takes part in a relation, once relations are due."""
    if not target.complete:
        return
    ends = set(chain.from_iterable((r.head, r.tail) for r in target.relations))
    for m in target.mentions:
        if m.label == COUNT and m.id not in ends:
            yield target.finding(COUNT_ALONE, f"count {m.id} {m.text!r}", m)


def check_entity_types(target: CheckTarget) -> Iterator[Finding]:
    """Check that an entity keeps its type, and report mentions that differ from the first."""
    first_mentions: dict[object, Mention] = {}
    for m in target.mentions:
        entity, kind = m.attributes.get(ENTITY), m.attributes.get(TYPE)
        if m.label != ACTOR or not entity or kind is None or kind == MEDIA:
            continue
        first = first_mentions.setdefault(entity, m)
        if first.attributes[TYPE] != kind:
            types = f"{kind} in {m.id} and {first.attributes[TYPE]} in {first.id}"
            yield target.finding(ENTITY_TYPE, f"{entity!r} is {types}", m)


def check_part_sums(target: CheckTarget) -> Iterator[Finding]:
    """Check the sum of the parts of each count. All are intervals, and an empty bound is open."""
    parts: dict[str, list[Mention]] = {}
    for (head, relation), tails in target.tails.items() if target.has_relations else ():
        for total in tails if relation == PART_OF else ():
            parts.setdefault(total.id, []).append(target.by_id[head])
    for total_id, children in parts.items():
        total = target.by_id[total_id]
        low, high = _count_interval(total)
        intervals = [_count_interval(child) for child in children]
        least, most = (sum(bounds) for bounds in zip(*intervals, strict=True))
        if least < low or most > high:
            interval, part_sum = _format_interval(low, high), _format_interval(least, most)
            message = f"count {total_id} is {interval} and its parts sum to {part_sum}"
            yield target.finding(PART_SUM, message, total)


def _count_interval(count: Mention) -> tuple[float, float]:
    lower, upper = count.attributes.get(LOWER), count.attributes.get(UPPER)
    return (
        lower if isinstance(lower, int) else 0,
        upper if isinstance(upper, int) else float("inf"),
    )


def _format_interval(low: float, high: float) -> str:
    if low == high:
        return f"{low:g}"
    return f"{low:g} or more" if high == float("inf") else f"{low:g} to {high:g}"


SCHEMA_CHECKS: tuple[CheckFunction, ...] = (
    check_name_edges,
    check_attributions,
    check_zero_counts,
    check_count_bounds,
    check_lone_counts,
    check_entity_types,
    check_part_sums,
)
