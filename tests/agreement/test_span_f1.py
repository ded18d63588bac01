"""F1 of spans is what an oracle that tries everything finds."""

from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.models import Mention
from sayso.schema.name_edges import find_edges
from tests.agreement.sample_comparisons import (
    LABELS,
    MENTIONS,
    find_figure,
    find_value,
    make_comparison,
    make_filler,
    measure_sample,
)
from tests.dataset.samples import SCHEMA, make_mention
from tests.test_matching import count_best_matching


def count_common(one: list[Mention], other: list[Mention]) -> int:
    """Count mentions with an equal one on the other side, each used once."""
    left = [(m.label, m.start, m.end) for m in other]
    found = 0
    for m in one:
        if (m.label, m.start, m.end) in left:
            left.remove((m.label, m.start, m.end))
            found += 1
    return found


def expected_f1(common: int, *sides: list[Mention]) -> float | None:
    total = sum(map(len, sides))
    return round(2 * common / total, 6) if total else None


@given(MENTIONS, MENTIONS)
def test_f1_is_that_of_an_oracle(one: list[Mention], other: list[Mention]) -> None:
    found = measure_sample(make_comparison("d", one, other))
    for label in LABELS:
        mine, theirs = ([m for m in side if m.label == label] for side in (one, other))
        assert find_value(found, f"spans.{label}.exact") == expected_f1(
            count_common(mine, theirs), mine, theirs
        )
        assert find_value(found, f"spans.{label}.overlap") == expected_f1(
            count_best_matching(mine, theirs), mine, theirs
        )
    assert find_value(found, "spans.all.exact") == expected_f1(count_common(one, other), one, other)
    assert find_value(found, "spans.all.overlap") == expected_f1(
        count_best_matching(one, other), one, other
    )


@given(MENTIONS, MENTIONS, MENTIONS)
def test_no_figure_depends_on_who_comes_first(
    one: list[Mention], two: list[Mention], three: list[Mention]
) -> None:
    figures = measure_sample(
        make_comparison("d", one, two, three), make_comparison("e", two, one, one)
    ).figures
    swapped = measure_sample(
        make_comparison("d", three, one, two), make_comparison("e", one, two, one)
    ).figures
    assert [(f.name, f.value, f.low, f.high, f.n) for f in figures] == [
        (f.name, f.value, f.low, f.high, f.n) for f in swapped
    ]


@given(MENTIONS, MENTIONS)
def test_pairs_are_summed_before_they_are_divided(one: list[Mention], other: list[Mention]) -> None:
    """Three annotators, two of whom are of one mind: the sums of three pairs."""
    found = measure_sample(make_comparison("d", one, other, other))
    total = 2 * (len(one) + 2 * len(other))
    expected = round(2 * (2 * count_common(one, other) + len(other)) / total, 6) if total else None
    assert find_value(found, "spans.all.exact") == expected
    figure = find_figure(found, "spans.all.exact")
    assert figure.n == len(one) + 2 * len(other)  # each mention once, not once for each pair
    assert figure.pairs == (3 if other else 2 if one else 0)
    for pair in found.pairs:
        mine = [one if name == "ann-1" else other for name in pair.annotators]
        of_all = next(each for each in pair.figures if each.name == "spans.all.exact")
        assert of_all.value == expected_f1(count_common(*mine), *mine)


@pytest.mark.parametrize(
    ("text", "one", "other"),
    [
        ("by the army,", "the army", "army"),
        ("by the army,", "army", "army,"),
        ("the army’s men", "army’s", "army"),
        ("said “the army”", "“the army”", "army"),
        ("the armies' men", "armies'", "the armies"),
        ("in (Kharkiv)", "(Kharkiv", "Kharkiv)"),
        ("an “A’s”,", "an “A’s”,", "A"),
        ("the U.S., they", "U.S.", "the U.S."),
    ],
)
def test_edges_make_no_difference_to_what_is_normalised(text: str, one: str, other: str) -> None:
    sides = [
        [make_mention("m", "Actor", text, text.index(each), text.index(each) + len(each))]
        for each in (one, other)
    ]
    found = measure_sample(make_comparison("d", *sides, text=text))
    assert (
        find_value(found, "spans.Actor.exact"),
        find_value(found, "spans.Actor.normalised"),
    ) == (0, 1)


