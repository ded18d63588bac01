"""Texts are removed from a release without a trace, and restored from a reader's copies."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from msgspec import structs

from sayso import jsonl
from sayso.corpus import licences
from sayso.corpus.sources import CorpusFiles
from sayso.dataset import text_columns
from sayso.dataset.builder import build
from sayso.dataset.content_digest import content_sha256
from sayso.errors import UsageError
from sayso.models import Document, UnknownItem
from sayso.settings import Checkout, find_checkout
from tests.benchmarks.synthetic_corpus import synthetic_annotations, synthetic_documents
from tests.command_line import run_sayso
from tests.conftest import REPOSITORY
from tests.forked_commands import run_command
from tests.moments import EVERY_MOMENT

pytestmark = pytest.mark.slow

COUNT = 8


def half_licensed_documents() -> Iterator[Document]:
    """Every other one may be passed on."""
    for number, each in enumerate(synthetic_documents(COUNT)):
        yield structs.replace(each, license="CC-BY-4.0" if number % 2 else "unknown")


def build_checkout(root: Path, texts: str) -> Checkout:
    shutil.copytree(REPOSITORY / "schema", root / "schema")
    (root / "pyproject.toml").write_text(f'[tool.sayso]\ntexts = "{texts}"\n')
    jsonl.write(CorpusFiles(root).batch_file(0), half_licensed_documents())
    CorpusFiles(root).write_annotations(
        "synthetic", "reader", synthetic_annotations(half_licensed_documents(), "reader")
    )
    checkout = find_checkout(root)
    build(checkout)
    return checkout


def digest_data(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): content_sha256(path)
        for path in sorted(root.rglob("*.parquet"))
    }


def read_all_values(root: Path) -> str:
    """Everything that the data files say."""
    return json.dumps(
        [pq.read_table(path).to_pylist() for path in sorted(root.rglob("*.parquet"))],
        ensure_ascii=False,
    )


@pytest.fixture
def complete_corpus(tmp_path: Path) -> Path:
    return build_checkout(tmp_path / "whole", "all").root / "corpus"


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """Copy what a researcher downloads: card and data, no sources."""
    corpus = build_checkout(tmp_path / "without", "licensed").root / "corpus"
    target = tmp_path / "release"
    target.mkdir()
    shutil.copytree(corpus / "data", target / "data")
    shutil.copy(corpus / "README.md", target)
    return target


@pytest.fixture
def copies(tmp_path: Path) -> Path:
    """The reader's own, under names of their own."""
    folder = tmp_path / "copies"
    folder.mkdir()
    for number, each in enumerate(half_licensed_documents()):
        (folder / f"{number}.txt").write_bytes(each.text.encode())
    (folder / "something-else.txt").write_text("Not of this corpus.")
    return folder


def test_no_word_of_a_text_that_is_held_back_is_in_the_data(release: Path) -> None:
    held = [each for each in half_licensed_documents() if each.license == "unknown"]
    articles = [
        row for path in release.glob("data/articles/*") for row in pq.read_table(path).to_pylist()
    ]
    assert {row["doc_id"] for row in articles if row["text"] is None} == {
        each.doc_id for each in held
    }
    rows = [
        row for path in release.glob("data/mentions/*") for row in pq.read_table(path).to_pylist()
    ]
    assert all((row["text"] is None) == (row["sentence"] is None) for row in rows)
    assert {row["doc_id"] for row in rows if row["text"] is None} == {each.doc_id for each in held}
    ids = {each.doc_id for each in held}
    told = json.dumps(
        [
            row
            for path in release.rglob("*.parquet")
            for row in pq.read_table(path).to_pylist()
            if row["doc_id"] in ids
        ],
        ensure_ascii=False,
    )
    for sentence in ("told reporters", "trains ran on time", "Roads around the station"):
        assert sentence in held[0].text + held[1].text + held[2].text and sentence not in told


