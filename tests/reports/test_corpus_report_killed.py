"""A report that is killed and run again ends the same, and leaves no other files."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.benchmarks.synthetic_corpus import synthetic_annotations, synthetic_documents
from tests.command_line import run_sayso_ok
from tests.conftest import new_checkout
from tests.dataset.samples import write_corpus
from tests.forked_commands import start_command


@pytest.mark.slow
def test_report_killed_at_any_moment_and_run_again(tmp_path: Path) -> None:
    root = new_checkout(tmp_path / "checkout").root
    documents = list(synthetic_documents(300))
    write_corpus(root, documents, synthetic_annotations(documents, "reader"))
    out = root / "build" / "report.html"
    run_sayso_ok(root, "--version")  # starts the server of forks
    begun = time.monotonic()
    run_sayso_ok(root, "report")
    took, whole = time.monotonic() - begun, out.read_bytes()
    for turn in range(5):
        out.write_bytes(b"old")
        started = start_command(root, "report")
        time.sleep(took * (turn + 1) / 6)
        started.process.kill()
        started.end()
        assert out.read_bytes() in (b"old", whole)
        run_sayso_ok(root, "report")
        assert out.read_bytes() == whole
        assert [path.name for path in out.parent.iterdir()] == ["report.html"]
