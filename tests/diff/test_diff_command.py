"""``sayso diff`` as a person runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.command_line import run_sayso, run_sayso_ok
from tests.diff import sample_versions
from tests.diff.sample_versions import encode_lines, make_document
from tests.diff.test_corpus_versions import ARTICLES, repository

__all__ = ["repository"]


def test_the_working_tree_is_the_newer_side(repository: Path) -> None:
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


def test_the_exit_code_tells_only_when_asked(repository: Path) -> None:
    assert run_sayso(repository, "diff", "v1.0.0", "v1.1.0", "--exit-code").returncode == 3
    assert run_sayso(repository, "diff", "v1.0.0", "v1.1.0").returncode == 0


def test_json_is_whole_and_applies(repository: Path, tmp_path: Path) -> None:
    told = run_sayso_ok(repository, "diff", "v1.0.0", "v1.1.0", "--json")
    assert json.loads(told)["bump"] == "minor" and json.loads(told)["schema"] == 1
    (tmp_path / "changes.json").write_text(told)
    words = (
        "diff",
        "v1.0.0",
        "--apply",
        str(tmp_path / "changes.json"),
        "--into",
        str(tmp_path / "made"),
    )
    run_sayso_ok(repository, *words)
    made = sample_versions.read_tree(tmp_path / "made")
    assert made[ARTICLES] == encode_lines(make_document("d1"), make_document("d2"))
    assert {name: (repository / name).read_bytes() for name in made} == made
    run_sayso_ok(repository, *words)
    assert sample_versions.read_tree(tmp_path / "made") == made


def test_every_change_one_a_line(repository: Path) -> None:
    sample_versions.write_tree(
        repository,
        {ARTICLES: encode_lines(*(make_document(f"d{n}", title="\x1b[31mT") for n in range(30)))},
    )
    told = run_sayso_ok(repository, "diff", "v1.1.0", "--all").splitlines()
    assert sum(": document added" in line for line in told) == 28
    assert any("“\\x1b[31mT”" in line for line in told) and not any("\x1b" in line for line in told)
    assert told.index(next(line for line in told if line.startswith("Counts"))) == 0


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
        (("v1.0.0", "--apply", "x.json"), 2, "give both"),
        (("v1.0.0", "--apply", "x.json", "--into", "made"), 10, "x.json: No such file"),
        (("v1.0.0", "--first", "many"), 2, "not a valid integer"),
        ((), 2, "Missing argument 'A'"),
    ],
)
def test_words_that_do_not_fit(
    repository: Path, words: tuple[str, ...], code: int, message: str
) -> None:
    result = run_sayso(repository, "diff", *words)
    assert result.returncode == code and message in result.stderr and result.stdout == ""
    assert "Traceback" not in result.stderr
