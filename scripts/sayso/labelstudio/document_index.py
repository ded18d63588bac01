"""An index of documents by id: on disk, offsets only, updated for changed batches.

Label Studio returns tasks in its own order and predictions come in any order, so both need random
access to documents. For reading in order see ``sayso.corpus``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec import Struct

from sayso.corpus.sources import CorpusFiles
from sayso.errors import DiskError, InputError
from sayso.files import convert_os_errors
from sayso.models import Document
from sayso.settings import Checkout

_TABLES_VERSION = 2  # tables of another version are dropped
_CREATE_TABLES = """
DROP TABLE IF EXISTS batches;
DROP TABLE IF EXISTS documents;
CREATE TABLE batches (name TEXT PRIMARY KEY, number INTEGER, size INTEGER, changed INTEGER);
CREATE TABLE documents (
    doc_id TEXT PRIMARY KEY, batch INTEGER, start INTEGER, text_sha256 TEXT
) WITHOUT ROWID;
"""


class _IndexedDocument(Struct):
    doc_id: str
    text_sha256: str


@contextmanager
def open_document_index(checkout: Checkout) -> Iterator[DocumentIndex]:
    """Open the index of a checkout's documents, brought up to date.

    Raises:
        DiskError: the index cannot be read or written.
    """
    path = checkout.private / "cache" / "documents.sqlite3"
    with convert_os_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with (
            closing(sqlite3.connect(path)) as connection,
            closing(DocumentIndex(CorpusFiles(checkout.root), connection)) as index,
        ):
            yield index
    except sqlite3.Error as error:
        remedy = "delete this file and run the command again"
        raise DiskError(str(error), where=str(path), remedy=remedy) from error


class DocumentIndex:
    """The documents of a corpus, one at a time."""

    def __init__(self, corpus: CorpusFiles, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._decode = msgspec.json.Decoder(Document).decode
        self._files: dict[int, BinaryIO] = {}
        self._batches = dict(enumerate(corpus.batch_files()))
        if connection.execute("PRAGMA user_version").fetchone()[0] != _TABLES_VERSION:
            script = f"BEGIN;{_CREATE_TABLES}PRAGMA user_version = {_TABLES_VERSION};COMMIT"
            connection.executescript(script)
        for number, path in self._batches.items():
            self._index_batch(number, path)

    def _index_batch(self, number: int, path: Path) -> None:
        with convert_os_errors(path):
            stat = path.stat()
        current = (path.name, number, stat.st_size, stat.st_mtime_ns)
        execute = self._connection.execute
        if execute("SELECT * FROM batches WHERE name = ?", (path.name,)).fetchone() == current:
            return
        execute("DELETE FROM documents WHERE batch = ?", (number,))
        rows = _scan_batch(number, path)
        self._connection.executemany("REPLACE INTO documents VALUES (?, ?, ?, ?)", rows)
        execute("REPLACE INTO batches VALUES (?, ?, ?, ?)", current)
        self._connection.commit()

    def get(self, doc_id: str) -> Document | None:
        """Return a document, or None."""
        query = "SELECT batch, start FROM documents WHERE doc_id = ?"
        row = self._connection.execute(query, (doc_id,)).fetchone()
        if row is None or row[0] not in self._batches:
            return None
        batch, start = row
        path = self._batches[batch]
        with convert_os_errors(path):
            file = self._files.get(batch) or self._files.setdefault(batch, path.open("rb"))
            file.seek(start)
            return self._decode(file.readline())

    @property
    def fingerprint(self) -> str:
        """A text that differs whenever a file of articles does."""
        query = "SELECT * FROM batches ORDER BY name"
        return repr(self._connection.execute(query).fetchall())

    def text_sha256(self, doc_id: str) -> str:
        """Return the hash of a document's text; empty if there is no such document."""
        query = "SELECT text_sha256, batch FROM documents WHERE doc_id = ?"
        row = self._connection.execute(query, (doc_id,)).fetchone()
        return str(row[0]) if row and row[1] in self._batches else ""

    def close(self) -> None:
        """Close the files that were opened."""
        for file in self._files.values():
            file.close()


def _scan_batch(number: int, path: Path) -> list[tuple[str, int, int, str]]:
    decode, start, rows = msgspec.json.Decoder(_IndexedDocument).decode, 0, []
    with convert_os_errors(path), path.open("rb") as file:
        for line, content in enumerate(file, 1):
            try:
                document = decode(content)
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                where = f"{path}:{line}"
                raise InputError(
                    str(error), where=where, remedy="restore the line from git"
                ) from error
            rows.append((document.doc_id, number, start, document.text_sha256))
            start += len(content)
    return rows
