"""Applying a difference to the older side gives the newer one, byte for byte."""

from __future__ import annotations

import io
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sayso.diff import FolderVersion, SavedDiff, apply, diff_versions, write_json
from sayso.errors import ConflictError, InputError
from tests.benchmarks.synthetic_corpus import synthetic_annotations, synthetic_documents
from tests.conftest import REPOSITORY
from tests.diff import sample_versions
from tests.diff.sample_versions import FileTree
from tests.migrations.sample_migration import NEWER, OLDER

MANY_LINES = b"\n" * 6000  # more lines than are compared as a text
YAML = [OLDER.encode(), NEWER.encode()]
HISTORY = "corpus/history/1.0.0-2.0.0/annotations/pilot/ann-1.jsonl"
OTHER_FILES = st.dictionaries(
    st.sampled_from(
        [HISTORY, "schema/schema.yaml", "schema/guidelines.md", "schema/migrations/1.0.0.yaml"]
    ),
    st.sampled_from(
        [b"", b"one\ntwo\n", b"two\none", b"one\rtwo\n", MANY_LINES, b"\xff\r\n", *YAML]
    ),
)


def build_two_versions(
    first: FileTree,
    second: FileTree,
    related: bool,
    harms: tuple[Any, Any],
    others: tuple[FileTree, FileTree],
) -> Any:
    """Two versions: unrelated, or the newer one made from the older by many hands."""
    newer = {**first, **second} if related else second
    return {**sample_versions.apply_harms(first, harms[0]), **others[0]}, {
        **sample_versions.apply_harms(newer, harms[1]),
        **others[1],
    }


versions = st.builds(
    build_two_versions,
    sample_versions.corpora,
    sample_versions.corpora,
    st.booleans(),
    st.tuples(sample_versions.harms, sample_versions.harms),
    st.tuples(OTHER_FILES, OTHER_FILES),
)


def diff_trees(
    folder: Path, older: FileTree, newer: FileTree
) -> tuple[FolderVersion, FolderVersion, bytes]:
    """Both sides laid out, and their difference as JSON."""
    sides = [
        FolderVersion(sample_versions.write_tree(folder / name, tree), name)
        for name, tree in (("older", older), ("newer", newer))
    ]
    stream = io.BytesIO()
    write_json(diff_versions(*sides), stream.write)
    return sides[0], sides[1], stream.getvalue()


def apply_saved_diff(folder: Path, older: FolderVersion, told: bytes) -> dict[str, bytes]:
    (folder / "difference.json").write_bytes(told)
    apply(older, SavedDiff(folder / "difference.json"), folder / "made")
    return sample_versions.read_tree(folder / "made")


def read_sources(side: FolderVersion) -> dict[str, bytes]:
    return {name: side.path(name).read_bytes() for name in side.list_sources()}


