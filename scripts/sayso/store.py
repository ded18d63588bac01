"""The sources under ``corpus/``: articles, annotations, gold. Nothing else knows their file names.

Articles lie in numbered batches, each in order of doc_id; a full batch never changes again, so neither do the data
files made from it. Annotations lie in one file for each annotator of a campaign, in order of document.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

from sayso import jsonl
from sayso.errors import InputError
from sayso.records import Annotation, Document, Gold

BATCH_DOCUMENTS = 10_000
BATCH_BYTES = 64 << 20


def annotation_order(annotation: Annotation) -> tuple[str, str, str, int]:
    """Where an answer stands in its file: by document, pass, time made, and the server's number."""
    number = annotation.origin.annotation if annotation.origin else 0
    return (annotation.doc_id, annotation.interface, annotation.created, number)


@dataclass(frozen=True)
class Corpus:
    """The corpus of one instance. ``root`` is the instance's folder."""

    root: Path

    @property
    def folder(self) -> Path:
        """What ``load_dataset`` reads."""
        return self.root / "corpus"

    @property
    def articles(self) -> Path:
        """Where the batches of articles lie."""
        return self.folder / "articles"

    def batches(self) -> list[Path]:
        """The files of articles, oldest first."""
        return sorted(self.articles.glob("articles-*.jsonl"))

    def batch(self, number: int) -> Path:
        """The file of one batch, there or not."""
        return self.articles / f"articles-{number:05d}.jsonl"

    def documents(self) -> Iterator[Document]:
        """Every document, in order of doc_id, lazily, whatever batch it lies in.

        Raises:
            InputError: a line is not a document, a batch is out of order, or one doc_id stands twice.
        """
        last = ""
        for document in heapq.merge(*(jsonl.read(path, Document) for path in self.batches()), key=attrgetter("doc_id")):
            if document.doc_id <= last:
                raise InputError(
                    f"document {document.doc_id} stands twice or out of order",
                    where=str(self.articles),
                    remedy="restore the folder from git",
                )
            last = document.doc_id
            yield document

    def campaigns(self) -> list[str]:
        """Names of the campaigns that have answers."""
        return sorted(path.name for path in (self.folder / "annotations").glob("*") if path.is_dir())

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

    def write_annotations(self, campaign: str, annotator: str, answers: Iterable[Annotation]) -> bool:
        """Write one annotator's file, whole, from answers already in ``annotation_order``; say whether it changed."""
        return jsonl.write(self.annotation_file(campaign, annotator), answers)

    def gold_files(self) -> list[Path]:
        """The files of adjudicated documents."""
        return sorted((self.folder / "gold").glob("*.jsonl"))

    def gold(self) -> Iterator[Gold]:
        """Every adjudicated document, file by file, lazily."""
        for path in self.gold_files():
            yield from jsonl.read(path, Gold)

    @property
    def data(self) -> Path:
        """Where the Parquet files lie that are derived from all this."""
        return self.folder / "data"

    @property
    def card(self) -> Path:
        """The dataset card."""
        return self.folder / "README.md"
