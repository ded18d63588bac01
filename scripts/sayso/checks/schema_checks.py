"""The rules of this scheme: what holds of actors, locations, counts, claims and cues.

The general checks take every name from the schema. These are about what particular names mean, so they spell them;
a test holds that schema.yaml has each of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from sayso.checks.annotation_checks import CheckFunction, CheckTarget
from sayso.checks.check_registry import Finding, register
from sayso.models import Mention
from sayso.spans import Span, trim

ACTOR, LOCATION, COUNT, CLAIM, CUE_LABEL = "Actor", "Location", "Count", "Claim", "Cue"
TYPE, ENTITY, KIND, LOWER, UPPER = "type", "entity", "kind", "lower", "upper"
THING, OUTCOME, STANCE, USE, PRECISION, GAZETTEER = (
    "thing",
    "outcome",
    "stance",
    "use",
    "precision",
    "gazetteer",
)
ATTRIBUTION, POLARITY, EXACT, NEGATIVE, MEDIA = (
    "attribution",
    "polarity",
    "exact",
    "negative",
    "document_media",
)
SOURCE, CUE, QUANTITY, PART_OF = "source", "cue", "quantity", "part_of"
WHERE = "where"
ATTRIBUTIONS_WITH_SOURCE = frozenset({"direct", "indirect", "inherited"})
ATTRIBUTIONS_WITH_CUE = frozenset({"direct", "indirect", "hearsay"})

NAME_EDGE = register(
    "name-edge",
    "warning",
    "Names have no article, possessive or punctuation at their edges.",
    "move the edge to the name itself; a release trims it",
)
CLAIM_SOURCE = register(
    "claim-source",
    "error",
    "A claim is direct, indirect or inherited just where it has a source.",
    "draw the source, or choose another attribution",
)
CLAIM_CUE = register(
    "claim-cue",
    "error",
    "A claim is direct, indirect or hearsay just where it has a cue.",
    "draw the cue, or choose another attribution",
)
ZERO_IS_NEGATIVE = register(
    "zero-is-negative",
    "error",
    "A claim that none were counted is negative.",
    "make the claim negative, or mend upper",
)
COUNT_BOUNDS = register(
    "count-bounds",
    "error",
    "lower is not above upper, and an exact count gives both and equal.",
    "mend lower and upper, or choose another kind",
)
COUNT_ALONE = register(
    "count-alone",
    "warning",
    "Every count takes part in a relation.",
    "tie it to its claim or to another count",
)
ENTITY_TYPE = register(
    "entity-type",
    "warning",
    "One entity has one actor type, documents and media aside.",
    "choose one type, or tell the entities apart",
)
PART_SUM = register(
    "part-sum",
    "warning",
    "The parts of a count sum to something inside it.",
    "look again; where the text itself does not add up, leave it",
)

_ARTICLE = re.compile(r"(the|an?)\s", re.IGNORECASE)
_POSSESSIVE = re.compile(r"['’]s?$", re.IGNORECASE)
_PUNCTUATION = re.compile(r"^[^\w\s@#+]|[^\w\s.+]$|\.$")
_ABBREVIATION = re.compile(
    r"(\.\w+|\b(Co|Corp|Inc|Jr|Ltd|Sr|St))\.$"
)  # the stop of "U.S." is part of the name


def check_name_edges(target: CheckTarget) -> Iterator[Finding]:
    """Rule 3."""
    for m in target.mentions:
        if (m.label == ACTOR or m.label == LOCATION) and (what := _describe_edge(m.text)):
            yield NAME_EDGE.finding(
                f"{m.label} {m.text!r} has {what}", target.doc_id, m.start, m.end
            )


def _describe_edge(name: str) -> str | None:
    if name[0].isalnum() and name[-1].isalnum() and not (name[0] in "tTaA" or name[-1] in "sS"):
        return None  # nearly all names; the rest is looked at closely
    if _ARTICLE.match(name):
        return "an article in front"
    if _POSSESSIVE.search(name):
        return "a possessive at the end"
    if _PUNCTUATION.search(name) and not _ABBREVIATION.search(name):
        return "punctuation at an edge"
    return None


def trim_name(name: str) -> Span:
    """Where the words stand without article, possessive and punctuation at their edges; all of them if nothing is left.

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
    """Rules 9 and 10."""
    if not target.complete:
        return
    for m in target.mentions:
        kind = m.attributes.get(ATTRIBUTION)
        if m.label != CLAIM or kind is None:
            continue
        for check, relation, kinds in (
            (CLAIM_SOURCE, SOURCE, ATTRIBUTIONS_WITH_SOURCE),
            (CLAIM_CUE, CUE, ATTRIBUTIONS_WITH_CUE),
        ):
            has = (m.id, relation) in target.tails
            if has != (kind in kinds):
                message = f"claim {m.id} is {kind} and has {'a' if has else 'no'} {relation}"
                yield check.finding(message, target.doc_id, m.start, m.end)


