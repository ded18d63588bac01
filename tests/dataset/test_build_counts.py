"""Figures: what a build counts is what one finds by counting again, one by one."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sayso.corpus.sources import CorpusFiles
from sayso.dataset import build_counts
from sayso.dataset import builder as building
from sayso.settings import Checkout
from tests.benchmarks.synthetic_corpus import synthetic_annotations, synthetic_documents
from tests.dataset import samples

spans = st.tuples(st.integers(0, 3), st.integers(0, 12), st.integers(1, 6)).map(
    lambda s: (s[0], s[1], s[1] + s[2])
)


@given(st.lists(spans, max_size=30))
def test_nested_is_what_lies_in_another_span_of_its_owner(
    found: list[tuple[int, int, int]],
) -> None:
    found.sort(key=lambda each: each[0])
    owner, start, end = (
        np.array([each[place] for each in found], dtype=np.int64) for place in range(3)
    )
    inside = build_counts.find_nested_spans(owner, start, end)
    groups: Counter[tuple[int, int, int]] = Counter()
    for each, flag in zip(found, inside, strict=True):
        mine, first, last = each
        larger = any(
            o == mine and s <= first and last <= e and (s, e) != (first, last) for o, s, e in found
        )
        assert flag or not larger
        groups[each] += bool(flag)
    for each, flagged in groups.items():
        mine, first, last = each
        larger = any(
            o == mine and s <= first and last <= e and (s, e) != (first, last) for o, s, e in found
        )
        assert flagged == found.count(each) - (not larger)


def test_every_figure_is_what_counting_one_by_one_gives(checkout: Checkout) -> None:
    documents = list(synthetic_documents(8))
    answers = [each for name in ("a-1", "a-2") for each in synthetic_annotations(documents, name)]
    samples.write_corpus(checkout.root, documents, answers)
    counted = building.build(checkout).counts
    wanted: Counter[str] = Counter()
    for answer in answers:
        whose = f"{answer.annotator_kind}|{answer.annotator}"
        wanted.update(f"mentions|label|{mention.label}|{whose}" for mention in answer.mentions)
        wanted.update(
            f"annotations|relation|{relation.type}|{whose}" for relation in answer.relations
        )
        wanted[f"annotations|answer|{whose}|all|1.0.0|submitted"] += 1
        for mention in answer.mentions:
            for name, value in mention.attributes.items():
                if samples.SCHEMA.labels[mention.label].attributes[name].is_closed:
                    wanted[f"mentions|{mention.label}.{name}|{value}|{answer.annotator_kind}"] += 1
            if any(
                o is not mention and o.start <= mention.start and mention.end <= o.end
                for o in answer.mentions
            ):
                wanted[f"mentions|nested|{mention.label}|{whose}"] += 1
    wanted["articles|year|2025"] = wanted["articles|documents"] = 8
    wanted["articles|day|2025-11-01"], wanted["annotations|day|2025-11-02"] = 8, 16
    assert {name: counted.get(name, 0) for name in wanted} == dict(wanted)
    mine = ("mentions|", "annotations|relation", "annotations|answer|")
    assert {name for name in counted if name.startswith(mine)} <= set(wanted)


def test_figures_of_splits_add_up(checkout: Checkout) -> None:
    documents = list(synthetic_documents(8))
    samples.write_corpus(checkout.root, documents, synthetic_annotations(documents, "a-1"))
    building.build(checkout)
    text = (checkout.root / "corpus/README.md").read_text(encoding="utf-8")
    row: Any = next(line for line in text.splitlines() if line.startswith("| documents |"))
    assert row == "| documents | 4 | 2 | 2 | 8 |"
    assert len(CorpusFiles(checkout.root).batch_files()) == 1
