"""The command: every pair counted, what was asked for, and as data."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from sayso import jsonl
from sayso.corpus.sources import CorpusFiles
from sayso.models import Annotation
from sayso.settings import Checkout
from tests.agreement.disagreement_corpus import STRUCK, write_disagreement_corpus
from tests.command_line import run_sayso, run_sayso_ok


@pytest.fixture
def checkout_root(checkout: Checkout) -> Path:
    return write_disagreement_corpus(checkout.root)


def read_disagreements(root: Path, *words: str) -> list[dict[str, Any]]:
    held = json.loads(run_sayso_ok(root, "disagreements", "--json", *words))
    assert held["schema"] == 1
    listed: list[dict[str, Any]] = held["disagreements"]
    assert (
        held["total"]
        == len(listed)
        == sum(each["count"] for pair in held["pairs"] for each in pair["counts"])
    )
    return listed


def test_every_kind_is_listed_for_every_pair(checkout_root: Path) -> None:
    kinds = Counter((each["kind"], *each["names"]) for each in read_disagreements(checkout_root))
    assert kinds == {
        ("attribute", "Count"): 1,
        ("attribute", "Location"): 2,
        ("boundary", "Actor"): 2,
        ("label", "Actor", "Location"): 1,
        ("missed", "Actor"): 1,
        ("missed", "Location"): 1,
        ("missed", "Count"): 4,
        ("nesting", "Location"): 2,
        ("relation", "agent", "source"): 2,
        ("relation", "where"): 2,
        ("relation", "quantity"): 2,
    }


def test_entries_have_their_text_and_a_link_to_their_task(checkout_root: Path) -> None:
    for each in read_disagreements(checkout_root, "--url", "http://studio.invalid:8080/"):
        assert (each["doc_id"], each["campaign"], each["interface"]) == ("struck", "trial", "all")
        for side in (each["one"], each["other"]):
            for mention in side.get("mentions", []):
                assert STRUCK[mention["start"] : mention["end"]] == mention["text"]
            expected = (
                None
                if side["annotator"] == "ann-3"
                else "http://studio.invalid:8080/projects/3/data?task=7"
            )
            assert side.get("link") == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--kind", "boundary"], {("ann-1", "ann-2"), ("ann-2", "ann-3")}),
        (["--annotator", "ann-3", "--kind", "nesting"], {("ann-1", "ann-3"), ("ann-2", "ann-3")}),
        (["--annotator", "ann-1", "--annotator", "ann-2"], {("ann-1", "ann-2")}),
        (["--label", "where"], {("ann-1", "ann-2"), ("ann-1", "ann-3")}),
        (["--pass", "names"], set()),
        (["--campaign", "trial", "--pass", "all", "--kind", "label"], {("ann-1", "ann-2")}),
    ],
)
def test_options_select_disagreements(
    checkout_root: Path, words: list[str], expected: set[tuple[str, str]]
) -> None:
    assert {
        (each["one"]["annotator"], each["other"]["annotator"])
        for each in read_disagreements(checkout_root, *words)
    } == expected


def test_programs_are_compared_if_asked_for(checkout_root: Path) -> None:
    corpus = CorpusFiles(checkout_root)
    people = jsonl.read(corpus.annotation_file("trial", "ann-1"), Annotation)
    bot = [replace(each, annotator="bot", annotator_kind="program") for each in people]
    corpus.write_annotations("trial", "bot", bot)
    without = read_disagreements(checkout_root, "--no-programs")
    assert without == read_disagreements(checkout_root)
    assert all(each["other"]["annotator"] != "bot" for each in without)
    with_programs = read_disagreements(checkout_root, "--programs", "--annotator", "bot")
    pairs = {(each["one"]["annotator"], each["other"]["annotator"]) for each in with_programs}
    assert pairs == {("ann-2", "bot"), ("ann-3", "bot")}


def test_the_table_counts_by_label_and_kind_and_shows_examples(checkout_root: Path) -> None:
    printed = run_sayso_ok(checkout_root, "disagreements", "--examples", "1", "--pairs")
    rows = [line.split() for line in printed.splitlines()]
    assert ["Actor", "1", "1", "2", "3"] in rows  # agreed, missed, boundary, disagreed
    assert "“Moscow’s leadership”" in printed and "ann-1 and ann-3 · trial · all" in printed
    assert "two drones 𝒻ell" in printed


def test_unknown_names_are_refused(checkout_root: Path) -> None:
    for option, word in (("--label", "Person"), ("--annotator", "ann-9"), ("--pass", "both")):
        refused = run_sayso(checkout_root, "disagreements", option, word)
        assert (
            refused.returncode == 2 and word in refused.stderr and "choose from" in refused.stderr
        )


def test_an_address_with_a_login_is_refused(checkout_root: Path) -> None:
    refused = run_sayso(checkout_root, "disagreements", "--url", "https://me:secret@studio.invalid")
    assert refused.returncode == 2 and "secret" not in refused.stderr


def test_nothing_to_compare(checkout: Checkout) -> None:
    result = run_sayso(checkout.root, "disagreements")
    assert result.returncode == 0 and "nothing to compare" in result.stderr
    assert result.stdout == ""
