"""Killed at any moment and run again, an ingest ends where it would have ended."""

from __future__ import annotations

import json
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from sayso.corpus.sources import CorpusFiles
from tests.command_line import run_sayso_ok
from tests.conftest import new_checkout
from tests.forked_commands import run_command, start_command
from tests.ingest.test_near_duplicates import edit_words, make_article
from tests.moments import EVERY_MOMENT

SMALL_BATCHES: dict[str, Any] = {"corpus.sources__BATCH_DOCUMENTS": 40}


def read_sources(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in CorpusFiles(root).batch_files()}


@pytest.mark.slow
@pytest.mark.exhaustive
def test_killed_at_any_moment_and_run_again(tmp_path: Path) -> None:
    chance = random.Random(9)
    dump = tmp_path / "dump.jsonl"
    article = make_article(chance)
    texts = [
        " ".join(edit_words(article, 0.02, chance) if n % 5 == 0 else make_article(chance))
        for n in range(200)
    ]
    dump.write_text(
        "".join(
            json.dumps({"doc_id": f"d{n}", "text": text}) + "\n" for n, text in enumerate(texts)
        )
    )

    words = ("ingest", str(dump), "--ingested", "2026-11-22")
    whole = new_checkout(tmp_path / "whole").root
    run_command(whole, "--version")  # starts the server of forks
    began = time.monotonic()
    run_command(whole, *words, **SMALL_BATCHES).require_success()
    took = time.monotonic() - began
    assert len(read_sources(whole)) == 5

    for turn in range(4 if EVERY_MOMENT else 2):
        root = new_checkout(tmp_path / f"turn{turn}").root
        for _ in range(6):
            started = start_command(root, *words, **SMALL_BATCHES)
            time.sleep(chance.uniform(0, took))
            started.process.kill()  # nothing, where it has ended
            assert started.end().code in (0, -signal.SIGKILL)
        run_command(root, *words, **SMALL_BATCHES).require_success()
        assert read_sources(root) == read_sources(whole)
        assert not list((root / ".sayso").glob("arriving*"))
        assert run_sayso_ok(root, "check") == ""
