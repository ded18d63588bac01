"""Checks of the roles that a schema declares: edges of names, bounds, and the sums of parts."""

from __future__ import annotations

from collections.abc import Iterator

from sayso.checks.annotation_checks import CheckFunction, CheckTarget
from sayso.checks.check_registry import Finding, error_check, warning_check
from sayso.models import Mention
from sayso.schema.bounds import read_interval
from sayso.schema.name_edges import find_edges

NAME_EDGE = warning_check(
    "name-edge",
    "Names have no article, possessive or punctuation at their edges.",
    "move the edge to the name itself",
)
BOUNDS_ORDER = error_check(
    "bounds-order", "The lower bound of a number is not above its upper one.", "correct the bounds"
)
PART_SUM = warning_check(
    "part-sum",
    "The parts of a number sum to something within its bounds.",
    "look again; where the text itself does not add up, leave it",
)


def check_name_edges(target: CheckTarget) -> Iterator[Finding]:
    """Check the edges of names, which are the mentions of labels with ``edges``."""
    labels = {name for name, label in target.schema.labels.items() if label.edges}
    edges = find_edges(target.schema, target.language)
    for m in target.mentions:
        if m.label in labels and (what := edges.describe(m.text)):
            yield target.finding(NAME_EDGE, f"{m.label} {m.text!r} has {what}", m)


def check_bounds(target: CheckTarget) -> Iterator[Finding]:
    """Check the bounds of each mention that has them."""
    bounds = {name: label.bounds for name, label in target.schema.labels.items() if label.bounds}
    for m in target.mentions:
        if m.label in bounds:
            lower, upper = (m.attributes.get(name) for name in bounds[m.label])
            if isinstance(lower, int) and isinstance(upper, int) and lower > upper:
                yield target.finding(
                    BOUNDS_ORDER, f"{m.label} {m.id} runs from {lower} to {upper}", m
                )


def check_part_sums(target: CheckTarget) -> Iterator[Finding]:
    """Check the sum of the parts of each number. All are intervals, and an empty bound is open."""
    relations = set(target.schema.iterate_arithmetic("part")) if target.has_relations else set()
    parts: dict[str, list[Mention]] = {}
    for (head, relation), tails in target.tails.items():
        for total in tails if relation in relations else ():
            parts.setdefault(total.id, []).append(target.by_id[head])
    for total_id, children in parts.items():
        total = target.by_id[total_id]
        low, high = read_interval(total, target.schema)
        intervals = [read_interval(child, target.schema) for child in children]
        least, most = (sum(bounds) for bounds in zip(*intervals, strict=True))
        if least < low or most > high:
            interval, part_sum = _format_interval(low, high), _format_interval(least, most)
            message = f"{total.label} {total_id} is {interval} and its parts sum to {part_sum}"
            yield target.finding(PART_SUM, message, total)


def _format_interval(low: float, high: float) -> str:
    if low == high:
        return f"{low:g}"
    return f"{low:g} or more" if high == float("inf") else f"{low:g} to {high:g}"


ROLE_CHECKS: tuple[CheckFunction, ...] = (check_name_edges, check_bounds, check_part_sums)
