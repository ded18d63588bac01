"""Whose answers are held against which gold, and what they score."""

from __future__ import annotations

from pathlib import Path

import pytest

from sayso.agreement.answers import ANOTHERS, LeftOut
from sayso.errors import InputError
from sayso.feedback.judging import UNDECIDED, UNSAID, Judged, covers, judged
from sayso.readings import Choice
from sayso.records import Annotation, Gold
from sayso.settings import Instance
from sayso.store import Corpus
from tests.dataset.made import SCHEMA, annotation, document, relation, write
from tests.feedback.worlds import gold_of, judged_world, write_gold
from tests.report.worlds import of

TEXT = "The mayor said that two drones fell."
HERE = document("d", TEXT)
CLAIM, MAYOR = of(TEXT, "c", "Claim", "two drones fell"), of(TEXT, "m", "Actor", "mayor")
COUNT, CUE = of(TEXT, "n", "Count", "two drones"), of(TEXT, "q", "Cue", "said")
EVERYTHING = (CLAIM, MAYOR, COUNT, CUE)
ARROWS = (relation("source", "c", "m"), relation("quantity", "c", "n"))


def found(root: Path, answers: list[Annotation], golds: list[Gold], left_out: LeftOut | None = None) -> list[Judged]:
    write(root, [HERE], answers)
    write_gold(root, golds)
    return list(judged(Corpus(root), SCHEMA, Choice(), left_out or LeftOut()))


def test_each_annotator_is_held_against_gold_and_nobody_else(instance: Instance) -> None:
    judged_world(instance.root)
    seen = list(judged(Corpus(instance.root), SCHEMA, Choice(), LeftOut()))
    assert [each.answer.annotator for each in seen] == ["ann-1", "ann-2", "ann-3"]
    assert all([answer.annotator for answer in each.case.answers] == ["you", "gold"] for each in seen)
    first = seen[0]
    assert [(each.kind, each.detail) for each in first.outcome.disagreements] == [("boundary", "right words")]
    assert (first.score.own, first.score.gold, first.score.exact, first.score.overlap) == (6, 6, 5, 6)


def test_the_names_pass_is_held_against_the_names_in_gold_alone(instance: Instance) -> None:
    (one,) = found(instance.root, [annotation(HERE, MAYOR, COUNT, interface="names")],
                   [gold_of(HERE, EVERYTHING, ARROWS)])  # fmt: skip
    assert one.outcome.disagreements == () and one.score.gold == 2


def test_gold_of_the_names_pass_says_nothing_of_claims(instance: Instance) -> None:
    left_out = LeftOut()
    answer = annotation(HERE, *EVERYTHING, interface="claims")
    assert found(instance.root, [answer], [gold_of(HERE, [MAYOR, COUNT], interface="names")], left_out) == []
    assert left_out.counts == {("trial", "claims", UNDECIDED): 1}


def test_gold_of_the_very_pass_comes_first(instance: Instance) -> None:
    golds = [gold_of(HERE, [MAYOR], interface="names"), gold_of(HERE, EVERYTHING, adjudicated="2026-01-01")]
    (one,) = found(instance.root, [annotation(HERE, MAYOR, interface="names")], golds)
    assert one.gold.interface == "names" and one.score.gold == 1


def test_what_has_no_gold_of_its_own_is_counted(instance: Instance) -> None:
    left_out = LeftOut()
    answers = [
        annotation(HERE, MAYOR), annotation(HERE, MAYOR, annotator="ann-2", started_from="annotation"),
        annotation(HERE, MAYOR, campaign="other"),
    ]  # fmt: skip
    assert found(instance.root, answers, [gold_of(HERE, [MAYOR], interface=None)], left_out) == []
    assert left_out.counts == {
        ("trial", "all", UNSAID): 1,
        ("trial", "all", ANOTHERS): 1,
        ("other", "all", UNDECIDED): 1,
    }


def test_without_gold_it_says_what_makes_some(instance: Instance) -> None:
    write(instance.root, [HERE], [annotation(HERE, MAYOR)])
    with pytest.raises(InputError, match="sayso adjudicate"):
        list(judged(Corpus(instance.root), SCHEMA, Choice(), LeftOut()))


@pytest.mark.parametrize(
    ("wider", "narrower", "expected"),
    [("all", "names", True), ("claims", "names", True), ("names", "claims", False), ("all", "claims", True),
     ("gone", "gone", True), ("gone", "names", False), ("names", "gone", False)],
)  # fmt: skip
def test_a_pass_covers_what_shows_no_more(wider: str, narrower: str, expected: bool) -> None:
    assert covers(SCHEMA, wider, narrower) is expected
