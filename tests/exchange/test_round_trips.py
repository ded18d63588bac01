"""What a format says that it holds comes back from it, exactly; what it does not is counted."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given

from sayso.exchange import formats
from sayso.exchange.readings import Marked, Reading
from tests.exchange import made

BOTH_WAYS = [name for name in sorted(formats.OUT) if name in formats.IN]


@pytest.mark.parametrize("name", BOTH_WAYS)
@given(one=made.readings(doc_id="a.b-c_d"), other=made.readings(doc_id="b"))
def test_what_fits_comes_back(name: str, one: Reading, other: Reading) -> None:
    fitted, _losses = made.fitted(name, [one, other])
    with tempfile.TemporaryDirectory() as folder:
        assert made.read(name, made.written(name, fitted, Path(folder, "out"))) == fitted


@pytest.mark.parametrize("name", sorted(formats.OUT))
@given(reading=made.readings())
def test_a_mention_stands_where_it_stood_or_is_counted(name: str, reading: Reading) -> None:
    fitted, losses = made.fitted(name, [reading])
    kept = made.spans(fitted).get(reading.doc_id, [])
    standing = made.spans([reading])[reading.doc_id]
    for each in kept:
        standing.remove(each)  # fails where something moved
    lost = sum(count for kind, count in losses.items() if kind.startswith("mentions"))
    assert len(standing) == lost or not fitted


@pytest.mark.parametrize("name", sorted(formats.OUT))
@given(reading=made.readings())
def test_nothing_fits_twice(name: str, reading: Reading) -> None:
    fitted, _losses = made.fitted(name, [reading])
    again, losses = made.fitted(name, fitted)
    assert (again, losses.total()) == (fitted, 0)


@pytest.mark.parametrize("name", sorted(formats.OUT))
def test_the_same_bytes_twice(name: str, tmp_path: Path) -> None:
    text = "Two drones\r\n😀 fell near Сумы.\n"
    reading = Reading(
        doc_id="d", text=text, mentions=(Marked(id="x", label="Count", start=0, end=10, text="Two drones"),)
    )
    fitted, _losses = made.fitted(name, [reading])
    one, other = (made.written(name, fitted, tmp_path / each) for each in "ab")
    pairs = [(one, other)] if one.is_file() else [(path, other / path.relative_to(one)) for path in one.rglob("*")]
    assert pairs and all(a.read_bytes() == b.read_bytes() for a, b in pairs)


@pytest.mark.parametrize("name", BOTH_WAYS)
def test_outside_documents_go_out_and_in(name: str, tmp_path: Path) -> None:
    outside = made.outside()
    fitted, losses = made.fitted(name, outside)
    found = made.read(name, made.written(name, fitted, tmp_path / "out"))
    assert {each.doc_id: each.text for each in found} == {each.doc_id: each.text for each in outside}
    assert made.spans(found) == made.spans(fitted)
    if name in ("jsonl", "brat", "webanno"):
        assert (made.spans(found), losses.total()) == (made.spans(outside), 0)
