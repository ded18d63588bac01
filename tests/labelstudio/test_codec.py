"""Decoding of results; every odd shape was seen from a real server or browser."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given

from sayso.labelstudio import codec
from sayso.labelstudio.codec import DecodedResult, ResultItem
from sayso.models import Mention, Relation, sort_relations
from sayso.schema import declarations as schemas
from tests.labelstudio.drawn_annotations import DrawnContent, assert_read_back, contents

SCHEMA = schemas.load_schema(Path(__file__).parents[2] / "schema" / "schema.yaml")
TEXT = "😀 The ministry said 38 drones fell over Kyiv. "


def span_item(start: int, end: int, label: str, identifier: str = "r1", **more: Any) -> ResultItem:
    value = {"start": start, "end": end, "text": TEXT[start:end], "labels": [label]}
    return {
        "id": identifier,
        "from_name": "span",
        "to_name": "text",
        "type": "labels",
        "value": value,
        **more,
    }


def attribute_item(
    name: str, identifier: str = "r1", kind: str = "choices", **value: Any
) -> ResultItem:
    return {"id": identifier, "from_name": name, "to_name": "text", "type": kind, "value": value}


def relation_item(head: str, tail: str, **more: Any) -> ResultItem:
    return {"type": "relation", "from_id": head, "to_id": tail, "direction": "right", **more}


def decode(*items: ResultItem) -> DecodedResult:
    return codec.decode_result(items, TEXT, SCHEMA)


def kept_reasons(reading: DecodedResult) -> list[str]:
    return [kept.reason for kept in reading.kept]


ACTOR = span_item(6, 14, "Actor")
COUNT = span_item(20, 29, "Count", "r2")
CLAIM = span_item(20, 44, "Claim", "r3")


def test_a_region_and_its_attributes_are_one_mention_in_whatever_order_they_come() -> None:
    items = [
        COUNT,
        attribute_item("count_lower", "r2", "number", number=38),
        attribute_item("count_upper", "r2", "number", number=38.0),
        attribute_item("count_kind", "r2", choices=["exact"]),
        attribute_item("flag", "r2", choices=["unsure"]),
        attribute_item("note", "r2", "textarea", text=["two each?"]),
    ]
    readings = set()
    for seed in range(20):
        Random(seed).shuffle(items)
        readings.add(repr(decode(*items)))
    assert len(readings) == 1
    (mention,) = decode(*items).mentions
    assert mention.attributes == {"kind": "exact", "lower": 38, "upper": 38}
    assert list(mention.attributes) == ["kind", "lower", "upper"]
    assert (mention.text, mention.flag, mention.note) == ("38 drones", "unsure", "two each?")


def test_the_words_come_from_the_text_and_never_from_the_server() -> None:
    silent = span_item(6, 14, "Actor")
    silent["value"]["text"] = ["a list, as for typed answers"]
    (mention,) = decode(silent).mentions
    assert mention.text == "ministry"


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (span_item(6, 14, "Nobody"), "a label that the schema does not know"),
        (span_item(6, 999, "Actor"), "a span outside the text, or of nothing"),
        (span_item(-3, 4, "Actor"), "a span outside the text, or of nothing"),
        (span_item(14, 6, "Actor"), "a span outside the text, or of nothing"),
        (span_item(6, 6, "Actor"), "a span outside the text, or of nothing"),
        (span_item(1, 2, "Actor"), "a span outside the text, or of nothing"),
        (attribute_item("actor_type", choices=["civilian"]), "a region without a label"),
        (
            {**ACTOR, "value": {**ACTOR["value"], "labels": ["Actor", "Location"]}},
            "a region with several labels",
        ),
        ({**ACTOR, "value": {**ACTOR["value"], "labels": []}}, "a region without a label"),
        (
            {**ACTOR, "value": {**ACTOR["value"], "start": "6"}},
            "offsets that are not whole numbers",
        ),
        (
            {**ACTOR, "value": {**ACTOR["value"], "start": 6.0}},
            "offsets that are not whole numbers",
        ),
        ({**ACTOR, "value": {**ACTOR["value"], "end": True}}, "offsets that are not whole numbers"),
        ({**ACTOR, "to_name": "meta"}, "a span on something other than the text"),
        ({**ACTOR, "value": None}, "an item without an id or a value"),
    ],
)
def test_what_cannot_be_a_mention_is_kept_whole_with_its_reason(
    item: ResultItem, reason: str
) -> None:
    reading = decode(item)
    assert reading.mentions == ()
    assert kept_reasons(reading) == [reason]
    assert reading.kept[0].item == item


def test_an_unfit_region_is_kept_with_all_its_attributes() -> None:
    attribute = attribute_item("actor_type", choices=["civilian"])
    reading = decode(attribute, span_item(6, 14, "Nobody"))
    assert len(reading.kept) == 2
    assert attribute in [kept.item for kept in reading.kept]


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (
            attribute_item("location_use", choices=["literal"]),
            "an attribute that its label does not have",
        ),
        (
            attribute_item("nonsense", choices=["literal"]),
            "an attribute that its label does not have",
        ),
        (attribute_item("actor_type", choices=["king"]), "a value that the schema does not know"),
        (
            attribute_item("actor_type", choices=["civilian", "expert"]),
            "a value that the schema does not know",
        ),
        (
            attribute_item("actor_entity", kind="textarea", text=["a", "b"]),
            "a value that the schema does not know",
        ),
        (attribute_item("flag", choices=["maybe"]), "a flag that the schema does not know"),
        (attribute_item("note", kind="textarea", text=[]), "a note that is not words"),
    ],
)
def test_an_attribute_that_does_not_fit_is_kept_and_the_mention_stands(
    item: ResultItem, reason: str
) -> None:
    reading = decode(ACTOR, item)
    assert [mention.attributes for mention in reading.mentions] == [{}]
    assert kept_reasons(reading) == [reason]


def test_half_a_drone_is_no_whole_number() -> None:
    reading = decode(COUNT, attribute_item("count_lower", "r2", "number", number=1.5))
    assert kept_reasons(reading) == ["a value that the schema does not know"]


def test_the_second_answer_to_one_question_is_kept() -> None:
    given = [
        attribute_item("actor_type", choices=["civilian"]),
        attribute_item("actor_type", choices=["expert"]),
    ]
    reading = decode(ACTOR, *given)
    assert reading.mentions[0].attributes == {"type": "civilian"}
    assert kept_reasons(reading) == ["an attribute given twice"]


def test_white_space_at_the_edge_is_trimmed_and_told() -> None:
    reading = decode(span_item(5, 15, "Actor"))
    assert reading.mentions[0].text == "ministry"
    assert kept_reasons(reading) == ["white space trimmed from a span"]
    assert reading.kept[0].item == {"id": "r1", "received": [5, 15]}


def test_a_remark_in_label_studios_own_panel_is_kept() -> None:
    reading = decode(span_item(6, 14, "Actor", meta={"text": ["hm"]}, parentID="x"))
    assert len(reading.mentions) == 1
    assert reading.kept[0].item == {"id": "r1", "meta": {"text": ["hm"]}, "parentID": "x"}


def test_identical_spans_are_two_mentions() -> None:
    assert (
        len(decode(span_item(6, 14, "Actor", "r1"), span_item(6, 14, "Actor", "r2")).mentions) == 2
    )


def test_arrows_follow_their_direction() -> None:
    right = decode(COUNT, CLAIM, relation_item("r3", "r2", labels=["quantity"]))
    left = decode(
        COUNT, CLAIM, {**relation_item("r2", "r3", labels=["quantity"]), "direction": "left"}
    )
    assert right.relations == left.relations == (Relation(type="quantity", head="r3", tail="r2"),)


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (relation_item("r3", "gone", labels=["quantity"]), "a relation to a missing mention"),
        (relation_item("r3", "r2"), "a relation without a type"),
        (relation_item("r3", "r2", labels=["likes"]), "a relation that the schema does not know"),
        (
            {**relation_item("r3", "r2", labels=["quantity"]), "direction": "bi"},
            "a relation drawn both ways",
        ),
    ],
)
def test_an_arrow_that_does_not_fit_is_kept(item: ResultItem, reason: str) -> None:
    reading = decode(COUNT, CLAIM, item)
    assert reading.relations == ()
    assert kept_reasons(reading) == [reason]


def test_types_of_an_arrow_that_are_known_are_read_and_the_others_kept() -> None:
    arrow = relation_item("r3", "r2", labels=["quantity", "likes", "quantity"])
    reading = decode(COUNT, CLAIM, arrow)
    assert reading.relations == (Relation(type="quantity", head="r3", tail="r2"),)
    assert [(kept.reason, kept.item) for kept in reading.kept] == [
        ("a relation that the schema does not know", {**arrow, "labels": ["likes"]}),
        ("the same relation twice", {**arrow, "labels": ["quantity"]}),
    ]


def test_relations_from_one_mention_to_another_are_one_arrow() -> None:
    """Label Studio's editor keeps one item from one region to another, and drops the others."""
    mentions = decode(COUNT, CLAIM).mentions
    relations = [
        Relation(type=name, head=head, tail=tail)
        for name, head, tail in [
            ("agent", "r3", "r2"),
            ("adds_to", "r2", "r3"),
            ("source", "r3", "r2"),
            ("part_of", "r2", "r2"),
        ]
    ]
    items = codec.encode_result(mentions, relations, SCHEMA)
    assert [item for item in items if item["type"] == "relation"] == [
        relation_item("r3", "r2", labels=["agent", "source"]),
        relation_item("r2", "r3", labels=["adds_to"]),
        relation_item("r2", "r2", labels=["part_of"]),
    ]
    assert decode(*items).relations == sort_relations(relations)


