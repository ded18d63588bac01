"""An index of documents by id: on disk, offsets only, updated for changed batches.

Label Studio returns tasks in its own order and predictions come in any order, so both need random
access to documents. For reading in order see ``sayso.corpus``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from sayso.corpus.sources import CorpusFiles
from sayso.errors import DiskError
from sayso.files import convert_os_errors, make_folder
from sayso.models import Document
from sayso.settings import Checkout

_TABLES_VERSION = 3  # tables of another version are dropped
_CREATE_TABLES = f"""
BEGIN;
DROP TABLE IF EXISTS batches;
DROP TABLE IF EXISTS documents;
CREATE TABLE batches (name TEXT PRIMARY KEY, size INTEGER, changed INTEGER);
CREATE TABLE documents (
    doc_id TEXT PRIMARY KEY, text_sha256 TEXT, batch TEXT, start INTEGER, length INTEGER
) WITHOUT ROWID;
PRAGMA user_version = {_TABLES_VERSION};
COMMIT;
"""


@contextmanager
def open_document_index(checkout: Checkout) -> Iterator[DocumentIndex]:
    """Open the index of a checkout's documents, brought up to date.

    Raises:
        DiskError: the index cannot be read or written.
        InputError: a line of a batch is not a document.
    """
    path = checkout.private / "cache" / "documents.sqlite3"
    with convert_os_errors(path):
        make_folder(path.parent)
    try:
        with closing(sqlite3.connect(path)) as connection:
            yield DocumentIndex(CorpusFiles(checkout.root), connection)
    except sqlite3.Error as error:
        remedy = "delete this file and run the command again"
        raise DiskError(str(error), where=str(path), remedy=remedy) from error


class DocumentIndex:
    """The documents of a corpus, one at a time."""

    def __init__(self, corpus: CorpusFiles, connection: sqlite3.Connection) -> None:
        self._corpus = corpus
        self._connection = connection
        if connection.execute("PRAGMA user_version").fetchone()[0] != _TABLES_VERSION:
            connection.executescript(_CREATE_TABLES)
        self._update()

    def _update(self) -> None:
        execute = self._connection.execute
        found = {}
        for path in self._corpus.batch_files():
            with convert_os_errors(path):
                stat = path.stat()
            found[path.name] = (stat.st_size, stat.st_mtime_ns)
        known = {name: tuple(state) for name, *state in execute("SELECT * FROM batches")}
        # All deletions come first: a document may have moved from one batch to another.
        changed = [name for name in {**known, **found} if known.get(name) != found.get(name)]
        for name in changed:
            execute("DELETE FROM documents WHERE batch = ?", (name,))
            execute("DELETE FROM batches WHERE name = ?", (name,))
        for name in filter(found.__contains__, changed):
            documents = self._corpus.documents_with_offsets(name)
            rows = ((d.doc_id, d.text_sha256, name, start, size) for start, size, d in documents)
            self._connection.executemany("REPLACE INTO documents VALUES (?, ?, ?, ?, ?)", rows)
            execute("INSERT INTO batches VALUES (?, ?, ?)", (name, *found[name]))
        self._connection.commit()

    def get(self, doc_id: str) -> Document | None:
        """Return a document, or None."""
        query = "SELECT batch, start, length FROM documents WHERE doc_id = ?"
        row = self._connection.execute(query, (doc_id,)).fetchone()
        return self._corpus.read_document_at(*row) if row else None

    def text_sha256(self, doc_id: str) -> str:
        """Return the hash of a document's text; empty if there is no such document."""
        query = "SELECT text_sha256 FROM documents WHERE doc_id = ?"
        row = self._connection.execute(query, (doc_id,)).fetchone()
        return str(row[0]) if row else ""

    @property
    def fingerprint(self) -> str:
        """A text that differs whenever a file of articles does."""
        return repr(self._connection.execute("SELECT * FROM batches ORDER BY name").fetchall())
