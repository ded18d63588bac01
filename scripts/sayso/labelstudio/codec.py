"""Conversion between results of Label Studio and annotations. Pure: no network, no disk.

A region arrives as several items with one id, in any order: the span with its label, and one item
for each attribute. An answer about the whole document is an item by itself. Whatever the schema
does not know, or cannot be a mention, is kept as received with the reason; nothing is guessed. The
text of a mention is sliced from the document, because Label Studio's own copy writes line breaks
its own way.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from sayso.labelstudio.controls import DOCUMENT_NOTE, FLAG, NOTE, SPAN, TEXT, control_name
from sayso.labelstudio.offsets import DIAGNOSIS_REASONS, diagnose_span
from sayso.models import (
    AttributeValue,
    Mention,
    Relation,
    UnknownItem,
    is_int64,
    sort_mentions,
    sort_relations,
)
from sayso.schema.column_names import question_control_name
from sayso.schema.declarations import Attribute, Schema
from sayso.schema.defaults import fill_defaults
from sayso.schema.schema_types import BOOLEAN_WORDS
from sayso.schema.symmetry import orient_relations
from sayso.spans import Span, trim

ResultItem = dict[str, Any]
_NO_VALUES: Mapping[str, AttributeValue] = MappingProxyType({})
_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_NOT_IN_CSS_CLASS = re.compile(r"[^A-Za-z0-9_-]")
_ITEM_KEYS = {"id", "from_name", "to_name", "type", "value", "origin"}
_SPAN_KEYS = {"start", "end", "text", "labels"}
_MOUSE_ORIGINS = {"manual", "prediction-changed"}  # what came through the API has neither
EDITOR_ORIGINS = frozenset({*_MOUSE_ORIGINS, "prediction"})
"""The editor marks each region of an annotation with one of them."""
_STARTED_FROM = {"prediction": "prediction", "prediction-changed": "prediction_changed"}
_TRIMMED_REASON = "white space trimmed from a span"
CORRECTION_REASONS = frozenset({_TRIMMED_REASON, DIAGNOSIS_REASONS["utf16"]})
"""Reasons of kept items from which nothing is missing in the mentions."""
REPEATED_RELATION_REASON = "the same relation twice"


class DecodedResult(NamedTuple):
    """The fields of an Annotation that a result gives; ``kept`` has all that no other field has."""

    mentions: tuple[Mention, ...]
    relations: tuple[Relation, ...]
    answers: dict[str, AttributeValue]
    note: str | None
    kept: tuple[UnknownItem, ...]


class _UnusableRegion(Exception):
    """A region that cannot be a mention; all of it is kept."""


def read_origin(item: object) -> str:
    """Return the editor's mark of a region; empty where it has none, or something else there."""
    origin = item.get("origin") if isinstance(item, dict) else None
    return origin if isinstance(origin, str) else ""


def decode_result(
    result: Iterable[ResultItem], text: str, schema: Schema, *, defaults_of: str | None = None
) -> DecodedResult:
    """Decode one result over the text as received. The order of its items does not matter.

    Args:
        defaults_of: the pass whose default values stand where none was given; None for no defaults.
    """
    kept: list[UnknownItem] = []
    regions: dict[str, list[ResultItem]] = {}
    relations: list[ResultItem] = []
    answers: list[ResultItem] = []
    note = None
    questions = {question_control_name(name): name for name in schema.questions}
    for item in result:
        if not isinstance(item, dict):
            kept.append(UnknownItem(reason="not an item of a result", item=item))
        elif item.get("type") == "relation":
            relations.append(item)
        elif not isinstance(item.get("value"), dict) or not isinstance(item.get("id"), str):
            kept.append(UnknownItem(reason="an item without an id or a value", item=item))
        elif _read_control(item) in questions:
            answers.append(item)
        elif item.get("from_name") != DOCUMENT_NOTE:
            regions.setdefault(item["id"], []).append(item)
        elif note is None and (typed := _decode_text(item["value"])):
            note = typed
        else:
            reason = "a second note on the document, or not words"
            kept.append(UnknownItem(reason=reason, item=item))
    mentions = {
        mention.id: mention
        for items in regions.values()
        if (mention := _decode_mention(items, text, schema, kept, defaults_of))
    }
    decoded = sort_relations(_decode_relations(relations, mentions, schema, kept))
    answered = _decode_answers(answers, questions, schema, kept, defaults_of)
    return DecodedResult(sort_mentions(mentions.values()), decoded, answered, note, tuple(kept))


