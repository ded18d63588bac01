"""Alpha for unitizing is that of the literature, and refuses what it is not made for."""

from __future__ import annotations

from itertools import permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.agreement.unitizing_alpha import compute_disagreements
from sayso.errors import SpanError
from sayso.models import Mention
from sayso.spans import Span
from tests.agreement.sample_comparisons import (
    LENGTH,
    MENTIONS,
    find_figure,
    find_value,
    make_comparison,
    make_filler,
    measure_sample,
    remove_overlaps,
)

CONTINUUM_BEGIN, CONTINUUM_LENGTH = 150, 300


def make_units(*sections: tuple[int, int]) -> list[Span]:
    return [Span(start - CONTINUUM_BEGIN, end - CONTINUUM_BEGIN) for start, end in sections]


# Krippendorff 2004, page 254: a continuum of 300 that begins at 150, and two annotators.
UNITS_C = [make_units((225, 295), (370, 400)), make_units((220, 300), (355, 375), (400, 420))]
UNITS_K = [make_units((180, 240), (300, 350)), make_units((180, 240), (300, 350))]


def unitizing_alpha(labels: list[list[list[Span]]], length: int) -> float | None:
    """Compute alpha of one continuum over labels, each with its annotators' units."""
    found = [compute_disagreements(observers, length) for observers in labels]
    expected = sum(each[1] for each in found)
    return 1 - sum(each[0] for each in found) / expected if expected else None


def test_the_example_of_krippendorff_2004() -> None:
    assert [round(each, 4) for each in compute_disagreements(UNITS_C, CONTINUUM_LENGTH)] == [
        0.0144,
        0.0532,
    ]
    assert [round(each, 4) for each in compute_disagreements(UNITS_K, CONTINUUM_LENGTH)] == [
        0.0,
        0.0490,
    ]
    assert round_figure(unitizing_alpha([UNITS_C], CONTINUUM_LENGTH)) == 0.7286
    assert round_figure(unitizing_alpha([UNITS_K], CONTINUUM_LENGTH)) == 1.0
    assert round_figure(unitizing_alpha([UNITS_C, UNITS_K], CONTINUUM_LENGTH)) == 0.8587


def test_one_unit_against_three() -> None:
    """Figures that DKPro Agreement has for the same."""
    observers = [[Span(1, 9)], [Span(2, 3), Span(4, 5), Span(6, 7)]]
    observed, expected = compute_disagreements(observers, 10)
    assert (observed, round_figure(expected), round_figure(unitizing_alpha([observers], 10))) == (
        0.91,
        0.5352,
        -0.7003,
    )


def round_figure(figure: float | None) -> float | None:
    return figure if figure is None else round(figure, 4)


def test_the_same_example_through_the_door() -> None:
    """Labels stand for the categories; what is summed over labels is the whole."""
    text = "x" * CONTINUUM_LENGTH
    sides = [
        [make_filler(*unit, "Claim") for unit in of_c]
        + [make_filler(*unit, "Actor") for unit in of_k]
        for of_c, of_k in zip(UNITS_C, UNITS_K, strict=True)
    ]
    found = measure_sample(make_comparison("d", *sides, text=text))
    assert round_figure(find_value(found, "spans.Claim.units")) == 0.7286
    assert find_value(found, "spans.Actor.units") == 1
    assert round_figure(find_value(found, "spans.all.units")) == 0.8587
    twice = measure_sample(
        make_comparison("d", *sides, text=text), make_comparison("e", *sides, text=text)
    )
    assert find_value(twice, "spans.all.units") == find_value(found, "spans.all.units")


def test_a_longer_document_weighs_more() -> None:
    short, long = [[Span(2, 5)], [Span(3, 5)]], [[Span(40, 60)], []]
    both = [(30, *compute_disagreements(short, 30)), (90, *compute_disagreements(long, 90))]
    observed, expected = (sum(each[0] * each[place] for each in both) for place in (1, 2))
    found = measure_sample(
        *(
            make_comparison(
                f"d{length}",
                *([make_filler(*unit) for unit in of] for of in observers),
                text="x" * length,
            )
            for length, observers in ((30, short), (90, long))
        )
    )
    assert find_value(found, "spans.Actor.units") == round(1 - observed / expected, 6)


