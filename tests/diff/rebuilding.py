"""Rebuild the newer version from the older one and diff entries, to prove diffs complete."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from io import BytesIO
from itertools import count
from typing import Any, get_type_hints

import msgspec

from sayso.corpus.sources import find_record_type
from sayso.diff import FolderVersion
from sayso.diff.diff_entries import (
    AnnotationEntry,
    AnyDiffEntry,
    DiffEntry,
    DocumentEntry,
    GoldEntry,
    LineEntry,
    MentionChange,
)
from sayso.diff.record_diff import decode_line
from sayso.models import Annotation, Document, Gold, Mention, sort_mentions, sort_relations

Items = dict[str, list[Any]]


def read_items(version: FolderVersion) -> Items:
    """Return the records of every source that is not empty; other lines as text."""
    contents = {name: version.path(name).read_bytes() for name in version.list_sources()}
    return {
        name: [_decode(name, line) for line in BytesIO(content).readlines()]
        for name, content in contents.items()
        if content
    }


def _decode(name: str, line: bytes) -> Any:
    try:
        record = msgspec.json.decode(line, type=find_record_type(name) or Document)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return decode_line(line)
    return record if isinstance(record, Document) else _sort(record)


def _sort(record: Annotation | Gold) -> Annotation | Gold:
    return msgspec.structs.replace(
        record, mentions=sort_mentions(record.mentions), relations=sort_relations(record.relations)
    )


def rebuild(older: Items, entries: Iterable[AnyDiffEntry]) -> Items:
    """Return the items of the newer version."""
    removed: set[tuple[str, int]] = set()
    added: dict[tuple[str, int], Any] = {}
    for entry in entries:
        if isinstance(entry, DiffEntry):
            before = None
            if entry.older:
                before = older[entry.older.file][entry.older.line - 1]
                removed.add((entry.older.file, entry.older.line))
            if entry.newer:
                added[entry.newer.file, entry.newer.line] = _apply(entry, before)
    names = {**older, **dict(added.keys())}
    found = {name: list(_interleave(name, older.get(name, []), removed, added)) for name in names}
    assert sum(map(len, found.values())) == sum(map(len, older.values())) - len(removed) + len(
        added
    )
    return {name: items for name, items in found.items() if items}


def _interleave(
    name: str, older: list[Any], removed: set[tuple[str, int]], added: dict[tuple[str, int], Any]
) -> Iterable[Any]:
    kept = iter([item for n, item in enumerate(older, 1) if (name, n) not in removed])
    for number in count(1):
        if (name, number) in added:
            yield added[name, number]
            continue
        try:
            yield next(kept)
        except StopIteration:
            return


def _apply(entry: DiffEntry, before: Any) -> Any:
    if isinstance(entry, LineEntry):
        return entry.line
    assert isinstance(entry, DocumentEntry | AnnotationEntry | GoldEntry)
    if before is None:
        return entry.record if isinstance(entry.record, Document) else _sort(entry.record)  # type: ignore[arg-type]
    changes = {name: _convert(before, name, new) for name, (_old, new) in entry.changes.items()}
    if isinstance(entry, DocumentEntry):
        return msgspec.structs.replace(before, **changes, text=_apply_text(before.text, entry))
    return _sort(msgspec.structs.replace(before, **changes, **_apply_annotation(entry, before)))


def _apply_annotation(entry: AnnotationEntry | GoldEntry, before: Any) -> dict[str, Any]:
    diff = entry.diff
    changed = {change.id: change for change in diff.changed}
    ids = {old.id: old.changes["id"][1] for old in diff.changed if "id" in old.changes}
    gone = {mention.id for mention in diff.removed}
    stayed = [m for m in before.mentions if m.id not in gone]
    mentions = [_apply_mention(m, changed[m.id]) if m.id in changed else m for m in stayed]
    renamed = Counter(
        msgspec.structs.replace(r, head=ids.get(r.head, r.head), tail=ids.get(r.tail, r.tail))
        for r in before.relations
    )
    relations = (renamed - Counter(diff.relations_removed)) + Counter(diff.relations_added)
    return {"mentions": [*mentions, *diff.added], "relations": list(relations.elements())}


def _apply_mention(mention: Mention, change: MentionChange) -> Mention:
    attributes, fields = dict(mention.attributes), {}
    for name, (_old, new) in change.changes.items():
        if not name.startswith("attributes."):
            fields[name] = _convert(mention, name, new)
        elif new is None:
            del attributes[name.removeprefix("attributes.")]
        else:
            attributes[name.removeprefix("attributes.")] = new
    return msgspec.structs.replace(mention, **fields, attributes=attributes)


def _apply_text(text: str, entry: DocumentEntry) -> str:
    change = entry.text_change
    if change is None:
        return text
    end = change.start + len(change.old)
    assert text[change.start : end] == change.old
    return text[: change.start] + change.new + text[end:]


def _convert(record: Any, name: str, value: Any) -> Any:
    return msgspec.convert(value, get_type_hints(type(record), include_extras=True)[name])
