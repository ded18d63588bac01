"""A folder that cannot be read never counts as empty, and a pipe or device is no file."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.command_line import run_sayso
from tests.conftest import REPOSITORY, read_files
from tests.permissions import forbid

ARTICLES, ANNOTATIONS, GOLD = "corpus/articles", "corpus/annotations", "corpus/gold"
# Each folder below the checkout, with the commands that read it.
READERS = {
    ARTICLES: (
        "build --check",
        "check",
        "agreement",
        "report",
        "export --to jsonl --dry-run",
        "suggest --with numbers",
        "ingest new.txt --dry-run",
        "demo",
    ),
    ANNOTATIONS: (
        "build",
        "build --check",
        "check",
        "agreement",
        "disagreements",
        "report",
        "export --to jsonl",
        "schema migrate --dry-run",
        "ingest new.txt --replace-text --dry-run",
        "diff before",
    ),
    f"{ANNOTATIONS}/founding": ("build", "check", "agreement", "report", "export --to jsonl"),
    GOLD: ("build", "check", "report", "feedback", "export --to jsonl", "evaluate --with numbers"),
    "corpus/history/pruned": ("history", "history --restore"),
    "corpus/data": ("build", "build --check", "check"),
    "corpus/data/articles": ("build", "check"),
    "corpus/plots": ("build", "check"),
    "schema": ("check", "schema build --check"),
    "schema/interface": ("schema build --check", "schema build"),
    "schema/migrations": ("schema migrate",),
    "before/articles": ("diff before",),
    "folder/inner": ("ingest folder", "import folder --from brat --campaign x --annotator y"),
}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the repository's corpus, and put something into every folder of a checkout."""
    root = tmp_path_factory.mktemp("checkout")
    for name in ("corpus", "schema"):
        shutil.copytree(REPOSITORY / name, root / name)
    shutil.copy(REPOSITORY / "pyproject.toml", root)
    for name in (GOLD, "corpus/history/pruned", "schema/migrations", "folder/inner"):
        (root / name).mkdir(parents=True)
    shutil.copytree(root / ARTICLES, root / "before/articles")
    for name in ("new.txt", "folder/new.txt"):
        (root / name).write_text("Nobody spoke.")
    (root / "folder/new.ann").write_text("")
    return root


@pytest.mark.parametrize(
    ("name", "words"), [(name, words) for name, each in READERS.items() for words in each]
)
def test_an_unreadable_folder_stops_every_reader(checkout: Path, name: str, words: str) -> None:
    before = read_files(checkout / "corpus")
    with forbid(checkout / name):
        done = run_sayso(checkout, *words.split(), folder=checkout, privileged=False)
    assert (done.returncode, done.stderr.count("error:")) == (10, 1), done.stderr
    assert name in done.stderr and "readable" in done.stderr
    assert read_files(checkout / "corpus") == before


PIPES = {
    f"{ARTICLES}/articles-00001.jsonl": ("build", "check", "ingest new.txt", "demo"),
    f"{ANNOTATIONS}/founding/pipe.jsonl": ("build", "check", "agreement", "report", "diff before"),
    f"{GOLD}/founding.jsonl": ("build", "check", "export --to jsonl"),
    "corpus/README.md": ("build", "check"),
    "corpus/CITATION.cff": ("build",),
    "corpus/data/articles/train-00009.parquet": ("build", "check"),
    "corpus/plots/more.svg": ("build",),
    "pyproject.toml": ("check",),
    "schema/schema.yaml": ("check", "schema build"),
    "schema/guidelines.md": ("build",),
    ".sayso/build.json": ("build",),
    "pipe.txt": ("ingest pipe.txt", "ingest pipe.txt --dry-run"),
    "pipe.csv": ("ingest new.txt --metadata pipe.csv --dry-run",),
    "pipe.jsonl": (
        "import pipe.jsonl --from jsonl --campaign x --annotator y",
        "import pipe.jsonl --from labelstudio --campaign x --dry-run",
        "import pipe.jsonl --from conll --campaign x --annotator y --dry-run",
        "import pipe.jsonl --from webanno --campaign x --annotator y --dry-run",
        "evaluate pipe.jsonl",
        "evaluate --against pipe.jsonl",
    ),
    "folder/new.ann": ("import folder --from brat --campaign x --annotator y",),
}


@pytest.mark.parametrize(
    ("name", "words"), [(name, words) for name, each in PIPES.items() for words in each]
)
def test_a_pipe_is_no_file(checkout: Path, name: str, words: str) -> None:
    """An open pipe without a writer waits for ever, and `/dev/zero` never ends."""
    path = checkout / name
    content = path.read_bytes() if path.exists() else None
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    try:
        done = run_sayso(checkout, *words.split(), folder=checkout)
    finally:
        path.unlink()
        if content is not None:
            path.write_bytes(content)
    assert (done.returncode, done.stderr.count("error:")) == (7, 1), done.stderr
    assert f"{name}: a device, pipe" in done.stderr
