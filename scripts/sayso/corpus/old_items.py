"""Documents, each with the readings of it: what was adjudicated first, then every answer that was chosen."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from sayso import jsonl
from sayso.corpus.sources import CorpusFiles
from sayso.errors import InputError, SpanError
from sayso.models import Annotation, Document, Gold, Relation

GOLD_KIND = "gold"
_CHECK_REMEDY = "run `sayso check`"


class AnnotatorKey(NamedTuple):
    """Whose reading it is. ``name`` is a pseudonym, or ``gold_only``; ``pass_name`` is empty for gold."""

    name: str
    kind: str
    campaign: str
    pass_name: str


@dataclass(frozen=True, slots=True)
class LocatedRecord:
    """One answer or one adjudicated record, and where it stands for an error."""

    record: Annotation | Gold
    location: str

    @property
    def doc_id(self) -> str:
        """The document that it is a reading of."""
        return self.record.doc_id

    @property
    def annotator_key(self) -> AnnotatorKey:
        """Whose it is."""
        record = self.record
        if isinstance(record, Gold):
            return AnnotatorKey(GOLD_KIND, GOLD_KIND, record.campaign, "")
        return AnnotatorKey(
            record.annotator, record.annotator_kind, record.campaign, record.interface
        )

    @property
    def is_skipped(self) -> bool:
        """Whether the annotator passed the document over, so that nothing marked is no answer."""
        return isinstance(self.record, Annotation) and self.record.status == "skipped"


@dataclass(frozen=True)
class AnnotationFilter:
    """Which readings are wanted; empty is all of them.

    Attributes:
        gold: adjudicated readings, and no annotator's but those named.
    """

    campaigns: frozenset[str] = frozenset()
    annotators: frozenset[str] = frozenset()
    gold_only: bool = False

    def find_files(self, corpus: CorpusFiles) -> list[tuple[Path, type[Annotation] | type[Gold]]]:
        """The files to read, gold first.

        Raises:
            InputError: something was chosen and there is no file of it.
        """
        gold = corpus.gold_files() if self.gold_only or not self.annotators else []
        answers = corpus.annotation_files() if self.annotators or not self.gold_only else []
        mine = [path for path in answers if self._accepts_file(path)]
        missing = sorted(
            (self.annotators - {p.stem for p in mine})
            | self.campaigns.difference(_known_campaigns(corpus))
        )
        if missing or (self.gold_only and not gold):
            what = f"nothing of {', '.join(missing)}" if missing else "nothing is adjudicated"
            raise InputError(
                what, where=str(corpus.folder), remedy="choose among what `sayso report` shows"
            )
        return [*((path, Gold) for path in gold), *((path, Annotation) for path in mine)]

    def _accepts_file(self, path: Path) -> bool:
        return (not self.annotators or path.stem in self.annotators) and (
            not self.campaigns or path.parent.name in self.campaigns
        )

    def accepts(self, reading: LocatedRecord) -> bool:
        """Whether the campaign is one that was asked for; a file of gold may hold several."""
        return not self.campaigns or reading.record.campaign in self.campaigns


def _known_campaigns(corpus: CorpusFiles) -> set[str]:
    return {*corpus.campaigns(), *(path.stem for path in corpus.gold_files())}


def iterate_items(
    corpus: CorpusFiles, choice: AnnotationFilter
) -> Iterator[tuple[Document, list[LocatedRecord]]]:
    """Every document in order of doc_id with the chosen readings of it, lazily once the choice is known to fit.

    Raises:
        InputError: a reading's document is not there, or it was made for another text.
        SpanError: a mention is not the slice of its text that it says it is.
    """
    return _join_with_documents(
        corpus, filter(choice.accepts, _merge_by_document(choice.find_files(corpus)))
    )


def iterate_file_items(
    corpus: CorpusFiles, files: Iterable[Path]
) -> Iterator[tuple[Document, list[LocatedRecord]]]:
    """The same of files of annotations that lie anywhere, each in order of doc_id, whoever's they are.

    Raises:
        InputError, SpanError: as ``iterate_items``.
    """
    return _join_with_documents(corpus, _merge_by_document((path, Annotation) for path in files))


def _merge_by_document(
    files: Iterable[tuple[Path, type[Annotation] | type[Gold]]],
) -> Iterator[LocatedRecord]:
    return heapq.merge(
        *(_read_located_records(path, record) for path, record in files), key=attrgetter("doc_id")
    )


def _join_with_documents(
    corpus: CorpusFiles, coming: Iterator[LocatedRecord]
) -> Iterator[tuple[Document, list[LocatedRecord]]]:
    reading = next(coming, None)
    for document in corpus.documents():
        mine: list[LocatedRecord] = []
        while reading and reading.doc_id <= document.doc_id:
            _validate_record(reading, document)
            mine.append(reading)
            reading = next(coming, None)
        yield document, mine
    if reading:
        raise _missing_document_error(reading)


def _read_located_records(
    path: Path, record: type[Annotation] | type[Gold]
) -> Iterator[LocatedRecord]:
    last = ""
    for number, read in jsonl.read_numbered(path, record):
        reading = LocatedRecord(read, f"{path}:{number}")
        if reading.doc_id < last:
            raise InputError(
                f"document {reading.doc_id} stands after {last}",
                where=reading.location,
                remedy="pull the file again, or put its lines in order of doc_id",
            )
        last = reading.doc_id
        yield reading


def _missing_document_error(reading: LocatedRecord) -> InputError:
    return InputError(
        f"a reading of document {reading.doc_id}, which is not there",
        where=reading.location,
        remedy="ingest the article, or remove the line",
    )


def _validate_record(reading: LocatedRecord, document: Document) -> None:
    """Offsets are drawn as they stand, so they must be this text's."""
    if reading.doc_id != document.doc_id:
        raise _missing_document_error(reading)
    record, text = reading.record, document.text
    if record.text_sha256 != document.text_sha256:
        raise InputError(
            f"made for another text of {document.doc_id}",
            where=reading.location,
            remedy=_CHECK_REMEDY,
        )
    declined = record.declined if isinstance(record, Gold) else ()
    for mention in (*record.mentions, *declined):
        if text[mention.start : mention.end] != mention.text:
            raise SpanError(
                f"mention {mention.id} [{mention.start}, {mention.end}) is not what stands there",
                where=f"{reading.location} document {document.doc_id}",
                remedy=_CHECK_REMEDY,
            )
    _validate_relation_ends(reading, record.relations, {mention.id for mention in record.mentions})
    if isinstance(record, Gold):
        _validate_relation_ends(
            reading,
            record.declined_relations,
            {mention.id for mention in (*record.mentions, *declined)},
        )


def _validate_relation_ends(
    reading: LocatedRecord, relations: Iterable[Relation], ids: Iterable[str]
) -> None:
    for relation in relations:
        for end in (relation.head, relation.tail):
            if end not in ids:
                raise InputError(
                    f"relation {relation.type} {relation.head} → {relation.tail}: no mention {end!r}",
                    where=reading.location,
                    remedy=_CHECK_REMEDY,
                )
