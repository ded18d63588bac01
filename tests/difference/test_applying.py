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

from sayso.difference import Folder, Written, apply, between, write
from sayso.errors import ConflictError, InputError
from tests.benchmarks.corpus import synthetic_annotations, synthetic_documents
from tests.conftest import REPOSITORY
from tests.difference import corpora
from tests.difference.corpora import Tree
from tests.migrations.worlds import NEWER, OLDER

MANY = b"\n" * 6000  # more lines than are compared as a text
YAML = [OLDER.encode(), NEWER.encode()]
HISTORY = "corpus/history/1.0.0-2.0.0/annotations/pilot/ann-1.jsonl"
OTHERS = st.dictionaries(
    st.sampled_from([HISTORY, "schema/schema.yaml", "schema/guidelines.md", "schema/migrations/1.0.0.yaml"]),
    st.sampled_from([b"", b"one\ntwo\n", b"two\none", b"one\rtwo\n", MANY, b"\xff\r\n", *YAML]),
)  # fmt: skip


def two_versions(first: Tree, second: Tree, related: bool, harms: tuple[Any, Any], others: tuple[Tree, Tree]) -> Any:
    """Two versions: unrelated, or the newer one made from the older by many hands."""
    newer = {**first, **second} if related else second
    return {**corpora.harmed(first, harms[0]), **others[0]}, {**corpora.harmed(newer, harms[1]), **others[1]}


versions = st.builds(
    two_versions, corpora.corpora, corpora.corpora, st.booleans(), st.tuples(corpora.harms, corpora.harms),
    st.tuples(OTHERS, OTHERS),
)  # fmt: skip


def compared(folder: Path, older: Tree, newer: Tree) -> tuple[Folder, Folder, bytes]:
    """Both sides laid out, and their difference as JSON."""
    sides = [Folder(corpora.write(folder / name, tree), name) for name, tree in (("older", older), ("newer", newer))]
    stream = io.BytesIO()
    write(between(*sides), stream.write)
    return sides[0], sides[1], stream.getvalue()


def applied(folder: Path, older: Folder, told: bytes) -> dict[str, bytes]:
    (folder / "difference.json").write_bytes(told)
    apply(older, Written(folder / "difference.json"), folder / "made")
    return corpora.read(folder / "made")


def sources(side: Folder) -> dict[str, bytes]:
    return {name: side.path(name).read_bytes() for name in side.files()}


