"""Matching of mentions, against an oracle that tries everything."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from sayso.matching import match_exact, match_overlapping
from sayso.models import Mention


def make_mention(start: int, end: int, label: str = "Actor") -> Mention:
    return Mention(
        id=f"{label}-{start}-{end}", label=label, start=start, end=end, text="x" * (end - start)
    )


MENTIONS = st.lists(
    st.builds(
        lambda start, length, label: make_mention(start, start + length, label),
        st.integers(0, 12),
        st.integers(1, 5),
        st.sampled_from(["Actor", "Claim"]),
    ),
    max_size=5,
)


def count_best_matching(one: list[Mention], other: list[Mention]) -> int:
    """Count the pairs of a maximum matching by trying every set of them."""
    edges = [
        (n, k)
        for n, m in enumerate(one)
        for k, o in enumerate(other)
        if m.label == o.label and set(range(m.start, m.end)) & set(range(o.start, o.end))
    ]
    for size in range(min(len(one), len(other)), 0, -1):
        for chosen in combinations(edges, size):
            if len({n for n, _k in chosen}) == size == len({k for _n, k in chosen}):
                return size
    return 0


@given(MENTIONS, MENTIONS)
def test_overlap_finds_as_many_pairs_as_there_can_be(
    one: list[Mention], other: list[Mention]
) -> None:
    pairs = match_overlapping(one, other)
    assert len(pairs) == count_best_matching(one, other) == len(match_overlapping(other, one))
    assert len({id(m) for m, _o in pairs}) == len(pairs) == len({id(o) for _m, o in pairs})
    assert all(m.label == o.label and m.start < o.end and o.start < m.end for m, o in pairs)


@given(MENTIONS, MENTIONS)
def test_the_same_is_paired_as_often_as_both_have_it(
    one: list[Mention], other: list[Mention]
) -> None:
    def places(mentions: list[Mention]) -> list[tuple[str, int, int]]:
        return [(m.label, m.start, m.end) for m in mentions]

    expected = sum(
        min(places(one).count(place), places(other).count(place)) for place in set(places(one))
    )
    assert len(match_exact(one, other)) == expected


def test_a_chain_is_no_trap() -> None:
    """Greedy from the left would pair the first two and leave the last alone."""
    one, other = (
        [make_mention(0, 10), make_mention(20, 30)],
        [make_mention(5, 25), make_mention(2, 4)],
    )
    assert len(match_overlapping(one, other)) == 2


def test_a_long_chain_ends() -> None:
    one = [make_mention(10 * n, 10 * n + 6) for n in range(3000)]
    other = [make_mention(10 * n + 5, 10 * n + 11) for n in range(3000)]
    assert len(match_overlapping(one, other)) == 3000


@given(MENTIONS, MENTIONS)
def test_the_same_pairs_are_found_the_other_way_round(
    one: list[Mention], other: list[Mention]
) -> None:
    def places(pairs: list[tuple[Mention, Mention]]) -> list[tuple[str, int, int, int, int]]:
        return sorted(
            (mine.label, mine.start, mine.end, theirs.start, theirs.end) for mine, theirs in pairs
        )

    turned = [(mine, theirs) for theirs, mine in match_overlapping(other, one)]
    assert places(match_overlapping(one, other)) == places(turned)


def test_of_two_that_overlap_the_one_with_more_in_common_is_taken() -> None:
    long, first, second = make_mention(0, 20), make_mention(0, 4), make_mention(6, 19)
    assert match_overlapping([long], [first, second]) == [(long, second)]
    assert match_overlapping([first, second], [long]) == [(second, long)]
