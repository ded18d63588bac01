"""Documents by id, wherever they lie in the corpus, with nothing but offsets kept: on disk, and only what is new."""

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

_TABLES_VERSION = 2  # of the tables; those of another one are made anew
_CREATE_TABLES = """
DROP TABLE IF EXISTS batches;
DROP TABLE IF EXISTS documents;
CREATE TABLE batches (name TEXT PRIMARY KEY, number INTEGER, size INTEGER, changed INTEGER);
CREATE TABLE documents (doc_id TEXT PRIMARY KEY, batch INTEGER, start INTEGER, text_sha256 TEXT) WITHOUT ROWID;
"""


class _IndexedDocument(Struct):
    doc_id: str
    text_sha256: str


@contextmanager
def open_document_index(checkout: Checkout) -> Iterator[DocumentIndex]:
    """The documents of an instance.

    Raises:
        DiskError: the index cannot be read or written.
    """
    path = checkout.private / "cache" / "documents.sqlite3"
    with convert_os_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with (
            closing(sqlite3.connect(path)) as connection,
            closing(DocumentIndex(CorpusFiles(checkout.root), connection)) as texts,
        ):
            yield texts
    except sqlite3.Error as error:
        raise DiskError(
            str(error), where=str(path), remedy="delete this file and run the command again"
        ) from error


class DocumentIndex:
    """The documents of a corpus, one at a time."""

    def __init__(self, corpus: CorpusFiles, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._decode = msgspec.json.Decoder(Document).decode
        self._files: dict[int, BinaryIO] = {}
        self._batches = dict(enumerate(corpus.batch_files()))
        if connection.execute("PRAGMA user_version").fetchone()[0] != _TABLES_VERSION:
            connection.executescript(
                f"BEGIN;{_CREATE_TABLES}PRAGMA user_version = {_TABLES_VERSION};COMMIT"
            )
        for number, path in self._batches.items():
            self._index_batch(number, path)

    def _index_batch(self, number: int, path: Path) -> None:
        with convert_os_errors(path):
            state = path.stat()
        known = (path.name, number, state.st_size, state.st_mtime_ns)
        if (
            self._connection.execute(
                "SELECT * FROM batches WHERE name = ?", (path.name,)
            ).fetchone()
            == known
        ):
            return
        self._connection.execute("DELETE FROM documents WHERE batch = ?", (number,))
        self._connection.executemany(
            "REPLACE INTO documents VALUES (?, ?, ?, ?)", _scan_batch(number, path)
        )
        self._connection.execute("REPLACE INTO batches VALUES (?, ?, ?, ?)", known)
        self._connection.commit()

    def get(self, doc_id: str) -> Document | None:
        """The document, or None."""
        found = self._connection.execute(
            "SELECT batch, start FROM documents WHERE doc_id = ?", (doc_id,)
        ).fetchone()
        if found is None or found[0] not in self._batches:
            return None
        path = self._batches[found[0]]
        with convert_os_errors(path):
            file = self._files.get(found[0]) or self._files.setdefault(found[0], path.open("rb"))
            file.seek(found[1])
            return self._decode(file.readline())

    @property
    def fingerprint(self) -> str:
        """Another one whenever a file of articles is."""
        return repr(self._connection.execute("SELECT * FROM batches ORDER BY name").fetchall())

    def text_sha256(self, doc_id: str) -> str:
        """The hash of a document's text; empty where the corpus has no such document."""
        asked = "SELECT text_sha256, batch FROM documents WHERE doc_id = ?"
        found = self._connection.execute(asked, (doc_id,)).fetchone()
        return str(found[0]) if found and found[1] in self._batches else ""

    def close(self) -> None:
        """Close the files that were opened."""
        for file in self._files.values():
            file.close()


def _scan_batch(number: int, path: Path) -> list[tuple[str, int, int, str]]:
    decode, start, found = msgspec.json.Decoder(_IndexedDocument).decode, 0, []
    with convert_os_errors(path), path.open("rb") as file:
        for line, content in enumerate(file, 1):
            try:
                head = decode(content)
                found.append((head.doc_id, number, start, head.text_sha256))
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                raise InputError(
                    str(error), where=f"{path}:{line}", remedy="restore the line from git"
                ) from error
            start += len(content)
    return found
