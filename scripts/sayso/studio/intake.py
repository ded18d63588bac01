"""One task's answers as records of the corpus, each with the reason where it cannot be one.

An answer is read over the text that its annotator saw, which the task still holds. Where the corpus has another text
by now, the answer is carried over if every mention of it provably stands on the same words, and refused if not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path

from sayso import anchoring, sentences
from sayso.anchoring import Passages
from sayso.migrations import Migrations, moved
from sayso.records import Annotation, Document, Mention, Origin, StartedFrom, sha256
from sayso.schema import digest
from sayso.studio import codec, doctor, instructions
from sayso.studio.address import SYSTEM
from sayso.studio.client import Answer, Answered
from sayso.studio.codec import Reading, decode
from sayso.studio.controls import TEXT
from sayso.studio.instructions import Shown, in_force
from sayso.studio.lookup import Texts
from sayso.studio.project import Place
from sayso.studio.repairs import needs_repair
from sayso.studio.tasks import skeleton

_WORDS = 3  # unproven mentions that a reason quotes


class Refused(Exception):
    """Why an answer cannot stand in the corpus."""


@dataclass(frozen=True)
class Ground:
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
    carry: str = ""


@dataclass(frozen=True)
class Intake:
    """How the answers of one project become records. ``shown``: which guidelines it has shown, and since when."""

    place: Place
    project: int
    known: Migrations
    texts: Texts
    shown: tuple[Shown, ...] = ()

    def read(self, task: Answered, accounts: Container[int | None]) -> Iterator[tuple[Answer, Annotation | str]]:
        """Each answer of a task with its record, or with the reason why it is set aside."""
        try:
            ground = self._ground(task) if task.annotations else None
        except Refused as refused:
            yield from ((answer, str(refused)) for answer in task.annotations)
            return
        for answer in task.annotations:
            assert ground is not None  # noqa: S101
            try:
                yield answer, self._read(task, answer, ground, accounts)
            except Refused as refused:
                yield answer, str(refused)

    def _ground(self, task: Answered) -> Ground:
        doc_id, claimed, shown = (task.data.get(name) for name in ("doc_id", "text_sha256", TEXT))
        if not (isinstance(doc_id, str) and isinstance(claimed, str) and isinstance(shown, str)):
            raise Refused("the task was added by hand in Label Studio")
        document = self.texts.get(doc_id)
        if document is None:
            raise Refused("the corpus does not hold this document")
        if document.text_sha256 != claimed:
            return Ground(shown, claimed, document, "the text has changed since it was pushed")
        if skeleton(document.text) != skeleton(shown):
            return Ground(shown, sha256(shown), document, "the text was edited in Label Studio")
        return Ground(document.text, claimed, document)

    def _read(self, task: Answered, answer: Answer, ground: Ground, accounts: Container[int | None]) -> Annotation:
        if not isinstance(answer.result, list):
            raise Refused("the result is not a list")
        if answer.completed_by not in accounts:
            raise Refused("the account is no longer in the organisation")
        record = self._record(task, answer, ground)
        return _carried(record, ground) if ground.carry else record

    def _record(self, task: Answered, answer: Answer, ground: Ground) -> Annotation:
        version, reading = self._understood(answer, ground.text, str(task.data.get("schema_version", "")))
        record = Annotation(
            doc_id=ground.document.doc_id,
            text_sha256=ground.text_sha256,
            campaign=self.place.campaign,
            interface=self.place.interface,
            annotator="not-yet-named",  # told when the file is written: the map may change until then
            annotator_kind="human",
            schema_version=version,
            guidelines_version=in_force(self.shown, answer.updated_at),
            status="skipped" if answer.was_cancelled else "submitted",
            created=answer.created_at,
            updated=answer.updated_at,
            lead_time_seconds=answer.lead_time,
            started_from=_started_from(answer),
            mentions=reading.mentions,
            relations=reading.relations,
            note=reading.note,
            kept=reading.kept,
            origin=Origin(system=SYSTEM, project=self.project, task=task.id, annotation=answer.id),
        )
        return moved(record, self.known.route(version))[0]

    def _understood(self, answer: Answer, text: str, version: str) -> tuple[str, Reading]:
        """The answer in the words that its task was made with, or in the present ones where they leave less over."""
        schema = self.known.schema
        reading, route = decode(answer.result, text, schema), self.known.route(version)
        if not route:
            return version, reading
        older = decode(answer.result, text, route[0].older)
        return (schema.version, reading) if len(reading.kept) < len(older.kept) else (version, older)


def _carried(record: Annotation, ground: Ground) -> Annotation:
    """The record over the document's own text.

    Raises:
        Refused: something of it is not proven to stand on the same words.
    """
    document = ground.document
    if needs_repair(record):
        raise Refused(f"{ground.carry}, and a span of the answer could not be proven over the older one")
    older, newer = (Passages(text, document.language) for text in (ground.text, document.text))
    over, unproven = anchoring.anchored(record, older, newer, document.text_sha256)
    if over is None:
        raise Refused(f"{ground.carry}; {_unproven(unproven, len(record.mentions))}")
    return over


def _unproven(mentions: tuple[Mention, ...], count: int) -> str:
    if not mentions:
        return "the answer marks nothing, and other words may hold something"
    quoted = ", ".join(f"“{mention.text}” [{mention.start}, {mention.end})" for mention in mentions[:_WORDS])
    more = f" and {len(mentions) - _WORDS} more" if len(mentions) > _WORDS else ""
    return f"{len(mentions)} of {count} mentions do not provably stand on the same words: {quoted}{more}"


def _started_from(answer: Answer) -> StartedFrom:
    if answer.parent_annotation is not None:
        return "annotation"
    return "nothing" if answer.parent_prediction is None else "prediction"


def way_of_reading(known: Migrations) -> str:
    """What a record depends on beside answer and text: schema, migrations, code. Another one reads everything again.

    Not which guidelines were shown when: an answer that was read can be given another version of them where it lies.
    """
    modules = (anchoring, sentences, codec, doctor, instructions)
    code = b"".join(Path(str(source)).read_bytes() for source in (__file__, *(module.__file__ for module in modules)))
    return f"{digest(known.schema)}{known.digest} {hashlib.sha256(code).hexdigest()}"