def list_sections(mine: list[Span], length: int) -> list[tuple[int, int, bool]]:
    """Units and the gaps between them, in order: begin, length, whether it is a unit."""
    found, before = [], 0
    for start, end in [*mine, Span(length, length)]:
        if start > before:
            found.append((before, start - before, False))
        if end > start:
            found.append((start, end - start, True))
        before = end
    return found


def section_distance(one: tuple[int, int, bool], other: tuple[int, int, bool]) -> int:
    """The metric as it is defined, section by section."""
    (b, size, is_unit), (c, width, is_other) = one, other
    if is_unit and is_other and -size < b - c < width:
        return (b - c) ** 2 + (b + size - c - width) ** 2
    if is_unit and not is_other and 0 <= b - c <= width - size:
        return size**2
    if is_other and not is_unit and 0 <= c - b <= size - width:
        return width**2
    return 0


def disagreements_by_definition(observers: list[list[Span]], length: int) -> tuple[float, float]:
    """Both disagreements, every section with every other."""
    found = [list_sections(mine, length) for mine in observers]
    m = len(observers)
    observed = sum(
        section_distance(g, h)
        for one, other in permutations(found, 2)
        for g, h in product(one, other)
    )
    every = [each for mine in found for each in mine]
    of_units = [size for _b, size, is_unit in every if is_unit]
    gaps = [size for _b, size, is_unit in every if not is_unit]
    expected = sum(
        (len(of_units) - 1) / 3 * (2 * size**3 - 3 * size**2 + size)
        + size**2 * sum(gap - size + 1 for gap in gaps if gap >= size)
        for size in of_units
    )
    below = m * length * (m * length - 1) - sum(size * (size - 1) for size in of_units)
    return observed / (m * (m - 1) * length**2), 2 / length * expected / below


@given(st.lists(MENTIONS, min_size=2, max_size=4))
def test_disagreements_are_as_they_are_defined(mentions_of_annotators: list[list[Mention]]) -> None:
    observers = [
        [Span(m.start, m.end) for m in remove_overlaps(one) if m.label == "Actor"]
        for one in mentions_of_annotators
    ]
    assert compute_disagreements(observers, LENGTH) == pytest.approx(
        disagreements_by_definition(observers, LENGTH), rel=1e-12
    )


def test_what_overlaps_itself_is_refused_and_named() -> None:
    with pytest.raises(SpanError, match=r"^\[3, 6\): overlaps another of the same annotator$"):
        compute_disagreements([[Span(0, 4), Span(3, 6)], [Span(0, 4)]], 10)
    with pytest.raises(SpanError, match=r"^\[3, 11\): not inside 10 code points$"):
        compute_disagreements([[Span(3, 11)], []], 10)
    fine = make_comparison(
        "c",
        [make_filler(0, 4), make_filler(9, 12, "Claim")],
        [make_filler(0, 4), make_filler(9, 12, "Claim")],
    )
    found = measure_sample(
        fine, make_comparison("d", [make_filler(0, 4), make_filler(3, 6)], [make_filler(0, 4)])
    )
    why = "document d [3, 6): Actor overlaps another of the same annotator"
    assert (
        find_figure(found, "spans.Actor.units").undefined
        == find_figure(found, "spans.all.units").undefined
        == why
    )
    assert find_value(found, "spans.Claim.units") == 1
    assert find_value(found, "spans.Actor.exact") is not None


def test_nobody_marked_any() -> None:
    assert unitizing_alpha([[[], []]], 10) is None
    assert (
        find_figure(measure_sample(make_comparison("d", [], [])), "spans.all.units").undefined
        == "nobody marked one"
    )
