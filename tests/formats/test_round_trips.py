"""Whatever a format declares that it holds comes back from it, exactly; the rest is counted."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given

from sayso.formats.annotated_documents import AnnotatedDocument, FormatMention
from sayso.formats.format_registry import EXPORT_FORMATS, IMPORT_FORMATS
from sayso.formats.losses import Loss
from tests.formats.sample_documents import (
    annotated_documents,
    collect_spans,
    count_lost_mentions,
    fit_documents,
    load_outside_documents,
    read_documents,
    write_documents,
)

pytestmark = pytest.mark.slow

EXPORTED = sorted(EXPORT_FORMATS)
BOTH_WAYS = [name for name in EXPORTED if name in IMPORT_FORMATS]


@pytest.mark.parametrize("name", BOTH_WAYS)
@given(one=annotated_documents(doc_id="a.b-c_d"), other=annotated_documents(doc_id="b"))
def test_what_fits_comes_back(name: str, one: AnnotatedDocument, other: AnnotatedDocument) -> None:
    fitted, _losses = fit_documents(name, [one, other])
    with tempfile.TemporaryDirectory() as folder:
        path = write_documents(name, fitted, Path(folder, "out"))
        assert read_documents(name, path) == fitted


@pytest.mark.parametrize("name", EXPORTED)
@given(annotated=annotated_documents())
def test_a_mention_stays_in_place_or_is_counted(name: str, annotated: AnnotatedDocument) -> None:
    fitted, losses = fit_documents(name, [annotated])
    before = collect_spans([annotated])[annotated.doc_id]
    for span in collect_spans(fitted).get(annotated.doc_id, []):
        before.remove(span)  # fails where something moved
    assert len(before) == count_lost_mentions(losses) or not fitted


@pytest.mark.parametrize("name", EXPORTED)
@given(annotated=annotated_documents())
def test_losses_are_those_declared(name: str, annotated: AnnotatedDocument) -> None:
    fitted, losses = fit_documents(name, [annotated])
    declared = EXPORT_FORMATS[name].cannot_hold | EXPORT_FORMATS[name].may_lose
    assert (+losses).keys() <= declared
    if Loss.TEXT not in declared:
        assert [each.text for each in fitted] in ([annotated.text], [])


@pytest.mark.parametrize("name", EXPORTED)
@given(annotated=annotated_documents())
def test_what_fits_fits_again_as_it_is(name: str, annotated: AnnotatedDocument) -> None:
    fitted, _losses = fit_documents(name, [annotated])
    again, losses = fit_documents(name, fitted)
    assert (again, losses.total()) == (fitted, 0)


@pytest.mark.parametrize("name", EXPORTED)
def test_the_same_bytes_twice(name: str, tmp_path: Path) -> None:
    mention = FormatMention(id="x", label="Count", start=0, end=10, text="Two drones")
    text = "Two drones\r\n😀 fell near Сумы.\n"
    fitted, _losses = fit_documents(
        name, [AnnotatedDocument(doc_id="d", text=text, mentions=(mention,))]
    )
    one, other = (write_documents(name, fitted, tmp_path / each) for each in "ab")
    paths = [one] if one.is_file() else list(one.rglob("*"))
    assert paths
    for path in paths:
        assert path.read_bytes() == (other / path.relative_to(one)).read_bytes()


@pytest.mark.parametrize("name", BOTH_WAYS)
def test_outside_documents_go_out_and_in(name: str, tmp_path: Path) -> None:
    outside = load_outside_documents()
    fitted, losses = fit_documents(name, outside)
    found = read_documents(name, write_documents(name, fitted, tmp_path / "out"))
    assert [(each.doc_id, each.text) for each in sorted(found, key=lambda each: each.doc_id)] == [
        (each.doc_id, each.text) for each in sorted(outside, key=lambda each: each.doc_id)
    ]
    assert collect_spans(found) == collect_spans(fitted)
    if name in ("jsonl", "brat", "webanno"):
        assert (collect_spans(found), losses.total()) == (collect_spans(outside), 0)
