"""Random hostile files: a result or an error of ours, no span altered, nothing compiled."""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso import jsonl
from sayso.errors import SaysoError
from sayso.formats.annotated_documents import AnnotatedDocument, FormatAnswer, FormatMention
from sayso.formats.corpus_import import ImportRequest, import_annotations
from sayso.formats.format_registry import ImportContext
from sayso.models import Annotation, Document
from sayso.settings import Checkout, find_checkout
from tests.conftest import REPOSITORY
from tests.formats.hostile_names import EXPRESSION, forbid_compiling
from tests.formats.sample_documents import (
    annotated_documents,
    fit_documents,
    read_documents,
    write_documents,
)
from tests.formats.test_foreign_files import write_dkpro_document
from tests.formats.test_joined_mentions import write_dkpro_chain

pytestmark = pytest.mark.fuzz

ODD_TEXTS = st.sampled_from(
    (
        *("", "\x00", "\ud800", "\\ud800", "😀", "\u202e", "\x1b[2J", "../..", "9" * 5_000, "-1"),
        *("NaN", "true", "[" * 2_000, "<!DOCTYPE a>", "&a;", "=1+1", "a\n", "ann-1", EXPRESSION),
    )
)
ODD_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | ODD_TEXTS
    | st.floats()
    | st.integers(-(10**30), 10**30)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ODD_TEXTS, inner, max_size=3),
    max_leaves=6,
)
TASK: dict[str, Any] = {
    "id": 1,
    "project": 1,
    "data": {"text": "Two 😀 drones", "doc_id": "a"},
    "predictions": [],
    "drafts": [],
    "annotations": [
        {
            "id": 1,
            "completed_by": {"id": 1, "email": "a@example.org"},
            "updated_by": 1,
            "lead_time": 1.5,
            "created_at": "2026-01-01T00:00:00Z",
            "was_cancelled": False,
            "result": [
                {
                    "id": "m",
                    "from_name": "label",
                    "to_name": "text",
                    "type": "labels",
                    "value": {"start": 0, "end": 5, "text": "Two 😀", "labels": ["Count"]},
                },
                {
                    "id": "c",
                    "from_name": "genre",
                    "to_name": "text",
                    "type": "choices",
                    "value": {"choices": ["news", "sport"]},
                },
                {"type": "relation", "from_id": "m", "to_id": "m", "labels": ["source"]},
            ],
        }
    ],
}
LINE: dict[str, Any] = {
    "doc_id": "a",
    "text": "Two 😀 drones",
    "about": {"annotator": "ann-1", "lead_time_seconds": "1.5", "origin": "x 1 1 1"},
    "mentions": [
        {
            "id": "m",
            "label": "Count",
            "start": 0,
            "end": 5,
            "text": "Two 😀",
            "attributes": {"a": 1},
        }
    ],
    "relations": [{"type": "source", "head": "m", "tail": "m", "joins": "coreference"}],
    "answers": [{"question": "q", "value": ["a", "b"], "decided": "majority", "votes": ["a"]}],
    "note": "x",
    "kept": [],
}