@pytest.mark.parametrize(
    ("one", "other"), [("another army", "army"), ("U.S", "U.S."), ("@army", "army"), ("…", "… .")]
)
def test_other_words_make_a_difference(one: str, other: str) -> None:
    text = one if len(one) > len(other) else other
    sides = [
        [make_mention("m", "Actor", text, text.index(each), text.index(each) + len(each))]
        for each in (one, other)
    ]
    assert (
        find_value(
            measure_sample(make_comparison("d", *sides, text=text)), "spans.Actor.normalised"
        )
        == 0
    )


@given(st.text(alphabet="theaAn ’'s“”.,U()#", min_size=1, max_size=12))
def test_bare_words_have_no_edge_left(text: str) -> None:
    trim_name = find_edges(SCHEMA).trim
    start, end = trim_name(text)
    assert 0 <= start < end <= len(text)
    if (start, end) != (0, len(text)):
        assert trim_name(text[start:end]) == (0, end - start)


def test_a_document_that_only_some_saw_counts_for_them() -> None:
    seen = make_comparison("d", [make_filler(0, 3)], [make_filler(0, 3)], [make_filler(0, 3)])
    alone = make_comparison("e", [make_filler(0, 3)], [make_filler(5, 9)])
    found = measure_sample(seen, alone)
    assert find_value(found, "spans.Actor.exact") == 0.75
    assert find_figure(found, "spans.Actor.exact").documents == found.documents == 2
    assert [(pair.annotators, pair.documents) for pair in found.pairs] == [
        (("ann-1", "ann-2"), 2),
        (("ann-1", "ann-3"), 1),
        (("ann-2", "ann-3"), 1),
    ]
    assert (found.annotations, found.comparisons) == (5, 4)


def test_what_nobody_marked_is_undefined() -> None:
    found = measure_sample(make_comparison("d", [make_filler(0, 3)], [make_filler(4, 6)]))
    of_actor, of_claim = (
        find_figure(found, "spans.Actor.exact"),
        find_figure(found, "spans.Claim.exact"),
    )
    assert (of_actor.value, of_actor.undefined, of_actor.n) == (0, None, 2)
    assert (of_claim.value, of_claim.low, of_claim.undefined, of_claim.n) == (
        None,
        None,
        "nobody marked one",
        0,
    )


def test_predictions_that_both_kept_are_measured_apart() -> None:
    def from_prediction(start: int, kind: Literal["prediction", "prediction_changed"]) -> Mention:
        return Mention(
            id="m", label="Actor", start=start, end=start + 2, text="xx", started_from=kind
        )

    one = [
        from_prediction(0, "prediction"),
        from_prediction(4, "prediction"),
        make_filler(8, 10),
        make_filler(12, 14),
    ]
    other = [
        from_prediction(0, "prediction"),
        from_prediction(4, "prediction_changed"),
        make_filler(8, 10),
        make_filler(15, 17),
    ]
    found = measure_sample(make_comparison("d", one, other))
    assert find_value(found, "spans.Actor.exact") == 0.75  # 2 · 3 of 8
    assert find_value(found, "machine.Actor.share") == round(1 / 3, 6)
    assert find_value(found, "machine.Actor.exact_without") == round(2 * 2 / 6, 6)
    assert find_figure(found, "machine.Claim.share").undefined == "they agree on none"
    nobody = measure_sample(make_comparison("d", [make_filler(0, 2)], [make_filler(0, 2)]))
    assert (
        find_figure(nobody, "machine.all.share").undefined
        == "no mention was taken over from a prediction"
    )


def test_a_label_that_the_pass_does_not_show_has_no_figure_unless_it_was_marked() -> None:
    names = measure_sample(
        make_comparison("d", [make_filler(0, 3)], [make_filler(0, 3)], interface="names")
    )
    assert {each.subject for each in names.figures if each.group == "spans"} == {
        "Actor",
        "Location",
        "Count",
        "all",
        "any label",
    }
    strange = measure_sample(
        make_comparison(
            "d", [make_filler(0, 3, "Ship")], [make_filler(0, 3, "Ship")], interface="names"
        )
    )
    assert find_value(strange, "spans.Ship.exact") == 1
    elsewhere = measure_sample(
        make_comparison("d", [make_filler(0, 3)], [make_filler(0, 3)], interface="unheard-of")
    )
    assert find_value(elsewhere, "spans.Actor.exact") == 1
