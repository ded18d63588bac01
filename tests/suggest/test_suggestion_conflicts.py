"""Out of many suggestions one reading, by a rule that can be told, and nothing gone uncounted."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from sayso.spans import covers, crosses, overlaps
from sayso.suggest.suggesters import Suggestion
from sayso.suggest.suggestion_conflicts import (
    CROSSES_MENTION,
    INSIDE_OTHER,
    OVERLAPS_SAME_LABEL,
    SAME_SPAN,
    SuggestionCandidate,
    resolve_conflicts,
)
from tests.dataset.samples import SCHEMA

DiscardedCounts = Counter[tuple[str, str, str]]


def candidate(
    turn: int, label: str, start: int, end: int, score: float | None = None, **values: str
) -> SuggestionCandidate:
    return SuggestionCandidate(turn, f"s{turn}", Suggestion(label, start, end, dict(values), score))


def list_spans(found: list[SuggestionCandidate]) -> list[tuple[str, int, int]]:
    return [(each.mention.label, each.mention.start, each.mention.end) for each in found]


def test_the_first_named_then_the_surer_then_the_longer_stays() -> None:
    gone: DiscardedCounts = Counter()
    assert list_spans(
        resolve_conflicts(
            [candidate(1, "Count", 0, 9, 0.9), candidate(0, "Count", 3, 5, 0.1)], gone, SCHEMA
        )
    ) == [("Count", 3, 5)]
    assert list_spans(
        resolve_conflicts(
            [candidate(0, "Count", 0, 9, 0.2), candidate(0, "Count", 3, 5, 0.6)], gone, SCHEMA
        )
    ) == [("Count", 3, 5)]
    assert list_spans(
        resolve_conflicts(
            [candidate(0, "Count", 3, 5, 0.6), candidate(0, "Count", 0, 9, 0.6)], gone, SCHEMA
        )
    ) == [("Count", 0, 9)]
    assert gone == {
        ("s1", "Count", OVERLAPS_SAME_LABEL): 1,
        ("s0", "Count", OVERLAPS_SAME_LABEL): 2,
    }


def test_crossing_gives_way_and_nesting_stays() -> None:
    gone: DiscardedCounts = Counter()
    assert list_spans(
        resolve_conflicts(
            [candidate(0, "Claim", 0, 9), candidate(1, "Count", 2, 5), candidate(1, "Cue", 8, 12)],
            gone,
            SCHEMA,
        )
    ) == [("Claim", 0, 9), ("Count", 2, 5)]
    assert gone == {("s1", "Cue", CROSSES_MENTION): 1}


def test_no_place_inside_the_name_of_an_actor_whoever_was_first() -> None:
    gone: DiscardedCounts = Counter()
    assert list_spans(
        resolve_conflicts(
            [candidate(0, "Location", 0, 6), candidate(1, "Actor", 0, 28)], gone, SCHEMA
        )
    ) == [("Actor", 0, 28)]
    assert gone == {("s0", "Location", INSIDE_OTHER): 1}


def test_of_two_on_one_span_the_first_takes_the_values_that_it_lacks() -> None:
    gone: DiscardedCounts = Counter()
    (found,) = resolve_conflicts(
        [
            candidate(0, "Count", 0, 9, kind="exact"),
            candidate(1, "Count", 0, 9, kind="vague", thing="uav"),
        ],
        gone,
        SCHEMA,
    )
    assert (found.by, found.mention.attributes) == ("s0", {"kind": "exact", "thing": "uav"})
    assert gone == {("s1", "Count", SAME_SPAN): 1}


candidates = st.builds(
    lambda turn, label, start, length, score: candidate(turn, label, start, start + length, score),
    st.integers(0, 2),
    st.sampled_from(["Actor", "Location", "Count"]),
    st.integers(0, 20),
    st.integers(1, 9),
    st.none() | st.floats(0, 1),
)


@given(st.lists(candidates, max_size=25))
def test_layers_are_flat_and_everything_is_accounted_for(given: list[SuggestionCandidate]) -> None:
    gone: DiscardedCounts = Counter()
    kept = resolve_conflicts(given, gone, SCHEMA)
    assert len(kept) + gone.total() == len(given)
    for mine, other in combinations(kept, 2):
        assert not crosses(mine.span, other.span)
        assert mine.mention.label != other.mention.label or not overlaps(mine.span, other.span)
        labels = {mine.mention.label, other.mention.label}
        if labels == {"Actor", "Location"}:
            actor, place = sorted((mine, other), key=lambda each: each.mention.label)
            assert not covers(actor.span, place.span)


@given(st.lists(candidates, max_size=15), st.randoms())
def test_the_order_in_which_suggestions_come_does_not_matter(
    given: list[SuggestionCandidate], shuffling: object
) -> None:
    gone: DiscardedCounts = Counter()
    turned = list(given)
    shuffling.shuffle(turned)  # type: ignore[attr-defined]
    assert list_spans(resolve_conflicts(given, gone, SCHEMA)) == list_spans(
        resolve_conflicts(turned, gone, SCHEMA)
    )
