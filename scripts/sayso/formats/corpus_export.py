"""Write annotations of the corpus in another tool's format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from sayso import jsonl
from sayso.callbacks import Advance
from sayso.corpus.items import AnnotationFilter, is_skipped
from sayso.corpus.sources import CorpusFiles
from sayso.errors import ConflictError, UsageError
from sayso.formats.annotated_documents import (
    METADATA_FIELDS,
    AnnotatedDocument,
    ExportContent,
    FormatAnswer,
    FormatMention,
    FormatRelation,
    Vocabulary,
    validate_document,
)
from sayso.formats.export_target import refuse_foreign_target, replace_target
from sayso.formats.format_registry import EXPORT_FORMATS, Format, find_format
from sayso.formats.losses import Losses
from sayso.models import Annotation, AnnotatorKind, Document, Gold
from sayso.outputs import JSONL_START, require_output
from sayso.schema.declarations import Schema, load_schema
from sayso.settings import SCHEMA_FILE, Checkout

GOLD = "gold"
EVERYTHING = AnnotationFilter()

_STARTS = {".jsonl": JSONL_START, ".conllup": b"# global.columns", "": b""}


@dataclass(frozen=True)
class ExportRequest:
    """A format and the annotations to write. ``out`` None is ``export/`` in the current folder."""

    format: str
    out: Path | None = None
    chosen: AnnotationFilter = EVERYTHING
    lossy: bool = False
    dry_run: bool = False


@dataclass(frozen=True)
class ExportResult:
    """The outcome, or with ``dry_run`` what it would be; losses and exclusions by description."""

    selection: ExportSelection
    target: Path
    documents: int
    losses: dict[str, int]
    excluded: dict[str, int]
    changed: bool


@dataclass(frozen=True)
class ExportSelection:
    """The annotation of a document to export: gold, or an annotator's of a campaign in a pass."""

    campaigns: frozenset[str]
    annotator: str
    pass_name: str | None = None

    def __str__(self) -> str:
        campaigns = f" of {', '.join(sorted(self.campaigns))}" if self.campaigns else ""
        return f"{self.annotator}{campaigns}{f', pass {self.pass_name}' if self.pass_name else ''}"

    @property
    def options(self) -> str:
        """The options of `sayso export` that select it."""
        campaigns = " ".join(f"--campaign {name}" for name in sorted(self.campaigns))
        return f"{campaigns} --annotator {self.annotator} --pass {self.pass_name}"

    @property
    def filter(self) -> AnnotationFilter:
        """The filter that accepts it."""
        if self.annotator == GOLD:
            return AnnotationFilter(campaigns=self.campaigns, kinds=frozenset({"gold"}))
        return AnnotationFilter(
            campaigns=self.campaigns,
            annotators=frozenset({self.annotator}),
            pass_names=frozenset({self.pass_name or ""}),
            kinds=frozenset({"human", "program"}),
        )


class LossError(ConflictError):
    """Something would be lost: ``losses`` has how many of each kind, by description."""

    def __init__(self, losses: Counter[str], target: str, remedy: str) -> None:
        self.losses = {kind: count for kind, count in sorted(losses.items()) if count}
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in self.losses.items())
        super().__init__(f"{target} cannot hold {kinds}", remedy=remedy)


