"""The parts of the card on structure: configurations, columns, and the schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pyarrow.parquet as pq

from sayso.dataset import features
from sayso.dataset.card.built_dataset import BuiltDataset
from sayso.dataset.card.markdown import (
    format_code,
    format_details,
    format_table,
    format_titled,
    join_paragraphs,
)
from sayso.dataset.column_descriptions import describe_column, describe_row
from sayso.escaping import MarkdownText
from sayso.models import format_value
from sayso.schema.declarations import Attribute, Schema
from sayso.schema.schema_types import Declaration

_EXAMPLE_TEXT_LENGTH = 160  # code points
_EXAMPLE_ITEMS, _EXAMPLE_STRUCTS = 8, 1  # of a list


def structure_section(dataset: BuiltDataset) -> str:
    """Describe every configuration: its rows, an example, its columns."""
    return join_paragraphs(
        *(
            _describe_configuration(config, columns, dataset)
            for config, columns in features.config_columns(dataset.schema).items()
        )
    )


def _describe_configuration(config: str, columns: features.Columns, dataset: BuiltDataset) -> str:
    rows = [
        [
            format_code(name),
            format_code(format_type(kind)),
            MarkdownText(describe_column(config, name, dataset.schema)),
        ]
        for name, kind in columns.items()
    ]
    return join_paragraphs(
        f"### {format_code(config)}",
        f"One row is {describe_row(config, dataset.schema)}",
        _format_example(config, dataset),
        format_details(
            f"The {len(rows)} columns", format_table(["column", "type", "meaning"], rows)
        ),
    )


def format_type(kind: features.ColumnType) -> str:
    """Format a type in words.

    >>> format_type([{"start": "int32", "text": "string"}])
    'list of {start: int32, text}'
    """
    if isinstance(kind, str):
        return kind
    if isinstance(kind, list):
        return f"list of {format_type(kind[0])}"
    fields = (
        name if inner == "string" else f"{name}: {format_type(inner)}"
        for name, inner in kind.items()
    )
    return f"{{{', '.join(fields)}}}"


def _format_example(config: str, dataset: BuiltDataset) -> str:
    files = list(dataset.select_files(config).values())
    if not files:
        return "There is no row yet."
    with pq.ParquetFile(files[0].path) as file:
        row = next(file.iter_batches(batch_size=1)).to_pylist()[0]
    shown = json.dumps(_shorten(row), ensure_ascii=False, indent=1)
    summary = "An example: the first row, long values cut short (…)"
    return format_details(summary, f"```json\n{shown}\n```")


def _shorten(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _EXAMPLE_TEXT_LENGTH:
        return f"{value[:_EXAMPLE_TEXT_LENGTH]}…"
    if isinstance(value, dict):
        return {name: _shorten(each) for name, each in value.items()}
    if isinstance(value, list):
        limit = _EXAMPLE_STRUCTS if value and isinstance(value[0], dict) else _EXAMPLE_ITEMS
        return [*map(_shorten, value[:limit]), *(["…"] if len(value) > limit else [])]
    return value


def schema_section(schema: Schema) -> str:
    """Describe what annotators were asked, with its definitions."""
    attributes, values = [], []
    for label, declaration in schema.labels.items():
        for name, attribute in declaration.attributes.items():
            attributes.append([format_code(label), *_describe_attribute(name, attribute)])
            values += _list_values(f"{label}.{name}", attribute)
    questions = [_describe_attribute(*each) for each in schema.questions.items()]
    answers = [row for each in schema.questions.items() for row in _list_values(*each)]
    relations = [
        [
            format_titled(name, relation.title),
            *(_format_labels(ends) for ends in (relation.heads, relation.tails)),
            f"{relation.definition}{_IN_BOTH_DIRECTIONS if relation.symmetric else ''}",
        ]
        for name, relation in schema.relations.items()
    ]
    headings = ["kind", "required", "meaning"]
    return join_paragraphs(
        f"Schema {schema.version}.",
        format_table(["question about the document", *headings], questions),
        _format_values("question", answers),
        format_table(["label", "meaning"], _list_definitions(schema.labels)),
        format_table(["label", "attribute", *headings], attributes),
        _format_values("attribute", values),
        format_table(["relation", "from", "to", "meaning"], relations),
        format_table(["flag", "meaning"], _list_definitions(schema.flags)),
    )


_IN_BOTH_DIRECTIONS = " It holds in both directions."


def _format_labels(labels: tuple[str, ...]) -> MarkdownText:
    return MarkdownText(" or ".join(map(format_code, labels)))


def _describe_attribute(name: str, attribute: Attribute) -> list[object]:
    """Return name, kind, necessity and meaning of an attribute or question."""
    kind = f"{attribute.kind} ({attribute.unit})" if attribute.unit else attribute.kind
    required = "yes" if attribute.required else ""
    default = attribute.default
    remark = "" if default is None else f" Where none was given: {format_value(default)}."
    shown = format_titled(name, attribute.title)
    return [shown, kind, required, f"{attribute.definition}{remark}"]


def _list_values(name: str, attribute: Attribute) -> list[list[object]]:
    return [
        [format_code(name), format_titled(value, allowed.title), allowed.definition]
        for value, allowed in attribute.values.items()
    ]


def _format_values(what: str, rows: list[list[object]]) -> str:
    table = format_table([what, "value", "meaning"], rows)
    return format_details(f"The {len(rows)} values", table) if rows else ""


def _list_definitions(declared: Mapping[str, Declaration]) -> list[list[object]]:
    return [[format_titled(name, each.title), each.definition] for name, each in declared.items()]
