"""The parts of the card that say what the rows are: one sentence, an example, every column; and what may be marked."""

from __future__ import annotations

import json
from typing import Any

import pyarrow.parquet as pq

from sayso.dataset import features
from sayso.dataset.card.built_dataset import BuiltDataset
from sayso.dataset.card.markdown import format_code, format_details, format_table, join_paragraphs
from sayso.dataset.column_descriptions import ROW_DESCRIPTIONS, describe_column
from sayso.schema.declarations import Schema

_EXAMPLE_TEXT_LENGTH = 160  # code points of a long string in an example
_EXAMPLE_ITEMS, _EXAMPLE_STRUCTS = 8, 1  # plain items of a list in an example, and structs


def structure_section(made: BuiltDataset) -> str:
    """Every configuration: what one row is, an example, the columns."""
    return join_paragraphs(*(_describe_configuration(config, made) for config in features.CONFIGS))


def _describe_configuration(config: str, made: BuiltDataset) -> str:
    declared = features.config_columns(made.schema)[config]
    rows = [
        [
            format_code(name),
            format_code(format_type(kind)),
            describe_column(config, name, made.schema),
        ]
        for name, kind in declared.items()
    ]
    columns = format_details(
        f"The {len(rows)} columns", format_table(["column", "type", "meaning"], rows)
    )
    return join_paragraphs(
        f"### {format_code(config)}",
        f"One row is {ROW_DESCRIPTIONS[config]}",
        _example_row(config, made),
        columns,
    )


def format_type(kind: features.ColumnType) -> str:
    """A type in words.

    >>> format_type([{"start_command": "int32", "text": "string"}])
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


def _example_row(config: str, made: BuiltDataset) -> str:
    names = made.files(config)
    if not names:
        return "There is no row yet."
    with pq.ParquetFile(made.file_path(names[0])) as file:
        row = next(file.iter_batches(batch_size=1)).to_pylist()[0]
    shown = json.dumps(shorten_value(row), ensure_ascii=False, indent=1)
    return format_details(
        "An example: the first row, long values cut short (…)", f"```json\n{shown}\n```"
    )


def shorten_value(value: Any) -> Any:
    """A value with long strings and lists cut."""
    if isinstance(value, str):
        return value if len(value) <= _EXAMPLE_TEXT_LENGTH else f"{value[:_EXAMPLE_TEXT_LENGTH]}…"
    if isinstance(value, dict):
        return {name: shorten_value(each) for name, each in value.items()}
    if isinstance(value, list):
        many = _EXAMPLE_STRUCTS if value and isinstance(value[0], dict) else _EXAMPLE_ITEMS
        return [shorten_value(each) for each in value[:many]] + (["…"] if len(value) > many else [])
    return value


def schema_section(declared: Schema) -> str:
    """Labels, attributes, values, relations and flags, with their definitions."""
    labels = [[format_code(name), label.definition] for name, label in declared.labels.items()]
    attributes = [
        [
            format_code(label),
            format_code(name),
            attribute.kind,
            "yes" if attribute.required else "",
            attribute.definition,
        ]
        for label, has in declared.labels.items()
        for name, attribute in has.attributes.items()
    ]
    values = [
        [format_code(f"{label}.{name}"), format_code(value), said.definition]
        for label, has in declared.labels.items()
        for name, attribute in has.attributes.items()
        for value, said in attribute.values.items()
    ]
    relations = [
        [format_code(n), format_code(r.head), format_code(r.tail), r.definition]
        for n, r in declared.relations.items()
    ]
    flags = [[format_code(name), flag.definition] for name, flag in declared.flags.items()]
    return join_paragraphs(
        f"Schema {declared.version}.",
        format_table(["label", "meaning"], labels),
        format_table(["label", "attribute", "kind", "required", "meaning"], attributes),
        format_details(
            f"The {len(values)} values", format_table(["attribute", "value", "meaning"], values)
        ),
        format_table(["relation", "from", "to", "meaning"], relations),
        format_table(["flag", "meaning"], flags),
    )
