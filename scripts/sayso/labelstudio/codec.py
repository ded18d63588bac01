"""Results of Label Studio ↔ mentions and relations. Pure: no network, no disk.

One region arrives as several items under one id, in any order: the span with its label, and one item for each
attribute. Whatever the schema does not know, or what cannot stand as a mention, is kept as it came with the reason;
nothing is guessed. Words are sliced from the text received; the server's own copy only bears witness (``doctor``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sayso.labelstudio.controls import DOCUMENT_NOTE, FLAG, NOTE, SPAN, TEXT, control_name
from sayso.labelstudio.offsets import DIAGNOSIS_REASONS, diagnose_span
from sayso.models import (
    AttributeValue,
    Mention,
    Relation,
    UnknownItem,
    sort_mentions,
    sort_relations,
)
from sayso.schema.declarations import Attribute, Schema
from sayso.spans import Span, trim

ResultItem = dict[str, Any]
_NOT_IN_CSS_CLASS = re.compile(r"[^A-Za-z0-9_-]")
_ITEM_KEYS = {"id", "from_name", "to_name", "type", "value", "origin"}
_SPAN_KEYS = {"start", "end", "text", "labels"}
_MOUSE_ORIGINS = {
    "manual",
    "prediction-changed",
}  # a person's mouse was at work; what came through the API has none of these
_STARTED_FROM = {"prediction": "prediction", "prediction-changed": "prediction_changed"}
_TRIMMED_REASON = "white space trimmed from a span"
CORRECTION_REASONS = frozenset({_TRIMMED_REASON, DIAGNOSIS_REASONS["utf16"]})
"""Reasons for which something is kept though nothing of it is missing from the reading."""


@dataclass(frozen=True)
class DecodedResult:
    """What one result says: ``kept`` holds every part of it that is not in the other three."""

    mentions: tuple[Mention, ...]
    relations: tuple[Relation, ...]
    note: str | None
    kept: tuple[UnknownItem, ...]


def decode_result(result: Iterable[ResultItem], text: str, schema: Schema) -> DecodedResult:
    """Read one result over the text as received. Order of the items does not matter."""
    sorting = _GroupedItems.group(result)
    kept = sorting.kept
    mentions = [
        mention
        for identifier, items in sorting.regions.items()
        if (mention := _decode_mention(identifier, items, text, schema, kept))
    ]
    note = _decode_document_note(sorting.document_items, kept)
    relations = _decode_relations(
        sorting.relations, {mention.id for mention in mentions}, schema, kept
    )
    return DecodedResult(sort_mentions(mentions), sort_relations(relations), note, tuple(kept))


@dataclass
class _GroupedItems:
    """The items of a result, by what they speak of."""

    regions: dict[str, list[ResultItem]] = field(default_factory=dict)
    relations: list[ResultItem] = field(default_factory=list)
    document_items: list[ResultItem] = field(default_factory=list)
    kept: list[UnknownItem] = field(default_factory=list)

    @classmethod
    def group(cls, result: Iterable[ResultItem]) -> _GroupedItems:
        sorting = cls()
        for item in result:
            if not isinstance(item, dict):
                sorting.kept.append(UnknownItem(reason="not an item of a result", item=item))
            elif item.get("type") == "relation":
                sorting.relations.append(item)
            elif not isinstance(item.get("value"), dict) or not isinstance(item.get("id"), str):
                sorting.kept.append(
                    UnknownItem(reason="an item without an id or a value", item=item)
                )
            elif item.get("from_name") == DOCUMENT_NOTE:
                sorting.document_items.append(item)
            else:
                sorting.regions.setdefault(item["id"], []).append(item)
        return sorting


class _UnusableRegion(Exception):
    """A region that cannot be a mention; its whole is kept."""


def _decode_mention(
    identifier: str, items: list[ResultItem], text: str, schema: Schema, kept: list[UnknownItem]
) -> Mention | None:
    """The mention that a region's items make, or None where they are kept instead."""
    try:
        spans = [item for item in items if item.get("from_name") == SPAN]
        label = _decode_label(spans, schema)
        span = _resolve_span(spans[0], text, kept)
    except _UnusableRegion as unfit:
        kept.extend(UnknownItem(reason=str(unfit), item=item) for item in items)
        return None
    answers = _AttributeDecoder(label, schema)
    for item in items:
        if item is spans[0]:
            _keep_extras(item, kept)
        elif (reason := answers.decode_item(item)) is not None:
            kept.append(UnknownItem(reason=reason, item=item))
    return Mention(
        id=identifier,
        label=label,
        start=span.start,
        end=span.end,
        text=text[span.start : span.end],
        attributes=answers.ordered_attributes(),
        flag=answers.flag,
        note=answers.note,
        started_from=_STARTED_FROM.get(spans[0].get("origin", "")),  # type: ignore[arg-type]
    )


