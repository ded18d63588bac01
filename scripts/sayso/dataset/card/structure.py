"""The parts of the card that say what the rows are: one sentence, an example, every column; and what may be marked."""

from __future__ import annotations

import json
from typing import Any

import pyarrow.parquet as pq

from sayso.dataset import features
from sayso.dataset.card.made import Made
from sayso.dataset.card.markdown import code, folded, paragraphs, table
from sayso.dataset.meanings import ROWS, meaning
from sayso.schema import Schema

_CUT = 160  # code points of a long string in an example
_MANY, _FEW = 8, 1  # plain items of a list in an example, and structs


def configurations(made: Made) -> str:
    """Every configuration: what one row is, an example, the columns."""
    return paragraphs(*(_configuration(config, made) for config in features.CONFIGS))


def _configuration(config: str, made: Made) -> str:
    declared = features.columns(made.schema)[config]
    rows = [[code(name), code(spelled(kind)), meaning(config, name, made.schema)] for name, kind in declared.items()]
    columns = folded(f"The {len(rows)} columns", table(["column", "type", "meaning"], rows))
    return paragraphs(f"### {code(config)}", f"One row is {ROWS[config]}", _example(config, made), columns)


def spelled(kind: features.Type) -> str:
    """A type in words.

    >>> spelled([{"start": "int32", "text": "string"}])
    'list of {start: int32, text}'
    """
    if isinstance(kind, str):
        return kind
    if isinstance(kind, list):
        return f"list of {spelled(kind[0])}"
    fields = (name if inner == "string" else f"{name}: {spelled(inner)}" for name, inner in kind.items())
    return f"{{{', '.join(fields)}}}"


def _example(config: str, made: Made) -> str:
    names = made.of(config)
    if not names:
        return "There is no row yet."
    with pq.ParquetFile(made.place(names[0])) as file:
        row = next(file.iter_batches(batch_size=1)).to_pylist()[0]
    shown = json.dumps(shortened(row), ensure_ascii=False, indent=1)
    return folded("An example: the first row, long values cut short (…)", f"```json\n{shown}\n```")


def shortened(value: Any) -> Any:
    """A value with long strings and lists cut."""
    if isinstance(value, str):
        return value if len(value) <= _CUT else f"{value[:_CUT]}…"
    if isinstance(value, dict):
        return {name: shortened(each) for name, each in value.items()}
    if isinstance(value, list):
        many = _FEW if value and isinstance(value[0], dict) else _MANY
        return [shortened(each) for each in value[:many]] + (["…"] if len(value) > many else [])
    return value


def schema(declared: Schema) -> str:
    """Labels, attributes, values, relations and flags, with their definitions."""
    labels = [[code(name), label.definition] for name, label in declared.labels.items()]
    attributes = [
        [code(label), code(name), attribute.kind, "yes" if attribute.required else "", attribute.definition]
        for label, has in declared.labels.items()
        for name, attribute in has.attributes.items()
    ]
    values = [
        [code(f"{label}.{name}"), code(value), said.definition]
        for label, has in declared.labels.items()
        for name, attribute in has.attributes.items()
        for value, said in attribute.values.items()
    ]
    relations = [[code(n), code(r.head), code(r.tail), r.definition] for n, r in declared.relations.items()]
    flags = [[code(name), flag.definition] for name, flag in declared.flags.items()]
    return paragraphs(
        f"Schema {declared.version}.",
        table(["label", "meaning"], labels),
        table(["label", "attribute", "kind", "required", "meaning"], attributes),
        folded(f"The {len(values)} values", table(["attribute", "value", "meaning"], values)),
        table(["relation", "from", "to", "meaning"], relations),
        table(["flag", "meaning"], flags),
    )
