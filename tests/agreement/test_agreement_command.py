"""`sayso agreement` on real files, as a person runs it and as a program reads it."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from sayso import jsonl
from sayso.agreement.agreement_report import decode_report
from sayso.corpus.sources import CorpusFiles
from sayso.models import Annotation, Gold, GoldMention, Mention
from sayso.settings import Checkout
from tests.command_line import run_sayso, run_sayso_ok
from tests.dataset.samples import make_annotation, make_document, make_mention, write_corpus

TEXT = "The army said that drones fell near Kharkiv."
DOCUMENTS = [make_document(f"d{n}", f"{TEXT} {n}") for n in range(4)]


def make_actor(text: str, start: int, end: int, **fields: Any) -> Mention:
    return make_mention("m1", "Actor", text, start, end, **fields)


def make_annotations() -> list[Annotation]:
    """Two people read four documents; of the last one marks the article too. A program read one."""
    found = []
    for n, of in enumerate(DOCUMENTS):
        found.append(make_annotation(of, make_actor(of.text, 4, 8), annotator="ann-1"))
        found.append(
            make_annotation(of, make_actor(of.text, 0 if n == 3 else 4, 8), annotator="ann-2")
        )
    found.append(
        make_annotation(
            DOCUMENTS[0],
            make_actor(DOCUMENTS[0].text, 4, 8),
            annotator="bot",
            annotator_kind="program",
        )
    )
    return found


@pytest.fixture
def corpus(checkout: Checkout) -> Path:
    write_corpus(checkout.root, DOCUMENTS, make_annotations())
    return checkout.root


def figures(printed: str) -> dict[str, dict[str, Any]]:
    (measured,) = json.loads(printed)["measurements"]
    return {each["name"]: each for each in measured["figures"]}


def test_json_is_whole(corpus: Path) -> None:
    told = json.loads(run_sayso_ok(corpus, "agreement", "--json"))
    assert told["schema"] == 2 and told["not_measured"] == []
    (measured,) = told["measurements"]
    assert {
        name: measured[name]
        for name in ("campaign", "interface", "annotators", "documents", "comparisons")
    } == {
        "campaign": "trial",
        "interface": "all",
        "annotators": ["ann-1", "ann-2"],
        "documents": 4,
        "comparisons": 4,
    }
    assert measured["excluded"] == {"not by an annotator of the kind that is compared": 1}
    assert "summed over documents" in measured["rule"]
    assert measured["interval"]["confidence"] == 0.95
    assert "jackknife over whole documents" in measured["interval"]["method"]
    exact = figures(run_sayso_ok(corpus, "agreement", "--json"))["spans.Actor.exact"]
    assert (exact["value"], exact["n"], exact["documents"], exact["undefined"]) == (
        0.75,
        8,
        4,
        None,
    )
    assert exact["low"] < 0.75 < exact["high"]
    (pair,) = measured["pairs"]
    assert pair["annotators"] == ["ann-1", "ann-2"] and pair["figures"][0]["value"] == 0.75


def test_options_reach_the_measurement(corpus: Path) -> None:
    options = ("--campaign", "trial", "--pass", "all")
    (measured,) = json.loads(run_sayso_ok(corpus, "agreement", "--json", *options))["measurements"]
    assert (measured["campaign"], measured["documents"]) == ("trial", 4)


def test_the_same_corpus_gives_the_same_bytes(corpus: Path) -> None:
    assert run_sayso_ok(corpus, "agreement", "--json") == run_sayso_ok(
        corpus, "agreement", "--json"
    )


def test_tables_for_people(corpus: Path) -> None:
    result = run_sayso(corpus, "agreement", "--pairs", "--by", "version")
    assert result.returncode == 0
    rows = [line.split() for line in result.stdout.splitlines()]
    assert result.stdout.startswith(
        "trial, all: 4 documents, 2 annotators, 8 annotations in 4 pairs\n"
    )
    headline = next(row for row in rows if row[:3] == ["mentions", "exactly", "alike,"])
    assert headline[4] == ".75" and headline[-3:] == ["8", "4", "4"]
    actor_row = next(row for row in rows if row[:1] == ["Actor"])
    assert actor_row[1] == ".75" and actor_row[3] == "1.00" and actor_row[-3:] == ["8", "4", "4"]
    assert any(row[:3] == ["ann-1", "and", "ann-2"] for row in rows)
    assert any(row[:3] == ["schema", "1.0.0", ".75"] for row in rows)
    assert "undefined, nobody marked one: Location, Count, Claim, Cue" in result.stderr
    assert (
        "no interval (–), the documents do not differ: Actor (normal. F1, overlap F1"
        in result.stderr
    )
    assert "rough intervals, fewer than 20 documents: all" in result.stderr
    assert (
        "annotations excluded: 1 (not by an annotator of the kind that is compared)"
        in result.stderr
    )
    assert "95% intervals: a jackknife over whole documents" in result.stderr
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_every_figure_is_there_if_asked_for(corpus: Path) -> None:
    result = run_sayso(corpus, "agreement", "--all")
    rows = [line.split() for line in result.stdout.splitlines()]
    for measure in ("exact", "normalised", "overlap", "characters", "tokens", "token_f1", "units"):
        assert any(row[:2] == ["Actor", measure] for row in rows), measure
    assert "summed over documents before they are divided" in result.stderr
    assert "F1 is summed over every two annotators of a document" in result.stderr
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_documents_come_worst_first(corpus: Path) -> None:
    (measured,) = json.loads(run_sayso_ok(corpus, "agreement", "--by", "document", "--json"))[
        "measurements"
    ]
    assert [each["doc_id"] for each in measured["by_document"]] == ["d3", "d0", "d1", "d2"]
    values = {each["name"]: each["value"] for each in measured["by_document"][0]["figures"]}
    assert values["spans.all.exact"] == 0 and values["spans.all.overlap"] == 1
    printed = run_sayso_ok(corpus, "agreement", "--by", "document")
    rows = [line.split() for line in printed.splitlines()]
    assert next(row for row in rows if row[:1] == ["d3"])[:3] == ["d3", "2", ".00"]


@pytest.fixture
def disputed(checkout: Checkout) -> Path:
    """Three people of whom the third marks other labels and values, and gold of one document."""
    annotations = []
    for number, (label, values) in enumerate(
        [
            ("Actor", {"type": "civilian"}),
            ("Actor", {"type": "expert"}),
            ("Location", {"use": "literal"}),
        ],
        1,
    ):
        for of in DOCUMENTS:
            mention = make_mention("m1", label, of.text, 4, 8, attributes=values)
            annotations.append(make_annotation(of, mention, annotator=f"ann-{number}"))
    first = annotations[0].mentions[0]
    gold = Gold(
        doc_id="d0",
        text_sha256=DOCUMENTS[0].text_sha256,
        campaign="trial",
        interface="all",
        schema_version="1.0.0",
        adjudicated="2025-11-03",
        annotators=("ann-1", "ann-2"),
        mentions=(GoldMention(**structs.asdict(first), decided="majority"),),
    )
    write_corpus(checkout.root, DOCUMENTS, annotations)
    jsonl.write(CorpusFiles(checkout.root).folder / "gold" / "trial.jsonl", [gold])
    return checkout.root


def test_confusions_are_counted(disputed: Path) -> None:
    (measured,) = json.loads(run_sayso_ok(disputed, "agreement", "--confusions", "--json"))[
        "measurements"
    ]
    matrices = {each["subject"]: each for each in measured["confusions"]}
    assert matrices["labels"] == {
        "subject": "labels",
        "values": ["Actor", "Location"],
        "counts": [[4, 8], [8, 0]],
    }
    assert matrices["Actor.type"]["counts"] == [[0, 4], [4, 0]]
    printed = run_sayso_ok(disputed, "agreement", "--confusions")
    assert "Confused: Actor.type" in printed
    assert ["civilian", "expert", "4"] in [line.split() for line in printed.splitlines()]
    found = figures(json.dumps({"measurements": [measured]}))
    assert found["spans.all.exact"]["value"] == round(1 / 3, 6)
    assert found["spans.any label.exact"]["value"] == 1


def test_every_figure_of_every_two_annotators(disputed: Path) -> None:
    (measured,) = json.loads(run_sayso_ok(disputed, "agreement", "--pairs", "--json"))[
        "measurements"
    ]
    assert len(measured["pairs"]) == 3
    values = {each["name"]: each["value"] for each in measured["pairs"][0]["figures"]}
    assert values["spans.all.characters"] == 1 and values["attributes.Actor.type.agreement"] == 0
    rows = [line.split() for line in run_sayso_ok(disputed, "agreement", "--pairs").splitlines()]
    assert ["ann-1", "1.00", ".00"] in rows  # the matrix of exact F1
    every = " ".join(run_sayso_ok(disputed, "agreement", "--pairs", "--all").split())
    for name in ("spans.all.units", "attributes.Actor.type.agreement", "spans.all.token_f1"):
        assert f"Every two annotators: {name}" in every


def test_annotators_are_compared_with_gold(disputed: Path) -> None:
    measured = json.loads(run_sayso_ok(disputed, "agreement", "--gold", "--json"))["measurements"]
    by_annotator = {each["annotators"][0]: each for each in measured}
    assert by_annotator.keys() == {"ann-1", "ann-2", "ann-3"}
    assert by_annotator["ann-1"]["annotators"] == ["ann-1", "gold"]
    assert by_annotator["ann-1"]["interface"] == "all: ann-1 and gold"
    exact = [
        figures(json.dumps({"measurements": [each]}))["spans.all.exact"]["value"]
        for each in measured
    ]
    assert exact == [1, 1, 0]
    kappa = {each["measure"] for each in by_annotator["ann-2"]["figures"]}
    assert "cohen_kappa" in kappa


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--annotator-per-file",), "--annotator-per-file is about files"),
        (("--gold", "corpus/annotations/trial/ann-1.jsonl"), "--gold compares with the gold"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    disputed: Path, words: tuple[str, ...], what: str
) -> None:
    files = [str(disputed / word) if word.endswith(".jsonl") else word for word in words]
    refused = run_sayso(disputed, "agreement", *files)
    assert refused.returncode == 2 and what in refused.stderr


@pytest.mark.parametrize(
    ("form", "expected"), [("markdown", "| Actor.type | .00 |"), ("latex", r"Actor.type & .00 &")]
)
def test_tables_for_a_paper(disputed: Path, form: str, expected: str) -> None:
    printed = run_sayso_ok(disputed, "agreement", "--format", form)
    assert expected in printed and "\x1b" not in printed
    if form == "latex":
        assert printed.count(r"\begin{tabular}") == printed.count(r"\end{tabular}") > 2
        assert not re.search(r"(?<!\\)[_%#](?!.*documents)", printed.partition("\n")[2])


def test_tables_of_one_label(corpus: Path) -> None:
    rows = [
        line.split()
        for line in run_sayso_ok(corpus, "agreement", "--label", "Actor", "--pairs").splitlines()
    ]
    assert any(row[:4] == ["ann-1", "and", "ann-2:", "Actor"] and row[4] == ".75" for row in rows)
    assert not [row for row in rows if row[:1] in (["all"], ["Location"])]


def test_any_files_of_annotations_can_be_compared(corpus: Path, tmp_path: Path) -> None:
    folder = corpus / "corpus" / "annotations" / "trial"
    for name in ("ann-2", "bot"):
        shutil.move(folder / f"{name}.jsonl", tmp_path / f"{name}.jsonl")
    alone = json.loads(run_sayso_ok(corpus, "agreement", "--json"))
    assert alone["measurements"] == []
    assert alone["not_measured"] == [
        {"campaign": "trial", "interface": "all", "excluded": {"nobody else has annotated it": 4}}
    ]
    files = [str(folder / "ann-1.jsonl"), str(tmp_path / "ann-2.jsonl")]
    assert (
        figures(run_sayso_ok(corpus, "agreement", *files, "--json"))["spans.Actor.exact"]["value"]
        == 0.75
    )
    files[1] = str(tmp_path / "bot.jsonl")
    with_program = figures(run_sayso_ok(corpus, "agreement", *files, "--json"))["spans.Actor.exact"]
    assert (with_program["value"], with_program["low"], with_program["documents"]) == (1, None, 1)


def test_files_out_of_order_are_refused(corpus: Path, tmp_path: Path) -> None:
    lines = (
        (corpus / "corpus/annotations/trial/ann-1.jsonl")
        .read_text(encoding="utf-8")
        .splitlines(keepends=True)
    )
    (tmp_path / "turned.jsonl").write_text("".join(reversed(lines)), encoding="utf-8")
    result = run_sayso(corpus, "agreement", str(tmp_path / "turned.jsonl"))
    assert result.returncode == 7
    expected = "turned.jsonl:2: document d2 stands after d3; run `sayso format`, or put its lines"
    assert f"{expected} in order" in result.stderr


def test_a_choice_is_kept_to(corpus: Path) -> None:
    assert "nothing of ann-9" in run_sayso(corpus, "agreement", "--annotator", "ann-9").stderr
    only = json.loads(run_sayso_ok(corpus, "agreement", "--annotator", "ann-1", "--json"))
    assert only["measurements"] == []
    told = figures(run_sayso_ok(corpus, "agreement", "--label", "Actor", "--json"))
    assert {each["subject"].partition(".")[0].partition("=")[0] for each in told.values()} == {
        "Actor"
    }
    assert (
        json.loads(run_sayso_ok(corpus, "agreement", "--pass", "names", "--json"))["measurements"]
        == []
    )
    wrong = run_sayso(corpus, "agreement", "--label", "Ship")
    assert (wrong.returncode, "no label 'Ship'; choose among Actor" in wrong.stderr) == (2, True)


@pytest.mark.parametrize(
    ("floor", "code", "said"),
    [
        ("spans.Actor.exact=0.75", 0, ""),
        ("spans.Actor.exact=0.8", 5, "spans.Actor.exact is 0.750, which is under 0.8"),
        ("spans.Claim.exact=0.1", 5, "spans.Claim.exact is undefined: nobody marked one"),
        ("spans.Ship.exact=0.1", 2, "no figure 'spans.Ship.exact' was measured"),
        ("much", 2, "'much' is not like spans.LABEL.exact=0.8"),
    ],
)
def test_a_floor_is_held(corpus: Path, floor: str, code: int, said: str) -> None:
    result = run_sayso(corpus, "agreement", "--json", "--fail-under", floor)
    assert result.returncode == code
    assert said in result.stderr
    assert code == 2 or json.loads(result.stdout)["measurements"]


def test_each_figure_of_the_json_carries_the_name_that_a_floor_takes(corpus: Path) -> None:
    printed = run_sayso_ok(corpus, "agreement", "--json")
    for name, figure in figures(printed).items():
        assert name == f"{figure['group']}.{figure['subject']}.{figure['measure']}"
    read = decode_report(printed.encode(), "stdout")
    assert [each.name for each in read.measurements[0].figures] == list(figures(printed))


def test_an_overlap_of_one_label_leaves_one_figure_undefined(checkout: Checkout) -> None:
    of = DOCUMENTS[0]
    crossed = [
        make_mention(f"m{n}", "Actor", of.text, start, start + 6) for n, start in enumerate((0, 4))
    ]
    write_corpus(
        checkout.root,
        [of],
        [make_annotation(of, *crossed, annotator="ann-1"), make_annotation(of, annotator="ann-2")],
    )
    result = run_sayso(checkout.root, "agreement", "--json")
    assert result.returncode == 0
    undefined = figures(result.stdout)["spans.Actor.units"]["undefined"]
    assert undefined == "mentions of one annotator and label overlap in d0"
    assert figures(result.stdout)["spans.Actor.exact"]["value"] == 0


def test_an_empty_corpus_has_nothing_to_compare(checkout: Checkout) -> None:
    result = run_sayso(checkout.root, "agreement")
    assert (result.returncode, result.stdout) == (0, "")
    assert "no annotations yet: nothing to compare" in result.stderr
