"""JSON Schema of the lines in ``corpus/``: the shape from the records, the closed words from the schema.

For whoever reads or writes the corpus without Sayso. What a line alone cannot show, such as a relation to a missing
mention, is for ``sayso check``.
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
    """The JSON Schema of one record's line; only words that the schema declares are valid in it.

    Every attribute may be absent: an annotator who skips a document leaves what was done until then.
    """
    (reference,), components = msgspec.json.schema_components(
        [record], ref_template="#/$defs/{name}"
    )
    for name, node in components.items():
        node["description"] = node["description"].splitlines()[0]
        if name in ("Mention", "GoldMention"):
            _restrict_mention(node, schema)
        elif name in ("Relation", "GoldRelation"):
            node["properties"]["type"] = {"enum": list(schema.relations)}
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
    """A mention with this label has this label's attributes and no others."""
    return {
        "if": {"properties": {"label": {"const": name}}},
        "then": {"properties": {"attributes": _label_attributes_schema(label)}},
    }


def _label_attributes_schema(label: Label) -> JsonSchemaNode:
    answers = {name: _attribute_schema(attribute) for name, attribute in label.attributes.items()}
    return {"type": "object", "properties": answers, "additionalProperties": False}


def _attribute_schema(attribute: Attribute) -> JsonSchemaNode:
    if attribute.is_closed:
        return {"description": attribute.definition, "enum": list(attribute.values)}
    kind = "integer" if attribute.kind == "integer" else "string"
    return {"description": attribute.definition, "type": kind}
