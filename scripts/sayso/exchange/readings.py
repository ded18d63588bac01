"""A document and one reading of it, in anybody's words: what every format here takes and gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from msgspec.structs import replace

from sayso.errors import InputError, SpanError
from sayso.records import Decided, Kept, Mention, Pseudonym, Record, Relation, ordered_mentions, ordered_relations
from sayso.spans import Span, check

Losses = Counter[str]
"""How many of each kind of thing a format cannot hold, the kind in words."""

ATTRIBUTES = "attributes"
FLAGS = "flags"
NOTES = "notes on mentions"
DOCUMENT_NOTES = "notes on documents"
RELATIONS = "relations"
KEPT = "parts of answers that were kept apart"
DECISIONS = "decisions and votes"
TRACES = "marks that a mention was taken over from a prediction"
DOCUMENTS = "documents"
LOOSE = "relations whose mention is left out"

EVERYTHING = frozenset({ATTRIBUTES, FLAGS, NOTES, DOCUMENT_NOTES, RELATIONS, KEPT, DECISIONS, TRACES})


class Marked(Mention, frozen=True, kw_only=True):
    """A mention in anybody's words; ``decided`` and ``votes`` where it was adjudicated."""

    decided: Decided | None = None
    votes: tuple[Pseudonym, ...] = ()


class Drawn(Relation, frozen=True, kw_only=True):
    """A relation in anybody's words; ``decided`` and ``votes`` where it was adjudicated."""

    decided: Decided | None = None
    votes: tuple[Pseudonym, ...] = ()


class Reading(Record, frozen=True, kw_only=True):
    """A document and one reading of it. ``about`` is what is known of both: title, language, campaign, annotator, …

    Offsets are code points over ``text`` exactly as received, which may be empty.
    """

    doc_id: str
    text: str
    about: dict[str, str] = {}  # noqa: RUF012 - msgspec gives each its own
    mentions: tuple[Marked, ...] = ()
    relations: tuple[Drawn, ...] = ()
    note: str | None = None
    kept: tuple[Kept, ...] = ()


def within(span: Span, text: str, place: str) -> None:
    """Raise unless the span is inside the text and not empty; ``place`` is what the error names.

    Raises:
        SpanError: it is not; nothing is clipped.
    """
    try:
        check(span, text)
    except SpanError as error:
        raise SpanError(str(error), where=place, remedy="mend the offsets where they come from") from error


def marked(text: str, place: str, identifier: str, label: str, span: Span) -> Marked:
    """A mention of a slice of the text.

    Raises:
        SpanError: the offsets do not fit the text; names ``place``.
    """
    within(span, text, f"{place} {identifier}")
    return Marked(id=identifier, label=label, start=span.start, end=span.end, text=text[span.start : span.end])


def checked(reading: Reading, place: str) -> Reading:
    """The reading itself, if its mentions are slices of its text, its ids single and its relations tied.

    Raises:
        SpanError: a mention is not the slice that it says it is.
        InputError: an id stands twice, or a relation has an end that is not there.
    """
    ids: set[str] = set()
    for mention in reading.mentions:
        if reading.text[mention.start : mention.end] != mention.text:
            raise SpanError(
                f"mention {mention.id} [{mention.start}, {mention.end}) is not the slice of its text",
                where=place, remedy="run `sayso check`",
            )  # fmt: skip
        if mention.id in ids:
            raise InputError(f"two mentions are called {mention.id!r}", where=place, remedy="give each its own id")
        ids.add(mention.id)
    for relation in reading.relations:
        if missing := {relation.head, relation.tail} - ids:
            raise InputError(f"relation {relation.type} to a mention that is not there: {min(missing)!r}",
                             where=place, remedy="run `sayso check`")  # fmt: skip
    return reading


def ordered(reading: Reading) -> Reading:
    """The reading with mentions and relations in canonical order."""
    return replace(reading, mentions=ordered_mentions(reading.mentions), relations=ordered_relations(reading.relations))


