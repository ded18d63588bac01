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

from sayso.errors import DiskError, InputError
from sayso.files import explained
from sayso.ingest import near_duplicates
from sayso.records import Document, Split
from sayso.store import Corpus

_LAYOUT = 1  # raise it when a table changes, or what a fingerprint is made of
_NEIGHBOURS = 20  # texts looked at for one band: copies by the thousand would otherwise cost a square

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
class Index:
    """The tables, and the corpus that they are about."""

    tables: sqlite3.Connection
    corpus: Corpus

    def follow(self, advance: Callable[[int], None]) -> None:
        """Read the batches that are not as they were.

        Raises:
            InputError: a line is not a document, or a doc_id stands twice.
        """
        now = {path.name: _state(path) for path in self.corpus.batches()}
        known = {name: state for name, *state in self.tables.execute("SELECT name, size, changed, inode FROM batch")}
        for name in known:
            if known[name] != now.get(name):
                self.tables.execute("DELETE FROM document WHERE batch = ?", (name,))
                self.tables.execute("DELETE FROM batch WHERE name = ?", (name,))
        for name, state in now.items():
            if known.get(name) != state:
                self._read(name, advance)
                self.tables.execute("INSERT INTO batch VALUES (?, ?, ?, ?)", (name, *state))
        self.tables.commit()

    def _read(self, name: str, advance: Callable[[int], None]) -> None:
        for start, length, document in self.corpus.placed_documents(name):
            number = text_id(document.text_sha256)
            row = (document.doc_id, document.text_sha256, number, document.split, name, start, length)
            try:
                self.tables.execute("INSERT INTO document VALUES (?, ?, ?, ?, ?, ?, ?)", row)
            except sqlite3.IntegrityError:
                raise InputError(
                    f"document {document.doc_id} stands twice",
                    where=str(self.corpus.articles / name),
                    remedy="restore the folder from git",
                ) from None
            if not self.has(number):
                self.keep(number, near_duplicates.bands(near_duplicates.runs(document.text)))
            advance(1)

    def neighbours(self, keys: Iterable[int]) -> set[int]:
        """Numbers of texts that share one of the bands."""
        found: set[int] = set()
        for key in keys:
            question = "SELECT text_id FROM band WHERE key = ? LIMIT ?"
            found.update(number for (number,) in self.tables.execute(question, (key, _NEIGHBOURS)))
        return found

    def has(self, number: int) -> bool:
        """Whether the text's fingerprint is kept."""
        return bool(self.tables.execute("SELECT 1 FROM fingerprint WHERE text_id = ?", (number,)).fetchone())

    def keep(self, number: int, keys: Iterable[int]) -> None:
        """Keep the fingerprint of a text."""
        self.tables.execute("INSERT OR IGNORE INTO fingerprint VALUES (?)", (number,))
        self.tables.executemany("INSERT OR IGNORE INTO band VALUES (?, ?)", ((key, number) for key in keys))

    def holders(self, number: int) -> list[tuple[str, Split]]:
        """(doc_id, split) of the documents that have one text, in order."""
        question = "SELECT doc_id, split FROM document WHERE text_id = ? ORDER BY doc_id"
        return list(self.tables.execute(question, (number,)))

    def text(self, number: int) -> str | None:
        """A text of the corpus, by its number; None when only its fingerprint is left."""
        held = self.holders(number)
        return self.document(held[0][0]).text if held else None

    def batches(self, doc_ids: Iterable[str]) -> list[str]:
        """The names of the batches that hold some documents, in order."""
        question = "SELECT batch FROM document WHERE doc_id = ?"
        return sorted({self.tables.execute(question, (doc_id,)).fetchone()[0] for doc_id in doc_ids})

    def document(self, doc_id: str) -> Document:
        """A document of the corpus, read from its place."""
        question = "SELECT batch, start, length FROM document WHERE doc_id = ?"
        return self.corpus.document_at(*self.tables.execute(question, (doc_id,)).fetchone())


def _state(path: Path) -> list[int]:
    with explained(path):
        found = path.stat()
    return [found.st_size, found.st_mtime_ns, found.st_ino]


@contextlib.contextmanager
def opened(path: Path, corpus: Corpus, advance: Callable[[int], None]) -> Iterator[Index]:
    """Open the cache at ``path``, or make it, and bring it up to date with ``corpus``.

    Raises:
        DiskError: the disk is full, or the cache turned out damaged; it was removed and the command can be repeated.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(_told(path))
        index = stack.enter_context(_connected(path, corpus))
        try:
            index.follow(advance)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            index.tables.close()
            _remove(path)
            index = stack.enter_context(_connected(path, corpus))
            index.follow(advance)
        yield index


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise DiskError(str(error), where=str(path), remedy="free some space and run the command again") from error
    except sqlite3.DatabaseError as error:
        _remove(path)
        remedy = "it was a cache and is removed; run the command again"
        raise DiskError(str(error), where=str(path), remedy=remedy) from error


@contextlib.contextmanager
def _connected(path: Path, corpus: Corpus) -> Iterator[Index]:
    with explained(path), contextlib.closing(_tables(path)) as tables:
        yield Index(tables, corpus)


def _tables(path: Path) -> sqlite3.Connection:
    tables = sqlite3.connect(path)
    if _layout(tables) != _LAYOUT:
        tables.close()
        _remove(path)
        tables = sqlite3.connect(path)
        tables.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {_LAYOUT}; COMMIT;")
    return tables


def _layout(tables: sqlite3.Connection) -> int | None:
    try:
        return int(tables.execute("PRAGMA user_version").fetchone()[0])
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        return None  # no database at all


def _remove(path: Path) -> None:
    for name in (path, path.with_name(f"{path.name}-journal")):
        name.unlink(missing_ok=True)
