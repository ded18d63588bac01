"""A document with one annotation of it, in anybody's labels: what every format takes and gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from sayso import jsonl
from sayso.errors import InputError, SpanError
from sayso.files import is_file
from sayso.formats.losses import Loss, Losses
from sayso.models import (
    AttributeValue,
    DecisionMethod,
    Mention,
    Pseudonym,
    Record,
    Relation,
    UnknownItem,
    sort_mentions,
    sort_relations,
)
from sayso.schema.declarations import Joins, Schema
from sayso.spans import Span, validate

METADATA_FIELDS = (
    "title",
    "outlet",
    "url",
    "published",
    "language",
    "license",
    "source_name",
    "split",
    "ingested",
    "text_sha256",
    "campaign",
    "interface",
    "annotator",
    "annotator_kind",
    "annotator_role",
    "changed_by",
    "schema_version",
    "guidelines_version",
    "status",
    "created",
    "updated",
    "lead_time_seconds",
    "started_from",
    "unseen",
    "text_read",
    "origin",
    "adjudicated",
    "decided",
    "adjudicator",
    "adjudicator_kind",
    "annotators",
    "annotator_kinds",
)
"""Names in ``AnnotatedDocument.about``, in the order of columns."""

METADATA_FILE = "documents.jsonl"
"""Metadata, notes and answers, beside the files of a format that has no place for them."""

_MAXIMUM_CLOSED_VALUES = 64
FieldsT = TypeVar("FieldsT")


class FormatMention(Mention, frozen=True, kw_only=True):
    """A mention in anybody's labels; how it was decided where it was adjudicated."""

    decided: DecisionMethod | None = None
    votes: tuple[Pseudonym, ...] = ()
    amended: tuple[str, ...] = ()


class FormatRelation(Relation, frozen=True, kw_only=True):
    """A relation of anybody's types; ``decided`` and ``votes`` where it was adjudicated.

    ``joins`` is set where the schema or the format says that the relation joins mentions.
    """

    joins: Joins | None = None
    decided: DecisionMethod | None = None
    votes: tuple[Pseudonym, ...] = ()


class FormatAnswer(Record, frozen=True, kw_only=True):
    """An answer to anybody's question about the document, or its category."""

    question: str
    value: AttributeValue
    decided: DecisionMethod | None = None
    votes: tuple[Pseudonym, ...] = ()


class AnnotatedDocument(Record, frozen=True, kw_only=True):
    """A document with one annotation of it; ``about`` is the metadata of both.

    Offsets are code points over ``text`` exactly as received, which may be empty.
    """

    doc_id: str
    text: str
    about: dict[str, str] = {}  # noqa: RUF012 - msgspec gives each its own
    mentions: tuple[FormatMention, ...] = ()
    relations: tuple[FormatRelation, ...] = ()
    answers: tuple[FormatAnswer, ...] = ()
    note: str | None = None
    kept: tuple[UnknownItem, ...] = ()


class MetadataRecord(Struct, omit_defaults=True):
    """A line of ``METADATA_FILE``."""

    doc_id: str
    about: dict[str, str] = {}
    note: str | None = None
    answers: tuple[FormatAnswer, ...] = ()


def encode_metadata(annotated: AnnotatedDocument, *, answers: bool = True) -> bytes:
    """Return the line of a document in ``METADATA_FILE``, with ``answers`` or without."""
    given = annotated.answers if answers else ()
    record = MetadataRecord(annotated.doc_id, annotated.about, annotated.note, given)
    return msgspec.json.encode(record, order="sorted") + b"\n"


def read_metadata_file(path: Path) -> dict[str, MetadataRecord]:
    """Read the metadata by doc_id; empty where there is no such file."""
    return (
        {record.doc_id: record for record in jsonl.read(path, MetadataRecord)}
        if is_file(path)
        else {}
    )


def require_text(record: object, location: str) -> None:
    """Raise unless everything in a record can be stored.

    Raises:
        InputError: half of a surrogate pair, a number of thousands of digits, or nesting without
            end.
    """
    try:
        msgspec.json.encode(record)
    except UnicodeEncodeError as error:
        what = f"half of a surrogate pair, U+{ord(error.object[error.start]):04X}"
        remedy = "get the file again from its source; this copy is damaged"
        raise InputError(what, where=location, remedy=remedy) from error
    except (ValueError, RecursionError) as error:
        remedy = "correct it where it comes from"
        raise InputError(str(error)[:200], where=location, remedy=remedy) from error


