"""What each configuration's columns are, declared once from the schema.

A type is written as data: ``"string"`` and its like for a plain value, ``[type]`` for a list, ``{name: type}`` for a
struct. The head of the card and the Arrow schema of the files are both made from this declaration, so they cannot
disagree. Every value may be null; closed values are plain strings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from sayso.checks.schema_checks import CLAIM
from sayso.errors import InputError
from sayso.schema.declarations import Attribute, Schema

ColumnType = str | list[Any] | dict[str, Any]
Columns = dict[str, ColumnType]

CONFIGS = ("gold", "articles", "annotations", "mentions", "claims", "tokens")
DEFAULT_CONFIG = CONFIGS[0]
RELATION_COLUMNS = {"where": "places", "quantity": "counts"}  # any other takes an s

_ARROW_TYPES = {
    "string": pa.string(),
    "bool": pa.bool_(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "float64": pa.float64(),
}

_DOCUMENT_COLUMNS: Columns = dict.fromkeys(
    [
        "doc_id",
        "title",
        "outlet",
        "url",
        "published",
        "language",
        "license",
        "source_name",
        "split",
        "ingested",
        "text_sha256",
        "text",
    ],
    "string",
)
_KEY_COLUMNS: Columns = {
    "doc_id": "string",
    "reading": "string",
    "annotator_kind": "string",
    "campaign": "string",
    "interface": "string",
    "answer": "int32",
}
_SPAN_COLUMNS: Columns = {"start": "int32", "end": "int32", "text": "string"}
_SENTENCE_COLUMNS: Columns = {
    "sentence_start": "int32",
    "sentence_end": "int32",
    "sentence": "string",
}
_RELATION_COLUMNS: Columns = {"type": "string", "head": "string", "tail": "string"}
_DECISION_COLUMNS: Columns = {"decided": "string", "votes": ["string"]}
_REMARK_COLUMNS: Columns = {"flag": "string", "note": "string", "started_from": "string"}
_ORIGIN_COLUMNS: Columns = {
    "system": "string",
    "project": "int64",
    "task": "int64",
    "annotation": "int64",
}
_MISALIGNED_COLUMNS: Columns = {
    "mention_id": "string",
    "label": "string",
    "start": "int32",
    "end": "int32",
    "reason": "string",
}


def attribute_type(attribute: Attribute) -> str:
    """The plain type of an attribute's values."""
    return "int64" if attribute.kind == "integer" else "string"


def attribute_columns(schema: Schema) -> Columns:
    """Every attribute of every label in one struct, as a mention carries them.

    Raises:
        InputError: two labels share an attribute's name and not its type.
    """
    found: Columns = {}
    for label, declared in schema.labels.items():
        for name, attribute in declared.attributes.items():
            kind = attribute_type(attribute)
            if found.setdefault(name, kind) != kind:
                raise InputError(
                    f"attribute {name!r} of {label} is {kind} and another label's is {found[name]}",
                    where="schema/schema.yaml",
                    remedy="give one of them another name",
                )
    return found


def mention_columns(schema: Schema) -> Columns:
    """A mention as it stands in an annotation."""
    return {
        "id": "string",
        "label": "string",
        **_SPAN_COLUMNS,
        "attributes": attribute_columns(schema),
        **_REMARK_COLUMNS,
    }


def label_attribute_columns(schema: Schema, label: str) -> Columns:
    """One label's attributes with their types."""
    return {
        name: attribute_type(attribute)
        for name, attribute in schema.labels[label].attributes.items()
    }


def attribute_column_name(label: str, attribute: str) -> str:
    """Where ``mentions`` holds an attribute of a label.

    >>> attribute_column_name("Count", "lower")
    'count_lower'
    """
    return f"{label.lower()}_{attribute}"


def tags_column_name(label: str) -> str:
    """Where ``tokens`` holds the tags of a label.

    >>> tags_column_name("Actor")
    'actor_tags'
    """
    return f"{label.lower()}_tags"


def crosswalk_columns(schema: Schema) -> dict[str, tuple[str, str, ColumnType, dict[str, Any]]]:
    """Column of ``mentions`` → label, attribute, type, and what each value corresponds to in another dataset."""
    found: dict[str, tuple[str, str, ColumnType, dict[str, Any]]] = {}
    for place, values in schema.crosswalk.items():
        label, attribute = place.split(".")
        for other in sorted({name for meanings in values.values() for name in meanings}):
            meaning = {
                value: meanings[other] for value, meanings in values.items() if other in meanings
            }
            whole = all(isinstance(each, int) for each in meaning.values())
            column = f"{attribute_column_name(label, attribute)}_{other}"
            found[column] = (label, attribute, "int64" if whole else ["string"], meaning)
    return found


def claim_relation_columns(schema: Schema) -> dict[str, tuple[str, str]]:
    """Relation that starts at a claim → its column in ``claims`` and the label at its other end."""
    return {
        name: (RELATION_COLUMNS.get(name, f"{name}s"), relation.tail)
        for name, relation in schema.relations.items()
        if relation.head == CLAIM
    }


