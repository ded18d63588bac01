"""Replace the text of known documents and carry over the annotations and gold of the old text.

The plan is a row in the database for each annotation: its new line, or none where it leaves the
corpus. Then the lines that change are appended to the history, and only after that are the files
replaced, articles before annotations. An annotation names the text that it was made for, and the
history holds the earlier texts: so a command that was killed at any point is completed by running
it again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sayso import jsonl
from sayso.corpus.anchoring import SentenceIndex, transfer_record
from sayso.corpus.history import prepare_history
from sayso.corpus.sources import REPLACED_TEXTS, CorpusFiles
from sayso.files import ContentWriter, convert_os_errors, open_file, replace_together
from sayso.ingest.article_index import ArticleIndex
from sayso.ingest.incoming_articles import IncomingArticles
from sayso.ingest.near_duplicates import hash_bands, hash_runs
from sayso.models import Annotation, Document, Gold, encode

MAX_QUOTED_MENTIONS = 3
GOLD_AUTHOR = "gold"


@dataclass(frozen=True)
class WithdrawnAnnotation:
    """An annotation or gold that leaves ``file`` for the history, because not all of it provably
    fits the new text.

    Attributes:
        annotator: the pseudonym, or ``gold``.
        unproven_count: mentions that may not fit; 0 where there is no mention, so that it is about
            the whole text.
        unproven_texts: the first of them.
    """

    file: str
    doc_id: str
    annotator: str
    unproven_count: int
    unproven_texts: tuple[str, ...]


@dataclass
class TextReplacement:
    """The replacement of texts and metadata in one ingest. File names are relative to ``corpus/``.

    Attributes:
        update_document: returns a document of the corpus as it is to be.
        carried_over: number of annotations in each file that fit the new text.
        withdrawn: annotations that do not.
        unknown_texts: number in each file that were made for a text that neither corpus nor history
            holds; they stay.
    """

    incoming: IncomingArticles
    index: ArticleIndex
    update_document: Callable[[Document], Document]
    carried_over: Counter[str] = field(default_factory=Counter)
    withdrawn: list[WithdrawnAnnotation] = field(default_factory=list)
    unknown_texts: Counter[str] = field(default_factory=Counter)
    _sentences: dict[tuple[str, str], tuple[SentenceIndex, SentenceIndex] | None] = field(
        default_factory=dict
    )

    @property
    def corpus(self) -> CorpusFiles:
        """The corpus that is changed."""
        return self.index.corpus

    def index_incoming_texts(self) -> None:
        """Put the new texts of known documents into the index, since new articles may be copies of
        these.
        """
        for number, text in self.incoming.list_changed_texts():
            if not self.index.has_fingerprint(number):
                bands = hash_bands(hash_runs(text))
                self.index.add_fingerprint(number, bands)
        self.index.database.execute(
            "UPDATE document SET (text_sha256, text_id) ="
            " (SELECT text_sha256, text_id FROM article WHERE article.doc_id = document.doc_id)"
            " WHERE doc_id IN (SELECT doc_id FROM article WHERE state = 'changed')"
        )

    def plan(self, advance: Callable[[int], None]) -> None:
        """Decide what becomes of each annotation of a document that came; the corpus stays as it
        is.

        Raises:
            InputError: a line is not a record.
        """
        self._store_earlier_texts()
        for path, kind in self.corpus.annotation_and_gold_files():
            name = self._source_name(path)
            for number, _line, record in jsonl.read_lines(path, kind):
                digest = self.incoming.incoming_hash(record.doc_id)
                if digest and digest != record.text_sha256:
                    self._plan_annotation(name, number, record, digest)
                advance(1)

    def _store_earlier_texts(self) -> None:
        for document in self.corpus.replaced_documents():
            if self.incoming.incoming_hash(document.doc_id):
                row = (document.doc_id, document.text_sha256, document.text)
                statement = "INSERT OR IGNORE INTO earlier VALUES (?, ?, ?)"
                self.incoming.database.execute(statement, row)

    def _plan_annotation(
        self, name: str, number: int, record: Annotation | Gold, digest: str
    ) -> None:
        sentences = self._find_sentences(record.doc_id, record.text_sha256)
        if sentences is None:
            self.unknown_texts[name] += 1
            return
        moved, unproven = transfer_record(record, *sentences, digest)
        if moved is None:
            annotator = record.annotator if isinstance(record, Annotation) else GOLD_AUTHOR
            texts = tuple(mention.text for mention in unproven[:MAX_QUOTED_MENTIONS])
            withdrawn = WithdrawnAnnotation(name, record.doc_id, annotator, len(unproven), texts)
            self.withdrawn.append(withdrawn)
        else:
            self.carried_over[name] += 1
        row = (name, number, None if moved is None else encode(moved) + b"\n")
        self.incoming.database.execute("INSERT INTO annotation VALUES (?, ?, ?)", row)

    def _find_sentences(
        self, doc_id: str, text_sha256: str
    ) -> tuple[SentenceIndex, SentenceIndex] | None:
        """Return the sentences of the annotated text, if it is known, and those of the document's
        new text.
        """
        key = (doc_id, text_sha256)
        if key not in self._sentences:
            document = self.index.read_document(doc_id)
            newer = self.update_document(document)
            older: str | None = document.text
            if document.text_sha256 != text_sha256:
                older = self.incoming.find_earlier_text(doc_id, text_sha256)
            self._sentences.clear()  # annotations of one document follow each other
            self._sentences[key] = (
                None
                if older is None
                else (
                    SentenceIndex(older, newer.language),
                    SentenceIndex(newer.text, newer.language),
                )
            )
        return self._sentences[key]

    def apply(self, doc_ids: Iterable[str]) -> list[str]:
        """Write the history, then the documents with ``doc_ids``, then their annotations; return
        the batches written.

        Raises:
            DiskError: the disk refused; running the command again completes it.
        """
        batches = self.index.list_batches(doc_ids)
        statement = "SELECT DISTINCT file FROM annotation ORDER BY file"
        files = [self.corpus.folder / name for (name,) in self.incoming.database.execute(statement)]
        replace_together(self._history_files(files))
        kept = [path for path in files if any(self._updated_lines(path))]
        annotations = [(path, _lines_writer(self._updated_lines(path))) for path in kept]
        documents = self.corpus.rewrite_batches(batches, self.update_document)
        replace_together([*documents, *annotations])
        for path in files:
            if path not in kept:
                with convert_os_errors(path):
                    path.unlink(missing_ok=True)
        return batches

    def _history_files(self, files: Iterable[Path]) -> Iterator[tuple[Path, ContentWriter]]:
        for name in self.index.list_batches(self.incoming.list_doc_ids("changed")):
            path = self.corpus.articles_folder / name
            history = self.corpus.history_file(path, REPLACED_TEXTS)
            yield prepare_history(history, self._replaced_document_lines(path))
        for path in files:
            lines = (line for line, planned in self._planned_lines(path) if planned)
            yield prepare_history(self.corpus.history_file(path, REPLACED_TEXTS), lines)

    def _replaced_document_lines(self, path: Path) -> Iterator[bytes]:
        for _number, line, document in jsonl.read_lines(path, Document):
            if self.incoming.incoming_hash(document.doc_id) not in (None, document.text_sha256):
                yield line

    def _updated_lines(self, path: Path) -> Iterator[bytes]:
        for line, planned in self._planned_lines(path):
            new_line = planned[0] if planned else line
            if new_line is not None:
                yield new_line

    def _planned_lines(self, path: Path) -> Iterator[tuple[bytes, tuple[bytes | None] | None]]:
        """Yield each line of a file of annotations with its row of the plan, if it has one."""
        statement = "SELECT line FROM annotation WHERE file = ? AND number = ?"
        name, execute = self._source_name(path), self.incoming.database.execute
        with convert_os_errors(path), open_file(path) as file:
            for number, line in enumerate(file, 1):
                yield line, execute(statement, (name, number)).fetchone()

    def _source_name(self, path: Path) -> str:
        return path.relative_to(self.corpus.folder).as_posix()


def _lines_writer(lines: Iterable[bytes]) -> ContentWriter:
    return lambda file: file.writelines(lines)
