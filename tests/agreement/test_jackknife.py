"""Sums without each document, and the interval of what is computed from them."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from msgspec.structs import replace

from sayso.agreement import jackknife
from sayso.agreement.agreement_tables import format_interval_notes
from sayso.agreement.jackknife import (
    ALPHA,
    SHARE,
    DocumentSums,
    Estimate,
    estimate,
    jackknife_interval,
    ratio,
    round_value,
    subtract_estimates,
)


def make_sums(documents: int) -> DocumentSums[str]:
    """Documents of which the nth has n of something."""
    found: DocumentSums[str] = DocumentSums()
    for number in range(documents):
        found.add({"documents": 1, "number": number, "nothing": 0, f"only-{number % 3}": 1})
    return found


def estimate_shares(
    *documents: tuple[float, float], limits: tuple[float, float] = SHARE
) -> Estimate:
    """Estimate a ratio from the numerators and denominators of documents."""
    sums: DocumentSums[str] = DocumentSums()
    for part, whole in documents:
        sums.add({"part": part, "whole": whole})
    left_out = sums.leave_out()
    values = ratio(left_out["part"], left_out["whole"])
    seen = left_out.count_documents("whole")
    return estimate(("a", "b", "share"), values, 1, "x", seen, "nobody", limits=limits)


def test_each_document_is_left_out_once() -> None:
    left_out = make_sums(7).leave_out()
    assert left_out["documents"].tolist() == [7, *[6] * 7]
    assert left_out["number"].tolist() == [21, 21, 20, 19, 18, 17, 16, 15]
    assert left_out["only-0"].tolist() == [3, 2, 3, 3, 2, 3, 3, 2]
    assert left_out["never"].tolist() == [0] * 8
    assert left_out.total("number") == 21
    keys = ("documents", "number", "nothing", "never")
    assert [left_out.count_documents(key) for key in keys] == [7, 6, 0, 0]


def test_documents_with_nothing_in_them_count_as_documents() -> None:
    one, other = make_sums(5), make_sums(5)
    one.add_empty(3)
    for _ in range(3):
        other.add({})
    assert one.documents == other.documents == 8
    assert one.leave_out()["number"].tolist() == other.leave_out()["number"].tolist()
    assert len(one.leave_out()["number"]) == 9


def test_no_documents_at_all() -> None:
    found: DocumentSums[str] = DocumentSums()
    assert found.leave_out()["x"].tolist() == [0]
    found.add_empty(2)
    assert found.leave_out()["x"].tolist() == [0, 0, 0]


def test_the_error_of_a_mean_is_that_of_theory() -> None:
    """The jackknife of a mean over equal documents is its standard error, exactly."""
    shares = [0.2, 0.5, 0.9, 0.4, 0.7]
    found = estimate_shares(*((share, 1) for share in shares))
    error = statistics.stdev(shares) / math.sqrt(len(shares))
    assert math.sqrt(float(np.sum(found.scale_deviations() ** 2))) == pytest.approx(error)
    logit = math.log(0.54 / 0.46)
    reach = 2.7764 * error / (0.54 * 0.46)  # Student's t with 4 degrees of freedom
    expected = [1 / (1 + math.exp(-(logit + step))) for step in (-reach, reach)]
    assert [found.figure.low, found.figure.high] == pytest.approx(expected, abs=1e-5)


def test_many_documents_are_left_out_in_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = np.random.default_rng(3)
    documents = [(chance.binomial(9, 0.8), 9) for _ in range(600)]
    whole = estimate_shares(*documents).figure
    monkeypatch.setattr(jackknife, "_MAX_GROUPS", 200)
    grouped = estimate_shares(*documents)
    assert len(grouped.values) == 201
    assert (grouped.figure.value, grouped.figure.documents) == (whole.value, 600)
    assert grouped.figure.low is not None and whole.low is not None
    assert grouped.figure.low == pytest.approx(whole.low, abs=0.002)


@pytest.mark.parametrize(
    ("documents", "limits", "reason", "undefined_without"),
    [
        ([(3, 4)], SHARE, "fewer than two documents have any", 1),
        ([(3, 4), (0, 0)], SHARE, "fewer than two documents have any", 1),
        ([(4, 4), (4, 4), (2, 2)], SHARE, "the documents do not differ", 0),
        ([(0, 4), (0, 1)], ALPHA, "the documents do not differ", 0),
        ([(-9, 4), (-4, 4)], ALPHA, "not between -1 and 1", 0),
    ],
)
def test_there_is_no_interval_where_it_would_say_nothing(
    documents: list[tuple[float, float]],
    limits: tuple[float, float],
    reason: str,
    undefined_without: int,
) -> None:
    found = estimate_shares(*documents, limits=limits).figure
    assert found.value is not None and found.undefined is None
    assert (found.low, found.high, found.no_interval) == (None, None, reason)
    assert found.undefined_without == undefined_without


def test_a_figure_that_hangs_on_one_document_has_no_interval() -> None:
    values = np.array([0.5, np.nan, 0.4, 0.6])
    found = estimate(("a", "b", "alpha"), values, 9, "x", 3, limits=ALPHA).figure
    assert found.no_interval == "undefined without a certain document (1 such)"
    assert (found.value, found.low, found.undefined_without) == (0.5, None, 1)


def test_nothing_has_no_value() -> None:
    found = estimate_shares((0, 0), (0, 0)).figure
    assert (found.value, found.low, found.high) == (None, None, None)
    assert (found.undefined, found.no_interval) == ("nobody", None)


def test_an_interval_stays_inside_its_limits() -> None:
    near = estimate_shares((99, 100), (3, 4), (50, 50)).figure
    assert near.low is not None and near.high is not None
    assert 0 < near.low < 0.82 and 0.99 < near.high <= 1
    below = estimate_shares((-30, 100), (3, 4), (-5, 50), limits=ALPHA).figure
    assert below.low is not None and below.high is not None
    assert -1 <= below.low < 0 < below.high <= 1


def test_notes_name_the_figures_without_or_with_a_rough_interval() -> None:
    few = estimate_shares((3, 4), (1, 4), (4, 4)).figure
    none = replace(estimate_shares((4, 4), (4, 4)).figure, subject="c")
    many = replace(estimate_shares(*[(3, 4), (1, 4)] * 10).figure, subject="d")
    assert [*format_interval_notes([few, none, many])] == [
        "no interval (–), the documents do not differ: c",
        "rough intervals, fewer than 20 documents: b",
    ]
    assert [*format_interval_notes([few])] == ["rough intervals, fewer than 20 documents: all"]
    assert [*format_interval_notes([many])] == []


def test_one_long_document_leaves_few_degrees_of_freedom() -> None:
    equal = [(4, 5), (3, 5), (5, 5), (4, 5), (3, 5), (5, 5)]
    even = jackknife_interval(0.5, np.full(10, 0.02), 10)
    uneven = jackknife_interval(0.5, np.array([0.063, *[0.003] * 9]), 10)
    assert even.low is not None and uneven.low is not None
    assert even.low > 0.3 > uneven.low
    assert estimate_shares(*equal).figure.low is not None


def test_student_quantiles_are_those_of_the_distribution() -> None:
    """The density, integrated numerically up to the quantile, gives 0.975."""
    for freedom in (1, 1.5, 2, 3.7, 11, 25, 400):
        quantile = jackknife._student_quantile(freedom)
        x = np.linspace(0, quantile, 20_001)
        scale = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2))
        scale /= math.sqrt(freedom * math.pi)
        density = scale * (1 + x**2 / freedom) ** (-(freedom + 1) / 2)
        below = 0.5 + float(np.sum((density[1:] + density[:-1]) / 2)) * (x[1] - x[0])
        assert 0.97499 < below < 0.9763, freedom  # between whole numbers a little more


def test_a_difference_leaves_out_the_same_documents() -> None:
    """Variation that both sides share does not widen it."""
    newer = estimate_shares((3, 4), (1, 4), (4, 4), (2, 4))
    older = estimate_shares((2, 4), (1, 4), (3, 4), (1, 4))
    found = subtract_estimates(newer, older).figure
    assert found.value == pytest.approx(0.1875)
    assert found.low is not None and found.high is not None
    assert newer.figure.low is not None and newer.figure.high is not None
    assert found.high - found.low < newer.figure.high - newer.figure.low
    same = subtract_estimates(newer, newer).figure
    assert (same.value, same.low) == (0, None)
    assert same.no_interval == "the documents do not differ"


def test_a_difference_of_nothing_is_undefined() -> None:
    newer, undefined = estimate_shares((3, 4), (1, 4)), estimate_shares((0, 0), (0, 0))
    assert subtract_estimates(newer, undefined).figure.undefined == "nobody"
    alone = estimate_shares((3, 4), (0, 0))
    found = subtract_estimates(newer, alone).figure
    assert (found.value, found.no_interval) == (-0.25, "fewer than two documents have any")


def test_rounding_has_no_negative_zero() -> None:
    assert str(round_value(-0.0)) == "0.0"
