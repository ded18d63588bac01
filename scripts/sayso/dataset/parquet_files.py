"""One Parquet file of the dataset: written with our options, read back for what its footer says.

No ``huggingface`` key and no Arrow schema stand in the footer, so any version of ``datasets`` reads a file by the
card's features. Its figures do stand there: the card adds them up without reading a row.
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

from sayso.dataset.arrow_tables import ConfigTable
from sayso.dataset.build_counts import Counts
from sayso.files import convert_os_errors

ROW_GROUP_ROWS = 10_000
ROW_GROUP_BYTES = 6 << 20
COUNTS_KEY = b"sayso"

_OPTIONS: dict[str, Any] = {
    "compression": "zstd",
    "compression_level": 3,
    "write_page_index": True,
    "store_schema": False,
    # Cut by content, so that a changed row does not move the rest: less to upload, and the same bytes however the
    # rows were chunked in memory. Older releases of pyarrow cannot.
    "use_content_defined_chunking": True,
}
_WRITER_PARAMETERS = inspect.signature(pq.ParquetWriter.__init__).parameters


class EncodingThread:
    """Lets one group be encoded in another thread while the next rows are made; never more than one, for memory."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1)
        self._last: Future[None] | None = None

    def run(self, work: Callable[[], None]) -> None:
        """Start ``work`` when the one before is done; raises what that one raised."""
        self.wait()
        self._last = self._pool.submit(work)

    def wait(self) -> None:
        """Wait for the last one; raises what it raised."""
        last, self._last = self._last, None
        if last:
            last.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._pool.shutdown()


class DatasetFileWriter:
    """Takes rows and writes them out in groups; the file is whole once it is closed."""

    def __init__(self, path: Path, lane: EncodingThread) -> None:
        self._path, self._lane = path, lane
        self._waiting: list[pa.Table] = []
        self._figures: Counts = Counter()
        self._writer: pq.ParquetWriter | None = None
        with convert_os_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("wb")

    def add(self, table: ConfigTable) -> None:
        """Take some more rows; no rows, nothing."""
        self._figures.update(table.counts)
        self._waiting.append(table.rows)
        rows, size = (
            sum(getattr(each, what) for each in self._waiting) for what in ("num_rows", "nbytes")
        )
        if rows >= ROW_GROUP_ROWS or size >= ROW_GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        self._lane.run(lambda: self._write(waiting))

    def _write(self, waiting: list[pa.Table]) -> None:
        rows = pa.concat_tables(waiting).unify_dictionaries().combine_chunks()
        with convert_os_errors(self._path):
            if self._writer is None:
                self._writer = pq.ParquetWriter(
                    self._file, rows.schema, **_writer_options(rows.schema)
                )
            self._writer.write_table(rows, row_group_size=ROW_GROUP_ROWS)

    def close(self) -> None:
        """Write the rest and settle the file on disk."""
        if self._waiting:
            self._flush()
        self._lane.wait()
        figures = json.dumps(dict(sorted(self._figures.items())), separators=(",", ":"))
        with convert_os_errors(self._path):
            if self._writer:
                self._writer.add_key_value_metadata({COUNTS_KEY: figures.encode()})
                self._writer.close()
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()

    def discard(self) -> None:
        """Let go of a file that will not be finished; nothing to do when it is closed."""
        if self._writer and not self._file.closed:
            with contextlib.suppress(OSError, pa.ArrowException):  # the disk may be why
                self._writer.close()
            self._writer.is_open = False
        with contextlib.suppress(OSError):
            self._file.close()


def _writer_options(schema: pa.Schema) -> dict[str, Any]:
    """How to write: offsets climb, so their differences are stored; whatever else repeats, as a dictionary."""
    leaves = [leaf for each in schema for leaf in _iterate_leaf_columns(each.name, each.type)]
    return {
        **{name: value for name, value in _OPTIONS.items() if name in _WRITER_PARAMETERS},
        "use_dictionary": [path for path, kind in leaves if kind != pa.int32()],
        "column_encoding": {
            path: "DELTA_BINARY_PACKED" for path, kind in leaves if kind == pa.int32()
        },
    }


def _iterate_leaf_columns(path: str, kind: pa.DataType) -> Iterator[tuple[str, pa.DataType]]:
    if pa.types.is_list(kind):
        yield from _iterate_leaf_columns(f"{path}.list.element", kind.value_type)
    elif pa.types.is_struct(kind):
        for inner in kind:
            yield from _iterate_leaf_columns(f"{path}.{inner.name}", inner.type)
    else:
        yield path, kind


@dataclass(frozen=True)
class DatasetFileFooter:
    """What a file says of itself."""

    rows: int
    size: int
    uncompressed_size: int
    created_by: str
    counts: Counts


def read_footer(path: Path) -> DatasetFileFooter | None:
    """Read a footer; None when the file is not one of ours, or not whole."""
    try:
        found = pq.read_metadata(path)
        figures = Counter(json.loads(found.metadata[COUNTS_KEY]))
    except (OSError, pa.ArrowInvalid, KeyError, TypeError, ValueError):
        return None
    groups = sum(found.row_group(number).total_byte_size for number in range(found.num_row_groups))
    return DatasetFileFooter(found.num_rows, path.stat().st_size, groups, found.created_by, figures)


def have_equal_rows(one: Path, other: Path) -> bool:
    """Whether two files hold the same rows and figures, whichever release of pyarrow wrote them."""
    first, second = read_footer(one), read_footer(other)
    if not first or not second or first.counts != second.counts:
        return False
    names = pq.read_schema(one).names
    return names == pq.read_schema(other).names and all(
        pq.read_table(one, columns=[name]).equals(pq.read_table(other, columns=[name]))
        for name in names
    )