def _decode_label(spans: list[ResultItem], schema: Schema) -> str:
    if len(spans) != 1:
        raise _UnusableRegion("a region without a label" if not spans else "two spans under one id")
    labels = spans[0]["value"].get("labels")
    if not isinstance(labels, list) or not labels:
        raise _UnusableRegion("a region without a label")
    if len(labels) > 1:
        raise _UnusableRegion("a region with several labels")
    if labels[0] not in schema.labels:
        raise _UnusableRegion("a label that the schema does not know")
    label: str = labels[0]
    return label


def _decode_offsets(item: ResultItem) -> Span:
    start, end = item["value"].get("start"), item["value"].get("end")
    if type(start) is not int or type(end) is not int:
        raise _UnusableRegion("offsets that are not whole numbers")
    if item.get("to_name") != TEXT:
        raise _UnusableRegion("a span on something other than the text")
    return Span(start, end)


def _resolve_span(item: ResultItem, text: str, kept: list[UnknownItem]) -> Span:
    """Where the mention stands, without white space at its edges; what was done about its offsets is told."""
    received = _decode_offsets(item)
    verdict = diagnose_span(
        received, text, item["value"].get("text"), by_mouse=item.get("origin") in _MOUSE_ORIGINS
    )
    if verdict.span is None:
        raise _UnusableRegion(DIAGNOSIS_REASONS[verdict.diagnosis])
    span = trim(verdict.span, text)
    told = [DIAGNOSIS_REASONS["utf16"]] if verdict.diagnosis == "utf16" else []
    told += [_TRIMMED_REASON] if span != verdict.span else []
    kept += [
        UnknownItem(reason=reason, item={"id": item["id"], "received": list(received)})
        for reason in told
    ]
    return span


def _keep_extras(item: ResultItem, kept: list[UnknownItem]) -> None:
    """Keep what a span carries beyond offsets and label, such as a comment typed into Label Studio's own panel."""
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


class _AttributeDecoder:
    """The attributes of one mention, taken one item at a time."""

    def __init__(self, label: str, schema: Schema) -> None:
        self._declared = schema.labels[label].attributes
        self._flags = schema.flags
        self._name_by_control = {control_name(label, name): name for name in self._declared}
        self._values: dict[str, AttributeValue] = {}
        self.flag: str | None = None
        self.note: str | None = None

    def decode_item(self, item: ResultItem) -> str | None:
        """Take one answer in; the reason where it has to be kept instead."""
        name = item.get("from_name")
        if name == NOTE and self.note is None:
            self.note = _decode_text(item["value"])
            return None if self.note else "a note that is not words"
        if name == FLAG and self.flag is None:
            self.flag = _decode_choice(item["value"], self._flags)
            return None if self.flag else "a flag that the schema does not know"
        if name not in self._name_by_control:
            return "an attribute that its label does not have"
        if self._name_by_control[name] in self._values or name in (NOTE, FLAG):
            return "an attribute given twice"
        return self._set_attribute(self._name_by_control[name], item["value"])

    def _set_attribute(self, name: str, value: ResultItem) -> str | None:
        answer = _decode_value(self._declared[name], value)
        if answer is None:
            return "a value that the schema does not know"
        self._values[name] = answer
        return None

    def ordered_attributes(self) -> dict[str, AttributeValue]:
        """The answers in the schema's order."""
        return {name: self._values[name] for name in self._declared if name in self._values}


def _decode_value(attribute: Attribute, value: ResultItem) -> AttributeValue | None:
    if attribute.is_closed:
        return _decode_choice(value, attribute.values)
    return (
        _decode_integer(value.get("number")) if attribute.kind == "integer" else _decode_text(value)
    )


def _decode_choice(value: ResultItem, known: Iterable[str]) -> str | None:
    choices = value.get("choices")
    single = choices[0] if isinstance(choices, list) and len(choices) == 1 else None
    return single if isinstance(single, str) and single in known else None


def _decode_integer(number: object) -> int | None:
    """A whole number, also where JavaScript wrote it as 38.0; nothing else."""
    if isinstance(number, float) and number.is_integer():
        return int(number)
    return number if type(number) is int else None


