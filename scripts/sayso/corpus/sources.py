"""The sources under ``corpus/``: articles, annotations, gold. Nothing else knows their file names.

Articles lie in numbered batches, each in order of doc_id. A full batch never changes again, so
neither do the data files that are built from it. Annotations lie in one file for each annotator of
a campaign, in order of document.
"""

from __future__ import annotations

import glob
import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain, repeat
from operator import itemgetter
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import msgspec
from msgspec import Raw, Struct

from sayso import jsonl
from sayso.corpus.items import AnnotationFilter, Item, RecordFile, join_items
from sayso.errors import InputError
from sayso.files import (
    ContentWriter,
    convert_os_errors,
    exists,
    list_files,
    list_folders,
    open_file,
)
from sayso.models import DECODE_ERRORS, Annotation, AnnotationOrigin, Document, Gold, encode
from sayso.settings import require_campaign_name

BATCH_DOCUMENTS = 10_000
BATCH_BYTES = 64 << 20
# Folders of the history, beside one for each migration.
REPLACED_TEXTS = "texts"  # annotations of a text that was replaced
PRUNED = "pruned"  # annotations that the server no longer had
IMPORTED = "imported"  # annotations that were exported, imported and then changed in Label Studio
_SOURCE_PATTERNS: dict[str, type[Document] | type[Annotation] | type[Gold]] = {
    "corpus/articles/articles-*.jsonl": Document,
    "corpus/annotations/*/*.jsonl": Annotation,
    "corpus/gold/*.jsonl": Gold,
}


class AnnotationHead(Struct, frozen=True):
    """The fields of an annotation that place it in a file, read without the rest of its line."""

    doc_id: str
    text_sha256: str
    interface: str
    annotator: str
    created: str
    origin: AnnotationOrigin | None = None


def annotation_sort_key(annotation: Annotation | AnnotationHead) -> tuple[str, str, str, int]:
    """Return an annotation's place in its file: document, pass, creation, server's number."""
    number = annotation.origin.annotation if annotation.origin else 0
    return (annotation.doc_id, annotation.interface, annotation.created, number)


def find_record_type(name: str) -> type[Document] | type[Annotation] | type[Gold] | None:
    """Return the type of a file's records, by its path in the checkout; None if no source.

    >>> find_record_type("corpus/gold/pilot.jsonl")
    <class 'sayso.models.Gold'>
    >>> find_record_type("corpus/data/gold/train-00000.parquet")
    """
    path = PurePosixPath(name)
    for pattern, record_type in _SOURCE_PATTERNS.items():
        if len(path.parts) == pattern.count("/") + 1 and path.match(pattern):
            return record_type
    return None


