"""Entries as rows for people: what, which layer, where, the words, what was and what is. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from sayso.diff.diff_entries import (
    AnnotationDiff,
    AnnotationEntry,
    AnyDiffEntry,
    ClaimChange,
    DiffEntry,
    DocumentEntry,
    GoldEntry,
    LineEntry,
    MentionChange,
    SchemaEntry,
)
from sayso.diff.version_bump import ChangeKind
from sayso.models import Mention, Relation
from sayso.spans import Span

_DECISION_FIELDS = {"decided", "votes"}
_FIELDS_WITH_OWN_KIND = {"flag", "note"}  # fields of a mention that are kinds of their own
_SCHEMA_KINDS_OUTSIDE_DATA = {"interface", "crosswalk"}  # no row of the data has words of theirs
_REDEFINING_FIELDS = {"kind", "head", "tail"}
_MAX_CONTEXT = 40


class ChangeRow(NamedTuple):
    """One change. ``layer`` is a label, a type of relation or a field; ``where`` names document and annotator."""

    kind: ChangeKind
    layer: str
    where: str
    text: str = ""
    before: str = ""
    after: str = ""


def build_rows(entry: AnyDiffEntry) -> Iterator[ChangeRow]:
    """The changes of one entry."""
    if isinstance(entry, DocumentEntry):
        return _document_rows(entry)
    if isinstance(entry, AnnotationEntry | GoldEntry):
        return _annotation_rows(entry)
    return _schema_rows(entry) if isinstance(entry, SchemaEntry) else _file_line_rows(entry)


def _document_rows(entry: DocumentEntry) -> Iterator[ChangeRow]:
    title = entry.title or ""
    if (alone := _added_or_removed_row("document", entry, entry.doc_id, title)) is not None:
        yield alone
        return
    if entry.text_change:
        yield ChangeRow(
            ChangeKind("document", "text"),
            "",
            entry.doc_id,
            title,
            _shorten(entry.text_change.old),
            _shorten(entry.text_change.new),
        )
    for name, (old, new) in entry.changes.items():
        if name != "text_sha256" or not entry.text_change:
            change = "split" if name == "split" else "metadata"
            yield ChangeRow(
                ChangeKind("document", change),
                name,
                entry.doc_id,
                title,
                _format_value(old),
                _format_value(new),
            )
    yield from _line_rows(
        "document", entry, entry.doc_id, has_rows=bool(entry.text_change or entry.changes)
    )


def _added_or_removed_row(
    subject: str, entry: DiffEntry, where: str, text: str
) -> ChangeRow | None:
    if entry.older and entry.newer:
        return None
    return ChangeRow(ChangeKind(subject, "removed" if entry.older else "added"), "", where, text)


def _line_rows(
    subject: str, entry: DiffEntry, where: str, *, has_rows: bool
) -> Iterator[ChangeRow]:
    """What an entry says of its line alone."""
    if entry.older and entry.newer and entry.older.file != entry.newer.file:
        yield ChangeRow(
            ChangeKind(subject, "other file"), "", where, "", entry.older.file, entry.newer.file
        )
    elif not has_rows:
        yield ChangeRow(
            ChangeKind(subject, "rewritten"), "", where, "the same record in other bytes"
        )


def _annotation_rows(entry: AnnotationEntry | GoldEntry) -> Iterator[ChangeRow]:
    what, before = ("gold", "gold ") if isinstance(entry, GoldEntry) else ("answer", "")
    where = (
        entry.doc_id
        if isinstance(entry, GoldEntry)
        else f"{entry.doc_id} {entry.campaign}/{entry.annotator}"
    )
    alone = _added_or_removed_row(
        what, entry, where, "" if isinstance(entry, GoldEntry) else entry.interface
    )
    if alone is not None:
        yield alone
        yield from _content_rows(before, alone.kind.change, entry, where)
    else:
        yield from _field_rows(what, entry, where)
        yield from _mention_rows(before, entry.diff, "text_sha256" in entry.changes, where)
        yield from _relation_rows(before, entry.diff, where)
        told = bool(entry.changes) or entry.diff != AnnotationDiff()
        yield from _line_rows(what, entry, where, has_rows=told)
    yield from (_claim_row(f"{before}claim", change, where) for change in entry.claims)


def _content_rows(
    prefix: str, change: str, entry: AnnotationEntry | GoldEntry, where: str
) -> Iterator[ChangeRow]:
    """What came or went with its answer. Of what went, the answer alone counts."""
    if entry.record is None:
        return
    mention, relation = (
        ChangeKind(f"{prefix}mention", change),
        ChangeKind(f"{prefix}relation", change),
    )
    for each in entry.record.mentions:
        yield ChangeRow(mention, each.label, where, each.text)
    texts = {each.id: each.text for each in entry.record.mentions}
    for drawn in entry.record.relations:
        yield ChangeRow(relation, drawn.type, where, _format_ends(drawn, texts))


def _field_rows(
    subject: str, entry: AnnotationEntry | GoldEntry, where: str
) -> Iterator[ChangeRow]:
    kinds = {
        "text_sha256": "text",
        "text_read": "text",
        "created": "given anew",
        "status": "status",
        "kept": "kept",
    }
    kinds = kinds if subject == "answer" else {"text_sha256": "text", "text_read": "text"}
    for name, (old, new) in entry.changes.items():
        yield ChangeRow(
            ChangeKind(subject, kinds.get(name, "details")),
            name,
            where,
            "",
            _format_value(old),
            _format_value(new),
        )


def _mention_rows(
    prefix: str, diff: AnnotationDiff[Any, Any], text_changed: bool, where: str
) -> Iterator[ChangeRow]:
    what = f"{prefix}mention"
    for mention in diff.removed:
        yield ChangeRow(
            ChangeKind(what, "removed"), mention.label, where, mention.text, _format_span(mention)
        )
    for mention in diff.added:
        yield ChangeRow(
            ChangeKind(what, "added"), mention.label, where, mention.text, "", _format_span(mention)
        )
    for change in diff.changed:
        for kind, was, now in _describe_mention_change(change, text_changed):
            yield ChangeRow(ChangeKind(what, kind), change.label, where, change.text, was, now)


def _describe_mention_change(
    change: MentionChange, text_changed: bool
) -> Iterator[tuple[str, str, str]]:
    """(kind, was, is) of each thing that changed in a mention."""
    changes = dict(change.changes)
    start, end, text = (
        changes.pop("start", None),
        changes.pop("end", None),
        changes.pop("text", None),
    )
    if text:
        yield "boundary", text[0], text[1]
    elif start and end:
        yield (
            ("shifted" if text_changed else "boundary"),
            f"[{start[0]}, {end[0]})",
            f"[{start[1]}, {end[1]})",
        )
    if label := changes.pop("label", None):
        yield "relabelled", label[0], label[1]
    decided = {name: changes.pop(name) for name in _DECISION_FIELDS & changes.keys()}
    if decided:
        yield "decision", _format_fields(decided, 0), _format_fields(decided, 1)
    for name, (old, new) in changes.items():
        if name.startswith("attributes."):
            asked = name.removeprefix("attributes.")
            yield "attribute", f"{asked}: {_format_value(old)}", f"{asked}: {_format_value(new)}"
        elif name in _FIELDS_WITH_OWN_KIND:
            yield name, _format_value(old), _format_value(new)
        else:
            yield "details", f"{name}: {_format_value(old)}", f"{name}: {_format_value(new)}"


def _format_fields(changes: Mapping[str, tuple[Any, Any]], side: int) -> str:
    return ", ".join(
        f"{name}: {_format_value(pair[side])}" for name, pair in sorted(changes.items())
    )


def _relation_rows(prefix: str, diff: AnnotationDiff[Any, Any], where: str) -> Iterator[ChangeRow]:
    what = f"{prefix}relation"
    gone = {(each.type, each.head, each.tail) for each in diff.relations_removed}
    come = {(each.type, each.head, each.tail) for each in diff.relations_added}
    for each in diff.relations_removed:
        if (each.type, each.head, each.tail) not in come:
            yield ChangeRow(
                ChangeKind(what, "removed"), each.type, where, _format_ends(each, diff.texts)
            )
    for each in diff.relations_added:
        known = (each.type, each.head, each.tail) in gone and prefix
        yield ChangeRow(
            ChangeKind(what, "decision" if known else "added"),
            each.type,
            where,
            _format_ends(each, diff.texts),
        )


def _format_ends(relation: Relation, texts: Mapping[str, str]) -> str:
    head, tail = texts.get(relation.head, relation.head), texts.get(relation.tail, relation.tail)
    return f"{_shorten(head)} → {_shorten(tail)}"


def _claim_row(subject: str, change: ClaimChange, where: str) -> ChangeRow:
    sides = [_format_role(name, was, now) for name, (was, now) in change.changes.items()]
    was, now = ("; ".join(side[n] for side in sides) for n in (0, 1))
    return ChangeRow(ChangeKind(subject, change.change), "", where, change.text, was, now)


def _format_role(name: str, was: Any, now: Any) -> tuple[str, str]:
    """What stood and stands in one role, by its words, and by all that is known where these are the same."""
    old, new = _format_argument(was, _format_mention), _format_argument(now, _format_mention)
    if old == new:
        old, new = _format_argument(was, _format_value), _format_argument(now, _format_value)
    role = name.removeprefix("attributes.")
    return f"{role}: {old}", f"{role}: {new}"


def _format_argument(value: Any, format_item: Callable[[Any], str]) -> str:
    return ", ".join(map(format_item, value)) if isinstance(value, list) else _format_value(value)


def _format_mention(mention: Mapping[str, Any]) -> str:
    """A mention that hangs on a claim, with its bounds where it is a number."""
    bounds = [str(mention[name]) for name in ("lower", "upper") if name in mention]
    return (
        f"{mention['text']} ({'..'.join(dict.fromkeys(bounds))})"
        if bounds
        else str(mention["text"])
    )


def _schema_rows(entry: SchemaEntry) -> Iterator[ChangeRow]:
    if entry.kind in _SCHEMA_KINDS_OUTSIDE_DATA:
        yield ChangeRow(
            ChangeKind(entry.kind, "wording" if entry.change == "changed" else entry.change),
            "",
            "",
            entry.name,
        )
        return
    if entry.change != "changed":
        yield ChangeRow(
            ChangeKind("schema", entry.change),
            entry.kind,
            "",
            entry.name,
            "",
            ", ".join(entry.renamed_to),
        )
    for name, (old, new) in entry.changes.items():
        change = (
            "redefined"
            if name in _REDEFINING_FIELDS
            else name
            if name in ("required", "order", "version")
            else "wording"
        )
        yield ChangeRow(
            ChangeKind("schema", change),
            entry.kind,
            "",
            f"{entry.name}: {name}",
            _format_value(old),
            _format_value(new),
        )


def _file_line_rows(entry: LineEntry) -> Iterator[ChangeRow]:
    for change, place in (("removed", entry.older), ("added", entry.newer)):
        if place and entry.reason is not None:
            yield ChangeRow(
                ChangeKind("unreadable line", change),
                "",
                f"{place.file}:{place.line}",
                entry.reason,
            )
        elif place:
            yield ChangeRow(
                ChangeKind("file", f"line {change}"),
                place.file,
                f"line {place.line}",
                _shorten(entry.line or ""),
            )


def _format_span(mention: Mention) -> str:
    span: Span = mention.span
    return f"[{span.start}, {span.end})"


def _format_value(value: Any) -> str:
    """A value for people.

    >>> _format_value(None), _format_value(["ann-1"]), _format_value(3)
    ('–', '["ann-1"]', '3')
    """
    if value is None:
        return "–"
    return _shorten(value if isinstance(value, str) else msgspec.json.encode(value).decode())


def _shorten(text: str) -> str:
    """One line of it.

    >>> len(_shorten("x" * 200))
    81
    """
    line = " ".join(text.split())
    return (
        line if len(line) <= 2 * _MAX_CONTEXT else f"{line[:_MAX_CONTEXT]}…{line[-_MAX_CONTEXT:]}"
    )