def _decode_text(value: ResultItem) -> str | None:
    """What was typed into a text field: Label Studio stores a list of answers, of which there must be one."""
    typed = value.get("text")
    if isinstance(typed, list) and len(typed) == 1:
        typed = typed[0]
    return typed if isinstance(typed, str) and typed else None


def _decode_document_note(items: list[ResultItem], kept: list[UnknownItem]) -> str | None:
    note = None
    for item in items:
        words = _decode_text(item["value"])
        if words and note is None:
            note = words
        else:
            kept.append(
                UnknownItem(reason="a second note on the document, or not words", item=item)
            )
    return note


def _decode_relations(
    items: list[ResultItem], mentions: set[str], schema: Schema, kept: list[UnknownItem]
) -> list[Relation]:
    found: list[Relation] = []
    for item in items:
        ends = _find_relation_ends(item)
        types = item.get("labels") or []
        if reason := _explain_unusable_relation(item, ends, types, mentions, schema):
            kept.append(UnknownItem(reason=reason, item=item))
            continue
        for relation in (Relation(type=name, head=ends[0], tail=ends[1]) for name in types):
            if relation in found:
                kept.append(UnknownItem(reason="the same relation twice", item=item))
            else:
                found.append(relation)
    return found


def _find_relation_ends(item: ResultItem) -> tuple[Any, Any]:
    """Head and tail: Label Studio turns an arrow round by its direction, not by its ends."""
    one, other = item.get("from_id"), item.get("to_id")
    return (other, one) if item.get("direction") == "left" else (one, other)


def _explain_unusable_relation(
    item: ResultItem, ends: tuple[Any, Any], types: Any, mentions: set[str], schema: Schema
) -> str | None:
    if item.get("direction") == "bi":
        return "a relation drawn both ways"
    if not isinstance(types, list) or not types:
        return "a relation without a type"
    if any(name not in schema.relations for name in types):
        return "a relation that the schema does not know"
    if any(not isinstance(end, str) or end not in mentions for end in ends):
        return "a relation to a missing mention"
    return None


def encode_result(
    mentions: Iterable[Mention],
    relations: Iterable[Relation],
    schema: Schema,
    note: str | None = None,
) -> list[ResultItem]:
    """The result that shows these mentions and relations, for a prediction or an answer.

    Label Studio makes the id of a region a class of its style sheet; under any other id a mention has no colour.

    Raises:
        KeyError: a label or attribute that the schema does not know; check the records before.
    """
    items = [item for mention in mentions for item in _encode_mention(mention, schema)]
    items += [
        {
            "type": "relation",
            "from_id": encode_region_id(r.head),
            "to_id": encode_region_id(r.tail),
            "direction": "right",
            "labels": [r.type],
        }
        for r in relations
    ]
    if note:
        asked = {
            "id": DOCUMENT_NOTE,
            "from_name": DOCUMENT_NOTE,
            "to_name": TEXT,
            "type": "textarea",
        }
        items.append({**asked, "value": {"text": [note]}})
    return items


def encode_region_id(identifier: str) -> str:
    """The id as a class of a style sheet: every other character becomes its code point, in hexadecimal.

    >>> encode_region_id("A_c1"), encode_region_id("A.c1")
    ('A_c1', 'A_2e_c1')
    """
    return _NOT_IN_CSS_CLASS.sub(lambda found: f"_{ord(found[0]):x}_", identifier)


def _encode_mention(mention: Mention, schema: Schema) -> Iterator[ResultItem]:
    place = {"start": mention.start, "end": mention.end}
    yield _build_item(
        mention, SPAN, "labels", {**place, "text": mention.text, "labels": [mention.label]}
    )
    attributes = schema.labels[mention.label].attributes
    for name, value in mention.attributes.items():
        kind, answer = _encode_value(attributes[name], value)
        yield _build_item(mention, control_name(mention.label, name), kind, {**place, **answer})
    if mention.flag:
        yield _build_item(mention, FLAG, "choices", {**place, "choices": [mention.flag]})
    if mention.note:
        yield _build_item(mention, NOTE, "textarea", {**place, "text": [mention.note]})


def _build_item(mention: Mention, name: str, kind: str, value: ResultItem) -> ResultItem:
    return {
        "id": encode_region_id(mention.id),
        "from_name": name,
        "to_name": TEXT,
        "type": kind,
        "value": value,
    }


def _encode_value(attribute: Attribute, value: AttributeValue) -> tuple[str, ResultItem]:
    if attribute.is_closed:
        return "choices", {"choices": [value]}
    return (
        ("number", {"number": value})
        if attribute.kind == "integer"
        else ("textarea", {"text": [value]})
    )
