"""Every diagnosis of offsets, and none where nothing is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.labelstudio import codec
from sayso.labelstudio.offsets import (
    DIAGNOSIS_REASONS,
    DiagnosisName,
    OffsetDiagnosis,
    diagnose_span,
    is_displaced_by_resize,
)
from sayso.schema import declarations as schemas
from sayso.spans import Span, trim

SCHEMA = schemas.load_schema(Path(__file__).parents[2] / "schema" / "schema.yaml")
TEXT = "😀 The ministry\r\nsaid 38 drones fell"


@pytest.mark.parametrize(
    ("span", "witness", "drawn", "diagnosis"),
    [
        (Span(6, 14), "ministry", True, "exact"),
        (Span(6, 14), None, True, "exact"),
        (Span(6, 14), ["typed", "answers"], True, "exact"),
        (Span(6, 20), "ministry\\n\\nsaid", True, "folded"),
        (Span(6, 15), "ministry", True, "folded"),
        (Span(7, 15), "ministry", True, "utf16"),
        (Span(6, 14), "Kyiv", True, "elsewhere"),
        (Span(7, 14), "inistry", True, "dragged"),
        (Span(7, 14), "inistry", False, "exact"),
        (Span(6, 99), "ministry", True, "outside"),
        (Span(-1, 4), None, True, "outside"),
        (Span(8, 8), "", True, "outside"),
        (Span(9, 3), None, True, "outside"),
        (Span(1, 2), " ", True, "outside"),
    ],
)
def test_each_diagnosis(span: Span, witness: object, drawn: bool, diagnosis: DiagnosisName) -> None:
    verdict = diagnose_span(span, TEXT, witness, by_mouse=drawn)
    assert verdict.diagnosis == diagnosis
    assert (verdict.span is None) == (diagnosis in ("dragged", "elsewhere", "outside"))


texts = st.text(st.sampled_from("ab .\n\t😀𝔘国e\u0301\u200d\u00a0ع"), min_size=1, max_size=30)


@given(texts, st.data())
def test_what_the_api_or_a_prediction_brought_is_never_suspected(
    text: str, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    span = Span(start, data.draw(st.integers(start + 1, len(text))))
    words = text[span.start : span.end]
    if not words.isspace():
        assert diagnose_span(span, text, words, by_mouse=False) == OffsetDiagnosis("exact", span)


@given(texts, st.data())
def test_utf16_is_put_right_where_the_words_prove_it(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    span = Span(start, data.draw(st.integers(start + 1, len(text))))
    words = text[span.start : span.end]
    counted = Span(*(len(text[:edge].encode("utf-16-le")) // 2 for edge in span))
    verdict = diagnose_span(counted, text, words, by_mouse=False)
    if words.strip() and verdict.span is not None:
        found = text[verdict.span.start : verdict.span.end]
        assert "".join(found.split()) == "".join(words.split())
        assert verdict.diagnosis == "utf16" or counted == span or found.split() == words.split()


def test_an_edge_inside_a_word_is_nobodys_fault_without_an_emoji_before_it() -> None:
    assert not is_displaced_by_resize(3, "unmanned 😀 drones")
    assert not is_displaced_by_resize(3, "😀日本語の")


def region(start: int, end: int, **more: Any) -> dict[str, Any]:
    value = {"start": start, "end": end, "labels": ["Actor"], "text": more.pop("text", None)}
    return {
        "id": "r",
        "from_name": "span",
        "to_name": "text",
        "type": "labels",
        "value": value,
        **more,
    }


def test_a_repair_is_told_and_keeps_what_was_received() -> None:
    reading = codec.decode_result([region(7, 15, text="ministry")], TEXT, SCHEMA)
    assert [mention.span for mention in reading.mentions] == [Span(6, 14)]
    assert [(kept.reason, kept.item) for kept in reading.kept] == [
        (DIAGNOSIS_REASONS["utf16"], {"id": "r", "received": [7, 15]})
    ]


@pytest.mark.parametrize(
    ("item", "diagnosis"),
    [
        (region(7, 14, origin="manual"), "dragged"),
        (region(7, 14, origin="prediction-changed"), "dragged"),
        (region(6, 14, text="Kyiv"), "elsewhere"),
        (region(6, 99), "outside"),
    ],
)
def test_what_cannot_be_proven_is_kept_whole(
    item: dict[str, Any], diagnosis: DiagnosisName
) -> None:
    reading = codec.decode_result([item], TEXT, SCHEMA)
    assert reading.mentions == ()
    assert [(kept.reason, kept.item) for kept in reading.kept] == [
        (DIAGNOSIS_REASONS[diagnosis], item)
    ]


def test_trimming_stands_beside_a_repair() -> None:
    reading = codec.decode_result([region(6, 16, text=" ministry ")], TEXT, SCHEMA)
    assert [mention.text for mention in reading.mentions] == ["ministry"]
    assert trim(Span(5, 15), TEXT) == Span(6, 14)
