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
from sayso.dataset.answers import Line
from sayso.errors import InputError
from sayso.files import explained
from sayso.records import DocId, Document, Split, sha256
from sayso.store import Corpus

SLICE_DOCUMENTS = 2_000
SLICE_BYTES = 4 << 20
_SPOOL_BYTES = 32 << 20
_CANONICAL = b'{"doc_id":"'


class _Head(msgspec.Struct):
    doc_id: DocId


@dataclass(frozen=True)
class Source:
    """A file of answers. ``path`` is what is read, ``original`` what an error names."""

    path: Path
    original: Path
    gold: bool

    def lines(self) -> Iterator[Line]:
        """Its lines in order of document.

        Raises:
            InputError: a line has no document, or stands out of order.
        """
        last = ""
        same = self.path == self.original
        with explained(self.path), self.path.open("rb", buffering=1 << 17) as file:
            for number, content in enumerate(file, 1):
                line = Line(_doc_id(content, self.original, number), content, self.original, number * same, self.gold)
                if line.doc_id < last:
                    raise InputError(
                        f"document {line.doc_id} stands after {last}",
                        where=line.where, remedy="restore the file from git, or pull it again",
                    )  # fmt: skip
                last = line.doc_id
                yield line


def _doc_id(content: bytes, path: Path, number: int) -> str:
    """The document of a line, which is what a canonical line starts with."""
    if content.startswith(_CANONICAL):
        end = content.find(b'"', len(_CANONICAL))
        return content[len(_CANONICAL) : end].decode("ascii", "replace")
    try:
        return msgspec.json.decode(content, type=_Head).doc_id
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        remedy = "restore the line from git, or remove it"
        raise InputError(str(error), where=f"{path}:{number}", remedy=remedy) from error


def answer_files(corpus: Corpus) -> list[Source]:
    """Every file of answers; gold first, so that it stands first among the readings of a document."""
    return [
        *(Source(path, path, True) for path in corpus.gold_files()),
        *(Source(path, path, False) for path in corpus.annotation_files()),
    ]


@dataclass
class Slice:
    """Some documents of one split in order, and the answers to them."""

    split: Split
    documents: list[Document] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    document_of: list[int] = field(default_factory=list)
    size: int = 0

    def add(self, document: Document, lines: Sequence[Line]) -> None:
        """Take one more document with its answers."""
        self.document_of += [len(self.documents)] * len(lines)
        self.documents.append(document)
        self.lines += lines
        self.size += 2 * len(document.text) + sum(len(line.content) for line in lines)

    @property
    def full(self) -> bool:
        """Whether it should be worked on before it takes more."""
        return len(self.documents) >= SLICE_DOCUMENTS or self.size >= SLICE_BYTES


@dataclass(frozen=True)
class Batch:
    """A file of articles and the files that hold answers to them."""

    articles: Path
    answers: tuple[Source, ...]

    @property
    def name(self) -> str:
        """Its number, as file names spell it.

        >>> Batch(Path("articles-00012.jsonl"), ()).name
        '00012'
        """
        return self.articles.stem.removeprefix("articles-")

    def digest(self) -> str:
        """SHA-256 of all that its rows are made of."""
        whole = hashlib.sha256(file_digest(self.articles).encode())
        for source in self.answers:
            whole.update(f"{source.gold} {file_digest(source.path)}\n".encode())
        return whole.hexdigest()

    def slices(self) -> Iterator[Slice]:
        """Its documents with their answers, a few at a time.

        Raises:
            InputError: an answer's document is not here, or a document's text is not what its digest says.
        """
        open_slices: dict[str, Slice] = {}
        for document, lines in self._side_by_side():
            mine = open_slices.setdefault(document.split, Slice(document.split))
            mine.add(document, lines)
            if mine.full:
                yield open_slices.pop(document.split)
        yield from (open_slices[split] for split in sorted(open_slices))

    def _side_by_side(self) -> Iterator[tuple[Document, list[Line]]]:
        lines = heapq.merge(*(source.lines() for source in self.answers), key=attrgetter("doc_id"))
        line = next(lines, None)
        for document in self._documents():
            mine: list[Line] = []
            while line and line.doc_id <= document.doc_id:
                if line.doc_id < document.doc_id:
                    raise homeless(line)
                mine.append(line)
                line = next(lines, None)
            yield document, mine
        if line:
            raise homeless(line)

    def _documents(self) -> Iterator[Document]:
        last = ""
        for number, document in jsonl.numbered(self.articles, Document):
            where = f"{self.articles}:{number} document {document.doc_id}"
            if document.doc_id <= last:
                raise InputError("stands twice or out of order", where=where, remedy="restore the file from git")
            if sha256(document.text) != document.text_sha256:
                raise InputError("the text is not the one that text_sha256 names", where=where,
                                 remedy="restore the line from git; a text never changes")  # fmt: skip
            last = document.doc_id
            yield document


