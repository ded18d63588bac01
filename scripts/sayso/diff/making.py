"""The newer line out of the older one and its entry: the other direction of ``comparing``. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, TypeVar, get_type_hints

import msgspec

from sayso.diff.diff_entries import (
    AnnotationEntry,
    DiffEntry,
    DocumentEntry,
    GoldEntry,
    MentionChange,
    TextChange,
)
from sayso.errors import ConflictError
from sayso.models import Mention, Relation, encode, sort_mentions, sort_relations

R = TypeVar("R", bound=Relation)


def made(entry: DiffEntry, older: Any) -> bytes:
    """The newer line with its line end. ``older`` is the older line's record, None where there was none.

    Raises:
        ConflictError: the older record is not the one that was compared.
    """
    if entry.line is not None:
        return entry.line.encode()
    if entry.base64 is not None:
        return entry.base64
    if not isinstance(entry, DocumentEntry | AnnotationEntry | GoldEntry):
        raise ConflictError("an entry has no line", remedy="make the difference again")
    if entry.older is None:
        return encode(entry.record) + b"\n"
    try:
        return encode(_changed(older, entry)) + b"\n"
    except (msgspec.MsgspecError, ValueError, TypeError, KeyError, AttributeError) as error:
        what, where = (
            "it is not the line that was compared",
            f"{entry.older.file}:{entry.older.line}",
        )
        raise ConflictError(
            what, where=where, remedy="apply it to the older side of this difference"
        ) from error


def renamed(relations: Iterable[R], ids: Mapping[str, str]) -> list[R]:
    """Relations between mentions by their newer ids."""
    if all(older == newer for older, newer in ids.items()):
        return list(relations)
    return [
        msgspec.structs.replace(
            each, head=ids.get(each.head, each.head), tail=ids.get(each.tail, each.tail)
        )
        for each in relations
    ]


def _changed(record: Any, entry: DocumentEntry | AnnotationEntry | GoldEntry) -> Any:
    fields = {
        name: _converted(type(record), name, new) for name, (_old, new) in entry.changes.items()
    }
    if isinstance(entry, DocumentEntry):
        return msgspec.structs.replace(
            record, **fields, text=_spliced(record.text, entry.text_change)
        )
    reading = entry.diff
    changed = {change.id: change for change in reading.changed}
    gone = {mention.id for mention in reading.removed}
    stayed = [
        _mention(m, changed[m.id]) if m.id in changed else m
        for m in record.mentions
        if m.id not in gone
    ]
    ids = {old.id: old.changes["id"][1] for old in reading.changed if "id" in old.changes}
    relations = _without(renamed(record.relations, ids), Counter(reading.relations_removed))
    return msgspec.structs.replace(
        record,
        **fields,
        mentions=sort_mentions([*stayed, *reading.added]),
        relations=sort_relations([*relations, *reading.relations_added]),
    )


def _mention(mention: Mention, change: MentionChange) -> Mention:
    attributes, fields = dict(mention.attributes), {}
    for name, (_old, new) in change.changes.items():
        _head, _dot, attribute = name.partition(".")
        if not attribute:
            fields[name] = _converted(type(mention), name, new)
        elif new is None:
            del attributes[attribute]
        else:
            attributes[attribute] = new
    return msgspec.structs.replace(mention, **fields, attributes=attributes)


def _without(relations: Iterable[R], gone: Counter[R]) -> Iterator[R]:
    for each in relations:
        if gone[each]:
            gone[each] -= 1
        else:
            yield each


def _spliced(text: str, splice: TextChange | None) -> str:
    if splice is None:
        return text
    end = splice.start + len(splice.old)
    if text[splice.start : end] != splice.old:
        raise ValueError("another text")
    return text[: splice.start] + splice.new + text[end:]


@cache
def _hints(record: type) -> dict[str, Any]:
    return get_type_hints(record, include_extras=True)


def _converted(record: type, name: str, value: Any) -> Any:
    return msgspec.convert(value, _hints(record)[name])
