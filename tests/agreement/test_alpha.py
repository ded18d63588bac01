"""Alpha over code points and over attributes is what the `krippendorff` package finds;

AC1 what Gwet printed.
"""

from __future__ import annotations

from functools import partial
from typing import Literal

import krippendorff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.agreement import character_alpha
from sayso.agreement.attribute_agreement import gwet_ac1, krippendorff_alpha
from sayso.models import Mention
from tests.agreement.sample_comparisons import (
    LABELS,
    LENGTH,
    MENTIONS,
    estimate_documents,
    find_figure,
    find_value,
    index_mentions,
    make_comparison,
    make_filler,
    measure_sample,
)

ANNOTATOR_COUNT = 4
# The mentions of each annotator; None for those who did not annotate. At least two did.
PARTIAL_ANNOTATIONS = st.lists(
    st.one_of(st.none(), MENTIONS), min_size=ANNOTATOR_COUNT, max_size=ANNOTATOR_COUNT
).filter(lambda sides: sum(side is not None for side in sides) > 1)


def build_matrix(
    documents: list[list[list[Mention] | None]], label: str
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return a matrix of annotators by code points: 1 inside, 0 outside, NaN if not annotated."""
    found = np.full((ANNOTATOR_COUNT, LENGTH * len(documents)), np.nan)
    for number, sides in enumerate(documents):
        for annotator, side in enumerate(sides):
            if side is not None:
                found[annotator, LENGTH * number : LENGTH * (number + 1)] = 0
                for m in side:
                    if m.label == label:
                        found[annotator, LENGTH * number + m.start : LENGTH * number + m.end] = 1
    return found


@given(st.lists(PARTIAL_ANNOTATIONS, min_size=1, max_size=4))
def test_characters_are_as_the_package_finds_them(
    documents: list[list[list[Mention] | None]],
) -> None:
    annotations = [
        [index_mentions(side) for side in sides if side is not None] for sides in documents
    ]
    found = estimate_documents(
        [
            partial(character_alpha.count_characters, annotations=mine, length=LENGTH)
            for mine in annotations
        ],
        lambda sums: character_alpha.estimate_characters(sums, [*LABELS, "all"]),
    )
    for label in LABELS:
        data = build_matrix(documents, label)
        if len(np.unique(data[~np.isnan(data)])) < 2:
            assert np.isnan(found[label])
            continue
        expected = krippendorff.alpha(data, level_of_measurement="nominal")
        assert found[label] == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_where_all_is_marked_or_nothing_alpha_is_undefined() -> None:
    everything = measure_sample(
        make_comparison("d", [make_filler(0, LENGTH)], [make_filler(0, LENGTH)])
    )
    assert (
        find_figure(everything, "spans.Actor.characters").undefined
        == "everything is marked by everybody"
    )
    assert find_figure(everything, "spans.Claim.characters").undefined == "nobody marked one"
    assert find_figure(everything, "spans.all.characters").undefined


def test_all_labels_together_are_what_is_observed_over_what_is_expected() -> None:
    found = measure_sample(
        make_comparison(
            "d",
            [make_filler(0, 4), make_filler(10, 12, "Claim")],
            [make_filler(0, 5), make_filler(10, 12, "Claim")],
        )
    )
    # Of 40 values 9 are inside Actor and 4 inside Claim; one code point is disputed.
    expected = 9 * 31 / 39 + 4 * 36 / 39
    assert find_value(found, "spans.all.characters") == round(1 - 1 / expected, 6)


TABLES = st.integers(2, 5).flatmap(
    lambda k: st.lists(
        st.tuples(st.integers(0, k - 1), st.integers(0, k - 1)), min_size=2, max_size=30
    )
)


@pytest.mark.parametrize("ordinal", [False, True])
@given(chosen=TABLES)
def test_attributes_are_as_the_package_finds_them(
    chosen: list[tuple[int, int]], ordinal: bool
) -> None:
    values = sorted({value for two in chosen for value in two})
    found = float(krippendorff_alpha(coincidences(chosen, max(values) + 1), ordinal=ordinal)[0])
    if len(values) < 2:
        assert np.isnan(found)
        return
    data = np.array(chosen, dtype=float).T
    level: Literal["ordinal", "nominal"] = "ordinal" if ordinal else "nominal"
    assert found == pytest.approx(
        krippendorff.alpha(data, level_of_measurement=level), rel=1e-12, abs=1e-12
    )


def coincidences(
    chosen: list[tuple[int, int]], size: int
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    table = np.zeros((size, size, 1))
    for one, other in chosen:
        table[one, other] += 1
        table[other, one] += 1
    return table


def test_ac1_of_a_table_that_gwet_discusses() -> None:
    """125 subjects, 118 positive for both, 5 and 2 for one: kappa is below 0, AC1 is .9408."""
    chosen = [(0, 0)] * 118 + [(0, 1)] * 5 + [(1, 0)] * 2
    assert float(gwet_ac1(coincidences(chosen, 2))[0]) == pytest.approx(0.9408, abs=5e-5)
    assert float(krippendorff_alpha(coincidences(chosen, 2))[0]) < 0


def mentions_with_values(
    *chosen: tuple[str | None, str | None], attribute: str = "use", label: str = "Location"
) -> list[list[Mention]]:
    """Mentions on the same places, each with what the two chose."""
    return [
        [
            make_filler(2 * n, 2 * n + 1, label, **({attribute: two[side]} if two[side] else {}))
            for n, two in enumerate(chosen)
        ]
        for side in (0, 1)
    ]


def test_the_figures_of_an_attribute() -> None:
    sides = mentions_with_values(
        *[("literal", "literal")] * 6,
        *[("literal", "associative")] * 2,
        ("associative", "associative"),
    )
    found = measure_sample(make_comparison("d", *sides))
    subject = "attributes.Location.use"
    assert find_value(found, f"{subject}.agreement") == round(7 / 9, 6)
    assert find_value(found, f"{subject}.alpha") == round(1 - 17 * 2 / (14 * 4), 6)
    assert find_value(found, f"{subject}=literal.agreement") == round(12 / 14, 6)
    assert find_value(found, f"{subject}=associative.agreement") == 0.5
    assert find_figure(found, f"{subject}=associative.agreement").n == 4
    assert find_figure(found, f"{subject}.alpha").n == 9
    # Of the others nobody chose anything.
    assert (
        find_figure(found, "attributes.Location.precision.alpha").undefined
        == "no mention that both marked has it"
    )


def test_an_attribute_without_a_value_on_one_side() -> None:
    """Nominal: a value of its own.

    Ordinal: there is no place for it, so that only what both chose is left.
    """
    nominal = measure_sample(
        make_comparison(
            "d", *mentions_with_values(("literal", None), ("literal", "literal"), (None, None))
        )
    )
    assert find_value(nominal, "attributes.Location.use.agreement") == 0.5
    assert find_value(nominal, "attributes.Location.use=(none).agreement") == 0
    assert find_figure(nominal, "attributes.Location.use.agreement").n == 2
    assert nominal.missing == {"Location.use": 1}
    places = mentions_with_values(
        ("site", "site"), ("region", "region"), ("site", None), attribute="precision"
    )
    ordinal = measure_sample(make_comparison("d", *places))
    assert find_value(ordinal, "attributes.Location.precision.alpha") == 1
    assert find_value(ordinal, "attributes.Location.precision.agreement") == round(2 / 3, 6)


def test_order_counts_where_the_schema_says_so() -> None:
    near = [
        ("certain", "certain"),
        ("probable", "certain"),
        ("possible", "possible"),
        ("certain", "certain"),
    ]
    far = [
        ("certain", "certain"),
        ("probable", "certain"),
        ("possible", "certain"),
        ("certain", "certain"),
    ]
    values = [
        find_value(
            measure_sample(
                make_comparison(
                    "d", *mentions_with_values(*each, attribute="certainty", label="Claim")
                )
            ),
            "attributes.Claim.certainty.alpha",
        )
        for each in (near, far)
    ]
    assert values[0] is not None and values[1] is not None and values[0] > values[1]
    numbers = {"possible": 0, "probable": 1, "certain": 2}
    data = np.array([[numbers[value] for value in two] for two in near], dtype=float).T
    assert values[0] == round(krippendorff.alpha(data, level_of_measurement="ordinal"), 6)


def test_one_value_only_is_no_agreement_beyond_chance() -> None:
    found = measure_sample(
        make_comparison("d", *mentions_with_values(*[("literal", "literal")] * 3))
    )
    assert (
        find_figure(found, "attributes.Location.use.alpha").undefined == "only one value was chosen"
    )
    assert find_value(found, "attributes.Location.use.agreement") == 1
    assert find_value(found, "attributes.Location.use.ac1") == 1


def test_words_are_compared_for_equality_alone() -> None:
    sides = mentions_with_values(
        ("Q1", "Q1"), ("Q1", "Q2"), ("Q3", None), (None, None), attribute="entity", label="Actor"
    )
    found = measure_sample(make_comparison("d", *sides))
    assert find_value(found, "attributes.Actor.entity.agreement") == round(1 / 3, 6)
    assert found.missing == {"Actor.entity": 1}
    assert not [each for each in found.figures if each.name == "attributes.Actor.entity.alpha"]


def test_bounds_of_counts() -> None:
    def count(start: int, **bounds: int) -> Mention:
        return make_filler(start, start + 2, "Count", **bounds)

    one = [
        count(0, lower=2, upper=2),
        count(4, lower=2),
        count(8, lower=5, upper=9),
        count(12),
        count(16, lower=1),
    ]
    other = [count(0, lower=2, upper=2), count(4, lower=2, upper=4), count(8, lower=10), count(12)]
    found = measure_sample(make_comparison("d", one, other))
    assert find_value(found, "bounds.Count.equal") == 0.5
    assert find_value(found, "bounds.Count.overlap") == 0.75
    assert find_figure(found, "bounds.Count.equal").n == 4
    nothing = measure_sample(make_comparison("d", one, []))
    assert find_figure(nothing, "bounds.Count.equal").undefined == "no Count that both marked"
