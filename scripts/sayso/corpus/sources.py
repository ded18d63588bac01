"""The sources under ``corpus/``: articles, annotations, gold. Nothing else knows their file names.

Articles lie in numbered batches, each in order of doc_id; a full batch never changes again, so neither do the data
files made from it. Annotations lie in one file for each annotator of a campaign, in order of document.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from operator import attrgetter, itemgetter
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import msgspec
from msgspec import Raw, Struct

from sayso import jsonl
from sayso.errors import InputError
from sayso.files import ContentWriter, convert_os_errors
from sayso.models import Annotation, AnnotationOrigin, Document, Gold, encode

BATCH_DOCUMENTS = 10_000
BATCH_BYTES = 64 << 20
REPLACED_TEXTS = "texts"  # what in the history gave way to a new text, and not to a migration


class AnnotationHead(Struct, frozen=True):
    """What of an answer says where it stands and whose it is: read from its line, the rest passed over."""

    doc_id: str
    text_sha256: str
    interface: str
    annotator: str
    created: str
    origin: AnnotationOrigin | None = None


def annotation_sort_key(annotation: Annotation | AnnotationHead) -> tuple[str, str, str, int]:
    """Where an answer stands in its file: by document, pass, time made, and the server's number."""
    number = annotation.origin.annotation if annotation.origin else 0
    return (annotation.doc_id, annotation.interface, annotation.created, number)


_SOURCE_PATTERNS: dict[str, type[Document] | type[Annotation] | type[Gold]] = {
    "corpus/articles/articles-*.jsonl": Document,
    "corpus/annotations/*/*.jsonl": Annotation,
    "corpus/gold/*.jsonl": Gold,
}


def find_record_type(name: str) -> type[Document] | type[Annotation] | type[Gold] | None:
    """Which records a file holds, by its name below the root; None where it is no source of the corpus.

    >>> find_record_type("corpus/gold/pilot.write_jsonl")
    <class 'sayso.models.Gold'>
    >>> find_record_type("corpus/data_folder/gold/train-00000.parquet")
    """
    path = PurePosixPath(name)
    return next(
        (
            kind
            for shape, kind in _SOURCE_PATTERNS.items()
            if _matches_pattern(path, PurePosixPath(shape))
        ),
        None,
    )


def _matches_pattern(path: PurePosixPath, shape: PurePosixPath) -> bool:
    return len(path.parts) == len(shape.parts) and path.match(str(shape))


