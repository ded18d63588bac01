"""Digest the rows of a Parquet file independently of how they were written.

The bytes of a file depend on the release of the library that wrote it; its values do not. Each
column is taken apart into plain sequences (nulls, lengths of lists and strings, values), and each
sequence is digested by itself. So row groups, chunks, encodings and dictionaries do not matter.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sayso.files import convert_os_errors

_BATCH_ROWS = 10_000


def content_sha256(path: Path) -> str:
    """Return the SHA-256 over the columns of a Parquet file: names, types and values."""
    digests: dict[str, Any] = {}
    with convert_os_errors(path), pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_BATCH_ROWS):
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                for key, content in _value_sequences(name, column):
                    digests.setdefault(key, hashlib.sha256()).update(content)
    whole = "".join(f"{key} {digest.hexdigest()}\n" for key, digest in sorted(digests.items()))
    return hashlib.sha256(whole.encode()).hexdigest()


def _value_sequences(key: str, values: pa.Array) -> Iterator[tuple[str, bytes]]:
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    kind = values.type
    yield f"{key}?", _number_bytes(values.is_valid().cast(pa.int8()), np.int8)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        lengths = pc.fill_null(pc.list_value_length(values), 0)
        yield f"{key}#", _number_bytes(lengths, np.int64)
        yield from _value_sequences(f"{key}[]", pc.list_flatten(values))
    elif pa.types.is_struct(kind):
        for number, field in enumerate(kind):
            yield from _value_sequences(f"{key}.{field.name}", pc.struct_field(values, [number]))
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
        strings = pc.fill_null(values, "")
        yield f"{key}:text#", _number_bytes(pc.binary_length(strings), np.int64)
        yield f"{key}:text", "".join(strings.to_pylist()).encode()
    elif pa.types.is_boolean(kind):
        yield f"{key}:flag", _number_bytes(pc.fill_null(values, False).cast(pa.int8()), np.int8)
    elif pa.types.is_integer(kind):
        integers = pc.fill_null(values.cast(pa.int64()), 0)
        yield f"{key}:integer", _number_bytes(integers, np.int64)
    elif pa.types.is_floating(kind):
        floats = pc.fill_null(values.cast(pa.float64()), 0.0)
        yield f"{key}:float", _number_bytes(floats, np.float64)
    else:
        raise TypeError(f"no digest for a column of {kind}")


def _number_bytes(values: pa.Array, dtype: Any) -> bytes:
    return np.ascontiguousarray(values.to_numpy(zero_copy_only=False), dtype=dtype).tobytes()