def test_copies_bring_back_the_very_same_rows(
    release: Path, copies: Path, complete_corpus: Path
) -> None:
    card = (release / "README.md").read_text()
    assert digest_data(release) != digest_data(complete_corpus)
    done = run_sayso(REPOSITORY, "hydrate", str(release), str(copies), "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["wanted"], told["filled"], told["missing"], told["unused"]) == (4, 4, [], 5)
    assert digest_data(release) == digest_data(complete_corpus)
    assert (release / "README.md").read_text() != card  # so that no stale cache is served
    again = run_sayso(REPOSITORY, "hydrate", str(release), str(copies))
    assert again.returncode == 0 and "no text is missing here" in again.stderr
    assert digest_data(release) == digest_data(complete_corpus)


def test_some_copies_now_and_the_rest_later(
    release: Path, copies: Path, complete_corpus: Path, tmp_path: Path
) -> None:
    target = tmp_path / "elsewhere"
    before = digest_data(release)
    first = run_sayso(
        REPOSITORY, "hydrate", str(release), str(copies / "0.txt"), "--to", str(target)
    )
    assert (
        first.returncode == 6
        and "3 of 4" in first.stderr
        and "no copy of article-00000002" in first.stderr
    )
    assert digest_data(release) == before
    later = run_sayso(REPOSITORY, "hydrate", str(target), str(copies))
    assert later.returncode == 0 and digest_data(target) == digest_data(complete_corpus)


def kill_at_every_change(root: Path, *words: str) -> int:
    """Run a command again and again, killed a few changes later each time, until it ends."""
    for changes in range(1, 500, 1 if EVERY_MOMENT else 6):
        ended = run_command(root, *words, changes=changes)
        if ended.code != -signal.SIGKILL:
            ended.require_success()
            return changes
    raise AssertionError("it does not end")


@pytest.mark.exhaustive
def test_killed_before_any_change_and_run_again(
    release: Path, copies: Path, complete_corpus: Path, tmp_path: Path
) -> None:
    """Each run is killed a few changes later and goes on where the last one was killed."""
    whole = tmp_path / "at-once"
    run_sayso(REPOSITORY, "hydrate", str(release), str(copies), "--to", str(whole))
    assert kill_at_every_change(release, "hydrate", str(release), str(copies)) > 5
    assert digest_data(release) == digest_data(complete_corpus) == digest_data(whole)
    assert (release / "README.md").read_bytes() == (whole / "README.md").read_bytes()


@pytest.mark.parametrize("order", [1, -1])
def test_files_that_a_killed_run_left_behind_are_completed(
    release: Path, copies: Path, complete_corpus: Path, tmp_path: Path, order: int
) -> None:
    """Whichever files were written first, a later run completes the others."""
    whole = tmp_path / "whole"
    run_sayso(REPOSITORY, "hydrate", str(release), str(copies), "--to", str(whole))
    names = sorted(digest_data(release))[::order]
    for name in names[: len(names) // 2]:
        shutil.copy(whole / name, release / name)
    done = run_sayso(REPOSITORY, "hydrate", str(release), str(copies))
    assert done.returncode == 0, done.stderr
    assert digest_data(release) == digest_data(complete_corpus)
    assert (release / "README.md").read_bytes() == (whole / "README.md").read_bytes()


def test_a_release_without_links_elsewhere(release: Path, copies: Path, tmp_path: Path) -> None:
    (release / "data/articles").rename(tmp_path / "elsewhere")
    (release / "data/articles").symlink_to(tmp_path / "elsewhere")
    done = run_sayso(REPOSITORY, "hydrate", str(release), str(copies))
    assert done.returncode == 7 and "articles: a link" in done.stderr


def test_a_copy_that_differs_by_a_byte_is_none(release: Path, copies: Path) -> None:
    path = copies / "0.txt"
    path.write_bytes(path.read_bytes() + b"\n")
    done = run_sayso(REPOSITORY, "hydrate", str(release), str(copies))
    assert done.returncode == 6 and "no copy of article-00000000" in done.stderr


def test_a_dump_with_names_of_its_own(release: Path, tmp_path: Path, complete_corpus: Path) -> None:
    dump = tmp_path / "dump.jsonl"
    dump.write_text(
        "".join(
            json.dumps({"id": each.doc_id, "body": each.text}) + "\n"
            for each in half_licensed_documents()
        )
    )
    done = run_sayso(
        REPOSITORY,
        "hydrate",
        str(release),
        str(dump),
        "--field",
        "text=body",
        "--field",
        "doc_id=id",
    )
    assert done.returncode == 0, done.stderr
    assert digest_data(release) == digest_data(complete_corpus)


def test_bad_input_is_one_line(tmp_path: Path, copies: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    done = run_sayso(REPOSITORY, "hydrate", str(empty), str(copies))
    assert done.returncode == 7 and "no release here" in done.stderr


def test_a_setting_that_is_none_of_the_three() -> None:
    with pytest.raises(UsageError, match="choose all, licensed or none"):
        licences.read_text_policy(Checkout(Path("/"), {"texts": "some"}))


def test_what_was_kept_apart_goes_too(tmp_path: Path) -> None:
    checkout = build_checkout(tmp_path / "kept", "none")
    first, *others = synthetic_annotations(half_licensed_documents(), "reader")
    kept = structs.replace(
        first, kept=(UnknownItem(reason="an unknown label", item={"text": "secret words"}),)
    )
    CorpusFiles(checkout.root).write_annotations("synthetic", "reader", [kept, *others])
    build(checkout)
    assert "an unknown label" in read_all_values(
        checkout.root
    ) and "secret words" not in read_all_values(checkout.root)


@pytest.mark.parametrize(
    "config", ["gold", "articles", "annotations", "mentions", "claims", "tokens"]
)
def test_out_and_in_again_is_nothing(config: str) -> None:
    articles = (REPOSITORY / "corpus" / "data" / "articles").glob("*.parquet")
    texts = {
        row["doc_id"]: row["text"] for path in articles for row in pq.read_table(path).to_pylist()
    }
    for path in sorted((REPOSITORY / "corpus" / "data" / config).glob("*.parquet")):
        rows = pq.read_table(path)
        emptied = text_columns.remove_texts(rows, frozenset(texts))
        assert not emptied.equals(rows)
        assert text_columns.restore_texts(emptied, texts.get).equals(rows)
        assert text_columns.remove_texts(rows, frozenset()).equals(rows)
