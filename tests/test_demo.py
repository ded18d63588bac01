"""The demonstration: run once, run twice, and interrupted at any moment."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sayso.corpus.sources import CorpusFiles
from sayso.demo import find_drafts
from sayso.settings import Checkout
from tests.command_line import restore_sigint, run_sayso
from tests.conftest import REPOSITORY, stop_server_after

pytestmark = pytest.mark.server


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Path]:
    """A copy of the repository's schema and corpus, whose demonstration's server is stopped."""
    for folder in ("schema", "corpus"):
        shutil.copytree(REPOSITORY / folder, tmp_path / folder)
    demo = Checkout(tmp_path / ".sayso" / "demo", {})
    shutil.copytree(REPOSITORY / "schema", demo.root / "schema")
    with stop_server_after(demo):
        yield tmp_path


def test_it_shows_what_annotators_made_where_no_program_has_drawn_up_anything(
    checkout: Path,
) -> None:
    (path,) = (checkout / "corpus/annotations").rglob("*.jsonl")
    drafts = find_drafts(Checkout(checkout, {}))
    assert {draft.annotator_kind for draft in drafts.values()} == {"program"}
    path.write_text(path.read_text("utf-8").replace('"program"', '"human"'), "utf-8")
    people = find_drafts(Checkout(checkout, {}))
    assert people.keys() == drafts.keys()
    assert {draft.annotator_kind for draft in people.values()} == {"human"}
    path.unlink()
    refused = run_sayso(checkout, "demo")
    assert refused.returncode == 2
    assert "no annotation to show" in refused.stderr and "`sayso pull`" in refused.stderr


def list_processes(root: Path) -> list[str]:
    """Return the command lines of the processes that have to do with a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            environment = (process / "environ").read_bytes().decode("utf-8", "replace")
            mine = words + str((process / "cwd").readlink()) + environment
        except OSError:
            continue  # ended meanwhile
        if str(root) in mine and " guard " not in words and int(process.name) != os.getpid():
            found.append(words)
    return found


def test_the_demo_goes_the_whole_way_and_a_second_time_finds_it_done(checkout: Path) -> None:
    first = run_sayso(checkout, "demo")
    assert first.returncode == 0, first.stderr
    for words in (
        "Russian Ministry of Defense",
        "According to",
        "34 drones = 34 uav destroyed",
        "NOT: no one was",
    ):
        assert words in first.stdout
    corpus = CorpusFiles(checkout / ".sayso" / "demo")
    entered = {answer.doc_id: answer for answer in corpus.annotations()}
    for draft in CorpusFiles(checkout).annotations():
        answer = entered[draft.doc_id]
        assert (answer.mentions, answer.relations, answer.kept) == (
            draft.mentions,
            draft.relations,
            (),
        )
        assert (answer.annotator, answer.annotator_kind) == ("draft", "program")
    files = {path: path.stat().st_mtime_ns for path in corpus.folder.rglob("*") if path.is_file()}
    second = run_sayso(checkout, "demo")
    assert second.returncode == 0, second.stderr
    assert "nothing was left to do" in second.stderr
    assert second.stdout == first.stdout
    assert files == {
        path: path.stat().st_mtime_ns for path in corpus.folder.rglob("*") if path.is_file()
    }


def handles_signals(pid: int) -> bool:
    """Test whether a command has installed its handler of SIGTERM."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    caught = dict(line.split(":", 1) for line in lines)["SigCgt"]
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)


@pytest.mark.slow
@pytest.mark.parametrize("line", [0, 3])
def test_an_interrupted_demo_leaves_no_process_and_the_next_one_ends_well(
    checkout: Path, line: int
) -> None:
    words = [sys.executable, "-m", "sayso", "--root", str(checkout), "demo"]
    with subprocess.Popen(
        words,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        cwd="/",
        preexec_fn=restore_sigint,
    ) as running:
        assert running.stderr
        while not handles_signals(running.pid):
            time.sleep(0.01)
        for _line in range(line):
            running.stderr.readline()
        time.sleep(0.3)
        running.send_signal(signal.SIGINT)
        output = running.stderr.read()
    assert running.returncode == 130, output
    assert "Traceback" not in output
    assert list_processes(checkout) == []
    assert run_sayso(checkout, "demo").returncode == 0