@given(versions)
@settings(
    max_examples=60, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
def test_the_newer_side_comes_out(trees: tuple[Tree, Tree]) -> None:
    with TemporaryDirectory() as name:
        older, newer, told = compared(Path(name), *trees)
        with_schema = all(any(n.startswith("schema/") for n in tree) for tree in trees)
        expected = sources(newer)
        if not with_schema:  # then the schema is not compared, and the older one's goes along
            expected = {n: b for n, b in expected.items() if n.startswith("corpus/")}
            expected |= {n: b for n, b in sources(older).items() if n.startswith("schema/")}
        assert applied(Path(name), older, told) == expected


@given(versions)
@settings(
    max_examples=20, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
def test_the_same_sides_give_the_same_bytes(trees: tuple[Tree, Tree]) -> None:
    with TemporaryDirectory() as name:
        older, newer, told = compared(Path(name), *trees)
        again = io.BytesIO()
        write(between(older, newer), again.write)
        assert again.getvalue() == told


REAL = {name: (REPOSITORY / name).read_bytes() for name in Folder(REPOSITORY, "here").files() if name.endswith("jsonl")}


@given(corpora.harms, corpora.harms)
@settings(max_examples=10, phases=[Phase.generate])
def test_the_founding_corpus_in_any_hand(first: Any, second: Any) -> None:
    with TemporaryDirectory() as name:
        trees = corpora.harmed(REAL, first), corpora.harmed(REAL, second)
        older, _newer, told = compared(Path(name), *trees)
        assert applied(Path(name), older, told) == trees[1]


def test_a_corpus_of_many_documents(tmp_path: Path) -> None:
    documents = list(synthetic_documents(60))
    answers = list(synthetic_annotations(documents, "reader"))
    older = {"corpus/articles/articles-00000.jsonl": corpora.lines(*documents[:40]),
             "corpus/annotations/synthetic/reader.jsonl": corpora.lines(*answers[:50])}  # fmt: skip
    newer = {"corpus/articles/articles-00000.jsonl": corpora.lines(*documents[10:20]),
             "corpus/articles/articles-00001.jsonl": corpora.lines(*documents[:10], *documents[20:]),
             "corpus/annotations/synthetic/reader.jsonl": corpora.lines(*answers[5:])}  # fmt: skip
    side, _newer, told = compared(tmp_path, older, newer)
    assert applied(tmp_path, side, told) == newer


def test_a_difference_laid_out_anew_by_another_program_still_applies(tmp_path: Path) -> None:
    older = {"corpus/articles/articles-00000.jsonl": corpora.lines(corpora.document("d1"))}
    newer = {
        "corpus/articles/articles-00000.jsonl": corpora.lines(corpora.document("d1", title="T"), corpora.document("d2"))
    }
    side, _newer, told = compared(tmp_path, older, newer)
    assert applied(tmp_path, side, msgspec.json.format(told, indent=4)) == newer


BEFORE = {"corpus/articles/articles-00000.jsonl": corpora.lines(corpora.document("d1"), corpora.document("d3"))}
AFTER = {
    "corpus/articles/articles-00000.jsonl": corpora.lines(
        corpora.document("d1", corpora.TEXTS[1]), corpora.document("d2")
    )
}


@pytest.mark.parametrize(
    "other",
    [
        corpora.lines(corpora.document("d1", corpora.TEXTS[3]), corpora.document("d3")),
        corpora.lines(corpora.document("d1")),
        corpora.lines(corpora.document("d1", title="T"), corpora.document("d3")),
        b"{}\n",
        b"",
    ],
)
def test_another_older_side_is_refused_and_nothing_written(tmp_path: Path, other: bytes) -> None:
    _older, _newer, told = compared(tmp_path, BEFORE, AFTER)
    stranger = Folder(corpora.write(tmp_path / "stranger", {"corpus/articles/articles-00000.jsonl": other}), "stranger")
    with pytest.raises(ConflictError, match="older side"):
        applied(tmp_path, stranger, told)
    assert corpora.read(tmp_path / "made") == {}


def test_an_edited_difference_is_refused(tmp_path: Path) -> None:
    older, _newer, told = compared(tmp_path, BEFORE, AFTER)
    with pytest.raises(ConflictError, match="make the difference again"):
        applied(tmp_path, older, told.replace(b'"new":"38"', b'"new":"39"'))
    assert corpora.read(tmp_path / "made") == {}


def test_a_difference_that_leads_outside_is_refused(tmp_path: Path) -> None:
    older, _newer, told = compared(tmp_path, BEFORE, AFTER)
    with pytest.raises(InputError, match="no source"):
        applied(tmp_path, older, told.replace(b"corpus/articles/articles-00000.jsonl", b"corpus/history/../../../x"))
    assert not (tmp_path / "x").exists() and not (tmp_path.parent / "x").exists()


@pytest.mark.parametrize("cut", [1, 40, 300, -30])
def test_a_difference_that_was_cut_off_is_refused(tmp_path: Path, cut: int) -> None:
    older, _newer, told = compared(tmp_path, BEFORE, AFTER)
    with pytest.raises(InputError, match="not a difference"):
        applied(tmp_path, older, told[:cut])


def test_what_a_killed_run_has_left_is_made_good(tmp_path: Path) -> None:
    older, _newer, told = compared(tmp_path, BEFORE, AFTER)
    name = next(iter(AFTER))
    corpora.write(tmp_path / "made", {name: b"half", f"{name}.999999999.partial": b"ha"})
    assert applied(tmp_path, older, told) == AFTER


def test_a_folder_with_other_sources_is_left_alone(tmp_path: Path) -> None:
    older, _newer, told = compared(tmp_path, BEFORE, AFTER)
    corpora.write(tmp_path / "made", {"corpus/gold/other.jsonl": b""})
    with pytest.raises(ConflictError, match="empty folder"):
        applied(tmp_path, older, told)
    assert corpora.read(tmp_path / "made") == {"corpus/gold/other.jsonl": b""}
