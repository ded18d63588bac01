"""``sayso suggest`` as a person runs it, twice, with suggesters of one's own, and with bad ones."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from sayso import jsonl
from sayso.corpus.sources import CorpusFiles
from sayso.errors import InputError, UsageError
from sayso.schema.declarations import load_schema
from sayso.settings import SCHEMA_FILE, Checkout, find_checkout
from sayso.suggest.prediction_records import Prediction
from sayso.suggest.prediction_run import SuggestOptions, write_predictions
from sayso.suggest.suggester_registry import select_suggesters
from sayso.suggest.training_data import TrainingData
from sayso.suggest.word_tokens import PhraseIndex, split_words
from tests.command_line import run_sayso, run_sayso_ok
from tests.dataset.samples import SCHEMA
from tests.suggest import sample_articles

pytestmark = pytest.mark.slow


def read_lines(checkout: Checkout, name: str = "build/predictions.jsonl") -> list[dict[str, Any]]:
    return [
        json.loads(line) for line in (checkout.root / name).read_text(encoding="utf-8").splitlines()
    ]


def test_every_line_says_that_a_program_made_it_and_which(checkout: Checkout) -> None:
    documents = sample_articles.fill_corpus(checkout, ["train", "test"])
    told = json.loads(run_sayso_ok(checkout.root, "suggest", "--json"))
    assert list(told["suggesters"]) == ["names", "numbers", "places", "cues"]
    for line, document in zip(read_lines(checkout), documents, strict=True):
        assert (line["doc_id"], line["annotator"], line["annotator_kind"]) == (
            document.doc_id,
            "suggest",
            "program",
        )
        assert line["text_sha256"] == document.text_sha256
        assert {mention["by"] for mention in line["mentions"]} >= {"numbers", "cues"}
        for mention in line["mentions"]:
            assert document.text[mention["start"] : mention["end"]] == mention["text"]
            assert 0 <= mention["score"] <= 1
        assert 0 < line["uncertainty"] < 1


def test_twice_is_once(checkout: Checkout) -> None:
    sample_articles.fill_corpus(checkout, ["train", "test"])
    run_sayso_ok(checkout.root, "suggest")
    path = checkout.root / "build" / "predictions.jsonl"
    before = path.read_bytes(), path.stat().st_mtime_ns
    told = json.loads(run_sayso_ok(checkout.root, "suggest", "--json"))
    assert (told["made"], told["kept"], told["changed"]) == (0, 2, False)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_only_what_has_changed_is_made_anew_and_ends_as_if_all_were(checkout: Checkout) -> None:
    sample_articles.fill_corpus(checkout, ["train", "test"])
    run_sayso_ok(checkout.root, "suggest", "--with", "numbers")
    corpus = CorpusFiles(checkout.root)
    jsonl.write(corpus.batch_file(0), [*corpus.documents(), sample_articles.build_document(7)])
    told = json.loads(run_sayso_ok(checkout.root, "suggest", "--with", "numbers", "--json"))
    assert (told["made"], told["kept"]) == (1, 2)
    run_sayso_ok(
        checkout.root, "suggest", "--with", "numbers", "--out", str(checkout.root / "afresh.jsonl")
    )
    assert read_lines(checkout) == read_lines(checkout, "afresh.jsonl")
    told = json.loads(run_sayso_ok(checkout.root, "suggest", "--with", "cues", "--json"))
    assert (told["made"], told["kept"]) == (3, 0), "other suggesters were asked"


def test_names_learn_from_the_training_split_alone_and_say_so(checkout: Checkout) -> None:
    sample_articles.fill_corpus(checkout, ["train", "test"])
    run_sayso_ok(checkout.root, "suggest", "--with", "names")
    first, second = read_lines(checkout)
    assert {mention["text"] for mention in first["mentions"]} == {
        "Arvel",
        "Corvane",
        "Northern Brigade",
    }
    assert "mentions" not in second, "its town and crew stand in no text learnt from"
    assert first["seen_by"] == ["names"] and "seen_by" not in second
    assert first["mentions"][0]["attributes"] == {"type": "armed_nonstate"}


def test_what_is_mostly_left_alone_is_not_suggested(checkout: Checkout) -> None:
    first, *_others = sample_articles.fill_corpus(checkout, ["train", "train", "train"])
    corpus = CorpusFiles(checkout.root)
    path = corpus.folder / "gold" / "pilot.jsonl"
    golds = [json.loads(line) for line in path.read_text().splitlines()]
    start = first.text.index("Nobody")
    golds[0]["mentions"].append(
        {
            "id": "n",
            "label": "Actor",
            "start": start,
            "end": start + 6,
            "text": "Nobody",
            "decided": "unanimous",
        }
    )
    path.write_text("".join(f"{json.dumps(one)}\n" for one in golds))
    run_sayso_ok(checkout.root, "suggest", "--with", "names")
    assert "Nobody" not in {
        mention["text"] for line in read_lines(checkout) for mention in line["mentions"]
    }


def test_without_gold_names_are_left_out_and_told(checkout: Checkout) -> None:
    sample_articles.fill_corpus(checkout, ["train"], adjudicated=False)
    result = run_sayso(checkout.root, "suggest")
    assert result.returncode == 0 and "names: nothing is adjudicated yet" in result.stderr
    refused = run_sayso(checkout.root, "suggest", "--with", "names")
    assert refused.returncode == 7 and "--annotator" in refused.stderr


def test_a_dry_run_writes_nothing(checkout: Checkout) -> None:
    sample_articles.fill_corpus(checkout, ["train"])
    told = json.loads(run_sayso_ok(checkout.root, "suggest", "--dry-run", "--json"))
    assert told["made"] == 1 and told["mentions"]
    assert not (checkout.root / "build").exists()


def test_chosen_documents(checkout: Checkout) -> None:
    sample_articles.fill_corpus(checkout, ["train", "test"])
    run_sayso_ok(checkout.root, "suggest", "--doc", "doc-001", "--with", "cues")
    assert [line["doc_id"] for line in read_lines(checkout)] == ["doc-001"]
    refused = run_sayso(checkout.root, "suggest", "--doc", "nowhere", "--with", "cues")
    assert refused.returncode == 7 and "no document nowhere" in refused.stderr


def test_another_file_is_not_written_over(checkout: Checkout) -> None:
    sample_articles.fill_corpus(checkout, ["train"])
    path = checkout.root / "notes.txt"
    path.write_text("not predictions\n")
    refused = run_sayso(checkout.root, "suggest", "--with", "cues", "--out", str(path))
    assert refused.returncode == 9 and "name another file" in refused.stderr
    assert path.read_text() == "not predictions\n"


def test_texts_in_another_language_are_told(checkout: Checkout) -> None:
    sample_articles.fill_corpus(checkout, ["train"], adjudicated=False)
    corpus = CorpusFiles(checkout.root)
    corpus.batch_file(0).write_text(
        corpus.batch_file(0).read_text().replace('"language":"en"', '"language":"de"')
    )
    result = run_sayso(checkout.root, "suggest", "--with", "numbers")
    assert "not in English" in result.stderr
    assert "mentions" not in read_lines(checkout)[0]


def test_an_unknown_suggester(checkout: Checkout) -> None:
    sample_articles.fill_corpus(checkout, ["train"])
    refused = run_sayso(checkout.root, "suggest", "--with", "oracle")
    assert refused.returncode == 2 and "no suggester 'oracle'" in refused.stderr


def test_a_suggester_of_ones_own_comes_first(checkout: Checkout, tmp_path: Path) -> None:
    sample_articles.fill_corpus(checkout, ["train"])
    sample_articles.declare_suggester(
        checkout,
        tmp_path,
        "mine",
        """
        start = document.text.index("2 drones")
        yield {"label": "Count", "start": start, "end": start + 1, "score": 0.2}
    """,
    )
    told = json.loads(
        run_sayso_ok(
            checkout.root, "suggest", "--json", environment={"PYTHONPATH": python_path(tmp_path)}
        )
    )
    assert next(iter(told["suggesters"])) == "mine" and told["suggesters"]["mine"] is None
    assert {"suggester": "mine", "label": "Count", "mentions": 1} in told["mentions"]
    gone = {
        "suggester": "numbers",
        "label": "Count",
        "reason": "overlaps another of its label",
        "mentions": 1,
    }
    assert gone in told["discarded"]
    assert jsonl.read(checkout.root / "build" / "predictions.jsonl", Prediction)


def python_path(folder: Path) -> str:
    return os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ('yield {"label": "Count", "start": 0, "end": 9999}', "not inside the text"),
        ('yield {"label": "Count", "start": 5, "end": 5}', "or empty"),
        ('yield {"label": "Count", "start": -3, "end": 5}', "not inside the text"),
        ('yield {"label": "Person", "start": 0, "end": 3}', "no label 'Person'"),
        ('yield {"label": "Count", "start": 0, "end": 4}', "white space"),
        (
            'yield {"label": "Count", "start": 0, "end": document.text.index("Officials") + 5}',
            "line break",
        ),
        (
            'yield {"label": "Count", "start": 0, "end": 3, "attributes": {"kind": "nope"}}',
            "takes no kind 'nope'",
        ),
        (
            'yield {"label": "Count", "start": 0, "end": 3, "attributes": {"lower": "2"}}',
            "takes no lower '2'",
        ),
        (
            'yield {"label": "Count", "start": 0, "end": 3, "attributes": {"use": "literal"}}',
            "takes no use",
        ),
        ('yield {"label": "Count", "start": 0, "end": 3, "score": 2}', "not a suggestion"),
        ('yield {"label": "Count", "start": 0}', "not a suggestion"),
        ('yield {"label": "Count", "start": 0, "end": 3, "sure": True}', "not a suggestion"),
        ('yield "Count"', "not a suggestion"),
        ("return 7", "TypeError"),
        ('raise KeyError("moon")', "it failed with KeyError"),
    ],
)
def test_a_bad_suggestion_names_the_suggester_and_the_document(
    checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, says: str
) -> None:
    sample_articles.fill_corpus(checkout, ["train"])
    sample_articles.declare_suggester(checkout, tmp_path, "mine", body)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "plugged_mine", raising=False)
    corpus, out = CorpusFiles(checkout.root), tmp_path / "predictions.jsonl"
    asked = select_suggesters(find_checkout(checkout.root), ["mine"], TrainingData(corpus), SCHEMA)
    with pytest.raises(InputError, match="suggester mine, document doc-000") as caught:
        write_predictions(
            corpus, load_schema(checkout.root / SCHEMA_FILE), asked, SuggestOptions(), out
        )
    assert says in str(caught.value) and not out.exists()


def test_a_failing_suggester_is_one_line_to_a_user(checkout: Checkout, tmp_path: Path) -> None:
    sample_articles.fill_corpus(checkout, ["train"])
    sample_articles.declare_suggester(checkout, tmp_path, "mine", 'raise KeyError("moon")')
    result = run_sayso(checkout.root, "suggest", environment={"PYTHONPATH": python_path(tmp_path)})
    assert result.returncode == 7 and "suggester mine, document doc-000: it failed" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("declared", "error", "says"),
    [
        ('mine = "nowhere_at_all:suggest"', UsageError, "cannot be imported"),
        ('mine = "json:nothing"', UsageError, "cannot be imported"),
        ('mine = "string:digits"', UsageError, "cannot be called"),
        ('mine = "json"', InputError, "not a table of NAME"),
        ("mine = 3", InputError, "not a table of NAME"),
    ],
)
def test_a_bad_declaration(
    checkout: Checkout, declared: str, error: type[Exception], says: str
) -> None:
    (checkout.root / "pyproject.toml").write_text(f"[tool.sayso.suggesters]\n{declared}\n")
    with pytest.raises(error, match=says):
        select_suggesters(
            find_checkout(checkout.root), [], TrainingData(CorpusFiles(checkout.root)), SCHEMA
        )


def test_names_are_found_where_no_space_parts_words() -> None:
    name = tuple(word.text for word in split_words("京都"))
    line = split_words("市長は京都で会議を開いた。")
    ((first, last, _value),) = PhraseIndex([(name, 1)]).find_all([word.text for word in line])
    assert (line[first].start, line[last - 1].end) == (3, 5)