def convert_fields(value: object, kind: type[FieldsT], location: str) -> FieldsT:
    """Return an object of ours made of fields that a file gives.

    Raises:
        InputError: a field has a value that ours cannot have.
    """
    try:
        return msgspec.convert(value, kind, from_attributes=True)
    except msgspec.ValidationError as error:
        remedy = "correct it where it comes from"
        raise InputError(str(error), where=location, remedy=remedy) from error


def require_inside(span: Span, text: str, location: str) -> None:
    """Raise unless the span is inside the text and not empty.

    Raises:
        SpanError: it is not, at ``location``; nothing is clipped.
    """
    try:
        validate(span, text)
    except SpanError as error:
        raise SpanError(
            str(error), where=location, remedy="correct the offsets where they come from"
        ) from error


def build_mention(
    text: str, location: str, identifier: str, label: str, span: Span
) -> FormatMention:
    """Return a mention of a slice of the text.

    Raises:
        SpanError: the offsets do not fit the text.
    """
    require_inside(span, text, f"{location} {identifier}")
    return FormatMention(
        id=identifier, label=label, start=span.start, end=span.end, text=text[span.start : span.end]
    )


def validate_document(annotated: AnnotatedDocument, location: str) -> AnnotatedDocument:
    """Return the document if its ids are unique and its relations lead to mentions.

    Raises:
        InputError: they do not.
    """
    ids: set[str] = set()
    for mention in annotated.mentions:
        if mention.id in ids:
            raise InputError(
                f"two mentions are called {mention.id!r}",
                where=location,
                remedy="give each its own id",
            )
        ids.add(mention.id)
    for relation in annotated.relations:
        if missing := {relation.head, relation.tail} - ids:
            raise InputError(
                f"relation {relation.type} to a mention that is not there: {min(missing)!r}",
                where=location,
                remedy="add the mention, or remove the relation",
            )
    return annotated


def sort_document(annotated: AnnotatedDocument) -> AnnotatedDocument:
    """Return the document with mentions, relations and answers in canonical order."""
    return replace(
        annotated,
        mentions=sort_mentions(annotated.mentions),
        relations=sort_relations(annotated.relations),
        answers=tuple(sorted(annotated.answers, key=lambda answer: answer.question)),
    )


def drop_unheld(
    annotated: AnnotatedDocument, unheld: Iterable[Loss], losses: Losses
) -> AnnotatedDocument:
    """Return the document without the things that a format never holds, and count these.

    >>> losses = Losses()
    >>> annotated = AnnotatedDocument(doc_id="d", text="", note="Hm.")
    >>> drop_unheld(annotated, [Loss.DOCUMENT_NOTES], losses).note
    >>> losses[Loss.DOCUMENT_NOTES]
    1
    """
    for loss in unheld:
        count, annotated = REMOVERS[loss](annotated)
        if count:
            losses[loss] += count
    return annotated


def _clear_mentions(
    annotated: AnnotatedDocument, count: Callable[[FormatMention], int], **cleared: object
) -> tuple[int, AnnotatedDocument]:
    found = sum(count(mention) for mention in annotated.mentions)
    if found:
        mentions = tuple(replace(mention, **cleared) for mention in annotated.mentions)
        annotated = replace(annotated, mentions=mentions)
    return found, annotated


def _clear_decisions(annotated: AnnotatedDocument) -> tuple[int, AnnotatedDocument]:
    found, annotated = _clear_mentions(
        annotated, lambda m: m.decided is not None, decided=None, votes=(), amended=()
    )
    for name in ("relations", "answers"):
        items = getattr(annotated, name)
        decided = sum(each.decided is not None for each in items)
        if decided:
            cleared = tuple(replace(each, decided=None, votes=()) for each in items)
            annotated, found = replace(annotated, **{name: cleared}), found + decided
    return found, annotated


