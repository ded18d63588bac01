"""README and manual: code runs, commands exist, tables are current, links lead somewhere."""

from __future__ import annotations

import doctest
import os
import re
import shlex
from pathlib import Path

import click
import pytest

from sayso.cli import sayso
from tests.conftest import REPOSITORY
from tests.manual_tables import MANUAL, TABLES, fill_tables, list_commands

DOCUMENTS = [
    REPOSITORY / name
    for name in (
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "SECURITY.md",
        "schema/README.md",
        "scripts/README.md",
        "tests/README.md",
    )
]
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def read_blocks(path: Path, language: str) -> list[str]:
    return [body for name, body in _BLOCK.findall(path.read_text("utf-8")) if name == language]


def list_sayso_lines() -> list[tuple[str, list[str]]]:
    """Every `sayso` line of a shell block, with the name of its document."""
    lines = []
    for path in DOCUMENTS:
        for block in read_blocks(path, "sh"):
            words = [
                shlex.split(line.partition(" > ")[0], comments=True) for line in block.splitlines()
            ]
            lines += [(path.name, line) for line in words if line and line[0] == "sayso"]
    return lines


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_python_blocks_run(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one session: a later block may use the names of an earlier one."""
    monkeypatch.chdir(REPOSITORY)
    monkeypatch.setitem(os.environ, "HF_HUB_OFFLINE", "1")
    names: dict[str, object] = {}
    for block in read_blocks(path, "python"):
        if ">>>" not in block:
            exec(compile(block, str(path), "exec"), names)
            continue
        example = doctest.DocTestParser().get_doctest(block, names, path.name, str(path), 0)
        runner = doctest.DocTestRunner()
        assert runner.run(example, clear_globs=False).failed == 0
        names.update(example.globs)


@pytest.mark.parametrize(
    "words", [words for _name, words in list_sayso_lines()], ids=lambda words: " ".join(words)
)
def test_sayso_lines_name_commands_and_options_that_exist(words: list[str]) -> None:
    """Parsed, not run; paths need not exist."""
    command: click.Command = sayso
    context = click.Context(sayso, info_name="sayso")
    rest = words[1:]
    while isinstance(command, click.Group):
        name = rest.pop(0)
        found = command.get_command(context, name)
        assert found, f"no command {name}"
        command = found
    for parameter in command.params:
        if isinstance(parameter.type, click.Path):
            parameter.type.exists = False
    command.make_context(words[-1], rest, parent=context)


def test_generated_tables_are_current() -> None:
    text = MANUAL.read_text("utf-8")
    assert fill_tables(text) == text, "run `make tables`"
    assert set(re.findall(r"<!-- table: ([a-z ]+) -->", text)) == set(TABLES)


def test_the_manual_has_every_command() -> None:
    text = MANUAL.read_text("utf-8")
    assert [path for path, _command in list_commands(sayso) if path not in text] == []


def test_readme_is_a_front_door() -> None:
    text = (REPOSITORY / "README.md").read_text("utf-8")
    assert len(text.encode()) <= 8000
    for words in ("git clone", "make demo", "make test", "schema/interface/all.png"):
        assert words in text


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_links_lead_somewhere(path: Path) -> None:
    text = path.read_text("utf-8")
    targets = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    for target in targets:
        file, _, anchor = target.partition("#")
        linked = path.parent / file if file else path
        assert linked.exists(), f"{path.name}: {target}"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", linked.read_text("utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}
            assert anchor in slugs, f"{path.name}: {target}"
