"""What a suggester may learn from: one reading of each document of the training split, and of no other.

The validation split decides when a model has learnt enough; the test split is never looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sayso.corpus.old_items import AnnotationFilter, LocatedRecord, iterate_items
from sayso.corpus.sources import CorpusFiles
from sayso.errors import InputError
from sayso.models import Document, Split

TRAINING: Split = "train"
VALIDATION: Split = "validation"


@dataclass(frozen=True)
class TrainingData:
    """Readings to learn from: what was adjudicated, or one annotator's answers."""

    corpus: CorpusFiles
    campaign: str | None = None
    annotator: str | None = None
    split: Split = TRAINING

    @property
    def validation(self) -> TrainingData:
        """The same readings of the validation split."""
        return replace(self, split=VALIDATION)

    @property
    def _filter(self) -> AnnotationFilter:
        campaigns = frozenset({self.campaign} if self.campaign else ())
        annotators = frozenset({self.annotator} if self.annotator else ())
        return AnnotationFilter(campaigns, annotators, gold_only=not annotators)

    @property
    def description(self) -> str:
        """Whose readings they are, for people."""
        return f"the answers of {self.annotator}" if self.annotator else "what was adjudicated"

    def exists(self) -> bool:
        """Whether there is any file of them."""
        return bool(self.annotator or self.corpus.gold_files())

    def read_content(self) -> Iterator[bytes]:
        """Everything that what is learnt depends on: the readings, and which text is in which split."""
        for document, reading in self:
            yield f"{document.text_sha256} {reading.doc_id}".encode()
        for path, _record in self._filter.find_files(self.corpus):
            yield path.read_bytes()

    def __iter__(self) -> Iterator[tuple[Document, LocatedRecord]]:
        """Each document of the split with its latest reading, in order of document, lazily.

        Raises:
            InputError: there is none of them, or a record is broken.
        """
        if not self.exists():
            raise InputError(
                "nothing is adjudicated, so there is nothing to learn from",
                where=str(self.corpus.folder / "gold"),
                remedy="`sayso adjudicate push` begins it, or name somebody with --annotator",
            )
        for document, readings in iterate_items(self.corpus, self._filter):
            fitting = [one for one in readings if not one.is_skipped]
            if document.split == self.split and fitting:
                yield document, max(fitting, key=_latest)


def _latest(reading: LocatedRecord) -> tuple[str, str]:
    record = reading.record
    return (getattr(record, "updated", "") or getattr(record, "adjudicated", ""), reading.location)
