"""The records of the corpus: frozen, typed, checked when they are made.

A record is one line of JSON Lines, with its fields in the order below, mentions and relations in
one canonical order, and without absent values. So two files differ only where two annotations
differ.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct, structs

from sayso.errors import SpanError
from sayso.spans import Span

# Patterns end in `$(?!\n)`: `$` alone is the very end in JSON Schema's dialect, but Python, which
# checks here and in many validators, lets it stand before a last line break, too.
DocId = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9._-]{1,200}$(?!\n)", description="Stable name of a document.")
]
# Reading checks the length only, which costs nothing; `sayso check` compares it with the text.
Sha256 = Annotated[
    str,
    Meta(
        min_length=64,
        max_length=64,
        description="SHA-256 of a text's UTF-8, in hexadecimal.",
        extra_json_schema={"pattern": r"^[0-9a-f]{64}$(?!\n)"},
    ),
]
Offset = Annotated[
    int, Meta(ge=0, description="Code points from the start of the text as received.")
]
Pseudonym = Annotated[
    str,
    Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$(?!\n)", description="An annotator, and never a name."),
]
Split = Literal["train", "validation", "test"]
AnnotatorKind = Literal["human", "program"]
AnnotatorRole = Literal["annotator", "adjudicator"]
if TYPE_CHECKING:
    ReadKind = AnnotatorKind
else:  # version 0.1.0 wrote the role as a kind
    ReadKind = Literal["human", "program", "adjudicator"]
AnnotationStatus = Literal["submitted", "skipped"]
StartedFrom = Literal["nothing", "prediction", "annotation"]
DecisionMethod = Literal["unanimous", "majority", "adjudicated"]
Int64 = Annotated[int, Meta(ge=-(1 << 63), le=(1 << 63) - 1)]
"""A whole number as Parquet stores it; JSON has larger ones."""
AttributeValue = bool | Int64 | float | str | tuple[str, ...]

DECODE_ERRORS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""Raised where bytes are not JSON of a record; the last is for nesting without end."""

UNKNOWN_LICENCE = "unknown"
UNKNOWN_KIND = "unknown"  # in gold of version 0.1.0, also of the method


def format_value(value: AttributeValue) -> str:
    """Write a value as text: several values with commas between them.

    >>> format_value(True), format_value(2.5), format_value(("rent", "costs"))
    ('true', '2.5', 'rent, costs')
    """
    if isinstance(value, tuple):
        return ", ".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def is_int64(value: int) -> bool:
    """Test whether a record can hold a whole number.

    >>> is_int64(2**63 - 1), is_int64(2**63)
    (True, False)
    """
    return -(1 << 63) <= value < 1 << 63


def sha256(text: str) -> str:
    """Return the SHA-256 of a text's UTF-8, in hexadecimal, which identifies the text."""
    return hashlib.sha256(text.encode()).hexdigest()


