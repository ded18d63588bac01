"""Copies are found by what they share, whatever was done to their typography."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.ingest import copy_clusters
from sayso.ingest import near_duplicates as nd

RANDOM = random.Random(3)
VOCABULARY = [f"{RANDOM.choice('bdfgklmnprst')}{RANDOM.choice('aeiou')}{n:x}" for n in range(5000)]


def make_article(chance: random.Random, words: int = 400) -> list[str]:
    return [chance.choice(VOCABULARY) for _ in range(words)]


def edit_words(words: list[str], share: float, chance: random.Random) -> list[str]:
    return [chance.choice(VOCABULARY) if chance.random() < share else word for word in words]


def are_copies(one: str, other: str) -> bool:
    mine, theirs = nd.hash_runs(one), nd.hash_runs(other)
    return (
        bool(set(nd.hash_bands(mine)) & set(nd.hash_bands(theirs)))
        and nd.resemblance(mine, theirs) >= nd.COPY_THRESHOLD
    )


def test_typography_does_not_count() -> None:
    text = "“The mayor’s office” – said: 3 drones, DOWN!\r\nCafé nearby"
    other = '"The mayor\'s   office"  -- Said; 3 drones down.\n\n Cafe\u0301 nearby'
    assert nd.split_words(text) == nd.split_words(other)
    assert nd.resemblance(nd.hash_runs(text), nd.hash_runs(other)) == 1.0


@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_a_text_is_its_own_copy_if_it_has_words(text: str) -> None:
    own = nd.hash_runs(text)
    assert len(nd.hash_bands(own)) == (nd.BANDS if nd.split_words(text) else 0)
    assert nd.resemblance(own, own) == (1.0 if nd.split_words(text) else 0.0)


@given(st.lists(st.sampled_from("abc"), max_size=12), st.lists(st.sampled_from("abc"), max_size=12))
def test_resemblance_is_jaccard_over_sets_of_runs(one: list[str], other: list[str]) -> None:
    def oracle(words: list[str]) -> set[tuple[str, ...]]:
        size = min(nd.RUN_LENGTH, len(words))
        return (
            {tuple(words[at : at + size]) for at in range(len(words) - size + 1)}
            if words
            else set()
        )

    mine, theirs = oracle(one), oracle(other)
    expected = len(mine & theirs) / max(1, len(mine | theirs))
    if not (0 < len(one) < nd.RUN_LENGTH or 0 < len(other) < nd.RUN_LENGTH):
        assert nd.resemblance(
            nd.hash_runs(" ".join(one)), nd.hash_runs(" ".join(other))
        ) == pytest.approx(expected)


def test_scripts_without_spaces_are_compared_by_letter() -> None:
    text = "基辅警方说两架无人机击中了敖德萨的一座建筑物没有人受伤市长表示"
    assert len(nd.split_words(text)) == len(text)
    assert are_copies(text, text.replace("两架", "三架"))


def test_an_article_longer_than_one_matrix_has_the_same_minima() -> None:
    words = make_article(random.Random(1), 10_000)
    assert are_copies(" ".join(words), " ".join(words[:-50]))


def test_syndicated_copies_are_found_and_strangers_are_not() -> None:
    chance = random.Random(11)
    originals = [make_article(chance) for _ in range(100)]
    light = sum(
        are_copies(" ".join(words), " ".join(edit_words(words, 0.02, chance)))
        for words in originals
    )
    shortened = sum(are_copies(" ".join(words), " ".join(words[:280])) for words in originals)
    strangers = sum(
        are_copies(" ".join(one), " ".join(other)) for one, other in pairwise(originals)
    )
    assert light == 100
    assert shortened >= 98
    assert strangers == 0


def test_splits_are_shared_out_eighty_ten_ten() -> None:
    drawn = [copy_clusters.assign_split([f"{n:064x}"]) for n in range(4000)]
    shares = [drawn.count(split) / len(drawn) for split in copy_clusters.SPLITS]
    assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.02)


def test_the_fingerprint_is_frozen() -> None:
    """Stored fingerprints would silently stop matching if this changed."""
    assert nd.hash_bands(nd.hash_runs("one two three four five six"))[:2] == FROZEN_BANDS


FROZEN_BANDS = [-1098793519808303909, 4570569366402319272]