@dataclass(frozen=True)
class CorpusFiles:
    """The source files of the corpus in the checkout at ``root``."""

    root: Path

    @property
    def folder(self) -> Path:
        """The folder that ``load_dataset`` reads."""
        return self.root / "corpus"

    @property
    def articles_folder(self) -> Path:
        """The folder of the batches of articles."""
        return self.folder / "articles"

    def batch_files(self) -> list[Path]:
        """Return the files of articles, oldest first."""
        return list_files(self.articles_folder, "articles-*.jsonl")

    def batch_file(self, number: int) -> Path:
        """Return the path of one batch, whether it exists or not."""
        return self.articles_folder / f"articles-{number:05d}.jsonl"

    def documents(self) -> Iterator[Document]:
        """Yield every document in order of doc_id, lazily.

        Raises:
            InputError: a line is not a document, a batch is out of order, or a doc_id occurs twice.
        """
        return (document for _path, document in self.documents_with_files())

    def documents_with_files(self) -> Iterator[tuple[Path, Document]]:
        """Yield (batch file, document); otherwise like `documents`."""
        batches = (zip(repeat(path), jsonl.read(path, Document)) for path in self.batch_files())
        last = ""
        for path, document in heapq.merge(*batches, key=_doc_id_of_pair):
            if document.doc_id <= last:
                raise InputError(
                    f"document {document.doc_id} stands twice or out of order",
                    where=str(self.articles_folder),
                    remedy="run `sayso format`, or restore the folder from git",
                )
            last = document.doc_id
            yield path, document

    def items(self, chosen: AnnotationFilter | None = None) -> Iterator[Item]:
        """Yield every document with the annotations and gold that the filter accepts, lazily.

        The filter's documents limit the documents, too. Its other names are looked up at once,
        before the first item.

        Raises:
            InputError: the filter names something that does not exist, or a record does not fit its
                document.
            SpanError: a mention is not the slice of its text that it says it is.
        """
        chosen = chosen or AnnotationFilter()
        return join_items(self.documents_with_files(), self.find_files(chosen), chosen)

    def find_files(self, chosen: AnnotationFilter) -> list[RecordFile]:
        """Return the files that can hold what the filter accepts, gold first.

        Raises:
            InputError: no campaign or annotator of a name exists, or gold alone is asked for and
                there is none.
        """
        gold = self.gold_files() if chosen.wants_gold else []
        campaigns = {*self.campaigns(), *(path.stem for path in self.gold_files())}
        files = [
            path
            for path in (self.annotation_files() if chosen.wants_annotations else [])
            if (not chosen.campaigns or path.parent.name in chosen.campaigns)
            and (not chosen.annotators or path.stem in chosen.annotators)
        ]
        missing = sorted(chosen.campaigns - campaigns)
        if chosen.wants_annotations:
            missing += sorted(chosen.annotators - {path.stem for path in files})
        if missing:
            raise InputError(
                f"nothing of {', '.join(missing)}",
                where=str(self.folder),
                remedy="name campaigns and annotators as the folders and files under annotations/",
            )
        if not gold and not chosen.wants_annotations:
            raise InputError(
                "nothing is adjudicated",
                where=str(self.folder / "gold"),
                remedy="run `sayso adjudicate push`, or `sayso adjudicate pull --auto majority`",
            )
        return [*((path, Gold) for path in gold), *((path, Annotation) for path in files)]

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
        """Return a document by the offset and length that ``documents_with_offsets`` gave.

        Raises:
            InputError: the batch has changed since.
        """
        path = self.articles_folder / name
        with convert_os_errors(path), open_file(path) as file:
            file.seek(start)
            line = file.read(length)
        try:
            return msgspec.json.decode(line, type=Document)
        except DECODE_ERRORS as error:
            raise InputError(
                "it changed while it was read", where=str(path), remedy="run the command again"
            ) from error

    def add_documents(self, documents: Iterable[Document]) -> list[Path]:
        """Write new documents, given in order of doc_id, and return the files written.

        The last batch is filled first, then new ones are begun. After an interruption the documents
        of whole batches are there, and adding the rest leads to the same files.

        Raises:
            DiskError: the disk refused.
        """
        coming = iter(documents)
        written: list[Path] = []
        number = max(0, len(self.batch_files()) - 1)
        while (first := next(coming, None)) is not None:
            coming = chain([first], coming)
            path = self.batch_file(number)
            capacity = _BatchCapacity(*_measure_batch(path))
            if capacity:
                _merge_into_batch(path, capacity.take_documents(coming))
                written.append(path)
            number += 1
        return written

    def rewrite_batches(
        self, names: Iterable[str], change: Callable[[Document], Document]
    ) -> Iterator[tuple[Path, ContentWriter]]:
        """Return changed batches for `files.replace_together`.

        Args:
            change: returns a document with the same doc_id. One that it returns unchanged keeps its
                line to the byte.
        """
        for name in names:
            yield (
                self.articles_folder / name,
                partial(_write_changed_batch, self.articles_folder / name, change),
            )

    def replaced_documents(self) -> Iterator[Document]:
        """Yield earlier versions of documents whose text was replaced, oldest batch first."""
        folder = self.history_file(self.articles_folder, REPLACED_TEXTS)
        for path in list_files(folder, "articles-*.jsonl"):
            yield from jsonl.read(path, Document)

    def campaigns(self) -> list[str]:
        """Return the names of the campaigns that have annotations."""
        return [path.name for path in list_folders(self.folder / "annotations")]

    def annotation_file(self, campaign: str, annotator: str) -> Path:
        """Return the path of one annotator's annotations in a campaign."""
        require_campaign_name(campaign, "corpus/annotations")
        return self.folder / "annotations" / campaign / f"{annotator}.jsonl"

    def annotation_files(self, campaign: str | None = None) -> list[Path]:
        """Return the files of annotations, of one campaign or of all, in order of name."""
        return list_files(
            self.folder / "annotations", f"{glob.escape(campaign or '') or '*'}/*.jsonl"
        )

    def annotations(self, campaign: str | None = None) -> Iterator[Annotation]:
        """Yield every annotation, file by file, lazily."""
        for path in self.annotation_files(campaign):
            yield from jsonl.read(path, Annotation)

    def write_annotations(
        self, campaign: str, annotator: str, annotations: Iterable[Annotation] | Iterable[Raw]
    ) -> bool:
        """Write one annotator's file, in order of `annotation_sort_key`; return if it changed."""
        return jsonl.write(self.annotation_file(campaign, annotator), annotations)

    def gold_files(self) -> list[Path]:
        """Return the files of gold."""
        return list_files(self.folder / "gold", "*.jsonl")

    def gold(self) -> Iterator[Gold]:
        """Yield all gold, file by file, lazily."""
        for path in self.gold_files():
            yield from jsonl.read(path, Gold)

    def annotation_and_gold_files(self) -> list[RecordFile]:
        """Return every file of annotations, then of gold, with the type of its records."""
        return [
            *((path, Annotation) for path in self.annotation_files()),
            *((path, Gold) for path in self.gold_files()),
        ]

    @property
    def history_folder(self) -> Path:
        """The folder of superseded lines, one folder for each cause."""
        return self.folder / "history"

    def history_file(self, path: Path, cause: str) -> Path:
        """Return the path of a source's superseded lines, which nothing reads as annotations.

        Args:
            cause: the two versions of a migration, as ``1.0.0-2.0.0``, or `REPLACED_TEXTS`,
                `PRUNED` or `IMPORTED`.
        """
        return self.history_folder / cause / path.relative_to(self.folder)

    @property
    def data_folder(self) -> Path:
        """The folder of the Parquet files that are built from the sources."""
        return self.folder / "data"

    @property
    def card_file(self) -> Path:
        """The dataset card."""
        return self.folder / "README.md"


def _doc_id_of_pair(pair: tuple[Path, Document]) -> str:
    return pair[1].doc_id


@dataclass
class _BatchCapacity:
    """The documents and bytes that a batch holds so far."""

    count: int
    size: int

    def __bool__(self) -> bool:
        return self.count < BATCH_DOCUMENTS and self.size < BATCH_BYTES

    def take_documents(self, documents: Iterator[Document]) -> Iterator[Document]:
        """Yield documents while the batch has room; the rest stay in the iterator."""
        while self and (document := next(documents, None)) is not None:
            self.count += 1
            self.size += len(encode(document)) + 1
            yield document


def _measure_batch(path: Path) -> tuple[int, int]:
    if not exists(path):
        return 0, 0
    with convert_os_errors(path), open_file(path) as file:
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
    if exists(path):
        yield from (
            (document, line) for _number, line, document in jsonl.read_lines(path, Document)
        )
