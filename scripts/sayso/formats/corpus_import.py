"""Bring others' annotated documents into the corpus: all of them, or none."""

from __future__ import annotations

import heapq
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from sayso import jsonl
from sayso.callbacks import Advance
from sayso.corpus.sources import CorpusFiles, annotation_sort_key
from sayso.errors import ConflictError, InputError, UsageError
from sayso.files import exists, hold_lock, is_file, is_folder
from sayso.formats.annotated_documents import AnnotatedDocument, require_text
from sayso.formats.corpus_export import LossError
from sayso.formats.format_registry import IMPORT_FORMATS, ImportContext, find_format
from sayso.formats.import_staging import ImportStaging, annotation_key, open_staging
from sayso.formats.label_mapping import map_to_schema
from sayso.ingest import IngestRequest, IngestResult, ingest
from sayso.ingest.article_metadata import METADATA_FIELDS
from sayso.models import (
    Annotation,
    AnnotationOrigin,
    AnnotationStatus,
    AnnotatorKind,
    AnnotatorRole,
    DocId,
    Pseudonym,
    ReadKind,
    StartedFrom,
    sha256,
)
from sayso.schema.declarations import Schema, SchemaVersion, load_schema
from sayso.settings import SCHEMA_FILE, Checkout, current_time

_ID_DIGITS = 18  # of which every number fits into 64 bits
_PULLED_FROM = "label-studio"  # as the origin of what a pull brought
_NUMBER = re.compile("[0-9]{1,18}")  # fits into 64 bits
_CHANGES = ("new", "changed", "unchanged")


