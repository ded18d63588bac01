"""Alpha for unitizing is that of the literature, and refuses what it is not made for."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.agreement.annotation_pairs import AnnotationPair, AnnotationSet
from sayso.agreement.unitizing_alpha import UnitContinuum
from sayso.spans import Span
from tests.agreement.sample_comparisons import (
    LENGTH,
    MENTIONS,
    find_figure,
    find_value,
    index_mentions,
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


def compute_disagreements(
    *documents: tuple[Sequence[list[Span] | None], int],
) -> tuple[float, float]:
    """Compute both disagreements about one label of documents, each with its length."""
    found, length = make_continuum(*documents), sum(each[1] for each in documents)
    sums = found.build_sums().leave_out()
    rates = found.compute_disagreements(sums, "Actor")
    return float(rates[0][0]) / length, float(rates[1][0]) / length


def make_continuum(*documents: tuple[Sequence[list[Span] | None], int]) -> UnitContinuum:
    continuum = UnitContinuum()
    for number, (observers, length) in enumerate(documents):
        indexed = [
            index_mentions((make_filler(*unit) for unit in units), f"ann-{reader}")
            for reader, units in enumerate(observers)
            if units is not None
        ]
        pairs = [AnnotationPair(*two) for two in combinations(indexed, 2)]
        continuum.add(f"d{number}", length, [AnnotationSet(pairs)])
    return continuum


def unitizing_alpha(*documents: tuple[Sequence[list[Span] | None], int]) -> float:
    observed, expected = compute_disagreements(*documents)
    return 1 - observed / expected


def test_the_example_of_krippendorff_2004() -> None:
    of_c, of_k = (UNITS_C, CONTINUUM_LENGTH), (UNITS_K, CONTINUUM_LENGTH)
    assert [round(each, 4) for each in compute_disagreements(of_c)] == [0.0144, 0.0532]
    assert [round(each, 4) for each in compute_disagreements(of_k)] == [0.0, 0.0490]
    assert round(unitizing_alpha(of_c), 4) == 0.7286
    assert round(unitizing_alpha(of_k), 4) == 1.0


# Krippendorff 1995, page 57, with the figures that the tests of DKPro Agreement expect.
KRIPPENDORFF_1995 = {
    "A": ([[(2, 8), (14, 6)], [(4, 4), (15, 2)]], 0.03125, 0.06990, 0.553),
    "B": (
        [[(0, 18)], [(0, 2), (2, 1), (3, 1), (4, 1), (5, 1), (6, 3), (9, 1)]],
        2.26736,
        1.17731,
        -0.926,
    ),
    "C": (
        [[(2, 6), (10, 2), (14, 4), (20, 2)], [(0, 2), (4, 4), (10, 4), (16, 2), (20, 2)]],
        0.02777,
        0.08642,
        0.679,
    ),
    "D": (
        [[(0, 2), (2, 8), (10, 4), (14, 6), (20, 4)], [(0, 4), (4, 4), (8, 7), (15, 2), (17, 7)]],
        0.38715,
        0.41445,
        0.066,
    ),
}


@pytest.mark.parametrize("name", KRIPPENDORFF_1995)
def test_the_example_of_krippendorff_1995(name: str) -> None:
    """Observed as printed; expected and alpha to the tolerance of DKPro's tests."""
    sides, observed, expected, alpha = KRIPPENDORFF_1995[name]
    stretch = 500
    observers = [
        [Span(stretch * start, stretch * (start + length)) for start, length in units]
        for units in sides
    ]
    found = compute_disagreements((observers, 24 * stretch))
    assert found[0] == pytest.approx(observed, abs=1e-5)
    assert found[1] == pytest.approx(expected, abs=5e-3)
    assert 1 - found[0] / found[1] == pytest.approx(alpha, abs=0.02)


def test_one_unit_against_three() -> None:
    """Figures that DKPro Agreement has for the same."""
    document = [[Span(1, 9)], [Span(2, 3), Span(4, 5), Span(6, 7)]], 10
    observed, expected = compute_disagreements(document)
    assert (round(observed, 12), round(expected, 4)) == (0.91, 0.5352)
    assert round(unitizing_alpha(document), 4) == -0.7003


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


def test_documents_are_one_continuum() -> None:
    """Issue 14: a short and a long document that agree in one of them, whichever, are alike."""

    def make_pair(agree: bool) -> list[list[Span]]:
        return [[Span(10, 20)], [Span(10, 20) if agree else Span(60, 70)]]

    found = [
        unitizing_alpha((make_pair(short), 100), (make_pair(not short), 10_000))
        for short in (True, False)
    ]
    assert found == [pytest.approx(0.498, abs=2e-3)] * 2
    shifted = [[*make_pair(True)[side], Span(110 + 50 * side, 120 + 50 * side)] for side in (0, 1)]
    assert found[0] == pytest.approx(unitizing_alpha((shifted, 10_100)), rel=1e-12)


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


UNITS = MENTIONS.map(
    lambda mentions: [m.span for m in remove_overlaps(mentions) if m.label == "Actor"]
)


