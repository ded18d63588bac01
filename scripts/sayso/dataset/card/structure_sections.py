"""The parts of the card on structure: configurations, columns, and the schema."""

from __future__ import annotations

import json
from typing import Any

import pyarrow.parquet as pq

from sayso.dataset import features
from sayso.dataset.card.built_dataset import BuiltDataset
from sayso.dataset.card.markdown import format_code, format_details, format_table, join_paragraphs
from sayso.dataset.column_descriptions import describe_column, describe_row
from sayso.escaping import MarkdownText
from sayso.schema.declarations import Schema

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
    """Describe labels, attributes, values, relations and flags with their definitions."""
    code = format_code
    attributes, values = [], []
    for label, declaration in schema.labels.items():
        for name, attribute in declaration.attributes.items():
            required = "yes" if attribute.required else ""
            cells = [code(label), code(name), attribute.kind, required, attribute.definition]
            attributes.append(cells)
            values += [
                [code(f"{label}.{name}"), code(value), allowed.definition]
                for value, allowed in attribute.values.items()
            ]
    relations = [
        [
            code(name),
            *(
                MarkdownText(" or ".join(map(code, ends)))
                for ends in (relation.heads, relation.tails)
            ),
            relation.definition,
        ]
        for name, relation in schema.relations.items()
    ]
    labels = [[code(name), label.definition] for name, label in schema.labels.items()]
    flags = [[code(name), flag.definition] for name, flag in schema.flags.items()]
    return join_paragraphs(
        f"Schema {schema.version}.",
        format_table(["label", "meaning"], labels),
        format_table(["label", "attribute", "kind", "required", "meaning"], attributes),
        format_details(
            f"The {len(values)} values", format_table(["attribute", "value", "meaning"], values)
        )
        if values
        else "",
        format_table(["relation", "from", "to", "meaning"], relations),
        format_table(["flag", "meaning"], flags),
    )
