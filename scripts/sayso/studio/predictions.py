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
from sayso.files import explained
from sayso.records import Document, Mention, Relation, Value, ordered_mentions, ordered_relations
from sayso.schema import Schema
from sayso.studio.codec import decode, encode, styled
from sayso.studio.lookup import Texts
from sayso.studio.order import score


class _LooseMention(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A mention as a program writes it, or as gold has it: the words may be left out."""

    id: str
    label: str
    start: int
    end: int
    text: str | None = None
    attributes: dict[str, Value] = {}
    flag: str | None = None
    note: str | None = None
    started_from: Any = None
    by: str | None = None
    score: float | None = None
    decided: Any = None
    votes: Any = None


class _LooseRelation(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A relation, also of gold."""

    type: str
    head: str
    tail: str
    decided: Any = None
    votes: Any = None


class _Loose(Struct, frozen=True, kw_only=True):
    """What is read of a line; a full Annotation has it all, and more that does not matter here."""

    doc_id: str
    text_sha256: str
    mentions: tuple[_LooseMention, ...] = ()
    relations: tuple[_LooseRelation, ...] = ()
    note: str | None = None
    uncertainty: Annotated[float, Meta(ge=0, le=1)] | None = None


class Foretelling(NamedTuple):
    """What is sent for one document: the result, and the score by which Label Studio can order."""

    result: list[dict[str, Any]]
    score: float


@dataclass
class Predictions:
    """What a file holds for one interface, on disk, one result for each document.

    ``left_out`` counts, by label or relation, what the interface does not show.
    """

    connection: sqlite3.Connection = field(default_factory=lambda: sqlite3.connect(""))
    left_out: Counter[str] = field(default_factory=Counter)

    def of(self, doc_id: str) -> Foretelling | None:
        """What is sent for one document, or None."""
        asked = "SELECT result, score FROM predictions WHERE doc_id = ?"
        found = self.connection.execute(asked, (doc_id,)).fetchone()
        return Foretelling(msgspec.json.decode(found[0]), found[1]) if found else None

    def documents(self) -> Iterator[str]:
        """Ids of the documents that have one."""
        for (doc_id,) in self.connection.execute("SELECT doc_id FROM predictions ORDER BY doc_id"):
            yield doc_id


def read(path: Path, texts: Texts, schema: Schema, interface: str) -> Predictions:
    """Read and check a file of predictions: JSON Lines of annotations, or of their first fields.

    Raises:
        InputError: a line is no prediction, or does not fit its document, the text or the schema.
        SpanError: an offset is not inside the text.
    """
    found = Predictions()
    found.connection.execute("CREATE TABLE predictions (doc_id TEXT PRIMARY KEY, result BLOB NOT NULL, "
                             "score REAL NOT NULL) WITHOUT ROWID")  # fmt: skip
    with explained(path), path.open("rb") as file:
        for number, raw in jsonl.objects(file, str(path)):
            where = f"{path}:{number}"
            try:
                doc_id, sent = _checked(raw, texts, schema, interface, found.left_out)
                row = (doc_id, msgspec.json.encode(sent.result), sent.score)
                found.connection.execute("INSERT INTO predictions VALUES (?, ?, ?)", row)
            except sqlite3.IntegrityError:
                raise InputError("a second prediction for this document", where=where, remedy="keep one") from None
            except SaysoError as error:
                place = f"{where} {error.where}".strip()
                raise type(error)(error.what, where=place, remedy=error.remedy or "mend the line") from error
    return found


def _checked(
    raw: dict[str, Any], texts: Texts, schema: Schema, interface: str, left_out: Counter[str]
) -> tuple[str, Foretelling]:
    try:
        loose = msgspec.convert(raw, _Loose)
    except msgspec.ValidationError as error:
        raise InputError(str(error)) from error
    document = texts.get(loose.doc_id)
    if document is None:
        raise InputError(f"no document {loose.doc_id} in the corpus", remedy="run `sayso ingest` first")
    if document.text_sha256 != loose.text_sha256:
        raise InputError("made for another text than the corpus holds", where=loose.doc_id)
    mentions = [_mention(mention, document) for mention in loose.mentions]
    relations = [Relation(type=each.type, head=each.head, tail=each.tail) for each in loose.relations]
    _require_known(mentions, relations, schema)
    result = _shown(mentions, relations, loose.note, document, schema, interface, left_out)
    return loose.doc_id, Foretelling(result, score(loose.uncertainty))


def _mention(loose: _LooseMention, document: Document) -> Mention:
    span = spans.Span(loose.start, loose.end)
    words = spans.words(span, document.text, loose.text)
    return Mention(id=loose.id, label=loose.label, start=span.start, end=span.end, text=words,
                   attributes=loose.attributes, flag=loose.flag, note=loose.note)  # fmt: skip


def _require_known(mentions: Iterable[Mention], relations: Iterable[Relation], schema: Schema) -> None:
    for mention in mentions:
        declared = schema.labels.get(mention.label)
        if declared is None:
            raise InputError(f"no label {mention.label!r} in the schema", where=f"mention {mention.id}")
        for name in mention.attributes:
            if name not in declared.attributes:
                raise InputError(f"{mention.label} has no attribute {name!r}", where=f"mention {mention.id}")
    for relation in relations:
        if relation.type not in schema.relations:
            raise InputError(f"no relation {relation.type!r} in the schema")


def _shown(
    mentions: list[Mention],
    relations: Iterable[Relation],
    note: str | None,
    document: Document,
    schema: Schema,
    interface: str,
    left_out: Counter[str],
) -> list[dict[str, Any]]:
    """The result with whatever the interface shows; proven by reading it back."""
    whole = encode(mentions, relations, schema, note)
    reading = decode(whole, document.text, schema)
    named = [msgspec.structs.replace(mention, id=styled(mention.id)) for mention in mentions]
    arrows = [Relation(type=arrow.type, head=styled(arrow.head), tail=styled(arrow.tail)) for arrow in relations]
    given = (ordered_mentions(named), ordered_relations(arrows))
    if reading.kept or (reading.mentions, reading.relations) != given:
        reason = reading.kept[0].reason if reading.kept else "it does not read back as it was written"
        raise InputError(reason, where=document.doc_id)
    labels, drawn = schema.shown(interface), schema.drawn(interface)
    left_out.update(m.label for m in mentions if m.label not in labels)
    left_out.update(r.type for r in reading.relations if r.type not in drawn)
    return encode(
        [mention for mention in reading.mentions if mention.label in labels],
        [relation for relation in reading.relations if relation.type in drawn],
        schema,
        note,
    )
