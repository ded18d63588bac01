"""Write the Parquet files of the dataset, and read what their footers say.

The footers have no ``huggingface`` key and no Arrow schema, so any version of ``datasets`` reads a
file by the features in the card. They do have the counts that the card adds up.
"""

from __future__ import annotations

import contextlib
import inspect
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from sayso.dataset.annotated_chunk import ConfigTable
from sayso.dataset.build_counts import Counts
from sayso.dataset.content_digest import content_sha256
from sayso.errors import SaysoError
from sayso.files import convert_os_errors, create_file, is_file, make_folder, open_file

ROW_GROUP_ROWS = 10_000
ROW_GROUP_BYTES = 6 << 20
COUNTS_KEY = b"sayso"

_OPTIONS: dict[str, Any] = {
    "compression": "zstd",
    "compression_level": 3,
    "write_page_index": True,
    "store_schema": False,
    # Pages are cut by content, so that a changed row does not move the rest: less to upload, and
    # the same bytes however the rows were chunked in memory. Older releases of pyarrow cannot.
    "use_content_defined_chunking": True,
}
_WRITER_PARAMETERS = inspect.signature(pq.ParquetWriter.__init__).parameters


class EncodingThread:
    """Encodes one row group while the next rows are made; never two, to bound memory."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1)
        self._last: Future[None] | None = None

    def run(self, work: Callable[[], None]) -> None:
        """Start ``work`` once the previous one is done, raising what that one raised."""
        self.wait()
        self._last = self._pool.submit(work)

    def wait(self) -> None:
        """Wait for the last work, raising what it raised."""
        last, self._last = self._last, None
        if last:
            last.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._pool.shutdown()


class DatasetFileWriter:
    """Writes rows in groups; the file is complete once it is closed."""

    def __init__(self, path: Path, thread: EncodingThread) -> None:
        self._path, self._thread = path, thread
        self._waiting: list[pa.Table] = []
        self._counts: Counts = Counter()
        self._writer: pq.ParquetWriter | None = None
        with convert_os_errors(path):
            make_folder(path.parent)
            self._file = create_file(path)

    def add(self, table: ConfigTable) -> None:
        """Append rows."""
        self._counts.update(table.counts)
        self._waiting.append(table.rows)
        if (
            sum(rows.num_rows for rows in self._waiting) >= ROW_GROUP_ROWS
            or sum(rows.nbytes for rows in self._waiting) >= ROW_GROUP_BYTES
        ):
            self._flush()

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        self._thread.run(lambda: self._write(waiting))

    def _write(self, waiting: list[pa.Table]) -> None:
        rows = pa.concat_tables(waiting).unify_dictionaries().combine_chunks()
        with convert_os_errors(self._path):
            if self._writer is None:
                options = _writer_options(rows.schema)
                self._writer = pq.ParquetWriter(self._file, rows.schema, **options)
            self._writer.write_table(rows, row_group_size=ROW_GROUP_ROWS)

    def close(self) -> None:
        """Write the remaining rows and the footer, and sync the file to disk."""
        if self._waiting:
            self._flush()
        self._thread.wait()
        counts = json.dumps(dict(sorted(self._counts.items())), separators=(",", ":"))
        with convert_os_errors(self._path):
            if self._writer:
                self._writer.add_key_value_metadata({COUNTS_KEY: counts.encode()})
                self._writer.close()
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()

    def discard(self) -> None:
        """Let go of a file that will not be finished; a closed one stays."""
        if self._writer and not self._file.closed:
            with contextlib.suppress(OSError, pa.ArrowException):  # the disk may be why
                self._writer.close()
            self._writer.is_open = False
        with contextlib.suppress(OSError):
            self._file.close()


def _writer_options(schema: pa.Schema) -> dict[str, Any]:
    """Store offsets, which ascend, as differences, and other columns as dictionaries."""
    leaves = [leaf for field in schema for leaf in _iterate_leaves(field.name, field.type)]
    return {
        **{name: value for name, value in _OPTIONS.items() if name in _WRITER_PARAMETERS},
        "use_dictionary": [path for path, kind in leaves if kind != pa.int32()],
        "column_encoding": {
            path: "DELTA_BINARY_PACKED" for path, kind in leaves if kind == pa.int32()
        },
    }


def _iterate_leaves(path: str, kind: pa.DataType) -> Iterator[tuple[str, pa.DataType]]:
    if pa.types.is_list(kind):
        yield from _iterate_leaves(f"{path}.list.element", kind.value_type)
    elif pa.types.is_struct(kind):
        for inner in kind:
            yield from _iterate_leaves(f"{path}.{inner.name}", inner.type)
    else:
        yield path, kind


@dataclass(frozen=True)
class DatasetFileFooter:
    """Sizes in rows and bytes, and the counts, of one file."""

    rows: int
    size: int
    uncompressed_size: int
    created_by: str
    counts: Counts


def read_footer(path: Path) -> DatasetFileFooter | None:
    """Read a footer; None if the file is not there, not complete or not written by us.

    Raises:
        DiskError: the file cannot be read.
    """
    if not is_file(path):
        return None
    try:
        with open_file(path) as file:
            metadata = pq.read_metadata(file)
        counts = Counter(json.loads(metadata.metadata[COUNTS_KEY]))
    except SaysoError:
        raise
    except (OSError, pa.ArrowInvalid, KeyError, TypeError, ValueError):
        return None
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    uncompressed = sum(group.total_byte_size for group in groups)
    return DatasetFileFooter(
        metadata.num_rows, path.stat().st_size, uncompressed, metadata.created_by, counts
    )


def is_rewritten(old: Path, new: Path) -> bool:
    """Return whether ``new`` has the rows of ``old``, written by another release of pyarrow."""
    before, after = read_footer(old), read_footer(new)
    return bool(
        before
        and after
        and before.created_by != after.created_by
        and before.counts == after.counts
        and content_sha256(old) == content_sha256(new)
    )
