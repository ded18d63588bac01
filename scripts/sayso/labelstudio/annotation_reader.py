"""One task's answers as records of the corpus, each with the reason where it cannot be one.

An answer is read over the text that its annotator saw, which the task still holds. Where the corpus has another text
by now, the answer is carried over if every mention of it provably stands on the same words, and refused if not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path

from sayso import sentences
from sayso.corpus import anchoring
from sayso.corpus.anchoring import SentenceIndex
from sayso.labelstudio import codec, instructions, offsets
from sayso.labelstudio.api_types import AnnotatedTask, TaskAnnotation
from sayso.labelstudio.codec import DecodedResult, decode_result
from sayso.labelstudio.controls import TEXT
from sayso.labelstudio.document_index import DocumentIndex
from sayso.labelstudio.instructions import ShownGuidelines, find_version_at
from sayso.labelstudio.project import ProjectKey
from sayso.labelstudio.repair_tab import needs_repair
from sayso.labelstudio.tasks import text_digest
from sayso.labelstudio.urls import SYSTEM
from sayso.models import Annotation, AnnotationOrigin, Document, Mention, StartedFrom, sha256
from sayso.schema.declarations import schema_digest
from sayso.schema.migrations import Migrations, migrate_record

_MAX_QUOTED = 3  # unproven mentions that a reason quotes


class QuarantineError(Exception):
    """Why an answer cannot stand in the corpus."""


@dataclass(frozen=True)
class AnnotatedText:
    """What an answer was given to.

    Attributes:
        text: as the annotator read it; offsets are over this.
        text_sha256: its hash as received.
        document: what the corpus holds.
        carry: why the answer has to be carried over from ``text`` to the document's own; empty where it has not.
    """

    text: str
    text_sha256: str
    document: Document
    mismatch: str = ""


@dataclass(frozen=True)
class AnnotationReader:
    """How the answers of one project become records. ``guidelines_shown``: which guidelines it has shown, and since when."""

    project_key: ProjectKey
    project: int
    migrations: Migrations
    documents: DocumentIndex
    guidelines_shown: tuple[ShownGuidelines, ...] = ()

    def read_task(
        self, task: AnnotatedTask, accounts: Container[int | None]
    ) -> Iterator[tuple[TaskAnnotation, Annotation | str]]:
        """Each answer of a task with its record, or with the reason why it is set aside."""
        try:
            ground = self._find_text(task) if task.annotations else None
        except QuarantineError as refused:
            yield from ((answer, str(refused)) for answer in task.annotations)
            return
        for answer in task.annotations:
            assert ground is not None  # noqa: S101
            try:
                yield answer, self._read_annotation(task, answer, ground, accounts)
            except QuarantineError as refused:
                yield answer, str(refused)

    def _find_text(self, task: AnnotatedTask) -> AnnotatedText:
        doc_id, claimed, shown = (task.data.get(name) for name in ("doc_id", "text_sha256", TEXT))
        if not (isinstance(doc_id, str) and isinstance(claimed, str) and isinstance(shown, str)):
            raise QuarantineError("the task was added by hand in Label Studio")
        document = self.documents.get(doc_id)
        if document is None:
            raise QuarantineError("the corpus does not hold this document")
        if document.text_sha256 != claimed:
            return AnnotatedText(
                shown, claimed, document, "the text has changed since it was pushed"
            )
        if text_digest(document.text) != text_digest(shown):
            return AnnotatedText(
                shown, sha256(shown), document, "the text was edited in Label Studio"
            )
        return AnnotatedText(document.text, claimed, document)

    def _read_annotation(
        self,
        task: AnnotatedTask,
        annotation: TaskAnnotation,
        seen: AnnotatedText,
        accounts: Container[int | None],
    ) -> Annotation:
        if not isinstance(annotation.result, list):
            raise QuarantineError("the result is not a list")
        if annotation.completed_by not in accounts:
            raise QuarantineError("the account is no longer in the organisation")
        record = self._build_record(task, annotation, seen)
        return _carry_over(record, seen) if seen.mismatch else record

    def _build_record(
        self, task: AnnotatedTask, annotation: TaskAnnotation, seen: AnnotatedText
    ) -> Annotation:
        version, reading = self._decode_result(
            annotation, seen.text, str(task.data.get("schema_version", ""))
        )
        record = Annotation(
            doc_id=seen.document.doc_id,
            text_sha256=seen.text_sha256,
            campaign=self.project_key.campaign,
            interface=self.project_key.pass_name,
            annotator="not-yet-named",  # told when the file is written: the map may change until then
            annotator_kind="human",
            schema_version=version,
            guidelines_version=find_version_at(self.guidelines_shown, annotation.updated_at),
            status="skipped" if annotation.was_cancelled else "submitted",
            created=annotation.created_at,
            updated=annotation.updated_at,
            lead_time_seconds=annotation.lead_time,
            started_from=_find_start(annotation),
            mentions=reading.mentions,
            relations=reading.relations,
            note=reading.note,
            kept=reading.kept,
            origin=AnnotationOrigin(
                system=SYSTEM, project=self.project, task=task.id, annotation=annotation.id
            ),
        )
        return migrate_record(record, self.migrations.route(version))[0]

    def _decode_result(
        self, annotation: TaskAnnotation, text: str, version: str
    ) -> tuple[str, DecodedResult]:
        """The answer in the words that its task was made with, or in the present ones where they leave less over."""
        schema = self.migrations.schema
        reading, route = (
            decode_result(annotation.result, text, schema),
            self.migrations.route(version),
        )
        if not route:
            return version, reading
        older = decode_result(annotation.result, text, route[0].older)
        return (
            (schema.version, reading) if len(reading.kept) < len(older.kept) else (version, older)
        )


def _carry_over(record: Annotation, seen: AnnotatedText) -> Annotation:
    """The record over the document's own text.

    Raises:
        Refused: something of it is not proven to stand on the same words.
    """
    document = seen.document
    if needs_repair(record):
        raise QuarantineError(
            f"{seen.mismatch}, and a span of the answer could not be proven over the older one"
        )
    older, newer = (SentenceIndex(text, document.language) for text in (seen.text, document.text))
    over, unproven = anchoring.transfer_record(record, older, newer, document.text_sha256)
    if over is None:
        raise QuarantineError(
            f"{seen.mismatch}; {_describe_unproven(unproven, len(record.mentions))}"
        )
    return over


def _describe_unproven(mentions: tuple[Mention, ...], count: int) -> str:
    if not mentions:
        return "the answer marks nothing, and other words may hold something"
    quoted = ", ".join(
        f"“{mention.text}” [{mention.start}, {mention.end})" for mention in mentions[:_MAX_QUOTED]
    )
    more = f" and {len(mentions) - _MAX_QUOTED} more" if len(mentions) > _MAX_QUOTED else ""
    return f"{len(mentions)} of {count} mentions do not provably stand on the same words: {quoted}{more}"


def _find_start(annotation: TaskAnnotation) -> StartedFrom:
    if annotation.parent_annotation is not None:
        return "annotation"
    return "nothing" if annotation.parent_prediction is None else "prediction"


def reader_fingerprint(migrations: Migrations) -> str:
    """What a record depends on beside answer and text: schema, migrations, code. Another one reads everything again.

    Not which guidelines were shown when: an answer that was read can be given another version of them where it lies.
    """
    modules = (anchoring, sentences, codec, offsets, instructions)
    code = b"".join(
        Path(str(source)).read_bytes()
        for source in (__file__, *(module.__file__ for module in modules))
    )
    return (
        f"{schema_digest(migrations.schema)}{migrations.digest} {hashlib.sha256(code).hexdigest()}"
    )