def export(
    checkout: Checkout, request: ExportRequest, advance: Advance = lambda _: None
) -> ExportResult:
    """Write the selected annotations; ``advance`` gets documents done, in each of two rounds.

    Raises:
        UsageError: no such format, or no such annotations, or several.
        LossError: the format cannot hold all of it, and ``lossy`` is not set; nothing was written.
        InputError: the corpus does not fit together.
        DiskError: the disk refused; what was there is as it was.
    """
    corpus = CorpusFiles(checkout.root)
    format = find_format(request.format, EXPORT_FORMATS)
    target = request.out or Path("export", f"{request.format}{format.suffix}")
    require_output(checkout, target, _STARTS[format.suffix])
    refuse_foreign_target(target, folder=not format.suffix)
    selection = select_annotations(corpus, request.chosen)
    schema = load_schema(checkout.root / SCHEMA_FILE)
    documents = FittedDocuments(format, schema, corpus, selection, advance)
    vocabulary = Vocabulary()
    if request.dry_run or not format.holds_everything:
        for each in documents:  # what would be lost is known before anything is written
            if format.needs_vocabulary:
                vocabulary.add_document(each)
    losses = _name_losses(documents.losses, request)
    changed = not request.dry_run and replace_target(
        target,
        lambda path: format.writer().write(path, ExportContent(documents, vocabulary, schema)),
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


def _name_losses(lost: Losses, request: ExportRequest) -> Counter[str]:
    losses = Counter({loss.description: count for loss, count in lost.items()})
    if losses.total() and not request.lossy:
        remedy = "nothing was written; --lossy goes on without them"
        raise LossError(losses, request.format, remedy)
    return losses


def select_annotations(corpus: CorpusFiles, chosen: AnnotationFilter) -> ExportSelection:
    """Return gold where there is any and nobody is named, else the only annotations that fit.

    Raises:
        UsageError: none fits, or several do.
    """
    campaigns, annotators = chosen.campaigns, chosen.annotators
    if annotators == {GOLD} and chosen.pass_names:
        raise UsageError("gold has no pass here", remedy="leave --pass out")
    has_gold = any(not campaigns or gold.campaign in campaigns for gold in corpus.gold())
    if annotators == {GOLD} or (not annotators and not chosen.pass_names and has_gold):
        return ExportSelection(campaigns, GOLD)
    fitting = list(_list_selections(corpus, chosen))
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


def _list_selections(corpus: CorpusFiles, chosen: AnnotationFilter) -> Iterator[ExportSelection]:
    for path in corpus.annotation_files():
        campaign, annotator = path.parent.name, path.stem
        if chosen.campaigns and campaign not in chosen.campaigns:
            continue
        if chosen.annotators and annotator not in chosen.annotators:
            continue
        heads = (
            head
            for head in jsonl.read(path, _ExportHead)
            if not chosen.kinds or head.kind in chosen.kinds
        )
        for pass_name in sorted({head.interface for head in heads}):
            if not chosen.pass_names or pass_name in chosen.pass_names:
                yield ExportSelection(frozenset({campaign}), annotator, pass_name)


class _ExportHead(Struct, frozen=True):
    interface: str
    annotator_kind: str

    @property
    def kind(self) -> AnnotatorKind:
        return "program" if self.annotator_kind == "program" else "human"


@dataclass
class FittedDocuments:
    """The selected documents as far as a format holds them, in order of doc_id.

    Attributes:
        count: documents of the last iteration; ``losses`` and ``excluded`` are what it lost and
            passed over.
    """

    format: Format
    schema: Schema
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
        for item in self.corpus.items(self.selection.filter):
            if (record := item.latest_record) is None:
                skipped = "documents that were skipped"
                reason = skipped if item.records else "documents without this annotation"
                self.excluded[reason] += 1
                continue
            earlier = sum(not is_skipped(each) for each in item.records) - 1
            if earlier:
                self.excluded["earlier annotations of the same document"] += earlier
            fitted = self.format.fit(
                describe_document(item.document, record, self.schema), self.losses
            )
            if fitted is not None:
                self.count += 1
                yield fitted
            self.advance(1)


def describe_document(
    document: Document, record: Annotation | Gold, schema: Schema
) -> AnnotatedDocument:
    """Return a document with one annotation of it as the formats take it."""
    annotated = AnnotatedDocument(
        doc_id=document.doc_id,
        text=document.text,
        about=_describe(document, record),
        mentions=msgspec.convert(record.mentions, tuple[FormatMention, ...], from_attributes=True),
        relations=tuple(_describe_relations(record, schema)),
        answers=_list_answers(record),
        note=record.note,
        kept=getattr(record, "kept", ()),
    )
    return validate_document(annotated, f"document {document.doc_id}")


def _describe_relations(record: Annotation | Gold, schema: Schema) -> Iterator[FormatRelation]:
    relations = msgspec.convert(record.relations, list[FormatRelation], from_attributes=True)
    for relation in relations:
        declared = schema.relations.get(relation.type)
        joins = declared.joins if declared else None
        yield replace(relation, joins=joins) if joins else relation


def _list_answers(record: Annotation | Gold) -> tuple[FormatAnswer, ...]:
    if isinstance(record, Gold):
        return msgspec.convert(record.answers, tuple[FormatAnswer, ...], from_attributes=True)
    return tuple(FormatAnswer(question=name, value=value) for name, value in record.answers.items())


def _describe(document: Document, record: Annotation | Gold) -> dict[str, str]:
    known = {
        name: getattr(document, name, None) or getattr(record, name, None)
        for name in METADATA_FIELDS
    }
    for name in ("annotators", "annotator_kinds"):
        known[name] = " ".join(getattr(record, name, ()))
    if known["annotator_role"] == "annotator":
        del known["annotator_role"]
    if isinstance(record, Annotation) and (origin := record.origin):
        numbers = (origin.project, origin.task, origin.annotation)
        known["origin"] = " ".join(
            map(str, (origin.system, *numbers, origin.server or ""))
        ).rstrip()
    return {name: str(value) for name, value in known.items() if value not in (None, "", False)}
