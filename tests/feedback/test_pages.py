"""The pages: for one person and the lead, whole, the same each time, and in no release."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import pytest

from sayso.release.manifest import released
from sayso.settings import Instance
from sayso.store import Corpus
from tests.commands import done, sayso
from tests.conftest import REPOSITORY
from tests.dataset.made import write
from tests.feedback.worlds import judged_world, learner, write_gold


@pytest.fixture
def world(instance: Instance) -> Path:
    return judged_world(instance.root)


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_every_annotator_has_a_page_that_only_its_owner_reads(world: Path) -> None:
    done(world, "feedback")
    folder = world / ".sayso" / "feedback" / "trial"
    assert sorted(path.name for path in folder.iterdir()) == ["ann-1.html", "ann-2.html", "ann-3.html", "index.html"]
    assert {mode(path) for path in folder.iterdir()} == {0o600} and mode(folder) == mode(folder.parent) == 0o700


def test_a_page_tells_of_one_person_alone(world: Path) -> None:
    done(world, "feedback")
    page = (world / ".sayso" / "feedback" / "trial" / "ann-1.html").read_text(encoding="utf-8")
    assert "Feedback for ann-1" in page and "ann-2" not in page and "ann-3" not in page


def test_the_index_ranks_nobody(world: Path) -> None:
    done(world, "feedback")
    index = (world / ".sayso" / "feedback" / "trial" / "index.html").read_text(encoding="utf-8")
    assert re.findall(r'href="(ann-\d)\.html"', index) == ["ann-1", "ann-2", "ann-3"]
    assert "F1" not in index and "seconds" not in index


def test_nothing_of_it_is_in_the_corpus_or_in_a_release(world: Path) -> None:
    before = files(world / "corpus")
    done(world, "feedback")
    assert files(world / "corpus") == before
    private = world / ".sayso"
    assert all(private not in path.parents for path in released(Corpus(world).folder))
    ignored = (REPOSITORY / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert ".sayso/" in ignored


@pytest.mark.parametrize("out", ["corpus", "corpus/feedback", "corpus/data/../notes"])
def test_the_corpus_is_no_place_for_it(world: Path, out: str) -> None:
    before = files(world / "corpus")
    refused = sayso(world, "feedback", "--out", str(world / out))
    assert refused.returncode == 2 and "published" in refused.stderr
    assert files(world / "corpus") == before


def test_a_link_into_the_corpus_is_seen_through(world: Path) -> None:
    (world / "elsewhere").symlink_to(world / "corpus")
    assert sayso(world, "feedback", "--out", str(world / "elsewhere" / "there")).returncode == 2


def test_another_folder_is_closed_too(world: Path, tmp_path: Path) -> None:
    (tmp_path / "out" / "trial").mkdir(parents=True)
    (tmp_path / "out" / "trial" / "ann-1.html").write_text("older", encoding="utf-8")
    done(world, "feedback", "--out", str(tmp_path / "out"), "--annotator", "ann-1")
    assert [path.name for path in (tmp_path / "out" / "trial").iterdir()] == ["ann-1.html"]
    assert mode(tmp_path / "out" / "trial" / "ann-1.html") == 0o600


def test_the_second_time_nothing_changes(world: Path) -> None:
    done(world, "feedback")
    before = files(world / ".sayso" / "feedback")
    again = sayso(world, "feedback").stderr.splitlines()
    assert len(again) == 4 and all(line.startswith("nothing changed") for line in again)
    assert files(world / ".sayso" / "feedback") == before


def test_as_data_it_says_rules_shares_and_the_curve(instance: Instance) -> None:
    documents, answers, golds = learner(6)
    write(instance.root, documents, answers)
    write_gold(instance.root, golds)
    held = json.loads(done(instance.root, "feedback", "--json"))
    (page,) = held["pages"]
    assert held["schema"] == 1 and page["answers"] == 6
    assert page["right"]["Actor"] == {"answers": 30, "gold": 120, "missed": 90, "same": 30}
    assert [(rule["heading"], rule["count"]) for rule in page["rules"]] == [("Actor", 90)]
    assert [point["own"] for point in page["curve"]] == [0, 2, 4, 6, 8, 10]
    like = page["likeness"]["exact"]
    assert like["value"] == pytest.approx(60 / 150, abs=1e-6) and like["low"] < like["value"] < like["high"]
    assert page["curve"][0]["exact_f1"] == 0.0 and page["curve"][2]["capped"]


def test_without_gold_it_says_what_makes_some(instance: Instance) -> None:
    documents, answers, _golds = learner(3)
    write(instance.root, documents, answers)
    refused = sayso(instance.root, "feedback")
    assert refused.returncode == 7 and "sayso adjudicate" in refused.stderr
    assert not (instance.private / "feedback").exists()