@given(
    st.integers(2, 4).flatmap(lambda m: st.lists(st.tuples(*[UNITS] * m), min_size=1, max_size=4))
)
def test_disagreements_are_as_they_are_defined(documents: list[tuple[list[Span], ...]]) -> None:
    """All documents laid end to end, every section with every other."""
    whole: list[list[Span]] = [[] for _ in documents[0]]
    for number, observers in enumerate(documents):
        for units, found in zip(observers, whole, strict=True):
            found += [Span(start + LENGTH * number, end + LENGTH * number) for start, end in units]
    length = LENGTH * len(documents)
    computed = compute_disagreements(*((list(each), LENGTH) for each in documents))
    if any(whole):
        expected = disagreements_by_definition(whole, length)
        assert computed == pytest.approx(expected, rel=1e-9, abs=1e-12)


def expected_by_definition(continua: list[list[tuple[int, int, bool]]], annotated: int) -> float:
    """Expected disagreement, times the length, of continua that differ in length."""
    units = [size for each in continua for _b, size, is_unit in each if is_unit]
    gaps = [size for each in continua for _b, size, is_unit in each if not is_unit]
    positions = sum(
        (len(units) - 1) / 3 * (2 * size**3 - 3 * size**2 + size)
        + size**2 * sum(gap - size + 1 for gap in gaps if gap >= size)
        for size in units
    )
    return 2 * positions / (annotated * (annotated - 1) - sum(u * (u - 1) for u in units))


@given(
    st.lists(
        st.lists(st.one_of(st.none(), UNITS), min_size=3, max_size=3).filter(
            lambda sides: sum(side is not None for side in sides) > 1
        ),
        min_size=1,
        max_size=4,
    )
)
def test_annotators_of_some_documents_have_a_continuum_of_these(
    documents: list[list[list[Span] | None]],
) -> None:
    whole: list[list[Span]] = [[], [], []]
    lengths, observed, annotated = [0, 0, 0], 0.0, 0
    for sides in documents:
        there = [reader for reader in range(3) if sides[reader] is not None]
        sections = [list_sections(sides[reader] or [], LENGTH) for reader in there]
        observed += sum(
            section_distance(g, h)
            for one, other in permutations(sections, 2)
            for g, h in product(one, other)
        ) / (len(there) - 1)
        annotated += LENGTH * len(there)
        for reader in there:
            whole[reader] += [
                Span(start + lengths[reader], end + lengths[reader])
                for start, end in sides[reader] or []
            ]
            lengths[reader] += LENGTH
    if not any(whole):
        return
    continua = [list_sections(*each) for each in zip(whole, lengths, strict=True)]
    expected = expected_by_definition(continua, annotated)
    total = LENGTH * len(documents)
    computed = compute_disagreements(*((each, LENGTH) for each in documents))
    assert computed[0] * total == pytest.approx(observed / annotated, rel=1e-9, abs=1e-9)
    assert computed[1] * total == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_documents_with_overlaps_are_named_and_the_others_measured() -> None:
    fine = make_comparison(
        "c",
        [make_filler(0, 4), make_filler(9, 12, "Claim")],
        [make_filler(0, 5), make_filler(9, 12, "Claim")],
    )
    crossed = [make_filler(0, 4), make_filler(3, 6)]
    found = measure_sample(fine, make_comparison("d", crossed, [make_filler(0, 4)]))
    why = "mentions of one annotator and label overlap in d"
    for label in ("Actor", "all"):
        assert find_figure(found, f"spans.{label}.units").undefined == why
    alone = measure_sample(fine)
    for label in ("Actor", "all"):
        without = find_figure(found, f"spans.{label}.units_without_overlaps")
        assert without.documents == 1
    assert find_value(found, "spans.Actor.units_without_overlaps") == find_value(
        alone, "spans.Actor.units"
    )
    assert find_value(found, "spans.Claim.units") == 1
    assert find_value(found, "spans.Actor.exact") is not None
    assert found.overlapping == {"Actor": ("d",)}
    names = [figure.name for figure in found.figures]
    assert "spans.Claim.units_without_overlaps" not in names
    many = measure_sample(*(make_comparison(f"d{n}", crossed, []) for n in range(5)))
    figure = find_figure(many, "spans.Actor.units")
    assert figure.undefined == why + "0, d1, d2 and 2 more documents"
    nothing = find_figure(many, "spans.Actor.units_without_overlaps")
    assert nothing.undefined == "nobody marked one elsewhere"


def test_nested_mentions_that_a_label_allows_leave_a_figure() -> None:
    """One annotator may mark one inside the other; of other documents alpha is defined."""
    nested = make_comparison(
        "d", [make_filler(0, 9, "Claim"), make_filler(2, 5, "Claim")], [make_filler(0, 9, "Claim")]
    )
    plain = make_comparison("e", [make_filler(0, 3, "Claim")], [make_filler(0, 3, "Claim")])
    found = measure_sample(nested, plain)
    assert find_value(found, "spans.Claim.units") is None
    assert find_value(found, "spans.Claim.units_without_overlaps") == 1


def test_nobody_marked_any() -> None:
    found = measure_sample(make_comparison("d", [], []))
    assert find_figure(found, "spans.all.units").undefined == "nobody marked one"