def list_places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to each value inside a value."""
    yield way
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from list_places(inner, (*way, key))


def replace_value(value: Any, way: tuple[Any, ...], new: Any) -> Any:
    if not way:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[way[0]] = replace_value(copy[way[0]], way[1:], new)
    return copy


@st.composite
def odd_objects(draw: st.DrawFn, whole: Any) -> Any:
    """Draw an object with odd values in one or two places."""
    for _ in range(draw(st.integers(1, 2))):
        way = draw(st.sampled_from(list(list_places(whole))))
        whole = replace_value(whole, way, draw(ODD_VALUES))
    return whole


@st.composite
def damaged_bytes(draw: st.DrawFn, content: bytes) -> bytes:
    """Draw bytes in which pieces are cut out, doubled or replaced by odd ones."""
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(content)))
        end = draw(st.integers(start, min(len(content), start + 40)))
        odd = draw(ODD_TEXTS).encode(errors="surrogatepass")
        piece = draw(st.sampled_from([b"", b"\xff", b"\n", b"\t", content[start:end] * 2, odd]))
        content = content[:start] + piece + content[end:]
    return content


@cache
def prepare_checkout() -> Checkout:
    """Return a checkout for all examples; each begins without a corpus."""
    root = Path(tempfile.mkdtemp(prefix="sayso-fuzz-"))
    shutil.copytree(REPOSITORY / "schema", root / "schema")
    (root / "corpus").mkdir()
    return find_checkout(root)


def import_hostile(name: str, path: Path) -> None:
    """Import a file: a result whose spans fit their texts, or an error of ours."""
    checkout = prepare_checkout()
    shutil.rmtree(checkout.root / "corpus")
    shutil.rmtree(checkout.private, ignore_errors=True)
    (checkout.root / "corpus").mkdir()
    request = ImportRequest(name, path, "pilot", "all", lossy=True)
    with forbid_compiling():
        try:
            import_annotations(checkout, request)
        except SaysoError as error:
            assert str(error) and len(str(error)) < 20_000
            return
    batches = checkout.root.glob("corpus/articles/*.jsonl")
    texts = {each.doc_id: each.text for file in batches for each in jsonl.read(file, Document)}
    for file in checkout.root.glob("corpus/annotations/*/*.jsonl"):
        for annotation in jsonl.read(file, Annotation):
            for mention in annotation.mentions:
                text = texts[annotation.doc_id]
                assert mention.text == text[mention.start : mention.end]


@cache
def prepare_folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="sayso-fuzz-"))


def write_file(name: str, content: bytes) -> Path:
    path = prepare_folder() / name
    path.write_bytes(content)
    return path


@given(odd_objects([TASK]))
def test_an_export_of_label_studio(tasks: Any) -> None:
    import_hostile("labelstudio", write_file("tasks.json", json.dumps(tasks).encode()))


@given(odd_objects(LINE))
def test_a_line_of_json(line: Any) -> None:
    import_hostile("jsonl", write_file("a.jsonl", json.dumps(line).encode() + b"\n"))


@given(damaged_bytes(json.dumps([TASK], ensure_ascii=False).encode()))
def test_damaged_bytes_of_an_export(content: bytes) -> None:
    import_hostile("labelstudio", write_file("tasks.json", content))


@given(st.data(), annotated_documents(empty=False))
def test_damaged_bytes_of_conll_and_json_lines(data: st.DataObject, document: Any) -> None:
    name = data.draw(st.sampled_from(["conll", "jsonl"]))
    fitting, _losses = fit_documents(name, [document])
    path = write_documents(name, fitting, prepare_folder() / "given")
    import_hostile(name, write_file("given", data.draw(damaged_bytes(path.read_bytes()))))


BRAT_LINES = (
    "T1\tCount 0 5\tTwo 😀\nT2\tActor 6 12\tdrones\nA1\tCount_lower T1 2\n"
    "T3\tCount 0 3;6 12\tTwo drones\n*\tEquiv T1 T3\n"
    "R1\tsource Arg1:T1 Arg2:T2\n#1\tAnnotatorNotes T2\tsure?\nE1\tx:T1\n"
)


@given(
    damaged_bytes("Two 😀 drones".encode()) | st.just(b"Two"), damaged_bytes(BRAT_LINES.encode())
)
def test_damaged_bytes_of_brat(text: bytes, lines: bytes) -> None:
    folder = prepare_folder() / "brat"
    folder.mkdir(exist_ok=True)
    (folder / "a.txt").write_bytes(text)
    (folder / "a.ann").write_bytes(lines)
    about = '{"doc_id": "a", "about": {"annotator": "ann-1"}}\n'
    (folder / "documents.jsonl").write_text(about)
    import_hostile("brat", folder)


@cache
def read_dkpro_files() -> tuple[bytes, bytes]:
    folder = write_dkpro_document(prepare_folder() / "dkpro")
    return (folder / "TypeSystem.xml").read_bytes(), (folder / "a.xmi").read_bytes()


@given(st.data())
def test_damaged_bytes_of_uima(data: st.DataObject) -> None:
    files = list(read_dkpro_files())
    place = data.draw(st.integers(0, 1))
    files[place] = data.draw(damaged_bytes(files[place]))
    folder = prepare_folder() / "uima"
    folder.mkdir(exist_ok=True)
    for name, content in zip(("TypeSystem.xml", "a.xmi"), files, strict=True):
        (folder / name).write_bytes(content)
    read_hostile("webanno", folder)


@cache
def read_other_files() -> list[tuple[bytes, bytes]]:
    """Read a chain of DKPro's, and what we have written ourselves."""
    (fitted,), _losses = fit_documents("webanno", [answered_document()])
    ours = write_documents("webanno", [fitted], prepare_folder() / "ours")
    folders = (write_dkpro_chain(prepare_folder() / "chain"), ours)
    return [
        ((folder / "TypeSystem.xml").read_bytes(), next(folder.glob("*.xmi")).read_bytes())
        for folder in folders
    ]


def answered_document() -> AnnotatedDocument:
    mention = FormatMention(
        id="m", label="X", start=0, end=1, text="a", attributes={"b": True, "c": ("d", "e")}
    )
    answers = (FormatAnswer(question="q", value="w", decided="majority", votes=("ann-1",)),)
    return AnnotatedDocument(doc_id="a", text="a b", mentions=(mention,), answers=answers)


@given(st.data())
def test_damaged_bytes_of_chains_and_answers(data: st.DataObject) -> None:
    types, document = data.draw(st.sampled_from(read_other_files()))
    folder = prepare_folder() / "others"
    folder.mkdir(exist_ok=True)
    (folder / "TypeSystem.xml").write_bytes(types)
    (folder / "a.xmi").write_bytes(data.draw(damaged_bytes(document)))
    read_hostile("webanno", folder)


@given(st.data())
def test_damaged_bytes_of_a_zip(data: st.DataObject) -> None:
    path = prepare_folder() / "given.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as box:
        for name, content in zip(("TypeSystem.xml", "a.xmi"), read_dkpro_files(), strict=True):
            box.writestr(name, content)
    path.write_bytes(data.draw(damaged_bytes(path.read_bytes())))
    read_hostile("webanno", path)


def read_hostile(name: str, path: Path) -> None:
    """Read a file whose annotator nobody names."""
    with forbid_compiling():
        try:
            found = read_documents(name, path, ImportContext())
        except SaysoError as error:
            assert str(error)
            return
    for document in found:
        for mention in document.mentions:
            assert mention.text == document.text[mention.start : mention.end]
