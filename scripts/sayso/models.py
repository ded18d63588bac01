"""The records of the corpus: frozen, typed, checked when they are made.

A record is one line of JSON Lines. Fields stand in the order below, mentions and relations in one canonical order,
absent values are left out: so a difference between two files is a difference between two readings.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from sayso.errors import SpanError
from sayso.spans import Span

DocId = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9._-]{1,200}$", description="Stable name of a document.")
]
# By length when read, which costs nothing; that it is the text's own hash is a matter for `sayso check`.
Sha256 = Annotated[
    str,
    Meta(
        min_length=64,
        max_length=64,
        description="SHA-256 of a text's UTF-8, in hexadecimal.",
        extra_json_schema={"pattern": "^[0-9a-f]{64}$"},
    ),
]
Offset = Annotated[
    int, Meta(ge=0, description="Code points from the start of the text as received.")
]
Pseudonym = Annotated[
    str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$", description="An annotator, and never a name.")
]
Split = Literal["train", "validation", "test"]
AnnotatorKind = Literal["human", "program", "adjudicator"]
AnnotationStatus = Literal["submitted", "skipped"]
StartedFrom = Literal["nothing", "prediction", "annotation"]
DecisionMethod = Literal["unanimous", "majority", "adjudicated"]
AttributeValue = str | int

UNKNOWN_LICENCE = "unknown"


def sha256(text: str) -> str:
    """SHA-256 of the text's UTF-8, in hexadecimal: the identity of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


class Record(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Base of every record: immutable, no field that is not declared, defaults left out of the line."""


class Document(Record, frozen=True, kw_only=True):
    """One article: its text verbatim and what is known of it.

    ``split`` is fixed at ingest by a hash of the document's cluster of near-duplicates and never changes.
    ``license`` is an SPDX identifier or ``unknown``; ``language`` is BCP 47; dates are ISO 8601 as received.
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
    """A span with a label and attributes. ``text`` is the slice, for whoever reads a difference; never read back.

    ``started_from`` says whether a person took the mention over from a prediction, as it was or changed.

    Raises:
        SpanError: the offsets are negative, empty or do not have the length of ``text``.
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
        """Where the mention stands."""
        return Span(self.start, self.end)


class Relation(Record, frozen=True, kw_only=True):
    """A typed arrow between two mentions of the same annotation, by their ids."""

    type: str
    head: str
    tail: str


class UnknownItem(Record, frozen=True, kw_only=True):
    """Something that came back and that the schema does not know: kept as it came, with the reason, counted."""

    reason: str
    item: Any


class AnnotationOrigin(Record, frozen=True, kw_only=True):
    """Where an annotation was made, so that it can be found again there."""

    system: str
    project: int
    task: int
    annotation: int


class Annotation(Record, frozen=True, kw_only=True):
    """One annotator's full answer for one document.

    ``interface`` names the pass that was answered (``names``, ``claims`` or ``all``). ``created`` and ``updated`` are
    ISO 8601 as the server gave them; ``lead_time_seconds`` is the time that the server measured. ``text_read`` is the
    hash of the text that the annotator had, where the answer was carried over from it to the document's present one.
    ``guidelines_version`` is that of the guidelines that stood before the annotator; None where nobody knows.
    """

    doc_id: DocId
    text_sha256: Sha256
    text_read: Sha256 | None = None
    campaign: str
    interface: str
    annotator: Pseudonym
    annotator_kind: AnnotatorKind
    schema_version: str
    guidelines_version: str | None = None
    status: AnnotationStatus
    created: str
    updated: str
    lead_time_seconds: float | None = None
    started_from: StartedFrom = "nothing"
    mentions: tuple[Mention, ...] = ()
    relations: tuple[Relation, ...] = ()
    note: str | None = None
    kept: tuple[UnknownItem, ...] = ()
    origin: AnnotationOrigin | None = None


class GoldMention(Mention, frozen=True, kw_only=True):
    """A mention that was decided: how, and which annotators had marked it just so.

    Who left optional words out counts among those who gave them, if all else is the same and all gave the same words.
    """

    decided: DecisionMethod
    votes: tuple[Pseudonym, ...] = ()


class GoldRelation(Relation, frozen=True, kw_only=True):
    """A relation that was decided: how, and which annotators had drawn it just so."""

    decided: DecisionMethod
    votes: tuple[Pseudonym, ...] = ()


class Gold(Record, frozen=True, kw_only=True):
    """The adjudicated reading of one document; ``text_read`` as of an annotation.

    ``interface`` is the pass whose answers were decided on. ``adjudicator`` is who did, None where the answers alone
    decided: all the same, or by majority. ``declined`` and ``declined_relations`` hold every reading of an annotator
    that was not taken, with its votes; no mention of either has the id of another, and a declined relation may lead
    to any of them.
    """

    doc_id: DocId
    text_sha256: Sha256
    text_read: Sha256 | None = None
    campaign: str
    interface: str | None = None
    schema_version: str
    adjudicated: str
    adjudicator: Pseudonym | None = None
    annotators: tuple[Pseudonym, ...]
    mentions: tuple[GoldMention, ...] = ()
    relations: tuple[GoldRelation, ...] = ()
    declined: tuple[GoldMention, ...] = ()
    declined_relations: tuple[GoldRelation, ...] = ()
    note: str | None = None


MentionT = TypeVar("MentionT", bound=Mention)
RelationT = TypeVar("RelationT", bound=Relation)


def sort_mentions(mentions: Iterable[MentionT]) -> tuple[MentionT, ...]:
    """Mentions as they stand in a record: by start, the longer first, then label and id."""
    return tuple(sorted(mentions, key=lambda m: (m.start, -m.end, m.label, m.id)))


def sort_relations(relations: Iterable[RelationT]) -> tuple[RelationT, ...]:
    """Relations as they stand in a record: by head, type and tail."""
    return tuple(sorted(relations, key=lambda r: (r.head, r.type, r.tail)))


_ENCODER = msgspec.json.Encoder(order="deterministic")


def encode(record: Any) -> bytes:
    """One record as canonical JSON, without a line end: declared field order, sorted keys elsewhere, UTF-8.

    >>> encode_result(RelationType(record_type="source", read_header="c1", tail="a1"))
    b'{"type":"source","head":"c1","tail":"a1"}'
    """
    return _ENCODER.encode(record)
