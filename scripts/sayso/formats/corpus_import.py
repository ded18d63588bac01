"""Others' work into the corpus: documents through ingest, readings as answers of a campaign. All of it, or nothing."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from sayso import jsonl
from sayso.corpus.sources import CorpusFiles, annotation_sort_key
from sayso.errors import ConflictError, InputError, UsageError
from sayso.files import hold_lock
from sayso.formats import format_registry, import_staging
from sayso.formats.annotated_documents import AnnotatedDocument
from sayso.formats.corpus_export import LossError
from sayso.formats.format_registry import ImportContext
from sayso.formats.import_staging import ImportStaging
from sayso.formats.label_mapping import map_to_schema
from sayso.ingest import IngestRequest as Articles
from sayso.ingest import IngestResult, ingest
from sayso.ingest.article_metadata import METADATA_FIELDS
from sayso.models import (
    Annotation,
    AnnotationOrigin,
    AnnotationStatus,
    AnnotatorKind,
    DocId,
    Pseudonym,
    StartedFrom,
    sha256,
)
from sayso.schema import declarations as schemas
from sayso.schema.declarations import Schema, SchemaVersion
from sayso.settings import SCHEMA_FILE, Checkout, current_time

Advance = Callable[[int], None]

_PULLED_FROM = "label-studio"  # as the origin of what a pull brought


@dataclass(frozen=True)
class ImportRequest:
    """What a command asks for.

    Attributes:
        labels: which of our labels and relations theirs are, where they are not the same.
        fields: where a record of theirs has what, by our names.
        metadata: for all documents, by ingest's names.
        annotator: whose readings these are; None where the file says it.
    """

    format: str
    path: Path
    campaign: str
    pass_name: str
    annotator: str | None = None
    annotator_kind: AnnotatorKind | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    lossy: bool = False
    dry_run: bool = False


@dataclass
class ImportResult:
    """What was done, or with ``dry_run`` would be. ``annotations``: annotator → new, changed and unchanged ones."""

    dry_run: bool
    documents: IngestResult | None = None
    annotations: dict[str, dict[str, int]] = field(default_factory=dict)
    mentions: int = 0
    relations: int = 0
    losses: dict[str, int] = field(default_factory=dict)
    notices: dict[str, int] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)


def import_annotations(
    checkout: Checkout, request: ImportRequest, advance: Advance = lambda _n: None
) -> ImportResult:
    """Bring the readings of a file or folder into the corpus; ``watch`` hears how many documents further it is.

    Raises:
        UsageError: no such format, or nobody said whose readings these are.
        InputError: the file is none of its format, or an offset or a document is wrong; nothing was taken in.
        LossError: the schema cannot hold all of it, and ``lossy`` was not said; nothing was taken in.
        ConflictError: a document or an answer is here already and is another; nothing was taken in.
        DiskError: the disk refused; running the command again goes on.
    """
    schema = schemas.load_schema(checkout.root / SCHEMA_FILE)
    schema.find_pass(request.pass_name)
    if request.format not in format_registry.IMPORT_FORMATS:
        raise UsageError(
            f"{request.format} goes out only",
            remedy=f"choose one of {', '.join(format_registry.IMPORT_FORMATS)}",
        )
    if not request.path.exists():
        raise InputError("not there", where=str(request.path), remedy="check the path")
    with (
        hold_lock(checkout.private / "sync.lock", "sayso import"),
        import_staging.open_staging(
            checkout.private / "importing", request.path.resolve().name
        ) as stage,
    ):
        return _ImportRun(checkout, request, schema, stage).run(advance)


class _ImportRun:
    def __init__(
        self, checkout: Checkout, request: ImportRequest, schema: Schema, staging: ImportStaging
    ) -> None:
        self.checkout, self.request, self.schema, self.staging = checkout, request, schema, staging
        self.corpus = CorpusFiles(checkout.root)
        self.context = ImportContext(request.fields, request.labels, schema, checkout)
        self.result = ImportResult(request.dry_run)
        self.annotators_named: set[str | None] = set()

    def run(self, advance: Advance) -> ImportResult:
        for reading in format_registry.find_format(self.request.format).read(
            self.request.path, self.context
        ):
            self._stage_document(reading)
            advance(1)
        self._refuse_losses()
        names = self.staging.list_annotators()
        for name in (
            names
        ):  # every conflict is found before the first file is written; ingest finds its own
            self.result.annotations[name] = self._count_changes(name)
        articles = Articles(
            paths=(str(self.staging.articles),), format="jsonl", dry_run=self.request.dry_run
        )
        self.result.documents = ingest(self.checkout, articles)
        if not self.request.dry_run:
            self.result.written = [name for name in names if self._write_annotator(name)]
        return self.result

    def _refuse_losses(self) -> None:
        lost = self.context.losses
        self.result.losses = {what: count for what, count in sorted(lost.items()) if count}
        self.result.notices = {
            what: count for what, count in sorted(self.context.notices.items()) if count
        }
        if lost.total() and not self.request.lossy:
            remedy = "say what their labels are, --map THEIRS=OURS; or keep it apart in the records, --lossy"
            raise LossError(lost, "the schema", remedy=f"nothing was taken in; {remedy}")

    def _stage_document(self, annotated: AnnotatedDocument) -> None:
        place = f"{self.request.path}, document {annotated.doc_id}"
        _convert_field(
            annotated.doc_id,
            DocId,
            "doc_id",
            place,
            "rename the document: letters, digits, point, hyphen, underscore",
        )
        given = {
            name: annotated.about[name] for name in METADATA_FIELDS if name in annotated.about
        } | dict(self.request.metadata)
        self.staging.add_document(annotated.doc_id, annotated.text, given, place)
        record = self._build_annotation(annotated, place)
        self.result.mentions += len(record.mentions)
        self.result.relations += len(record.relations)
        self.staging.add_annotation(record, place)

    def _build_annotation(self, annotated: AnnotatedDocument, location: str) -> Annotation:
        about, order = annotated.about, self.request
        annotator = order.annotator or about.get("annotator")
        self.annotators_named.add(about.get("annotator"))
        if order.annotator and len(self.annotators_named) > 1:
            raise UsageError(
                "readings of several annotators would get one name",
                where=location,
                remedy="leave --annotator out",
            )
        if annotator is None:
            raise UsageError(
                "nobody says whose readings these are",
                where=location,
                remedy="give a pseudonym: --annotator NAME",
            )
        found = map_to_schema(annotated, self.schema, order.labels, self.context)
        seconds = about.get("lead_time_seconds")

        def known(name: str, otherwise: str | None, kind: Any) -> Any:
            return _convert_field(
                about.get(name, otherwise), kind, name, location, "mend it where it comes from"
            )

        remedy = (
            "give small letters, digits and hyphens, and never a name or an address: --annotator"
        )
        return Annotation(
            doc_id=annotated.doc_id,
            text_sha256=sha256(annotated.text),
            campaign=order.campaign,
            interface=order.pass_name,
            annotator=_convert_field(annotator, Pseudonym, "a pseudonym", location, remedy),
            annotator_kind=order.annotator_kind or known("annotator_kind", "human", AnnotatorKind),
            schema_version=self.schema.version,
            guidelines_version=known("guidelines_version", None, SchemaVersion | None),
            status=known("status", "submitted", AnnotationStatus),
            created=about.get("created", ""),
            updated=about.get("updated", about.get("created", "")),
            lead_time_seconds=float(seconds) if seconds else None,
            started_from=known("started_from", "nothing", StartedFrom),
            mentions=found.mentions,
            relations=found.relations,
            note=annotated.note,
            kept=found.kept,
            origin=_parse_origin(about),
        )

    def _count_changes(self, annotator: str) -> dict[str, int]:
        counts: Counter[str] = Counter()
        for _answer, what in self._merge_annotations(annotator):
            counts[what] += 1
        return {what: counts[what] for what in ("new", "changed", "unchanged")}

    def _write_annotator(self, annotator: str) -> bool:
        answers = (answer for answer, _what in self._merge_annotations(annotator))
        return self.corpus.write_annotations(self.request.campaign, annotator, answers)

    def _merge_annotations(self, annotator: str) -> Iterator[tuple[Annotation, str]]:
        """The annotator's file as it will be, each answer with what becomes of it; in flat memory."""
        for old in self._read_existing(annotator):
            self.staging.mark_replacement(old)
        moment = _format_now()
        standing = (self._resolve_existing(old, moment) for old in self._read_existing(annotator))
        coming = (
            (_with_times(new, moment, moment), "new")
            for new in self.staging.new_annotations(annotator)
        )
        merged = heapq.merge(standing, coming, key=_doc_id)
        for _, mine in groupby(merged, key=_doc_id):
            yield from sorted(mine, key=_sort_key)

    def _read_existing(self, annotator: str) -> Iterator[Annotation]:
        path = self.corpus.annotation_file(self.request.campaign, annotator)
        return jsonl.read(path, Annotation) if path.exists() else iter(())

    def _resolve_existing(self, old: Annotation, moment: str) -> tuple[Annotation, str]:
        new = self.staging.find_replacement(old)
        if new is None:
            if (
                old.origin
                and old.origin.system == _PULLED_FROM
                and self.staging.has_annotation_for(old)
            ):
                raise ConflictError(
                    f"{old.annotator} has answered {old.doc_id} in Label Studio",
                    where=str(self.corpus.annotation_file(old.campaign, old.annotator)),
                    remedy="give these readings another --annotator",
                )
            return old, "stays"
        same = _with_times(new, old.created, old.updated)
        return (
            (old, "unchanged")
            if same == old
            else (_with_times(new, old.created, moment), "changed")
        )


def _doc_id(placed: tuple[Annotation, str]) -> str:
    return placed[0].doc_id


def _sort_key(placed: tuple[Annotation, str]) -> tuple[str, str, str, int]:
    return annotation_sort_key(placed[0])


def _with_times(annotation: Annotation, created: str, updated: str) -> Annotation:
    """The answer with these times where it came without its own."""
    return (
        annotation if annotation.created else replace(annotation, created=created, updated=updated)
    )


def _format_now() -> str:
    return current_time().isoformat().replace("+00:00", "Z")


def _convert_field(
    value: str | None, kind: Any, field_name: str, location: str, remedy: str
) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise InputError(
            f"{value!r} cannot be {field_name}", where=location, remedy=remedy
        ) from error


def _parse_origin(about: Mapping[str, str]) -> AnnotationOrigin | None:
    words = about.get("origin", "").split()
    if len(words) != 4 or not all(word.isdecimal() for word in words[1:]):
        return None
    system, *numbers = words
    project, task, annotation = map(int, numbers)
    return AnnotationOrigin(system=system, project=project, task=task, annotation=annotation)
