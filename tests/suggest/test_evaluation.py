"""Figures against a plain count, undefined ones, and nothing measured on what was learnt from."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sayso import jsonl
from sayso.corpus.sources import CorpusFiles
from sayso.models import Gold, GoldMention, sort_mentions
from sayso.schema.declarations import load_schema
from sayso.settings import SCHEMA_FILE, Checkout, find_checkout
from sayso.suggest.evaluation import evaluate
from sayso.suggest.prediction_sources import predict_by_suggesters
from sayso.suggest.reference_data import Reference
from sayso.suggest.suggester_registry import select_suggesters
from sayso.suggest.training_data import TrainingData
from tests.command_line import run_sayso, run_sayso_ok
from tests.conftest import REPOSITORY
from tests.suggest import sample_articles

pytestmark = pytest.mark.slow

SCHEMA = load_schema(REPOSITORY / SCHEMA_FILE)
TEXT = "Two men fled Arvel. Five shells hit Belmor, and 3 cars burnt."


def write_reference(path: Path, *mentions: tuple[str, int, int], **known: Any) -> Path:
    """Somebody's file with one document."""
    spans = [{"label": label, "start": start, "end": end} for label, start, end in mentions]
    path.write_text(
        json.dumps({"doc_id": "theirs/1", "text": TEXT, "spans": spans, **known}) + "\n"
    )
    return path


def evaluate_figures(checkout: Checkout, *words: str) -> tuple[dict[str, Any], dict[str, Any]]:
    told = json.loads(run_sayso_ok(checkout.root, "evaluate", "--json", *words))
    return told, {
        ".".join((one["group"], one["subject"], one["measure"])): one for one in told["figures"]
    }


def test_exact_and_overlap_against_somebodys_file(checkout: Checkout, tmp_path: Path) -> None:
    three = TEXT.index("3 cars")
    path = write_reference(
        tmp_path / "theirs.jsonl",
        ("NUM", 0, 7),
        ("NUM", three, three + 1),
        ("NUM", three, three + 1),
        ("GPE", 13, 18),
        ("ODD", 0, 3),
    )
    told, found = evaluate_figures(
        checkout, "--with", "numbers", "--against", str(path), "--map", "NUM=Count", "--map", "GPE="
    )
    assert told["documents"] == 1 and told["labels"] == ["Count"]
    by_reason = {(one["label"], one["reason"]): one["mentions"] for one in told["excluded"]}
    assert by_reason[("NUM", "is there twice")] == by_reason[("GPE", "is excluded by --map")] == 1
    assert sum(by_reason.values()) == 3
    # Predicted: "Two men", "Five shells", "3 cars"; the reference has one and a part of another.
    assert [found[f"exact.Count.{one}"]["value"] for one in ("precision", "recall", "f1")] == [
        0.333333,
        0.5,
        0.4,
    ]
    assert [found[f"overlap.Count.{one}"]["value"] for one in ("precision", "recall", "f1")] == [
        0.666667,
        1.0,
        0.8,
    ]
    precision = found["exact.Count.precision"]
    assert (precision["low"], precision["documents"]) == (None, 1)
    assert precision["no_interval"] == "fewer than two documents have any"
    assert "jackknife" in told["interval"]["method"]


def test_what_cannot_be_said_is_undefined(checkout: Checkout, tmp_path: Path) -> None:
    path = write_reference(tmp_path / "theirs.jsonl", ("Cue", 0, 3))
    told, found = evaluate_figures(checkout, "--with", "numbers", "--against", str(path))
    assert (
        found["exact.Cue.precision"]["value"] is None
        and "nothing was predicted" in found["exact.Cue.precision"]["undefined"]
    )
    assert found["exact.Cue.recall"]["value"] == 0.0
    assert found["attributes.Cue.stance.accuracy"]["value"] is None
    assert told["unsought"] == {"Count": 3}, "nobody looked for counts there, so they are not wrong"


