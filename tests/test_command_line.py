"""Errors are one line and an exit code; data goes to stdout, messages to stderr."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sayso import jsonl
from sayso.cli import terminal
from sayso.corpus.sources import CorpusFiles
from sayso.errors import CLOSED_PIPE, DiskError
from sayso.models import Annotation
from sayso.settings import Checkout
from tests.command_line import run_sayso, run_sayso_ok
from tests.labelstudio.sample_campaign import sample_document


def one_line(text: str) -> bool:
    return text.count("\n") == 1 and "Traceback" not in text


def test_an_error_is_one_line_on_stderr_and_a_code(checkout: Checkout) -> None:
    for words, code in (
        (["build"], 7),
        (["push", "--url", "nonsense"], 2),
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


def run_in_shell(
    checkout: Checkout, words: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command with a redirection in bash."""
    return subprocess.run(
        [
            "bash",
            "-o",
            "pipefail",
            "-c",
            f"{sys.executable} -m sayso --root {checkout.root} {words}",
        ],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )


@pytest.fixture
def annotated(checkout: Checkout) -> Checkout:
    """A checkout with a document, which two annotators annotated, with words of an attacker."""
    document = sample_document(1, title="é\x1b[2J", outlet="\u202egpj.exe")
    corpus = CorpusFiles(checkout.root)
    jsonl.write(corpus.batch_file(0), [document])
    annotations = [
        Annotation(
            doc_id=document.doc_id,
            text_sha256=document.text_sha256,
            campaign="pilot",
            interface="all",
            annotator=name,
            annotator_kind="human",
            schema_version="1.0.0",
            created="2026-01-01T00:00:00Z",
            updated="2026-01-01T00:00:00Z",
            status="submitted",
        )
        for name in ("ann-1", "ann-2")
    ]
    jsonl.write(checkout.root / "corpus/annotations/pilot/all.jsonl", annotations)
    return checkout


@pytest.mark.slow
@pytest.mark.parametrize("words", ["check --list", "agreement", "--help"])
def test_a_reader_that_has_had_enough_ends_it_quietly(annotated: Checkout, words: str) -> None:
    result = run_in_shell(annotated, f"{words} | true")
    assert (result.returncode, result.stderr) == (CLOSED_PIPE, "")


@pytest.mark.slow
@pytest.mark.parametrize("words", ["check --list", "check --json", "--help"])
def test_a_full_disk_behind_stdout_is_one_line(checkout: Checkout, words: str) -> None:
    result = run_in_shell(checkout, f"{words} > /dev/full")
    assert result.returncode == DiskError.exit_code, result.stderr
    lines = [line for line in result.stderr.splitlines() if line.startswith("error:")]
    assert len(lines) == 1 and "No space left on device" in lines[0]
    assert "Exception ignored" not in result.stderr


@pytest.mark.slow
@pytest.mark.parametrize("closed", [">&-", "2>&-", "2>/dev/full", "<&- >&- 2>&-"])
def test_closed_streams_do_not_stop_work(checkout: Checkout, closed: str) -> None:
    words = f"ingest {checkout.root}/a.txt --license unknown --language en {closed}"
    (checkout.root / "a.txt").write_text("Two drones fell near Belgorod, the mayor said.\n")
    result = run_in_shell(checkout, words)
    assert (result.returncode, result.stdout) == (0, "new a\n" if closed[0] == "2" else "")
    assert "Traceback" not in result.stderr and "bug" not in result.stderr
    (batch,) = (checkout.root / "corpus/articles").glob("*.jsonl")
    assert batch.read_text("utf-8").count("\n") == 1


@pytest.mark.slow
@pytest.mark.parametrize("words", ["check", "check --json", "--help", "disagreements"])
def test_no_encoding_of_the_terminal_is_too_small(annotated: Checkout, words: str) -> None:
    result = run_in_shell(annotated, words, PYTHONIOENCODING="ascii:strict")
    assert "bug in sayso" not in result.stderr and "Traceback" not in result.stderr
    assert result.returncode in (0, 5), result.stderr
    if "--json" in words:
        json.loads(result.stdout)


def test_words_of_an_attacker_are_shown_and_not_obeyed(checkout: Checkout) -> None:
    escape, shown = "\x1b]0;own\x07\u202e\x9b", r"\x1b]0;own\x07\u202e\x9b"
    for words in (
        ["check", "--only", escape],
        ["check", f"--{escape}"],
        ["report", "--out", f"{escape}/\nerror: b/r.html"],
        ["ingest", f"{escape}\nnew a.txt"],
        ["--root", escape, "check"],
    ):
        result = run_sayso(checkout.root, *words, folder=checkout.root)
        output = result.stdout + result.stderr
        assert output.replace("\n", "").isprintable(), ascii(output)
        assert shown in output
        assert not any(line.startswith(("error: b", "new a")) for line in output.splitlines())


def test_a_name_with_a_line_end_stays_on_its_line() -> None:
    with contextlib.redirect_stdout(io.StringIO()) as stdout:
        terminal.print_line("new a\nnew b\x1b[2J")
        terminal.print_table("a\x1bb", ["[red]c\u202e"], [["d\x9be\rf"]])
        terminal.print_json({"a": "b\u202e\n\x1bé"})
    lines = stdout.getvalue().split("\n")
    assert lines[0] == r"new a\nnew b\x1b[2J"
    assert all(line.isprintable() for line in lines)
    assert r"d\x9be\rf" in stdout.getvalue()
    assert json.loads(lines[-2])["a"] == "b\u202e\n\x1bé"


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
