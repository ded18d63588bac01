"""The JSON of the corpus report: arrays for objects, and indexes for names of the schema.

``report.js`` reads these arrays. Offsets count code points, as in the records.

| array | elements |
|---|---|
| summary | doc_id to license, annotators, number of mentions, numbers of each frame's mentions |
| document | text, annotations |
| annotation | annotator, status, mentions, relations, equations, note, unknown parts, declined, |
| | how gold was decided |
| declined | label, text, its values, votes |
| mention | id, start, end, label, attributes, flag, note, decided, votes, formatted count, |
| | amended attributes |
| relation | type, head, tail (indexes of mentions) |
| equation | relation, whole, parts (indexes of mentions), state, total, explanation |
| frame | document, annotator, id, start, end, text, flag, closed attributes, tails by relation |
| tail | text, notation, lower, upper |

A label, relation, annotator, flag or value of a closed attribute is an index into the lists of
the page data; what the schema does not list stands as it is. Absent elements at the end of an
array are dropped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any

from sayso.adjudication.deciders import describe_decision
from sayso.corpus.items import Item
from sayso.models import (
    Annotation,
    AttributeValue,
    Gold,
    GoldMention,
    Mention,
    Relation,
    sort_mentions,
)
from sayso.reports.corpus_statistics import AnnotatorKey
from sayso.reports.count_algebra import find_equations, format_count
from sayso.schema.bounds import find_bounds
from sayso.schema.column_names import describe_mentions, frame_id_column, pluralise, snake_case
from sayso.schema.declarations import Attribute, Label, Schema
from sayso.schema.value_words import describe_value

PackedRow = list[Any]
_VIEWS = frozenset({"figures", "documents", "document", "summaries", "main"})
"""Views and blocks of the page that are no frames."""
_SUMMARY_FIELDS = attrgetter(
    "doc_id", "title", "outlet", "url", "published", "language", "split", "license"
)


class CorpusPacker:
    """Packs documents and annotations, and numbers annotators as they appear."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.annotators: dict[AnnotatorKey, int] = {}
        self._labels = {name: number for number, name in enumerate(schema.labels)}
        self._flags = {name: number for number, name in enumerate(schema.flags)}
        self._relations = {name: number for number, name in enumerate(schema.relations)}
        self._values = {
            label: {
                name: {v: n for n, v in enumerate(a.values)}
                for name, a in declared.attributes.items()
            }
            for label, declared in schema.labels.items()
        }
        self.frames = [_describe_frame(schema, label) for label in schema.frames]

    def build_page_data(self) -> dict[str, Any]:
        """Return the lists that indexes point into, with definitions."""
        schema = self.schema
        labels = [_describe_label(name, label) for name, label in schema.labels.items()]
        return {
            "labels": labels,
            "relations": [
                {
                    "name": name,
                    "title": each.title or name,
                    "definition": each.definition,
                    "arithmetic": each.arithmetic,
                    "symmetric": each.symmetric,
                    "bounds": find_bounds(schema, each),
                    "numeric": find_bounds(schema, each) is not None,
                }
                for name, each in schema.relations.items()
            ],
            "flags": [
                {"name": name, "definition": flag.definition} for name, flag in schema.flags.items()
            ],
            "frames": self.frames,
            "adds_up": any(schema.iterate_arithmetic()),
            "annotators": list(self.annotators),
        }

    def _annotator_index(self, record: Annotation | Gold) -> int:
        return self.annotators.setdefault(AnnotatorKey.from_record(record), len(self.annotators))

    def pack_summary(self, item: Item) -> PackedRow:
        """Pack the row of a document in the documents table."""
        labels = [mention.label for record in item.records for mention in record.mentions]
        return [
            *_SUMMARY_FIELDS(item.document),
            [self._annotator_index(record) for record in item.records],
            len(labels),
            [labels.count(frame["label"]) for frame in self.frames],
        ]

    def pack_document(self, item: Item) -> PackedRow:
        """Pack a text with its gold and annotations."""
        return [item.document.text, [self._pack_record(record) for record in item.records]]

    def _pack_record(self, record: Annotation | Gold) -> PackedRow:
        mentions = sort_mentions(
            record.mentions
        )  # the page draws from left to right, outer mentions first
        indexes = {mention.id: number for number, mention in enumerate(mentions)}
        relations = [
            [self._relations.get(r.type, r.type), indexes[r.head], indexes[r.tail]]
            for r in record.relations
        ]
        return _trim(
            [
                self._annotator_index(record),
                "skipped" if isinstance(record, Annotation) and record.status == "skipped" else "",
                [self._pack_mention(mention) for mention in mentions],
                relations,
                self._pack_equations(mentions, record.relations, indexes),
                record.note,
                len(record.kept) if isinstance(record, Annotation) else 0,
                [self._pack_declined(mention) for mention in record.declined]
                if isinstance(record, Gold)
                else [],
                describe_decision(*record.decision) if isinstance(record, Gold) else None,
                self._pack_answers(record),
            ]
        )

    def _pack_answers(self, record: Annotation | Gold) -> PackedRow:
        """Pack the answers to questions about the document: question, answer, how it came about."""
        if isinstance(record, Annotation):
            given = [(question, value, "") for question, value in record.answers.items()]
            places = list(self.schema.questions)
            given.sort(key=lambda each: places.index(each[0]) if each[0] in places else len(places))
        else:
            given = [
                (each.question, each.value, f"{how}: {', '.join(each.votes) or 'nobody'}")
                for how, answers in (("", record.answers), ("declined", record.declined_answers))
                for each in answers
                for how in [how or each.decided]
            ]
        questions = self.schema.questions
        return [
            [
                (declared.title if declared else "") or question,
                describe_value(value, declared),
                detail,
            ]
            for question, value, detail in given
            for declared in [questions.get(question)]
        ]

    def _pack_equations(
        self, mentions: Sequence[Mention], relations: Sequence[Relation], indexes: Mapping[str, int]
    ) -> PackedRow:
        equations = find_equations(
            {mention.id: mention for mention in mentions}, relations, self.schema
        )
        return [
            [
                e.relation,
                indexes[e.whole],
                [indexes[part] for part in e.parts],
                e.state,
                e.total,
                e.explanation,
            ]
            for e in equations
        ]

    def _pack_declined(self, mention: GoldMention) -> PackedRow:
        label = self.schema.labels.get(mention.label)
        declared = label.attributes if label else {}
        given = mention.attributes.items()
        values = ", ".join(describe_value(value, declared.get(name)) for name, value in given)
        return [
            self._labels.get(mention.label, mention.label),
            mention.text,
            values,
            list(mention.votes),
        ]

    def _pack_mention(self, mention: Mention) -> PackedRow:
        decided, votes, amended = (
            (mention.decided, list(mention.votes), list(mention.amended))
            if isinstance(mention, GoldMention)
            else (None, None, [])
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
                self._format_number(mention),
                amended or None,
            ]
        )

    def _flag_index(self, mention: Mention) -> int | str | None:
        return None if mention.flag is None else self._flags.get(mention.flag, mention.flag)

    def _pack_attributes(self, mention: Mention) -> PackedRow:
        """Pack values in schema order, then attributes that the schema lacks as [name, value]."""
        given, declared = mention.attributes, self._values.get(mention.label, {})
        known = [
            _encode_value(
                given.get(name), indexes, self.schema.labels[mention.label].attributes[name]
            )
            for name, indexes in declared.items()
        ]
        unknown = [[name, value] for name, value in given.items() if name not in declared]
        return _trim(known + unknown)

    def _has_bounds(self, mention: Mention) -> bool:
        declared = self.schema.labels.get(mention.label)
        return bool(declared and declared.bounds)

    def _format_number(self, mention: Mention) -> str | None:
        return format_count(mention, self.schema) if self._has_bounds(mention) else None

    def pack_frames(
        self, frame: Mapping[str, Any], document_index: int, item: Item
    ) -> Iterator[PackedRow]:
        """Yield the rows of a frame's table for a document."""
        for record in item.records:
            annotator = self._annotator_index(record)
            mentions: dict[str, Mention] = {mention.id: mention for mention in record.mentions}
            tails = _group_tails(record.relations, self.schema)
            for m in record.mentions:
                if m.label == frame["label"]:
                    tail_lists = [
                        _trim(
                            [
                                self._pack_tail(mentions[tail])
                                for tail in tails.get((m.id, name), ())
                            ]
                        )
                        for name in frame["relations"]
                    ]
                    indexes = self._values[m.label]
                    declared = self.schema.labels[m.label].attributes
                    values = [
                        _encode_value(m.attributes.get(name), indexes[name], declared[name])
                        for name in frame["attributes"]
                    ]
                    yield [
                        document_index,
                        annotator,
                        m.id,
                        m.start,
                        m.end,
                        m.text,
                        self._flag_index(m),
                        values,
                        tail_lists,
                    ]

    def _pack_tail(self, mention: Mention) -> PackedRow:
        declared = self.schema.labels.get(mention.label)
        if declared and declared.bounds:
            lower, upper = (mention.attributes.get(name) for name in declared.bounds)
            return _trim([mention.text, format_count(mention, self.schema), lower, upper])
        referent = mention.attributes.get(declared.referent or "") if declared else None
        return _trim([mention.text, referent if referent != mention.text else None])


