"""Training data of suggesters: one annotation of each document of the training split.

The validation split decides when a model has learnt enough; the test split is never looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sayso.corpus.items import AnnotationFilter
from sayso.corpus.sources import CorpusFiles
from sayso.errors import InputError
from sayso.models import Annotation, Document, Gold, Split, encode

_GOLD = AnnotationFilter(kinds=frozenset({"gold"}))


def gold_or_annotators(chosen: AnnotationFilter) -> AnnotationFilter:
    """Return the filter for the annotations of the annotators that it names, or else for gold."""
    if chosen.annotators:
        return replace(chosen, kinds=frozenset({"human", "program"}))
    return replace(chosen, kinds=frozenset({"gold"}))


@dataclass(frozen=True)
class TrainingData:
    """Annotations to learn from: gold, or those that ``chosen`` accepts."""

    corpus: CorpusFiles
    chosen: AnnotationFilter = _GOLD
    split: Split = "train"

    @property
    def validation(self) -> TrainingData:
        """The same annotations of the validation split."""
        return replace(self, split="validation")

    @property
    def description(self) -> str:
        """A name of them for people."""
        names = ", ".join(sorted(self.chosen.annotators))
        return f"the annotations of {names}" if names else "gold"

    def exists(self) -> bool:
        """Return True if there is any file of them."""
        return self.chosen.wants_annotations or bool(self.corpus.gold_files())

    def read_content(self) -> Iterator[bytes]:
        """Yield all that is learnt from: the identities of the texts, and the annotations."""
        for document, record in self:
            yield document.text_sha256.encode() + encode(record)

    def __iter__(self) -> Iterator[tuple[Document, Annotation | Gold]]:
        """Yield each document of the split with its latest annotation, in order of doc_id, lazily.

        Raises:
            InputError: there is none of them, or a record is broken.
        """
        if not self.exists():
            raise InputError(
                "nothing is adjudicated, so there is nothing to learn from",
                where=str(self.corpus.folder / "gold"),
                remedy="`sayso adjudicate push` begins it, or name somebody with --annotator",
            )
        for item in self.corpus.items(self.chosen):
            if item.document.split == self.split and (record := item.latest_record):
                yield item.document, record
