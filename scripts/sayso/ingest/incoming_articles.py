"""The articles of one command, on disk until all are known to be right: memory stays flat, nothing is taken by half."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from sayso.errors import InputError
from sayso.ingest import article_metadata
from sayso.ingest.article_index import text_id
from sayso.ingest.article_reader import ReceivedArticle
from sayso.models import UNKNOWN_LICENCE, Document, Split, sha256

ArticleState = Literal["new", "known", "changed"]

UNDETERMINED_LANGUAGE = "und"  # BCP 47's word for a language that nobody named

_TABLES = """
CREATE TABLE arriving.article (
    doc_id TEXT PRIMARY KEY, text_sha256 TEXT, text_id INTEGER, state TEXT,
    place TEXT, file TEXT, given TEXT, text TEXT
);
CREATE INDEX arriving.article_text ON article (text_id);
CREATE INDEX arriving.article_state ON article (state, doc_id);
CREATE TABLE arriving.choice (text_id INTEGER PRIMARY KEY, split TEXT);
CREATE TABLE arriving.earlier (doc_id TEXT, text_sha256 TEXT, text TEXT, PRIMARY KEY (doc_id, text_sha256));
-- What becomes of an answer: its new line, or null where it leaves. An answer that stays as it is has no row.
CREATE TABLE arriving.answer (file TEXT, number INTEGER, line BLOB, PRIMARY KEY (file, number));
CREATE TABLE arriving.side (key TEXT PRIMARY KEY, place TEXT, given TEXT, used INTEGER DEFAULT 0) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class IncomingArticles:
    """The articles that came in and the rows of the side table."""

    database: sqlite3.Connection

    def add_metadata_rows(self, rows: Iterable[tuple[str, dict[str, str]]]) -> None:
        """Take in the side table.

        Raises:
            InputError: two rows are about the same article.
        """
        for place, row in rows:
            key = (
                f"file {row.pop(article_metadata.FILE_COLUMN)}"
                if article_metadata.FILE_COLUMN in row
                else f"doc_id {row.pop('doc_id')}"
            )
            try:
                self.database.execute(
                    "INSERT INTO side (key, place, given) VALUES (?, ?, ?)",
                    (key, place, _encode_metadata(row)),
                )
            except sqlite3.IntegrityError:
                raise InputError(
                    f"a second row for {key}", where=place, remedy="keep one"
                ) from None

    def collect_metadata(self, received: ReceivedArticle, common: dict[str, str]) -> dict[str, str]:
        """All that was given of an article: side table before its own record before options; --doc-id before all."""
        known = {"doc_id": received.stem} if received.stem else {}
        known |= common | received.metadata | self._take_metadata_row(f"file {received.file}")
        known |= {"doc_id": common["doc_id"]} if "doc_id" in common else {}
        return (
            known | self._take_metadata_row(f"doc_id {known['doc_id']}")
            if "doc_id" in known
            else known
        )

    def _take_metadata_row(self, key: str) -> dict[str, str]:
        found = self.database.execute("SELECT given FROM side WHERE key = ?", (key,)).fetchone()
        if not found:
            return {}
        self.database.execute("UPDATE side SET used = 1 WHERE key = ? AND NOT used", (key,))
        row: dict[str, str] = json.loads(found[0])
        return row

    def add(self, received: ReceivedArticle, given: dict[str, str]) -> None:
        """Take in one article. The same one twice is one.

        Raises:
            InputError: another article of this command has the doc_id, and other words or other metadata.
        """
        doc_id, described = (
            given["doc_id"],
            _encode_metadata({k: v for k, v in given.items() if k != "doc_id"}),
        )
        digest = sha256(received.text)
        row = (
            doc_id,
            digest,
            text_id(digest),
            received.location,
            received.file,
            described,
            received.text,
        )
        question = (
            "INSERT OR IGNORE INTO article (doc_id, text_sha256, text_id, place, file, given, text)"
        )
        if self.database.execute(f"{question} VALUES (?, ?, ?, ?, ?, ?, ?)", row).rowcount:
            return
        question = "SELECT text_sha256, given, place FROM article WHERE doc_id = ?"
        other, known, place = self.database.execute(question, (doc_id,)).fetchone()
        if (other, known) != (digest, described):
            what = "other words" if other != digest else "other metadata"
            raise InputError(
                f"doc_id {doc_id} was given to {place} too, with {what}",
                where=received.location,
                remedy="give each its own doc_id, or leave one out",
            )

    def list_unused_rows(self) -> list[str]:
        """Rows of the side table that are about no article of this command."""
        question = "SELECT place, key FROM side WHERE NOT used ORDER BY key"
        return [f"{place}: {key}" for place, key in self.database.execute(question)]

    def set_states(self) -> None:
        """Tell new articles from known ones, and those from known ones with other words."""
        self.database.execute(
            "UPDATE article SET state = coalesce((SELECT CASE WHEN document.text_sha256 = article.text_sha256"
            " THEN 'known' ELSE 'changed' END FROM document WHERE document.doc_id = article.doc_id), 'new')"
        )

    def count(self) -> int:
        """How many articles came in."""
        return int(self.database.execute("SELECT count(*) FROM article").fetchone()[0])

    def list_doc_ids(self, state: ArticleState) -> list[str]:
        """The articles in one state, in order."""
        question = "SELECT doc_id FROM article WHERE state = ? ORDER BY doc_id"
        return [doc_id for (doc_id,) in self.database.execute(question, (state,))]

    def list_changed(self) -> Iterator[tuple[str, str, str, str]]:
        """(doc_id, place, hash in the corpus, hash that came in) of known articles that came with other words."""
        yield from self.database.execute(
            "SELECT doc_id, place, document.text_sha256, article.text_sha256"
            " FROM article JOIN document USING (doc_id) WHERE state = 'changed' ORDER BY doc_id"
        )

    def incoming_hash(self, doc_id: str) -> str | None:
        """The hash of what came for a document of the corpus, be it other words or the same."""
        question = "SELECT text_sha256 FROM article WHERE doc_id = ? AND state <> 'new'"
        found = self.database.execute(question, (doc_id,)).fetchone()
        return found[0] if found else None

    def update_document(self, document: Document, *, text: bool, metadata: bool) -> Document:
        """A document of the corpus with the text or the metadata that came for it, or itself where that is the same."""
        question = "SELECT text_sha256, text, given FROM article WHERE doc_id = ?"
        if (found := self.database.execute(question, (document.doc_id,)).fetchone()) is None:
            return document
        fields = {"text_sha256": found[0], "text": found[1]} if text else {}
        fields |= json.loads(found[2]) if metadata else {}
        differs = any(getattr(document, name) != value for name, value in fields.items())
        return msgspec.structs.replace(document, **fields) if differs else document

    def list_changed_texts(self) -> Iterator[tuple[int, str]]:
        """(number, text) of what came for known articles that have other words."""
        yield from self.database.execute(
            "SELECT text_id, text FROM article WHERE state = 'changed' ORDER BY doc_id"
        )

    def list_described(self) -> Iterator[str]:
        """Articles of the corpus of which something was given, in order."""
        question = (
            "SELECT doc_id FROM article WHERE state <> 'new' AND given <> '{}' ORDER BY doc_id"
        )
        return (doc_id for (doc_id,) in self.database.execute(question))

    def list_new_texts(self) -> Iterator[tuple[int, str]]:
        """(number, text) of the texts of new articles, each once, in order of number."""
        question = (
            "SELECT text_id, text FROM article INDEXED BY article_text WHERE state = 'new'"
            " GROUP BY text_id ORDER BY text_id"
        )
        yield from self.database.execute(question)

    def list_new_hashes(self) -> Iterator[tuple[int, str]]:
        """(number, hash) of the texts of new articles, each once, in order of number."""
        question = "SELECT text_id, text_sha256 FROM article WHERE state = 'new' GROUP BY text_id ORDER BY text_id"
        yield from self.database.execute(question)

    def list_new_doc_ids(self, number: int) -> list[str]:
        """The new articles that have one text, in order."""
        question = "SELECT doc_id FROM article INDEXED BY article_text WHERE text_id = ? AND state = 'new' ORDER BY doc_id"
        return [doc_id for (doc_id,) in self.database.execute(question, (number,))]

    def list_shared_texts(self) -> list[int]:
        """Texts of new articles that another document has too, new or not."""
        question = (
            "SELECT text_id FROM article WHERE state = 'new' GROUP BY text_id"
            " HAVING count(*) > 1 OR EXISTS (SELECT 1 FROM document WHERE document.text_id = article.text_id)"
        )
        return [number for (number,) in self.database.execute(question)]

    def find_text(self, number: int) -> str | None:
        """A text that came in, by its number."""
        found = self.database.execute(
            "SELECT text FROM article WHERE text_id = ?", (number,)
        ).fetchone()
        return found[0] if found else None

    def find_split(self, number: int) -> Split:
        """The split of the new articles with one text."""
        split: Split = self.database.execute(
            "SELECT split FROM choice WHERE text_id = ?", (number,)
        ).fetchone()[0]
        return split

    def set_split(self, number: int, split: Split) -> None:
        """Set the split of the new articles with one text."""
        self.database.execute("INSERT INTO choice VALUES (?, ?)", (number, split))

    def build_documents(self, ingested: str) -> Iterator[Document]:
        """The records of the new articles, in order of doc_id."""
        question = (
            "SELECT doc_id, text_sha256, file, given, text, split"
            " FROM article JOIN choice USING (text_id) WHERE state = 'new' ORDER BY doc_id"
        )
        for doc_id, digest, file, given, text, split in self.database.execute(question):
            fields = {
                "language": UNDETERMINED_LANGUAGE,
                "license": UNKNOWN_LICENCE,
                "source_name": file,
                **json.loads(given),
            }
            yield Document(
                doc_id=doc_id,
                split=split,
                ingested=ingested,
                text_sha256=digest,
                text=text,
                **fields,
            )


def _encode_metadata(given: dict[str, str]) -> str:
    return json.dumps(given, sort_keys=True, ensure_ascii=False)


@contextlib.contextmanager
def open_incoming(database: sqlite3.Connection, path: Path) -> Iterator[IncomingArticles]:
    """Lay the arrivals of one command beside the index; a file left by a command that was killed is removed first."""
    path.unlink(missing_ok=True)
    try:
        database.execute("ATTACH ? AS arriving", (str(path),))
        database.executescript(
            f"PRAGMA arriving.journal_mode = OFF; PRAGMA arriving.synchronous = OFF; {_TABLES}"
        )
        yield IncomingArticles(database)
    finally:
        database.rollback()
        database.execute("DETACH arriving")
        path.unlink(missing_ok=True)
