"""A diff is complete: with the older version it gives every record of the newer one."""

from __future__ import annotations

import io
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sayso.diff import FolderVersion, diff_versions
from sayso.diff.diff_entries import AnyDiffEntry
from tests.benchmarks.synthetic_corpus import synthetic_annotations, synthetic_documents
from tests.conftest import REPOSITORY
from tests.diff import sample_versions
from tests.diff.rebuilding import Items, read_items, rebuild
from tests.diff.sample_versions import FileTree
from tests.migrations.sample_migration import NEWER, OLDER

pytestmark = pytest.mark.slow

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
    """Return two versions: unrelated, or with most of the older one in the newer one."""
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
    """Write both versions, and return them with their diff as JSON."""
    versions = [
        FolderVersion(sample_versions.write_tree(folder / name, tree), name)
        for name, tree in (("older", older), ("newer", newer))
    ]
    stream = io.BytesIO()
    diff_versions(*versions).write_json(stream.write)
    return versions[0], versions[1], stream.getvalue()


class SavedDiff(msgspec.Struct):
    """The entries of a diff that was written as JSON."""

    entries: list[AnyDiffEntry]


def rebuild_from_json(older: Items, content: bytes) -> Items:
    return rebuild(older, msgspec.json.decode(content, type=SavedDiff).entries)


@given(versions)
@settings(
    max_examples=60,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_the_newer_version_can_be_rebuilt(trees: tuple[FileTree, FileTree]) -> None:
    with TemporaryDirectory() as name:
        older, newer, content = diff_trees(Path(name), *trees)
        before, expected = read_items(older), read_items(newer)
        if not all(any(n.startswith("schema/") for n in tree) for tree in trees):
            # Then the schema is not compared, and the older one stays.
            expected = {n: items for n, items in expected.items() if n.startswith("corpus/")}
            expected |= {n: items for n, items in before.items() if n.startswith("schema/")}
        assert rebuild_from_json(before, content) == expected


@given(versions)
@settings(
    max_examples=20,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_the_same_versions_give_the_same_bytes(trees: tuple[FileTree, FileTree]) -> None:
    with TemporaryDirectory() as name:
        older, newer, content = diff_trees(Path(name), *trees)
        again = io.BytesIO()
        diff_versions(older, newer).write_json(again.write)
        assert again.getvalue() == content


REAL = {
    name: (REPOSITORY / name).read_bytes()
    for name in FolderVersion(REPOSITORY, "repository").list_sources()
    if name.endswith("jsonl")
}


@given(sample_versions.harms, sample_versions.harms)
@settings(max_examples=10, phases=[Phase.generate])
def test_the_founding_corpus_with_any_damage(first: Any, second: Any) -> None:
    with TemporaryDirectory() as name:
        trees = (sample_versions.apply_harms(REAL, harms) for harms in (first, second))
        older, newer, content = diff_trees(Path(name), *trees)
        assert rebuild_from_json(read_items(older), content) == read_items(newer)


def test_a_corpus_of_many_documents(tmp_path: Path) -> None:
    documents = list(synthetic_documents(60))
    annotations = list(synthetic_annotations(documents, "reader"))
    encode_lines = sample_versions.encode_lines
    older = {
        "corpus/articles/articles-00000.jsonl": encode_lines(*documents[:40]),
        "corpus/annotations/synthetic/reader.jsonl": encode_lines(*annotations[:50]),
    }
    newer = {
        "corpus/articles/articles-00000.jsonl": encode_lines(*documents[10:20]),
        "corpus/articles/articles-00001.jsonl": encode_lines(*documents[:10], *documents[20:]),
        "corpus/annotations/synthetic/reader.jsonl": encode_lines(*annotations[5:]),
    }
    before, after, content = diff_trees(tmp_path, older, newer)
    assert rebuild_from_json(read_items(before), content) == read_items(after)
