"""Intervals are those of whole documents drawn anew, and the same each time."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sayso.agreement import bootstrap
from sayso.agreement.bootstrap import (
    DocumentSums,
    Estimate,
    estimate,
    percentile_interval,
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


def estimate_mean(of: DocumentSums[str], samples: int = 500) -> Estimate:
    drawn = of.resample(samples)
    return estimate(
        ("a", "b", "mean"),
        ratio(drawn["number"], drawn["documents"]),
        of.documents,
        "x",
        of.documents,
    )


@pytest.mark.parametrize("documents", [1, 7, 1300])  # the last is more than are laid out at once
def test_every_drawing_has_as_many_documents_as_there_are(documents: int) -> None:
    drawn = make_sums(documents).resample(40)
    assert drawn["documents"].tolist() == [documents] * 41
    assert drawn.total("number") == documents * (documents - 1) // 2
    assert drawn["never"].tolist() == [0] * 41
    assert [drawn.count_documents(key) for key in ("documents", "number", "nothing", "never")] == [
        documents,
        documents - 1,
        0,
        0,
    ]
    assert (drawn["only-0"] + drawn["only-1"] + drawn["only-2"]).tolist() == [documents] * 41


def test_documents_are_drawn_with_replacement_and_evenly() -> None:
    found: DocumentSums[int] = DocumentSums()
    for number in range(50):
        found.add({number: 1})
    times = np.array([found.resample(400)[number][1:] for number in range(50)])
    assert set(np.unique(times)) >= {0, 1, 2, 3}
    assert np.abs(times.mean(axis=1) - 1).max() < 0.2
    assert abs((times == 0).mean() - math.exp(-1)) < 0.01


def test_the_same_documents_give_the_same_drawings_for_ever() -> None:
    """A figure in a release must be found again by whoever has the data."""
    assert (
        make_sums(10).resample(5)["number"].tolist() == make_sums(10).resample(5)["number"].tolist()
    )
    assert (
        make_sums(10).resample(5, seed=7)["number"].tolist()
        != make_sums(10).resample(5, seed=8)["number"].tolist()
    )
    assert make_sums(10).resample(5, seed=7)["number"].tolist() == FROZEN


FROZEN = [45.0, 53.0, 52.0, 38.0, 27.0, 54.0]


def test_the_interval_of_a_mean_is_that_of_theory() -> None:
    figure = estimate_mean(make_sums(400), 2000).figure
    error = 1.96 * np.std(np.arange(400)) / 20
    assert figure.value == 199.5
    assert figure.low is not None and figure.high is not None
    assert figure.low == pytest.approx(199.5 - error, abs=error / 8)
    assert figure.high == pytest.approx(199.5 + error, abs=error / 8)


def test_drawing_some_at_a_time_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = make_sums(700).resample(30)["number"].tolist()
    monkeypatch.setattr(bootstrap, "_BLOCK_CELLS", 700 * 4)
    monkeypatch.setattr(bootstrap, "_BLOCK_DOCUMENTS", 9)
    assert make_sums(700).resample(30)["number"].tolist() == at_once


def test_one_document_has_no_interval_and_nothing_has_no_value() -> None:
    alone = estimate_mean(make_sums(1)).figure
    assert (alone.value, alone.low, alone.high, alone.undefined) == (0, None, None, None)
    nothing = estimate(
        ("a", "b", "c"), ratio(np.zeros(3), np.zeros(3)), 0, "x", 0, "nobody marked one"
    ).figure
    assert (nothing.value, nothing.low, nothing.high, nothing.undefined) == (
        None,
        None,
        None,
        "nobody marked one",
    )


def test_documents_with_nothing_in_them_count_as_documents() -> None:
    one, other = make_sums(5), make_sums(5)
    one.add_empty(3)
    for _ in range(3):
        other.add({})
    assert one.documents == other.documents == 8
    assert one.resample(20)["number"].tolist() == other.resample(20)["number"].tolist()


def test_no_documents_at_all() -> None:
    found: DocumentSums[str] = DocumentSums()
    assert found.resample(3)["x"].tolist() == [0, 0, 0, 0]


def test_a_difference_is_drawn_together() -> None:
    """Variation that both sides share does not widen it."""
    newer, older = estimate_mean(make_sums(60)), estimate_mean(make_sums(60))
    assert (
        subtract_estimates(newer, older).figure.value,
        subtract_estimates(newer, older).figure.low,
    ) == (0, 0)
    undefined = estimate(("a", "b", "mean"), np.full(501, np.nan), 0, "x", 0, "nobody marked one")
    assert subtract_estimates(newer, undefined).figure.undefined == "nobody marked one"


def test_an_interval_lies_between_drawings_in_proportion() -> None:
    values = np.arange(101, dtype=np.float64)
    assert percentile_interval(values) == (2.5, 97.5)
    assert percentile_interval(np.append(values, np.nan)) == (2.5, 97.5)
    assert percentile_interval(np.array([np.nan])) == (None, None)
    assert str(round_value(-0.0)) == "0.0"
