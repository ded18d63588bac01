"""What a build reads: documents with the answers to them, a few at a time, batch by batch, in flat memory.

Articles and answers both lie in order of document, so they are walked side by side. Where there are several batches
an answer's batch is looked up in an index on disk and the answers are first sorted into one folder for each batch.
"""

from __future__ import annotations

import hashlib
import heapq
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path

import msgspec

from sayso import jsonl
from sayso.corpus.sources import CorpusFiles
from sayso.dataset.annotation_table import SourceLine
from sayso.errors import InputError
from sayso.files import convert_os_errors
from sayso.models import DocId, Document, Split, sha256

CHUNK_DOCUMENTS = 2_000
CHUNK_BYTES = 4 << 20
_SPOOL_BYTES = 32 << 20
_CANONICAL_START = b'{"doc_id":"'


class _LineHead(msgspec.Struct):
    doc_id: DocId


@dataclass(frozen=True)
class AnnotationSource:
    """A file of answers. ``path`` is what is read, ``original`` what an error names."""

    path: Path
    original: Path
    gold: bool

    def read_lines(self) -> Iterator[SourceLine]:
        """Its lines in order of document.

        Raises:
            InputError: a line has no document, or stands out of order.
        """
        last = ""
        same = self.path == self.original
        with convert_os_errors(self.path), self.path.open("rb", buffering=1 << 17) as file:
            for number, content in enumerate(file, 1):
                line = SourceLine(
                    _read_doc_id(content, self.original, number),
                    content,
                    self.original,
                    number * same,
                    self.gold,
                )
                if line.doc_id < last:
                    raise InputError(
                        f"document {line.doc_id} stands after {last}",
                        where=line.location,
                        remedy="restore the file from git, or pull it again",
                    )
                last = line.doc_id
                yield line


def _read_doc_id(content: bytes, path: Path, number: int) -> str:
    """The document of a line, which is what a canonical line starts with."""
    if content.startswith(_CANONICAL_START):
        end = content.find(b'"', len(_CANONICAL_START))
        return content[len(_CANONICAL_START) : end].decode("ascii", "replace")
    try:
        return msgspec.json.decode(content, type=_LineHead).doc_id
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        remedy = "restore the line from git, or remove it"
        raise InputError(str(error), where=f"{path}:{number}", remedy=remedy) from error


def list_annotation_sources(corpus: CorpusFiles) -> list[AnnotationSource]:
    """Every file of answers; gold first, so that it stands first among the readings of a document."""
    return [
        *(AnnotationSource(path, path, True) for path in corpus.gold_files()),
        *(AnnotationSource(path, path, False) for path in corpus.annotation_files()),
    ]


@dataclass
class BatchChunk:
    """Some documents of one split in order, and the answers to them."""

    split: Split
    documents: list[Document] = field(default_factory=list)
    lines: list[SourceLine] = field(default_factory=list)
    document_of: list[int] = field(default_factory=list)
    size: int = 0

    def add(self, document: Document, lines: Sequence[SourceLine]) -> None:
        """Take one more document with its answers."""
        self.document_of += [len(self.documents)] * len(lines)
        self.documents.append(document)
        self.lines += lines
        self.size += 2 * len(document.text) + sum(len(line.content) for line in lines)

    @property
    def is_full(self) -> bool:
        """Whether it should be worked on before it takes more."""
        return len(self.documents) >= CHUNK_DOCUMENTS or self.size >= CHUNK_BYTES


