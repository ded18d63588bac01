"""Stage an import on disk until all of it is known to be right, in flat memory.

Files of others come in any order and may be larger than memory; SQLite finds duplicates and sorts
by document.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from sayso.errors import InputError
from sayso.files import convert_os_errors, make_folder, remove
from sayso.models import Annotation, encode, sha256

_TABLES = """
PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
CREATE TABLE document (doc_id TEXT PRIMARY KEY, text_sha256 TEXT, location TEXT) WITHOUT ROWID;
CREATE TABLE annotation (annotator TEXT, doc_id TEXT, pass TEXT, number INTEGER, record BLOB,
    PRIMARY KEY (annotator, doc_id, pass, number));
"""


def annotation_key(annotation: Annotation) -> tuple[str, int]:
    """Return the pass and the number of the annotation where it was made, 0 if it has none."""
    return annotation.interface, annotation.origin.annotation if annotation.origin else 0


@dataclass(frozen=True)
class ImportStaging:
    """Documents in a file of JSON Lines that ingest reads, annotations in a table."""

    tables: sqlite3.Connection
    articles: Path

    def add_document(self, doc_id: str, text: str, metadata: dict[str, str], location: str) -> None:
        """Add a document; the same one twice is one.

        Raises:
            InputError: it came with another text before.
        """
        digest = sha256(text)
        row = (doc_id, digest, location)
        if self.tables.execute("INSERT OR IGNORE INTO document VALUES (?, ?, ?)", row).rowcount:
            with self.articles.open("ab") as file:
                record = {"doc_id": doc_id, "text": text, **metadata}
                file.write(msgspec.json.encode(record) + b"\n")
            return
        query = "SELECT text_sha256, location FROM document WHERE doc_id = ?"
        known, other = self.tables.execute(query, (doc_id,)).fetchone()
        if known != digest:
            what = f"document {doc_id} came with another text from {other}"
            raise InputError(what, where=location, remedy="give each its own name")

    def add_annotation(self, annotation: Annotation, location: str) -> None:
        """Add an annotation.

        Raises:
            InputError: the annotator's annotation of this document and pass is there already.
        """
        key = (annotation.annotator, annotation.doc_id, *annotation_key(annotation))
        row = (*key, encode(annotation))
        try:
            self.tables.execute("INSERT INTO annotation VALUES (?, ?, ?, ?, ?)", row)
        except sqlite3.IntegrityError:
            raise InputError(
                f"a second annotation of {annotation.doc_id} by {annotation.annotator}",
                where=location,
                remedy="give each annotator a name, or leave one out",
            ) from None

    def list_annotators(self) -> list[str]:
        """Return the annotators, in alphabetical order."""
        rows = self.tables.execute("SELECT DISTINCT annotator FROM annotation ORDER BY annotator")
        return [name for (name,) in rows]

    def annotations(self, annotator: str) -> Iterator[Annotation]:
        """Yield one annotator's annotations, in order of doc_id."""
        decode = msgspec.json.Decoder(Annotation).decode
        query = "SELECT record FROM annotation WHERE annotator = ? ORDER BY doc_id"
        for (record,) in self.tables.execute(query, (annotator,)):
            yield decode(record)


@contextlib.contextmanager
def open_staging(folder: Path, name: str) -> Iterator[ImportStaging]:
    """Stage under ``folder``, which is removed before and after; ``name`` is the source's."""
    with convert_os_errors(folder):
        remove(folder)
        make_folder(folder / "articles")
        try:
            with contextlib.closing(sqlite3.connect(folder / "annotations.sqlite")) as tables:
                tables.executescript(_TABLES)
                articles = folder / "articles" / name
                articles.touch()
                yield ImportStaging(tables, articles)
        finally:
            remove(folder)
