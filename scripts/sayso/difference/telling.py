"""Entries as rows for people: what, which layer, where, the words, what was and what is. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from sayso.difference.bump import Kind
from sayso.difference.entries import (
    AnswerEntry,
    AnyEntry,
    ClaimChange,
    DocumentEntry,
    Entry,
    GoldEntry,
    LineEntry,
    MentionChange,
    Reading,
    SchemaEntry,
)
from sayso.records import Mention, Relation
from sayso.spans import Span

_DECIDED = {"decided", "votes"}
_NAMED = {"flag", "note"}  # fields of a mention that are kinds of their own
_BESIDE = {"interface", "crosswalk"}  # no row of the data has words of theirs
_REDEFINED = {"kind", "head", "tail"}
_CONTEXT = 40


class Row(NamedTuple):
    """One change. ``layer`` is a label, a type of relation or a field; ``where`` names document and annotator."""

    kind: Kind
    layer: str
    where: str
    words: str = ""
    was: str = ""
    now: str = ""


def rows(entry: AnyEntry) -> Iterator[Row]:
    """The changes of one entry."""
    if isinstance(entry, DocumentEntry):
        return _document(entry)
    if isinstance(entry, AnswerEntry | GoldEntry):
        return _answer(entry)
    return _schema(entry) if isinstance(entry, SchemaEntry) else _line(entry)


def _document(entry: DocumentEntry) -> Iterator[Row]:
    title = entry.title or ""
    if (alone := _alone("document", entry, entry.doc_id, title)) is not None:
        yield alone
        return
    if entry.text:
        yield Row(Kind("document", "text"), "", entry.doc_id, title, _short(entry.text.old), _short(entry.text.new))
    for name, (old, new) in entry.changes.items():
        if name != "text_sha256" or not entry.text:
            change = "split" if name == "split" else "metadata"
            yield Row(Kind("document", change), name, entry.doc_id, title, _said(old), _said(new))
    yield from _otherwise("document", entry, entry.doc_id, told=bool(entry.text or entry.changes))


def _alone(what: str, entry: Entry, where: str, words: str) -> Row | None:
    if entry.older and entry.newer:
        return None
    return Row(Kind(what, "removed" if entry.older else "added"), "", where, words)


def _otherwise(what: str, entry: Entry, where: str, *, told: bool) -> Iterator[Row]:
    """What an entry says of its line alone."""
    if entry.older and entry.newer and entry.older.file != entry.newer.file:
        yield Row(Kind(what, "other file"), "", where, "", entry.older.file, entry.newer.file)
    elif not told:
        yield Row(Kind(what, "rewritten"), "", where, "the same record in other bytes")


def _answer(entry: AnswerEntry | GoldEntry) -> Iterator[Row]:
    what, before = ("gold", "gold ") if isinstance(entry, GoldEntry) else ("answer", "")
    where = entry.doc_id if isinstance(entry, GoldEntry) else f"{entry.doc_id} {entry.campaign}/{entry.annotator}"
    alone = _alone(what, entry, where, "" if isinstance(entry, GoldEntry) else entry.interface)
    if alone is not None:
        yield alone
        yield from _whole(before, alone.kind.change, entry, where)
    else:
        yield from _fields(what, entry, where)
        yield from _mentions(before, entry.reading, "text_sha256" in entry.changes, where)
        yield from _relations(before, entry.reading, where)
        told = bool(entry.changes) or entry.reading != Reading()
        yield from _otherwise(what, entry, where, told=told)
    yield from (_claim(f"{before}claim", change, where) for change in entry.claims)


def _whole(before: str, change: str, entry: AnswerEntry | GoldEntry, where: str) -> Iterator[Row]:
    """What came or went with its answer. Of what went, the answer alone counts."""
    if entry.record is None:
        return
    mention, relation = Kind(f"{before}mention", change), Kind(f"{before}relation", change)
    for each in entry.record.mentions:
        yield Row(mention, each.label, where, each.text)
    texts = {each.id: each.text for each in entry.record.mentions}
    for drawn in entry.record.relations:
        yield Row(relation, drawn.type, where, _ends(drawn, texts))


def _fields(what: str, entry: AnswerEntry | GoldEntry, where: str) -> Iterator[Row]:
    kinds = {"text_sha256": "text", "text_read": "text", "created": "given anew", "status": "status", "kept": "kept"}
    kinds = kinds if what == "answer" else {"text_sha256": "text", "text_read": "text"}
    for name, (old, new) in entry.changes.items():
        yield Row(Kind(what, kinds.get(name, "details")), name, where, "", _said(old), _said(new))


def _mentions(before: str, reading: Reading[Any, Any], carried: bool, where: str) -> Iterator[Row]:
    what = f"{before}mention"
    for mention in reading.removed:
        yield Row(Kind(what, "removed"), mention.label, where, mention.text, _span(mention))
    for mention in reading.added:
        yield Row(Kind(what, "added"), mention.label, where, mention.text, "", _span(mention))
    for change in reading.changed:
        for kind, was, now in _mention(change, carried):
            yield Row(Kind(what, kind), change.label, where, change.text, was, now)


def _mention(change: MentionChange, carried: bool) -> Iterator[tuple[str, str, str]]:
    """(kind, was, is) of each thing that changed in a mention."""
    changes = dict(change.changes)
    start, end, text = changes.pop("start", None), changes.pop("end", None), changes.pop("text", None)
    if text:
        yield "boundary", text[0], text[1]
    elif start and end:
        yield ("shifted" if carried else "boundary"), f"[{start[0]}, {end[0]})", f"[{start[1]}, {end[1]})"
    if label := changes.pop("label", None):
        yield "relabelled", label[0], label[1]
    decided = {name: changes.pop(name) for name in _DECIDED & changes.keys()}
    if decided:
        yield "decision", _pairs(decided, 0), _pairs(decided, 1)
    for name, (old, new) in changes.items():
        if name.startswith("attributes."):
            asked = name.removeprefix("attributes.")
            yield "attribute", f"{asked}: {_said(old)}", f"{asked}: {_said(new)}"
        elif name in _NAMED:
            yield name, _said(old), _said(new)
        else:
            yield "details", f"{name}: {_said(old)}", f"{name}: {_said(new)}"


def _pairs(changes: Mapping[str, tuple[Any, Any]], side: int) -> str:
    return ", ".join(f"{name}: {_said(pair[side])}" for name, pair in sorted(changes.items()))


def _relations(before: str, reading: Reading[Any, Any], where: str) -> Iterator[Row]:
    what = f"{before}relation"
    gone = {(each.type, each.head, each.tail) for each in reading.unrelated}
    come = {(each.type, each.head, each.tail) for each in reading.related}
    for each in reading.unrelated:
        if (each.type, each.head, each.tail) not in come:
            yield Row(Kind(what, "removed"), each.type, where, _ends(each, reading.texts))
    for each in reading.related:
        known = (each.type, each.head, each.tail) in gone and before
        yield Row(Kind(what, "decision" if known else "added"), each.type, where, _ends(each, reading.texts))


def _ends(relation: Relation, texts: Mapping[str, str]) -> str:
    head, tail = texts.get(relation.head, relation.head), texts.get(relation.tail, relation.tail)
    return f"{_short(head)} → {_short(tail)}"


def _claim(what: str, change: ClaimChange, where: str) -> Row:
    sides = [_role(name, was, now) for name, (was, now) in change.changes.items()]
    was, now = ("; ".join(side[n] for side in sides) for n in (0, 1))
    return Row(Kind(what, change.change), "", where, change.text, was, now)


def _role(name: str, was: Any, now: Any) -> tuple[str, str]:
    """What stood and stands in one role, by its words, and by all that is known where these are the same."""
    old, new = _hanging(was, _hung), _hanging(now, _hung)
    if old == new:
        old, new = _hanging(was, _said), _hanging(now, _said)
    role = name.removeprefix("attributes.")
    return f"{role}: {old}", f"{role}: {new}"


def _hanging(value: Any, told: Callable[[Any], str]) -> str:
    return ", ".join(map(told, value)) if isinstance(value, list) else _said(value)


def _hung(mention: Mapping[str, Any]) -> str:
    """A mention that hangs on a claim, with its bounds where it is a number."""
    bounds = [str(mention[name]) for name in ("lower", "upper") if name in mention]
    return f"{mention['text']} ({'..'.join(dict.fromkeys(bounds))})" if bounds else str(mention["text"])


def _schema(entry: SchemaEntry) -> Iterator[Row]:
    if entry.kind in _BESIDE:
        yield Row(Kind(entry.kind, "wording" if entry.change == "changed" else entry.change), "", "", entry.name)
        return
    if entry.change != "changed":
        yield Row(Kind("schema", entry.change), entry.kind, "", entry.name, "", ", ".join(entry.becomes))
    for name, (old, new) in entry.changes.items():
        change = "redefined" if name in _REDEFINED else name if name in ("required", "order", "version") else "wording"
        yield Row(Kind("schema", change), entry.kind, "", f"{entry.name}: {name}", _said(old), _said(new))


def _line(entry: LineEntry) -> Iterator[Row]:
    for change, place in (("removed", entry.older), ("added", entry.newer)):
        if place and entry.because is not None:
            yield Row(Kind("unreadable line", change), "", f"{place.file}:{place.line}", entry.because)
        elif place:
            yield Row(Kind("file", f"line {change}"), place.file, f"line {place.line}", _short(entry.line or ""))


def _span(mention: Mention) -> str:
    span: Span = mention.span
    return f"[{span.start}, {span.end})"


def _said(value: Any) -> str:
    """A value for people.

    >>> _said(None), _said(["ann-1"]), _said(3)
    ('–', '["ann-1"]', '3')
    """
    if value is None:
        return "–"
    return _short(value if isinstance(value, str) else msgspec.json.encode(value).decode())


def _short(text: str) -> str:
    """One line of it.

    >>> len(_short("x" * 200))
    81
    """
    line = " ".join(text.split())
    return line if len(line) <= 2 * _CONTEXT else f"{line[:_CONTEXT]}…{line[-_CONTEXT:]}"
