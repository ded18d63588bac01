"""A digest of rows that no way of writing them changes.

The bytes of a Parquet file depend on the release of the library that wrote it; its values do not. Each column is
taken apart into plain sequences — where values are missing, how long lists and strings are, the values — and each
sequence is digested for itself. So neither row groups nor chunks, encodings, compression or dictionaries matter.
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
    """SHA-256 over the values of a Parquet file, in hexadecimal; names and types of its columns count too.

    Raises:
        DiskError: the file cannot be read.
    """
    digests: dict[str, Any] = {}
    with convert_os_errors(path), pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_BATCH_ROWS):
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                for place, content in _value_sequences(name, _decode_dictionary(column)):
                    digests.setdefault(place, hashlib.sha256()).update(content)
    whole = "".join(f"{place} {digest.hexdigest()}\n" for place, digest in sorted(digests.items()))
    return hashlib.sha256(whole.encode()).hexdigest()


def _decode_dictionary(values: pa.Array) -> pa.Array:
    return values.dictionary_decode() if pa.types.is_dictionary(values.type) else values


def _value_sequences(place: str, values: pa.Array) -> Iterator[tuple[str, bytes]]:
    """The plain sequences of a column, each by its place."""
    kind = values.type
    yield f"{place}?", _number_bytes(values.is_valid().cast(pa.int8()), np.int8)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        yield f"{place}#", _number_bytes(pc.fill_null(pc.list_value_length(values), 0), np.int64)
        yield from _value_sequences(f"{place}[]", _decode_dictionary(pc.list_flatten(values)))
    elif pa.types.is_struct(kind):
        for number, field in enumerate(kind):
            yield from _value_sequences(
                f"{place}.{field.name}", _decode_dictionary(pc.struct_field(values, [number]))
            )
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
        words = pc.fill_null(values, "")
        yield f"{place}:text#", _number_bytes(pc.binary_length(words), np.int64)
        yield f"{place}:text", "".join(words.to_pylist()).encode()
    elif pa.types.is_boolean(kind):
        yield f"{place}:flag", _number_bytes(pc.fill_null(values, False).cast(pa.int8()), np.int8)
    elif pa.types.is_integer(kind):
        yield f"{place}:integer", _number_bytes(pc.fill_null(values.cast(pa.int64()), 0), np.int64)
    elif pa.types.is_floating(kind):
        yield (
            f"{place}:float",
            _number_bytes(pc.fill_null(values.cast(pa.float64()), 0.0), np.float64),
        )
    else:
        raise TypeError(f"no digest for a column of {kind}")


def _number_bytes(values: pa.Array, kind: Any) -> bytes:
    return np.ascontiguousarray(values.to_numpy(zero_copy_only=False), dtype=kind).tobytes()
