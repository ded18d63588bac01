"""Outputs never replace sources, and names never lead out of their folder."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest

from sayso.corpus.sources import CorpusFiles
from sayso.errors import UsageError
from sayso.models import DocId, Pseudonym
from sayso.schema.declarations import DeclaredName, Hotkey, SchemaVersion
from sayso.settings import require_campaign_name
from tests.command_line import run_sayso
from tests.conftest import REPOSITORY, read_files

FILE_COMMANDS = (
    "report --out",
    "disagreements --html",
    "suggest --with numbers --out",
    "export --to jsonl --out",
    "export --to jsonl --dry-run --out",
    "export --to conll --lossy --dry-run --out",
)
FOLDER_COMMANDS = ("feedback --out", "train --out", "export --to brat --lossy --dry-run --out")
CAMPAIGN_COMMANDS = (
    "import folder --from brat --annotator y",
    "import folder --from brat --annotator y --dry-run",
    "push --dry-run",
    "pull",
    "status",
    "progress",
    "adjudicate pull --auto majority",
    "adjudicate push --dry-run",
)
BAD_NAMES = (
    "../..",
    "/tmp/x",
    "..",
    ".",
    ".git",
    "a/b",
    "a\\b",
    "a\nb",
    "a\n",
    " a",
    "-a",
    "x" * 101,
)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a checkout in git, with files of the user beside it."""
    root = tmp_path_factory.mktemp("outputs") / "checkout"
    shutil.copytree(REPOSITORY / "schema", root / "schema")
    for name in ("corpus/articles", "corpus/annotations"):
        shutil.copytree(REPOSITORY / name, root / name)
    for name in ("pyproject.toml", "tracked.html", "tracked.jsonl", "notes.txt", "folder/a.txt"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("")
    (root / "notes.txt").write_text("mine")
    (root / "folder/a.ann").write_text("")
    for name in ("tracked.html", "tracked.jsonl"):
        (root / name).write_text("<!doctype html>" if name.endswith("html") else '{"a": 1}')
    for words in (["init", "-q"], ["add", "-A"]):
        subprocess.run(["git", *words], cwd=root, check=True)
    return root


def refuse(root: Path, words: list[str], codes: tuple[int, ...] = (2, 9)) -> str:
    before = read_files(root.parent)
    done = run_sayso(root, *words, folder=root)
    assert done.returncode in codes and done.stderr.count("error:") == 1, done.stderr
    assert read_files(root.parent) == before
    return done.stderr


@pytest.mark.parametrize("words", FILE_COMMANDS)
@pytest.mark.parametrize(
    "target", ["schema/schema.yaml", "schema/new.html", "corpus/new.jsonl", "notes.txt"]
)
def test_no_output_replaces_a_source(checkout: Path, words: str, target: str) -> None:
    message = refuse(checkout, [*words.split(), target])
    assert "holds sources" in message or "no output of this command" in message


@pytest.mark.parametrize(
    ("words", "target"),
    [*((each, "tracked.html") for each in FILE_COMMANDS[:2]), (FILE_COMMANDS[2], "tracked.jsonl")],
)
def test_no_output_replaces_what_git_follows(checkout: Path, words: str, target: str) -> None:
    assert "no output of this command" in refuse(checkout, [*words.split(), target])


@pytest.mark.parametrize("words", FOLDER_COMMANDS)
@pytest.mark.parametrize("target", ["corpus", "corpus/articles", "schema/x", "link-to-corpus/x"])
def test_no_folder_of_outputs_is_among_sources(checkout: Path, words: str, target: str) -> None:
    link = checkout / "link-to-corpus"
    if not link.is_symlink():
        link.symlink_to("corpus")
    assert "holds sources" in refuse(checkout, [*words.split(), target])


def test_an_output_replaces_the_last_one(checkout: Path, tmp_path: Path) -> None:
    for words, name in (
        ("suggest --with numbers --out", "a.jsonl"),
        ("export --to jsonl --annotator draft --out", "b.jsonl"),
        ("export --to conll --lossy --annotator draft --out", "c.conllup"),
    ):
        for _ in range(2):
            done = run_sayso(checkout, *words.split(), str(tmp_path / name))
            assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("words", CAMPAIGN_COMMANDS)
@pytest.mark.parametrize("name", ["../..", "/tmp/x"])
def test_a_campaign_never_leads_out_of_the_corpus(checkout: Path, words: str, name: str) -> None:
    message = refuse(checkout, [*words.split(), "--campaign", name], (2,))
    assert "cannot be the name of a campaign" in message


def test_a_campaign_of_the_settings_never_leads_out_of_the_corpus(checkout: Path) -> None:
    settings = checkout / "pyproject.toml"
    settings.write_text('[tool.sayso]\ncampaign = "../.."\n')
    try:
        message = refuse(checkout, ["import", "folder", "--from", "brat", "--annotator", "y"], (2,))
    finally:
        settings.write_text("")
    assert "pyproject.toml: '../..' cannot be" in message


@pytest.mark.parametrize("name", [*BAD_NAMES, "", "x" * 101])
def test_names_of_campaigns(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name"):
        require_campaign_name(name, "here")
    with pytest.raises(UsageError, match="cannot be the name"):
        CorpusFiles(Path("x")).annotation_file(name, "a")
    assert require_campaign_name("Räuber 2.b", "here") == "Räuber 2.b"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (DocId, "abc"),
        (Pseudonym, "ab-c"),
        (DeclaredName, "Ab"),
        (Hotkey, "a"),
        (SchemaVersion, "1.0.0"),
    ],
)
def test_a_trailing_line_break_is_not_part_of_a_name(kind: type[str], value: str) -> None:
    assert msgspec.convert(value, kind) == value
    for wrong in (f"{value}\n", f"{value}\n\n", f"\n{value}"):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(wrong, kind)
