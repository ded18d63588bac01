"""Counts as intervals, and what is said of their parts."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.checks.answers import of_annotation
from sayso.checks.scheme import sums
from sayso.records import Mention, ordered_mentions, ordered_relations
from sayso.report.algebra import Bounds, Equation, bounds, equations, notation
from tests.dataset.made import SCHEMA, annotation, document, mention, relation
from tests.report.worlds import number, reading

Given = tuple[int | None, int | None]


def count(lower: int | None, upper: int | None, kind: str = "exact") -> Mention:
    return mention("n", "Count", "many", 0, 4, attributes=number(lower, upper, kind))


@pytest.mark.parametrize(
    ("lower", "upper", "kind", "written"),
    [
        (38, 38, "exact", "38"), (2, 4, "range", "2..4"), (12, None, "at_least", "≥ 12"), (None, 5, "at_most", "≤ 5"),
        (0, 5, "range", "0..5"), (20, 20, "approx", "≈ 20"), (2, None, "vague", "≥ 2 (vague)"), (0, 0, "exact", "0"),
        (None, None, "vague", "? (vague)"),
    ],
)  # fmt: skip
def test_a_number_is_written_as_its_words_bound_it(lower: int, upper: int, kind: str, written: str) -> None:
    assert notation(count(lower, upper, kind)) == written


def told(*parts: Given, whole: Given) -> Equation:
    """The one equation of a whole and its parts."""
    mentions = [
        mention(f"p{place}", "Count", "many", 0, 4, attributes=number(*part)) for place, part in enumerate(parts)
    ]
    mentions.append(mention("w", "Count", "many", 0, 4, attributes=number(*whole)))
    arrows = [relation("part_of", f"p{place}", "w") for place in range(len(parts))]
    (found,) = equations({each.id: each for each in mentions}, arrows)
    return found


def test_parts_that_fit_at_one_end_only_may_add_up() -> None:
    found = told((34, 34), (2, 4), whole=(38, 38))
    assert (found.state, found.total) == ("may", "36..38")
    assert "only where they come to 38" in found.told


def test_parts_that_are_too_few_or_too_many_are_marked() -> None:
    assert told((34, 34), (2, 2), whole=(38, 38)).state == "less"
    assert "2 left over" in told((34, 34), (2, 2), whole=(38, 38)).told
    assert told((34, 34), (5, None), whole=(38, 38)).state == "more"
    assert "≥ 1 too many" in told((34, 34), (5, None), whole=(38, 38)).told


def test_what_is_added_and_what_is_said_again() -> None:
    mentions = {name: mention(name, "Count", "many", 0, 4, attributes=number(value, value))
                for name, value in (("four", 4), ("two", 2), ("again", 4))}  # fmt: skip
    arrows = [
        relation("adds_to", "two", "four"),
        relation("restates", "again", "four"),
        relation("restates", "two", "again"),
    ]
    added, again, differs = equations(mentions, arrows)
    assert (added.relation, added.whole, added.parts, added.total) == ("adds_to", "four", ("two",), "6")
    assert sorted([again.state, differs.state]) == ["differs", "sums"]


BOUND = st.none() | st.integers(0, 60)
GIVEN = st.tuples(BOUND, BOUND).map(lambda pair: pair if None in pair else tuple(sorted(pair)))  # type: ignore[type-var]


@given(st.lists(GIVEN, min_size=1, max_size=4), GIVEN)
def test_a_sum_is_marked_just_where_the_check_finds_it(parts: list[Given], whole: Given) -> None:
    found = told(*parts, whole=whole)
    made = document("d", "many " * 5)
    marked = [
        mention(f"p{n}", "Count", made.text, 5 * n, 5 * n + 4, attributes=number(*p)) for n, p in enumerate(parts)
    ]
    marked.append(mention("w", "Count", made.text, 20, 24, attributes=number(*whole)))
    arrows = [relation("part_of", f"p{n}", "w") for n in range(len(parts))]
    answer = annotation(made, *ordered_mentions(marked), relations=ordered_relations(arrows))
    findings = list(sums(of_annotation(answer, made.text, SCHEMA)))
    assert bool(findings) == (found.state != "sums")


@given(st.lists(GIVEN, min_size=1, max_size=4), GIVEN)
def test_what_may_add_up_is_what_some_choice_of_numbers_gives(parts: list[Given], whole: Given) -> None:
    low = sum(lower or 0 for lower, _ in parts)
    high = sum(math.inf if upper is None else upper for _, upper in parts)
    possible = low <= (math.inf if whole[1] is None else whole[1]) and (whole[0] or 0) <= high
    assert (told(*parts, whole=whole).state in ("sums", "may")) == possible


def test_arrows_between_other_labels_are_no_algebra() -> None:
    record = reading()
    by_id: dict[str, Mention] = {each.id: each for each in record.mentions}
    assert list(equations(by_id, [relation("part_of", "who", "whole")])) == []
    assert [each.whole for each in equations(by_id, record.relations)] == ["whole"]


def test_bounds_without_an_end_are_open() -> None:
    assert bounds(count(None, None)) == Bounds(0, math.inf)
