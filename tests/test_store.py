"""Batches: each in order, a full one for ever, the last one filled before another is begun."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sayso import store
from sayso.errors import InputError
from sayso.files import replace_together
from sayso.records import Annotation, Document, Origin, encode, sha256
from sayso.store import Corpus, annotation_order


def document(doc_id: str, text: str = "x", title: str | None = None) -> Document:
    return Document(
        doc_id=doc_id, title=title, language="en", license="unknown", source_name="a.txt", split="train",
        ingested="2026-11-22", text_sha256=sha256(text), text=text,
    )  # fmt: skip


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Corpus:
    monkeypatch.setattr(store, "BATCH_DOCUMENTS", 3)
    return Corpus(tmp_path)


def ids(corpus: Corpus) -> list[list[str]]:
    return [[d.doc_id for _start, _length, d in corpus.placed_documents(path.name)] for path in corpus.batches()]


def test_batches_are_filled_one_after_the_other(corpus: Corpus) -> None:
    corpus.add(document(name) for name in "bd")
    assert ids(corpus) == [["b", "d"]]
    written = corpus.add(document(name) for name in "acefghi")
    assert ids(corpus) == [["a", "b", "d"], ["c", "e", "f"], ["g", "h", "i"]]
    assert [path.name for path in written] == [f"articles-0000{n}.jsonl" for n in range(3)]
    assert [d.doc_id for d in corpus.documents()] == list("abcdefghi")


def test_a_full_batch_is_not_touched(corpus: Corpus) -> None:
    corpus.add(document(name) for name in "abcd")
    before = corpus.batch(0).stat()
    assert corpus.add([document("0")]) == [corpus.batch(1)]
    assert corpus.add(document(name) for name in "12") == [corpus.batch(1), corpus.batch(2)]
    after = corpus.batch(0).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_batch_is_full_by_its_bytes_as_well(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "BATCH_BYTES", 2 * len(encode(document("a"))))
    corpus.add(document(name) for name in "abcd")
    assert ids(corpus) == [["a", "b"], ["c", "d"]]


@settings(max_examples=30)
@given(names=st.sets(st.sampled_from("abcdefghijkl")), killed=st.integers(0, 12))
def test_adding_goes_on_where_it_was_stopped(
    tmp_path_factory: pytest.TempPathFactory, names: set[str], killed: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "BATCH_DOCUMENTS", 3)
        whole, stopped = Corpus(tmp_path_factory.mktemp("whole")), Corpus(tmp_path_factory.mktemp("stopped"))
        for corpus in (whole, stopped):
            corpus.add([document("c2")])
        whole.add(document(name) for name in sorted(names))

        def breaking() -> object:
            for number, name in enumerate(sorted(names)):
                if number == killed:
                    raise InputError("killed")
                yield document(name)

        if killed < len(names):
            with pytest.raises(InputError, match="killed"):
                stopped.add(breaking())  # type: ignore[arg-type]
        held = {d.doc_id for d in stopped.documents()}
        stopped.add(document(name) for name in sorted(names - held))
        assert [path.read_bytes() for path in stopped.batches()] == [path.read_bytes() for path in whole.batches()]


def test_a_document_is_found_at_its_place(corpus: Corpus) -> None:
    corpus.add([document("a", "é😀"), document("b", "y"), document("c", "z")])
    places = list(corpus.placed_documents("articles-00000.jsonl"))
    for start, length, found in places:
        assert corpus.document_at("articles-00000.jsonl", start, length) == found
    with pytest.raises(InputError, match="changed while it was read"):
        corpus.document_at("articles-00000.jsonl", places[1][0] + 1, places[1][1])


def test_only_what_changes_is_rewritten(corpus: Corpus) -> None:
    corpus.add(document(name) for name in "abcde")
    first, (_d, last) = corpus.batch(0).stat(), corpus.batch(1).read_bytes().splitlines()
    entitled = document("d", title="T")
    replace_together(corpus.rewriting([corpus.batch(1).name], lambda d: entitled if d.doc_id == "d" else d))
    assert corpus.batch(0).stat() == first
    assert corpus.batch(1).read_bytes().splitlines() == [encode(entitled), last]
    assert [d.title for d in corpus.documents()] == [None, None, None, "T", None]


def test_two_documents_of_one_name_are_told(corpus: Corpus) -> None:
    corpus.add([document("a")])
    corpus.batch(1).write_bytes(corpus.batch(0).read_bytes())
    with pytest.raises(InputError, match="a stands twice"):
        list(corpus.documents())


def test_an_empty_corpus_is_empty(corpus: Corpus) -> None:
    assert (corpus.batches(), list(corpus.documents()), list(corpus.annotations()), list(corpus.gold())) == ([],) * 4
    assert (corpus.campaigns(), corpus.add([])) == ([], [])


def answer(doc_id: str, number: int, created: str = "2026-01-01") -> Annotation:
    return Annotation(
        doc_id=doc_id, text_sha256=sha256("x"), campaign="pilot", interface="all", annotator="ann-1",
        annotator_kind="human", schema_version="1.0.0", status="submitted", created=created, updated=created,
        origin=Origin(system="label-studio", project=1, task=1, annotation=number),
    )  # fmt: skip


def test_answers_lie_by_campaign_and_annotator(corpus: Corpus) -> None:
    answers = sorted([answer("b", 10), answer("a", 3), answer("b", 9), answer("b", 1, "2027")], key=annotation_order)
    assert [(a.doc_id, a.origin.annotation) for a in answers if a.origin] == [("a", 3), ("b", 9), ("b", 10), ("b", 1)]
    assert corpus.write_annotations("pilot", "ann-1", answers) is True
    assert corpus.write_annotations("pilot", "ann-1", answers) is False
    assert corpus.write_annotations("main", "ann-2", []) is True
    assert corpus.campaigns() == ["main", "pilot"]
    assert list(corpus.annotations("pilot")) == answers
    assert [path.name for path in corpus.annotation_files()] == ["ann-2.jsonl", "ann-1.jsonl"]
