"""Feedback pages: private, stable, and in no release."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import pytest

from sayso.corpus.sources import CorpusFiles
from sayso.release.manifest import list_release_files
from sayso.settings import Checkout
from tests.command_line import run_sayso, run_sayso_ok
from tests.conftest import REPOSITORY, read_files
from tests.dataset.samples import make_annotation, make_document, write_corpus
from tests.reports.sample_corpus import mention_of
from tests.reports.sample_feedback import (
    build_gold,
    build_learner,
    write_compared_corpus,
    write_gold,
)


@pytest.fixture
def sample_root(checkout: Checkout) -> Path:
    return write_compared_corpus(checkout.root)


def file_mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_every_annotator_has_a_page_that_only_its_owner_can_read(sample_root: Path) -> None:
    run_sayso_ok(sample_root, "feedback")
    folder = sample_root / ".sayso" / "feedback" / "trial"
    assert sorted(path.name for path in folder.iterdir()) == [
        "ann-1.html",
        "ann-2.html",
        "ann-3.html",
        "index.html",
    ]
    assert {file_mode(path) for path in folder.iterdir()} == {0o600} and file_mode(
        folder
    ) == file_mode(folder.parent) == 0o700


def test_a_page_names_one_annotator_alone(sample_root: Path) -> None:
    run_sayso_ok(sample_root, "feedback")
    page = (sample_root / ".sayso" / "feedback" / "trial" / "ann-1.html").read_text(
        encoding="utf-8"
    )
    assert "Feedback for ann-1" in page and "ann-2" not in page and "ann-3" not in page


def test_the_index_ranks_nobody(sample_root: Path) -> None:
    run_sayso_ok(sample_root, "feedback")
    index = (sample_root / ".sayso" / "feedback" / "trial" / "index.html").read_text(
        encoding="utf-8"
    )
    assert re.findall(r'href="(ann-\d)\.html"', index) == ["ann-1", "ann-2", "ann-3"]
    assert "F1" not in index and "seconds" not in index


def test_feedback_is_not_in_the_corpus_or_a_release(sample_root: Path) -> None:
    before = read_files(sample_root / "corpus")
    run_sayso_ok(sample_root, "feedback")
    assert read_files(sample_root / "corpus") == before
    private = sample_root / ".sayso"
    assert all(
        private not in path.parents for path in list_release_files(CorpusFiles(sample_root).folder)
    )
    ignored = (REPOSITORY / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert ".sayso/" in ignored


@pytest.mark.parametrize("out", ["corpus", "corpus/feedback", "corpus/data/../notes"])
def test_feedback_in_the_corpus_is_refused(sample_root: Path, out: str) -> None:
    before = read_files(sample_root / "corpus")
    refused = run_sayso(sample_root, "feedback", "--out", str(sample_root / out))
    assert refused.returncode == 2 and "holds sources" in refused.stderr
    assert read_files(sample_root / "corpus") == before


def test_a_symlink_into_the_corpus_is_refused(sample_root: Path) -> None:
    (sample_root / "elsewhere").symlink_to(sample_root / "corpus")
    assert (
        run_sayso(
            sample_root, "feedback", "--out", str(sample_root / "elsewhere" / "there")
        ).returncode
        == 2
    )


def test_pages_in_another_folder_are_private_too(sample_root: Path, tmp_path: Path) -> None:
    (tmp_path / "out" / "trial").mkdir(parents=True)
    (tmp_path / "out" / "trial" / "ann-1.html").write_text("older", encoding="utf-8")
    run_sayso_ok(sample_root, "feedback", "--out", str(tmp_path / "out"), "--annotator", "ann-1")
    assert [path.name for path in (tmp_path / "out" / "trial").iterdir()] == ["ann-1.html"]
    assert file_mode(tmp_path / "out" / "trial" / "ann-1.html") == 0o600


def test_the_second_time_nothing_changes(sample_root: Path) -> None:
    run_sayso_ok(sample_root, "feedback")
    before = read_files(sample_root / ".sayso" / "feedback")
    again = run_sayso(sample_root, "feedback").stderr.splitlines()
    assert len(again) == 4 and all(line.startswith("nothing changed") for line in again)
    assert read_files(sample_root / ".sayso" / "feedback") == before


def test_json_has_rules_coverage_f1_and_curve(checkout: Checkout) -> None:
    documents, records, golds = build_learner(6)
    write_corpus(checkout.root, documents, records)
    write_gold(checkout.root, golds)
    held = json.loads(run_sayso_ok(checkout.root, "feedback", "--json"))
    (page,) = held["pages"]
    assert held["schema"] == 1 and page["annotations"] == 6
    assert "jackknife" in held["interval"]["method"]
    assert page["coverage"]["Actor"] == {"attributes": 30, "gold": 120, "missed": 90, "same": 30}
    assert [(rule["heading"], rule["count"]) for rule in page["rules"]] == [("Actor", 90)]
    assert [point["own"] for point in page["curve"]] == [0, 2, 4, 6, 8, 10]
    exact = page["f1"]["exact"]
    assert (
        exact["value"] == pytest.approx(60 / 150, abs=1e-6)
        and exact["low"] < exact["value"] < exact["high"]
    )
    (with_gold,) = json.loads(run_sayso_ok(checkout.root, "agreement", "--gold", "--json"))[
        "measurements"
    ]
    for measure in ("exact", "overlap"):
        (figure,) = (
            each for each in with_gold["figures"] if each["name"] == f"spans.all.{measure}"
        )
        ours = page["f1"][measure]
        for name in ("value", "low", "high"):
            assert ours[name] == pytest.approx(figure[name], abs=1e-6)
    shown = Path(page["file"]).read_text(encoding="utf-8")
    assert " (rough: fewer than 20 documents)" in shown
    assert page["curve"][0]["exact_f1"] == 0.0 and page["curve"][2]["capped"]


@pytest.mark.parametrize(
    ("options", "annotations_by"),
    [
        ((), {"ann-1": 2}),
        (("--programs",), {"ann-1": 2, "draft": 1}),
        (("--pass", "names"), {"ann-1": 1}),
        (("--programs", "--annotator", "draft"), {"draft": 1}),
    ],
)
def test_filter_options(
    checkout: Checkout, options: tuple[str, ...], annotations_by: dict[str, int]
) -> None:
    document = make_document("d", "The mayor spoke.")
    mayor = mention_of(document.text, "m", "Actor", "mayor")
    records = [
        make_annotation(document, mayor),
        make_annotation(document, mayor, interface="names"),
        make_annotation(document, mayor, annotator="draft", annotator_kind="program"),
    ]
    write_corpus(checkout.root, [document], records)
    write_gold(checkout.root, [build_gold(document, [mayor])])
    pages = json.loads(run_sayso_ok(checkout.root, "feedback", "--json", *options))["pages"]
    assert {page["annotator"]: page["annotations"] for page in pages} == annotations_by


def test_without_gold_the_error_names_the_command_that_makes_it(checkout: Checkout) -> None:
    documents, records, _golds = build_learner(3)
    write_corpus(checkout.root, documents, records)
    refused = run_sayso(checkout.root, "feedback")
    assert refused.returncode == 7 and "sayso adjudicate" in refused.stderr
    assert not (checkout.private / "feedback").exists()