@dataclass(frozen=True)
class ImportRequest:
    """A file and the terms to import it on.

    Attributes:
        annotator: of all annotations; None where the file says it.
        labels: our label, relation type or question for each of theirs that has another name.
        fields: the names that a record of theirs has for our fields.
        metadata: of all documents, by ingest's names.
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
    """The outcome, or with ``dry_run`` what it would be; changes counted by annotator."""

    dry_run: bool
    documents: IngestResult | None = None
    annotations: dict[str, dict[str, int]] = field(default_factory=dict)
    mentions: int = 0
    relations: int = 0
    answers: int = 0
    losses: dict[str, int] = field(default_factory=dict)
    notices: dict[str, int] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)


def import_annotations(
    checkout: Checkout, request: ImportRequest, advance: Advance = lambda _: None
) -> ImportResult:
    """Import the annotated documents of a file or folder; ``advance`` gets documents done.

    Raises:
        UsageError: no such format, or nobody said whose annotations these are.
        InputError: the file is none of its format, or an offset or a document is wrong; nothing was
            imported.
        LossError: the schema cannot hold all of it, and ``lossy`` is not set; nothing was imported.
        ConflictError: a document or an annotation is here already and differs; nothing was
            imported.
        DiskError: the disk refused; running the command again goes on.
    """
    schema = load_schema(checkout.root / SCHEMA_FILE)
    schema.find_pass(request.pass_name)
    find_format(request.format, IMPORT_FORMATS)
    if not (is_folder(request.path) or is_file(request.path)):
        raise InputError("not there", where=str(request.path), remedy="check the path")
    with (
        hold_lock(checkout.private / "sync.lock", "sayso import"),
        open_staging(checkout.private / "importing", request.path.resolve().name) as staging,
    ):
        return _ImportRun(checkout, request, schema, staging).run(advance)


class _ImportRun:
    def __init__(
        self, checkout: Checkout, request: ImportRequest, schema: Schema, staging: ImportStaging
    ) -> None:
        self.checkout, self.request, self.schema = checkout, request, schema
        self.staging = staging
        self.corpus = CorpusFiles(checkout.root)
        self.context = ImportContext(
            request.fields, request.labels, schema, request.pass_name, checkout
        )
        self.result = ImportResult(request.dry_run)
        self.annotators_named: set[str | None] = set()
        self.now = current_time().isoformat().replace("+00:00", "Z")

    def run(self, advance: Advance) -> ImportResult:
        request, result = self.request, self.result
        for annotated in find_format(request.format).read(request.path, self.context):
            self._stage_document(annotated)
            advance(1)
        self._refuse_losses()
        annotators = self.staging.list_annotators()
        for annotator in annotators:
            # Finds every conflict before the first file is written; ingest finds its own.
            changes = Counter(change for _annotation, change in self._merge(annotator))
            result.annotations[annotator] = {change: changes[change] for change in _CHANGES}
        articles = IngestRequest(
            paths=(str(self.staging.articles),), format="jsonl", dry_run=request.dry_run
        )
        result.documents = ingest(self.checkout, articles)
        if not request.dry_run:
            result.written = [name for name in annotators if self._write(name)]
        return result

    def _refuse_losses(self) -> None:
        self.result.losses = dict(sorted((+self.context.losses).items()))
        self.result.notices = dict(sorted((+self.context.notices).items()))
        if self.result.losses and not self.request.lossy:
            remedy = (
                "nothing was imported; say what their labels are, --map THEIRS=OURS;"
                " or keep it as unknown items in the records, --lossy"
            )
            raise LossError(self.context.losses, "the schema", remedy)

    def _stage_document(self, annotated: AnnotatedDocument) -> None:
        location = f"{self.request.path}, document {annotated.doc_id}"
        require_text(annotated, location)
        remedy = "rename the document: letters, digits, point, hyphen, underscore"
        _convert_field(annotated.doc_id, DocId, "doc_id", location, remedy)
        known = {name: value for name, value in annotated.about.items() if name in METADATA_FIELDS}
        metadata = known | dict(self.request.metadata)
        self.staging.add_document(annotated.doc_id, annotated.text, metadata, location)
        annotation = self._build_annotation(annotated, location)
        self.result.mentions += len(annotation.mentions)
        self.result.relations += len(annotation.relations)
        self.result.answers += len(annotation.answers)
        self.staging.add_annotation(annotation, location)

    def _annotator(self, about: Mapping[str, str], location: str) -> Pseudonym:
        self.annotators_named.add(about.get("annotator"))
        if self.request.annotator and len(self.annotators_named) > 1:
            what = "annotations of several annotators would get one name"
            raise UsageError(what, where=location, remedy="leave --annotator out")
        annotator = self.request.annotator or about.get("annotator")
        if annotator is None:
            what = "nobody says whose annotations these are"
            raise UsageError(what, where=location, remedy="give a pseudonym: --annotator NAME")
        remedy = (
            "give small letters, digits and hyphens, and never a name or an address: --annotator"
        )
        pseudonym: Pseudonym = _convert_field(annotator, Pseudonym, "a pseudonym", location, remedy)
        return pseudonym

    def _is_copy(self, about: Mapping[str, str]) -> bool:
        """Test whether an annotation comes in under another campaign or annotator than it had.

        The one that the server has keeps its number; a copy is none of the server's.
        """
        request = self.request
        renamed = request.annotator and about.get("annotator") not in (None, request.annotator)
        return bool(renamed) or about.get("campaign") not in (None, request.campaign)

    def _build_annotation(self, annotated: AnnotatedDocument, location: str) -> Annotation:
        about, request = annotated.about, self.request
        mapped = map_to_schema(annotated, self.schema, self.context)

        def convert(name: str, default: str | None, kind: Any) -> Any:
            remedy = "correct it where it comes from"
            return _convert_field(about.get(name, default), kind, name, location, remedy)

        return Annotation(
            doc_id=annotated.doc_id,
            text_sha256=sha256(annotated.text),
            campaign=request.campaign,
            interface=request.pass_name,
            annotator=self._annotator(about, location),
            annotator_kind=request.annotator_kind or convert("annotator_kind", "human", ReadKind),
            annotator_role=convert("annotator_role", "annotator", AnnotatorRole),
            changed_by=convert("changed_by", None, Pseudonym | None),
            schema_version=self.schema.version,
            guidelines_version=convert("guidelines_version", None, SchemaVersion | None),
            status=convert("status", "submitted", AnnotationStatus),
            created=about.get("created", ""),
            updated=about.get("updated", about.get("created", "")),
            lead_time_seconds=_parse_seconds(about, location),
            started_from=convert("started_from", "nothing", StartedFrom),
            unseen=about.get("unseen") == "True",
            mentions=mapped.mentions,
            relations=mapped.relations,
            answers=mapped.answers,
            note=annotated.note,
            kept=mapped.kept,
            origin=None if self._is_copy(about) else _parse_origin(about),
        )

    def _write(self, annotator: str) -> bool:
        merged = (annotation for annotation, _change in self._merge(annotator))
        return self.corpus.write_annotations(self.request.campaign, annotator, merged)

    def _merge(self, annotator: str) -> Iterator[tuple[Annotation, str]]:
        """Yield the annotator's file as it will be, each annotation with its change."""
        path = self.corpus.annotation_file(self.request.campaign, annotator)
        existing = jsonl.read(path, Annotation) if exists(path) else iter(())
        both = heapq.merge(
            ((annotation.doc_id, False, annotation) for annotation in existing),
            (
                (annotation.doc_id, True, annotation)
                for annotation in self.staging.annotations(annotator)
            ),
            key=lambda each: each[:2],
        )
        for _doc_id, group in groupby(both, key=lambda each: each[0]):
            old: list[Annotation] = []
            new: list[Annotation] = []
            for _doc_id, is_new, annotation in group:
                (new if is_new else old).append(annotation)
            merged = self._merge_document(old, new)
            yield from sorted(merged, key=lambda each: annotation_sort_key(each[0]))

    def _merge_document(
        self, existing: list[Annotation], incoming: list[Annotation]
    ) -> Iterator[tuple[Annotation, str]]:
        """Replace annotations of the same origin; refuse to stand beside a server's."""
        new = {annotation_key(annotation): annotation for annotation in incoming}
        passes = {annotation.interface for annotation in incoming}
        for old in existing:
            replacement = new.get(annotation_key(old))
            if replacement and replacement.origin == old.origin:
                del new[annotation_key(old)]
                unchanged = _with_times(replacement, old.created, old.updated) == old
                changed = _with_times(replacement, old.created, self.now)
                yield (old, "unchanged") if unchanged else (changed, "changed")
            elif old.origin and old.origin.system == _PULLED_FROM and old.interface in passes:
                raise ConflictError(
                    f"{old.annotator} has annotated {old.doc_id} in Label Studio",
                    where=str(self.corpus.annotation_file(old.campaign, old.annotator)),
                    remedy="give these annotations another --annotator",
                )
            else:
                yield old, "stays"
        yield from ((_with_times(each, self.now, self.now), "new") for each in new.values())


def _with_times(annotation: Annotation, created: str, updated: str) -> Annotation:
    """Return the annotation with these times where it came without its own."""
    return (
        annotation if annotation.created else replace(annotation, created=created, updated=updated)
    )


def _convert_field(value: str | None, kind: Any, name: str, location: str, remedy: str) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise InputError(f"{value!r} cannot be {name}", where=location, remedy=remedy) from error


def _parse_seconds(about: Mapping[str, str], location: str) -> float | None:
    given = about.get("lead_time_seconds")
    if not given:
        return None
    try:
        seconds = float(given)
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds):
        remedy = "correct it where it comes from"
        raise InputError(f"{given[:80]!r} is no lead_time", where=location, remedy=remedy)
    return seconds


def _parse_origin(about: Mapping[str, str]) -> AnnotationOrigin | None:
    words = about.get("origin", "").split()
    if len(words) not in (4, 5) or not all(map(_NUMBER.fullmatch, words[1:4])):
        return None
    if any(len(number) > _ID_DIGITS for number in words[1:4]):
        return None
    project, task, annotation = map(int, words[1:4])
    return AnnotationOrigin(
        system=words[0],
        project=project,
        task=task,
        annotation=annotation,
        server=words[4] if len(words) == 5 else None,
    )
