"""Remove the columns that quote an article, and restore them from its text.

| columns | quote |
|---|---|
| ``start``, ``end``, ``text`` | a mention; with ``head_`` or ``tail_``, an end of a relation |
| ``sentence_start``, ``sentence_end``, ``sentence`` | its sentence |
| ``token_starts``, ``token_ends``, ``tokens`` | each token of a sentence |
| ``text`` without offsets | the whole article |

``item`` of a kept item holds words as Label Studio sent them, without offsets to be trusted.
It is removed too, and only a build from the sources brings it back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sayso.dataset.arrays import IntArray, list_bounds, list_owners
from sayso.dataset.features import RELATION_ENDS
from sayso.spans import Span, validate

_OFFSET_COLUMNS = {
    "text": ("start", "end"),
    **{f"{end}_text": (f"{end}_start", f"{end}_end") for end in RELATION_ENDS},
    "sentence": ("sentence_start", "sentence_end"),
    "tokens": ("token_starts", "token_ends"),
}
_KEPT_COLUMN = "item"

FindText = Callable[[str], str | None]
_Columns = Mapping[str, pa.Array]
_ChangeColumn = Callable[[str, _Columns, IntArray], pa.Array]


def remove_texts(table: pa.Table, doc_ids: frozenset[str]) -> pa.Table:
    """Return the table without the texts of some documents."""
    removed = np.array([doc_id in doc_ids for doc_id in table["doc_id"].to_pylist()], np.bool_)

    def change(name: str, columns: _Columns, row: IntArray) -> pa.Array:
        values = columns[name]
        if pa.types.is_dictionary(values.type):
            values = values.dictionary_decode()
        return values.take(pa.array(np.arange(len(values)), mask=removed[row]))

    return _change_text_columns(table, change) if removed.any() else table


def restore_texts(table: pa.Table, find_text: FindText) -> pa.Table:
    """Return the table with the removed texts of all documents whose text is found.

    Raises:
        SpanError: an offset does not fit the text.
    """
    texts = [find_text(doc_id) for doc_id in table["doc_id"].cast(pa.string()).to_pylist()]

    def change(name: str, columns: _Columns, row: IntArray) -> pa.Array:
        values = columns[name].to_pylist()
        for index, text in enumerate(texts[each] for each in row):
            if values[index] is None and text is not None:
                values[index] = _quote(text, name, columns, index)
        return pa.array(values, columns[name].type)

    return _change_text_columns(table, change) if any(texts) else table


def find_incomplete(table: pa.Table) -> set[str]:
    """Return the documents of which some text is not there."""
    incomplete: set[int] = set()

    def find_nulls(name: str, columns: _Columns, row: IntArray) -> pa.Array:
        values = columns[name]
        if name != _KEPT_COLUMN and values.null_count:
            incomplete.update(row[values.is_null().to_numpy(zero_copy_only=False)].tolist())
        return values

    _change_text_columns(table, find_nulls)
    doc_ids = table["doc_id"].cast(pa.string())
    return {doc_ids[row].as_py() for row in incomplete}


def _quote(text: str, name: str, columns: _Columns, index: int) -> Any:
    if name == "text" and "start" not in columns:
        return text
    if name not in _OFFSET_COLUMNS or _OFFSET_COLUMNS[name][0] not in columns:
        return None
    start, end = (columns[each][index].as_py() for each in _OFFSET_COLUMNS[name])
    if start is None or end is None:
        return None
    if isinstance(start, list):
        return [_slice_text(text, *bounds) for bounds in zip(start, end, strict=True)]
    return _slice_text(text, start, end)


def _slice_text(text: str, start: int, end: int) -> str:
    validate(Span(start, end), text)
    return text[start:end]


def _change_text_columns(table: pa.Table, change: _ChangeColumn) -> pa.Table:
    columns = {name: table[name].combine_chunks() for name in table.column_names}
    return pa.table(_change_columns(columns, np.arange(table.num_rows), change))


def _change_columns(columns: _Columns, row: IntArray, change: _ChangeColumn) -> dict[str, pa.Array]:
    """Change text columns, also inside lists of structs. ``row``: the table row of each value."""
    changed = dict(columns)
    for name, values in columns.items():
        kind = values.type
        if name in _OFFSET_COLUMNS or name == _KEPT_COLUMN:
            changed[name] = change(name, columns, row)
        elif pa.types.is_list(kind) and pa.types.is_struct(kind.value_type):
            items = values.flatten()
            fields = {field.name: items.field(n) for n, field in enumerate(kind.value_type)}
            inner = _change_columns(fields, row[list_owners(values)], change)
            changed[name] = _rebuild_list(values, inner)
    return changed


def _rebuild_list(lists: pa.ListArray, columns: _Columns) -> pa.ListArray:
    """Return the lists with other struct fields; lengths and nulls stay."""
    kind = lists.type
    fields = [field.with_type(columns[field.name].type) for field in kind.value_type]
    items = pa.StructArray.from_arrays(list(columns.values()), fields=fields)
    offsets = pa.array(list_bounds(lists), pa.int32())
    list_type = pa.list_(kind.value_field.with_type(items.type))
    return pa.ListArray.from_arrays(offsets, items, type=list_type, mask=pc.is_null(lists))
