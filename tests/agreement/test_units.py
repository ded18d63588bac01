"""Alpha for unitizing is that of the literature, and refuses what it is not made for."""

from __future__ import annotations

from itertools import permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.agreement.units import alpha, disagreements
from sayso.errors import SpanError
from sayso.records import Mention
from sayso.spans import Span
from tests.agreement.made import LENGTH, MENTIONS, compared, figure, flat, measured, plain, value

BEGIN, WIDE = 150, 300


def units(*sections: tuple[int, int]) -> list[Span]:
    return [Span(start - BEGIN, end - BEGIN) for start, end in sections]


# Krippendorff 2004, page 254: a continuum of 300 that begins at 150, and two annotators.
OF_C = [units((225, 295), (370, 400)), units((220, 300), (355, 375), (400, 420))]
OF_K = [units((180, 240), (300, 350)), units((180, 240), (300, 350))]


def test_the_example_of_krippendorff_2004() -> None:
    assert [round(each, 4) for each in disagreements(OF_C, WIDE)] == [0.0144, 0.0532]
    assert [round(each, 4) for each in disagreements(OF_K, WIDE)] == [0.0, 0.0490]
    assert rounded(alpha([OF_C], WIDE)) == 0.7286
    assert rounded(alpha([OF_K], WIDE)) == 1.0
    assert rounded(alpha([OF_C, OF_K], WIDE)) == 0.8587


def test_one_unit_against_three() -> None:
    """Figures that DKPro Agreement has for the same."""
    observers = [[Span(1, 9)], [Span(2, 3), Span(4, 5), Span(6, 7)]]
    observed, expected = disagreements(observers, 10)
    assert (observed, rounded(expected), rounded(alpha([observers], 10))) == (0.91, 0.5352, -0.7003)


def rounded(figure: float | None) -> float | None:
    return figure if figure is None else round(figure, 4)


def test_the_same_example_through_the_door() -> None:
    """Labels stand for the categories; what is summed over labels is the whole."""
    text = "x" * WIDE
    readings = [
        [plain(*unit, "Claim") for unit in of_c] + [plain(*unit, "Actor") for unit in of_k]
        for of_c, of_k in zip(OF_C, OF_K, strict=True)
    ]
    found = measured(compared("d", *readings, text=text))
    assert rounded(value(found, "spans.Claim.units")) == 0.7286
    assert value(found, "spans.Actor.units") == 1
    assert rounded(value(found, "spans.all.units")) == 0.8587
    twice = measured(compared("d", *readings, text=text), compared("e", *readings, text=text))
    assert value(twice, "spans.all.units") == value(found, "spans.all.units")


def test_a_longer_document_weighs_more() -> None:
    short, long = [[Span(2, 5)], [Span(3, 5)]], [[Span(40, 60)], []]
    both = [(30, *disagreements(short, 30)), (90, *disagreements(long, 90))]
    observed, expected = (sum(each[0] * each[place] for each in both) for place in (1, 2))
    found = measured(*(
        compared(f"d{length}", *([plain(*unit) for unit in of] for of in observers), text="x" * length)
        for length, observers in ((30, short), (90, long))
    ))  # fmt: skip
    assert value(found, "spans.Actor.units") == round(1 - observed / expected, 6)


def sections(mine: list[Span], length: int) -> list[tuple[int, int, bool]]:
    """Units and the gaps between them, in order: begin, length, whether it is a unit."""
    found, before = [], 0
    for start, end in [*mine, Span(length, length)]:
        if start > before:
            found.append((before, start - before, False))
        if end > start:
            found.append((start, end - start, True))
        before = end
    return found


def distance(one: tuple[int, int, bool], other: tuple[int, int, bool]) -> int:
    """The metric as it is defined, section by section."""
    (b, size, is_unit), (c, width, is_other) = one, other
    if is_unit and is_other and -size < b - c < width:
        return (b - c) ** 2 + (b + size - c - width) ** 2
    if is_unit and not is_other and 0 <= b - c <= width - size:
        return size**2
    if is_other and not is_unit and 0 <= c - b <= size - width:
        return width**2
    return 0


def by_definition(observers: list[list[Span]], length: int) -> tuple[float, float]:
    """Both disagreements, every section with every other."""
    found = [sections(mine, length) for mine in observers]
    m = len(observers)
    observed = sum(distance(g, h) for one, other in permutations(found, 2) for g, h in product(one, other))
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
def test_disagreements_are_as_they_are_defined(readings: list[list[Mention]]) -> None:
    observers = [[Span(m.start, m.end) for m in flat(one) if m.label == "Actor"] for one in readings]
    assert disagreements(observers, LENGTH) == pytest.approx(by_definition(observers, LENGTH), rel=1e-12)


def test_what_overlaps_itself_is_refused_and_named() -> None:
    with pytest.raises(SpanError, match=r"^\[3, 6\): overlaps another of the same annotator$"):
        disagreements([[Span(0, 4), Span(3, 6)], [Span(0, 4)]], 10)
    with pytest.raises(SpanError, match=r"^\[3, 11\): not inside 10 code points$"):
        disagreements([[Span(3, 11)], []], 10)
    fine = compared("c", [plain(0, 4), plain(9, 12, "Claim")], [plain(0, 4), plain(9, 12, "Claim")])
    found = measured(fine, compared("d", [plain(0, 4), plain(3, 6)], [plain(0, 4)]))
    why = "document d [3, 6): Actor overlaps another of the same annotator"
    assert figure(found, "spans.Actor.units").undefined == figure(found, "spans.all.units").undefined == why
    assert value(found, "spans.Claim.units") == 1
    assert value(found, "spans.Actor.exact") is not None


def test_nobody_marked_any() -> None:
    assert alpha([[[], []]], 10) is None
    assert figure(measured(compared("d", [], [])), "spans.all.units").undefined == "nobody marked one"
