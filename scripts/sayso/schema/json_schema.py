"""JSON Schema of the lines in ``corpus/``: the fields of the records, the names of the schema.

It is for programs that read or write the corpus without Sayso. Errors that one line cannot show,
such as a relation to a missing mention, are for ``sayso check``.
"""

from __future__ import annotations

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
        elif name == "Gold":
            node["properties"]["interface"] = {"enum": [*schema.interfaces, None]}
    head = {"$schema": DIALECT, "title": f"{record.__name__}, annotation schema {schema.version}"}
    return {**head, **reference, "$defs": components}


def _restrict_mention(node: JsonSchemaNode, schema: Schema) -> None:
    node["properties"]["label"] = {"enum": list(schema.labels)}
    node["properties"]["flag"] = {"enum": [*schema.flags, None]}
    node["properties"]["attributes"] = {"type": "object"}
    node["allOf"] = [_label_condition(name, label) for name, label in schema.labels.items()]


def _label_condition(name: str, label: Label) -> JsonSchemaNode:
    """Return the rule that a mention with this label has only this label's attributes."""
    attributes = {
        "type": "object",
        "properties": {name: _attribute_schema(each) for name, each in label.attributes.items()},
        "additionalProperties": False,
    }
    return {
        "if": {"properties": {"label": {"const": name}}},
        "then": {"properties": {"attributes": attributes}},
    }


def _attribute_schema(attribute: Attribute) -> JsonSchemaNode:
    if attribute.is_closed:
        return {"description": attribute.definition, "enum": list(attribute.values)}
    kind = "integer" if attribute.kind == "integer" else "string"
    return {"description": attribute.definition, "type": kind}