@given(versions)
@settings(
    max_examples=60,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_the_newer_side_comes_out(trees: tuple[FileTree, FileTree]) -> None:
    with TemporaryDirectory() as name:
        older, newer, told = diff_trees(Path(name), *trees)
        with_schema = all(any(n.startswith("schema/") for n in tree) for tree in trees)
        expected = read_sources(newer)
        if not with_schema:  # then the schema is not compared, and the older one's goes along
            expected = {n: b for n, b in expected.items() if n.startswith("corpus/")}
            expected |= {n: b for n, b in read_sources(older).items() if n.startswith("schema/")}
        assert apply_saved_diff(Path(name), older, told) == expected


@given(versions)
@settings(
    max_examples=20,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_the_same_sides_give_the_same_bytes(trees: tuple[FileTree, FileTree]) -> None:
    with TemporaryDirectory() as name:
        older, newer, told = diff_trees(Path(name), *trees)
        again = io.BytesIO()
        write_json(diff_versions(older, newer), again.write)
        assert again.getvalue() == told


REAL = {
    name: (REPOSITORY / name).read_bytes()
    for name in FolderVersion(REPOSITORY, "here").list_sources()
    if name.endswith("jsonl")
}


@given(sample_versions.harms, sample_versions.harms)
@settings(max_examples=10, phases=[Phase.generate])
def test_the_founding_corpus_in_any_hand(first: Any, second: Any) -> None:
    with TemporaryDirectory() as name:
        trees = sample_versions.apply_harms(REAL, first), sample_versions.apply_harms(REAL, second)
        older, _newer, told = diff_trees(Path(name), *trees)
        assert apply_saved_diff(Path(name), older, told) == trees[1]


def test_a_corpus_of_many_documents(tmp_path: Path) -> None:
    documents = list(synthetic_documents(60))
    answers = list(synthetic_annotations(documents, "reader"))
    older = {
        "corpus/articles/articles-00000.jsonl": sample_versions.encode_lines(*documents[:40]),
        "corpus/annotations/synthetic/reader.jsonl": sample_versions.encode_lines(*answers[:50]),
    }
    newer = {
        "corpus/articles/articles-00000.jsonl": sample_versions.encode_lines(*documents[10:20]),
        "corpus/articles/articles-00001.jsonl": sample_versions.encode_lines(
            *documents[:10], *documents[20:]
        ),
        "corpus/annotations/synthetic/reader.jsonl": sample_versions.encode_lines(*answers[5:]),
    }
    side, _newer, told = diff_trees(tmp_path, older, newer)
    assert apply_saved_diff(tmp_path, side, told) == newer


def test_a_difference_laid_out_anew_by_another_program_still_applies(tmp_path: Path) -> None:
    older = {
        "corpus/articles/articles-00000.jsonl": sample_versions.encode_lines(
            sample_versions.make_document("d1")
        )
    }
    newer = {
        "corpus/articles/articles-00000.jsonl": sample_versions.encode_lines(
            sample_versions.make_document("d1", title="T"), sample_versions.make_document("d2")
        )
    }
    side, _newer, told = diff_trees(tmp_path, older, newer)
    assert apply_saved_diff(tmp_path, side, msgspec.json.format(told, indent=4)) == newer


BEFORE = {
    "corpus/articles/articles-00000.jsonl": sample_versions.encode_lines(
        sample_versions.make_document("d1"), sample_versions.make_document("d3")
    )
}
AFTER = {
    "corpus/articles/articles-00000.jsonl": sample_versions.encode_lines(
        sample_versions.make_document("d1", sample_versions.TEXTS[1]),
        sample_versions.make_document("d2"),
    )
}


@pytest.mark.parametrize(
    "other",
    [
        sample_versions.encode_lines(
            sample_versions.make_document("d1", sample_versions.TEXTS[3]),
            sample_versions.make_document("d3"),
        ),
        sample_versions.encode_lines(sample_versions.make_document("d1")),
        sample_versions.encode_lines(
            sample_versions.make_document("d1", title="T"), sample_versions.make_document("d3")
        ),
        b"{}\n",
        b"",
    ],
)
def test_another_older_side_is_refused_and_nothing_written(tmp_path: Path, other: bytes) -> None:
    _older, _newer, told = diff_trees(tmp_path, BEFORE, AFTER)
    stranger = FolderVersion(
        sample_versions.write_tree(
            tmp_path / "stranger", {"corpus/articles/articles-00000.jsonl": other}
        ),
        "stranger",
    )
    with pytest.raises(ConflictError, match="older side"):
        apply_saved_diff(tmp_path, stranger, told)
    assert sample_versions.read_tree(tmp_path / "made") == {}


def test_an_edited_difference_is_refused(tmp_path: Path) -> None:
    older, _newer, told = diff_trees(tmp_path, BEFORE, AFTER)
    with pytest.raises(ConflictError, match="make the difference again"):
        apply_saved_diff(tmp_path, older, told.replace(b'"new":"38"', b'"new":"39"'))
    assert sample_versions.read_tree(tmp_path / "made") == {}


def test_a_difference_that_leads_outside_is_refused(tmp_path: Path) -> None:
    older, _newer, told = diff_trees(tmp_path, BEFORE, AFTER)
    with pytest.raises(InputError, match="no source"):
        apply_saved_diff(
            tmp_path,
            older,
            told.replace(b"corpus/articles/articles-00000.jsonl", b"corpus/history/../../../x"),
        )
    assert not (tmp_path / "x").exists() and not (tmp_path.parent / "x").exists()


@pytest.mark.parametrize("cut", [1, 40, 300, -30])
def test_a_difference_that_was_cut_off_is_refused(tmp_path: Path, cut: int) -> None:
    older, _newer, told = diff_trees(tmp_path, BEFORE, AFTER)
    with pytest.raises(InputError, match="not a difference"):
        apply_saved_diff(tmp_path, older, told[:cut])


def test_what_a_killed_run_has_left_is_made_good(tmp_path: Path) -> None:
    older, _newer, told = diff_trees(tmp_path, BEFORE, AFTER)
    name = next(iter(AFTER))
    sample_versions.write_tree(
        tmp_path / "made", {name: b"half", f"{name}.999999999.partial": b"ha"}
    )
    assert apply_saved_diff(tmp_path, older, told) == AFTER


def test_a_folder_with_other_sources_is_left_alone(tmp_path: Path) -> None:
    older, _newer, told = diff_trees(tmp_path, BEFORE, AFTER)
    sample_versions.write_tree(tmp_path / "made", {"corpus/gold/other.jsonl": b""})
    with pytest.raises(ConflictError, match="empty folder"):
        apply_saved_diff(tmp_path, older, told)
    assert sample_versions.read_tree(tmp_path / "made") == {"corpus/gold/other.jsonl": b""}
