"""The documents of one batch with the lines of their annotations and gold, a few at a time.

The build joins raw lines instead of calling `CorpusFiles.items`: Arrow parses the bytes of a chunk
three to five times as fast as typed records could be made, and each Parquet file holds the rows of
one batch, while `items` yields documents in order across all batches. With several batches, the
annotation lines are first sorted into spool files, one for each batch and source.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import TypeVar

import msgspec

from sayso import jsonl
from sayso.corpus.sources import CorpusFiles
from sayso.dataset.annotation_table import SourceLine
from sayso.errors import InputError
from sayso.files import convert_os_errors, file_digest, make_folder, open_file
from sayso.models import DECODE_ERRORS, DocId, Document, Split, sha256

CHUNK_DOCUMENTS = 2_000
CHUNK_BYTES = 4 << 20
_SPOOL_BYTES = 32 << 20
_CANONICAL_START = b'{"doc_id":"'
JoinedT = TypeVar("JoinedT")


class _LineHead(msgspec.Struct):
    doc_id: DocId


@dataclass(frozen=True)
class AnnotationSource:
    """A file of annotations or gold. ``path`` is read, ``original`` is named in errors."""

    path: Path
    original: Path
    gold: bool

    def read_lines(self) -> Iterator[SourceLine]:
        """Yield the lines, which must be in order of document."""
        last = ""
        is_original = self.path == self.original
        with convert_os_errors(self.path), open_file(self.path, 1 << 17) as file:
            for number, content in enumerate(file, 1):
                doc_id = _read_doc_id(content, self.original, number)
                line = SourceLine(doc_id, content, self.original, number * is_original, self.gold)
                if doc_id < last:
                    raise InputError(
                        f"document {doc_id} stands after {last}",
                        where=line.location,
                        remedy="restore the file from git, or pull it again",
                    )
                last = doc_id
                yield line


def list_annotation_sources(corpus: CorpusFiles) -> list[AnnotationSource]:
    """Return every file of annotations and gold, gold first, so that its rows come first."""
    return [
        *(AnnotationSource(path, path, True) for path in corpus.gold_files()),
        *(AnnotationSource(path, path, False) for path in corpus.annotation_files()),
    ]


@dataclass
class BatchChunk:
    """Some documents of one split, in order, and the lines about them.

    Attributes:
        document_index: for each line the index of its document.
    """

    split: Split
    documents: list[Document] = field(default_factory=list)
    lines: list[SourceLine] = field(default_factory=list)
    document_index: list[int] = field(default_factory=list)
    size: int = 0

    def add(self, document: Document, lines: Sequence[SourceLine]) -> None:
        """Append a document and its lines."""
        self.document_index += [len(self.documents)] * len(lines)
        self.documents.append(document)
        self.lines += lines
        self.size += 2 * len(document.text) + sum(len(line.content) for line in lines)

    @property
    def is_full(self) -> bool:
        """The chunk has reached its limit of documents or bytes."""
        return len(self.documents) >= CHUNK_DOCUMENTS or self.size >= CHUNK_BYTES


@dataclass(frozen=True)
class ArticleBatch:
    """A file of articles and the files with annotations of them."""

    articles_path: Path
    sources: tuple[AnnotationSource, ...]

    @property
    def name(self) -> str:
        """The number of the batch, as file names spell it.

        >>> ArticleBatch(Path("articles-00012.jsonl"), ()).name
        '00012'
        """
        return self.articles_path.stem.removeprefix("articles-")

    def digest(self) -> str:
        """Return the SHA-256 of all sources of the batch."""
        whole = hashlib.sha256(file_digest(self.articles_path).encode())
        for source in self.sources:
            whole.update(f"{source.gold} {file_digest(source.path)}\n".encode())
        return whole.hexdigest()

    def iterate_chunks(self) -> Iterator[BatchChunk]:
        """Yield the documents with their lines in chunks of one split each.

        Raises:
            InputError: a line's document is missing, or a text is not the one its digest names.
        """
        chunks: dict[str, BatchChunk] = {}
        documents = ((document.doc_id, document) for document in self._read_documents())
        for document, lines in _join_lines(documents, self.sources):
            chunk = chunks.setdefault(document.split, BatchChunk(document.split))
            chunk.add(document, lines)
            if chunk.is_full:
                yield chunks.pop(document.split)
        yield from (chunks[split] for split in sorted(chunks))

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


def list_batches(corpus: CorpusFiles, spool: Path) -> list[ArticleBatch]:
    """Return every batch with its annotation files, spooled to ``spool`` if there are several.

    Raises:
        InputError: a document is in two batches, or the document of a line is missing.
    """
    files, sources = corpus.batch_files(), list_annotation_sources(corpus)
    if len(files) < 2:
        return [ArticleBatch(path, tuple(sources)) for path in files]
    with convert_os_errors(spool):
        make_folder(spool)
        spooled = _spool_by_batch(files, sources, spool)
    return [
        ArticleBatch(
            path,
            tuple(
                AnnotationSource(spooled[path, source.original], source.original, source.gold)
                for source in sources
                if (path, source.original) in spooled
            ),
        )
        for path in files
    ]


def _spool_by_batch(
    files: Sequence[Path], sources: Sequence[AnnotationSource], spool: Path
) -> dict[tuple[Path, Path], Path]:
    """Sort lines into one file for each batch and source: (articles, source) -> spool file."""
    spooled: dict[tuple[Path, Path], Path] = {}
    waiting: dict[Path, list[bytes]] = defaultdict(list)
    size = 0
    documents = heapq.merge(*map(_read_doc_ids, files))
    for articles, lines in _join_lines(_unique(documents), sources):
        for line in lines:
            path = spooled.setdefault(
                (articles, line.path), spool / f"{articles.stem}-{len(spooled)}.jsonl"
            )
            waiting[path].append(line.content)
            size += len(line.content)
        if size >= _SPOOL_BYTES:
            _append_lines(waiting)
            size = 0
    _append_lines(waiting)
    return spooled


def _append_lines(waiting: dict[Path, list[bytes]]) -> None:
    for path, contents in waiting.items():
        with path.open("ab") as file:
            file.writelines(contents)
    waiting.clear()


def _unique(documents: Iterable[tuple[str, Path]]) -> Iterator[tuple[str, Path]]:
    last = ""
    for doc_id, path in documents:
        if doc_id == last:
            raise InputError(
                f"holds document {doc_id}, which another batch holds too",
                where=str(path),
                remedy="run `sayso format`, or restore the folder from git",
            )
        last = doc_id
        yield doc_id, path


def _join_lines(
    documents: Iterable[tuple[str, JoinedT]], sources: Iterable[AnnotationSource]
) -> Iterator[tuple[JoinedT, list[SourceLine]]]:
    """Yield what came with each doc_id together with the lines of that document."""
    lines = heapq.merge(*(source.read_lines() for source in sources), key=attrgetter("doc_id"))
    line = next(lines, None)
    for doc_id, joined in documents:
        matching: list[SourceLine] = []
        while line and line.doc_id == doc_id:
            matching.append(line)
            line = next(lines, None)
        if line and line.doc_id < doc_id:
            break
        yield joined, matching
    if line:
        raise InputError(
            f"an annotation of document {line.doc_id}, which is not there",
            where=line.location,
            remedy="run `sayso format` after a merge, else ingest the article or remove the line",
        )


def _read_doc_ids(path: Path) -> Iterator[tuple[str, Path]]:
    with open_file(path) as file:
        for number, content in enumerate(file, 1):
            yield _read_doc_id(content, path, number), path


def _read_doc_id(content: bytes, path: Path, number: int) -> str:
    if content.startswith(_CANONICAL_START):  # as we write lines; ten times as fast as parsing
        end = content.find(b'"', len(_CANONICAL_START))
        return content[len(_CANONICAL_START) : end].decode("ascii", "replace")
    try:
        return msgspec.json.decode(content, type=_LineHead).doc_id
    except DECODE_ERRORS as error:
        remedy = "restore the line from git, or remove it"
        raise InputError(str(error), where=f"{path}:{number}", remedy=remedy) from error
