"""Sides: revisions of a real git repository, folders, the working tree, and what is neither."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from sayso.difference import Folder, Revision, Side, between, side
from sayso.difference.sides import is_source
from sayso.errors import InputError, UsageError
from tests.conftest import REPOSITORY
from tests.difference import corpora
from tests.difference.corpora import annotation, document, lines, mention

ARTICLES, ANSWERS = "corpus/articles/articles-00000.jsonl", "corpus/annotations/pilot/ann-1.jsonl"
ALONE = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
FIRST = {ARTICLES: lines(document("d1")), ANSWERS: lines(annotation("d1")), "schema/guidelines.md": b"Read.\n"}
SECOND = {**FIRST, ARTICLES: lines(document("d1"), document("d2")), "schema/guidelines.md": b"Read well.\n"}


def git(root: Path, *words: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "protocol.file.allow=always")
    done = subprocess.run(["git", *who, *words], cwd=root, capture_output=True, text=True, env={**os.environ, **ALONE})
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def commit(root: Path, tree: corpora.Tree, tag: str) -> None:
    corpora.write(root, tree)
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", tag)
    git(root, "tag", "-a", tag, "-m", tag)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A checkout with two tags; the working tree is the second one's."""
    root = tmp_path / "checkout"
    root.mkdir()
    git(root, "init", "-q", "-b", "trunk")
    shutil.copytree(REPOSITORY / "schema", root / "schema")
    commit(root, FIRST, "v1.0.0")
    commit(root, SECOND, "v1.1.0")
    return root


def changes(older: Side, newer: Side) -> dict[str, int]:
    found: dict[str, int] = {}
    for (kind, _layer), times in between(older, newer).tally.counts.items():
        found[str(kind)] = found.get(str(kind), 0) + times
    return found


EXPECTED = {"document added": 1, "file line added": 1, "file line removed": 1}


@pytest.mark.parametrize(
    ("older", "newer"), [("v1.0.0", "v1.1.0"), ("v1.0.0", "."), ("trunk~1", "trunk"), ("refs/tags/v1.0.0", "HEAD")]
)
def test_revisions(repository: Path, older: str, newer: str) -> None:
    assert changes(side(older, repository), side(newer, repository)) == EXPECTED
    assert changes(side(newer, repository), side(newer, repository)) == {}


def test_a_checkout_in_a_folder_of_its_repository(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "inner").mkdir()
    shutil.copytree(REPOSITORY / "schema", tmp_path / "inner" / "schema")
    commit(tmp_path / "inner", FIRST, "v1")
    corpora.write(tmp_path / "inner", SECOND)
    assert changes(side("v1", tmp_path / "inner"), side(".", tmp_path / "inner")) == EXPECTED


def test_a_revision_says_which_commit_it_was(repository: Path) -> None:
    told = side("v1.0.0", repository).told()
    assert told == {"name": "v1.0.0", "commit": git(repository, "rev-parse", "v1.0.0^{commit}")}


def test_nothing_is_checked_out_or_written(repository: Path) -> None:
    (repository / ARTICLES).write_bytes(b"")
    before = corpora.read(repository)
    assert changes(side("v1.0.0", repository), side("v1.1.0", repository)) == EXPECTED
    assert {name: before[name] for name in before if name != ".git/index"} == {
        name: content for name, content in corpora.read(repository).items() if name != ".git/index"
    }


@pytest.mark.parametrize("below", ["", "corpus"])
def test_folders(repository: Path, tmp_path: Path, below: str) -> None:
    other = tmp_path / "other"
    git(tmp_path, "clone", "-q", str(repository), str(other))
    git(other, "checkout", "-q", "v1.0.0")
    found = changes(side(str(other / below), repository), side(".", repository))
    assert found == EXPECTED


def test_a_folder_of_sources_alone(repository: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone"
    shutil.copytree(repository / "corpus", alone)
    older = side(str(alone), repository)
    difference = between(older, side("v1.0.0", repository))
    assert [str(kind) for kind in difference.tally.shown] == ["document removed"]
    assert "only what lies under corpus/" in difference.notes[0]


def test_a_shallow_clone_names_the_remedy(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{repository}", "shallow")
    with pytest.raises(InputError, match="git fetch --unshallow --tags"):
        side("trunk~1", tmp_path / "shallow")


def test_bytes_that_git_has_lost(repository: Path) -> None:
    blob = git(repository, "rev-parse", f"v1.0.0:{ARTICLES}")
    (repository / ".git/objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(InputError, match=rf"{ARTICLES}: git does not have its bytes; run `git fsck`"):
        changes(side("v1.0.0", repository), side("v1.1.0", repository))


def test_a_symbolic_link_in_a_revision_is_refused(repository: Path) -> None:
    (repository / "corpus/gold").mkdir()
    (repository / "corpus/gold/a.jsonl").symlink_to("../articles/articles-00000.jsonl")
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "link")
    with pytest.raises(InputError, match=r"corpus/gold/a.jsonl: not a regular file"):
        side("HEAD", repository).files()


@pytest.mark.parametrize("word", ["v9.9.9", "--help", "-x", "nowhere/at/all", "v1.0.0:corpus", "HEAD^{tree}", "\n"])
def test_what_is_neither(repository: Path, word: str) -> None:
    with pytest.raises(InputError, match="neither a revision of this repository nor a folder"):
        side(word, repository)


def test_what_is_both(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository)
    corpora.write(repository / "v1.0.0", FIRST)
    with pytest.raises(UsageError, match=r"say \./v1\.0\.0 for the folder"):
        side("v1.0.0", repository)
    assert isinstance(side("./v1.0.0", repository), Folder)
    assert isinstance(side("refs/tags/v1.0.0", repository), Revision)


def test_a_folder_that_is_no_corpus(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no sources of a corpus here; name a checkout"):
        side(str(tmp_path / "empty"), repository)
    (tmp_path / "built" / "data").mkdir(parents=True)
    with pytest.raises(InputError, match="only built data"):
        side(str(tmp_path / "built"), repository)


def test_where_git_is_not(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpora.write(tmp_path / "older", FIRST)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert changes(side(str(tmp_path / "older"), repository), side(".", repository))["document added"] == 1
    with pytest.raises(InputError, match="no such folder, and no revision: git is not on this machine"):
        side("v1.0.0", repository)


def test_where_there_is_no_repository(tmp_path: Path) -> None:
    root = corpora.write(tmp_path / "checkout", FIRST)
    with pytest.raises(InputError, match="no such folder, and no revision: not a git repository"):
        side("v1.0.0", root)


def test_names_beyond_ascii(repository: Path) -> None:
    name = "corpus/gold/Übung 1.jsonl"
    commit(repository, {name: b"", "schema/note “x”.md": b"x\n"}, "v2")
    assert {name, "schema/note “x”.md"} <= set(side("v2", repository).files())
    assert changes(side("v2", repository), side(".", repository)) == {}
    assert changes(side("v1.1.0", repository), side("v2", repository)) == {"file line added": 1}


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
        f"corpus/annotations/pilot/ann-{n}.jsonl": lines(annotation(f"d{n}", annotator=f"ann-{n}")) for n in range(30)
    }
    commit(repository, many, "v2")
    police = mention("a1", "Actor", "Police")
    corpora.write(
        repository, {name: lines(annotation(f"d{n}", police, annotator=f"ann-{n}")) for n, name in enumerate(many)}
    )
    assert changes(side("v2", repository), side(".", repository)) == {"mention added": 30}
