"""Errors are one line and an exit code; data goes to stdout, messages to stderr."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sayso.settings import Checkout
from tests.command_line import run_sayso, run_sayso_ok


def one_line(text: str) -> bool:
    return text.count("\n") == 1 and "Traceback" not in text


def test_an_error_is_one_line_on_stderr_and_a_code(checkout: Checkout) -> None:
    for words, code in (
        (["build"], 7),
        (["push"], 2),
        (["ingest", "nowhere.txt"], 7),
        (["report", "--out", "/dev/null/r.html"], 10),
    ):
        result = run_sayso(checkout.root, *words)
        assert (result.returncode, result.stdout) == (code, "")
        assert one_line(result.stderr), result.stderr


def test_outside_a_checkout_it_says_where_to_go(tmp_path: Path) -> None:
    result = run_sayso(tmp_path, "check")
    assert result.returncode == 2
    assert "--root" in result.stderr


@pytest.mark.slow
def test_a_bug_shows_no_traceback_unless_asked(checkout: Checkout) -> None:
    code = (
        "from sayso import checks, cli\nfrom sayso.corpus import sources\n"
        "sources.CorpusFiles.batch_files = None; cli.main()"
    )
    for environment, traceback in (({}, False), ({"SAYSO_DEBUG": "1"}, True)):
        result = subprocess.run(
            [sys.executable, "-c", code, "--root", str(checkout.root), "build"],
            capture_output=True,
            text=True,
            env={**os.environ, **environment},
            check=False,
        )
        assert result.returncode == 1
        assert ("Traceback" in result.stderr) == traceback
        assert one_line(result.stderr) != traceback


def run_in_terminal(words: list[str], environment: dict[str, str]) -> bytes:
    """Run a command in a pseudo-terminal and return everything it shows."""
    kept = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    ours, theirs = os.openpty()
    with subprocess.Popen(
        words, stdin=theirs, stdout=theirs, stderr=theirs, env={**kept, **environment}
    ):
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # how a terminal ends on Linux
            while part := os.read(ours, 10_000):
                shown += part
    os.close(ours)
    return shown


@pytest.mark.slow
def test_colour_only_where_it_is_wanted(checkout: Checkout) -> None:
    words = [sys.executable, "-m", "sayso", "--root", str(checkout.root), "build"]
    for environment, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
        shown = run_in_terminal(words, environment)
        assert b"error:" in shown
        assert (b"\x1b[31m" in shown) == coloured


def test_a_reader_that_has_had_enough_is_no_error(checkout: Checkout) -> None:
    command = f"{sys.executable} -m sayso --root {checkout.root} check --list | head -1"
    result = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False
    )
    assert result.stdout
    assert result.stderr == ""


@pytest.mark.parametrize(
    "words", [["check"], ["schema", "build", "--check"], ["ingest", "-", "--doc-id", "a"]]
)
def test_json_is_one_object_with_its_shape_numbered(checkout: Checkout, words: list[str]) -> None:
    payload = json.loads(run_sayso_ok(checkout.root, *words, "--json", stdin=b"A drone fell.\n"))
    assert payload["schema"] == 1


def test_the_version_is_the_packages() -> None:
    from sayso import __version__

    assert run_sayso_ok(Path("/"), "--version").split() == ["sayso,", "version", __version__]


@pytest.mark.parametrize(
    "words",
    ["agreement", "check", "disagreements", "evaluate", "export --to jsonl", "feedback", "report"],
)
def test_the_same_options_choose_annotations(checkout: Checkout, words: str) -> None:
    result = run_sayso(checkout.root, *words.split(), "--pass", "nonsense")
    assert result.returncode == 2
    assert "no pass nonsense; choose from names, claims, all" in result.stderr
    page = run_sayso(checkout.root, *words.split(), "--help").stdout
    for option in ("--campaign", "--pass", "--annotator", "--programs / --no-programs"):
        assert option in page
