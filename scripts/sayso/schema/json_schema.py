"""JSON Schema of the lines in ``corpus/``: the fields of the records, the names of the schema.

It is for programs that read or write the corpus without Sayso. Errors that one line cannot show,
such as a relation to a missing mention, are for ``sayso check``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from sayso.models import Annotation, Document, Gold, Record
from sayso.schema.declarations import Attribute, Label, Schema

DIALECT = "https://json-schema.org/draft/2020-12/schema"
RECORD_TYPES: tuple[type[Record], ...] = (Document, Annotation, Gold)

JsonSchemaNode = dict[str, Any]


def build_json_schema(record: type[Record], schema: Schema) -> JsonSchemaNode:
    """Return the JSON Schema of a record's line, in which only names of the schema are valid.

    No attribute is required: an annotator may skip a document half-way.
    """
    (reference,), components = msgspec.json.schema_components(
        [record], ref_template="#/$defs/{name}"
    )
    for name, node in components.items():
        node["description"] = node["description"].splitlines()[0]
        if name in ("Mention", "GoldMention"):
            _restrict_mention(node, schema)
        elif name in ("Relation", "GoldRelation"):
            # An empty list of values is no JSON Schema.
            types: JsonSchemaNode = {"enum": list(schema.relations)} if schema.relations else {}
            node["properties"]["type"] = types or {"not": {}}
        elif name == "Annotation":
            node["properties"]["interface"] = {"enum": list(schema.interfaces)}
            node["properties"]["answers"] = _attributes_schema(schema.questions)
        elif name == "GoldAnswer":
            _restrict_answer(node, schema)
        elif name == "Gold":
            node["properties"]["interface"] = {"enum": [*schema.interfaces, None]}
    head = {"$schema": DIALECT, "title": f"{record.__name__}, annotation schema {schema.version}"}
    return {**head, **reference, "$defs": components}


def _restrict_mention(node: JsonSchemaNode, schema: Schema) -> None:
    labels: JsonSchemaNode = {"enum": list(schema.labels)} if schema.labels else {"not": {}}
    node["properties"]["label"] = labels
    node["properties"]["flag"] = {"enum": [*schema.flags, None]}
    node["properties"]["attributes"] = {"type": "object"}
    if schema.labels:  # an empty list of conditions is no JSON Schema
        node["allOf"] = [_label_condition(name, label) for name, label in schema.labels.items()]


def _label_condition(name: str, label: Label) -> JsonSchemaNode:
    """Return the rule that a mention with this label has only this label's attributes."""
    return {
        "if": {"properties": {"label": {"const": name}}},
        "then": {"properties": {"attributes": _attributes_schema(label.attributes)}},
    }


def _restrict_answer(node: JsonSchemaNode, schema: Schema) -> None:
    if not schema.questions:
        node["properties"]["question"] = {"not": {}}
        return
    node["properties"]["question"] = {"enum": list(schema.questions)}
    node["allOf"] = [
        {
            "if": {"properties": {"question": {"const": name}}},
            "then": {"properties": {"value": _attribute_schema(question)}},
        }
        for name, question in schema.questions.items()
    ]


def _attributes_schema(attributes: Mapping[str, Attribute]) -> JsonSchemaNode:
    return {
        "type": "object",
        "properties": {name: _attribute_schema(each) for name, each in attributes.items()},
        "additionalProperties": False,
    }


def _attribute_schema(attribute: Attribute) -> JsonSchemaNode:
    described: JsonSchemaNode = {"description": attribute.definition}
    values = {"enum": list(attribute.values)}
    if attribute.is_closed:
        return described | values
    if attribute.kind == "choices":
        return described | {"type": "array", "items": values, "minItems": 1, "uniqueItems": True}
    if attribute.kind in ("boolean", "integer", "number"):
        return described | {"type": attribute.kind}
    date = {"format": "date"} if attribute.kind == "date" else {}
    return described | {"type": "string"} | date
