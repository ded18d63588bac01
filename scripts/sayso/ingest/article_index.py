"""A cache of the documents of the corpus and the fingerprints of their texts, so that work grows
with what changes.

It is a file in ``.sayso/`` and may be deleted at any time. A batch whose size, time or inode has
changed is read again; a fingerprint is stored under its text's hash and stays valid.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sayso.code_digest import library_versions, package_digest
from sayso.corpus.sources import CorpusFiles
from sayso.errors import DiskError, InputError
from sayso.files import convert_os_errors, read_file
from sayso.ingest.near_duplicates import hash_bands, hash_runs
from sayso.models import Document, Split, sha256

INDEX_FILE = "articles.sqlite"
MAX_NEIGHBOURS = 20  # texts compared for one band: thousands of copies would cost a square

_TABLES = """
CREATE TABLE batch (name TEXT PRIMARY KEY, size INTEGER, changed INTEGER, inode INTEGER);
CREATE TABLE document (
    doc_id TEXT PRIMARY KEY, text_sha256 TEXT, text_id INTEGER, split TEXT,
    batch TEXT, start INTEGER, length INTEGER
);
CREATE INDEX document_text ON document (text_id);
CREATE INDEX document_batch ON document (batch);
CREATE TABLE fingerprint (text_id INTEGER PRIMARY KEY);
CREATE TABLE band (key INTEGER, text_id INTEGER, PRIMARY KEY (key, text_id)) WITHOUT ROWID;
"""


def text_id(text_sha256: str) -> int:
    """Return a text's number in the tables: the first 64 bits of its hash, signed.

    >>> text_id("ff" * 32)
    -1
    """
    return int.from_bytes(bytes.fromhex(text_sha256[:16]), "big", signed=True)


@dataclass(frozen=True)
class ArticleIndex:
    """The database, and the corpus that it indexes."""

    database: sqlite3.Connection
    corpus: CorpusFiles

    def update(self, advance: Callable[[int], None]) -> None:
        """Read the batches that have changed.

        Raises:
            InputError: a line is not a document, or a doc_id is given twice.
        """
        execute = self.database.execute
        current = {path.name: _file_state(path) for path in self.corpus.batch_files()}
        rows = execute("SELECT name, size, changed, inode FROM batch")
        known = {name: state for name, *state in rows}
        for name in known:
            if known[name] != current.get(name):
                execute("DELETE FROM document WHERE batch = ?", (name,))
                execute("DELETE FROM batch WHERE name = ?", (name,))
        for name, state in current.items():
            if known.get(name) != state:
                self._read_batch(name, advance)
                execute("INSERT INTO batch VALUES (?, ?, ?, ?)", (name, *state))
        self.database.commit()

    def _read_batch(self, name: str, advance: Callable[[int], None]) -> None:
        for start, length, document in self.corpus.documents_with_offsets(name):
            doc_id, digest, number = (
                document.doc_id,
                document.text_sha256,
                text_id(document.text_sha256),
            )
            row = (doc_id, digest, number, document.split, name, start, length)
            try:
                self.database.execute("INSERT INTO document VALUES (?, ?, ?, ?, ?, ?, ?)", row)
            except sqlite3.IntegrityError:
                where = str(self.corpus.articles_folder / name)
                remedy = "run `sayso format`, or restore the folder from git"
                raise InputError(
                    f"document {doc_id} is there twice", where=where, remedy=remedy
                ) from None
            if not self.has_fingerprint(number):
                bands = hash_bands(hash_runs(document.text))
                self.add_fingerprint(number, bands)
            advance(1)

    def find_neighbours(self, keys: Iterable[int]) -> set[int]:
        """Return the ids of texts that share one of the bands."""
        statement = "SELECT text_id FROM band WHERE key = ? LIMIT ?"
        rows = (self.database.execute(statement, (key, MAX_NEIGHBOURS)) for key in keys)
        return {number for found in rows for (number,) in found}

    def list_bands(self) -> Iterator[tuple[int, str, Split]]:
        """Yield (band, doc_id, split) of every document, bands and documents in order."""
        statement = (
            "SELECT band.key, document.doc_id, document.split FROM band"
            " JOIN document ON document.text_id = band.text_id ORDER BY band.key, document.doc_id"
        )
        yield from self.database.execute(statement)

    def has_fingerprint(self, number: int) -> bool:
        """Return whether the text's fingerprint is stored."""
        statement = "SELECT 1 FROM fingerprint WHERE text_id = ?"
        return bool(self.database.execute(statement, (number,)).fetchone())

    def add_fingerprint(self, number: int, keys: Iterable[int]) -> None:
        """Store the fingerprint of a text."""
        self.database.execute("INSERT OR IGNORE INTO fingerprint VALUES (?)", (number,))
        rows = ((key, number) for key in keys)
        self.database.executemany("INSERT OR IGNORE INTO band VALUES (?, ?)", rows)

    def list_holders(self, number: int) -> list[tuple[str, Split]]:
        """Return (doc_id, split) of the documents that have one text, in order."""
        statement = "SELECT doc_id, split FROM document WHERE text_id = ? ORDER BY doc_id"
        return list(self.database.execute(statement, (number,)))

    def find_text(self, number: int) -> str | None:
        """Return a text of the corpus by its id; None where only its fingerprint is left."""
        holders = self.list_holders(number)
        return self.read_document(holders[0][0]).text if holders else None

    def list_batches(self, doc_ids: Iterable[str]) -> list[str]:
        """Return the names of the batches that hold some documents, in order."""
        statement = "SELECT batch FROM document WHERE doc_id = ?"
        execute = self.database.execute
        return sorted({execute(statement, (doc_id,)).fetchone()[0] for doc_id in doc_ids})

    def find_line(self, doc_id: str) -> tuple[Path, int]:
        """Return the file and the line of a document, from 1."""
        statement = "SELECT batch, start FROM document WHERE doc_id = ?"
        batch, start = self.database.execute(statement, (doc_id,)).fetchone()
        path = self.corpus.articles_folder / batch
        with convert_os_errors(path):
            return path, read_file(path)[:start].count(b"\n") + 1

    def read_document(self, doc_id: str) -> Document:
        """Read a document of the corpus."""
        statement = "SELECT batch, start, length FROM document WHERE doc_id = ?"
        location = self.database.execute(statement, (doc_id,)).fetchone()
        return self.corpus.read_document_at(*location)