def _describe_label(name: str, label: Label) -> dict[str, Any]:
    return {
        "name": name,
        "title": label.title,
        "definition": label.definition,
        "hidden": _list_hidden(label),
        "attributes": [
            {
                "name": name,
                "title": attribute.title or name,
                "definition": attribute.definition,
                "values": [each.title or value for value, each in attribute.values.items()],
                "signs": [value.sign for value in attribute.values.values()],
            }
            for name, attribute in label.attributes.items()
        ],
    }


def _describe_frame(schema: Schema, label: str) -> dict[str, Any]:
    """Return what the page needs to know of a frame. The relations of its first group lead."""
    declared, config = schema.labels[label], pluralise(label)
    first = next(iter(schema.frames[label].groups.values()), ())
    relations = [*first, *(name for name in schema.relations_from(label) if name not in first)]
    return {
        "label": label,
        "config": config,
        "view": f"frame-{config}" if config in _VIEWS else config,
        "title": describe_mentions(label),
        "singular": snake_case(label).replace("_", " "),
        "plural": config.replace("_", " "),
        "definition": declared.definition,
        "id_column": frame_id_column(label),
        "attributes": [name for name, each in declared.attributes.items() if each.is_closed],
        "relations": relations,
        "leading": len(first),
    }


def _list_hidden(label: Label) -> list[str]:
    """Return the titles of what a tooltip leaves out: bounds, and ids of a gazetteer."""
    ids = (roles["id"] for roles in label.suggest.values() if "id" in roles)
    return [label.attributes[name].title or name for name in (*(label.bounds or ()), *ids)]


def _trim(values: PackedRow) -> PackedRow:
    while values and not values[-1] and values[-1] != 0:
        values.pop()
    return values


def _encode_value(
    value: AttributeValue | None, indexes: Mapping[Any, int], attribute: Attribute
) -> AttributeValue | None:
    """Return the index of a value in its list, or words for it if the list lacks it."""
    if value is None or (isinstance(value, str) and not indexes):
        return value
    is_plain = type(value) is int and not attribute.unit and not indexes
    return value if is_plain else indexes.get(value, describe_value(value, attribute))


def _group_tails(relations: Sequence[Relation], schema: Schema) -> dict[tuple[str, str], list[str]]:
    """Return the ids that relations lead to, by (head, type); symmetric ones from either end."""
    groups: dict[tuple[str, str], list[str]] = {}
    for relation in relations:
        groups.setdefault((relation.head, relation.type), []).append(relation.tail)
        declared = schema.relations.get(relation.type)
        if declared and declared.symmetric:
            groups.setdefault((relation.tail, relation.type), []).append(relation.head)
    return groups
