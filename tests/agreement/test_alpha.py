"""Alpha over code points and over attributes is what the `krippendorff` package finds;

AC1 what Gwet printed, and what the package irrCAC 0.4.4 finds. (It asks for numpy 1, so that it is
not installed here; its figures are copied.)
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from functools import partial
from itertools import combinations
from typing import Literal, get_args

import krippendorff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.agreement import character_alpha
from sayso.agreement.attribute_agreement import gwet_ac1, krippendorff_alpha
from sayso.agreement.attribute_distances import (
    SCALES,
    Distance,
    date_distance,
    interval_distance,
    masi_distance,
    nominal_distance,
    ordinal_distance,
)
from sayso.agreement.jackknife import JackknifeValues
from sayso.models import Mention
from sayso.schema.schema_types import AttributeKind
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


def alpha_of_units(
    units: Iterable[Sequence[Hashable]], values: Sequence[Hashable], distance: Distance
) -> float:
    """Compute alpha of the values that annotators chose, unit by unit."""
    pairs: defaultdict[tuple[Hashable, ...], float] = defaultdict(float)
    for chosen in units:
        for two in combinations(chosen, 2):
            pairs[two] += 1 / (len(chosen) - 1)
    arrays = {two: np.array([weight]) for two, weight in pairs.items()}
    return float(krippendorff_alpha(arrays, values, distance)[0])


@pytest.mark.parametrize(
    ("level", "distance"),
    [("nominal", nominal_distance), ("ordinal", ordinal_distance), ("interval", interval_distance)],
)
@given(units=st.lists(st.lists(st.integers(0, 4), min_size=2, max_size=5), min_size=1, max_size=9))
def test_attributes_are_as_the_package_finds_them(
    level: Literal["nominal", "ordinal", "interval"], distance: Distance, units: list[list[int]]
) -> None:
    """Any number of annotators, another one in each unit."""
    values = sorted({value for unit in units for value in unit})
    found = alpha_of_units(units, values, distance)
    if len(values) < 2:
        assert np.isnan(found)
        return
    data = np.full((5, len(units)), np.nan)
    for number, unit in enumerate(units):
        data[: len(unit), number] = unit
    expected = krippendorff.alpha(data, level_of_measurement=level)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_a_distance_of_its_own_is_all_that_a_kind_of_attribute_needs() -> None:
    """Sets by Jaccard: observed 1 / 6 of the first two units, expected by hand."""

    def jaccard_distance(
        values: Sequence[Hashable], _chosen: JackknifeValues, number: int
    ) -> JackknifeValues:
        sets = [set(str(value)) for value in values]
        shares = [len(each & sets[number]) / len(each | sets[number]) for each in sets]
        return 1 - np.array(shares)[:, np.newaxis]

    found = alpha_of_units(
        [("ab", "a"), ("a", "a"), ("c", "c")], ["ab", "a", "c"], jaccard_distance
    )
    # Six values: ab once, a three times, c twice. Distances: ab-a 1/2, all others 1.
    assert found == pytest.approx(1 - 5 * 0.5 / (1 * 3 / 2 + 1 * 2 + 3 * 2))


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [
        (("a",), ("a",), 0),
        (("a",), ("b",), 1),
        (("a", "b"), ("a",), 1 - 1 / 2 * 2 / 3),
        (("a", "b"), ("b", "c"), 1 - 1 / 3 * 1 / 3),
        (("a", "b", "c"), ("b", "c"), 1 - 2 / 3 * 2 / 3),
    ],
)
def test_sets_are_compared_as_passonneau_does(
    one: tuple[str, ...], other: tuple[str, ...], distance: float
) -> None:
    for values in ((one, other), (other, one)):
        found = masi_distance(values, np.zeros((2, 1)), 0)
        assert found[:, 0] == pytest.approx([0, distance])


def test_dates_are_as_far_apart_as_days() -> None:
    units = [("2025-01-01", "2025-01-03"), ("2025-02-01", "2025-02-01"), ("2024-12-31",) * 2]
    days = np.array([[1, 32, 0], [3, 32, 0]], dtype=float)
    found = alpha_of_units(units, sorted({day for unit in units for day in unit}), date_distance)
    assert found == pytest.approx(krippendorff.alpha(days, level_of_measurement="interval"))


def test_every_kind_of_attribute_has_a_scale() -> None:
    assert SCALES.keys() == {*get_args(AttributeKind)}


def ac1_of_units(units: Sequence[Sequence[str]], values: Iterable[str]) -> float:
    """Compute AC1 of the values that annotators chose, unit by unit, as `count_attributes` does."""
    alike = [np.mean([one == other for one, other in combinations(unit, 2)]) for unit in units]
    shares = [
        np.array([np.mean([unit.count(value) / len(unit) for unit in units])]) for value in values
    ]
    return float(gwet_ac1(np.array([np.mean(alike)]), shares)[0])


def test_ac1_of_a_table_that_gwet_discusses() -> None:
    """125 subjects, 118 positive for both, 5 and 2 for one: kappa is below 0, AC1 is .9408."""
    units = [("+", "+")] * 118 + [("+", "-")] * 5 + [("-", "+")] * 2
    assert ac1_of_units(units, "+-") == pytest.approx(0.9408, abs=5e-5)
    assert alpha_of_units(units, "+-", nominal_distance) < 0


# Gwet, Handbook of Inter-Rater Reliability (2014), without the last unit, which one rater has.
FOUR_RATERS = (
    *("111", "2232", "3333", "3333", "2222", "1234", "4444", "1121", "2222", "555", "11"),
)


def test_a_published_table_of_four_raters() -> None:
    values = dict(
        zip("12345", ("direct", "indirect", "inherited", "hearsay", "author"), strict=True)
    )
    found = measure_sample(
        *(
            make_comparison(
                f"d{number:02}",
                *([make_filler(0, 4, "Claim", attribution=values[each])] for each in unit),
            )
            for number, unit in enumerate(FOUR_RATERS)
        )
    )
    assert find_value(found, "attributes.Claim.attribution.alpha") == pytest.approx(
        0.74342, abs=5e-6
    )
    assert find_value(found, "attributes.Claim.attribution.ac1") == pytest.approx(0.77515, abs=5e-6)
    assert find_value(found, "attributes.Claim.attribution.agreement") == round(9 / 11, 6)
    assert find_figure(found, "attributes.Claim.attribution.alpha").n == len(FOUR_RATERS)


def test_a_unit_counts_once_however_many_chose() -> None:
    """Issue 14: pairs were pooled, so that a unit of three annotators weighed as three of two."""
    chance = random.Random(3)
    units = [[chance.choice("ab") for _ in range(3 if n < 10 else 2)] for n in range(20)]
    names = {"a": "literal", "b": "associative"}
    found = measure_sample(
        *(
            make_comparison(
                f"d{number:02}", *([make_filler(0, 1, "Location", use=names[v])] for v in unit)
            )
            for number, unit in enumerate(units)
        )
    )
    data = np.full((3, 20), np.nan)
    for number, unit in enumerate(units):
        data[: len(unit), number] = [ord(value) for value in unit]
    expected = krippendorff.alpha(data, level_of_measurement="nominal")
    assert find_value(found, "attributes.Location.use.alpha") == round(expected, 6)
    assert find_figure(found, "attributes.Location.use.alpha").n == 20
    chosen = [value for unit in units for value in unit]
    others = [
        (sum(value == other for other in unit) - 1) / (len(unit) - 1)
        for unit in units
        for value in unit
        if value == "a"
    ]
    of_value = find_figure(found, "attributes.Location.use=literal.agreement")
    assert (of_value.value, of_value.n) == (round(float(np.mean(others)), 6), chosen.count("a"))


def test_ac1_knows_only_the_values_that_somebody_chose() -> None:
    """The figure is that of irrCAC; the schema declares more values of this attribute."""
    units = [("civilian", "civilian")] * 6 + [("civilian", "expert")] * 2
    units.append(("company_other", "civilian"))
    sides = mentions_with_values(*units, attribute="type", label="Actor")
    found = measure_sample(make_comparison("d", *sides))
    assert find_value(found, "attributes.Actor.type.ac1") == pytest.approx(0.61011, abs=5e-6)


def test_mentions_of_several_annotators_are_units() -> None:
    """A chain of overlaps is one unit unless it would have two mentions of one annotator."""
    three = (
        [make_filler(0, 4, "Location", use="literal")],
        [make_filler(2, 8, "Location", use="literal")],
    )
    chain = measure_sample(
        make_comparison("d", *three, [make_filler(6, 9, "Location", use="associative")])
    )
    figure = find_figure(chain, "attributes.Location.use.agreement")
    assert (figure.n, figure.value) == (1, round(1 / 3, 6))
    split = measure_sample(
        make_comparison(
            "d",
            [
                make_filler(0, 4, "Location", use="literal"),
                make_filler(9, 14, "Location", use="literal"),
            ],
            [make_filler(0, 5, "Location", use="literal")],
            [make_filler(4, 10, "Location", use="associative")],
        )
    )
    assert find_figure(split, "attributes.Location.use.agreement").n == 1


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
        == "no mention that two marked has it"
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
    assert (
        find_figure(found, "attributes.Location.use.ac1").undefined == "only one value was chosen"
    )


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
    equal, overlap = (find_figure(found, f"bounds.Count.{each}") for each in ("equal", "overlap"))
    # Of the fourth pair nobody gave a bound.
    assert (equal.value, equal.n) == (round(1 / 3, 6), 3)
    assert (overlap.value, overlap.n) == (round(2 / 3, 6), 3)
    nothing = measure_sample(make_comparison("d", one, []))
    assert (
        find_figure(nothing, "bounds.Count.equal").undefined
        == "no Count that two marked has a bound"
    )


def test_a_number_without_bounds_agrees_with_no_other() -> None:
    """Issue 14: it counted as one from minus to plus infinity, which equals and meets all."""
    bare, bounded = make_filler(0, 2, "Count"), make_filler(0, 2, "Count", lower=3)
    both_bare = measure_sample(make_comparison("d", [bare], [bare]))
    equal, overlap = (find_figure(both_bare, f"bounds.Count.{m}") for m in ("equal", "overlap"))
    assert (equal.value, equal.n, overlap.value, overlap.n) == (None, 0, None, 0)
    one_bare = measure_sample(make_comparison("d", [bare], [bounded]))
    equal, overlap = (find_figure(one_bare, f"bounds.Count.{m}") for m in ("equal", "overlap"))
    assert (equal.value, equal.n, overlap.value, overlap.n) == (0, 1, None, 0)
    three = measure_sample(make_comparison("d", [bare], [bounded], [bounded]))
    equal, overlap = (find_figure(three, f"bounds.Count.{m}") for m in ("equal", "overlap"))
    assert (equal.value, equal.n, overlap.value, overlap.n) == (round(1 / 3, 6), 1, 1, 1)