def test_a_relation_to_a_mention_that_was_kept_is_kept_with_it() -> None:
    reading = decode(
        CLAIM, span_item(6, 14, "Nobody", "r2"), relation_item("r3", "r2", labels=["source"])
    )
    assert kept_reasons(reading) == [
        "a label that the schema does not know",
        "a relation to a missing mention",
    ]


def test_what_was_taken_over_from_a_prediction_says_so() -> None:
    origins = ["prediction", "prediction-changed", "manual"]
    reading = decode(
        *(
            span_item(i, i + 2, "Actor", f"r{i}", origin=o)
            for i, o in zip((6, 9, 20), origins, strict=True)
        )
    )
    assert [m.started_from for m in reading.mentions] == ["prediction", "prediction_changed", None]


def test_a_note_on_the_document() -> None:
    note = {
        "id": "d",
        "from_name": "document_note",
        "to_name": "text",
        "type": "textarea",
        "value": {"text": ["ok"]},
    }
    assert decode(note).note == "ok"
    assert kept_reasons(decode(note, {**note, "id": "e"})) == [
        "a second note on the document, or not words"
    ]


@given(contents(SCHEMA))
def test_what_is_encoded_is_decoded(given_content: DrawnContent) -> None:
    assert_read_back(given_content, SCHEMA)


def test_every_region_has_an_id_that_a_style_sheet_can_name() -> None:
    odd = [
        Mention(id=name, label="Cue", start=start, end=start + 1, text=TEXT[start])
        for start, name in enumerate(("A.c1", "b:2", "é", "ok-1_a"), 6)
    ]
    items = codec.encode_result(odd, [Relation(type="cue", head="A.c1", tail="b:2")], SCHEMA)
    assert [item["id"] for item in items[:4]] == ["A_2e_c1", "b_3a_2", "_e9_", "ok-1_a"]
    reading = decode(*items)
    assert reading.kept == ()
    assert reading.relations == (Relation(type="cue", head="A_2e_c1", tail="b_3a_2"),)
