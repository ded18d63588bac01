"""Versions: revisions of a real git repository, folders, the working tree, and invalid names."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from sayso.diff import CorpusVersion, FolderVersion, GitVersion, diff_versions, open_version
from sayso.diff.corpus_versions import is_source
from sayso.errors import InputError, UsageError
from tests.conftest import REPOSITORY, read_files
from tests.diff import sample_versions
from tests.diff.sample_versions import encode_lines, make_annotation, make_document, make_mention

ARTICLES, ANNOTATIONS = (
    "corpus/articles/articles-00000.jsonl",
    "corpus/annotations/pilot/ann-1.jsonl",
)
GIT_WITHOUT_CONFIG = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
FIRST_VERSION = {
    ARTICLES: encode_lines(make_document("d1")),
    ANNOTATIONS: encode_lines(make_annotation("d1")),
    "schema/guidelines.md": b"Read.\n",
}
SECOND_VERSION = {
    **FIRST_VERSION,
    ARTICLES: encode_lines(make_document("d1"), make_document("d2")),
    "schema/guidelines.md": b"Read well.\n",
}


def run_git(root: Path, *words: str) -> str:
    who = (
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@example.org",
        "-c",
        "protocol.file.allow=always",
    )
    done = subprocess.run(
        ["git", *who, *words],
        cwd=root,
        capture_output=True,
        text=True,
        env={**os.environ, **GIT_WITHOUT_CONFIG},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def commit_tree(root: Path, tree: sample_versions.FileTree, tag: str) -> None:
    sample_versions.write_tree(root, tree)
    run_git(root, "add", "-A")
    run_git(root, "commit", "-q", "-m", tag)
    run_git(root, "tag", "-a", tag, "-m", tag)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A checkout with two tags; the working tree is the second one's."""
    root = tmp_path / "checkout"
    root.mkdir()
    run_git(root, "init", "-q", "-b", "trunk")
    shutil.copytree(REPOSITORY / "schema", root / "schema")
    commit_tree(root, FIRST_VERSION, "v1.0.0")
    commit_tree(root, SECOND_VERSION, "v1.1.0")
    return root


def count_changes(older: CorpusVersion, newer: CorpusVersion) -> dict[str, int]:
    found: dict[str, int] = {}
    for (kind, _layer), times in diff_versions(older, newer).counts.counts.items():
        found[str(kind)] = found.get(str(kind), 0) + times
    return found


EXPECTED = {"document added": 1, "file line added": 1, "file line removed": 1}


@pytest.mark.parametrize(
    ("older", "newer"),
    [("v1.0.0", "v1.1.0"), ("v1.0.0", "."), ("trunk~1", "trunk"), ("refs/tags/v1.0.0", "HEAD")],
)
def test_revisions(repository: Path, older: str, newer: str) -> None:
    assert (
        count_changes(open_version(older, repository), open_version(newer, repository)) == EXPECTED
    )
    assert count_changes(open_version(newer, repository), open_version(newer, repository)) == {}


def test_a_checkout_in_a_folder_of_its_repository(tmp_path: Path) -> None:
    run_git(tmp_path, "init", "-q")
    (tmp_path / "inner").mkdir()
    shutil.copytree(REPOSITORY / "schema", tmp_path / "inner" / "schema")
    commit_tree(tmp_path / "inner", FIRST_VERSION, "v1")
    sample_versions.write_tree(tmp_path / "inner", SECOND_VERSION)
    assert (
        count_changes(open_version("v1", tmp_path / "inner"), open_version(".", tmp_path / "inner"))
        == EXPECTED
    )


def test_a_revision_says_which_commit_it_was(repository: Path) -> None:
    description = open_version("v1.0.0", repository).describe()
    assert description == {
        "name": "v1.0.0",
        "commit": run_git(repository, "rev-parse", "v1.0.0^{commit}"),
    }


def test_nothing_is_checked_out_or_written(repository: Path) -> None:
    (repository / ARTICLES).write_bytes(b"")
    before = read_files(repository)
    assert (
        count_changes(open_version("v1.0.0", repository), open_version("v1.1.0", repository))
        == EXPECTED
    )
    assert {name: before[name] for name in before if name != ".git/index"} == {
        name: content for name, content in read_files(repository).items() if name != ".git/index"
    }


@pytest.mark.parametrize("below", ["", "corpus"])
def test_folders(repository: Path, tmp_path: Path, below: str) -> None:
    other = tmp_path / "other"
    run_git(tmp_path, "clone", "-q", str(repository), str(other))
    run_git(other, "checkout", "-q", "v1.0.0")
    found = count_changes(
        open_version(str(other / below), repository), open_version(".", repository)
    )
    assert found == EXPECTED