def _file_state(path: Path) -> list[int]:
    with convert_os_errors(path):
        found = path.stat()
    return [found.st_size, found.st_mtime_ns, found.st_ino]


@contextlib.contextmanager
def open_index(
    path: Path, corpus: CorpusFiles, advance: Callable[[int], None]
) -> Iterator[ArticleIndex]:
    """Open or create the cache at ``path`` and bring it up to date.

    Raises:
        DiskError: the disk is full, or the cache turned out damaged; it was removed and the command
            can be repeated.
    """
    try:
        with contextlib.closing(_open_updated_database(path, corpus, advance)) as database:
            yield ArticleIndex(database, corpus)
    except sqlite3.OperationalError as error:
        remedy = "free some space and run the command again"
        raise DiskError(str(error), where=str(path), remedy=remedy) from error
    except sqlite3.DatabaseError as error:
        _remove_database(path)
        remedy = "it was a cache and is removed; run the command again"
        raise DiskError(str(error), where=str(path), remedy=remedy) from error


def _open_updated_database(
    path: Path, corpus: CorpusFiles, advance: Callable[[int], None]
) -> sqlite3.Connection:
    database = _open_database(path)
    try:
        ArticleIndex(database, corpus).update(advance)
    except BaseException as error:
        database.close()
        if type(error) is not sqlite3.DatabaseError:
            raise
        _remove_database(path)  # damaged: it is made anew, once
        database = _open_database(path)
        ArticleIndex(database, corpus).update(advance)
    return database


def _open_database(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path)
    version = _tables_version()
    if _read_tables_version(database) != version:
        database.close()
        _remove_database(path)
        database = sqlite3.connect(path)
        database.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {version}; COMMIT;")
    return database


def _tables_version() -> int:
    """Return a number for the code that makes tables and fingerprints, so that no other code's are
    used.
    """
    return int(sha256(f"{package_digest()} {library_versions('numpy', 'xxhash')}")[:7], 16)


def _read_tables_version(database: sqlite3.Connection) -> int | None:
    try:
        return int(database.execute("PRAGMA user_version").fetchone()[0])
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        return None  # the file is no database


def _remove_database(path: Path) -> None:
    for name in (path, path.with_name(f"{path.name}-journal")):
        name.unlink(missing_ok=True)
