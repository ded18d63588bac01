"""What each configuration's columns are, declared once from the schema.

A type is written as data: ``"string"`` and its like for a plain value, ``[type]`` for a list, ``{name: type}`` for a
struct. The head of the card and the Arrow schema of the files are both made from this declaration, so they cannot
disagree. Every value may be null; closed values are plain strings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from sayso.checks.scheme import CLAIM
from sayso.errors import InputError
from sayso.schema import Attribute, Schema

Type = str | list[Any] | dict[str, Any]
Columns = dict[str, Type]

CONFIGS = ("gold", "articles", "annotations", "mentions", "claims", "tokens")
DEFAULT = CONFIGS[0]
COLUMN_OF_RELATION = {"where": "places", "quantity": "counts"}  # any other takes an s

_ARROW = {
    "string": pa.string(),
    "bool": pa.bool_(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "float64": pa.float64(),
}

_DOCUMENT: Columns = dict.fromkeys(
    ["doc_id", "title", "outlet", "url", "published", "language", "license", "source_name", "split", "ingested",
     "text_sha256", "text"],
    "string",
)  # fmt: skip
_READING: Columns = {
    "doc_id": "string", "reading": "string", "annotator_kind": "string", "campaign": "string", "interface": "string",
    "answer": "int32",
}  # fmt: skip
_SPAN: Columns = {"start": "int32", "end": "int32", "text": "string"}
_SENTENCE: Columns = {"sentence_start": "int32", "sentence_end": "int32", "sentence": "string"}
_RELATION: Columns = {"type": "string", "head": "string", "tail": "string"}
_DECISION: Columns = {"decided": "string", "votes": ["string"]}
_REMARKS: Columns = {"flag": "string", "note": "string", "started_from": "string"}
_ORIGIN: Columns = {"system": "string", "project": "int64", "task": "int64", "annotation": "int64"}
_MISALIGNED: Columns = {"mention_id": "string", "label": "string", "start": "int32", "end": "int32", "reason": "string"}


def value_type(attribute: Attribute) -> str:
    """The plain type of an attribute's values."""
    return "int64" if attribute.kind == "integer" else "string"


def attributes(schema: Schema) -> Columns:
    """Every attribute of every label in one struct, as a mention carries them.

    Raises:
        InputError: two labels share an attribute's name and not its type.
    """
    found: Columns = {}
    for label, declared in schema.labels.items():
        for name, attribute in declared.attributes.items():
            kind = value_type(attribute)
            if found.setdefault(name, kind) != kind:
                raise InputError(
                    f"attribute {name!r} of {label} is {kind} and another label's is {found[name]}",
                    where="schema/schema.yaml",
                    remedy="give one of them another name",
                )
    return found


def mention(schema: Schema) -> Columns:
    """A mention as it stands in an annotation."""
    return {"id": "string", "label": "string", **_SPAN, "attributes": attributes(schema), **_REMARKS}


def label_attributes(schema: Schema, label: str) -> Columns:
    """One label's attributes with their types."""
    return {name: value_type(attribute) for name, attribute in schema.labels[label].attributes.items()}


def attribute_column(label: str, attribute: str) -> str:
    """Where ``mentions`` holds an attribute of a label.

    >>> attribute_column("Count", "lower")
    'count_lower'
    """
    return f"{label.lower()}_{attribute}"


def tags_column(label: str) -> str:
    """Where ``tokens`` holds the tags of a label.

    >>> tags_column("Actor")
    'actor_tags'
    """
    return f"{label.lower()}_tags"


def crosswalk(schema: Schema) -> dict[str, tuple[str, str, Type, dict[str, Any]]]:
    """Column of ``mentions`` → label, attribute, type, and what each value corresponds to in another dataset."""
    found: dict[str, tuple[str, str, Type, dict[str, Any]]] = {}
    for place, values in schema.crosswalk.items():
        label, attribute = place.split(".")
        for other in sorted({name for meanings in values.values() for name in meanings}):
            meaning = {value: meanings[other] for value, meanings in values.items() if other in meanings}
            whole = all(isinstance(each, int) for each in meaning.values())
            column = f"{attribute_column(label, attribute)}_{other}"
            found[column] = (label, attribute, "int64" if whole else ["string"], meaning)
    return found


def roles(schema: Schema) -> dict[str, tuple[str, str]]:
    """Relation that starts at a claim → its column in ``claims`` and the label at its other end."""
    return {
        name: (COLUMN_OF_RELATION.get(name, f"{name}s"), relation.tail)
        for name, relation in schema.relations.items()
        if relation.head == CLAIM
    }


