"""What comes in, on disk until all of it is known to be right: memory stays flat, nothing is taken by half."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from sayso.errors import InputError
from sayso.files import convert_os_errors
from sayso.models import Annotation, encode, sha256

_TABLES = """
PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
CREATE TABLE document (doc_id TEXT PRIMARY KEY, text_sha256 TEXT, place TEXT) WITHOUT ROWID;
CREATE TABLE answer (annotator TEXT, doc_id TEXT, interface TEXT, number INTEGER, record BLOB, new INTEGER DEFAULT 1,
    PRIMARY KEY (annotator, doc_id, interface, number));
"""


_KEY_CONDITION = "annotator = ? AND doc_id = ? AND interface = ? AND number = ?"


def _annotation_key(annotation: Annotation) -> tuple[str, str, str, int]:
    return (
        annotation.annotator,
        annotation.doc_id,
        annotation.interface,
        annotation.origin.annotation if annotation.origin else 0,
    )


@dataclass(frozen=True)
class ImportStaging:
    """Documents in a file of JSON Lines that ingest reads, answers in a table. ``articles`` has the source's name."""

    tables: sqlite3.Connection
    articles: Path

    def add_document(self, doc_id: str, text: str, metadata: dict[str, str], location: str) -> None:
        """Take a document in; the same one twice is one.

        Raises:
            InputError: it came with other words before.
        """
        digest = sha256(text)
        row = (doc_id, digest, location)
        if self.tables.execute("INSERT OR IGNORE INTO document VALUES (?, ?, ?)", row).rowcount:
            with self.articles.open("ab") as file:
                file.write(
                    msgspec.json.encode({"doc_id": doc_id, "text": text, **metadata}) + b"\n"
                )
            return
        asked = "SELECT text_sha256, place FROM document WHERE doc_id = ?"
        known, other = self.tables.execute(asked, (doc_id,)).fetchone()
        if known != digest:
            raise InputError(
                f"document {doc_id} came with other words from {other}",
                where=location,
                remedy="give each its own name",
            )

    def add_annotation(self, annotation: Annotation, location: str) -> None:
        """Take an answer in.

        Raises:
            InputError: the annotator's answer to this document and pass is there already.
        """
        row = (*_annotation_key(annotation), encode(annotation))
        try:
            self.tables.execute("INSERT INTO answer VALUES (?, ?, ?, ?, ?, 1)", row)
        except sqlite3.IntegrityError:
            raise InputError(
                f"a second reading of {annotation.doc_id} by {annotation.annotator}",
                where=location,
                remedy="give each annotator a name, or leave one out",
            ) from None

    def list_annotators(self) -> list[str]:
        """Whose answers came."""
        return [
            name
            for (name,) in self.tables.execute(
                "SELECT DISTINCT annotator FROM answer ORDER BY annotator"
            )
        ]

    def new_annotations(self, annotator: str) -> Iterator[Annotation]:
        """One annotator's that take no other's place, by document."""
        read = msgspec.json.Decoder(Annotation).decode
        asked = "SELECT record FROM answer WHERE annotator = ? AND new ORDER BY doc_id"
        for (record,) in self.tables.execute(asked, (annotator,)):
            yield read(record)

    def mark_replacement(self, old: Annotation) -> None:
        """Mark the answer that came in the place of one of ours: of the same origin, or both of none."""
        if self.find_replacement(old):
            self.tables.execute(
                f"UPDATE answer SET new = 0 WHERE {_KEY_CONDITION}", _annotation_key(old)
            )

    def find_replacement(self, old: Annotation) -> Annotation | None:
        """That answer, if there is one."""
        found = self.tables.execute(
            f"SELECT record FROM answer WHERE {_KEY_CONDITION}", _annotation_key(old)
        ).fetchone()
        record = msgspec.json.decode(found[0], type=Annotation) if found else None
        return record if record and record.origin == old.origin else None

    def has_annotation_for(self, old: Annotation) -> bool:
        """Whether any answer came for the document and pass of one of ours."""
        asked = "SELECT 1 FROM answer WHERE annotator = ? AND doc_id = ? AND interface = ?"
        return bool(
            self.tables.execute(asked, (old.annotator, old.doc_id, old.interface)).fetchone()
        )


@contextlib.contextmanager
def open_staging(folder: Path, name: str) -> Iterator[ImportStaging]:
    """Stage under ``folder``, which is removed before and after; ``name`` is the source's bare name."""
    with convert_os_errors(folder):
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "articles").mkdir(parents=True, mode=0o700)
        try:
            with contextlib.closing(sqlite3.connect(folder / "answers.sqlite")) as tables:
                tables.executescript(_TABLES)
                articles = folder / "articles" / name
                articles.touch()
                yield ImportStaging(tables, articles)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
