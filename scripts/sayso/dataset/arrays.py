"""Arrays of offsets and lists, for Arrow and NumPy together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def to_integers(column: pa.Array) -> IntArray:
    """Convert a column without nulls."""
    return np.asarray(column).astype(np.int64)


def combine_chunks(column: pa.ChunkedArray) -> pa.Array:
    """Return a column as one array; `combine_chunks` of Arrow may return several."""
    combined = column.combine_chunks()
    return combined if isinstance(combined, pa.Array) else pa.concat_arrays(combined.chunks)


def list_bounds(lists: pa.ListArray) -> IntArray:
    """Return where each list starts among all items and where the last ends; null is empty."""
    lengths = pc.fill_null(pc.list_value_length(lists), 0)
    return np.concatenate([[0], np.cumsum(np.asarray(lengths), dtype=np.int64)])


def list_owners(lists: pa.ListArray) -> IntArray:
    """Return for each item of all lists the index of its list."""
    return np.repeat(np.arange(len(lists)), np.diff(list_bounds(lists)))


def make_list_array(bounds: IntArray, items: pa.Array) -> pa.ListArray:
    """Make lists of items from their bounds."""
    element = pa.field("element", items.type)
    return pa.ListArray.from_arrays(pa.array(bounds, pa.int32()), items, type=pa.list_(element))


def replace_null_lists(values: pa.Array) -> pa.Array:
    """Return lists with empty ones for null; other values as they are."""
    if not pa.types.is_list(values.type):
        return values
    return make_list_array(list_bounds(values), values.flatten())


def group_structs(row: IntArray, size: int, columns: Mapping[str, pa.Array]) -> pa.ListArray:
    """Make for each of ``size`` rows the list of its structs; ``row`` must ascend."""
    bounds = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=size))])
    items = pa.StructArray.from_arrays(list(columns.values()), names=list(columns))
    return make_list_array(bounds, items)


def expand_ranges(first: IntArray, count: IntArray) -> IntArray:
    """Return ``first[0], first[0] + 1, ...`` (``count[0]`` of them), ``first[1], ...``.

    >>> expand_ranges(np.array([5, 2]), np.array([2, 1])).tolist()
    [5, 6, 2]
    """
    ends = np.cumsum(count)
    return np.repeat(first - (ends - count), count) + np.arange(ends[-1] if len(ends) else 0)


def encode_words(column: pa.Array, words: Sequence[str]) -> IntArray:
    """Return the index of each word in ``words``; -1 if it is not there or null."""
    codes = pc.index_in(column, value_set=pa.array(list(words), pa.string()))
    return to_integers(pc.fill_null(codes, -1))


def count_values(column: pa.Array) -> dict[Any, int]:
    """Count how often each value occurs."""
    return {each["values"]: each["counts"] for each in column.value_counts().to_pylist()}
