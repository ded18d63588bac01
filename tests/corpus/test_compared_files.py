"""Files of annotations from anywhere: exactly they are compared, and nothing is hidden."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sayso import jsonl
from sayso.corpus.compared_files import AnnotationWithText
from sayso.errors import InputError, UsageError
from sayso.models import Annotation, Mention, sha256
from sayso.settings import Checkout
from tests.command_line import run_sayso, run_sayso_ok
from tests.dataset.samples import make_annotation, make_document, make_mention, write_corpus

DOCUMENTS = [make_document("d0", "The army said so."), make_document("d1", "Kyiv said no.")]
ARMY, KYIV = (
    make_mention("m1", "Actor", "The army said so.", 4, 8),
    make_mention("m1", "Actor", "Kyiv said no.", 0, 4),
)


@dataclass
class Files:
    """A corpus of two documents, and a folder with files of annotations of them."""

    root: Path
    folder: Path

    def write(self, name: str, *annotations: Annotation) -> str:
        jsonl.write(self.folder / name, annotations)
        return str(self.folder / name)

    def measure(self, *words: str) -> list[dict[str, Any]]:
        """Return the measurements of `sayso agreement`."""
        found: list[dict[str, Any]] = json.loads(
            run_sayso_ok(self.root, "agreement", "--json", *words)
        )["measurements"]
        return found


@pytest.fixture
def files(checkout: Checkout, tmp_path: Path) -> Files:
    write_corpus(checkout.root, DOCUMENTS, [])
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return Files(checkout.root, folder)


def read_f1(measured: dict[str, Any]) -> float | None:
    (exact,) = (each for each in measured["figures"] if each["name"] == "spans.all.exact")
    value: float | None = exact["value"]
    return value


def annotate(at: int, annotator: str, *mentions: Mention, **fields: Any) -> Annotation:
    return make_annotation(DOCUMENTS[at], *mentions, annotator=annotator, **fields)


def test_other_campaigns_and_passes_are_compared(files: Files) -> None:
    cue = make_mention("m2", "Cue", "The army said so.", 9, 13)
    one = files.write("one.jsonl", annotate(0, "ann-1", ARMY, campaign="a", interface="names"))
    other = files.write(
        "two.jsonl", annotate(0, "ann-2", ARMY, cue, campaign="b", interface="claims")
    )
    (measured,) = files.measure(one, other)
    assert (measured["campaign"], measured["interface"]) == (
        "one.jsonl, two.jsonl",
        "claims and names",
    )
    assert measured["annotators"] == ["ann-1", "ann-2"]
    assert read_f1(measured) == 1.0  # the pass of the other does not show cues


def test_programs_are_compared_and_called_so(files: Files) -> None:
    paths = [
        files.write(f"{name}.jsonl", annotate(0, name, ARMY, annotator_kind="program"))
        for name in ("run-1", "run-2")
    ]
    (measured,) = files.measure(*paths)
    assert measured["programs"] == measured["annotators"] == ["run-1", "run-2"]
    printed = " ".join(run_sayso_ok(files.root, "agreement", *paths).split())
    assert "consistency of programs, not agreement of annotators" in printed


def test_one_name_in_two_files_needs_a_word(files: Files) -> None:
    one = files.write("First run.jsonl", annotate(0, "bot", ARMY), annotate(1, "bot", KYIV))
    other = files.write("second.jsonl", annotate(0, "bot", ARMY), annotate(1, "bot"))
    refused = run_sayso(files.root, "agreement", one, other)
    assert refused.returncode == InputError.exit_code
    assert "bot has document d0 in" in refused.stderr and one in refused.stderr
    assert "--annotator-per-file" in refused.stderr
    (measured,) = files.measure(one, other, "--annotator-per-file")
    assert measured["annotators"] == ["first-run", "second"]
    assert read_f1(measured) == pytest.approx(2 / 3)


def test_two_files_of_one_name_are_refused(files: Files) -> None:
    (files.folder / "sub").mkdir()
    one, other = files.write("a.jsonl", annotate(0, "x")), files.write("sub/a.jsonl")
    refused = run_sayso(files.root, "agreement", one, other, "--annotator-per-file")
    assert refused.returncode == UsageError.exit_code
    assert "two files would be one annotator" in refused.stderr


def test_a_document_may_come_with_its_text(files: Files) -> None:
    text = "Nobody ingested this."
    fields = {"doc_id": "z9", "text": text, "text_sha256": sha256(text)}
    mention = make_mention("m1", "Actor", text, 0, 6)

    def write(name: str, **others: Any) -> str:
        base = annotate(0, name, ARMY)
        made = {each: getattr(base, each) for each in base.__struct_fields__}
        values = {**made, **fields, "mentions": (mention,), **others}
        return files.write(f"{name}.jsonl", base, AnnotationWithText(**values))

    one, other = write("ann-1"), write("ann-2", text=None)
    (measured,) = files.measure(one, other)
    assert (measured["documents"], read_f1(measured)) == (2, 1.0)
    refused = run_sayso(files.root, "agreement", one, write("ann-3", text="Another text."))
    assert refused.returncode == InputError.exit_code
    assert "ann-3.jsonl:2: the text is not the one of `text_sha256`" in refused.stderr
    missing = run_sayso(files.root, "agreement", other)
    assert missing.returncode == InputError.exit_code
    assert "document z9, which is not there" in missing.stderr
