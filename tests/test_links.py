"""A link that a clone brings never leads a command to files elsewhere, nor does a dry run."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from sayso import files
from sayso.errors import InputError
from tests.command_line import run_sayso
from tests.conftest import REPOSITORY, read_files

LOCKS = {
    "sync.lock": (
        "history --restore",
        "schema migrate --dry-run",
        "import folder --from brat --campaign x --annotator y --dry-run",
    ),
    "ingest.lock": ("ingest new.txt --dry-run", "ingest new.txt"),
    "build.lock": ("build --check", "build"),
    "build.json": ("build",),
    "articles.sqlite": ("ingest new.txt --dry-run",),
    "cache/documents.sqlite3": ("push --dry-run",),
    "studio/lock": ("studio up", "studio down"),
    "pseudonym.key": ("pull",),
}
FOLDERS = {
    "corpus": ("check",),
    "corpus/data": ("build", "build --check"),
    "corpus/data/articles": ("build",),
    "corpus/plots": ("build",),
    "corpus/articles": ("ingest new.txt", "ingest new.txt --dry-run"),
    "corpus/annotations/founding": ("import folder --from brat --campaign founding --annotator y",),
    "corpus/history": ("history --restore",),
    "schema/records": ("schema build", "schema build --check"),
    "schema/interface": ("schema build",),
    ".sayso": ("build", "ingest new.txt --dry-run", "feedback", "train", "demo"),
    ".sayso/build.partial": ("build",),
    ".sayso/importing": ("import folder --from brat --campaign x --annotator y --dry-run",),
    ".sayso/studio": ("studio up",),
    ".sayso/feedback": ("feedback",),
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Make a small checkout with what the commands name."""
    root = tmp_path / "checkout"
    shutil.copytree(REPOSITORY / "schema", root / "schema")
    for name in ("corpus/articles", "corpus/annotations/founding"):
        shutil.copytree(REPOSITORY / name, root / name)
    (root / "folder").mkdir()
    for name in ("new.txt", "folder/new.txt"):
        (root / name).write_text("Nobody spoke.")
    (root / "folder/new.ann").write_text("")
    return root


@pytest.mark.parametrize(
    ("name", "words"), [(name, words) for name, each in LOCKS.items() for words in each]
)
def test_a_link_in_place_of_a_private_file_is_refused(
    checkout: Path, tmp_path: Path, name: str, words: str
) -> None:
    victim = tmp_path / "diary"
    victim.write_text("dear diary")
    link = checkout / ".sayso" / name
    link.parent.mkdir(parents=True)
    link.symlink_to(victim)
    _refuse(checkout, words, f"{link}: a link")
    assert victim.read_text() == "dear diary" and link.is_symlink()


@pytest.mark.parametrize(
    ("name", "words"), [(name, words) for name, each in FOLDERS.items() for words in each]
)
def test_a_link_in_place_of_a_folder_is_refused(
    checkout: Path, tmp_path: Path, name: str, words: str
) -> None:
    victim, link = tmp_path / "elsewhere", checkout / name
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.exists():
        link.rename(victim)
    victim.mkdir(exist_ok=True)
    for extra in ("a.parquet", "a.xml", "a.svg", "a.schema.json", "articles/a.parquet"):
        (victim / extra).parent.mkdir(exist_ok=True)
        (victim / extra).write_text("mine")
    before = read_files(victim)
    link.symlink_to(victim)
    _refuse(checkout, words, f"{link}: a link")
    assert read_files(victim) == before


def _refuse(root: Path, words: str, message: str) -> None:
    before = read_files(root)
    done = run_sayso(root, *words.split(), folder=root)
    assert (done.returncode, done.stderr.count("error:")) == (7, 1), done.stderr
    assert message in done.stderr
    assert read_files(root) == before


@pytest.mark.parametrize("target", ["diary", "none"])
def test_a_lock_follows_no_link_and_empties_nothing(tmp_path: Path, target: str) -> None:
    (tmp_path / "diary").write_text("dear diary")
    (tmp_path / "lock").symlink_to(target)
    with (
        pytest.raises(InputError, match="lock: a link"),
        files.hold_lock(tmp_path / "lock", "sayso x"),
    ):
        pass
    assert read_files(tmp_path)["diary"] == b"dear diary" and not (tmp_path / "none").exists()


def test_a_lock_is_no_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "lock")
    with pytest.raises(InputError, match="pipe"), files.hold_lock(tmp_path / "lock", "sayso x"):
        pass


def test_a_partial_file_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "diary").write_text("dear diary")
    for process in (os.getpid(), 99999999):
        (tmp_path / f"a.{process}{files.PARTIAL_SUFFIX}").symlink_to("diary")
    files.write_if_changed(tmp_path / "a", b"x")
    assert read_files(tmp_path) == {"a": b"x", "diary": b"dear diary"}


def test_a_link_is_removed_and_not_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/diary").write_text("dear diary")
    (tmp_path / "link").symlink_to("folder")
    files.remove(tmp_path / "link")
    files.remove(tmp_path / "none")
    assert read_files(tmp_path) == {"folder/diary": b"dear diary"}


def test_links_to_files_of_the_corpus_and_to_the_present_model_are_fine(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "a.jsonl").write_text("")
    (tmp_path / "corpus/a.jsonl").symlink_to("../a.jsonl")
    files.refuse_links(tmp_path / "corpus")
    models = tmp_path / ".sayso/models"
    (models / "model-1").mkdir(parents=True)
    (models / "model").symlink_to("model-1")
    files.refuse_links(tmp_path / ".sayso")
    (models / "model").unlink()
    (models / "model").symlink_to("../../corpus")
    with pytest.raises(InputError, match="model: a link"):
        files.refuse_links(tmp_path / ".sayso")


@pytest.mark.parametrize("umask", [0, 0o022])
def test_the_private_folder_is_closed_and_ignored(tmp_path: Path, umask: int) -> None:
    private = tmp_path / ".sayso"
    old = os.umask(umask)
    try:
        files.make_folder(private / "cache")
        assert private.stat().st_mode & 0o777 == 0o700
        assert (private / ".gitignore").read_text() == "*\n"
        private.chmod(0o755)
        (private / ".gitignore").write_text("")
        with files.hold_lock(private / "lock", "sayso x"):
            pass
    finally:
        os.umask(old)
    assert private.stat().st_mode & 0o777 == 0o700
    assert (private / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize(
    "words", ["build", "ingest new.txt", "ingest new.txt --dry-run", "check", "feedback", "report"]
)
def test_every_command_leaves_the_private_folder_closed(checkout: Path, words: str) -> None:
    (checkout / ".sayso").mkdir(mode=0o755)
    run_sayso(checkout, *words.split(), folder=checkout)
    if words not in ("check", "report", "feedback"):  # they write nothing there
        assert (checkout / ".sayso").stat().st_mode & 0o777 == 0o700
        assert (checkout / ".sayso/.gitignore").read_text() == "*\n"
