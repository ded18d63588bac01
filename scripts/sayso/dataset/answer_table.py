"""The answers to questions about the whole document, and their table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sayso.dataset.annotated_chunk import AnnotatedChunk, ConfigTable
from sayso.dataset.arrays import IntArray, combine_chunks, replace_null_lists
from sayso.dataset.build_counts import count_values_by_owner, cross_tabulate
from sayso.dataset.features import ColumnType, arrow_type

ANSWER_STRUCTS = ("answers", "answer_decisions", "declined_answers")
"""The columns of annotations and gold that have one field for each question."""


def fill_structs(values: pa.StructArray, kinds: Mapping[str, ColumnType]) -> pa.StructArray:
    """Return structs of which none is null, and no list of structs in them; values may be null."""
    fields = []
    for name, kind in kinds.items():
        field = pc.struct_field(values, name)
        if isinstance(kind, dict):
            field = fill_structs(field, kind)
        elif isinstance(kind, list) and isinstance(kind[0], dict):
            field = replace_null_lists(field)
        fields.append(field)
    arrow_fields = [pa.field(name, arrow_type(kind)) for name, kind in kinds.items()]
    return pa.StructArray.from_arrays(fields, fields=arrow_fields)


def build_answers(chunk: AnnotatedChunk, rows: IntArray) -> ConfigTable:
    """Build the rows of ``answers``: one for each annotation or gold that was asked something.

    Args:
        rows: those of the chunk that were not skipped.
    """
    schema = chunk.schema
    asking = [name for name, each in schema.interfaces.items() if each.questions]
    is_asked = pc.is_in(chunk.table["interface"], value_set=pa.array(asking, pa.string()))
    has_answers = chunk.table["answers"].is_valid()  # gold need not say which pass it is of
    rows = rows[np.asarray(pc.or_(is_asked, has_answers))[rows]]
    taken = chunk.table.take(pa.array(rows))
    answers, decisions = (combine_chunks(taken[name]) for name in ("answers", "answer_decisions"))
    decided = [pc.struct_field(decisions, [name, "decided"]) for name in schema.questions]
    columns: dict[str, pa.Array] = {
        **chunk.take_key_columns(rows),
        **{name: pc.struct_field(answers, name) for name in schema.questions},
        "decided": pa.StructArray.from_arrays(decided, names=list(schema.questions)),
        "text": pa.DictionaryArray.from_arrays(
            pa.array(chunk.document[rows]), [document.text for document in chunk.documents]
        ),
    }
    counts: Counter[str] = Counter()
    for name, question in schema.questions.items():
        given = pc.if_else(columns[name].is_valid(), name, pa.scalar(None, pa.string()))
        counts.update(cross_tabulate("given", given, rows, chunk.owners))
        key = f"value.{name}"
        counts.update(count_values_by_owner(key, question, columns[name], rows, chunk.kinds))
    return chunk.make_table("answers", columns, len(rows), counts)