def test_bounds_and_attributes_on_mentions_that_match(checkout: Checkout, tmp_path: Path) -> None:
    path = tmp_path / "theirs.jsonl"
    right = {
        "label": "Count",
        "start": 0,
        "end": 7,
        "attributes": {"kind": "exact", "lower": 2, "upper": 2, "thing": "combatant"},
    }
    three = TEXT.index("3 cars")
    wrong = {
        "label": "Count",
        "start": three,
        "end": three + 6,
        "attributes": {"kind": "range", "lower": 3, "upper": 4},
    }
    path.write_text(json.dumps({"doc_id": "x", "text": TEXT, "mentions": [right, wrong]}) + "\n")
    _told, found = evaluate_figures(checkout, "--with", "numbers", "--against", str(path))
    assert (
        found["attributes.Count.bounds.accuracy"]["value"],
        found["attributes.Count.bounds.accuracy"]["n"],
    ) == (0.5, 2)
    kind = found["attributes.Count.kind.accuracy"]
    assert (kind["value"], kind["n"]) == (0.5, 2)
    assert found["attributes.Count.thing.accuracy"]["value"] is None, "numbers do not say it"
    assert found["attributes.Count.outcome.accuracy"]["value"] is None


def test_against_gold_nothing_is_measured_on_what_was_learnt_from(checkout: Checkout) -> None:
    sample_articles.fill_corpus(checkout, ["train", "test", "train", "test", "validation", "train"])
    told, found = evaluate_figures(checkout, "--with", "names")
    assert told["documents"] == 3 and told["learnt_from"] == {"names": 3}
    recall = found["exact.Location.recall"]
    assert (recall["value"], recall["n"]) == (0.666667, 12), (
        "Dastrin, 4 of 12, stands in no text of the training split"
    )
    assert recall["low"] < recall["value"] < recall["high"]
    result = run_sayso(checkout.root, "evaluate", "--with", "names")
    assert f"{recall['value']:.3f} [{recall['low']:.3f}, {recall['high']:.3f}]" in result.stdout
    assert "rough intervals, fewer than 20 documents: all" in result.stderr
    assert found["attributes.Location.precision.accuracy"]["value"] == 1.0
    told, _found = evaluate_figures(checkout, "--with", "places")
    assert told["documents"] == 6, "places learn from nothing"


def test_what_others_suggest_is_measured_on_what_one_has_learnt_from(checkout: Checkout) -> None:
    sample_articles.fill_corpus(checkout, ["train", "test", "train"])
    path = checkout.root / "corpus" / "gold" / "pilot.jsonl"
    marked = [
        msgspec.structs.replace(gold, mentions=sort_mentions([*gold.mentions, said]))
        for gold in jsonl.read(path, Gold)
        for said in [find_cue(gold, checkout)]
    ]
    jsonl.write(path, marked)
    told, found = evaluate_figures(checkout, "--with", "names", "--with", "cues")
    assert (told["documents"], told["learnt_from"]) == (3, {"names": 2})
    _alone, cues = evaluate_figures(checkout, "--with", "cues")
    assert found["exact.Cue.recall"]["n"] == cues["exact.Cue.recall"]["n"] == 3
    assert found["exact.Location.recall"]["n"] < cues["exact.Location.recall"]["n"]


