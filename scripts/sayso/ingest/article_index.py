"""What the corpus holds already, and fingerprints of its texts: a cache, so that work grows with what changes.

It lives in ``.sayso/`` and may be deleted at any time. A batch that is not as it was when it was read (by size, time
and inode) is read again; a fingerprint is kept under its text's hash and stays good for ever.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sayso.corpus.sources import CorpusFiles
from sayso.errors import DiskError, InputError
from sayso.files import convert_os_errors
from sayso.ingest import near_duplicates
from sayso.models import Document, Split

_TABLES_VERSION = 1  # raise it when a table changes, or what a fingerprint is made of
_MAX_NEIGHBOURS = (
    20  # texts looked at for one band: copies by the thousand would otherwise cost a square
)

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
    """A text's number in the tables: the first 64 bits of its hash, signed.

    >>> text_id("ff" * 32)
    -1
    """
    return int.from_bytes(bytes.fromhex(text_sha256[:16]), "big", signed=True)


@dataclass(frozen=True)
class ArticleIndex:
    """The tables, and the corpus that they are about."""

    database: sqlite3.Connection
    corpus: CorpusFiles

    def update(self, advance: Callable[[int], None]) -> None:
        """Read the batches that are not as they were.

        Raises:
            InputError: a line is not a document, or a doc_id stands twice.
        """
        now = {path.name: _file_state(path) for path in self.corpus.batch_files()}
        known = {
            name: state
            for name, *state in self.database.execute(
                "SELECT name, size, changed, inode FROM batch"
            )
        }
        for name in known:
            if known[name] != now.get(name):
                self.database.execute("DELETE FROM document WHERE batch = ?", (name,))
                self.database.execute("DELETE FROM batch WHERE name = ?", (name,))
        for name, state in now.items():
            if known.get(name) != state:
                self._read_batch(name, advance)
                self.database.execute("INSERT INTO batch VALUES (?, ?, ?, ?)", (name, *state))
        self.database.commit()

    def _read_batch(self, name: str, advance: Callable[[int], None]) -> None:
        for start, length, document in self.corpus.documents_with_offsets(name):
            number = text_id(document.text_sha256)
            row = (
                document.doc_id,
                document.text_sha256,
                number,
                document.split,
                name,
                start,
                length,
            )
            try:
                self.database.execute("INSERT INTO document VALUES (?, ?, ?, ?, ?, ?, ?)", row)
            except sqlite3.IntegrityError:
                raise InputError(
                    f"document {document.doc_id} stands twice",
                    where=str(self.corpus.articles_folder / name),
                    remedy="restore the folder from git",
                ) from None
            if not self.has_fingerprint(number):
                self.add_fingerprint(
                    number, near_duplicates.hash_bands(near_duplicates.hash_runs(document.text))
                )
            advance(1)

    def find_neighbours(self, keys: Iterable[int]) -> set[int]:
        """Numbers of texts that share one of the bands."""
        found: set[int] = set()
        for key in keys:
            question = "SELECT text_id FROM band WHERE key = ? LIMIT ?"
            found.update(
                number for (number,) in self.database.execute(question, (key, _MAX_NEIGHBOURS))
            )
        return found

    def has_fingerprint(self, number: int) -> bool:
        """Whether the text's fingerprint is kept."""
        return bool(
            self.database.execute(
                "SELECT 1 FROM fingerprint WHERE text_id = ?", (number,)
            ).fetchone()
        )

    def add_fingerprint(self, number: int, keys: Iterable[int]) -> None:
        """Keep the fingerprint of a text."""
        self.database.execute("INSERT OR IGNORE INTO fingerprint VALUES (?)", (number,))
        self.database.executemany(
            "INSERT OR IGNORE INTO band VALUES (?, ?)", ((key, number) for key in keys)
        )

    def list_holders(self, number: int) -> list[tuple[str, Split]]:
        """(doc_id, split) of the documents that have one text, in order."""
        question = "SELECT doc_id, split FROM document WHERE text_id = ? ORDER BY doc_id"
        return list(self.database.execute(question, (number,)))

    def find_text(self, number: int) -> str | None:
        """A text of the corpus, by its number; None when only its fingerprint is left."""
        held = self.list_holders(number)
        return self.read_document(held[0][0]).text if held else None

    def list_batches(self, doc_ids: Iterable[str]) -> list[str]:
        """The names of the batches that hold some documents, in order."""
        question = "SELECT batch FROM document WHERE doc_id = ?"
        return sorted(
            {self.database.execute(question, (doc_id,)).fetchone()[0] for doc_id in doc_ids}
        )

    def read_document(self, doc_id: str) -> Document:
        """A document of the corpus, read from its place."""
        question = "SELECT batch, start, length FROM document WHERE doc_id = ?"
        return self.corpus.read_document_at(*self.database.execute(question, (doc_id,)).fetchone())


def _file_state(path: Path) -> list[int]:
    with convert_os_errors(path):
        found = path.stat()
    return [found.st_size, found.st_mtime_ns, found.st_ino]


@contextlib.contextmanager
def open_index(
    path: Path, corpus: CorpusFiles, advance: Callable[[int], None]
) -> Iterator[ArticleIndex]:
    """Open the cache at ``path``, or make it, and bring it up to date with ``corpus``.

    Raises:
        DiskError: the disk is full, or the cache turned out damaged; it was removed and the command can be repeated.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(_explain_database_errors(path))
        index = stack.enter_context(_connect(path, corpus))
        try:
            index.update(advance)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            index.database.close()
            _remove_database(path)
            index = stack.enter_context(_connect(path, corpus))
            index.update(advance)
        yield index


@contextlib.contextmanager
def _explain_database_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise DiskError(
            str(error), where=str(path), remedy="free some space and run the command again"
        ) from error
    except sqlite3.DatabaseError as error:
        _remove_database(path)
        remedy = "it was a cache and is removed; run the command again"
        raise DiskError(str(error), where=str(path), remedy=remedy) from error


@contextlib.contextmanager
def _connect(path: Path, corpus: CorpusFiles) -> Iterator[ArticleIndex]:
    with convert_os_errors(path), contextlib.closing(_open_database(path)) as tables:
        yield ArticleIndex(tables, corpus)


def _open_database(path: Path) -> sqlite3.Connection:
    tables = sqlite3.connect(path)
    if _read_tables_version(tables) != _TABLES_VERSION:
        tables.close()
        _remove_database(path)
        tables = sqlite3.connect(path)
        tables.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {_TABLES_VERSION}; COMMIT;")
    return tables


def _read_tables_version(database: sqlite3.Connection) -> int | None:
    try:
        return int(database.execute("PRAGMA user_version").fetchone()[0])
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        return None  # no database at all


def _remove_database(path: Path) -> None:
    for name in (path, path.with_name(f"{path.name}-journal")):
        name.unlink(missing_ok=True)
