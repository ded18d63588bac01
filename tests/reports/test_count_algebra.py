"""Counts as intervals, and equations between them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.checks.annotation_checks import target_of_annotation
from sayso.checks.role_checks import check_part_sums
from sayso.models import Mention, sort_mentions, sort_relations
from sayso.reports.count_algebra import (
    CountBounds,
    CountEquation,
    count_bounds,
    find_equations,
    format_count,
)
from tests.dataset.samples import (
    SCHEMA,
    make_annotation,
    make_document,
    make_mention,
    make_relation,
)
from tests.reports.sample_corpus import count_attributes, main_annotation

CountLimits = tuple[int | None, int | None]


def count_mention(lower: int | None, upper: int | None, kind: str = "exact") -> Mention:
    return make_mention("n", "Count", "many", 0, 4, attributes=count_attributes(lower, upper, kind))


@pytest.mark.parametrize(
    ("lower", "upper", "kind", "written"),
    [
        (38, 38, "exact", "38"),
        (2, 4, "range", "2..4"),
        (12, None, "at_least", "≥ 12"),
        (None, 5, "at_most", "≤ 5"),
        (0, 5, "range", "0..5"),
        (20, 20, "approx", "≈ 20"),
        (2, None, "vague", "≥ 2 (vague)"),
        (0, 0, "exact", "0"),
        (None, None, "vague", "? (vague)"),
    ],
)
def test_counts_are_formatted_with_their_bounds_and_kind(
    lower: int, upper: int, kind: str, written: str
) -> None:
    assert format_count(count_mention(lower, upper, kind), SCHEMA) == written


def compare_parts(*parts: CountLimits, whole: CountLimits) -> CountEquation:
    """Return the equation of a whole and its parts."""
    mentions = [
        make_mention(f"p{index}", "Count", "many", 0, 4, attributes=count_attributes(*part))
        for index, part in enumerate(parts)
    ]
    mentions.append(make_mention("w", "Count", "many", 0, 4, attributes=count_attributes(*whole)))
    relations = [make_relation("part_of", f"p{index}", "w") for index in range(len(parts))]
    (found,) = find_equations({each.id: each for each in mentions}, relations, SCHEMA)
    return found


def test_parts_that_overlap_the_whole_may_add_up() -> None:
    found = compare_parts((34, 34), (2, 4), whole=(38, 38))
    assert (found.state, found.total) == ("may add up", "36..38")
    assert "only where they sum to 38" in found.explanation


def test_too_few_and_too_many_parts_are_explained() -> None:
    assert compare_parts((34, 34), (2, 2), whole=(38, 38)).state == "too few"
    assert "2 unaccounted for" in compare_parts((34, 34), (2, 2), whole=(38, 38)).explanation
    assert compare_parts((34, 34), (5, None), whole=(38, 38)).state == "too many"
    assert "≥ 1 too many" in compare_parts((34, 34), (5, None), whole=(38, 38)).explanation


def test_additions_and_restatements() -> None:
    mentions = {
        name: make_mention(name, "Count", "many", 0, 4, attributes=count_attributes(value, value))
        for name, value in (("four", 4), ("two", 2), ("again", 4))
    }
    relations = [
        make_relation("adds_to", "two", "four"),
        make_relation("restates", "again", "four"),
        make_relation("restates", "two", "again"),
    ]
    added, again, differs = find_equations(mentions, relations, SCHEMA)
    assert (added.relation, added.whole, added.parts, added.total) == (
        "adds_to",
        "four",
        ("two",),
        "6",
    )
    assert sorted([again.state, differs.state]) == ["adds up", "differs"]


LIMIT = st.none() | st.integers(0, 60)
COUNT_LIMITS = st.tuples(LIMIT, LIMIT).filter(
    lambda pair: pair[0] is None or pair[1] is None or pair[0] <= pair[1]
)


@given(st.lists(COUNT_LIMITS, min_size=1, max_size=4), COUNT_LIMITS)
def test_equations_and_the_sum_check_agree(parts: list[CountLimits], whole: CountLimits) -> None:
    found = compare_parts(*parts, whole=whole)
    made = make_document("d", "many " * 5)
    marked = [
        make_mention(f"p{n}", "Count", made.text, 5 * n, 5 * n + 4, attributes=count_attributes(*p))
        for n, p in enumerate(parts)
    ]
    marked.append(
        make_mention("w", "Count", made.text, 20, 24, attributes=count_attributes(*whole))
    )
    relations = [make_relation("part_of", f"p{n}", "w") for n in range(len(parts))]
    annotation = make_annotation(made, *sort_mentions(marked), relations=sort_relations(relations))
    findings = list(check_part_sums(target_of_annotation(annotation, made.text, SCHEMA)))
    assert bool(findings) == (found.state != "adds up")


@given(st.lists(COUNT_LIMITS, min_size=1, max_size=4), COUNT_LIMITS)
def test_parts_may_add_up_exactly_if_some_numbers_do(
    parts: list[CountLimits], whole: CountLimits
) -> None:
    low = sum(lower or 0 for lower, _ in parts)
    high = sum(math.inf if upper is None else upper for _, upper in parts)
    possible = low <= (math.inf if whole[1] is None else whole[1]) and (whole[0] or 0) <= high
    assert (compare_parts(*parts, whole=whole).state in ("adds up", "may add up")) == possible


def test_relations_between_other_labels_give_no_equation() -> None:
    record = main_annotation()
    by_id: dict[str, Mention] = {each.id: each for each in record.mentions}
    assert list(find_equations(by_id, [make_relation("part_of", "who", "whole")], SCHEMA)) == []
    assert [each.whole for each in find_equations(by_id, record.relations, SCHEMA)] == ["whole"]


def test_bounds_without_an_end_are_open() -> None:
    assert count_bounds(count_mention(None, None), SCHEMA) == CountBounds(0, math.inf)
