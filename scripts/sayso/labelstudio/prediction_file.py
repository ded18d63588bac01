"""Predictions from a file: checked against corpus and schema before anything is sent, then kept by document."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta, Struct

from sayso import jsonl, spans
from sayso.errors import InputError, SaysoError
from sayso.files import convert_os_errors
from sayso.labelstudio.codec import decode_result, encode_region_id, encode_result
from sayso.labelstudio.document_index import DocumentIndex
from sayso.labelstudio.task_order import compute_score
from sayso.models import AttributeValue, Document, Mention, Relation, sort_mentions, sort_relations
from sayso.schema.declarations import Schema


class _MentionInput(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A mention as a program writes it, or as gold has it: the words may be left out."""

    id: str
    label: str
    start: int
    end: int
    text: str | None = None
    attributes: dict[str, AttributeValue] = {}
    flag: str | None = None
    note: str | None = None
    started_from: Any = None
    by: str | None = None
    score: float | None = None
    decided: Any = None
    votes: Any = None


class _RelationInput(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A relation, also of gold."""

    type: str
    head: str
    tail: str
    decided: Any = None
    votes: Any = None


class _PredictionInput(Struct, frozen=True, kw_only=True):
    """What is read of a line; a full Annotation has it all, and more that does not matter here."""

    doc_id: str
    text_sha256: str
    mentions: tuple[_MentionInput, ...] = ()
    relations: tuple[_RelationInput, ...] = ()
    note: str | None = None
    uncertainty: Annotated[float, Meta(ge=0, le=1)] | None = None


class PredictionPayload(NamedTuple):
    """What is sent for one document: the result, and the score by which Label Studio can order."""

    result: list[dict[str, Any]]
    score: float


@dataclass
class PredictionFile:
    """What a file holds for one interface, on disk, one result for each document.

    ``excluded`` counts, by label or relation, what the interface does not show.
    """

    connection: sqlite3.Connection = field(default_factory=lambda: sqlite3.connect(""))
    excluded: Counter[str] = field(default_factory=Counter)

    def get(self, doc_id: str) -> PredictionPayload | None:
        """What is sent for one document, or None."""
        asked = "SELECT result, score FROM predictions WHERE doc_id = ?"
        found = self.connection.execute(asked, (doc_id,)).fetchone()
        return PredictionPayload(msgspec.json.decode(found[0]), found[1]) if found else None

    def doc_ids(self) -> Iterator[str]:
        """Ids of the documents that have one."""
        for (doc_id,) in self.connection.execute("SELECT doc_id FROM predictions ORDER BY doc_id"):
            yield doc_id


def read_predictions(
    path: Path, documents: DocumentIndex, schema: Schema, pass_name: str
) -> PredictionFile:
    """Read and check a file of predictions: JSON Lines of annotations, or of their first fields.

    Raises:
        InputError: a line is no prediction, or does not fit its document, the text or the schema.
        SpanError: an offset is not inside the text.
    """
    found = PredictionFile()
    found.connection.execute(
        "CREATE TABLE predictions (doc_id TEXT PRIMARY KEY, result BLOB NOT NULL, "
        "score REAL NOT NULL) WITHOUT ROWID"
    )
    with convert_os_errors(path), path.open("rb") as file:
        for number, raw in jsonl.read_objects(file, str(path)):
            where = f"{path}:{number}"
            try:
                doc_id, sent = _parse_prediction(raw, documents, schema, pass_name, found.excluded)
                row = (doc_id, msgspec.json.encode(sent.result), sent.score)
                found.connection.execute("INSERT INTO predictions VALUES (?, ?, ?)", row)
            except sqlite3.IntegrityError:
                raise InputError(
                    "a second prediction for this document", where=where, remedy="keep one"
                ) from None
            except SaysoError as error:
                place = f"{where} {error.where}".strip()
                raise type(error)(
                    error.what, where=place, remedy=error.remedy or "mend the line"
                ) from error
    return found


def _parse_prediction(
    raw: dict[str, Any],
    documents: DocumentIndex,
    schema: Schema,
    pass_name: str,
    excluded: Counter[str],
) -> tuple[str, PredictionPayload]:
    try:
        loose = msgspec.convert(raw, _PredictionInput)
    except msgspec.ValidationError as error:
        raise InputError(str(error)) from error
    document = documents.get(loose.doc_id)
    if document is None:
        raise InputError(
            f"no document {loose.doc_id} in the corpus", remedy="run `sayso ingest` first"
        )
    if document.text_sha256 != loose.text_sha256:
        raise InputError("made for another text than the corpus holds", where=loose.doc_id)
    mentions = [_build_mention(mention, document) for mention in loose.mentions]
    relations = [
        Relation(type=each.type, head=each.head, tail=each.tail) for each in loose.relations
    ]
    _require_declared(mentions, relations, schema)
    result = _encode_shown(mentions, relations, loose.note, document, schema, pass_name, excluded)
    return loose.doc_id, PredictionPayload(result, compute_score(loose.uncertainty))


def _build_mention(given: _MentionInput, document: Document) -> Mention:
    span = spans.Span(given.start, given.end)
    words = spans.slice_text(span, document.text, given.text)
    return Mention(
        id=given.id,
        label=given.label,
        start=span.start,
        end=span.end,
        text=words,
        attributes=given.attributes,
        flag=given.flag,
        note=given.note,
    )


def _require_declared(
    mentions: Iterable[Mention], relations: Iterable[Relation], schema: Schema
) -> None:
    for mention in mentions:
        declared = schema.labels.get(mention.label)
        if declared is None:
            raise InputError(
                f"no label {mention.label!r} in the schema", where=f"mention {mention.id}"
            )
        for name in mention.attributes:
            if name not in declared.attributes:
                raise InputError(
                    f"{mention.label} has no attribute {name!r}", where=f"mention {mention.id}"
                )
    for relation in relations:
        if relation.type not in schema.relations:
            raise InputError(f"no relation {relation.type!r} in the schema")


def _encode_shown(
    mentions: list[Mention],
    relations: Iterable[Relation],
    note: str | None,
    document: Document,
    schema: Schema,
    pass_name: str,
    excluded: Counter[str],
) -> list[dict[str, Any]]:
    """The result with whatever the interface shows; proven by reading it back."""
    whole = encode_result(mentions, relations, schema, note)
    reading = decode_result(whole, document.text, schema)
    named = [
        msgspec.structs.replace(mention, id=encode_region_id(mention.id)) for mention in mentions
    ]
    arrows = [
        Relation(
            type=arrow.type, head=encode_region_id(arrow.head), tail=encode_region_id(arrow.tail)
        )
        for arrow in relations
    ]
    given = (sort_mentions(named), sort_relations(arrows))
    if reading.kept or (reading.mentions, reading.relations) != given:
        reason = (
            reading.kept[0].reason if reading.kept else "it does not read back as it was written"
        )
        raise InputError(reason, where=document.doc_id)
    labels, drawn = schema.labels_of_pass(pass_name), schema.relations_of_pass(pass_name)
    excluded.update(m.label for m in mentions if m.label not in labels)
    excluded.update(r.type for r in reading.relations if r.type not in drawn)
    return encode_result(
        [mention for mention in reading.mentions if mention.label in labels],
        [relation for relation in reading.relations if relation.type in drawn],
        schema,
        note,
    )
