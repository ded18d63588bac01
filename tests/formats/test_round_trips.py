"""What a format says that it holds comes back from it, exactly; what it does not is counted."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given

from sayso.formats import format_registry
from sayso.formats.annotated_documents import AnnotatedDocument, FormatMention
from tests.formats import sample_documents

ROUND_TRIP_FORMATS = [
    name
    for name in sorted(format_registry.EXPORT_FORMATS)
    if name in format_registry.IMPORT_FORMATS
]


@pytest.mark.parametrize("name", ROUND_TRIP_FORMATS)
@given(
    one=sample_documents.annotated_documents(doc_id="a.b-c_d"),
    other=sample_documents.annotated_documents(doc_id="b"),
)
def test_what_fits_comes_back(name: str, one: AnnotatedDocument, other: AnnotatedDocument) -> None:
    fitted, _losses = sample_documents.fit_documents(name, [one, other])
    with tempfile.TemporaryDirectory() as folder:
        assert (
            sample_documents.read_documents(
                name, sample_documents.write_documents(name, fitted, Path(folder, "out"))
            )
            == fitted
        )


@pytest.mark.parametrize("name", sorted(format_registry.EXPORT_FORMATS))
@given(reading=sample_documents.annotated_documents())
def test_a_mention_stands_where_it_stood_or_is_counted(
    name: str, reading: AnnotatedDocument
) -> None:
    fitted, losses = sample_documents.fit_documents(name, [reading])
    kept = sample_documents.collect_spans(fitted).get(reading.doc_id, [])
    standing = sample_documents.collect_spans([reading])[reading.doc_id]
    for each in kept:
        standing.remove(each)  # fails where something moved
    lost = sum(count for kind, count in losses.items() if kind.startswith("mentions"))
    assert len(standing) == lost or not fitted


@pytest.mark.parametrize("name", sorted(format_registry.EXPORT_FORMATS))
@given(reading=sample_documents.annotated_documents())
def test_nothing_fits_twice(name: str, reading: AnnotatedDocument) -> None:
    fitted, _losses = sample_documents.fit_documents(name, [reading])
    again, losses = sample_documents.fit_documents(name, fitted)
    assert (again, losses.total()) == (fitted, 0)


@pytest.mark.parametrize("name", sorted(format_registry.EXPORT_FORMATS))
def test_the_same_bytes_twice(name: str, tmp_path: Path) -> None:
    text = "Two drones\r\n😀 fell near Сумы.\n"
    reading = AnnotatedDocument(
        doc_id="d",
        text=text,
        mentions=(FormatMention(id="x", label="Count", start=0, end=10, text="Two drones"),),
    )
    fitted, _losses = sample_documents.fit_documents(name, [reading])
    one, other = (sample_documents.write_documents(name, fitted, tmp_path / each) for each in "ab")
    pairs = (
        [(one, other)]
        if one.is_file()
        else [(path, other / path.relative_to(one)) for path in one.rglob("*")]
    )
    assert pairs and all(a.read_bytes() == b.read_bytes() for a, b in pairs)


@pytest.mark.parametrize("name", ROUND_TRIP_FORMATS)
def test_outside_documents_go_out_and_in(name: str, tmp_path: Path) -> None:
    outside = sample_documents.load_outside_documents()
    fitted, losses = sample_documents.fit_documents(name, outside)
    found = sample_documents.read_documents(
        name, sample_documents.write_documents(name, fitted, tmp_path / "out")
    )
    assert {each.doc_id: each.text for each in found} == {
        each.doc_id: each.text for each in outside
    }
    assert sample_documents.collect_spans(found) == sample_documents.collect_spans(fitted)
    if name in ("jsonl", "brat", "webanno"):
        assert (sample_documents.collect_spans(found), losses.total()) == (
            sample_documents.collect_spans(outside),
            0,
        )