def _read_control(item: ResultItem) -> str:
    control = item.get("from_name")
    return control if isinstance(control, str) else ""


def _decode_answers(
    items: list[ResultItem],
    questions: Mapping[str, str],
    schema: Schema,
    kept: list[UnknownItem],
    defaults_of: str | None,
) -> dict[str, AttributeValue]:
    """Return the answers about the document; ``questions`` are by control."""
    answers: dict[str, AttributeValue] = {}
    for item in items:
        name = questions[_read_control(item)]
        if reason := _add_value(name, schema.questions[name], item["value"], answers):
            kept.append(UnknownItem(reason=reason, item=item))
    asked = schema.interfaces[defaults_of].questions if defaults_of in schema.interfaces else ()
    given = {questions[_read_control(item)] for item in items}
    without = {name for name in schema.questions if name not in asked or name in given}
    return fill_defaults(answers, schema.questions, without)


def _decode_mention(
    items: list[ResultItem],
    text: str,
    schema: Schema,
    kept: list[UnknownItem],
    defaults_of: str | None,
) -> Mention | None:
    spans = [item for item in items if item.get("from_name") == SPAN]
    try:
        label = _decode_label(spans, schema)
        span = _decode_span(spans[0], text, kept)
    except _UnusableRegion as unusable:
        kept.extend(UnknownItem(reason=str(unusable), item=item) for item in items)
        return None
    attributes: dict[str, AttributeValue] = {}
    remarks: dict[str, str] = {}
    for item in items:
        if item is spans[0]:
            _keep_extras(item, kept)
        elif reason := _decode_attribute(item, label, schema, attributes, remarks):
            kept.append(UnknownItem(reason=reason, item=item))
    declared, given = schema.labels[label].attributes, {_read_control(item) for item in items}
    filled = defaults_of is not None
    without = {name for name in declared if not filled or control_name(label, name) in given}
    return Mention(
        id=spans[0]["id"],
        label=label,
        start=span.start,
        end=span.end,
        text=text[span.start : span.end],
        attributes=fill_defaults(attributes, declared, without),
        flag=remarks.get(FLAG),
        note=remarks.get(NOTE),
        started_from=_STARTED_FROM.get(read_origin(spans[0])),  # type: ignore[arg-type]
    )


def _decode_label(spans: list[ResultItem], schema: Schema) -> str:
    if len(spans) > 1:
        raise _UnusableRegion("two spans under one id")
    labels = spans[0]["value"].get("labels") if spans else None
    if not isinstance(labels, list) or not labels:
        raise _UnusableRegion("a region without a label")
    if len(labels) > 1:
        raise _UnusableRegion("a region with several labels")
    if not isinstance(labels[0], str) or labels[0] not in schema.labels:
        raise _UnusableRegion("a label that the schema does not know")
    return labels[0]


def _decode_span(item: ResultItem, text: str, kept: list[UnknownItem]) -> Span:
    """Return the span without white space at its edges; corrections are noted in ``kept``."""
    start, end = item["value"].get("start"), item["value"].get("end")
    if type(start) is not int or type(end) is not int:
        raise _UnusableRegion("offsets that are not whole numbers")
    if item.get("to_name") != TEXT:
        raise _UnusableRegion("a span on something other than the text")
    by_mouse = read_origin(item) in _MOUSE_ORIGINS
    diagnosis = diagnose_span(Span(start, end), text, item["value"].get("text"), by_mouse=by_mouse)
    if diagnosis.span is None:
        raise _UnusableRegion(DIAGNOSIS_REASONS[diagnosis.diagnosis])
    span = trim(diagnosis.span, text)
    corrections = [DIAGNOSIS_REASONS["utf16"]] if diagnosis.diagnosis == "utf16" else []
    corrections += [_TRIMMED_REASON] if span != diagnosis.span else []
    kept += [
        UnknownItem(reason=reason, item={"id": item["id"], "received": [start, end]})
        for reason in corrections
    ]
    return span


def _keep_extras(item: ResultItem, kept: list[UnknownItem]) -> None:
    """Keep more than offsets and label, such as a comment typed into Label Studio's own panel."""
    extras = {
        key: value
        for key, value in item.items()
        if key not in _ITEM_KEYS and value not in (None, [], {})
    }
    extras |= {key: value for key, value in item["value"].items() if key not in _SPAN_KEYS}
    if extras:
        kept.append(
            UnknownItem(reason="more than a span and a label", item={"id": item["id"], **extras})
        )