def columns(schema: Schema) -> dict[str, Columns]:
    """The columns of each configuration."""
    marked = mention(schema)
    return {
        "gold": {
            **_without(_DOCUMENT, "source_name", "ingested"),
            "adjudicated": "bool",
            "adjudicated_on": "string",
            "text_read": "string",
            "campaign": "string",
            "interface": "string",
            "schema_version": "string",
            "adjudicator": "string",
            "annotators": ["string"],
            "mentions": [{**marked, **_DECISION}],
            "relations": [{**_RELATION, **_DECISION}],
            "declined": [{**marked, **_DECISION}],
            "declined_relations": [{**_RELATION, **_DECISION}],
            "note": "string",
        },
        "articles": dict(_DOCUMENT),
        "annotations": {
            **_answer(),
            "mentions": [marked],
            "relations": [_RELATION],
            "note": "string",
            "kept": [{"reason": "string", "item": "string"}],
            "origin": _ORIGIN,
        },
        "mentions": {
            **_READING,
            "mention_id": "string",
            "label": "string",
            **_SPAN,
            **_SENTENCE,
            **{
                attribute_column(label, name): kind
                for label in schema.labels
                for name, kind in label_attributes(schema, label).items()
            },
            **{column: kind for column, (_label, _attribute, kind, _meaning) in crosswalk(schema).items()},
            **_REMARKS,
            "decided": "string",
        },
        "claims": {
            **_READING,
            "claim_id": "string",
            **_SPAN,
            **_SENTENCE,
            **label_attributes(schema, CLAIM),
            **{
                column: [{"id": "string", **_SPAN, **label_attributes(schema, tail)}]
                for column, tail in roles(schema).values()
            },
            **_REMARKS,
            "decided": "string",
        },
        "tokens": {
            **_READING,
            "sentence_index": "int32",
            **_SENTENCE,
            "tokens": ["string"],
            "token_starts": ["int32"],
            "token_ends": ["int32"],
            **{tags_column(label): ["string"] for label in schema.labels},
            "misaligned": [_MISALIGNED],
        },
    }


def _answer() -> Columns:
    return {
        **dict.fromkeys(
            ["doc_id", "text_sha256", "text_read", "campaign", "interface", "annotator", "annotator_kind"], "string"
        ),
        "answer": "int32",
        **dict.fromkeys(["schema_version", "guidelines_version", "status", "created", "updated"], "string"),
        "lead_time_seconds": "float64",
        "started_from": "string",
    }


def _without(kept: Columns, *names: str) -> Columns:
    return {name: kind for name, kind in kept.items() if name not in names}


def received(schema: Schema) -> Columns:
    """A line of ``annotations/`` or of ``gold/`` as the JSON reader takes it: every field that either may have."""
    answer = _without(_answer(), "answer")
    return {
        **answer,
        "adjudicated": "string",
        "adjudicator": "string",
        "annotators": ["string"],
        "mentions": [{**mention(schema), **_DECISION}],
        "relations": [{**_RELATION, **_DECISION}],
        "declined": [{**mention(schema), **_DECISION}],
        "declined_relations": [{**_RELATION, **_DECISION}],
        "note": "string",
        "kept": [{"reason": "string", "item": "string"}],
        "origin": _ORIGIN,
    }


def arrow(kind: Type) -> pa.DataType:
    """The Arrow type of a declared type.

    >>> arrow([{"start": "int32"}])
    ListType(list<element: struct<start: int32>>)
    """
    if isinstance(kind, str):
        return _ARROW[kind]
    if isinstance(kind, list):
        return pa.list_(pa.field("element", arrow(kind[0])))
    return pa.struct([pa.field(name, arrow(inner)) for name, inner in kind.items()])


def arrow_schema(declared: Mapping[str, Type]) -> pa.Schema:
    """The Arrow schema of a configuration's columns."""
    return pa.schema([pa.field(name, arrow(kind)) for name, kind in declared.items()])


def card_features(declared: Mapping[str, Type]) -> list[dict[str, Any]]:
    """The same as the head of the card spells it; ``list:`` reads alike in every version of ``datasets``.

    >>> card_features({"spans": [{"start": "int32"}], "tags": ["string"]})
    [{'name': 'spans', 'list': [{'name': 'start', 'dtype': 'int32'}]}, {'name': 'tags', 'list': 'string'}]
    """
    return [{"name": name, **_card_type(kind)} for name, kind in declared.items()]


def _card_type(kind: Type) -> dict[str, Any]:
    if isinstance(kind, str):
        return {"dtype": kind}
    if isinstance(kind, dict):
        return {"struct": card_features(kind)}
    inner = kind[0]
    return {"list": card_features(inner) if isinstance(inner, dict) else inner}