class Record(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Base of every record: immutable, without undeclared fields, defaults left out of the line."""


class Document(Record, frozen=True, kw_only=True):
    """One article: its verbatim text and its metadata.

    ``split`` follows at ingest from a hash of the document's cluster of near-duplicates and never
    changes. ``license`` is an SPDX identifier or ``unknown``; ``language`` is BCP 47; dates are ISO
    8601 as received.
    """

    doc_id: DocId
    title: str | None = None
    outlet: str | None = None
    url: str | None = None
    published: str | None = None
    language: str
    license: str
    source_name: str
    split: Split
    ingested: str
    text_sha256: Sha256
    text: Annotated[str, Meta(min_length=1)]


class Mention(Record, frozen=True, kw_only=True):
    """A span with a label and attributes. ``text`` is the slice, for people who read the file.

    ``started_from`` tells that a person accepted the mention from a prediction, unchanged or
    changed.

    Raises:
        SpanError: the offsets are negative, empty, or not as far apart as ``text`` is long.
    """

    id: str
    label: str
    start: Offset
    end: Offset
    text: str
    attributes: dict[str, AttributeValue] = {}
    flag: str | None = None
    note: str | None = None
    started_from: Literal["prediction", "prediction_changed"] | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end or self.end - self.start != len(self.text):
            raise SpanError(
                f"not the span of its {len(self.text)} code points of text",
                where=f"mention {self.id} [{self.start}, {self.end})",
            )

    @property
    def span(self) -> Span:
        """Its offsets."""
        return Span(self.start, self.end)


class Relation(Record, frozen=True, kw_only=True):
    """A typed arrow between two mentions of one annotation, by their ids."""

    type: str
    head: str
    tail: str


class UnknownItem(Record, frozen=True, kw_only=True):
    """Something in a server's answer that the schema does not know, verbatim, with the reason."""

    reason: str
    item: Any


class AnnotationOrigin(Record, frozen=True, kw_only=True):
    """The ids of an annotation on the server where it was made.

    ``server`` tells servers apart whose numbers coincide; None in older records.
    """

    system: str
    project: Int64
    task: Int64
    annotation: Int64
    server: str | None = None


class Annotation(Record, frozen=True, kw_only=True):
    """Everything that one annotator marked in one document in one pass.

    ``interface`` names the pass. ``created`` and ``updated`` are ISO 8601 as the server gave them,
    and ``lead_time_seconds`` is measured by it. ``text_read`` is the hash of the text that the
    annotator saw, if the annotation has since moved to a newer text of the document.
    ``updated`` is when its content last changed, as far as known, and ``guidelines_version`` that
    of the guidelines shown then; None if unknown. ``changed_by`` is whoever else saved it after its
    annotator, unless it is known that nothing changed. It is ``unseen`` if it was made from a
    prediction without anybody looking at it.

    ``answers`` are those to the questions about the whole document, by question.

    ``annotator_role`` is ``adjudicator`` for the answer of an adjudicator beside those of the
    annotators; it is not compared with theirs. Older lines have ``adjudicator`` as a kind, which is
    read as a person in that role.
    """

    doc_id: DocId
    text_sha256: Sha256
    text_read: Sha256 | None = None
    campaign: str
    interface: str
    annotator: Pseudonym
    annotator_kind: ReadKind
    annotator_role: AnnotatorRole = "annotator"
    changed_by: Pseudonym | None = None
    schema_version: str
    guidelines_version: str | None = None
    status: AnnotationStatus
    created: str
    updated: str
    lead_time_seconds: float | None = None
    started_from: StartedFrom = "nothing"
    unseen: bool = False
    mentions: tuple[Mention, ...] = ()
    relations: tuple[Relation, ...] = ()
    answers: dict[str, AttributeValue] = {}
    note: str | None = None
    kept: tuple[UnknownItem, ...] = ()
    origin: AnnotationOrigin | None = None

    def __post_init__(self) -> None:
        if self.annotator_kind not in ("human", "program"):
            structs.force_setattr(self, "annotator_kind", "human")
            structs.force_setattr(self, "annotator_role", "adjudicator")


class GoldMention(Mention, frozen=True, kw_only=True):
    """A mention of gold: how it was decided, and the annotators who had exactly this mention.

    An annotator who left an optional attribute out votes with those who gave it, if the rest is the
    same and all who gave it gave the same value.

    If nobody had exactly this mention because its attributes were changed in the decision, all who
    marked its span with its label have a vote, and ``amended`` names the attributes in which at
    least one of them differs from it.
    """

    decided: DecisionMethod
    votes: tuple[Pseudonym, ...] = ()
    amended: tuple[str, ...] = ()


class GoldRelation(Relation, frozen=True, kw_only=True):
    """A relation of gold: how it was decided, and the annotators who had exactly this relation."""

    decided: DecisionMethod
    votes: tuple[Pseudonym, ...] = ()


class GoldAnswer(Record, frozen=True, kw_only=True):
    """An answer of gold to a question about the document: how it was decided, and its votes."""

    question: str
    value: AttributeValue
    decided: DecisionMethod
    votes: tuple[Pseudonym, ...] = ()


class Gold(Record, frozen=True, kw_only=True):
    """The result of adjudicating one document in one pass; ``text_read`` as of an annotation.

    ``interface`` is the pass whose annotations were adjudicated. ``decided`` says how it was
    decided: ``adjudicated``, and only then there is an ``adjudicator``, ``unanimous`` if all
    annotators have the same, or by ``majority``. ``annotator_kinds`` has each kind among
    ``annotators`` once. Gold of version 0.1.0 says neither method nor kinds. ``declined`` and
    ``declined_relations`` hold every mention and relation of an annotator that gold did not take,
    with its votes. All ids are distinct, and a declined relation may tie any two mentions.
    ``answers`` has one answer for each question that was decided, and ``declined_answers`` the
    others that annotators gave, in the order of the questions and then of the values.
    """

    doc_id: DocId
    text_sha256: Sha256
    text_read: Sha256 | None = None
    campaign: str
    interface: str | None = None
    schema_version: str
    adjudicated: str
    decided: DecisionMethod | None = None
    adjudicator: Pseudonym | None = None
    adjudicator_kind: AnnotatorKind | None = None
    annotators: tuple[Pseudonym, ...]
    annotator_kinds: tuple[AnnotatorKind, ...] = ()
    mentions: tuple[GoldMention, ...] = ()
    relations: tuple[GoldRelation, ...] = ()
    declined: tuple[GoldMention, ...] = ()
    declined_relations: tuple[GoldRelation, ...] = ()
    answers: tuple[GoldAnswer, ...] = ()
    declined_answers: tuple[GoldAnswer, ...] = ()
    note: str | None = None

    @property
    def decision(self) -> tuple[str, tuple[str, ...]]:
        """The method, and the kind of the adjudicator or else the kinds of the annotators."""
        if self.adjudicator:
            return "adjudicated", (self.adjudicator_kind or UNKNOWN_KIND,)
        return self.decided or UNKNOWN_KIND, self.annotator_kinds or (UNKNOWN_KIND,)

    @property
    def repeated_questions(self) -> tuple[str, ...]:
        """The questions with more than one answer, of which there must be none."""
        counts = Counter(answer.question for answer in self.answers)
        return tuple(question for question, count in counts.items() if count > 1)


MentionT = TypeVar("MentionT", bound=Mention)
RelationT = TypeVar("RelationT", bound=Relation)


def sort_mentions(mentions: Iterable[MentionT]) -> tuple[MentionT, ...]:
    """Return mentions in the order of a record: by start, the longer first, then label and id."""
    return tuple(sorted(mentions, key=lambda m: (m.start, -m.end, m.label, m.id)))


def sort_relations(relations: Iterable[RelationT]) -> tuple[RelationT, ...]:
    """Return relations in the order of a record: by head, type and tail."""
    return tuple(sorted(relations, key=lambda r: (r.head, r.type, r.tail)))


def update_line(line: bytes) -> bytes:
    """Return a line of an annotation with today's names: `adjudicator` was once a kind.

    >>> update_line(b'{"annotator_kind":"adjudicator"}')
    b'{"annotator_kind":"human","annotator_role":"adjudicator"}'
    """
    now = b'"annotator_kind":"human","annotator_role":"adjudicator"'
    return line.replace(b'"annotator_kind":"adjudicator"', now, 1)


_ENCODER = msgspec.json.Encoder(order="deterministic")


def encode(record: Any) -> bytes:
    """Return canonical JSON in UTF-8 without a line end: fields as declared, other keys sorted.

    >>> encode(Relation(type="source", head="c1", tail="a1"))
    b'{"type":"source","head":"c1","tail":"a1"}'
    """
    return _ENCODER.encode(record)
