"""Batches: each in order, a full one for ever, the last one filled before another is begun."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sayso.corpus import sources
from sayso.corpus.sources import CorpusFiles, annotation_sort_key
from sayso.errors import InputError
from sayso.files import replace_together
from sayso.models import Annotation, AnnotationOrigin, Document, encode, sha256


def make_document(doc_id: str, text: str = "x", title: str | None = None) -> Document:
    return Document(
        doc_id=doc_id,
        title=title,
        language="en",
        license="unknown",
        source_name="a.txt",
        split="train",
        ingested="2026-11-22",
        text_sha256=sha256(text),
        text=text,
    )


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CorpusFiles:
    monkeypatch.setattr(sources, "BATCH_DOCUMENTS", 3)
    return CorpusFiles(tmp_path)


def batch_doc_ids(corpus: CorpusFiles) -> list[list[str]]:
    return [
        [d.doc_id for _start, _length, d in corpus.documents_with_offsets(path.name)]
        for path in corpus.batch_files()
    ]


def test_batches_are_filled_one_after_the_other(corpus: CorpusFiles) -> None:
    corpus.add_documents(make_document(name) for name in "bd")
    assert batch_doc_ids(corpus) == [["b", "d"]]
    written = corpus.add_documents(make_document(name) for name in "acefghi")
    assert batch_doc_ids(corpus) == [["a", "b", "d"], ["c", "e", "f"], ["g", "h", "i"]]
    assert [path.name for path in written] == [f"articles-0000{n}.jsonl" for n in range(3)]
    assert [d.doc_id for d in corpus.documents()] == list("abcdefghi")


def test_a_full_batch_is_not_touched(corpus: CorpusFiles) -> None:
    corpus.add_documents(make_document(name) for name in "abcd")
    before = corpus.batch_file(0).stat()
    assert corpus.add_documents([make_document("0")]) == [corpus.batch_file(1)]
    assert corpus.add_documents(make_document(name) for name in "12") == [
        corpus.batch_file(1),
        corpus.batch_file(2),
    ]
    after = corpus.batch_file(0).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_batch_is_full_by_its_bytes_as_well(
    corpus: CorpusFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "BATCH_BYTES", 2 * len(encode(make_document("a"))))
    corpus.add_documents(make_document(name) for name in "abcd")
    assert batch_doc_ids(corpus) == [["a", "b"], ["c", "d"]]


@settings(max_examples=30)
@given(names=st.sets(st.sampled_from("abcdefghijkl")), killed=st.integers(0, 12))
def test_adding_goes_on_where_it_was_stopped(
    tmp_path_factory: pytest.TempPathFactory, names: set[str], killed: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "BATCH_DOCUMENTS", 3)
        whole, stopped = (
            CorpusFiles(tmp_path_factory.mktemp("whole")),
            CorpusFiles(tmp_path_factory.mktemp("stopped")),
        )
        for corpus in (whole, stopped):
            corpus.add_documents([make_document("c2")])
        whole.add_documents(make_document(name) for name in sorted(names))

        def breaking() -> object:
            for number, name in enumerate(sorted(names)):
                if number == killed:
                    raise InputError("killed")
                yield make_document(name)

        if killed < len(names):
            with pytest.raises(InputError, match="killed"):
                stopped.add_documents(breaking())  # type: ignore[arg-type]
        present = {d.doc_id for d in stopped.documents()}
        stopped.add_documents(make_document(name) for name in sorted(names - present))
        assert [path.read_bytes() for path in stopped.batch_files()] == [
            path.read_bytes() for path in whole.batch_files()
        ]


def test_a_document_is_read_at_its_offset(corpus: CorpusFiles) -> None:
    corpus.add_documents(
        [make_document("a", "é😀"), make_document("b", "y"), make_document("c", "z")]
    )
    places = list(corpus.documents_with_offsets("articles-00000.jsonl"))
    for start, length, found in places:
        assert corpus.read_document_at("articles-00000.jsonl", start, length) == found
    with pytest.raises(InputError, match="changed while it was read"):
        corpus.read_document_at("articles-00000.jsonl", places[1][0] + 1, places[1][1])


def test_only_what_changes_is_rewritten(corpus: CorpusFiles) -> None:
    corpus.add_documents(make_document(name) for name in "abcde")
    first, (_d, last) = corpus.batch_file(0).stat(), corpus.batch_file(1).read_bytes().splitlines()
    entitled = make_document("d", title="T")
    replace_together(
        corpus.rewrite_batches(
            [corpus.batch_file(1).name], lambda d: entitled if d.doc_id == "d" else d
        )
    )
    assert corpus.batch_file(0).stat() == first
    assert corpus.batch_file(1).read_bytes().splitlines() == [encode(entitled), last]
    assert [d.title for d in corpus.documents()] == [None, None, None, "T", None]


def test_two_documents_with_one_id_are_an_error(corpus: CorpusFiles) -> None:
    corpus.add_documents([make_document("a")])
    corpus.batch_file(1).write_bytes(corpus.batch_file(0).read_bytes())
    with pytest.raises(InputError, match="a stands twice"):
        list(corpus.documents())


def test_an_empty_corpus_is_empty(corpus: CorpusFiles) -> None:
    assert (
        corpus.batch_files(),
        list(corpus.documents()),
        list(corpus.annotations()),
        list(corpus.gold()),
    ) == ([],) * 4
    assert (corpus.campaigns(), corpus.add_documents([])) == ([], [])


def make_annotation(doc_id: str, number: int, created: str = "2026-01-01") -> Annotation:
    return Annotation(
        doc_id=doc_id,
        text_sha256=sha256("x"),
        campaign="pilot",
        interface="all",
        annotator="ann-1",
        annotator_kind="human",
        schema_version="1.0.0",
        status="submitted",
        created=created,
        updated=created,
        origin=AnnotationOrigin(system="label-studio", project=1, task=1, annotation=number),
    )


def test_annotations_have_a_file_for_each_annotator_of_a_campaign(corpus: CorpusFiles) -> None:
    annotations = sorted(
        [
            make_annotation("b", 10),
            make_annotation("a", 3),
            make_annotation("b", 9),
            make_annotation("b", 1, "2027"),
        ],
        key=annotation_sort_key,
    )
    assert [(a.doc_id, a.origin.annotation) for a in annotations if a.origin] == [
        ("a", 3),
        ("b", 9),
        ("b", 10),
        ("b", 1),
    ]
    assert corpus.write_annotations("pilot", "ann-1", annotations) is True
    assert corpus.write_annotations("pilot", "ann-1", annotations) is False
    assert corpus.write_annotations("main", "ann-2", []) is True
    assert corpus.campaigns() == ["main", "pilot"]
    assert list(corpus.annotations("pilot")) == annotations
    assert [path.name for path in corpus.annotation_files()] == ["ann-2.jsonl", "ann-1.jsonl"]