@dataclass(frozen=True)
class ArticleBatch:
    """A file of articles and the files that hold answers to them."""

    articles_path: Path
    sources: tuple[AnnotationSource, ...]

    @property
    def name(self) -> str:
        """Its number, as file names spell it.

        >>> ArticleBatch(Path("articles_path-00012.jsonl"), ()).name
        '00012'
        """
        return self.articles_path.stem.removeprefix("articles-")

    def digest(self) -> str:
        """SHA-256 of all that its rows are made of."""
        whole = hashlib.sha256(file_digest(self.articles_path).encode())
        for source in self.sources:
            whole.update(f"{source.gold} {file_digest(source.path)}\n".encode())
        return whole.hexdigest()

    def iterate_chunks(self) -> Iterator[BatchChunk]:
        """Its documents with their answers, a few at a time.

        Raises:
            InputError: an answer's document is not here, or a document's text is not what its digest says.
        """
        open_slices: dict[str, BatchChunk] = {}
        for document, lines in self._join_annotations():
            mine = open_slices.setdefault(document.split, BatchChunk(document.split))
            mine.add(document, lines)
            if mine.is_full:
                yield open_slices.pop(document.split)
        yield from (open_slices[split] for split in sorted(open_slices))

    def _join_annotations(self) -> Iterator[tuple[Document, list[SourceLine]]]:
        lines = heapq.merge(
            *(source.read_lines() for source in self.sources), key=attrgetter("doc_id")
        )
        line = next(lines, None)
        for document in self._read_documents():
            mine: list[SourceLine] = []
            while line and line.doc_id <= document.doc_id:
                if line.doc_id < document.doc_id:
                    raise missing_document_error(line)
                mine.append(line)
                line = next(lines, None)
            yield document, mine
        if line:
            raise missing_document_error(line)

    def _read_documents(self) -> Iterator[Document]:
        last = ""
        for number, document in jsonl.read_numbered(self.articles_path, Document):
            where = f"{self.articles_path}:{number} document {document.doc_id}"
            if document.doc_id <= last:
                raise InputError(
                    "stands twice or out of order", where=where, remedy="restore the file from git"
                )
            if sha256(document.text) != document.text_sha256:
                raise InputError(
                    "the text is not the one that text_sha256 names",
                    where=where,
                    remedy="restore the line from git; a text never changes",
                )
            last = document.doc_id
            yield document


def missing_document_error(line: SourceLine) -> InputError:
    """The error for an answer whose document is not there."""
    return InputError(
        f"an answer for document {line.doc_id}, which is not there",
        where=line.location,
        remedy="ingest the article, or remove the line",
    )


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with convert_os_errors(path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def list_batches(corpus: CorpusFiles, spool: Path) -> list[ArticleBatch]:
    """Every batch with the files of its answers, which lie under ``spool`` where there are several batches.

    Raises:
        InputError: a document stands twice, or an answer's document is not there.
    """
    files, answers = corpus.batch_files(), list_annotation_sources(corpus)
    if len(files) < 2:
        return [ArticleBatch(path, tuple(answers)) for path in files]
    with convert_os_errors(spool):
        spool.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(spool / "index.sqlite")) as index:
            _fill_index(index, files)
            mine: dict[int, list[AnnotationSource]] = defaultdict(list)
            for number, source in enumerate(answers):
                for batch in _spool_by_batch(source, index, spool, number):
                    mine[batch].append(
                        AnnotationSource(
                            _spool_path(spool, batch, number), source.original, source.gold
                        )
                    )
    return [ArticleBatch(path, tuple(mine[number])) for number, path in enumerate(files)]


def _fill_index(index: sqlite3.Connection, files: Iterable[Path]) -> None:
    index.execute("PRAGMA journal_mode = OFF")
    index.execute("PRAGMA synchronous = OFF")
    index.execute("CREATE TABLE document (doc_id TEXT PRIMARY KEY, batch INTEGER) WITHOUT ROWID")
    for batch, path in enumerate(files):
        try:
            index.executemany(
                "INSERT INTO document VALUES (?, ?)",
                ((each, batch) for each in _read_doc_ids(path)),
            )
        except sqlite3.IntegrityError as error:
            raise InputError(
                "holds a document that another batch holds too",
                where=str(path),
                remedy="restore the folder from git",
            ) from error


def _read_doc_ids(path: Path) -> Iterator[str]:
    with path.open("rb", buffering=1 << 20) as file:
        for number, content in enumerate(file, 1):
            yield _read_doc_id(content, path, number)


def _spool_path(spool: Path, batch: int, number: int) -> Path:
    return spool / f"{batch}-{number}.jsonl"


def _spool_by_batch(
    source: AnnotationSource, index: sqlite3.Connection, spool: Path, number: int
) -> list[int]:
    """Sort the lines of a source into one file for each batch; return the batches that got any."""
    waiting: dict[int, list[bytes]] = defaultdict(list)
    seen: set[int] = set()
    size = 0
    for line in source.read_lines():
        found = index.execute(
            "SELECT batch FROM document WHERE doc_id = ?", (line.doc_id,)
        ).fetchone()
        if not found:
            raise missing_document_error(line)
        waiting[found[0]].append(line.content)
        size += len(line.content)
        if size >= _SPOOL_BYTES:
            seen |= _append_to_spool(waiting, spool, number)
            size = 0
    return sorted(seen | _append_to_spool(waiting, spool, number))


def _append_to_spool(waiting: dict[int, list[bytes]], spool: Path, number: int) -> set[int]:
    for batch, contents in waiting.items():
        with _spool_path(spool, batch, number).open("ab") as file:
            file.writelines(contents)
    done = set(waiting)
    waiting.clear()
    return done
