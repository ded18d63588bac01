"""The articles of one command, kept in a database until all of them are valid, so that memory stays
flat.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec

from sayso.errors import InputError
from sayso.ingest.article_index import text_id
from sayso.ingest.article_metadata import FILE_COLUMN
from sayso.ingest.article_reader import ReceivedArticle
from sayso.models import UNKNOWN_LICENCE, Document, Split, sha256

ArticleState = Literal["new", "known", "changed"]

UNDETERMINED_LANGUAGE = "und"  # BCP 47

_TABLES = """
CREATE TABLE arriving.article (
    doc_id TEXT PRIMARY KEY, text_sha256 TEXT, text_id INTEGER, state TEXT,
    location TEXT, file TEXT, metadata TEXT, text TEXT
);
CREATE INDEX arriving.article_text ON article (text_id);
CREATE INDEX arriving.article_state ON article (state, doc_id);
CREATE TABLE arriving.choice (text_id INTEGER PRIMARY KEY, split TEXT);
CREATE TABLE arriving.earlier (
    doc_id TEXT, text_sha256 TEXT, text TEXT, PRIMARY KEY (doc_id, text_sha256)
);
-- The new line of an annotation, or null where it leaves. Unchanged annotations have no row.
CREATE TABLE arriving.annotation (
    file TEXT, number INTEGER, line BLOB, PRIMARY KEY (file, number)
);
CREATE TABLE arriving.metadata_row (
    key TEXT PRIMARY KEY, location TEXT, metadata TEXT, used INTEGER DEFAULT 0
) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class IncomingArticles:
    """The received articles and the rows of the metadata table."""

    database: sqlite3.Connection

    def add_metadata_rows(self, rows: Iterable[tuple[str, dict[str, str]]]) -> None:
        """Store the rows of the metadata table, given as (location, row).

        Raises:
            InputError: two rows are about the same article.
        """
        for location, row in rows:
            name = FILE_COLUMN if FILE_COLUMN in row else "doc_id"
            key = f"{name} {row.pop(name)}"
            statement = "INSERT INTO metadata_row (key, location, metadata) VALUES (?, ?, ?)"
            try:
                self.database.execute(statement, (key, location, _encode_metadata(row)))
            except sqlite3.IntegrityError:
                what = f"a second row for {key}"
                raise InputError(what, where=location, remedy="keep one") from None

    def collect_metadata(self, article: ReceivedArticle, common: dict[str, str]) -> dict[str, str]:
        """Return all metadata of an article: the metadata table wins over its own record, that over
        ``common``.

        A ``doc_id`` in ``common`` wins over all others.
        """
        metadata = {"doc_id": article.stem} if article.stem else {}
        metadata |= common | article.metadata | self._take_metadata_row(f"file {article.file}")
        if "doc_id" in common:
            metadata["doc_id"] = common["doc_id"]
        if "doc_id" not in metadata:
            return metadata
        return metadata | self._take_metadata_row(f"doc_id {metadata['doc_id']}")

    def _take_metadata_row(self, key: str) -> dict[str, str]:
        found = self._first("SELECT metadata FROM metadata_row WHERE key = ?", key)
        if found is None:
            return {}
        self.database.execute("UPDATE metadata_row SET used = 1 WHERE key = ? AND NOT used", (key,))
        row: dict[str, str] = json.loads(found)
        return row

    def add(self, article: ReceivedArticle, metadata: dict[str, str]) -> None:
        """Add an article. The same one twice is added once.

        Raises:
            InputError: another article of this command has the doc_id and another text or other
                metadata.
        """
        doc_id, digest = metadata["doc_id"], sha256(article.text)
        encoded = _encode_metadata({k: v for k, v in metadata.items() if k != "doc_id"})
        row = (
            doc_id,
            digest,
            text_id(digest),
            article.location,
            article.file,
            encoded,
            article.text,
        )
        statement = (
            "INSERT OR IGNORE INTO article"
            " (doc_id, text_sha256, text_id, location, file, metadata, text)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)"
        )
        if self.database.execute(statement, row).rowcount:
            return
        statement = "SELECT text_sha256, metadata, location FROM article WHERE doc_id = ?"
        other, known, location = self.database.execute(statement, (doc_id,)).fetchone()
        if (other, known) != (digest, encoded):
            difference = "another text" if other != digest else "other metadata"
            raise InputError(
                f"doc_id {doc_id} was given to {location} too, with {difference}",
                where=article.location,
                remedy="give each its own doc_id, or leave one out",
            )

    def list_unused_rows(self) -> list[str]:
        """Return the rows of the metadata table that are about no article of this command."""
        statement = "SELECT location, key FROM metadata_row WHERE NOT used ORDER BY key"
        return [f"{location}: {key}" for location, key in self.database.execute(statement)]

    def set_states(self) -> None:
        """Tell new articles from known ones with the same text and known ones with another."""
        self.database.execute(
            "UPDATE article SET state = coalesce((SELECT CASE"
            " WHEN document.text_sha256 = article.text_sha256 THEN 'known' ELSE 'changed' END"
            " FROM document WHERE document.doc_id = article.doc_id), 'new')"
        )

    def count(self) -> int:
        """Return the number of articles."""
        return int(self._first("SELECT count(*) FROM article"))

    def list_doc_ids(self, state: ArticleState) -> list[str]:
        """Return the articles in one state, in order."""
        return self._column("SELECT doc_id FROM article WHERE state = ? ORDER BY doc_id", state)

    def list_changed(self) -> Iterator[tuple[str, str, str, str]]:
        """Yield (doc_id, location, hash in the corpus, received hash) of known articles with
        another text.
        """
        yield from self.database.execute(
            "SELECT doc_id, location, document.text_sha256, article.text_sha256"
            " FROM article JOIN document USING (doc_id) WHERE state = 'changed' ORDER BY doc_id"
        )

    def incoming_hash(self, doc_id: str) -> str | None:
        """Return the hash of the text that came for a document of the corpus, if one came."""
        statement = "SELECT text_sha256 FROM article WHERE doc_id = ? AND state <> 'new'"
        digest: str | None = self._first(statement, doc_id)
        return digest

    def find_earlier_text(self, doc_id: str, text_sha256: str) -> str | None:
        """Return a text that the document had before, from the history."""
        statement = "SELECT text FROM earlier WHERE doc_id = ? AND text_sha256 = ?"
        text: str | None = self._first(statement, doc_id, text_sha256)
        return text

    def update_document(self, document: Document, *, text: bool, metadata: bool) -> Document:
        """Return a document with the text or metadata that came for it; the same object where
        nothing differs.
        """
        statement = "SELECT text_sha256, text, metadata FROM article WHERE doc_id = ?"
        found = self.database.execute(statement, (document.doc_id,)).fetchone()
        if found is None:
            return document
        fields = {"text_sha256": found[0], "text": found[1]} if text else {}
        fields |= json.loads(found[2]) if metadata else {}
        differs = any(getattr(document, name) != value for name, value in fields.items())
        return msgspec.structs.replace(document, **fields) if differs else document

    def list_changed_texts(self) -> Iterator[tuple[int, str]]:
        """Yield (text id, text) of what came for known articles with another text."""
        statement = "SELECT text_id, text FROM article WHERE state = 'changed' ORDER BY doc_id"
        yield from self.database.execute(statement)

    def list_described(self) -> list[str]:
        """Return the articles of the corpus for which metadata came, in order."""
        return self._column(
            "SELECT doc_id FROM article WHERE state <> 'new' AND metadata <> '{}' ORDER BY doc_id"
        )

    def list_new_texts(self) -> Iterator[tuple[int, str]]:
        """Yield (text id, text) of the texts of new articles, each once, in order of id."""
        yield from self.database.execute(
            "SELECT text_id, text FROM article INDEXED BY article_text WHERE state = 'new'"
            " GROUP BY text_id ORDER BY text_id"
        )

    def list_new_hashes(self) -> Iterator[tuple[int, str]]:
        """Yield (text id, hash) of the texts of new articles, each once, in order of id."""
        yield from self.database.execute(
            "SELECT text_id, text_sha256 FROM article WHERE state = 'new'"
            " GROUP BY text_id ORDER BY text_id"
        )

    def list_new_doc_ids(self, number: int) -> list[str]:
        """Return the new articles that have one text, in order."""
        return self._column(
            "SELECT doc_id FROM article INDEXED BY article_text"
            " WHERE text_id = ? AND state = 'new' ORDER BY doc_id",
            number,
        )

    def list_shared_texts(self) -> list[int]:
        """Return the texts of new articles that another document has too, new or not."""
        return self._column(
            "SELECT text_id FROM article WHERE state = 'new' GROUP BY text_id HAVING count(*) > 1"
            " OR EXISTS (SELECT 1 FROM document WHERE document.text_id = article.text_id)"
        )

    def find_text(self, number: int) -> str | None:
        """Return a received text by its id."""
        text: str | None = self._first("SELECT text FROM article WHERE text_id = ?", number)
        return text

    def find_split(self, number: int) -> Split:
        """Return the split of the new articles with one text."""
        split: Split = self._first("SELECT split FROM choice WHERE text_id = ?", number)
        return split

    def set_split(self, number: int, split: Split) -> None:
        """Set the split of the new articles with one text."""
        self.database.execute("INSERT INTO choice VALUES (?, ?)", (number, split))

    def build_documents(self, ingested: str, language: str) -> Iterator[Document]:
        """Yield the records of the new articles, in order of doc_id.

        Args:
            language: the tag of articles that came without one.
        """
        statement = (
            "SELECT doc_id, text_sha256, file, metadata, text, split"
            " FROM article JOIN choice USING (text_id) WHERE state = 'new' ORDER BY doc_id"
        )
        rows = self.database.execute(statement)
        for doc_id, digest, file, metadata, text, split in rows:
            fields = {
                "language": language,
                "license": UNKNOWN_LICENCE,
                "source_name": file,
                **json.loads(metadata),
            }
            yield Document(
                doc_id=doc_id,
                split=split,
                ingested=ingested,
                text_sha256=digest,
                text=text,
                **fields,
            )

    def _first(self, statement: str, *values: Any) -> Any:
        found = self.database.execute(statement, values).fetchone()
        return found[0] if found else None

    def _column(self, statement: str, *values: Any) -> list[Any]:
        return [value for (value,) in self.database.execute(statement, values)]


def _encode_metadata(metadata: dict[str, str]) -> str:
    return json.dumps(metadata, sort_keys=True, ensure_ascii=False)


@contextlib.contextmanager
def open_incoming(database: sqlite3.Connection, path: Path) -> Iterator[IncomingArticles]:
    """Attach an empty database at ``path`` to that of the index; one left by a killed command is
    removed first.
    """
    path.unlink(missing_ok=True)
    try:
        database.execute("ATTACH ? AS arriving", (str(path),))
        settings = "PRAGMA arriving.journal_mode = OFF; PRAGMA arriving.synchronous = OFF;"
        database.executescript(f"{settings} {_TABLES}")
        yield IncomingArticles(database)
    finally:
        database.rollback()
        database.execute("DETACH arriving")
        path.unlink(missing_ok=True)