def homeless(line: Line) -> InputError:
    """The error for an answer whose document is not there."""
    return InputError(
        f"an answer for document {line.doc_id}, which is not there",
        where=line.where, remedy="ingest the article, or remove the line",
    )  # fmt: skip


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with explained(path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def batches(corpus: Corpus, spool: Path) -> list[Batch]:
    """Every batch with the files of its answers, which lie under ``spool`` where there are several batches.

    Raises:
        InputError: a document stands twice, or an answer's document is not there.
    """
    files, answers = corpus.batches(), answer_files(corpus)
    if len(files) < 2:
        return [Batch(path, tuple(answers)) for path in files]
    with explained(spool):
        spool.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(spool / "index.sqlite")) as index:
            _fill(index, files)
            mine: dict[int, list[Source]] = defaultdict(list)
            for number, source in enumerate(answers):
                for batch in _sort_out(source, index, spool, number):
                    mine[batch].append(Source(_spooled(spool, batch, number), source.original, source.gold))
    return [Batch(path, tuple(mine[number])) for number, path in enumerate(files)]


def _fill(index: sqlite3.Connection, files: Iterable[Path]) -> None:
    index.execute("PRAGMA journal_mode = OFF")
    index.execute("PRAGMA synchronous = OFF")
    index.execute("CREATE TABLE document (doc_id TEXT PRIMARY KEY, batch INTEGER) WITHOUT ROWID")
    for batch, path in enumerate(files):
        try:
            index.executemany("INSERT INTO document VALUES (?, ?)", ((each, batch) for each in _ids(path)))
        except sqlite3.IntegrityError as error:
            raise InputError("holds a document that another batch holds too", where=str(path),
                             remedy="restore the folder from git") from error  # fmt: skip


def _ids(path: Path) -> Iterator[str]:
    with path.open("rb", buffering=1 << 20) as file:
        for number, content in enumerate(file, 1):
            yield _doc_id(content, path, number)


def _spooled(spool: Path, batch: int, number: int) -> Path:
    return spool / f"{batch}-{number}.jsonl"


def _sort_out(source: Source, index: sqlite3.Connection, spool: Path, number: int) -> list[int]:
    """Sort the lines of a source into one file for each batch; return the batches that got any."""
    waiting: dict[int, list[bytes]] = defaultdict(list)
    seen: set[int] = set()
    size = 0
    for line in source.lines():
        found = index.execute("SELECT batch FROM document WHERE doc_id = ?", (line.doc_id,)).fetchone()
        if not found:
            raise homeless(line)
        waiting[found[0]].append(line.content)
        size += len(line.content)
        if size >= _SPOOL_BYTES:
            seen |= _append(waiting, spool, number)
            size = 0
    return sorted(seen | _append(waiting, spool, number))


def _append(waiting: dict[int, list[bytes]], spool: Path, number: int) -> set[int]:
    for batch, contents in waiting.items():
        with _spooled(spool, batch, number).open("ab") as file:
            file.writelines(contents)
    done = set(waiting)
    waiting.clear()
    return done