def _decode_attribute(
    item: ResultItem,
    label: str,
    schema: Schema,
    attributes: dict[str, AttributeValue],
    remarks: dict[str, str],
) -> str | None:
    """Add a value to ``attributes`` or ``remarks``, or return the reason to keep the item."""
    control = item.get("from_name")
    if control in (NOTE, FLAG):
        return _decode_remark(control, item["value"], schema, remarks)
    declared = schema.labels[label].attributes
    name = next((name for name in declared if control_name(label, name) == control), None)
    if name is None:
        return "an attribute that its label does not have"
    return _add_value(name, declared[name], item["value"], attributes)


def _add_value(
    name: str, attribute: Attribute, value: ResultItem, values: dict[str, AttributeValue]
) -> str | None:
    """Add the value of an attribute or a question, or return the reason to keep the item."""
    if name in values:
        return "an attribute given twice"
    decoded = _decode_value(attribute, value)
    if decoded is None:
        return (
            "a number that is not written as in -1234.5"
            if attribute.kind == "number"
            else "a value that the schema does not know"
        )
    values[name] = decoded
    return None


def _decode_remark(
    control: str, value: ResultItem, schema: Schema, remarks: dict[str, str]
) -> str | None:
    if control in remarks:
        return "an attribute given twice"
    typed = _decode_text(value) if control == NOTE else _decode_choice(value, schema.flags)
    if not typed:
        return (
            "a note that is not words"
            if control == NOTE
            else "a flag that the schema does not know"
        )
    remarks[control] = typed
    return None


def _decode_value(attribute: Attribute, value: ResultItem) -> AttributeValue | None:
    if attribute.is_closed:
        return _decode_choice(value, attribute.values)
    if attribute.kind == "choices":
        return _decode_choices(value, attribute)
    if attribute.kind == "boolean":
        word = _decode_choice(value, BOOLEAN_WORDS.values())
        return next((truth for truth in BOOLEAN_WORDS if BOOLEAN_WORDS[truth] == word), None)
    if attribute.kind == "integer":
        return _decode_integer(value.get("number"))
    if attribute.kind == "date":
        day = value.get("datetime")
        return day if isinstance(day, str) and attribute.accepts(day) else None
    typed = _decode_text(value)
    return _decode_number(typed) if typed and attribute.kind == "number" else typed


def _decode_integer(number: object) -> int | None:
    if isinstance(number, float) and number.is_integer():  # JavaScript writes 38.0 now and then
        number = int(number)
    return number if isinstance(number, int) and _is_stored(number) else None


def _is_stored(number: int) -> bool:
    return not isinstance(number, bool) and is_int64(number)


def _decode_number(typed: str) -> float | None:
    """Return a number as a person types it; a comma may mean either thing, and is refused."""
    typed = typed.strip().replace("\N{MINUS SIGN}", "-")
    number = float(typed) if _NUMBER.fullmatch(typed) else math.inf
    return number if math.isfinite(number) else None


def _decode_choices(value: ResultItem, attribute: Attribute) -> tuple[str, ...] | None:
    chosen = value.get("choices")
    if not isinstance(chosen, list):
        return None
    known = attribute.sort_values(chosen)
    return known if known and len(known) == len(chosen) else None


def _decode_choice(value: ResultItem, known: Iterable[str]) -> str | None:
    choices = value.get("choices")
    single = choices[0] if isinstance(choices, list) and len(choices) == 1 else None
    return single if isinstance(single, str) and single in known else None


def _decode_text(value: ResultItem) -> str | None:
    """Return the text of a field, which Label Studio stores as a list with one entry."""
    typed = value.get("text")
    if isinstance(typed, list) and len(typed) == 1:
        typed = typed[0]
    return typed if isinstance(typed, str) and typed else None


def _decode_relations(
    items: list[ResultItem],
    mentions: Mapping[str, Mention],
    schema: Schema,
    kept: list[UnknownItem],
) -> list[Relation]:
    relations: list[Relation] = []
    for item in items:
        head, tail = item.get("from_id"), item.get("to_id")
        if (
            item.get("direction") == "left"
        ):  # turning an arrow changes its direction, never its ends
            head, tail = tail, head
        types = item.get("labels") or []  # absent where the annotator chose none
        if reason := _explain_unusable_relation((head, tail), types, mentions):
            kept.append(UnknownItem(reason=reason, item=item))
            continue
        known = [name for name in types if isinstance(name, str) and name in schema.relations]
        if unknown := [name for name in types if name not in known]:
            reason, rest = "a relation that the schema does not know", {**item, "labels": unknown}
            kept.append(UnknownItem(reason=reason, item=rest))
        drawn = [Relation(type=name, head=str(head), tail=str(tail)) for name in known]
        for relation in orient_relations(drawn, mentions, schema):
            rest = {**item, "labels": [relation.type]}
            if item.get("direction") == "bi" and not schema.relations[relation.type].symmetric:
                kept.append(UnknownItem(reason="a relation drawn both ways", item=rest))
            elif relation in relations:
                kept.append(UnknownItem(reason=REPEATED_RELATION_REASON, item=rest))
            else:
                relations.append(relation)
    return relations