@pytest.mark.parametrize(
    ("says", "documents", "of_locations", "of_crews"),
    [("", 3, 12, 6), ("learnt_from", 1, 4, 2), ("learns", 3, 4, 6)],
)
def test_of_ones_own_suggester_what_it_says_to_have_learnt_is_left_out(
    checkout: Checkout,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    says: str,
    documents: int,
    of_locations: int,
    of_crews: int,
) -> None:
    seen = sample_articles.fill_corpus(checkout, ["train", "test", "train"])[::2]
    body = "return [{'label': 'Actor', 'start': 4, 'end': document.text.index(' attacked')}]"
    sample_articles.declare_suggester(checkout, tmp_path, "learnt", body)
    with (tmp_path / "plugged_learnt.py").open("a") as module:
        if says:
            module.write(f"suggest.learnt_from = { {each.text_sha256 for each in seen} }\n")
        if says == "learns":
            module.write("suggest.learns = {'Location'}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "plugged_learnt", raising=False)
    corpus = CorpusFiles(checkout.root)
    asked = select_suggesters(
        find_checkout(checkout.root), ["learnt"], TrainingData(corpus), SCHEMA
    )
    found = evaluate(Reference(corpus, SCHEMA), predict_by_suggesters(asked, SCHEMA), SCHEMA)
    assert (found.documents, found.unmeasured) == (documents, 3 - documents)
    counts = {figure.name: figure.n for figure in found.figures}
    assert counts["exact.Location.recall"] == of_locations
    assert counts["exact.Actor.recall"] == of_crews


def find_cue(gold: Gold, checkout: Checkout) -> GoldMention:
    texts = {each.doc_id: each.text for each in CorpusFiles(checkout.root).documents()}
    start = texts[gold.doc_id].index("said")
    return GoldMention(
        id="q", label="Cue", start=start, end=start + 4, text="said", decided="unanimous"
    )


def test_a_pass_that_does_not_show_a_label_says_nothing_of_it(checkout: Checkout) -> None:
    documents = sample_articles.fill_corpus(checkout, ["test", "test"])
    corpus = CorpusFiles(checkout.root)
    start = documents[1].text.index("said")
    cue = GoldMention(
        id="q", label="Cue", start=start, end=start + 4, text="said", decided="unanimous"
    )
    second = msgspec.structs.replace(sample_articles.build_gold(documents[1]), interface="claims")
    second = msgspec.structs.replace(second, mentions=sort_mentions([*second.mentions, cue]))
    first = msgspec.structs.replace(sample_articles.build_gold(documents[0]), interface="names")
    jsonl.write(corpus.folder / "gold" / "pilot.jsonl", [first, second])
    told, found = evaluate_figures(checkout, "--with", "cues")
    assert told["unsought"] == {"Cue": 1}, "in the first nobody was asked for cues"
    assert (found["exact.Cue.precision"]["value"], found["exact.Cue.precision"]["n"]) == (1.0, 1)


def test_a_file_of_predictions_keeps_to_that_too(checkout: Checkout) -> None:
    sample_articles.fill_corpus(checkout, ["train", "test", "train", "test"])
    run_sayso_ok(
        checkout.root, "suggest", "--with", "names", "--doc", "doc-000", "--doc", "doc-001"
    )
    told, _found = evaluate_figures(checkout, str(checkout.root / "build" / "predictions.jsonl"))
    assert (told["documents"], told["learnt_from"], told["missing"]) == (1, {"names": 1}, 2)


def test_where_all_was_learnt_from_every_figure_is_undefined(checkout: Checkout) -> None:
    sample_articles.fill_corpus(checkout, ["train", "train"])
    result = run_sayso(checkout.root, "evaluate", "--with", "names")
    assert result.returncode == 0
    assert (
        "names has learnt from them, so they were not measured" in result.stderr
        and "every figure is undefined" in result.stderr
    )
    assert result.stdout == ""


def test_answers_without_a_text_are_those_of_the_corpus(checkout: Checkout) -> None:
    sample_articles.fill_corpus(checkout, ["train", "test"])
    told, _found = evaluate_figures(
        checkout, "--with", "places", "--against", str(checkout.root / "corpus/gold/pilot.jsonl")
    )
    assert told["documents"] == 2


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ({"doc_id": "x", "spans": []}, "no document x in the corpus"),
        (
            {"doc_id": "x", "text": "ab", "spans": [{"label": "Count", "start": 0, "end": 3}]},
            "not inside the text",
        ),
        (
            {
                "doc_id": "x",
                "text": "ab",
                "spans": [{"label": "Count", "start": 0, "end": 2, "text": "ba"}],
            },
            "not 'ba'",
        ),
        (
            {"doc_id": "x", "text": "ab", "spans": [{"start": 0, "end": 2}]},
            "missing required field `label`",
        ),
    ],
)
def test_a_file_that_does_not_fit(
    checkout: Checkout, tmp_path: Path, line: dict[str, Any], says: str
) -> None:
    path = tmp_path / "theirs.jsonl"
    path.write_text(json.dumps(line) + "\n")
    result = run_sayso(checkout.root, "evaluate", "--with", "numbers", "--against", str(path))
    assert result.returncode == 7 and f"{path}:1" in result.stderr and says in result.stderr


def test_words_that_do_not_go_together(checkout: Checkout) -> None:
    sample_articles.fill_corpus(checkout, ["train"], adjudicated=False)
    assert run_sayso(checkout.root, "evaluate").returncode == 7, "there is no gold"
    assert "THEIRS=OURS" in run_sayso(checkout.root, "evaluate", "--map", "NUM").stderr
    run_sayso_ok(checkout.root, "suggest", "--with", "cues")
    both = run_sayso(
        checkout.root, "evaluate", str(checkout.root / "build/predictions.jsonl"), "--with", "cues"
    )
    assert both.returncode == 2
