"""A learner who was made up is found again, and nothing is made up of nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.agreement.comparisons import ExcludedAnnotations
from sayso.corpus.items import AnnotationFilter
from sayso.corpus.sources import CorpusFiles
from sayso.reports.gold_comparison import GoldScore, compare_with_gold
from sayso.reports.learning_curve import IDLE_FACTOR, MAX_PARTS, ScoredAnnotation, build_curve
from sayso.settings import Checkout
from tests.dataset.samples import SCHEMA, write_corpus
from tests.reports.sample_feedback import (
    WORDS,
    build_learner,
    names_found,
    seconds_rate,
    write_gold,
)

COUNT = 12


def test_the_curve_recovers_the_simulated_learner(checkout: Checkout) -> None:
    documents, records, golds = build_learner(COUNT)
    write_corpus(checkout.root, documents, records)
    write_gold(checkout.root, golds)
    curve = build_curve(
        [
            ScoredAnnotation.from_comparison(each)
            for each in compare_with_gold(
                CorpusFiles(checkout.root), SCHEMA, AnnotationFilter(), ExcludedAnnotations()
            )
        ]
    )
    assert [point.doc_id for point in curve.points] == [each.doc_id for each in documents]
    exact = [point.score.f1("exact") for point in curve.points]
    assert exact == pytest.approx(
        [2 * names_found(n) / (WORDS + names_found(n)) for n in range(COUNT)]
    )
    measured = sorted(
        [seconds_rate(n) for n in range(COUNT) if n != 2]
        + [86_400.0 / len(documents[2].text) * 100]
    )
    median = (measured[5] + measured[6]) / 2
    assert (
        curve.cap == pytest.approx(IDLE_FACTOR * median)
        and curve.capped == 1
        and curve.points[2].capped
    )
    assert [point.seconds for point in curve.points] == pytest.approx(
        [IDLE_FACTOR * median if n == 2 else seconds_rate(n) for n in range(COUNT)]
    )
    first, *_rest, last = curve.parts
    assert first.seconds and last.seconds and last.seconds < first.seconds
    assert last.exact == pytest.approx(2 * (18 + 20 + 20) / (18 + 20 + 20 + 3 * WORDS))
    assert first.exact == pytest.approx(2 * (0 + 2 + 4) / (0 + 2 + 4 + 3 * WORDS)), (
        "pooled over mentions, not a mean"
    )


def scored_annotation(number: int, seconds: float | None, score: GoldScore) -> ScoredAnnotation:
    return ScoredAnnotation(f"2025-11-02T{number:05d}", f"d{number}", seconds, score)


@given(st.lists(st.one_of(st.none(), st.floats(0, 1e6)), max_size=60))
def test_every_annotation_is_in_one_part(times: list[float | None]) -> None:
    curve = build_curve(
        [
            scored_annotation(number, seconds, GoldScore(1, 1, 1, 1))
            for number, seconds in enumerate(times)
        ]
    )
    numbers = [number for part in curve.parts for number in range(part.first, part.last + 1)]
    assert len(curve.points) == len(times) and numbers == list(range(1, len(times) + 1))
    assert len(curve.parts) <= MAX_PARTS
    assert all(
        point.seconds is None or curve.cap is None or point.seconds <= curve.cap
        for point in curve.points
    )


def test_missing_times_are_not_zero() -> None:
    curve = build_curve([scored_annotation(1, None, GoldScore(0, 0, 0, 0))])
    assert (curve.cap, curve.points[0].seconds, curve.parts[0].seconds, curve.parts[0].exact) == (
        None,
        None,
        None,
        None,
    )
