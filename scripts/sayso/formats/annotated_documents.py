"""A document and one reading of it, in anybody's words: what every format here takes and gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from msgspec.structs import replace

from sayso.errors import InputError, SpanError
from sayso.models import (
    DecisionMethod,
    Mention,
    Pseudonym,
    Record,
    Relation,
    UnknownItem,
    sort_mentions,
    sort_relations,
)
from sayso.spans import Span, validate

Losses = Counter[str]
"""How many of each kind of thing a format cannot hold, the kind in words."""

ATTRIBUTES = "attributes"
FLAGS = "flags"
MENTION_NOTES = "notes on mentions"
DOCUMENT_NOTES = "notes on documents"
RELATIONS = "relations"
KEPT_PARTS = "parts of answers that were kept apart"
DECISIONS = "decisions and votes"
PREDICTION_TRACES = "marks that a mention was taken over from a prediction"
DOCUMENTS = "documents"
LOOSE_RELATIONS = "relations whose mention is left out"

ALL_CONTENT = frozenset(
    {
        ATTRIBUTES,
        FLAGS,
        MENTION_NOTES,
        DOCUMENT_NOTES,
        RELATIONS,
        KEPT_PARTS,
        DECISIONS,
        PREDICTION_TRACES,
    }
)


class FormatMention(Mention, frozen=True, kw_only=True):
    """A mention in anybody's words; ``decided`` and ``votes`` where it was adjudicated."""

    decided: DecisionMethod | None = None
    votes: tuple[Pseudonym, ...] = ()


class FormatRelation(Relation, frozen=True, kw_only=True):
    """A relation in anybody's words; ``decided`` and ``votes`` where it was adjudicated."""

    decided: DecisionMethod | None = None
    votes: tuple[Pseudonym, ...] = ()


class AnnotatedDocument(Record, frozen=True, kw_only=True):
    """A document and one reading of it. ``about`` is what is known of both: title, language, campaign, annotator, …

    Offsets are code points over ``text`` exactly as received, which may be empty.
    """

    doc_id: str
    text: str
    about: dict[str, str] = {}  # noqa: RUF012 - msgspec gives each its own
    mentions: tuple[FormatMention, ...] = ()
    relations: tuple[FormatRelation, ...] = ()
    note: str | None = None
    kept: tuple[UnknownItem, ...] = ()


def require_inside(span: Span, text: str, location: str) -> None:
    """Raise unless the span is inside the text and not empty; ``place`` is what the error names.

    Raises:
        SpanError: it is not; nothing is clipped.
    """
    try:
        validate(span, text)
    except SpanError as error:
        raise SpanError(
            str(error), where=location, remedy="mend the offsets where they come from"
        ) from error


def build_mention(
    text: str, location: str, identifier: str, label: str, span: Span
) -> FormatMention:
    """A mention of a slice of the text.

    Raises:
        SpanError: the offsets do not fit the text; names ``place``.
    """
    require_inside(span, text, f"{location} {identifier}")
    return FormatMention(
        id=identifier, label=label, start=span.start, end=span.end, text=text[span.start : span.end]
    )


def validate_document(annotated: AnnotatedDocument, location: str) -> AnnotatedDocument:
    """The reading itself, if its mentions are slices of its text, its ids single and its relations tied.

    Raises:
        SpanError: a mention is not the slice that it says it is.
        InputError: an id stands twice, or a relation has an end that is not there.
    """
    ids: set[str] = set()
    for mention in annotated.mentions:
        if annotated.text[mention.start : mention.end] != mention.text:
            raise SpanError(
                f"mention {mention.id} [{mention.start}, {mention.end}) is not the slice of its text",
                where=location,
                remedy="run `sayso check`",
            )
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
                remedy="run `sayso check`",
            )
    return annotated


def sort_document(annotated: AnnotatedDocument) -> AnnotatedDocument:
    """The reading with mentions and relations in canonical order."""
    return replace(
        annotated,
        mentions=sort_mentions(annotated.mentions),
        relations=sort_relations(annotated.relations),
    )


def drop_unheld(
    annotated: AnnotatedDocument, holds: Iterable[str], losses: Losses
) -> AnnotatedDocument:
    """The reading with only those kinds of things that a format holds; what is left out is counted.

    >>> losses = Counter()
    >>> drop_unheld(AnnotatedDocument(doc_id="d", text="", note="Hm."), {RELATIONS}, losses).note, dict(losses)
    (None, {'notes on documents': 1})
    """
    for kind in ALL_CONTENT - frozenset(holds):
        count, annotated = _REMOVERS[kind](annotated)
        if count:
            losses[kind] += count
    return annotated


