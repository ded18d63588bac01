"""Turn diff entries into rows for readers, and count them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from sayso.diff.diff_entries import (
    AnnotationDiff,
    AnnotationEntry,
    AnyDiffEntry,
    DiffEntry,
    DocumentEntry,
    FrameChange,
    GoldEntry,
    LineEntry,
    MentionChange,
    SchemaEntry,
)
from sayso.diff.version_bump import ChangeKind, bump_reasons, least_bump
from sayso.models import Mention, Relation
from sayso.versions import Bump

_DECISION_FIELDS = {"decided", "votes", "amended"}
_FIELDS_WITH_OWN_KIND = {"flag", "note"}
_SCHEMA_KINDS_OUTSIDE_DATA = {"interface", "crosswalk"}  # no record contains names of these
_REDEFINING_FIELDS = {"kind", "head", "tail", "symmetric", "joins"}
_SCHEMA_FIELDS_WITH_OWN_KIND = {"required", "order", "version", "default"}
_ANNOTATION_FIELD_KINDS = {
    "text_sha256": "text",
    "text_read": "text",
    "created": "resubmitted",
    "status": "status",
    "kept": "kept",
}
_GOLD_FIELD_KINDS = {"text_sha256": "text", "text_read": "text"}
_MAX_CONTEXT = 40  # code points shown at each end of a long value


class ChangeRow(NamedTuple):
    """One change. ``layer`` is a label, relation type or field; ``location`` names document and
    annotator.
    """

    kind: ChangeKind
    layer: str
    location: str
    text: str = ""
    before: str = ""
    after: str = ""


@dataclass
class ChangeCounts:
    """Counts of changes by kind and layer, and the first ``examples`` rows of each kind."""

    examples: int = 10
    counts: Counter[tuple[ChangeKind, str]] = field(default_factory=Counter)
    rows: dict[ChangeKind, list[ChangeRow]] = field(default_factory=dict)

    def add(self, row: ChangeRow) -> None:
        """Count a row."""
        self.counts[row.kind, row.layer] += 1
        rows = self.rows.setdefault(row.kind, [])
        if len(rows) < self.examples:
            rows.append(row)

    @property
    def bump(self) -> Bump | None:
        """The least bump that the counted kinds require."""
        return least_bump(self.rows)

    @property
    def reasons(self) -> list[ChangeKind]:
        """The kinds that require it."""
        return bump_reasons(self.rows, self.bump)


def build_rows(entry: AnyDiffEntry) -> Iterator[ChangeRow]:
    """Yield the changes of one entry."""
    if isinstance(entry, DocumentEntry):
        return _document_rows(entry)
    if isinstance(entry, AnnotationEntry | GoldEntry):
        return _annotation_rows(entry)
    return _schema_rows(entry) if isinstance(entry, SchemaEntry) else _file_line_rows(entry)


def _document_rows(entry: DocumentEntry) -> Iterator[ChangeRow]:
    title, doc_id, text = entry.title or "", entry.doc_id, entry.text_change
    if alone := _added_or_removed_row("document", entry, doc_id, title):
        yield alone
        return
    if text:
        kind = ChangeKind("document", "text")
        yield ChangeRow(kind, "", doc_id, title, _shorten(text.old), _shorten(text.new))
    for name, (old, new) in entry.changes.items():
        if name != "text_sha256" or not text:
            kind = ChangeKind("document", "split" if name == "split" else "metadata")
            yield ChangeRow(kind, name, doc_id, title, _format_value(old), _format_value(new))
    yield from _line_rows("document", entry, doc_id, has_rows=bool(text or entry.changes))


def _added_or_removed_row(
    subject: str, entry: DiffEntry, location: str, text: str
) -> ChangeRow | None:
    if entry.older and entry.newer:
        return None
    return ChangeRow(ChangeKind(subject, "removed" if entry.older else "added"), "", location, text)


def _line_rows(
    subject: str, entry: DiffEntry, location: str, *, has_rows: bool
) -> Iterator[ChangeRow]:
    """Yield a row where the record moved to another file, or where only its bytes differ."""
    if entry.older and entry.newer and entry.older.file != entry.newer.file:
        kind = ChangeKind(subject, "moved")
        yield ChangeRow(kind, "", location, "", entry.older.file, entry.newer.file)
    elif not has_rows:
        kind = ChangeKind(subject, "rewritten")
        yield ChangeRow(kind, "", location, "the same record in other bytes")


def _annotation_rows(entry: AnnotationEntry | GoldEntry) -> Iterator[ChangeRow]:
    subject, prefix, location, about = "gold", "gold ", entry.doc_id, ""
    field_kinds = _GOLD_FIELD_KINDS
    if isinstance(entry, AnnotationEntry):
        subject, prefix, about = "annotation", "", entry.interface
        location = f"{entry.doc_id} {entry.campaign}/{entry.annotator}"
        field_kinds = _ANNOTATION_FIELD_KINDS
    if alone := _added_or_removed_row(subject, entry, location, about):
        yield alone
        yield from _content_rows(prefix, alone.kind.change, entry, location)
    else:
        for name, (old, new) in entry.changes.items():
            if name == "answers":
                yield from _answer_rows(prefix, _by_question(old), _by_question(new), location)
                continue
            kind = ChangeKind(subject, field_kinds.get(name, "details"))
            yield ChangeRow(kind, name, location, "", _format_value(old), _format_value(new))
        yield from _mention_rows(prefix, entry.diff, "text_sha256" in entry.changes, location)
        yield from _relation_rows(prefix, entry.diff, location)
        has_rows = bool(entry.changes) or entry.diff != AnnotationDiff()
        yield from _line_rows(subject, entry, location, has_rows=has_rows)
    yield from (_frame_row(f"{prefix}frame", change, location) for change in entry.frames)


def _content_rows(
    prefix: str, change: str, entry: AnnotationEntry | GoldEntry, location: str
) -> Iterator[ChangeRow]:
    """Yield the mentions and relations that were added or removed with their annotation."""
    if entry.record is None:
        return
    mention, relation = (
        ChangeKind(f"{prefix}mention", change),
        ChangeKind(f"{prefix}relation", change),
    )
    for each in entry.record.mentions:
        yield ChangeRow(mention, each.label, location, each.text)
    texts = {each.id: each.text for each in entry.record.mentions}
    for each_relation in entry.record.relations:
        yield ChangeRow(relation, each_relation.type, location, _format_ends(each_relation, texts))
    answers = _by_question(msgspec.to_builtins(entry.record.answers))
    versions = (answers, {}) if change == "removed" else ({}, answers)
    yield from _answer_rows(prefix, *versions, location)


def _by_question(answers: Any) -> dict[str, dict[str, Any]]:
    """Return the answers of an annotation or of gold, as fields by question."""
    if isinstance(answers, list | tuple):
        return {each["question"]: each for each in answers}
    return {question: {"value": value} for question, value in (answers or {}).items()}


def _answer_rows(
    prefix: str,
    before: Mapping[str, Mapping[str, Any]],
    after: Mapping[str, Mapping[str, Any]],
    location: str,
) -> Iterator[ChangeRow]:
    """Yield the answers to questions about the document that differ, and how gold decided them."""
    for question in {**before, **after}:
        old, new = before.get(question, {}), after.get(question, {})
        if "value" not in old or "value" not in new:
            change = "removed" if old else "added"
        elif old["value"] != new["value"]:
            change = "changed"
        elif old != new:
            names = [name for name in _DECISION_FIELDS if old.get(name) != new.get(name)]
            decision = {name: (old.get(name), new.get(name)) for name in sorted(names)}
            shown = [_format_fields(decision, version) for version in (0, 1)]
            kind = ChangeKind(f"{prefix}answer", "decision")
            yield ChangeRow(kind, question, location, _format_value(new["value"]), *shown)
            continue
        else:
            continue
        shown = [_format_value(each.get("value")) for each in (old, new)]
        yield ChangeRow(ChangeKind(f"{prefix}answer", change), question, location, "", *shown)


def _mention_rows(
    prefix: str, diff: AnnotationDiff[Any, Any], text_changed: bool, location: str
) -> Iterator[ChangeRow]:
    subject = f"{prefix}mention"
    for m in diff.removed:
        yield ChangeRow(ChangeKind(subject, "removed"), m.label, location, m.text, _format_span(m))
    for m in diff.added:
        yield ChangeRow(
            ChangeKind(subject, "added"), m.label, location, m.text, "", _format_span(m)
        )
    for change in diff.changed:
        for kind, before, after in _describe_mention_change(change, text_changed):
            yield ChangeRow(
                ChangeKind(subject, kind), change.label, location, change.text, before, after
            )


def _describe_mention_change(
    change: MentionChange, text_changed: bool
) -> Iterator[tuple[str, str, str]]:
    """Yield (kind, before, after) of each part of a mention that changed."""
    changes = dict(change.changes)
    start, end, text = (changes.pop(name, None) for name in ("start", "end", "text"))
    if text:
        yield "boundary", text[0], text[1]
    elif start and end:
        kind = "shifted" if text_changed else "boundary"
        yield kind, f"[{start[0]}, {end[0]})", f"[{start[1]}, {end[1]})"
    if label := changes.pop("label", None):
        yield "relabelled", label[0], label[1]
    if decision := {name: changes.pop(name) for name in sorted(_DECISION_FIELDS & changes.keys())}:
        yield "decision", _format_fields(decision, 0), _format_fields(decision, 1)
    for name, (old, new) in changes.items():
        if name in _FIELDS_WITH_OWN_KIND:
            yield name, _format_value(old), _format_value(new)
            continue
        kind = "attribute" if name.startswith("attributes.") else "details"
        name = name.removeprefix("attributes.")
        yield kind, f"{name}: {_format_value(old)}", f"{name}: {_format_value(new)}"


def _format_fields(changes: Mapping[str, tuple[Any, Any]], version: int) -> str:
    return ", ".join(f"{name}: {_format_value(pair[version])}" for name, pair in changes.items())


def _relation_rows(
    prefix: str, diff: AnnotationDiff[Any, Any], location: str
) -> Iterator[ChangeRow]:
    subject = f"{prefix}relation"
    removed = {(each.type, each.head, each.tail) for each in diff.relations_removed}
    added = {(each.type, each.head, each.tail) for each in diff.relations_added}
    for each in diff.relations_removed:
        if (each.type, each.head, each.tail) not in added:
            kind = ChangeKind(subject, "removed")
            yield ChangeRow(kind, each.type, location, _format_ends(each, diff.texts))
    for each in diff.relations_added:
        was_there = prefix and (each.type, each.head, each.tail) in removed
        kind = ChangeKind(subject, "decision" if was_there else "added")
        yield ChangeRow(kind, each.type, location, _format_ends(each, diff.texts))


def _format_ends(relation: Relation, texts: Mapping[str, str]) -> str:
    ends = (relation.head, relation.tail)
    return " → ".join(_shorten(texts.get(end, end)) for end in ends)


def _frame_row(subject: str, change: FrameChange, location: str) -> ChangeRow:
    roles = [_format_role(name, old, new) for name, (old, new) in change.changes.items()]
    before, after = ("; ".join(role[n] for role in roles) for n in (0, 1))
    kind = ChangeKind(subject, change.change)
    return ChangeRow(kind, change.label, location, change.text, before, after)


def _format_role(name: str, old: Any, new: Any) -> tuple[str, str]:
    """Format one role of a frame by the texts of its mentions, and with all attributes where the
    texts are equal.
    """
    before, after = _format_arguments(old, _format_mention), _format_arguments(new, _format_mention)
    if before == after:
        before, after = _format_arguments(old, _format_value), _format_arguments(new, _format_value)
    role = name.removeprefix("attributes.")
    return f"{role}: {before}", f"{role}: {after}"


def _format_arguments(value: Any, format_item: Callable[[Any], str]) -> str:
    return ", ".join(map(format_item, value)) if isinstance(value, list) else _format_value(value)


def _format_mention(mention: Mapping[str, Any]) -> str:
    """Format an argument of a frame, with its bounds where it is a number."""
    text = str(mention["text"])
    return f"{text} ({mention['bounds']})" if "bounds" in mention else text


def _schema_rows(entry: SchemaEntry) -> Iterator[ChangeRow]:
    if entry.kind in _SCHEMA_KINDS_OUTSIDE_DATA:
        change = "wording" if entry.change == "changed" else entry.change
        yield ChangeRow(ChangeKind(entry.kind, change), "", "", entry.name)
        return
    if entry.change != "changed":
        kind = ChangeKind("schema", entry.change)
        yield ChangeRow(kind, entry.kind, "", entry.name, "", ", ".join(entry.renamed_to))
    for name, (old, new) in entry.changes.items():
        kind = ChangeKind("schema", _classify_schema_change(name, old, new))
        text = f"{entry.name}: {name}"
        yield ChangeRow(kind, entry.kind, "", text, _format_value(old), _format_value(new))


def _classify_schema_change(field: str, old: Any, new: Any) -> str:
    """Return what a change of a declaration means for the data.

    A relation that may connect more labels than before is ``widened``.
    """
    if field in ("head", "tail"):
        before, after = (set([each] if isinstance(each, str) else each) for each in (old, new))
        if before <= after:
            return "widened" if before < after else "wording"
    if field == "unit" and old:
        return "redefined"
    if field in _REDEFINING_FIELDS:
        return "redefined"
    return field if field in _SCHEMA_FIELDS_WITH_OWN_KIND else "wording"


def _file_line_rows(entry: LineEntry) -> Iterator[ChangeRow]:
    for change, at in (("removed", entry.older), ("added", entry.newer)):
        if at and entry.reason is not None:
            kind = ChangeKind("unreadable line", change)
            yield ChangeRow(kind, "", f"{at.file}:{at.line}", entry.reason)
        elif at:
            kind = ChangeKind("file", f"line {change}")
            yield ChangeRow(kind, at.file, f"line {at.line}", _shorten(entry.line or ""))


def _format_span(mention: Mention) -> str:
    return f"[{mention.start}, {mention.end})"


def _format_value(value: Any) -> str:
    """Format a value for readers.

    >>> _format_value(None), _format_value(["ann-1"]), _format_value(3)
    ('–', '["ann-1"]', '3')
    """
    if value is None:
        return "–"
    return _shorten(value if isinstance(value, str) else msgspec.json.encode(value).decode())


def _shorten(text: str) -> str:
    """Return a text on one line, without its middle where it is long.

    >>> len(_shorten("x" * 200))
    81
    """
    line = " ".join(text.split())
    return (
        line if len(line) <= 2 * _MAX_CONTEXT else f"{line[:_MAX_CONTEXT]}…{line[-_MAX_CONTEXT:]}"
    )
