"""``sayso diff`` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.command_line import run_sayso, run_sayso_ok
from tests.diff import sample_versions
from tests.diff.sample_versions import encode_lines, make_document
from tests.diff.test_corpus_versions import ARTICLES, repository

__all__ = ["repository"]


def test_the_working_tree_is_the_newer_version(repository: Path) -> None:
    result = run_sayso(repository, "diff", "v1.0.0")
    assert result.returncode == 0
    assert (
        "document   added" in result.stdout
        and "Document added (1)" in result.stdout
        and "d2" in result.stdout
    )
    assert result.stderr.splitlines()[-1] == "least bump: minor (document added)"
    assert run_sayso(repository, "diff", "v1.0.0").stdout == result.stdout


def test_no_difference(repository: Path) -> None:
    result = run_sayso(repository, "diff", "v1.1.0", "--exit-code")
    assert (result.returncode, result.stdout, result.stderr) == (
        0,
        "",
        "no difference; least bump: none\n",
    )


def test_the_exit_code_differs_only_on_request(repository: Path) -> None:
    assert run_sayso(repository, "diff", "v1.0.0", "v1.1.0", "--exit-code").returncode == 3
    assert run_sayso(repository, "diff", "v1.0.0", "v1.1.0").returncode == 0


def test_json(repository: Path) -> None:
    content = json.loads(run_sayso_ok(repository, "diff", "v1.0.0", "v1.1.0", "--json"))
    assert content["bump"] == "minor" and content["schema"] == 3
    assert content["reasons"] == ["document added"]
    assert [entry["doc_id"] for entry in content["entries"] if entry["of"] == "document"] == ["d2"]


def test_every_change_on_a_line(repository: Path) -> None:
    sample_versions.write_tree(
        repository,
        {ARTICLES: encode_lines(*(make_document(f"d{n}", title="\x1b[31mT") for n in range(30)))},
    )
    output = run_sayso_ok(repository, "diff", "v1.1.0", "--all").splitlines()
    assert sum(": document added" in line for line in output) == 28
    assert any("“\\x1b[31mT”" in line for line in output) and not any(
        "\x1b" in line for line in output
    )
    assert output.index(next(line for line in output if line.startswith("Counts"))) == 0


def test_first(repository: Path) -> None:
    sample_versions.write_tree(
        repository, {ARTICLES: encode_lines(*(make_document(f"d{n:02}") for n in range(30)))}
    )
    assert "Document added (the first 2 of 30)" in run_sayso_ok(
        repository, "diff", "v1.1.0", "--first", "2"
    )


def test_markdown(repository: Path) -> None:
    assert "**Document added (1)**\n\n- d2\n" in run_sayso_ok(
        repository, "diff", "v1.0.0", "--markdown"
    )


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (
            ("v9",),
            7,
            "error: v9: neither a revision of this repository nor a folder; see `git tag`",
        ),
        (("v1.0.0", "--json", "--markdown"), 2, "choose one"),
        (("v1.0.0", "--first", "many"), 2, "not a valid integer"),
        ((), 2, "Missing argument 'A'"),
    ],
)
def test_wrong_arguments(repository: Path, words: tuple[str, ...], code: int, message: str) -> None:
    result = run_sayso(repository, "diff", *words)
    assert result.returncode == code and message in result.stderr and result.stdout == ""
    assert "Traceback" not in result.stderr