REMOVERS: dict[Loss, Callable[[AnnotatedDocument], tuple[int, AnnotatedDocument]]] = {
    Loss.TEXT: lambda a: (int(bool(a.text)), replace(a, text="")),
    Loss.METADATA: lambda a: (len(a.about), replace(a, about={})),
    Loss.DOCUMENT_NOTES: lambda a: (int(a.note is not None), replace(a, note=None)),
    Loss.ANSWERS: lambda a: (len(a.answers), replace(a, answers=())),
    Loss.UNKNOWN_ITEMS: lambda a: (len(a.kept), replace(a, kept=())),
    Loss.ATTRIBUTES: lambda a: _clear_mentions(a, lambda m: len(m.attributes), attributes={}),
    Loss.FLAGS: lambda a: _clear_mentions(a, lambda m: m.flag is not None, flag=None),
    Loss.MENTION_NOTES: lambda a: _clear_mentions(a, lambda m: m.note is not None, note=None),
    Loss.STARTED_FROM: lambda a: _clear_mentions(
        a, lambda m: m.started_from is not None, started_from=None
    ),
    Loss.DECISIONS: _clear_decisions,
    Loss.RELATIONS: lambda a: (len(a.relations), replace(a, relations=())),
}


def drop_mentions(
    annotated: AnnotatedDocument, find_loss: Callable[[FormatMention], Loss | None], losses: Losses
) -> AnnotatedDocument:
    """Drop the mentions for which ``find_loss`` gives a loss, and their relations; count them."""
    found = {mention.id: find_loss(mention) for mention in annotated.mentions}
    dropped = [loss for loss in found.values() if loss]
    if not dropped:
        return annotated
    losses.update(dropped)
    mentions = tuple(mention for mention in annotated.mentions if not found[mention.id])
    relations = tuple(r for r in annotated.relations if not (found[r.head] or found[r.tail]))
    if loose := len(annotated.relations) - len(relations):
        losses[Loss.RELATION_LOOSE] += loose
    return replace(annotated, mentions=mentions, relations=relations)


def find_same_label_overlaps(mentions: Iterable[FormatMention]) -> set[str]:
    """Return the ids of mentions that overlap an earlier or longer one of their label."""
    end_of_label: dict[str, int] = {}
    overlapping: set[str] = set()
    for mention in sort_mentions(mentions):
        if mention.start < end_of_label.get(mention.label, 0):
            overlapping.add(mention.id)
        else:
            end_of_label[mention.label] = mention.end
    return overlapping


@dataclass
class AttributeUse:
    """The values of an attribute in use, None where there are more than 64, and their types."""

    values: set[AttributeValue] | None = field(default_factory=set)
    types: set[type] = field(default_factory=set)

    def add_value(self, value: AttributeValue) -> None:
        """Add one more value."""
        self.types.add(type(value))
        if self.values is not None:
            self.values.add(value)
            if len(self.values) > _MAXIMUM_CLOSED_VALUES:
                self.values = None


@dataclass
class Vocabulary:
    """The labels, attributes and relation types in use, and the labels at the relations' ends."""

    attributes: dict[str, dict[str, AttributeUse]] = field(default_factory=dict)
    relation_ends: dict[str, set[tuple[str, str]]] = field(default_factory=dict)

    def add_document(self, annotated: AnnotatedDocument) -> None:
        """Add what one more document uses."""
        for mention in annotated.mentions:
            used = self.attributes.setdefault(mention.label, {})
            for name, value in mention.attributes.items():
                if name not in used:
                    used[name] = AttributeUse()
                used[name].add_value(value)
        label = (
            {mention.id: mention.label for mention in annotated.mentions}
            if annotated.relations
            else {}
        )
        for relation in annotated.relations:
            if relation.joins == "fragments":
                continue  # it is inside a mention
            ends = self.relation_ends.setdefault(relation.type, set())
            ends.add((label[relation.head], label[relation.tail]))

    @property
    def labels(self) -> list[str]:
        """The labels, in alphabetical order."""
        return sorted(self.attributes)


@dataclass(frozen=True)
class ExportContent:
    """The documents to write, as often as they are iterated, and what is in use in all of them.

    ``schema`` is None where nobody declared what the names mean.
    """

    documents: Iterable[AnnotatedDocument]
    vocabulary: Vocabulary
    schema: Schema | None = None
