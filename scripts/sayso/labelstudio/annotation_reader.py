"""Convert one task's annotations to records of the corpus, or give the reason for quarantine.

An annotation is decoded over the text that its annotator saw, which the task still has. If the
corpus has another text by now, the annotation is transferred if every mention of it provably has
the same words there, and quarantined if not.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import Any

from sayso.code_digest import library_versions, package_digest
from sayso.corpus.anchoring import SentenceIndex, transfer_record
from sayso.labelstudio.api_types import AnnotatedTask, TaskAnnotation
from sayso.labelstudio.codec import EDITOR_ORIGINS, DecodedResult, decode_result, read_origin
from sayso.labelstudio.controls import TEXT
from sayso.labelstudio.document_index import DocumentIndex
from sayso.labelstudio.instructions import ShownGuidelines, find_version_at
from sayso.labelstudio.project import ProjectKey
from sayso.labelstudio.repair_tab import needs_repair
from sayso.labelstudio.tasks import text_digest
from sayso.labelstudio.urls import SYSTEM
from sayso.models import Annotation, AnnotationOrigin, Document, Mention, StartedFrom, sha256
from sayso.schema.declarations import Schema, schema_digest
from sayso.schema.migrations import Migrations, migrate_record

UNNAMED = "not-yet-named"  # the pseudonym in every record until its file is written
_MAX_DEPTH = 100  # of a result: the interpreter refuses to write or read 1,000 levels
_MAX_QUOTED = 3  # unproven mentions in a reason


class QuarantineError(Exception):
    """The annotation cannot be stored in the corpus."""


@dataclass(frozen=True)
class AnnotatedText:
    """The text that an annotation was given to.

    Attributes:
        text: as the annotator read it; offsets are over this.
        text_sha256: its hash as received.
        document: the document in the corpus.
        mismatch: why the annotation must be transferred from ``text`` to the document's text;
            empty if it need not.
    """

    text: str
    text_sha256: str
    document: Document
    mismatch: str = ""


@dataclass(frozen=True)
class AnnotationReader:
    """The settings by which the annotations of one project become records."""

    project_key: ProjectKey
    project: int
    server: str | None
    migrations: Migrations
    documents: DocumentIndex
    guidelines_shown: tuple[ShownGuidelines, ...] = ()

    def read_task(
        self, task: AnnotatedTask, accounts: Container[int | None]
    ) -> Iterator[tuple[TaskAnnotation, Annotation | str]]:
        """Yield each annotation of a task with its record, or with the reason for quarantine."""
        seen = None
        for annotation in task.annotations:
            try:
                seen = seen or self._find_text(task)
                if not isinstance(annotation.result, list):
                    raise QuarantineError("the result is not a list")
                if _is_nested_deeper(annotation.result, _MAX_DEPTH):
                    raise QuarantineError(f"the result is nested deeper than {_MAX_DEPTH} levels")
                if annotation.completed_by not in accounts:
                    raise QuarantineError("the account is no longer in the organisation")
                record = self._build_record(task, annotation, seen)
                yield annotation, _transfer(record, seen) if seen.mismatch else record
            except QuarantineError as reason:
                yield annotation, str(reason)

    def _find_text(self, task: AnnotatedTask) -> AnnotatedText:
        doc_id, claimed, shown = (task.data.get(key) for key in ("doc_id", "text_sha256", TEXT))
        if not (isinstance(doc_id, str) and isinstance(claimed, str) and isinstance(shown, str)):
            raise QuarantineError("the task was added by hand in Label Studio")
        document = self.documents.get(doc_id)
        if document is None:
            raise QuarantineError("the corpus does not have this document")
        if document.text_sha256 != claimed:
            return AnnotatedText(
                shown, claimed, document, "the text has changed since it was pushed"
            )
        if text_digest(document.text) != text_digest(shown):
            mismatch = "the text was edited in Label Studio"
            return AnnotatedText(shown, sha256(shown), document, mismatch)
        return AnnotatedText(document.text, claimed, document)

    def _build_record(
        self, task: AnnotatedTask, annotation: TaskAnnotation, seen: AnnotatedText
    ) -> Annotation:
        version = str(task.data.get("schema_version", ""))
        version, decoded = self._decode_result(annotation, seen.text, version)
        record = Annotation(
            doc_id=seen.document.doc_id,
            text_sha256=seen.text_sha256,
            campaign=self.project_key.campaign,
            interface=self.project_key.pass_name,
            annotator=UNNAMED,
            annotator_kind="human",
            schema_version=version,
            guidelines_version=find_version_at(self.guidelines_shown, annotation.updated_at),
            status="skipped" if annotation.was_cancelled else "submitted",
            created=annotation.created_at,
            updated=annotation.updated_at,
            lead_time_seconds=annotation.lead_time,
            started_from=find_start(annotation),
            unseen=find_start(annotation) == "prediction" and not was_opened(annotation),
            mentions=decoded.mentions,
            relations=decoded.relations,
            answers=decoded.answers,
            note=decoded.note,
            kept=decoded.kept,
            origin=AnnotationOrigin(
                system=SYSTEM,
                project=self.project,
                task=task.id,
                annotation=annotation.id,
                server=self.server,
            ),
        )
        return migrate_record(record, self.migrations.route(version))[0]

    def _decode_result(
        self, annotation: TaskAnnotation, text: str, version: str
    ) -> tuple[str, DecodedResult]:
        """Decode by the schema of the task, or by the present one if that decodes more.

        A skipped answer says only what it says: it gets no defaults.
        """
        schema, route = self.migrations.schema, self.migrations.route(version)
        defaults_of = None if annotation.was_cancelled else self.project_key.pass_name

        def decode(by: Schema) -> DecodedResult:
            return decode_result(annotation.result, text, by, defaults_of=defaults_of)

        decoded = decode(schema)
        if not route:
            return version, decoded
        older = decode(route[0].older)
        if len(decoded.kept) < len(older.kept):
            return schema.version, decoded
        return version, older


def _is_nested_deeper(value: list[Any], depth: int) -> bool:
    """Return whether lists and objects are in one another more than ``depth`` times."""
    level: list[Any] = [value]
    for _ in range(depth):
        containers = (each.values() if isinstance(each, dict) else each for each in level)
        level = [inner for items in containers for inner in items if isinstance(inner, dict | list)]
        if not level:
            return False
    return True


def _transfer(record: Annotation, seen: AnnotatedText) -> Annotation:
    """Transfer the record to the document's own text.

    Raises:
        QuarantineError: a part of it does not provably have the same words there.
    """
    document = seen.document
    if needs_repair(record):
        what = "a span of the annotation could not be proven over the older one"
        raise QuarantineError(f"{seen.mismatch}, and {what}")
    older = SentenceIndex(seen.text, document.language)
    newer = SentenceIndex(document.text, document.language)
    transferred, unproven = transfer_record(record, older, newer, document.text_sha256)
    if transferred is None:
        reason = _describe_unproven(record, unproven)
        raise QuarantineError(f"{seen.mismatch}; {reason}")
    return transferred


def _describe_unproven(record: Annotation, mentions: tuple[Mention, ...]) -> str:
    if not mentions and record.answers:
        return "the annotation answers questions about the whole text, which is another now"
    if not mentions:
        return "the annotation has no mention, and the new text may have some"
    quoted = ", ".join(f"“{m.text}” [{m.start}, {m.end})" for m in mentions[:_MAX_QUOTED])
    more = f" and {len(mentions) - _MAX_QUOTED} more" if len(mentions) > _MAX_QUOTED else ""
    count = f"{len(mentions)} of {len(record.mentions)} mentions"
    return f"{count} do not provably have the same words: {quoted}{more}"


def find_start(annotation: TaskAnnotation) -> StartedFrom:
    """Return what an annotation started from."""
    if annotation.parent_annotation is not None:
        return "annotation"
    return "nothing" if annotation.parent_prediction is None else "prediction"


def was_opened(annotation: TaskAnnotation) -> bool:
    """Return False if the annotation never was in an editor.

    The data manager's "Create Annotations From Predictions" takes no time and marks no region.
    Whoever opens a prediction and submits it as it is does both.
    """
    items = annotation.result if isinstance(annotation.result, list) else []
    origins = set(map(read_origin, items))
    return annotation.lead_time is not None or not origins.isdisjoint(EDITOR_ORIGINS)


def reader_fingerprint(migrations: Migrations) -> str:
    """Return a text that changes with everything a record depends on beside annotation and text.

    Not with the guidelines shown: their version can be changed in records that were read.
    """
    code = f"{package_digest()} {library_versions('msgspec', 'sentencex')}"
    return f"{schema_digest(migrations.schema)}{migrations.digest} {code}"
