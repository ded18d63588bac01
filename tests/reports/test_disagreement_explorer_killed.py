"""Whoever writes a page can be killed at any moment; run again it ends the same, with nothing left beside it."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from sayso.settings import Checkout
from tests.agreement.disagreement_corpus import make_blind_annotation
from tests.benchmarks.synthetic_corpus import synthetic_annotations, synthetic_documents
from tests.command_line import run_sayso_ok
from tests.dataset.samples import write_corpus


@pytest.fixture
def world(checkout: Checkout) -> Path:
    documents = list(synthetic_documents(300))
    answers = [each for who in ("one", "two") for each in synthetic_annotations(documents, who)]
    write_corpus(checkout.root, documents, [make_blind_annotation(each) for each in answers])
    return checkout.root


def test_a_killed_explorer_leaves_the_old_page_or_the_new(world: Path) -> None:
    run_sayso_ok(world, "disagreements", "--html")
    out = world / "build" / "disagreements.html"
    old = out.read_bytes()
    (world / "corpus" / "annotations" / "synthetic" / "two.jsonl").unlink()
    write_corpus(
        world,
        synthetic_documents(300),
        [make_blind_annotation(e) for e in synthetic_annotations(synthetic_documents(300), "six")],
    )
    whole = subprocess.run(
        [
            sys.executable,
            "-m",
            "sayso",
            "--root",
            str(world),
            "disagreements",
            "--html",
            "new.html",
        ],
        cwd=world,
        capture_output=True,
        check=True,
    )
    assert whole.returncode == 0
    new = (world / "new.html").read_bytes()
    assert new != old
    for pause in (0.3, 0.45, 0.6, 0.8):
        running = subprocess.Popen(
            [sys.executable, "-m", "sayso", "--root", str(world), "disagreements", "--html"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(pause)
        running.kill()
        running.wait()
        assert out.read_bytes() in (old, new)
    run_sayso_ok(world, "disagreements", "--html")
    assert out.read_bytes() == new
    assert [path.name for path in out.parent.iterdir()] == ["disagreements.html"]
