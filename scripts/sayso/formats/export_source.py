"""What the corpus holds, as readings: each document with the one reading of it that was asked for, in flat memory."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Any

from sayso import jsonl
from sayso.corpus.sources import CorpusFiles
from sayso.errors import InputError, UsageError
from sayso.formats.annotated_documents import (
    AnnotatedDocument,
    FormatMention,
    FormatRelation,
    validate_document,
)
from sayso.models import (
    AnnotationOrigin,
    AnnotationStatus,
    AnnotatorKind,
    DocId,
    Document,
    Pseudonym,
    Record,
    Sha256,
    StartedFrom,
    UnknownItem,
)

GOLD = "gold"


class AnnotationOrGold(Record, frozen=True, kw_only=True):
    """A line of annotations or of gold, whichever."""

    doc_id: DocId
    text_sha256: Sha256
    text_read: Sha256 | None = None
    campaign: str
    interface: str = ""
    annotator: Pseudonym | None = None
    annotator_kind: AnnotatorKind | None = None
    schema_version: str
    guidelines_version: str | None = None
    status: AnnotationStatus | None = None
    created: str | None = None
    updated: str | None = None
    lead_time_seconds: float | None = None
    started_from: StartedFrom | None = None
    adjudicated: str | None = None
    adjudicator: Pseudonym | None = None
    annotators: tuple[Pseudonym, ...] = ()
    mentions: tuple[FormatMention, ...] = ()
    relations: tuple[FormatRelation, ...] = ()
    declined: tuple[FormatMention, ...] = ()
    declined_relations: tuple[FormatRelation, ...] = ()
    note: str | None = None
    kept: tuple[UnknownItem, ...] = ()
    origin: AnnotationOrigin | None = None


@dataclass(frozen=True)
class ExportSelection:
    """Which reading of a document: the adjudicated one, or an annotator's of a campaign in a pass."""

    campaign: str | None = None
    annotator: str | None = None
    pass_name: str | None = None

    @property
    def is_gold(self) -> bool:
        """Whether it is the adjudicated one."""
        return self.annotator == GOLD

    def __str__(self) -> str:
        if self.is_gold:
            return f"the adjudicated reading{f' of {self.campaign}' if self.campaign else ''}"
        return f"{self.annotator} of {self.campaign}, pass {self.pass_name}"


def select_annotations(
    corpus: CorpusFiles, campaign: str | None, annotator: str | None, pass_name: str | None
) -> ExportSelection:
    """The reading that is meant: gold where there is any and nobody is named, else the only one that fits.

    Raises:
        UsageError: none fits, or several do.
    """
    if annotator == GOLD and pass_name is not None:
        raise UsageError("the adjudicated reading has no pass", remedy="leave --pass out")
    if annotator == GOLD or (
        annotator is None and pass_name is None and any(_read_gold(corpus, campaign))
    ):
        return ExportSelection(campaign, GOLD)
    fitting = [
        each
        for each in _list_selections(corpus, campaign)
        if annotator in (None, each.annotator) and pass_name in (None, each.pass_name)
    ]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        raise UsageError(
            "no answers of that description",
            where=str(corpus.folder / "annotations"),
            remedy="look there for the names of campaigns and annotators, or run `sayso pull`",
        )
    words = "; ".join(
        f"--campaign {each.campaign} --annotator {each.annotator} --pass {each.pass_name}"
        for each in fitting[:8]
    )
    raise UsageError(
        f"{len(fitting)} readings to choose from, and no adjudicated one",
        remedy=f"say which: {words}",
    )


def _read_gold(corpus: CorpusFiles, campaign: str | None) -> Iterator[AnnotationOrGold]:
    for path in corpus.gold_files():
        yield from (
            each for each in jsonl.read(path, AnnotationOrGold) if campaign in (None, each.campaign)
        )


def _list_selections(corpus: CorpusFiles, campaign: str | None) -> Iterator[ExportSelection]:
    for path in corpus.annotation_files(campaign):
        for interface in sorted({each.interface for each in jsonl.read(path, _PassOfLine)}):
            yield ExportSelection(path.parent.name, path.stem, interface)