@dataclass(frozen=True)
class CorpusFiles:
    """The corpus of one instance. ``root`` is the instance's folder."""

    root: Path

    @property
    def folder(self) -> Path:
        """What ``load_dataset`` reads."""
        return self.root / "corpus"

    @property
    def articles_folder(self) -> Path:
        """Where the batches of articles lie."""
        return self.folder / "articles"

    def batch_files(self) -> list[Path]:
        """The files of articles, oldest first."""
        return sorted(self.articles_folder.glob("articles-*.jsonl"))

    def batch_file(self, number: int) -> Path:
        """The file of one batch, there or not."""
        return self.articles_folder / f"articles-{number:05d}.jsonl"

    def documents(self) -> Iterator[Document]:
        """Every document, in order of doc_id, lazily, whatever batch it lies in.

        Raises:
            InputError: a line is not a document, a batch is out of order, or one doc_id stands twice.
        """
        last = ""
        for document in heapq.merge(
            *(jsonl.read(path, Document) for path in self.batch_files()), key=attrgetter("doc_id")
        ):
            if document.doc_id <= last:
                raise InputError(
                    f"document {document.doc_id} stands twice or out of order",
                    where=str(self.articles_folder),
                    remedy="restore the folder from git",
                )
            last = document.doc_id
            yield document

    def documents_with_offsets(self, name: str) -> Iterator[tuple[int, int, Document]]:
        """Yield (first byte, length in bytes, document) of one batch, lazily.

        Raises:
            InputError: a line is not a document.
        """
        start = 0
        for _number, line, document in jsonl.read_lines(self.articles_folder / name, Document):
            yield start, len(line), document
            start += len(line)

    def read_document_at(self, name: str, start: int, length: int) -> Document:
        """The document that ``documents_with_offsets`` gave, read alone.

        Raises:
            InputError: the batch has changed since.
        """
        path = self.articles_folder / name
        with convert_os_errors(path), path.open("rb") as file:
            file.seek(start)
            line = file.read(length)
        try:
            return msgspec.json.decode(line, type=Document)
        except msgspec.MsgspecError as error:
            raise InputError(
                "it changed while it was read", where=str(path), remedy="run the command again"
            ) from error

    def add_documents(self, documents: Iterable[Document]) -> list[Path]:
        """Write documents that the corpus does not have, given in order of doc_id; return the files written.

        The last batch is filled first, then new ones are begun. Stopped half-way, the documents of whole batches
        are in; adding the rest again ends in the same files.

        Raises:
            DiskError: the disk refused.
        """
        coming = iter(documents)
        written: list[Path] = []
        number = max(0, len(self.batch_files()) - 1)
        while (first := next(coming, None)) is not None:
            coming = chain([first], coming)
            path = self.batch_file(number)
            room = _BatchCapacity(*_measure_batch(path))
            if room:
                _merge_into_batch(path, room.take_documents(coming))
                written.append(path)
            number += 1
        return written

    def rewrite_batches(
        self, names: Iterable[str], change: Callable[[Document], Document]
    ) -> Iterator[tuple[Path, ContentWriter]]:
        """Batches as they are to be, for ``files.replace_together``: each document as ``change`` gives it back.

        ``change`` leaves the doc_id alone. A document that it gives back itself keeps its line to the byte.
        """
        for name in names:
            yield (
                self.articles_folder / name,
                partial(_write_changed_batch, self.articles_folder / name, change),
            )

    def replaced_documents(self) -> Iterator[Document]:
        """Documents as they were before another text took the place of theirs, batch by batch, oldest first, lazily."""
        for path in sorted(
            self.history_file(self.articles_folder, REPLACED_TEXTS).glob("articles-*.jsonl")
        ):
            yield from jsonl.read(path, Document)

    def campaigns(self) -> list[str]:
        """Names of the campaigns that have answers."""
        return sorted(
            path.name for path in (self.folder / "annotations").glob("*") if path.is_dir()
        )

    def annotation_file(self, campaign: str, annotator: str) -> Path:
        """The file of one annotator's answers in a campaign."""
        return self.folder / "annotations" / campaign / f"{annotator}.jsonl"

    def annotation_files(self, campaign: str | None = None) -> list[Path]:
        """The files of answers, of one campaign or of all, in order of name."""
        return sorted((self.folder / "annotations").glob(f"{campaign or '*'}/*.jsonl"))

    def annotations(self, campaign: str | None = None) -> Iterator[Annotation]:
        """Every answer, file by file, lazily."""
        for path in self.annotation_files(campaign):
            yield from jsonl.read(path, Annotation)

    def write_annotations(
        self, campaign: str, annotator: str, answers: Iterable[Annotation] | Iterable[Raw]
    ) -> bool:
        """Write one annotator's file, whole, from answers or lines in ``annotation_sort_key``; say whether it changed."""
        return jsonl.write(self.annotation_file(campaign, annotator), answers)

    def gold_files(self) -> list[Path]:
        """The files of adjudicated documents."""
        return sorted((self.folder / "gold").glob("*.jsonl"))

    def gold(self) -> Iterator[Gold]:
        """Every adjudicated document, file by file, lazily."""
        for path in self.gold_files():
            yield from jsonl.read(path, Gold)

    def annotation_and_gold_files(self) -> list[tuple[Path, type[Annotation] | type[Gold]]]:
        """Every file of annotations, then of gold, with what a line of it is."""
        found: list[tuple[Path, type[Annotation] | type[Gold]]] = []
        found += [(path, Annotation) for path in self.annotation_files()]
        return found + [(path, Gold) for path in self.gold_files()]

    def history_file(self, path: Path, cause: str) -> Path:
        """Where lines of a source lie that gave way; nothing reads them as answers.

        ``cause`` is the two versions of a migration, ``1.0.0-2.0.0``, or ``REPLACED_TEXTS``.
        """
        return self.folder / "history" / cause / path.relative_to(self.folder)

    @property
    def data_folder(self) -> Path:
        """Where the Parquet files lie that are derived from all this."""
        return self.folder / "data"

    @property
    def card_file(self) -> Path:
        """The dataset card."""
        return self.folder / "README.md"


@dataclass
class _BatchCapacity:
    """What one batch already holds, and what may still go in."""

    count: int
    size: int

    def __bool__(self) -> bool:
        return self.count < BATCH_DOCUMENTS and self.size < BATCH_BYTES

    def take_documents(self, documents: Iterator[Document]) -> Iterator[Document]:
        """Take documents while there is room; the rest stay in the iterator."""
        while self and (document := next(documents, None)) is not None:
            self.count += 1
            self.size += len(encode(document)) + 1
            yield document


def _measure_batch(path: Path) -> tuple[int, int]:
    if not path.exists():
        return 0, 0
    with convert_os_errors(path), path.open("rb") as file:
        return sum(1 for _line in file), path.stat().st_size


def _merge_into_batch(path: Path, added: Iterable[Document]) -> None:
    kept = (
        (document.doc_id, msgspec.Raw(line.rstrip(b"\n")))
        for document, line in _read_batch_lines(path)
    )
    merged = heapq.merge(
        kept, ((document.doc_id, document) for document in added), key=itemgetter(0)
    )
    jsonl.write(path, (record for _doc_id, record in merged))


def _write_changed_batch(
    path: Path, change: Callable[[Document], Document], file: BinaryIO
) -> None:
    for document, line in _read_batch_lines(path):
        changed = change(document)
        file.write(line if changed is document else encode(changed) + b"\n")


def _read_batch_lines(path: Path) -> Iterator[tuple[Document, bytes]]:
    if path.exists():
        yield from (
            (document, line) for _number, line, document in jsonl.read_lines(path, Document)
        )
