"""The columns of each configuration, declared once from the schema.

A type is data: ``"string"`` and the like, ``[type]`` for a list, ``{name: type}`` for a struct.
The head of the card and the Arrow schema are both made from it, so they cannot disagree. Every
value may be null, and closed values are plain strings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import pyarrow as pa

from sayso.checks.schema_checks import CLAIM
from sayso.errors import InputError
from sayso.schema.declarations import Attribute, Schema

ColumnType = str | list[Any] | dict[str, Any]
Columns = dict[str, ColumnType]

CONFIGS = ("gold", "articles", "annotations", "mentions", "claims", "tokens")
DEFAULT_CONFIG = CONFIGS[0]
RELATION_COLUMNS = {"where": "places", "quantity": "counts"}  # the others take an s


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


def attribute_type(attribute: Attribute) -> str:
    """Return the plain type of an attribute's values."""
    return "int64" if attribute.kind == "integer" else "string"


def attribute_columns(schema: Schema) -> Columns:
    """Return the attributes of all labels in one struct, as a mention has them.

    Raises:
        InputError: two labels have an attribute of one name but of different types.
    """
    columns: Columns = {}
    for label, declaration in schema.labels.items():
        for name, attribute in declaration.attributes.items():
            kind = attribute_type(attribute)
            if columns.setdefault(name, kind) != kind:
                raise InputError(
                    f"attribute {name!r} of {label} is {kind}, of another label {columns[name]}",
                    where="schema/schema.yaml",
                    remedy="give one of them another name",
                )
    return columns


def label_attribute_columns(schema: Schema, label: str) -> Columns:
    """Return the attributes of one label with their types."""
    return {
        name: attribute_type(attribute)
        for name, attribute in schema.labels[label].attributes.items()
    }


def attribute_column_name(label: str, attribute: str) -> str:
    """Return the column of ``mentions`` for an attribute of a label.

    >>> attribute_column_name("Count", "lower")
    'count_lower'
    """
    return f"{label.lower()}_{attribute}"


def tags_column_name(label: str) -> str:
    """Return the column of ``tokens`` for the tags of a label.

    >>> tags_column_name("Actor")
    'actor_tags'
    """
    return f"{label.lower()}_tags"


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
            columns[f"{column.source_column}_{other}"] = column
    return columns


def claim_relation_columns(schema: Schema) -> dict[str, tuple[str, str]]:
    """Map each relation that starts at a claim to its column of ``claims`` and its tail's label."""
    return {
        name: (RELATION_COLUMNS.get(name, f"{name}s"), relation.tail)
        for name, relation in schema.relations.items()
        if relation.head == CLAIM
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


def _claim_rows(schema: Schema) -> Columns:
    """Return the columns of the configuration ``claims``."""
    return {
        **_KEY_COLUMNS,
        "claim_id": "string",
        **_SPAN_COLUMNS,
        **_SENTENCE_COLUMNS,
        **label_attribute_columns(schema, CLAIM),
        **{
            column: [{"id": "string", **_SPAN_COLUMNS, **label_attribute_columns(schema, tail)}]
            for column, tail in claim_relation_columns(schema).values()
        },
        **_REMARK_COLUMNS,
        "decided": "string",
    }


def config_columns(schema: Schema) -> dict[str, Columns]:
    """Return the columns of each configuration."""
    mention = _mention_columns(schema)
    return {
        "gold": {
            **_drop_columns(_DOCUMENT_COLUMNS, "source_name", "ingested"),
            "adjudicated": "bool",
            **_columns("adjudicated_on text_read campaign interface schema_version"),
            **_DECIDER_COLUMNS,
            **_gold_columns(mention),
            "note": "string",
        },
        "articles": dict(_DOCUMENT_COLUMNS),
        "annotations": {
            **_ANNOTATION_COLUMNS,
            "mentions": [mention],
            "relations": [_RELATION_COLUMNS],
            "note": "string",
            "kept": [_KEPT_COLUMNS],
            "origin": _ORIGIN_COLUMNS,
        },
        "mentions": _mention_rows(schema),
        "claims": _claim_rows(schema),
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


def json_columns(schema: Schema) -> Columns:
    """Return the fields of a line of ``annotations/`` or ``gold/``, those of both together."""
    return {
        **_drop_columns(_ANNOTATION_COLUMNS, "answer"),
        "adjudicated": "string",
        **_DECIDER_COLUMNS,
        **_gold_columns(_mention_columns(schema)),
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
