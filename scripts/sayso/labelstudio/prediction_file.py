"""Predictions from a file: validated before anything is sent, then kept on disk by document."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta, Struct

from sayso import jsonl, spans
from sayso.errors import InputError, SaysoError
from sayso.files import convert_os_errors, open_file
from sayso.labelstudio.codec import decode_result, encode_region_id, encode_result
from sayso.labelstudio.document_index import DocumentIndex
from sayso.labelstudio.task_order import compute_score
from sayso.models import AttributeValue, Document, Mention, Relation, sort_mentions, sort_relations
from sayso.schema.declarations import Attribute, Schema


class _MentionInput(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A mention as a program or gold has it; the text may be left out."""

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
    amended: Any = None


class _RelationInput(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    type: str
    head: str
    tail: str
    decided: Any = None
    votes: Any = None


class _AnswerInput(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    question: str
    value: AttributeValue
    decided: Any = None
    votes: Any = None


class _PredictionInput(Struct, frozen=True, kw_only=True):
    """The fields read of a line; other fields of annotations and gold are ignored."""

    doc_id: str
    text_sha256: str
    mentions: tuple[_MentionInput, ...] = ()
    relations: tuple[_RelationInput, ...] = ()
    answers: dict[str, AttributeValue] | tuple[_AnswerInput, ...] = {}
    note: str | None = None
    uncertainty: Annotated[float, Meta(ge=0, le=1)] | None = None

    def read_answers(self) -> dict[str, AttributeValue]:
        """Return the answers as annotations have them; gold has a list with the votes."""
        if isinstance(self.answers, dict):
            return self.answers
        return {each.question: each.value for each in self.answers}


class PredictionPayload(NamedTuple):
    """The result sent for one document, and the score by which Label Studio can order."""

    result: list[dict[str, Any]]
    score: float


@dataclass
class PredictionFile:
    """The predictions of a file for one pass, on disk, one for each document.

    ``excluded`` counts, by label, relation or question, what the pass does not show.
    """

    connection: sqlite3.Connection = field(default_factory=lambda: sqlite3.connect(""))
    excluded: Counter[str] = field(default_factory=Counter)

    def get(self, doc_id: str) -> PredictionPayload | None:
        """Return the prediction for one document, or None."""
        query = "SELECT result, score FROM predictions WHERE doc_id = ?"
        row = self.connection.execute(query, (doc_id,)).fetchone()
        return PredictionPayload(msgspec.json.decode(row[0]), row[1]) if row else None

    def doc_ids(self) -> Iterator[str]:
        """Yield the ids of the documents that have a prediction, in order."""
        for (doc_id,) in self.connection.execute("SELECT doc_id FROM predictions ORDER BY doc_id"):
            yield doc_id


def read_predictions(
    path: Path, documents: DocumentIndex, schema: Schema, pass_name: str
) -> PredictionFile:
    """Read and validate JSON Lines of annotations, of gold, or of their first fields.

    Raises:
        InputError: a line is no prediction, or does not fit its document, the text or the schema.
        SpanError: an offset is not inside the text.
    """
    file = PredictionFile()
    file.connection.execute(
        "CREATE TABLE predictions (doc_id TEXT PRIMARY KEY, result BLOB NOT NULL,"
        " score REAL NOT NULL) WITHOUT ROWID"
    )
    with convert_os_errors(path), open_file(path) as lines:
        for number, raw in jsonl.read_objects(lines, str(path)):
            where = f"{path}:{number}"
            try:
                document, given = _parse_prediction(raw, documents)
                result = _encode_shown(document, given, schema, pass_name, file.excluded)
                row = (
                    document.doc_id,
                    msgspec.json.encode(result),
                    compute_score(given.uncertainty),
                )
                file.connection.execute("INSERT INTO predictions VALUES (?, ?, ?)", row)
            except sqlite3.IntegrityError:
                what = "a second prediction for this document"
                raise InputError(what, where=where, remedy="keep one") from None
            except SaysoError as error:
                location = f"{where} {error.where}".strip()
                remedy = error.remedy or "correct the line"
                raise type(error)(error.what, where=location, remedy=remedy) from error
    return file


def _parse_prediction(
    raw: dict[str, Any], documents: DocumentIndex
) -> tuple[Document, _PredictionInput]:
    try:
        given = msgspec.convert(raw, _PredictionInput)
    except msgspec.ValidationError as error:
        raise InputError(str(error)) from error
    document = documents.get(given.doc_id)
    if document is None:
        what = f"no document {given.doc_id} in the corpus"
        raise InputError(what, remedy="run `sayso ingest` first")
    if document.text_sha256 != given.text_sha256:
        raise InputError("made for another text than the corpus holds", where=given.doc_id)
    return document, given


def _encode_shown(
    document: Document,
    given: _PredictionInput,
    schema: Schema,
    pass_name: str,
    excluded: Counter[str],
) -> list[dict[str, Any]]:
    """Encode what the pass shows; decode everything first, to prove that it survives."""
    mentions = [_build_mention(mention, document) for mention in given.mentions]
    relations = [Relation(type=r.type, head=r.head, tail=r.tail) for r in given.relations]
    answers = given.read_answers()
    _require_declared(mentions, relations, answers, schema)
    result = encode_result(mentions, relations, schema, given.note, answers)
    decoded = decode_result(result, document.text, schema)
    expected = (
        sort_mentions(msgspec.structs.replace(m, id=encode_region_id(m.id)) for m in mentions),
        sort_relations(
            Relation(type=r.type, head=encode_region_id(r.head), tail=encode_region_id(r.tail))
            for r in relations
        ),
        answers,
    )
    if decoded.kept or (decoded.mentions, decoded.relations, decoded.answers) != expected:
        reason = decoded.kept[0].reason if decoded.kept else "does not read back as it was written"
        raise InputError(reason, where=document.doc_id)
    labels, types = schema.labels_of_pass(pass_name), schema.relations_of_pass(pass_name)
    questions = schema.questions_of_pass(pass_name)
    excluded.update(m.label for m in decoded.mentions if m.label not in labels)
    excluded.update(r.type for r in decoded.relations if r.type not in types)
    excluded.update(name for name in decoded.answers if name not in questions)
    return encode_result(
        [mention for mention in decoded.mentions if mention.label in labels],
        [relation for relation in decoded.relations if relation.type in types],
        schema,
        given.note,
        {name: value for name, value in decoded.answers.items() if name in questions},
    )


def _build_mention(given: _MentionInput, document: Document) -> Mention:
    span = spans.Span(given.start, given.end)
    return Mention(
        id=given.id,
        label=given.label,
        start=span.start,
        end=span.end,
        text=spans.slice_text(span, document.text, given.text),
        attributes=given.attributes,
        flag=given.flag,
        note=given.note,
    )


def _require_declared(
    mentions: Iterable[Mention],
    relations: Iterable[Relation],
    answers: Mapping[str, AttributeValue],
    schema: Schema,
) -> None:
    for mention in mentions:
        label, where = schema.labels.get(mention.label), f"mention {mention.id}"
        if label is None:
            raise InputError(f"no label {mention.label!r} in the schema", where=where)
        for name, value in mention.attributes.items():
            if name not in label.attributes:
                raise InputError(f"{mention.label} has no attribute {name!r}", where=where)
            _require_known(label.attributes[name], value, f"{where}, {name}")
    for relation in relations:
        if relation.type not in schema.relations:
            raise InputError(f"no relation {relation.type!r} in the schema")
    for name, value in answers.items():
        if name not in schema.questions:
            raise InputError(f"no question {name!r} in the schema")
        _require_known(schema.questions[name], value, f"question {name}")


def _require_known(attribute: Attribute, value: AttributeValue, where: str) -> None:
    if not attribute.accepts(value):
        raise InputError(f"a value that the schema does not know: {value!r}", where=where)