def holding(reading: Reading, holds: Iterable[str], losses: Losses) -> Reading:
    """The reading with only those kinds of things that a format holds; what is left out is counted.

    >>> losses = Counter()
    >>> holding(Reading(doc_id="d", text="", note="Hm."), {RELATIONS}, losses).note, dict(losses)
    (None, {'notes on documents': 1})
    """
    for kind in EVERYTHING - frozenset(holds):
        count, reading = _WITHOUT[kind](reading)
        if count:
            losses[kind] += count
    return reading


def _each(reading: Reading, count: Callable[[Marked], int], **cleared: object) -> tuple[int, Reading]:
    found = sum(count(mention) for mention in reading.mentions)
    if found:
        reading = replace(reading, mentions=tuple(replace(mention, **cleared) for mention in reading.mentions))
    return found, reading


def _undecided(reading: Reading) -> tuple[int, Reading]:
    found, reading = _each(reading, lambda m: m.decided is not None, decided=None, votes=())
    drawn = sum(relation.decided is not None for relation in reading.relations)
    if drawn:
        reading = replace(reading, relations=tuple(replace(each, decided=None, votes=()) for each in reading.relations))
    return found + drawn, reading


_WITHOUT: dict[str, Callable[[Reading], tuple[int, Reading]]] = {
    ATTRIBUTES: lambda r: _each(r, lambda m: len(m.attributes), attributes={}),
    FLAGS: lambda r: _each(r, lambda m: m.flag is not None, flag=None),
    NOTES: lambda r: _each(r, lambda m: m.note is not None, note=None),
    TRACES: lambda r: _each(r, lambda m: m.started_from is not None, started_from=None),
    DECISIONS: _undecided,
    DOCUMENT_NOTES: lambda r: (int(r.note is not None), replace(r, note=None)),
    RELATIONS: lambda r: (len(r.relations), replace(r, relations=())),
    KEPT: lambda r: (len(r.kept), replace(r, kept=())),
}


def leaving_out(reading: Reading, why: Callable[[Marked], str | None], losses: Losses) -> Reading:
    """The reading without the mentions for which ``why`` gives a reason, and without the relations of these."""
    staying = []
    for mention in reading.mentions:
        reason = why(mention)
        if reason is None:
            staying.append(mention)
        else:
            losses[reason] += 1
    if len(staying) == len(reading.mentions):
        return reading
    ids = {mention.id for mention in staying}
    relations = tuple(r for r in reading.relations if r.head in ids and r.tail in ids)
    if loose := len(reading.relations) - len(relations):
        losses[LOOSE] += loose
    return replace(reading, mentions=tuple(staying), relations=relations)


def overlap_of_label(mentions: Iterable[Marked]) -> Callable[[Marked], bool]:
    """Whether a mention overlaps one of its own label that starts before it, or is longer, and stays itself."""
    open_until: dict[str, int] = {}
    hidden: set[str] = set()
    for mention in ordered_mentions(mentions):
        if mention.start < open_until.get(mention.label, 0):
            hidden.add(mention.id)
        else:
            open_until[mention.label] = mention.end
    return lambda mention: mention.id in hidden


@dataclass
class Used:
    """How an attribute is used. ``values`` is None from the sixty-fifth on: then it is an open one."""

    values: set[str | int] | None = field(default_factory=set)
    whole_numbers: bool = True

    def hear(self, value: str | int) -> None:
        """Take in one more value."""
        self.whole_numbers &= isinstance(value, int)
        if self.values is not None:
            self.values.add(value)
            if len(self.values) > _CLOSED:
                self.values = None


_CLOSED = 64


@dataclass
class Words:
    """What is used in some readings: labels with their attributes, and relations with the labels at their ends."""

    attributes: dict[str, dict[str, Used]] = field(default_factory=dict)
    ends: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    documents: int = 0  # counted by whoever reads them

    def hear(self, reading: Reading) -> None:
        """Take in the words of one more reading."""
        for mention in reading.mentions:
            used = self.attributes.setdefault(mention.label, {})
            for name, value in mention.attributes.items():
                if name not in used:
                    used[name] = Used()
                used[name].hear(value)
        label = {mention.id: mention.label for mention in reading.mentions} if reading.relations else {}
        for relation in reading.relations:
            self.ends.setdefault(relation.type, set()).add((label[relation.head], label[relation.tail]))

    @property
    def labels(self) -> list[str]:
        """The labels, in order."""
        return sorted(self.attributes)
