"""The columns of each configuration, declared once from the schema.

A type is data: ``"string"`` and the like, ``[type]`` for a list, ``{name: type}`` for a struct.
The head of the card and the Arrow schema are both made from it, so they cannot disagree. Every
value may be null, and closed values are plain strings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from sayso.schema.column_names import (
    attribute_column_name,
    crosswalk_column_name,
    frame_id_column,
    list_configs,
    pluralise,
    relation_column_name,
    tags_column_name,
)
from sayso.schema.declarations import Attribute, Schema

ColumnType = str | list[Any] | dict[str, Any]
Columns = dict[str, ColumnType]

DEFAULT_CONFIG = "gold"
RELATION_ENDS = ("head", "tail")


def _columns(text: str) -> Columns:
    """Parse ``name`` for a column of strings, ``name:type`` for another."""
    pairs = (word.partition(":") for word in text.split())
    return {name: kind or "string" for name, _, kind in pairs}


_DOCUMENT_COLUMNS = _columns(
    "doc_id title outlet url published language license source_name split ingested text_sha256 text"
)
_KEY_COLUMNS = _columns(
    "doc_id reading annotator_kind annotator_role campaign interface answer:int32"
)
_SPAN_COLUMNS = _columns("start:int32 end:int32 text")
_SENTENCE_COLUMNS = _columns("sentence_start:int32 sentence_end:int32 sentence")
_RELATION_COLUMNS = _columns("type head tail")
_DECIDER_COLUMNS = _columns("decided adjudicator adjudicator_kind")
_DECISION_COLUMNS: Columns = {"decided": "string", "votes": ["string"]}
_REMARK_COLUMNS = _columns("flag note started_from")
_KEPT_COLUMNS = _columns("reason item")
_ORIGIN_COLUMNS = _columns("system project:int64 task:int64 annotation:int64 server")
_MISALIGNED_COLUMNS = _columns("mention_id label start:int32 end:int32 reason")
_ANNOTATION_COLUMNS = _columns("""
    doc_id text_sha256 text_read campaign interface annotator annotator_kind annotator_role
    changed_by answer:int32 schema_version guidelines_version status created updated
    lead_time_seconds:float64 started_from unseen:bool
""")


_ATTRIBUTE_TYPES: Mapping[str, ColumnType] = {
    "boolean": "bool",
    "choices": ["string"],
    "integer": "int64",
    "number": "float64",
}


def attribute_type(attribute: Attribute) -> ColumnType:
    """Return the plain type of an attribute's values."""
    return _ATTRIBUTE_TYPES.get(attribute.kind, "string")


def attribute_columns(schema: Schema) -> Columns:
    """Return the attributes of all labels in one struct, as a mention has them."""
    return {
        name: attribute_type(attribute)
        for declaration in schema.labels.values()
        for name, attribute in declaration.attributes.items()
    }


def question_columns(schema: Schema) -> Columns:
    """Return the questions about the document with the types of their answers."""
    return {name: attribute_type(question) for name, question in schema.questions.items()}


def label_attribute_columns(schema: Schema, label: str) -> Columns:
    """Return the attributes of one label with their types."""
    return {
        name: attribute_type(attribute)
        for name, attribute in schema.labels[label].attributes.items()
    }


class CrosswalkColumn(NamedTuple):
    """A column of ``mentions`` with the codes of another dataset for an attribute's values."""

    label: str
    attribute: str
    type: ColumnType
    codes: dict[str, Any]

    @property
    def source_column(self) -> str:
        """The column with the attribute itself."""
        return attribute_column_name(self.label, self.attribute)


def crosswalk_columns(schema: Schema) -> dict[str, CrosswalkColumn]:
    """Return the crosswalk columns of ``mentions`` by name."""
    columns = {}
    for key, values in schema.crosswalk.items():
        label, attribute = key.split(".")
        for other in sorted({name for codes in values.values() for name in codes}):
            codes = {value: codes[other] for value, codes in values.items() if other in codes}
            are_integers = all(isinstance(code, int) for code in codes.values())
            column_type: ColumnType = "int64" if are_integers else ["string"]
            column = CrosswalkColumn(label, attribute, column_type, codes)
            columns[crosswalk_column_name(key, other)] = column
    return columns


