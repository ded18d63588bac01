"""Write annotations of the corpus in another tool's format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from sayso import jsonl
from sayso.corpus.items import AnnotationFilter, iterate_items
from sayso.corpus.sources import AnnotationHead, CorpusFiles
from sayso.errors import ConflictError, UsageError
from sayso.formats.annotated_documents import (
    METADATA_FIELDS,
    AnnotatedDocument,
    ExportContent,
    FormatMention,
    FormatRelation,
    Vocabulary,
    validate_document,
)
from sayso.formats.export_target import replace_target
from sayso.formats.format_registry import EXPORT_FORMATS, Format, Losses, find_format
from sayso.models import Annotation, Document, Gold
from sayso.settings import Checkout

GOLD = "gold"
Advance = Callable[[int], None]


@dataclass(frozen=True)
class ExportRequest:
    """What to export. ``out`` None is ``export/`` in the current folder."""

    format: str
    out: Path | None = None
    campaign: str | None = None
    annotator: str | None = None
    pass_name: str | None = None
    lossy: bool = False
    dry_run: bool = False


@dataclass(frozen=True)
class ExportResult:
    """What was written, or with ``dry_run`` would be; losses and excluded documents by description."""

    selection: ExportSelection
    target: Path
    documents: int
    losses: dict[str, int]
    excluded: dict[str, int]
    changed: bool


@dataclass(frozen=True)
class ExportSelection:
    """The annotation of a document to export: gold, or an annotator's of a campaign in a pass."""

    campaign: str | None = None
    annotator: str | None = None
    pass_name: str | None = None

    @property
    def is_gold(self) -> bool:
        """True for the adjudicated annotation."""
        return self.annotator == GOLD

    def __str__(self) -> str:
        if self.is_gold:
            return f"gold{f' of {self.campaign}' if self.campaign else ''}"
        return f"{self.annotator} of {self.campaign}, pass {self.pass_name}"

    @property
    def options(self) -> str:
        """The options of `sayso export` that select it."""
        return f"--campaign {self.campaign} --annotator {self.annotator} --pass {self.pass_name}"


class LossError(ConflictError):
    """Something would be lost: ``losses`` has how many of each kind, by description."""

    def __init__(self, losses: Counter[str], target: str, remedy: str) -> None:
        self.losses = {kind: count for kind, count in sorted(losses.items()) if count}
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in self.losses.items())
        super().__init__(f"{target} cannot hold {kinds}", remedy=remedy)


def export(
    checkout: Checkout, request: ExportRequest, advance: Advance = lambda _: None
) -> ExportResult:
    """Write the selected annotations in a format; ``advance`` gets documents done, in each of two rounds.

    Raises:
        UsageError: no such format, or no such annotations, or several.
        LossError: the format cannot hold all of it, and ``lossy`` is not set; nothing was written.
        InputError: the corpus does not fit together.
        DiskError: the disk refused; what was there is as it was.
    """
    corpus = CorpusFiles(checkout.root)
    format = find_format(request.format, EXPORT_FORMATS)
    selection = select_annotations(corpus, request.campaign, request.annotator, request.pass_name)
    documents = FittedDocuments(format, corpus, selection, advance)
    vocabulary = Vocabulary()
    if request.dry_run or not format.holds_everything:
        for each in documents:  # what would be lost is known before anything is written
            if format.needs_vocabulary:
                vocabulary.add_document(each)
    losses = Counter({loss.description: n for loss, n in documents.losses.items()})
    if losses.total() and not request.lossy:
        remedy = "nothing was written; --lossy goes on without them"
        raise LossError(losses, request.format, remedy)
    target = request.out or Path("export", f"{request.format}{format.suffix}")
    changed = not request.dry_run and replace_target(
        target,
        lambda path: format.writer().write(path, ExportContent(documents, vocabulary)),
        folder=not format.suffix,
    )
    return ExportResult(
        selection,
        target,
        documents.count,
        dict(sorted((+losses).items())),
        dict(sorted(documents.excluded.items())),
        changed,
    )


