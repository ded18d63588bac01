"""The command: every pair counted, what was asked for, and as data."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from sayso import jsonl
from sayso.agreement.disagreement_typology import AnnotationComparison, Answers, add_answers
from sayso.corpus.sources import CorpusFiles
from sayso.models import Annotation
from sayso.schema.declarations import load_schema
from sayso.settings import SCHEMA_FILE, Checkout
from tests.agreement.disagreement_corpus import STRUCK, write_disagreement_corpus
from tests.command_line import run_sayso, run_sayso_ok
from tests.schema.small_corpus import make_corpus
from tests.schema.small_schemas import CONTRACTS, read_schema


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


def test_answers_about_the_document_are_compared(tmp_path: Path) -> None:
    checkout = make_corpus(tmp_path / "own", CONTRACTS)
    questions = load_schema(checkout.root / SCHEMA_FILE).questions
    found = read_disagreements(checkout.root, "--kind", "answer")
    assert [each["names"] for each in found] == [[name] for name in questions] * 2
    (topic, *_others) = found
    assert topic["values"] == [{"name": "topic", "one": "rent", "other": "labour"}]
    assert len(read_disagreements(checkout.root, "--label", "topic")) == 2
    shown = run_sayso_ok(checkout.root, "disagreements", "--kind", "answer", "--examples", "1")
    assert "ann-1: rent" in shown and "ann-2: labour" in shown
    page = tmp_path / "page.html"
    run_sayso_ok(checkout.root, "disagreements", "--html", str(page))
    assert "labour" in page.read_text("utf-8")


def test_equal_answers_agree_and_text_of_one_alone_is_no_disagreement(tmp_path: Path) -> None:
    schema = read_schema(tmp_path, CONTRACTS)
    nothing = AnnotationComparison((), (), ())
    one: Answers = {"topic": "rent", "areas": ("civil", "tax"), "urgent": True, "gist": "Rent."}
    other: Answers = {"topic": "rent", "areas": ("civil",), "hearings": 2}
    found = add_answers(nothing, one, other, schema)
    assert found.agreed_answers == ("topic",)
    assert [(each.kind, each.name) for each in found.disagreements] == [
        ("answer", "areas"),
        ("answer", "urgent"),
        ("answer", "hearings"),
    ]
