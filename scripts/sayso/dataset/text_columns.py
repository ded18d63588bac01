"""Columns that quote an article, taken out and put back. Whatever quotes has its offsets beside it.

| columns | what they quote |
|---|---|
| ``start``, ``end``, ``text`` | a mention |
| ``sentence_start``, ``sentence_end``, ``sentence`` | its sentence |
| ``token_starts``, ``token_ends``, ``tokens`` | each token of a sentence |
| ``text`` beside ``text_sha256`` | the whole article |

``item`` of what was kept apart holds words as Label Studio sent them, without offsets that could be trusted: it is
taken out, and only a build from the sources puts it back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sayso.spans import Span, validate

_TEXT_COLUMNS = {
    "text": ("start", "end"),
    "sentence": ("sentence_start", "sentence_end"),
    "tokens": ("token_starts", "token_ends"),
}
_KEPT_COLUMN = "item"
_REMOVED_COLUMNS = {*_TEXT_COLUMNS, _KEPT_COLUMN}

FindText = Callable[[str], str | None]


def remove_texts(rows: pa.Table, doc_ids: frozenset[str]) -> pa.Table:
    """The same rows, those of some documents without a word of them."""
    concerned = pc.is_in(
        rows["doc_id"].cast(pa.string()), pa.array(sorted(doc_ids), pa.string())
    ).combine_chunks()
    if not pc.any(concerned).as_py():
        return rows
    columns = [
        _remove_from_column(name, column.combine_chunks(), concerned)
        for name, column in _named_columns(rows)
    ]
    return pa.table(columns, names=rows.column_names)


def _named_columns(rows: pa.Table) -> list[tuple[str, Any]]:
    return list(zip(rows.column_names, rows.columns, strict=True))


def _remove_from_column(name: str, values: pa.Array, concerned: pa.Array) -> pa.Array:
    kind = values.type
    if name in _REMOVED_COLUMNS:
        plain = values.dictionary_decode() if pa.types.is_dictionary(kind) else values
        keep = pc.invert(concerned).to_numpy(zero_copy_only=False)
        return plain.take(pa.array(np.arange(len(plain)), mask=~keep))
    if not (pa.types.is_list(kind) and pa.types.is_struct(kind.value_type)):
        return values
    inner = values.flatten()
    lengths = pc.fill_null(pc.list_value_length(values), 0).to_numpy(zero_copy_only=False)
    spread = pa.array(np.repeat(concerned.to_numpy(zero_copy_only=False), lengths))
    fields = [(field.name, inner.field(number)) for number, field in enumerate(kind.value_type)]
    return _rebuild_list(
        values, [_remove_from_column(field, column, spread) for field, column in fields], kind
    )


def _rebuild_list(like: pa.Array, columns: list[pa.Array], kind: pa.DataType) -> pa.Array:
    """A list of structs with other fields, its lengths and missing values as before."""
    declared = [
        field.with_type(column.type) for field, column in zip(kind.value_type, columns, strict=True)
    ]
    lengths = pc.fill_null(pc.list_value_length(like), 0).to_numpy(zero_copy_only=False)
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
    inner = pa.StructArray.from_arrays(columns, fields=declared)
    named = pa.list_(kind.value_field.with_type(inner.type))
    return pa.ListArray.from_arrays(offsets, inner, type=named, mask=pc.is_null(like))


def restore_texts(rows: pa.Table, text_of: FindText) -> pa.Table:
    """The same rows, whatever quotes a document filled from its text where that is known and it was taken out.

    Args:
        text_of: the text of a document by its id, or None.

    Raises:
        SpanError: an offset does not fit the text.
    """
    texts = [text_of(doc_id) for doc_id in rows["doc_id"].cast(pa.string()).to_pylist()]
    if not any(text is not None for text in texts):
        return rows
    beside = dict(_named_columns(rows))
    columns = [
        _restore_column(name, column.combine_chunks(), beside, texts)
        for name, column in beside.items()
    ]
    return pa.table(columns, names=rows.column_names)


def _restore_column(
    name: str, values: pa.Array, beside: Mapping[str, Any], texts: list[str | None]
) -> pa.Array:
    kind = values.type
    if name in _TEXT_COLUMNS:
        return _restore_text_column(name, values, beside, texts)
    if not (pa.types.is_list(kind) and pa.types.is_struct(kind.value_type)):
        return values
    inner = values.flatten()
    lengths = pc.fill_null(pc.list_value_length(values), 0).to_pylist()
    spread = [text for text, length in zip(texts, lengths, strict=True) for _ in range(length)]
    fields = {field.name: inner.field(number) for number, field in enumerate(kind.value_type)}
    return _rebuild_list(
        values,
        [_restore_column(field, column, fields, spread) for field, column in fields.items()],
        kind,
    )


def _restore_text_column(
    name: str, values: pa.Array, beside: Mapping[str, Any], texts: list[str | None]
) -> pa.Array:
    """A column that quotes: slices where a text is known, else what stood there."""
    start, end = _TEXT_COLUMNS[name]
    there = values.to_pylist()
    if start not in beside:
        whole = [text if text is not None else old for text, old in zip(texts, there, strict=True)]
        return pa.array(whole if "text_sha256" in beside else there, values.type)
    places = zip(beside[start].to_pylist(), beside[end].to_pylist(), strict=True)
    found = [
        _slice_text(text, *place) if text is not None and old is None else old
        for text, old, place in zip(texts, there, places, strict=True)
    ]
    return pa.array(found, values.type)


def _slice_text(text: str, start: Any, end: Any) -> Any:
    if start is None or end is None:
        return None
    if isinstance(start, list):
        return [_slice_text(text, *edges) for edges in zip(start, end, strict=True)]
    validate(Span(start, end), text)
    return text[start:end]
