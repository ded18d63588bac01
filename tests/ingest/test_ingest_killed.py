"""Killed at any moment and run again, an ingest ends where it would have ended."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from sayso.corpus.sources import CorpusFiles
from tests.command_line import run_sayso_ok
from tests.conftest import new_checkout
from tests.ingest.test_near_duplicates import edit_words, make_article

SMALL_BATCHES = """
from sayso import cli
from sayso.corpus import sources
sources.BATCH_DOCUMENTS = 40
cli.main()
"""


def read_sources(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in CorpusFiles(root).batch_files()}


@pytest.mark.slow
def test_killed_at_any_moment_and_run_again(tmp_path: Path) -> None:
    chance = random.Random(9)
    dump = tmp_path / "dump.jsonl"
    words = make_article(chance)
    texts = [
        " ".join(edit_words(words, 0.02, chance) if n % 5 == 0 else make_article(chance))
        for n in range(200)
    ]
    dump.write_text(
        "".join(
            json.dumps({"doc_id": f"d{n}", "text": text}) + "\n" for n, text in enumerate(texts)
        )
    )

    def command(root: Path) -> list[str]:
        return [
            sys.executable,
            "-c",
            SMALL_BATCHES,
            "--root",
            str(root),
            "ingest",
            str(dump),
            "--ingested",
            "2026-11-22",
        ]

    whole = new_checkout(tmp_path / "whole").root
    subprocess.run(command(whole), check=True, capture_output=True)
    assert len(read_sources(whole)) == 5

    for turn in range(4):
        root = new_checkout(tmp_path / f"turn{turn}").root
        for _ in range(6):
            process = subprocess.Popen(
                command(root), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            try:
                process.wait(chance.uniform(0.2, 2.0))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        subprocess.run(command(root), check=True, capture_output=True)
        assert read_sources(root) == read_sources(whole)
        assert not list((root / ".sayso").glob("arriving*"))
        assert run_sayso_ok(root, "check") == ""
