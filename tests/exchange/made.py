"""Readings of every kind: from a generator, and of outside documents where these are on the machine."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from sayso.exchange import formats
from sayso.exchange.formats import Arriving, Written
from sayso.exchange.readings import Drawn, Losses, Marked, Reading, Words, ordered
from sayso.records import Decided
from tests.conftest import REPOSITORY

PIECES = (
    "Two", " ", "drones", "\r\n", "\n", "\t", "😀", "e\u0301", "👨\u200d👩\u200d👧", "\u2028", "1,200", "’s", "“",
    ".", "\u00a0", "Сумы", "#", "\ufeff", "<b>&amp;", '"', "a\u0308b", " ", "\\n", "-", "שלום",
)  # fmt: skip
LABELS = ("Actor", "Count", "Foreign-Label", "Org_2")
NOTES = ("look again", "a\tb", "two\nlines", "“quoted”, and; more", " edge ", "😀")
WORDS = ("civilian", "Sergei  Sobyanin", "Q42", "38", "a\tb", "ünï", "x:y|z", " edge")
NUMBERS = (0, -3, 38)


@st.composite
def readings(draw: st.DrawFn, *, doc_id: str = "a.b-c_d", empty: bool = True) -> Reading:
    """A document with everything that can be in it."""
    text = "".join(draw(st.lists(st.sampled_from(PIECES), min_size=0 if empty else 1, max_size=24)))
    mentions = [_mention(draw, text, number) for number in range(draw(st.integers(0, 6 if text else 0)))]
    ids = [mention.id for mention in mentions]
    pairs = draw(st.lists(st.tuples(st.sampled_from(ids), st.sampled_from(ids)), max_size=4)) if ids else []
    drawn = {(draw(st.sampled_from(("source", "part_of", "Likes"))), *pair) for pair in pairs}
    relations = tuple(Drawn(type=kind, head=head, tail=tail) for kind, head, tail in drawn)
    about = draw(st.fixed_dictionaries({}, optional={
        "title": st.sampled_from(("A “title”, with commas", "two\r\nlines")), "language": st.just("en"),
        "annotator": st.just("ann-1"), "campaign": st.just("pilot"),
    }))  # fmt: skip
    note = draw(st.none() | st.sampled_from(NOTES))
    return ordered(
        Reading(doc_id=doc_id, text=text, about=about, mentions=tuple(mentions), relations=relations, note=note)
    )


def _mention(draw: st.DrawFn, text: str, number: int) -> Marked:
    start = draw(st.integers(0, len(text) - 1))
    end = draw(st.integers(start + 1, len(text)))
    decided: Decided | None = draw(st.sampled_from((None, None, "majority")))
    return Marked(
        id=f"A_{number}.x", label=draw(st.sampled_from(LABELS)), start=start, end=end, text=text[start:end],
        attributes=draw(st.fixed_dictionaries({}, optional={
            "type": st.sampled_from(WORDS), "entity": st.sampled_from(WORDS), "lower": st.sampled_from(NUMBERS),
        })),
        flag=draw(st.sampled_from((None, "unsure"))), note=draw(st.none() | st.sampled_from(NOTES)),
        started_from=draw(st.sampled_from((None, "prediction"))),
        decided=decided, votes=("ann-1", "ann-2") if decided else (),
    )  # fmt: skip


def fitted(name: str, given: Iterable[Reading]) -> tuple[list[Reading], Losses]:
    """What a format holds of readings, and what it does not."""
    losses = Losses()
    found = [formats.named(name).fit(each, losses) for each in given]
    return [each for each in found if each is not None], losses


def written(name: str, given: list[Reading], target: Path) -> Path:
    """Write readings that fit."""
    words = Words()
    for each in given:
        words.hear(each)
    format = formats.named(name)
    if not format.suffix:
        target.mkdir(parents=True)
    format.write(target, Written(given, words))
    return target


def read(name: str, path: Path, how: Arriving | None = None) -> list[Reading]:
    """Read them again."""
    return list(formats.named(name).read(path, how or Arriving()))


def spans(given: Iterable[Reading]) -> dict[str, list[tuple[str, int, int, str]]]:
    """What is marked where, by document."""
    return {
        each.doc_id: sorted((m.label, m.start, m.end, each.text[m.start : m.end]) for m in each.mentions)
        for each in given
    }  # fmt: skip


def outside() -> list[Reading]:
    """The outside documents; the test that asks is skipped where they are not on the machine."""
    path = Path(os.environ.get("SAYSO_OUTSIDE_DOCUMENTS") or REPOSITORY.parent / "shared" / "data" / "re3d.jsonl")
    if not path.is_file():
        pytest.skip("re3d.jsonl is not beside the checkout (../shared/data), nor named by SAYSO_OUTSIDE_DOCUMENTS")
    return list(map(_outside, lines(path)))


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a file of JSON Lines."""
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def _outside(record: dict[str, Any]) -> Reading:
    mentions = tuple(
        Marked(id=m["id"], label=m["label"], start=m["start"], end=m["end"], text=m["text"]) for m in record["spans"]
    )
    about = {"title": record["title"], "language": "en", "license": record["licence"]}
    relations = tuple(
        {
            (r["type"], r["head"], r["tail"]): Drawn(type=r["type"], head=r["head"], tail=r["tail"])
            for r in record["relations"]
        }.values()
    )
    return ordered(Reading(
        doc_id=record["doc_id"].replace("/", "-"), text=record["text"], about=about, mentions=mentions,
        relations=relations,
    ))  # fmt: skip
