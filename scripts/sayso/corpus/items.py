"""Documents joined with their annotations, predictions and gold, under one filter, in flat memory.

Every source lies in order of doc_id, so one walk over all files at once is enough, whatever their
size. This is the only place that joins: whoever needs documents beside annotations calls
`CorpusFiles.items`.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Literal

from sayso import jsonl
from sayso.errors import InputError, SpanError
from sayso.models import Annotation, Document, Gold, Relation

RecordKind = Literal["human", "program", "gold"]
RecordFile = tuple[Path, type[Annotation] | type[Gold]]
_Located = tuple[str, Annotation | Gold, Path, int]
_REMEDY = "run `sayso check`"


@dataclass(frozen=True)
class AnnotationFilter:
    """Conditions that an annotation or gold must meet, all of them; an empty one is always met.

    Attributes:
        campaigns: their names.
        pass_names: passes. Gold that does not say which pass it decided on meets no such condition.
        annotators: pseudonyms. Gold has no annotator and meets every such condition; leave it out
            with `kinds`.
        kinds: kinds of annotator, and ``gold``.
        labels: a mention has one of these labels.
        documents: doc_ids; other documents are not yielded at all.
    """

    campaigns: frozenset[str] = frozenset()
    pass_names: frozenset[str] = frozenset()
    annotators: frozenset[str] = frozenset()
    kinds: frozenset[RecordKind] = frozenset()
    labels: frozenset[str] = frozenset()
    documents: frozenset[str] = frozenset()

    def accepts(self, record: Annotation | Gold) -> bool:
        """Return whether a record meets every condition."""
        if isinstance(record, Gold):
            kind: RecordKind = "gold"
        else:
            kind = record.annotator_kind
            if self.annotators and record.annotator not in self.annotators:
                return False
        return (
            (not self.kinds or kind in self.kinds)
            and (not self.campaigns or record.campaign in self.campaigns)
            and (not self.pass_names or record.interface in self.pass_names)
            and (not self.documents or record.doc_id in self.documents)
            and (
                not self.labels or any(mention.label in self.labels for mention in record.mentions)
            )
        )

    @property
    def wants_gold(self) -> bool:
        """Gold can meet the condition on kinds."""
        return not self.kinds or "gold" in self.kinds

    @property
    def wants_annotations(self) -> bool:
        """Annotations can meet the condition on kinds."""
        return self.kinds != {"gold"}


@dataclass(frozen=True, slots=True)
class Item:
    """One document with its gold and its annotations, each in order of file.

    Attributes:
        gold: one for each campaign and pass that was adjudicated.
        all_annotations: those of people and of programs.
        articles_file: the batch that holds the document.
    """

    document: Document
    gold: tuple[Gold, ...] = ()
    all_annotations: tuple[Annotation, ...] = ()
    articles_file: Path | None = None
    _lines: tuple[tuple[Path, int], ...] = ()

    @property
    def annotations(self) -> tuple[Annotation, ...]:
        """The annotations that people made."""
        return tuple(each for each in self.all_annotations if each.annotator_kind != "program")

    @property
    def predictions(self) -> tuple[Annotation, ...]:
        """The annotations that programs made."""
        return tuple(each for each in self.all_annotations if each.annotator_kind == "program")

    @property
    def records(self) -> tuple[Annotation | Gold, ...]:
        """Gold, then all annotations."""
        return (*self.gold, *self.all_annotations)

    @property
    def latest_record(self) -> Annotation | Gold | None:
        """The latest gold or annotation that was not skipped."""
        given = [record for record in self.records if not is_skipped(record)]
        return max(given, key=_time_of, default=None)

    def file_of(self, record: Annotation | Gold) -> Path | None:
        """Return the file that one of the item's records was read from, if it is known."""
        found = zip(self.records, self._lines, strict=False)
        return next((path for each, (path, _line) in found if each is record), None)

    def location(self, record: Annotation | Gold) -> str:
        """Return ``file:line`` of one of the item's records, for a message."""
        for each, (path, line) in zip(self.records, self._lines, strict=False):
            if each is record:
                return f"{path}:{line}"
        return f"document {self.document.doc_id}"


