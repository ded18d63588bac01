"""Figures against a plain count, what is undefined, and nothing measured on what was learnt from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sayso.settings import Instance
from tests.commands import done, sayso
from tests.suggest import worlds

TEXT = "Two men fled Arvel. A shell hit Belmor, and 3 cars burnt."


def outside(path: Path, *mentions: tuple[str, int, int], **known: Any) -> Path:
    """Somebody's file with one document."""
    spans = [{"label": label, "start": start, "end": end} for label, start, end in mentions]
    path.write_text(json.dumps({"doc_id": "theirs/1", "text": TEXT, "spans": spans, **known}) + "\n")
    return path


def figures(instance: Instance, *words: str) -> tuple[dict[str, Any], dict[str, Any]]:
    told = json.loads(done(instance.root, "evaluate", "--json", *words))
    return told, {".".join((one["group"], one["subject"], one["measure"])): one for one in told["figures"]}


def test_exact_and_overlap_against_somebodys_file(instance: Instance, tmp_path: Path) -> None:
    three = TEXT.index("3 cars")
    path = outside(tmp_path / "theirs.jsonl", ("NUM", 0, 7), ("NUM", three, three + 1), ("NUM", three, three + 1),
                   ("GPE", 13, 18), ("ODD", 0, 3))  # fmt: skip
    told, found = figures(instance, "--with", "numbers", "--against", str(path), "--map", "NUM=Count", "--map", "GPE=")
    assert told["documents"] == 1 and told["labels"] == ["Count"]
    by_reason = {(one["label"], one["reason"]): one["mentions"] for one in told["left_out"]}
    assert by_reason[("NUM", "stands twice")] == by_reason[("GPE", "is left out by --map")] == 1
    assert sum(by_reason.values()) == 3
    # Predicted: "Two men", "A shell" and "3 cars"; the reference has the first and a part of the last.
    assert [found[f"exact.Count.{one}"]["value"] for one in ("precision", "recall", "f1")] == [0.333333, 0.5, 0.4]
    assert [found[f"overlap.Count.{one}"]["value"] for one in ("precision", "recall", "f1")] == [0.666667, 1.0, 0.8]
    assert found["exact.Count.precision"]["low"] is None, "one document has no interval"


def test_what_cannot_be_said_is_undefined(instance: Instance, tmp_path: Path) -> None:
    path = outside(tmp_path / "theirs.jsonl", ("Cue", 0, 3))
    told, found = figures(instance, "--with", "numbers", "--against", str(path))
    assert (
        found["exact.Cue.precision"]["value"] is None
        and "nothing was predicted" in found["exact.Cue.precision"]["undefined"]
    )
    assert found["exact.Cue.recall"]["value"] == 0.0
    assert found["attributes.Cue.stance.accuracy"]["value"] is None
    assert told["unmarked"] == {"Count": 3}, "nobody looked for counts there, so they are not wrong"


def test_bounds_and_attributes_on_mentions_that_match(instance: Instance, tmp_path: Path) -> None:
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
        "attributes": {"kind": "exact", "lower": 3, "upper": 4},
    }
    path.write_text(json.dumps({"doc_id": "x", "text": TEXT, "mentions": [right, wrong]}) + "\n")
    _told, found = figures(instance, "--with", "numbers", "--against", str(path))
    assert (found["attributes.Count.bounds.accuracy"]["value"], found["attributes.Count.bounds.accuracy"]["n"]) == (
        0.5,
        2,
    )
    assert found["attributes.Count.kind.accuracy"]["value"] == 1.0
    assert (found["attributes.Count.thing.accuracy"]["value"], found["attributes.Count.thing.accuracy"]["n"]) == (
        0.0,
        1,
    )
    assert found["attributes.Count.outcome.accuracy"]["value"] is None


def test_against_gold_nothing_is_measured_on_what_was_learnt_from(instance: Instance) -> None:
    worlds.fill(instance, ["train", "test", "train", "test", "validation", "train"])
    told, found = figures(instance, "--with", "names")
    assert told["documents"] == 3 and told["seen"] == {"names": 3}
    recall = found["exact.Location.recall"]
    assert (recall["value"], recall["n"]) == (0.666667, 12), "Dastrin, 4 of 12, stands in no text of the training split"
    assert recall["low"] <= recall["value"] <= recall["high"]
    assert found["attributes.Location.precision.accuracy"]["value"] == 1.0
    told, _found = figures(instance, "--with", "places")
    assert told["documents"] == 6, "places learn from nothing"


def test_a_file_of_predictions_keeps_to_that_too(instance: Instance) -> None:
    worlds.fill(instance, ["train", "test", "train", "test"])
    done(instance.root, "suggest", "--with", "names", "--doc", "doc-000", "--doc", "doc-001")
    told, _found = figures(instance, str(instance.root / "build" / "predictions.jsonl"))
    assert (told["documents"], told["seen"], told["missing"]) == (1, {"names": 1}, 2)


def test_where_all_was_learnt_from_every_figure_is_undefined(instance: Instance) -> None:
    worlds.fill(instance, ["train", "train"])
    result = sayso(instance.root, "evaluate", "--with", "names")
    assert result.returncode == 0
    assert "names has learnt from them" in result.stderr and "every figure is undefined" in result.stderr
    assert result.stdout == ""


def test_answers_without_a_text_are_those_of_the_corpus(instance: Instance) -> None:
    worlds.fill(instance, ["train", "test"])
    told, _found = figures(instance, "--with", "places", "--against", str(instance.root / "corpus/gold/pilot.jsonl"))
    assert told["documents"] == 2


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ({"doc_id": "x", "spans": []}, "no document x in the corpus"),
        ({"doc_id": "x", "text": "ab", "spans": [{"label": "Count", "start": 0, "end": 3}]}, "not inside the text"),
        ({"doc_id": "x", "text": "ab", "spans": [{"label": "Count", "start": 0, "end": 2, "text": "ba"}]}, "not 'ba'"),
        ({"doc_id": "x", "text": "ab", "spans": [{"start": 0, "end": 2}]}, "missing required field `label`"),
    ],
)
def test_a_file_that_does_not_fit(instance: Instance, tmp_path: Path, line: dict[str, Any], says: str) -> None:
    path = tmp_path / "theirs.jsonl"
    path.write_text(json.dumps(line) + "\n")
    result = sayso(instance.root, "evaluate", "--with", "numbers", "--against", str(path))
    assert result.returncode == 7 and f"{path}:1" in result.stderr and says in result.stderr


def test_words_that_do_not_go_together(instance: Instance) -> None:
    worlds.fill(instance, ["train"], adjudicated=False)
    assert sayso(instance.root, "evaluate").returncode == 7, "there is no gold"
    assert "THEIRS=OURS" in sayso(instance.root, "evaluate", "--map", "NUM").stderr
    done(instance.root, "suggest", "--with", "cues")
    both = sayso(instance.root, "evaluate", str(instance.root / "build/predictions.jsonl"), "--with", "cues")
    assert both.returncode == 2