def test_a_folder_of_sources_alone(repository: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone"
    shutil.copytree(repository / "corpus", alone)
    older = open_version(str(alone), repository)
    difference = diff_versions(older, open_version("v1.0.0", repository))
    assert [str(kind) for kind in difference.counts.rows] == ["document removed"]
    assert "only files below corpus/" in difference.notes[0]


def test_a_shallow_clone_names_the_remedy(repository: Path, tmp_path: Path) -> None:
    run_git(tmp_path, "clone", "-q", "--depth", "1", f"file://{repository}", "shallow")
    with pytest.raises(InputError, match="git fetch --unshallow --tags"):
        open_version("trunk~1", tmp_path / "shallow")


def test_bytes_that_git_has_lost(repository: Path) -> None:
    blob = run_git(repository, "rev-parse", f"v1.0.0:{ARTICLES}")
    (repository / ".git/objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(
        InputError, match=rf"{ARTICLES}: git does not have its content; run `git fsck`"
    ):
        count_changes(open_version("v1.0.0", repository), open_version("v1.1.0", repository))


def test_a_symbolic_link_in_a_revision_is_refused(repository: Path) -> None:
    (repository / "corpus/gold").mkdir()
    (repository / "corpus/gold/a.jsonl").symlink_to("../articles/articles-00000.jsonl")
    run_git(repository, "add", "-A")
    run_git(repository, "commit", "-q", "-m", "link")
    with pytest.raises(InputError, match=r"corpus/gold/a.jsonl: not a regular file"):
        open_version("HEAD", repository).list_sources()


@pytest.mark.parametrize(
    "word", ["v9.9.9", "--help", "-x", "nowhere/at/all", "v1.0.0:corpus", "HEAD^{tree}", "\n"]
)
def test_what_is_neither(repository: Path, word: str) -> None:
    with pytest.raises(InputError, match="neither a revision of this repository nor a folder"):
        open_version(word, repository)


def test_what_is_both(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository)
    sample_versions.write_tree(repository / "v1.0.0", FIRST_VERSION)
    with pytest.raises(UsageError, match=r"write \./v1\.0\.0 for the folder"):
        open_version("v1.0.0", repository)
    assert isinstance(open_version("./v1.0.0", repository), FolderVersion)
    assert isinstance(open_version("refs/tags/v1.0.0", repository), GitVersion)


def test_a_folder_that_is_no_corpus(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no sources of a corpus here; name a checkout"):
        open_version(str(tmp_path / "empty"), repository)
    (tmp_path / "built" / "data").mkdir(parents=True)
    with pytest.raises(InputError, match="only built data"):
        open_version(str(tmp_path / "built"), repository)


def test_where_git_is_not(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample_versions.write_tree(tmp_path / "older", FIRST_VERSION)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert (
        count_changes(
            open_version(str(tmp_path / "older"), repository), open_version(".", repository)
        )["document added"]
        == 1
    )
    with pytest.raises(
        InputError, match="no such folder, and no revision: git is not on this machine"
    ):
        open_version("v1.0.0", repository)


def test_where_there_is_no_repository(tmp_path: Path) -> None:
    root = sample_versions.write_tree(tmp_path / "checkout", FIRST_VERSION)
    with pytest.raises(InputError, match="no such folder, and no revision: not a git repository"):
        open_version("v1.0.0", root)


def test_names_beyond_ascii(repository: Path) -> None:
    name = "corpus/gold/Übung 1.jsonl"
    commit_tree(repository, {name: b"", "schema/note “x”.md": b"x\n"}, "v2")
    assert {name, "schema/note “x”.md"} <= set(open_version("v2", repository).list_sources())
    assert count_changes(open_version("v2", repository), open_version(".", repository)) == {}
    assert count_changes(open_version("v1.1.0", repository), open_version("v2", repository)) == {
        "file line added": 1
    }


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("corpus/articles/articles-00000.jsonl", True),
        ("corpus/history/1.0.0-2.0.0/gold/pilot.jsonl", True),
        ("schema/migrations/1.0.0.yaml", True),
        ("corpus/README.md", False),
        ("corpus/data/gold/train-00000.parquet", False),
        ("schema/interface/all.xml", False),
        ("schema/records/gold.schema.json", False),
        ("corpus/gold/pilot.jsonl.77.partial", False),
        ("README.md", False),
    ],
)
def test_what_is_a_source(name: str, expected: bool) -> None:
    assert is_source(name) is expected


def test_a_version_of_many_blobs(repository: Path) -> None:
    many = {
        f"corpus/annotations/pilot/ann-{n}.jsonl": encode_lines(
            make_annotation(f"d{n}", annotator=f"ann-{n}")
        )
        for n in range(30)
    }
    commit_tree(repository, many, "v2")
    police = make_mention("a1", "Actor", "Police")
    sample_versions.write_tree(
        repository,
        {
            name: encode_lines(make_annotation(f"d{n}", police, annotator=f"ann-{n}"))
            for n, name in enumerate(many)
        },
    )
    assert count_changes(open_version("v2", repository), open_version(".", repository)) == {
        "mention added": 30
    }
