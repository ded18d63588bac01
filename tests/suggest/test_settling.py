"""Out of many suggestions one reading, by a rule that can be told, and nothing gone uncounted."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from sayso.spans import covers, crossing, overlapping
from sayso.suggest.settling import CROSSING, INSIDE_ACTOR, OVERLAPPING, SAME, Candidate, settled
from sayso.suggest.suggesters import Suggested

Gone = Counter[tuple[str, str, str]]


def one(turn: int, label: str, start: int, end: int, score: float | None = None, **values: str) -> Candidate:
    return Candidate(turn, f"s{turn}", Suggested(label, start, end, dict(values), score))


def places(found: list[Candidate]) -> list[tuple[str, int, int]]:
    return [(each.mention.label, each.mention.start, each.mention.end) for each in found]


def test_the_first_named_then_the_surer_then_the_longer_stays() -> None:
    gone: Gone = Counter()
    assert places(settled([one(1, "Count", 0, 9, 0.9), one(0, "Count", 3, 5, 0.1)], gone)) == [("Count", 3, 5)]
    assert places(settled([one(0, "Count", 0, 9, 0.2), one(0, "Count", 3, 5, 0.6)], gone)) == [("Count", 3, 5)]
    assert places(settled([one(0, "Count", 3, 5, 0.6), one(0, "Count", 0, 9, 0.6)], gone)) == [("Count", 0, 9)]
    assert gone == {("s1", "Count", OVERLAPPING): 1, ("s0", "Count", OVERLAPPING): 2}


def test_crossing_gives_way_and_nesting_stays() -> None:
    gone: Gone = Counter()
    assert places(settled([one(0, "Claim", 0, 9), one(1, "Count", 2, 5), one(1, "Cue", 8, 12)], gone)) == [
        ("Claim", 0, 9), ("Count", 2, 5),
    ]  # fmt: skip
    assert gone == {("s1", "Cue", CROSSING): 1}


def test_no_place_inside_the_name_of_an_actor_whoever_was_first() -> None:
    gone: Gone = Counter()
    assert places(settled([one(0, "Location", 0, 6), one(1, "Actor", 0, 28)], gone)) == [("Actor", 0, 28)]
    assert gone == {("s0", "Location", INSIDE_ACTOR): 1}


def test_of_two_on_one_span_the_first_takes_the_values_that_it_lacks() -> None:
    gone: Gone = Counter()
    (found,) = settled([one(0, "Count", 0, 9, kind="exact"), one(1, "Count", 0, 9, kind="vague", thing="uav")], gone)
    assert (found.by, found.mention.attributes) == ("s0", {"kind": "exact", "thing": "uav"})
    assert gone == {("s1", "Count", SAME): 1}


candidates = st.builds(
    lambda turn, label, start, length, score: one(turn, label, start, start + length, score),
    st.integers(0, 2), st.sampled_from(["Actor", "Location", "Count"]), st.integers(0, 20), st.integers(1, 9),
    st.none() | st.floats(0, 1),
)  # fmt: skip


@given(st.lists(candidates, max_size=25))
def test_layers_are_flat_and_everything_is_accounted_for(given: list[Candidate]) -> None:
    gone: Gone = Counter()
    kept = settled(given, gone)
    assert len(kept) + gone.total() == len(given)
    for mine, other in combinations(kept, 2):
        assert not crossing(mine.span, other.span)
        assert mine.mention.label != other.mention.label or not overlapping(mine.span, other.span)
        labels = {mine.mention.label, other.mention.label}
        if labels == {"Actor", "Location"}:
            actor, place = sorted((mine, other), key=lambda each: each.mention.label)
            assert not covers(actor.span, place.span)


@given(st.lists(candidates, max_size=15), st.randoms())
def test_the_order_in_which_suggestions_come_does_not_matter(given: list[Candidate], shuffling: object) -> None:
    gone: Gone = Counter()
    turned = list(given)
    shuffling.shuffle(turned)  # type: ignore[attr-defined]
    assert places(settled(given, gone)) == places(settled(turned, gone))
