"""An explorer that is killed and run again ends the same, and leaves no other files."""

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

pytestmark = pytest.mark.slow


@pytest.fixture
def sample_root(checkout: Checkout) -> Path:
    documents = list(synthetic_documents(300))
    records = [each for who in ("one", "two") for each in synthetic_annotations(documents, who)]
    write_corpus(checkout.root, documents, [make_blind_annotation(each) for each in records])
    return checkout.root


def test_a_killed_explorer_leaves_the_old_page_or_the_new(sample_root: Path) -> None:
    run_sayso_ok(sample_root, "disagreements", "--html")
    out = sample_root / "build" / "disagreements.html"
    old = out.read_bytes()
    (sample_root / "corpus" / "annotations" / "synthetic" / "two.jsonl").unlink()
    write_corpus(
        sample_root,
        synthetic_documents(300),
        [make_blind_annotation(e) for e in synthetic_annotations(synthetic_documents(300), "six")],
    )
    whole = subprocess.run(
        [
            sys.executable,
            "-m",
            "sayso",
            "--root",
            str(sample_root),
            "disagreements",
            "--html",
            "new.html",
        ],
        cwd=sample_root,
        capture_output=True,
        check=True,
    )
    assert whole.returncode == 0
    new = (sample_root / "new.html").read_bytes()
    assert new != old
    for pause in (0.3, 0.45, 0.6, 0.8):
        running = subprocess.Popen(
            [sys.executable, "-m", "sayso", "--root", str(sample_root), "disagreements", "--html"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(pause)
        running.kill()
        running.wait()
        assert out.read_bytes() in (old, new)
    run_sayso_ok(sample_root, "disagreements", "--html")
    assert out.read_bytes() == new
    assert [path.name for path in out.parent.iterdir()] == ["disagreements.html"]