def check_zero_counts(target: CheckTarget) -> Iterator[Finding]:
    """Rule 11."""
    if not target.complete:
        return
    for (head, relation), tails in target.tails.items():
        claim = target.by_id[head]
        if relation == QUANTITY and claim.attributes.get(POLARITY) not in (None, NEGATIVE):
            for count in tails:
                if count.attributes.get(UPPER) == 0:
                    message = (
                        f"claim {head} is {claim.attributes[POLARITY]} and counts none ({count.id})"
                    )
                    yield ZERO_IS_NEGATIVE.finding(message, target.doc_id, claim.start, claim.end)


def check_count_bounds(target: CheckTarget) -> Iterator[Finding]:
    """Rule 12."""
    for m in target.mentions:
        if m.label != COUNT:
            continue
        lower, upper = m.attributes.get(LOWER), m.attributes.get(UPPER)
        if isinstance(lower, int) and isinstance(upper, int) and lower > upper:
            yield COUNT_BOUNDS.finding(
                f"count {m.id} runs from {lower} to {upper}", target.doc_id, m.start, m.end
            )
        elif m.attributes.get(KIND) == EXACT and (lower is None or lower != upper):
            message = (
                f"count {m.id} is exact, from {_format_bound(lower)} to {_format_bound(upper)}"
            )
            yield COUNT_BOUNDS.finding(message, target.doc_id, m.start, m.end)


def check_lone_counts(target: CheckTarget) -> Iterator[Finding]:
    """Rule 13, once relations are due."""
    if not target.complete:
        return
    tied = set(chain.from_iterable((relation.head, relation.tail) for relation in target.relations))
    for m in target.mentions:
        if m.label == COUNT and m.id not in tied:
            yield COUNT_ALONE.finding(f"count {m.id} {m.text!r}", target.doc_id, m.start, m.end)


def check_entity_types(target: CheckTarget) -> Iterator[Finding]:
    """Rule 14: told at the first mention that differs from an earlier one."""
    types: dict[object, Mention] = {}
    for m in target.mentions:
        entity, kind = m.attributes.get(ENTITY), m.attributes.get(TYPE)
        if m.label != ACTOR or not entity or kind is None or kind == MEDIA:
            continue
        first = types.setdefault(entity, m)
        if first.attributes[TYPE] != kind:
            message = f"{entity!r} is {kind} in {m.id} and {first.attributes[TYPE]} in {first.id}"
            yield ENTITY_TYPE.finding(message, target.doc_id, m.start, m.end)


def check_part_sums(target: CheckTarget) -> Iterator[Finding]:
    """Rule 15. An empty bound is no bound; whole and parts are intervals."""
    parts: dict[str, list[Mention]] = {}
    for (head, relation), tails in target.tails.items() if target.has_relations else ():
        for whole in tails if relation == PART_OF else ():
            parts.setdefault(whole.id, []).append(target.by_id[head])
    for whole_id, children in parts.items():
        whole = target.by_id[whole_id]
        low, high = _count_interval(whole)
        bounds = [_count_interval(child) for child in children]
        least, most = sum(bound[0] for bound in bounds), sum(bound[1] for bound in bounds)
        if least < low or most > high:
            message = f"count {whole_id} is {_format_interval(low, high)} and its parts sum to {_format_interval(least, most)}"
            yield PART_SUM.finding(message, target.doc_id, whole.start, whole.end)


def _count_interval(count: Mention) -> tuple[float, float]:
    lower, upper = count.attributes.get(LOWER), count.attributes.get(UPPER)
    return (
        lower if isinstance(lower, int) else 0,
        upper if isinstance(upper, int) else float("inf"),
    )


def _format_interval(low: float, high: float) -> str:
    return (
        f"{low:g}"
        if low == high
        else f"{low:g} or more"
        if high == float("inf")
        else f"{low:g} to {high:g}"
    )


def _format_bound(bound: object) -> str:
    return "nothing" if bound is None else str(bound)


SCHEMA_CHECKS: tuple[CheckFunction, ...] = (
    check_name_edges,
    check_attributions,
    check_zero_counts,
    check_count_bounds,
    check_lone_counts,
    check_entity_types,
    check_part_sums,
)