def is_skipped(record: Annotation | Gold) -> bool:
    """Return True if the annotator skipped the document, so that no mention says nothing."""
    return isinstance(record, Annotation) and record.status == "skipped"


def _time_of(record: Annotation | Gold) -> str:
    return record.adjudicated if isinstance(record, Gold) else record.updated


def join_items(
    documents: Iterable[tuple[Path, Document]],
    files: Iterable[RecordFile],
    chosen: AnnotationFilter,
) -> Iterator[Item]:
    """Yield the documents, each with its records from the files that the filter accepts, lazily.

    Args:
        documents: in order of doc_id, each with the file that it lies in.
        files: each in order of doc_id; gold before annotations.

    Raises:
        InputError: a file is out of order, or a record's document is missing or has another text.
        SpanError: a mention is not the slice of its text that it says it is.
    """
    found = heapq.merge(*(_read_located(*file) for file in files), key=itemgetter(0))
    located = (each for each in found if chosen.accepts(each[1]))
    coming = next(located, None)
    unseen = set(chosen.documents)
    for path, document in documents:
        if chosen.documents and document.doc_id not in unseen:
            continue
        unseen.discard(document.doc_id)
        mine: list[_Located] = []
        while coming and coming[0] <= document.doc_id:
            _validate(coming, document)
            mine.append(coming)
            coming = next(located, None)
        yield _make_item(document, path, mine)
    if unseen:
        raise InputError(
            f"no document {', '.join(sorted(unseen))}", remedy="name documents of the corpus"
        )
    if coming:
        raise _missing_document(coming)


def _make_item(document: Document, path: Path, located: list[_Located]) -> Item:
    located.sort(
        key=lambda each: isinstance(each[1], Annotation)
    )  # stable: gold first, then in order of file
    return Item(
        document,
        tuple(record for _doc_id, record, _path, _line in located if isinstance(record, Gold)),
        tuple(
            record for _doc_id, record, _path, _line in located if isinstance(record, Annotation)
        ),
        path,
        tuple((path, line) for _doc_id, _record, path, line in located),
    )


def _read_located(path: Path, record_type: type[Annotation] | type[Gold]) -> Iterator[_Located]:
    last = ""
    for line, record in jsonl.read_numbered(path, record_type):
        if record.doc_id < last:
            raise InputError(
                f"document {record.doc_id} stands after {last}",
                where=f"{path}:{line}",
                remedy="run `sayso format`, or put its lines in order of doc_id",
            )
        last = record.doc_id
        yield last, record, path, line


def _missing_document(located: _Located) -> InputError:
    doc_id, record, path, line = located
    noun = "gold" if isinstance(record, Gold) else "an annotation"
    return InputError(
        f"{noun} of document {doc_id}, which is not there",
        where=f"{path}:{line}",
        remedy="run `sayso format` after a merge, else ingest the article or remove the line",
    )


def _validate(located: _Located, document: Document) -> None:
    """Check what every reader of offsets relies on; all other rules are for `sayso check`."""
    doc_id, record, path, line = located
    if doc_id != document.doc_id:
        raise _missing_document(located)
    where = f"{path}:{line}"
    if record.text_sha256 != document.text_sha256:
        raise InputError(f"made for another text of {doc_id}", where=where, remedy=_REMEDY)
    declined = record.declined if isinstance(record, Gold) else ()
    for mention in (*record.mentions, *declined):
        if document.text[mention.start : mention.end] != mention.text:
            raise SpanError(
                f"mention {mention.id} [{mention.start}, {mention.end}) is not what stands there",
                where=f"{where} document {doc_id}",
                remedy=_REMEDY,
            )
    ids = {mention.id for mention in record.mentions}
    _validate_ends(record.relations, ids, where)
    if isinstance(record, Gold):
        _validate_ends(
            record.declined_relations, ids.union(mention.id for mention in declined), where
        )


def _validate_ends(relations: Iterable[Relation], ids: set[str], where: str) -> None:
    for relation in relations:
        for end in (relation.head, relation.tail):
            if end not in ids:
                arrow = f"{relation.type} {relation.head} → {relation.tail}"
                what = f"relation {arrow}: no mention {end!r}"
                raise InputError(what, where=where, remedy=_REMEDY)