def select_annotations(
    corpus: CorpusFiles, campaign: str | None, annotator: str | None, pass_name: str | None
) -> ExportSelection:
    """Return gold where there is any and nobody is named, else the only annotations that fit.

    Raises:
        UsageError: none fits, or several do.
    """
    if annotator == GOLD and pass_name is not None:
        raise UsageError("gold has no pass", remedy="leave --pass out")
    has_gold = any(campaign in (None, gold.campaign) for gold in corpus.gold())
    if annotator == GOLD or (annotator is None and pass_name is None and has_gold):
        return ExportSelection(campaign, GOLD)
    fitting = [
        each
        for each in _list_selections(corpus, campaign)
        if annotator in (None, each.annotator) and pass_name in (None, each.pass_name)
    ]
    if not fitting:
        raise UsageError(
            "no annotations of that description",
            where=str(corpus.folder / "annotations"),
            remedy="look there for the names of campaigns and annotators, or run `sayso pull`",
        )
    if len(fitting) > 1:
        options = "; ".join(each.options for each in fitting[:8])
        what = f"{len(fitting)} sets of annotations to choose from, and no gold"
        raise UsageError(what, remedy=f"say which: {options}")
    return fitting[0]


def _list_selections(corpus: CorpusFiles, campaign: str | None) -> Iterator[ExportSelection]:
    for path in corpus.annotation_files(campaign):
        for pass_name in sorted({head.interface for head in jsonl.read(path, AnnotationHead)}):
            yield ExportSelection(path.parent.name, path.stem, pass_name)


@dataclass
class FittedDocuments:
    """The selected documents as far as a format holds them, in order, as often as they are iterated.

    Attributes:
        count: documents of the last iteration; ``losses`` and ``excluded`` are what it lost and passed over.
    """

    format: Format
    corpus: CorpusFiles
    selection: ExportSelection
    advance: Advance
    count: int = 0
    losses: Losses = field(default_factory=Counter)
    excluded: Counter[str] = field(default_factory=Counter)

    def __iter__(self) -> Iterator[AnnotatedDocument]:
        """Yield each document that has such an annotation.

        Raises:
            InputError: an annotation is of another text, or its parts do not fit together.
            SpanError: a mention is not the slice that it says it is.
        """
        self.count, self.losses, self.excluded = 0, Counter(), Counter()
        chosen = self.selection
        campaigns = frozenset({chosen.campaign} if chosen.campaign else ())
        annotators = frozenset(
            {chosen.annotator} if chosen.annotator and not chosen.is_gold else ()
        )
        wanted = AnnotationFilter(campaigns, annotators, gold_only=chosen.is_gold)
        for document, located in iterate_items(self.corpus, wanted):
            records = [
                each.record
                for each in located
                if chosen.is_gold or each.annotator_key.pass_name == chosen.pass_name
            ]
            if record := self._latest(records):
                fitted = self.format.fit(describe_document(document, record), self.losses)
                if fitted is not None:
                    self.count += 1
                    yield fitted
                self.advance(1)

    def _latest(self, records: list[Annotation | Gold]) -> Annotation | Gold | None:
        given = [
            each
            for each in records
            if not (isinstance(each, Annotation) and each.status == "skipped")
        ]
        if not given:
            reason = (
                "documents that were skipped" if records else "documents without this annotation"
            )
            self.excluded[reason] += 1
            return None
        if len(given) > 1:
            self.excluded["earlier annotations of the same document"] += len(given) - 1
        return max(given, key=_time_of)


def _time_of(record: Annotation | Gold) -> str:
    return record.adjudicated if isinstance(record, Gold) else record.updated


def describe_document(document: Document, record: Annotation | Gold) -> AnnotatedDocument:
    """Return a document with one annotation of it as the formats take it."""
    annotated = AnnotatedDocument(
        doc_id=document.doc_id,
        text=document.text,
        about=_describe(document, record),
        mentions=msgspec.convert(record.mentions, tuple[FormatMention, ...], from_attributes=True),
        relations=msgspec.convert(
            record.relations, tuple[FormatRelation, ...], from_attributes=True
        ),
        note=record.note,
        kept=getattr(record, "kept", ()),
    )
    return validate_document(annotated, f"document {document.doc_id}")


def _describe(document: Document, record: Annotation | Gold) -> dict[str, str]:
    known = {
        name: getattr(document, name, None) or getattr(record, name, None)
        for name in METADATA_FIELDS
    }
    known["annotators"] = " ".join(getattr(record, "annotators", ()))
    if isinstance(record, Annotation) and (origin := record.origin):
        known["origin"] = f"{origin.system} {origin.project} {origin.task} {origin.annotation}"
    return {name: str(value) for name, value in known.items() if value not in (None, "")}
