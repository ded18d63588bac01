"""Completion in the shell of names that the checkout has."""

from __future__ import annotations

from pathlib import Path

import pytest

from sayso.corpus.sources import CorpusFiles
from sayso.settings import Checkout
from tests.benchmarks.synthetic_corpus import synthetic_annotations, synthetic_documents
from tests.command_line import run_sayso


def complete(root: Path, *words: str) -> list[str]:
    """Return what bash offers for the last word."""
    environment = {
        "_SAYSO_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(["sayso", "--root", str(root), *words]),
        "COMP_CWORD": str(len(words) + 2),
        "SAYSO_CAMPAIGN": "",
    }
    done = run_sayso(root, environment=environment, fork=False)
    assert done.stderr == ""
    return [line.partition(",")[2] for line in done.stdout.split()]


@pytest.mark.slow
def test_names_of_the_checkout_complete(checkout: Checkout) -> None:
    documents = list(synthetic_documents(1))
    annotations = synthetic_annotations(documents, "reader")
    CorpusFiles(checkout.root).write_annotations("pilot", "reader", annotations)
    offered = {
        ("report", "--campaign", "p"): ["pilot"],
        ("push", "--campaign", "m"): ["main"],
        ("push", "--pass", "n"): ["names"],
        ("check", "--annotator", "r"): ["reader"],
        ("agreement", "--label", "C"): ["Count", "Claim", "Cue"],
        ("check", "--only", "record"): ["record-order"],
        ("export", "--to", "con"): ["conll"],
        ("adjudicate", "push", "--pass", "al"): ["all"],
        ("init", "--template", "n"): ["ner"],
    }
    assert {words: complete(checkout.root, *words) for words in offered} == offered


@pytest.mark.slow
def test_nothing_completes_and_nothing_is_said_where_the_schema_is_wrong(tmp_path: Path) -> None:
    assert complete(tmp_path, "push", "--pass", "") == []
    (tmp_path / "schema").mkdir()
    (tmp_path / "schema/schema.yaml").write_text("labels: [")
    assert complete(tmp_path, "push", "--pass", "") == []