class _PassOfLine(Record, frozen=True, forbid_unknown_fields=False):
    interface: str


@dataclass
class SelectedAnnotations:
    """The readings that were chosen, in order of document, as often as they are asked for.

    ``excluded`` counts what has no reading to give, as of the last time through.
    """

    corpus: CorpusFiles
    selection: ExportSelection
    excluded: Counter[str] = field(default_factory=Counter)

    def __iter__(self) -> Iterator[AnnotatedDocument]:
        """Yield each document that has such a reading.

        Raises:
            InputError: an answer is for another text, or its parts do not fit together.
            SpanError: a mention is not the slice that it says it is.
        """
        self.excluded = Counter()
        answers = groupby(self._read_annotations(), key=attrgetter("doc_id"))
        doc_id, mine = next(answers, ("", iter(())))
        for document in self.corpus.documents():
            found = list(mine) if doc_id == document.doc_id else []
            if doc_id == document.doc_id:
                doc_id, mine = next(answers, ("", iter(())))
            if answer := self._latest_annotation(found):
                yield _join_document(document, answer)
        if doc_id:
            raise InputError(
                f"answers for {doc_id}, which is no document of the corpus or stands out of order",
                where=str(self.corpus.folder),
                remedy="run `sayso check`",
            )

    def _read_annotations(self) -> Iterator[AnnotationOrGold]:
        choice = self.selection
        if choice.is_gold:
            files = (jsonl.read(path, AnnotationOrGold) for path in self.corpus.gold_files())
            merged = heapq.merge(*files, key=attrgetter("doc_id"))
            return (each for each in merged if choice.campaign in (None, each.campaign))
        assert choice.campaign is not None and choice.annotator is not None  # noqa: S101
        path = self.corpus.annotation_file(choice.campaign, choice.annotator)
        return (
            each
            for each in jsonl.read(path, AnnotationOrGold)
            if each.interface == choice.pass_name
        )

    def _latest_annotation(self, annotations: list[AnnotationOrGold]) -> AnnotationOrGold | None:
        if not annotations:
            self.excluded["documents without this reading"] += 1
            return None
        given = [each for each in annotations if each.status != "skipped"]
        if not given:
            self.excluded["documents that were skipped"] += 1
            return None
        if len(given) > 1:
            self.excluded["earlier answers to the same document"] += len(given) - 1
        return max(given, key=lambda each: each.updated or each.adjudicated or "")


def _join_document(document: Document, annotation: AnnotationOrGold) -> AnnotatedDocument:
    place = f"document {document.doc_id}, {annotation.annotator or GOLD} of {annotation.campaign}"
    if annotation.text_sha256 != document.text_sha256:
        raise InputError(
            "the answer was given to another text", where=place, remedy="run `sayso check`"
        )
    return validate_document(
        AnnotatedDocument(
            doc_id=document.doc_id,
            text=document.text,
            about=_describe_annotation(document, annotation),
            mentions=annotation.mentions,
            relations=annotation.relations,
            note=annotation.note,
            kept=annotation.kept,
        ),
        place,
    )


_DOCUMENT_FIELDS = (
    "title",
    "outlet",
    "url",
    "published",
    "language",
    "license",
    "source_name",
    "split",
    "ingested",
    "text_sha256",
)
_ANNOTATION_FIELDS = (
    "campaign",
    "interface",
    "annotator",
    "annotator_kind",
    "schema_version",
    "guidelines_version",
    "status",
    "created",
    "updated",
    "lead_time_seconds",
    "started_from",
    "text_read",
    "adjudicated",
    "adjudicator",
)


def _describe_annotation(document: Document, annotation: AnnotationOrGold) -> dict[str, str]:
    known: dict[str, Any] = {name: getattr(document, name) for name in _DOCUMENT_FIELDS}
    known |= {name: getattr(annotation, name) for name in _ANNOTATION_FIELDS}
    known["annotators"] = " ".join(annotation.annotators)
    if annotation.origin:
        origin = annotation.origin
        known["origin"] = f"{origin.system} {origin.project} {origin.task} {origin.annotation}"
    return {name: str(value) for name, value in known.items() if value not in (None, "")}