def config_columns(schema: Schema) -> dict[str, Columns]:
    """The columns of each configuration."""
    marked = mention_columns(schema)
    return {
        "gold": {
            **_drop_columns(_DOCUMENT_COLUMNS, "source_name", "ingested"),
            "adjudicated": "bool",
            "adjudicated_on": "string",
            "text_read": "string",
            "campaign": "string",
            "interface": "string",
            "schema_version": "string",
            "adjudicator": "string",
            "annotators": ["string"],
            "mentions": [{**marked, **_DECISION_COLUMNS}],
            "relations": [{**_RELATION_COLUMNS, **_DECISION_COLUMNS}],
            "declined": [{**marked, **_DECISION_COLUMNS}],
            "declined_relations": [{**_RELATION_COLUMNS, **_DECISION_COLUMNS}],
            "note": "string",
        },
        "articles": dict(_DOCUMENT_COLUMNS),
        "annotations": {
            **_annotation_columns(),
            "mentions": [marked],
            "relations": [_RELATION_COLUMNS],
            "note": "string",
            "kept": [{"reason": "string", "item": "string"}],
            "origin": _ORIGIN_COLUMNS,
        },
        "mentions": {
            **_KEY_COLUMNS,
            "mention_id": "string",
            "label": "string",
            **_SPAN_COLUMNS,
            **_SENTENCE_COLUMNS,
            **{
                attribute_column_name(label, name): kind
                for label in schema.labels
                for name, kind in label_attribute_columns(schema, label).items()
            },
            **{
                column: kind
                for column, (_label, _attribute, kind, _meaning) in crosswalk_columns(
                    schema
                ).items()
            },
            **_REMARK_COLUMNS,
            "decided": "string",
        },
        "claims": {
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
        },
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


def _annotation_columns() -> Columns:
    return {
        **dict.fromkeys(
            [
                "doc_id",
                "text_sha256",
                "text_read",
                "campaign",
                "interface",
                "annotator",
                "annotator_kind",
            ],
            "string",
        ),
        "answer": "int32",
        **dict.fromkeys(
            ["schema_version", "guidelines_version", "status", "created", "updated"], "string"
        ),
        "lead_time_seconds": "float64",
        "started_from": "string",
    }


def _drop_columns(kept: Columns, *names: str) -> Columns:
    return {name: kind for name, kind in kept.items() if name not in names}


def json_columns(schema: Schema) -> Columns:
    """A line of ``annotations/`` or of ``gold/`` as the JSON reader takes it: every field that either may have."""
    answer = _drop_columns(_annotation_columns(), "answer")
    return {
        **answer,
        "adjudicated": "string",
        "adjudicator": "string",
        "annotators": ["string"],
        "mentions": [{**mention_columns(schema), **_DECISION_COLUMNS}],
        "relations": [{**_RELATION_COLUMNS, **_DECISION_COLUMNS}],
        "declined": [{**mention_columns(schema), **_DECISION_COLUMNS}],
        "declined_relations": [{**_RELATION_COLUMNS, **_DECISION_COLUMNS}],
        "note": "string",
        "kept": [{"reason": "string", "item": "string"}],
        "origin": _ORIGIN_COLUMNS,
    }


def arrow_type(kind: ColumnType) -> pa.DataType:
    """The Arrow type of a declared type.

    >>> arrow_type([{"start_command": "int32"}])
    ListType(list<element: struct<start: int32>>)
    """
    if isinstance(kind, str):
        return _ARROW_TYPES[kind]
    if isinstance(kind, list):
        return pa.list_(pa.field("element", arrow_type(kind[0])))
    return pa.struct([pa.field(name, arrow_type(inner)) for name, inner in kind.items()])


def arrow_schema(declared: Mapping[str, ColumnType]) -> pa.Schema:
    """The Arrow schema of a configuration's columns."""
    return pa.schema([pa.field(name, arrow_type(kind)) for name, kind in declared.items()])


def yaml_features(declared: Mapping[str, ColumnType]) -> list[dict[str, Any]]:
    """The same as the head of the card spells it; ``list:`` reads alike in every version of ``datasets``.

    >>> yaml_features({"spans": [{"start_command": "int32"}], "tags": ["string"]})
    [{'name': 'spans', 'list': [{'name': 'start', 'dtype': 'int32'}]}, {'name': 'tags', 'list': 'string'}]
    """
    return [{"name": name, **_yaml_type(kind)} for name, kind in declared.items()]


def _yaml_type(kind: ColumnType) -> dict[str, Any]:
    if isinstance(kind, str):
        return {"dtype": kind}
    if isinstance(kind, dict):
        return {"struct": yaml_features(kind)}
    inner = kind[0]
    return {"list": yaml_features(inner) if isinstance(inner, dict) else inner}