def _explain_unusable_relation(
    ends: tuple[Any, Any], types: Any, mentions: Mapping[str, Mention]
) -> str | None:
    if not isinstance(types, list) or not types:
        return "a relation without a type"
    if any(not isinstance(end, str) or end not in mentions for end in ends):
        return "a relation to a missing mention"
    return None


def encode_result(
    mentions: Iterable[Mention],
    relations: Iterable[Relation],
    schema: Schema,
    note: str | None = None,
    answers: Mapping[str, AttributeValue] = _NO_VALUES,
) -> list[ResultItem]:
    """Encode an annotation's content as the result of a prediction or an annotation.

    Raises:
        KeyError: a label, attribute or question that the schema does not know; check the records
            before.
    """
    items = [item for mention in mentions for item in _encode_mention(mention, schema)]
    items += _encode_relations(relations)
    about_document = [
        (question_control_name(name), *_encode_value(schema.questions[name], value))
        for name, value in answers.items()
    ]
    if note:
        about_document.append((DOCUMENT_NOTE, "textarea", {"text": [note]}))
    for control, kind, value in about_document:
        item = {"id": control, "from_name": control, "to_name": TEXT, "type": kind, "value": value}
        items.append(item)
    return items


def _encode_relations(relations: Iterable[Relation]) -> Iterator[ResultItem]:
    """Yield one item for each pair of head and tail, with the types of all relations between them.

    Of two items from one region to another, Label Studio's editor keeps the first alone.
    """
    types: dict[tuple[str, str], list[str]] = {}
    for relation in relations:
        types.setdefault((relation.head, relation.tail), []).append(relation.type)
    for (head, tail), labels in types.items():
        yield {
            "type": "relation",
            "from_id": encode_region_id(head),
            "to_id": encode_region_id(tail),
            "direction": "right",
            "labels": labels,
        }


def encode_region_id(identifier: str) -> str:
    """Replace every character that a CSS class cannot have by its code point, in hexadecimal.

    Label Studio makes the id of a region a class of its style sheet. With another character in it
    the mention has no colour.

    >>> encode_region_id("A_c1"), encode_region_id("A.c1")
    ('A_c1', 'A_2e_c1')
    """
    return _NOT_IN_CSS_CLASS.sub(lambda found: f"_{ord(found[0]):x}_", identifier)


def _encode_mention(mention: Mention, schema: Schema) -> Iterator[ResultItem]:
    attributes = schema.labels[mention.label].attributes
    controls = [(SPAN, "labels", {"text": mention.text, "labels": [mention.label]})]
    controls += [
        (control_name(mention.label, name), *_encode_value(attributes[name], value))
        for name, value in mention.attributes.items()
    ]
    if mention.flag:
        controls.append((FLAG, "choices", {"choices": [mention.flag]}))
    if mention.note:
        controls.append((NOTE, "textarea", {"text": [mention.note]}))
    for control, kind, value in controls:
        yield {
            "id": encode_region_id(mention.id),
            "from_name": control,
            "to_name": TEXT,
            "type": kind,
            "value": {"start": mention.start, "end": mention.end, **value},
        }


def _encode_value(attribute: Attribute, value: Any) -> tuple[str, ResultItem]:
    if attribute.has_values:
        return "choices", {"choices": [value] if attribute.is_closed else list(value)}
    if attribute.kind == "boolean":
        return "choices", {"choices": [BOOLEAN_WORDS[value]]}
    if attribute.kind == "integer":
        return "number", {"number": value}
    if attribute.kind == "date":
        return "datetime", {"datetime": value}
    typed = _write_number(value) if attribute.kind == "number" else value
    return "textarea", {"text": [typed]}


def _write_number(number: float) -> str:
    """Write a number as a person would: 12, not 12.0."""
    return repr(number).removesuffix(".0")
