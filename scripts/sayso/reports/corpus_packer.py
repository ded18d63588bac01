"""What the page holds as JSON: arrays in place of objects, numbers in place of words that the schema lists.

report.js reads it; the shapes are told once, here. Offsets stay code points: the page counts as the records do.

| what | shape |
|---|---|
| listed | doc_id, title, outlet, url, published, language, split, license, readers, mentions, claims |
| document | text, readings |
| reading | reader, status, mentions, relations, equations, note, kept, updated, declined |
| declined | label, text, the values given, who marked it so |
| mention | id, start, end, label, attributes, flag, note, decided, votes, number as it is written |
| relation | type, head, tail: places among the mentions |
| equation | relation, whole, parts: places among the mentions; state, total, what is told of it |
| claim | document, reader, id, start, end, text, flag, closed attributes, one list of ends for each relation |
| end | text, gloss, lower, upper |

A label, a relation, a reader, a flag and a value of a closed attribute are places in the lists of ``build_schema_lists``; what the
schema does not list stands as it came. What is absent at the end of an array is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sayso.checks.schema_checks import CLAIM, COUNT, ENTITY, LOWER, UPPER
from sayso.corpus.old_items import AnnotatorKey, LocatedRecord
from sayso.models import (
    Annotation,
    AttributeValue,
    Document,
    Gold,
    GoldMention,
    Mention,
    Relation,
    sort_mentions,
)
from sayso.reports import count_algebra
from sayso.schema.declarations import Attribute, Label, Schema

PackedRow = list[Any]


def build_schema_lists(schema: Schema) -> dict[str, Any]:
    """The lists that numbers point into, and what each word means."""
    return {
        "labels": [_describe_label(name, label) for name, label in schema.labels.items()],
        "relations": [
            {"name": name, "means": each.definition, "head": each.head, "tail": each.tail}
            for name, each in schema.relations.items()
        ],
        "flags": [{"name": name, "means": flag.definition} for name, flag in schema.flags.items()],
        "claim": CLAIM,
        "asked": _closed_attributes(schema),
        "ends": _claim_relations(schema),
    }


def _describe_label(name: str, label: Label) -> dict[str, Any]:
    attributes = [
        {
            "name": n,
            "means": a.definition,
            "values": list(a.values),
            "meanings": [v.definition for v in a.values.values()],
        }
        for n, a in label.attributes.items()
    ]
    return {"name": name, "means": label.definition, "attributes": attributes}


def _closed_attributes(schema: Schema) -> list[str]:
    label = schema.labels.get(CLAIM)
    return (
        [name for name, attribute in label.attributes.items() if attribute.is_closed]
        if label
        else []
    )


def _claim_relations(schema: Schema) -> list[str]:
    return [name for name, relation in schema.relations.items() if relation.head == CLAIM]


def _trim(values: PackedRow) -> PackedRow:
    while values and not values[-1] and values[-1] != 0:
        values.pop()
    return values


class CorpusPacker:
    """Packs documents and readings; gives each reader its number as it comes."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.annotators: dict[AnnotatorKey, int] = {}
        self._labels = {name: number for number, name in enumerate(schema.labels)}
        self._flags = {name: number for number, name in enumerate(schema.flags)}
        self._relations = {name: number for number, name in enumerate(schema.relations)}
        self._attribute_values = {
            label: {
                name: _value_indexes(attribute) for name, attribute in declared.attributes.items()
            }
            for label, declared in schema.labels.items()
        }
        self._claim_attributes, self._claim_relations = (
            _closed_attributes(schema),
            _claim_relations(schema),
        )

    def annotator_index(self, annotation: LocatedRecord) -> int:
        """The number of whoever read."""
        return self.annotators.setdefault(annotation.annotator_key, len(self.annotators))

    def pack_summary(self, document: Document, annotations: Sequence[LocatedRecord]) -> PackedRow:
        """What the list of documents shows."""
        marked = [mention.label for reading in annotations for mention in reading.record.mentions]
        return [
            document.doc_id,
            document.title,
            document.outlet,
            document.url,
            document.published,
            document.language,
            document.split,
            document.license,
            [self.annotator_index(each) for each in annotations],
            len(marked),
            marked.count(CLAIM),
        ]

    def pack_document(self, document: Document, annotations: Sequence[LocatedRecord]) -> PackedRow:
        """A text with everything that was read in it."""
        return [document.text, [self._pack_annotation(reading) for reading in annotations]]

    def _pack_annotation(self, annotation: LocatedRecord) -> PackedRow:
        record = annotation.record
        mentions = sort_mentions(
            record.mentions
        )  # the page draws from left to right, outer ones first
        place = {mention.id: number for number, mention in enumerate(mentions)}
        by_id: dict[str, Mention] = {mention.id: mention for mention in record.mentions}
        arrows = [
            [self._relations.get(r.type, r.type), place[r.head], place[r.tail]]
            for r in record.relations
        ]
        said = [
            [
                e.relation,
                place[e.whole],
                [place[part] for part in e.parts],
                e.state,
                e.total,
                e.explanation,
            ]
            for e in count_algebra.find_equations(by_id, record.relations)
        ]
        return _trim(
            [
                self.annotator_index(annotation),
                "skipped" if annotation.is_skipped else "",
                [self._pack_mention(m) for m in mentions],
                arrows,
                said,
                record.note,
                len(record.kept) if isinstance(record, Annotation) else 0,
                record.adjudicated if isinstance(record, Gold) else record.updated,
                [self._pack_declined(m) for m in record.declined]
                if isinstance(record, Gold)
                else [],
            ]
        )

    def _pack_declined(self, mention: GoldMention) -> PackedRow:
        given = ", ".join(str(value) for value in mention.attributes.values())
        return [
            self._labels.get(mention.label, mention.label),
            mention.text,
            given,
            list(mention.votes),
        ]

    def _pack_mention(self, mention: Mention) -> PackedRow:
        decided, votes = (
            (mention.decided, list(mention.votes))
            if isinstance(mention, GoldMention)
            else (None, None)
        )
        return _trim(
            [
                mention.id,
                mention.start,
                mention.end,
                self._labels.get(mention.label, mention.label),
                self._pack_attributes(mention),
                self._flag_index(mention),
                mention.note,
                decided,
                votes,
                count_algebra.format_count(mention) if mention.label == COUNT else None,
            ]
        )

    def _flag_index(self, mention: Mention) -> int | str | None:
        return None if mention.flag is None else self._flags.get(mention.flag, mention.flag)

    def _pack_attributes(self, mention: Mention) -> PackedRow:
        """Values in the order of the schema; what it does not list follows as [name, value]."""
        held, declared = mention.attributes, self._attribute_values.get(mention.label, {})
        known = [_encode_value(held.get(name), places) for name, places in declared.items()]
        more = [[name, value] for name, value in held.items() if name not in declared]
        return _trim(known + more)

    def pack_claims(
        self, document_index: int, annotations: Sequence[LocatedRecord]
    ) -> Iterator[PackedRow]:
        """The rows of the claims table, for the document of that number."""
        for reading in annotations:
            record, reader = reading.record, self.annotator_index(reading)
            by_id: dict[str, Mention] = {mention.id: mention for mention in record.mentions}
            tails = _group_tails(record.relations)
            declared = self._attribute_values.get(CLAIM, {})
            for m in record.mentions:
                if m.label == CLAIM:
                    asked = [
                        _encode_value(m.attributes.get(name), declared[name])
                        for name in self._claim_attributes
                    ]
                    ends = [
                        _trim([_pack_tail(by_id[t]) for t in tails.get((m.id, name), ())])
                        for name in self._claim_relations
                    ]
                    yield [
                        document_index,
                        reader,
                        m.id,
                        m.start,
                        m.end,
                        m.text,
                        self._flag_index(m),
                        asked,
                        ends,
                    ]


def _value_indexes(attribute: Attribute) -> dict[AttributeValue, int]:
    return {value: number for number, value in enumerate(attribute.values)}


def _encode_value(
    value: AttributeValue | None, indexes: Mapping[AttributeValue, int]
) -> AttributeValue | None:
    """A value's place in its list; where it has a list and is not in it, its words."""
    return value if value is None or not indexes else indexes.get(value, str(value))


def _group_tails(relations: Sequence[Relation]) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for relation in relations:
        found.setdefault((relation.head, relation.type), []).append(relation.tail)
    return found


def _pack_tail(mention: Mention) -> PackedRow:
    if mention.label == COUNT:
        lower, upper = (mention.attributes.get(name) for name in (LOWER, UPPER))
        return _trim([mention.text, count_algebra.format_count(mention), lower, upper])
    entity = mention.attributes.get(ENTITY)
    return _trim([mention.text, entity if entity != mention.text else None])