def frame_relation_columns(schema: Schema, frame: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Map each relation that starts at a frame to its column and the labels of its tail."""
    return {
        name: (relation_column_name(schema, name), relation.tails)
        for name, relation in schema.relations_from(frame).items()
    }


def _mention_rows(schema: Schema) -> Columns:
    """Return the columns of the configuration ``mentions``."""
    return {
        **_KEY_COLUMNS,
        **_columns("mention_id label"),
        **_SPAN_COLUMNS,
        **_SENTENCE_COLUMNS,
        **{
            attribute_column_name(label, name): kind
            for label in schema.labels
            for name, kind in label_attribute_columns(schema, label).items()
        },
        **{name: column.type for name, column in crosswalk_columns(schema).items()},
        **_REMARK_COLUMNS,
        "decided": "string",
    }


def _frame_rows(schema: Schema, frame: str) -> Columns:
    """Return the columns of the configuration of a frame."""
    return {
        **_KEY_COLUMNS,
        frame_id_column(frame): "string",
        **_SPAN_COLUMNS,
        **_SENTENCE_COLUMNS,
        **label_attribute_columns(schema, frame),
        **{
            column: [related_columns(schema, tails)]
            for column, tails in frame_relation_columns(schema, frame).values()
        },
        **_REMARK_COLUMNS,
        "decided": "string",
    }


def related_columns(schema: Schema, labels: Sequence[str]) -> Columns:
    """Return the fields of a mention at the other end of a frame's relation.

    It has a label where there are several, and the attributes of all of them. A relation that
    starts there is a list of the ids that it leads to.
    """
    columns: Columns = {"id": "string", **({"label": "string"} if len(labels) > 1 else {})}
    columns |= _SPAN_COLUMNS
    for label in labels:
        columns |= label_attribute_columns(schema, label)
    for label in labels:
        columns |= {name: ["string"] for name in schema.relations_from(label)}
    return columns


def _relation_rows(schema: Schema) -> Columns:
    """Return the columns of the configuration ``relations``."""
    attributes = attribute_columns(schema)
    columns = {**_KEY_COLUMNS, "type": "string"}
    for end in RELATION_ENDS:
        columns |= _columns(f"{end}_id {end}_label {end}_start:int32 {end}_end:int32 {end}_text")
        columns |= {f"{end}_attributes": attributes} if attributes else {}
    return {**columns, "decided": "string"}


def _answer_rows(schema: Schema) -> Columns:
    """Return the columns of the configuration ``answers``."""
    decisions: Columns = dict.fromkeys(schema.questions, "string")
    return {**_KEY_COLUMNS, **question_columns(schema), "decided": decisions, "text": "string"}


def _gold_rows(schema: Schema, mention: Columns) -> Columns:
    """Return the columns of the configuration ``gold``."""
    return {
        **_drop_columns(_DOCUMENT_COLUMNS, "source_name", "ingested"),
        "adjudicated": "bool",
        **_columns("adjudicated_on text_read campaign interface schema_version"),
        **_DECIDER_COLUMNS,
        **_gold_columns(mention),
        **_gold_answer_columns(schema),
        "note": "string",
    }


def config_columns(schema: Schema) -> dict[str, Columns]:
    """Return the columns of each configuration, in the order of the card."""
    mention = _mention_columns(schema)
    if not mention["attributes"]:
        del mention["attributes"]  # Parquet has no struct without fields
    columns: dict[str, Columns] = {
        "gold": _gold_rows(schema, mention),
        "articles": dict(_DOCUMENT_COLUMNS),
        "annotations": {
            **_ANNOTATION_COLUMNS,
            "mentions": [mention],
            "relations": [_RELATION_COLUMNS],
            **({"answers": question_columns(schema)} if schema.questions else {}),
            "note": "string",
            "kept": [_KEPT_COLUMNS],
            "origin": _ORIGIN_COLUMNS,
        },
        "mentions": _mention_rows(schema),
        "relations": _relation_rows(schema),
        **{pluralise(frame): _frame_rows(schema, frame) for frame in schema.frames},
        "answers": _answer_rows(schema),
        "tokens": {
            **_KEY_COLUMNS,
            "sentence_index": "int32",
            **_SENTENCE_COLUMNS,
            "tokens": ["string"],
            "token_starts": ["int32"],
            "token_ends": ["int32"],
            **{tags_column_name(label): ["string"] for label in schema.labels},
            "misaligned": [_MISALIGNED_COLUMNS],
        },
    }
    return {name: columns[name] for name in list_configs(schema)}


def json_columns(schema: Schema) -> Columns:
    """Return the fields of a line of ``annotations/`` or ``gold/``, those of both together."""
    return {
        **_drop_columns(_ANNOTATION_COLUMNS, "answer"),
        "adjudicated": "string",
        **_DECIDER_COLUMNS,
        **_gold_columns(_mention_columns(schema)),
        **_gold_answer_columns(schema),
        "note": "string",
        "kept": [_KEPT_COLUMNS],
        "origin": _ORIGIN_COLUMNS,
    }


def _mention_columns(schema: Schema) -> Columns:
    return {
        **_columns("id label"),
        **_SPAN_COLUMNS,
        "attributes": attribute_columns(schema),
        **_REMARK_COLUMNS,
    }


def _gold_columns(mention: Columns) -> Columns:
    mention = {**mention, **_DECISION_COLUMNS, "amended": ["string"]}
    return {
        "annotators": ["string"],
        "annotator_kinds": ["string"],
        "mentions": [mention],
        "relations": [{**_RELATION_COLUMNS, **_DECISION_COLUMNS}],
        "declined": [mention],
        "declined_relations": [{**_RELATION_COLUMNS, **_DECISION_COLUMNS}],
    }


def _gold_answer_columns(schema: Schema) -> Columns:
    """Return the columns of gold's answers by question; those of a line differ, see `nest_answers`.

    ``answers`` is as in an annotation, so that both are read alike.
    """
    if not schema.questions:
        return {}
    answers = question_columns(schema)
    declined: Columns = {
        name: [{"value": kind, **_DECISION_COLUMNS}] for name, kind in answers.items()
    }
    decisions: Columns = {name: dict(_DECISION_COLUMNS) for name in answers}
    return {"answers": answers, "answer_decisions": decisions, "declined_answers": declined}


def _drop_columns(columns: Columns, *names: str) -> Columns:
    return {name: kind for name, kind in columns.items() if name not in names}


def arrow_type(kind: ColumnType) -> pa.DataType:
    """Return the Arrow type of a declared type.

    >>> arrow_type([{"start": "int32"}])
    ListType(list<element: struct<start: int32>>)
    """
    if isinstance(kind, str):
        return pa.type_for_alias(kind)
    if isinstance(kind, list):
        return pa.list_(pa.field("element", arrow_type(kind[0])))
    return pa.struct([pa.field(name, arrow_type(inner)) for name, inner in kind.items()])


def arrow_schema(columns: Mapping[str, ColumnType]) -> pa.Schema:
    """Return the Arrow schema of declared columns."""
    return pa.schema([pa.field(name, arrow_type(kind)) for name, kind in columns.items()])


def yaml_features(columns: Mapping[str, ColumnType]) -> list[dict[str, Any]]:
    """Return declared columns as the head of the card spells them.

    ``list:`` reads alike in every version of ``datasets``, ``sequence:`` of structs does not.

    >>> yaml_features({"spans": [{"start": "int32"}]})
    [{'name': 'spans', 'list': [{'name': 'start', 'dtype': 'int32'}]}]
    >>> yaml_features({"tags": ["string"]})
    [{'name': 'tags', 'list': 'string'}]
    """
    return [{"name": name, **_yaml_type(kind)} for name, kind in columns.items()]


def _yaml_type(kind: ColumnType) -> dict[str, Any]:
    if isinstance(kind, str):
        return {"dtype": kind}
    if isinstance(kind, dict):
        return {"struct": yaml_features(kind)}
    inner = kind[0]
    return {"list": yaml_features(inner) if isinstance(inner, dict) else inner}
