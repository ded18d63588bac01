"""One Parquet file of the dataset: written with our options, read back for what its footer says.

No ``huggingface`` key and no Arrow schema stand in the footer, so any version of ``datasets`` reads a file by the
card's features. Its figures do stand there: the card adds them up without reading a row.
"""

from __future__ import annotations

import inspect
import json
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sayso.dataset.tables import Figures, Table
from sayso.files import explained

ROW_GROUP_ROWS = 10_000
ROW_GROUP_BYTES = 32 << 20
FIGURES = b"sayso"

_OPTIONS: dict[str, Any] = {
    "compression": "zstd",
    "compression_level": 3,
    "write_page_index": True,
    "store_schema": False,
    # Cut by content, so that a changed row does not move the rest: less to upload, and the same bytes however the
    # rows were chunked in memory. Older releases of pyarrow cannot.
    "use_content_defined_chunking": True,
}
_KNOWN = inspect.signature(pq.ParquetWriter.__init__).parameters


class Writer:
    """Takes rows and writes them out in groups; the file is whole once it is closed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waiting: list[pa.Table] = []
        self._figures: Figures = Counter()
        self._writer: pq.ParquetWriter | None = None
        with explained(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("wb")

    def add(self, table: Table) -> None:
        """Take some more rows; no rows, nothing."""
        self._figures.update(table.figures)
        self._waiting.append(table.rows)
        rows, size = (sum(getattr(each, what) for each in self._waiting) for what in ("num_rows", "nbytes"))
        if rows >= ROW_GROUP_ROWS or size >= ROW_GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        rows = pa.concat_tables(self._waiting).unify_dictionaries().combine_chunks()
        self._waiting.clear()
        with explained(self._path):
            if self._writer is None:
                options = {name: value for name, value in _OPTIONS.items() if name in _KNOWN}
                self._writer = pq.ParquetWriter(self._file, rows.schema, **options)
            self._writer.write_table(rows, row_group_size=ROW_GROUP_ROWS)

    def close(self) -> None:
        """Write the rest and settle the file on disk."""
        if self._waiting:
            self._flush()
        figures = json.dumps(dict(sorted(self._figures.items())), separators=(",", ":"))
        with explained(self._path):
            assert self._writer is not None, "a file is opened for rows"
            self._writer.add_key_value_metadata({FIGURES: figures.encode()})
            self._writer.close()
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()


@dataclass(frozen=True)
class Footer:
    """What a file says of itself."""

    rows: int
    size: int
    uncompressed: int
    made_by: str
    figures: Figures


def footer(path: Path) -> Footer | None:
    """Read a footer; None when the file is not one of ours, or not whole."""
    try:
        found = pq.read_metadata(path)
        figures = Counter(json.loads(found.metadata[FIGURES]))
    except (OSError, pa.ArrowInvalid, KeyError, TypeError, ValueError):
        return None
    groups = sum(found.row_group(number).total_byte_size for number in range(found.num_row_groups))
    return Footer(found.num_rows, path.stat().st_size, groups, found.created_by, figures)


def same_rows(one: Path, other: Path) -> bool:
    """Whether two files hold the same rows and figures, whichever release of pyarrow wrote them."""
    first, second = pq.ParquetFile(one), pq.ParquetFile(other)
    if footer(one).figures != footer(other).figures or not first.schema_arrow.equals(second.schema_arrow):
        return False
    return all(pq.read_table(one, columns=[name]).equals(pq.read_table(other, columns=[name]))
               for name in first.schema_arrow.names)  # fmt: skip
