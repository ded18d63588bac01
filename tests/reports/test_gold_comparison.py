"""The gold that an annotation is compared with, and its score."""

from __future__ import annotations

from pathlib import Path

import pytest

from sayso.agreement.comparisons import STARTED_FROM_ANOTHER, ExcludedAnnotations
from sayso.corpus.items import AnnotationFilter
from sayso.corpus.sources import CorpusFiles
from sayso.errors import InputError
from sayso.models import Annotation, Gold
from sayso.reports.gold_comparison import (
    GOLD_UNSPECIFIC,
    NO_GOLD,
    GoldComparison,
    compare_with_gold,
    pass_covers,
)
from sayso.settings import Checkout
from tests.dataset.samples import (
    SCHEMA,
    make_annotation,
    make_document,
    make_relation,
    write_corpus,
)
from tests.reports.sample_corpus import mention_of
from tests.reports.sample_feedback import build_gold, write_compared_corpus, write_gold

TEXT = "The mayor said that two drones fell."
DOCUMENT = make_document("d", TEXT)
CLAIM, MAYOR = (
    mention_of(TEXT, "c", "Claim", "two drones fell"),
    mention_of(TEXT, "m", "Actor", "mayor"),
)
COUNT, CUE = mention_of(TEXT, "n", "Count", "two drones"), mention_of(TEXT, "q", "Cue", "said")
ALL_MENTIONS = (CLAIM, MAYOR, COUNT, CUE)
RELATIONS = (make_relation("source", "c", "m"), make_relation("quantity", "c", "n"))


def compare_written(
    root: Path,
    records: list[Annotation],
    golds: list[Gold],
    excluded: ExcludedAnnotations | None = None,
) -> list[GoldComparison]:
    write_corpus(root, [DOCUMENT], records)
    write_gold(root, golds)
    return list(
        compare_with_gold(
            CorpusFiles(root), SCHEMA, AnnotationFilter(), excluded or ExcludedAnnotations()
        )
    )


def test_each_annotator_is_compared_with_gold_alone(checkout: Checkout) -> None:
    write_compared_corpus(checkout.root)
    seen = list(
        compare_with_gold(
            CorpusFiles(checkout.root), SCHEMA, AnnotationFilter(), ExcludedAnnotations()
        )
    )
    assert [each.annotation.annotator for each in seen] == ["ann-1", "ann-2", "ann-3"]
    assert all(
        [annotation.annotator for annotation in each.case.annotations] == ["you", "gold"]
        for each in seen
    )
    first = seen[0]
    assert [(each.kind, each.detail) for each in first.result.disagreements] == [
        ("boundary", "right words")
    ]
    assert (first.score.own, first.score.gold, first.score.exact, first.score.overlap) == (
        6,
        6,
        5,
        6,
    )


def test_the_names_pass_is_compared_with_names_in_gold(checkout: Checkout) -> None:
    (one,) = compare_written(
        checkout.root,
        [make_annotation(DOCUMENT, MAYOR, COUNT, interface="names")],
        [build_gold(DOCUMENT, ALL_MENTIONS, RELATIONS)],
    )
    assert one.result.disagreements == () and one.score.gold == 2


def test_gold_of_the_names_pass_does_not_cover_claims(checkout: Checkout) -> None:
    excluded = ExcludedAnnotations()
    annotation = make_annotation(DOCUMENT, *ALL_MENTIONS, interface="claims")
    assert (
        compare_written(
            checkout.root,
            [annotation],
            [build_gold(DOCUMENT, [MAYOR, COUNT], interface="names")],
            excluded,
        )
        == []
    )
    assert excluded.counts == {("trial", "claims", NO_GOLD): 1}


def test_gold_of_the_same_pass_is_preferred(checkout: Checkout) -> None:
    golds = [
        build_gold(DOCUMENT, [MAYOR], interface="names"),
        build_gold(DOCUMENT, ALL_MENTIONS, adjudicated="2026-01-01"),
    ]
    (one,) = compare_written(
        checkout.root, [make_annotation(DOCUMENT, MAYOR, interface="names")], golds
    )
    assert one.gold.interface == "names" and one.score.gold == 1


def test_annotations_without_gold_are_counted(checkout: Checkout) -> None:
    excluded = ExcludedAnnotations()
    records = [
        make_annotation(DOCUMENT, MAYOR),
        make_annotation(DOCUMENT, MAYOR, annotator="ann-2", started_from="annotation"),
        make_annotation(DOCUMENT, MAYOR, campaign="other"),
    ]
    assert (
        compare_written(
            checkout.root, records, [build_gold(DOCUMENT, [MAYOR], interface=None)], excluded
        )
        == []
    )
    assert excluded.counts == {
        ("trial", "all", GOLD_UNSPECIFIC): 1,
        ("trial", "all", STARTED_FROM_ANOTHER): 1,
        ("other", "all", NO_GOLD): 1,
    }


def test_without_gold_the_error_names_the_command_that_makes_it(checkout: Checkout) -> None:
    write_corpus(checkout.root, [DOCUMENT], [make_annotation(DOCUMENT, MAYOR)])
    with pytest.raises(InputError, match="sayso adjudicate"):
        list(
            compare_with_gold(
                CorpusFiles(checkout.root), SCHEMA, AnnotationFilter(), ExcludedAnnotations()
            )
        )


@pytest.mark.parametrize(
    ("wider", "narrower", "expected"),
    [
        ("all", "names", True),
        ("claims", "names", True),
        ("names", "claims", False),
        ("all", "claims", True),
        ("gone", "gone", True),
        ("gone", "names", False),
        ("names", "gone", False),
    ],
)
def test_a_pass_covers_a_pass_that_shows_no_more(wider: str, narrower: str, expected: bool) -> None:
    assert pass_covers(SCHEMA, wider, narrower) is expected