def _clear_mentions(
    reading: AnnotatedDocument, count: Callable[[FormatMention], int], **cleared: object
) -> tuple[int, AnnotatedDocument]:
    found = sum(count(mention) for mention in reading.mentions)
    if found:
        reading = replace(
            reading, mentions=tuple(replace(mention, **cleared) for mention in reading.mentions)
        )
    return found, reading


def _clear_decisions(reading: AnnotatedDocument) -> tuple[int, AnnotatedDocument]:
    found, reading = _clear_mentions(
        reading, lambda m: m.decided is not None, decided=None, votes=()
    )
    drawn = sum(relation.decided is not None for relation in reading.relations)
    if drawn:
        reading = replace(
            reading,
            relations=tuple(replace(each, decided=None, votes=()) for each in reading.relations),
        )
    return found + drawn, reading


_REMOVERS: dict[str, Callable[[AnnotatedDocument], tuple[int, AnnotatedDocument]]] = {
    ATTRIBUTES: lambda r: _clear_mentions(r, lambda m: len(m.attributes), attributes={}),
    FLAGS: lambda r: _clear_mentions(r, lambda m: m.flag is not None, flag=None),
    MENTION_NOTES: lambda r: _clear_mentions(r, lambda m: m.note is not None, note=None),
    PREDICTION_TRACES: lambda r: _clear_mentions(
        r, lambda m: m.started_from is not None, started_from=None
    ),
    DECISIONS: _clear_decisions,
    DOCUMENT_NOTES: lambda r: (int(r.note is not None), replace(r, note=None)),
    RELATIONS: lambda r: (len(r.relations), replace(r, relations=())),
    KEPT_PARTS: lambda r: (len(r.kept), replace(r, kept=())),
}


def drop_mentions(
    annotated: AnnotatedDocument, find_reason: Callable[[FormatMention], str | None], losses: Losses
) -> AnnotatedDocument:
    """The reading without the mentions for which ``why`` gives a reason, and without the relations of these."""
    staying = []
    for mention in annotated.mentions:
        reason = find_reason(mention)
        if reason is None:
            staying.append(mention)
        else:
            losses[reason] += 1
    if len(staying) == len(annotated.mentions):
        return annotated
    ids = {mention.id for mention in staying}
    relations = tuple(r for r in annotated.relations if r.head in ids and r.tail in ids)
    if loose := len(annotated.relations) - len(relations):
        losses[LOOSE_RELATIONS] += loose
    return replace(annotated, mentions=tuple(staying), relations=relations)


def find_same_label_overlaps(mentions: Iterable[FormatMention]) -> Callable[[FormatMention], bool]:
    """Whether a mention overlaps one of its own label that starts before it, or is longer, and stays itself."""
    open_until: dict[str, int] = {}
    hidden: set[str] = set()
    for mention in sort_mentions(mentions):
        if mention.start < open_until.get(mention.label, 0):
            hidden.add(mention.id)
        else:
            open_until[mention.label] = mention.end
    return lambda mention: mention.id in hidden


@dataclass
class AttributeUse:
    """How an attribute is used. ``values`` is None from the sixty-fifth on: then it is an open one."""

    values: set[str | int] | None = field(default_factory=set)
    whole_numbers: bool = True

    def add_value(self, value: str | int) -> None:
        """Take in one more value."""
        self.whole_numbers &= isinstance(value, int)
        if self.values is not None:
            self.values.add(value)
            if len(self.values) > _MAXIMUM_CLOSED_VALUES:
                self.values = None


_MAXIMUM_CLOSED_VALUES = 64


@dataclass
class Vocabulary:
    """What is used in some readings: labels with their attributes, and relations with the labels at their ends."""

    attributes: dict[str, dict[str, AttributeUse]] = field(default_factory=dict)
    relation_ends: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    documents: int = 0  # counted by whoever reads them

    def add_document(self, annotated: AnnotatedDocument) -> None:
        """Take in the words of one more reading."""
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
            self.relation_ends.setdefault(relation.type, set()).add(
                (label[relation.head], label[relation.tail])
            )

    @property
    def labels(self) -> list[str]:
        """The labels, in order."""
        return sorted(self.attributes)
