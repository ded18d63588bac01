"""Bringing pruned annotations back, also if the command is killed."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import structs

from sayso import jsonl
from sayso.corpus.sources import PRUNED, CorpusFiles
from sayso.models import Annotation, AnnotationOrigin
from sayso.settings import Checkout
from tests.command_line import run_sayso_ok
from tests.dataset import samples
from tests.forked_commands import run_command
from tests.ingest.test_text_replacement import copy_checkout

NAMES = ("ann-1", "ann-2", "ann-3")


def make_line(doc_id: str, name: str, number: int) -> Annotation:
    document = samples.make_document(doc_id, f"Two drones fell on {doc_id}.\n")
    mention = samples.make_mention("m1", "Actor", document.text, 0, 10)
    origin = AnnotationOrigin(system="label-studio", project=1, task=number, annotation=number)
    line = samples.make_annotation(document, mention, annotator=name)
    return structs.replace(line, campaign="trial", origin=origin)


@pytest.fixture
def pruned(checkout: Checkout) -> Checkout:
    """Three annotators with two pruned annotations each; two of them have a third one left."""
    corpus = CorpusFiles(checkout.root)
    documents = [samples.make_document(each, f"Two drones fell on {each}.\n") for each in "abc"]
    jsonl.write(corpus.batch_file(0), documents)
    for number, name in enumerate(NAMES):
        lines = [make_line(doc_id, name, 10 * number + i) for i, doc_id in enumerate("abc")]
        path = corpus.annotation_file("trial", name)
        jsonl.write(corpus.history_file(path, PRUNED), lines[::2])
        if name != "ann-3":
            jsonl.write(path, lines[1:2])
    return checkout


def read_annotations(checkout: Checkout) -> dict[str, bytes]:
    files = CorpusFiles(checkout.root).annotation_files("trial")
    return {path.name: path.read_bytes() for path in files}


def test_killed_before_any_change_and_run_again(pruned: Checkout, tmp_path: Path) -> None:
    whole = copy_checkout(pruned, tmp_path / "whole")
    run_sayso_ok(whole.root, "history", "--restore")
    end = read_annotations(whole)
    assert [content.count(b"\n") for content in end.values()] == [3, 3, 2]
    start = read_annotations(pruned)
    for changes in range(1, 100):
        turn = copy_checkout(pruned, tmp_path / f"turn{changes}")
        code = run_command(turn.root, "history", "--restore", changes=changes).code
        for name, content in read_annotations(turn).items():
            assert content in (start.get(name), end[name]), "a part of a file"
        run_sayso_ok(turn.root, "history", "--restore")
        assert read_annotations(turn) == end
        assert not list(turn.root.glob("corpus/**/*.partial"))
        if code == 0:
            assert changes > 3
            return
        assert code == -9
    raise AssertionError("it has no end")


def test_a_file_without_a_line_to_restore_is_not_made(pruned: Checkout) -> None:
    run_sayso_ok(pruned.root, "history", "--restore", "--doc", "b")
    assert read_annotations(pruned).keys() == {"ann-1.jsonl", "ann-2.jsonl"}
