"""Compare two versions of one record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

import msgspec

from sayso.diff.diff_entries import (
    AnnotationDiff,
    AnnotationEntry,
    AnyDiffEntry,
    Changes,
    DocumentEntry,
    FrameChange,
    GoldEntry,
    LineEntry,
    MentionChange,
    TextChange,
)
from sayso.diff.line_alignment import DiffLine, LineChange
from sayso.matching import match_versions
from sayso.models import Annotation, Document, Gold, Mention, Relation
from sayso.schema.declarations import Schema

R = TypeVar("R", bound=Relation)
_MAX_WORD_LENGTH = 30  # code points; a longer word is cut, and its change is shown all the same
_FIELDS_COMPARED_IN_PARTS = {"mentions", "relations", "text"}


def build_entry(change: LineChange, schema: Schema | None = None) -> AnyDiffEntry:
    """Return the entry of a line change, with the changes of frames if there is a schema."""
    older, newer = change.older, change.newer
    if older and older.record is None:
        return LineEntry(older=older.location, reason=older.error)
    if newer and newer.record is None:
        return LineEntry(newer=newer.location, reason=newer.error, line=decode_line(newer.raw))
    return _build_record_entry(older, newer, schema)


def decode_line(raw: bytes) -> str:
    """Return a line as text, with bytes that are not UTF-8 escaped."""
    return raw.decode(errors="backslashreplace")


def _build_record_entry(
    older: DiffLine | None, newer: DiffLine | None, schema: Schema | None
) -> AnyDiffEntry:
    before, after = older and older.record, newer and newer.record
    known: Any = {"older": older and older.location, "newer": newer and newer.location}
    record: Any = after or before
    if isinstance(record, Document):
        return _document_entry(
            before, after, {**known, "doc_id": record.doc_id, "title": record.title}
        )
    known |= {"doc_id": record.doc_id, "campaign": record.campaign}
    if isinstance(record, Annotation):
        known |= {"interface": record.interface, "annotator": record.annotator}
    kind = AnnotationEntry if isinstance(record, Annotation) else GoldEntry
    if before is None or after is None:
        return kind(record=record, frames=tuple(diff_frames(before, after, {}, schema)), **known)
    diff, ids = _diff_annotation(before, after)
    frames = tuple(diff_frames(before, after, ids, schema))
    return kind(changes=_diff_fields(before, after), diff=diff, frames=frames, **known)


def _document_entry(before: Document | None, after: Document | None, known: Any) -> DocumentEntry:
    if before is None or after is None:
        return DocumentEntry(record=after, **known)
    text_change = diff_text(before.text, after.text)
    return DocumentEntry(changes=_diff_fields(before, after), text_change=text_change, **known)


def diff_text(older: str, newer: str) -> TextChange | None:
    """Return the one stretch in which two texts differ, widened to whole words; None for equal
    texts.

    >>> diff_text("34 drones flew", "38 drones flew")
    TextChange(start=0, old='34', new='38')
    """
    if older == newer:
        return None
    limit = min(len(older), len(newer))
    start = _shared_length(limit, lambda low, high: older[low:high] == newer[low:high])
    a, b = len(older), len(newer)
    tail = _shared_length(
        limit - start, lambda low, high: older[a - high : a - low] == newer[b - high : b - low]
    )
    start -= _partial_word_length(older[max(0, start - _MAX_WORD_LENGTH) : start][::-1])
    tail -= _partial_word_length(older[a - tail : a - tail + _MAX_WORD_LENGTH])
    return TextChange(start=start, old=older[start : a - tail], new=newer[start : b - tail])


def _partial_word_length(text: str) -> int:
    return next((n for n, character in enumerate(text) if character.isspace()), len(text))


def _shared_length(limit: int, equal: Callable[[int, int], bool]) -> int:
    """Return the number of code points that two texts share at one end, found by bisection."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if equal(low, middle) else (low, middle - 1)
    return low


def _diff_annotation(
    before: Annotation | Gold, after: Annotation | Gold
) -> tuple[AnnotationDiff[Any, Any], dict[str, str]]:
    """Return the diff, and for each older mention that is still there its newer id."""
    pairs, removed, added = match_versions(before.mentions, after.mentions)
    ids = {one.id: other.id for one, other in pairs}
    if before.mentions == after.mentions and before.relations == after.relations:
        return AnnotationDiff(), ids
    relations_added, relations_removed = _diff_relations(
        list(_rename_ends(before.relations, ids)), list(after.relations)
    )
    ends = {
        end for each in (*relations_added, *relations_removed) for end in (each.head, each.tail)
    }
    diff = AnnotationDiff(
        added=tuple(added),
        removed=tuple(removed),
        changed=tuple(_diff_mention(one, other) for one, other in pairs if one != other),
        relations_added=relations_added,
        relations_removed=relations_removed,
        texts={m.id: m.text for m in (*before.mentions, *after.mentions) if m.id in ends},
    )
    return diff, ids


def _diff_relations(before: list[R], after: list[R]) -> tuple[tuple[R, ...], tuple[R, ...]]:
    if before == after:
        return (), ()
    old, new = Counter(before), Counter(after)
    return tuple((new - old).elements()), tuple((old - new).elements())


def _rename_ends(relations: Iterable[R], ids: Mapping[str, str]) -> Iterable[R]:
    if all(older == newer for older, newer in ids.items()):
        return relations  # nearly always
    return [
        msgspec.structs.replace(
            each, head=ids.get(each.head, each.head), tail=ids.get(each.tail, each.tail)
        )
        for each in relations
    ]


def _diff_mention(before: Mention, after: Mention) -> MentionChange:
    changes = _diff_fields(before, after)
    changes.pop("attributes", None)
    changes |= _diff_mappings("attributes.", before.attributes, after.attributes)
    return MentionChange(id=before.id, label=before.label, text=before.text, changes=changes)


def _diff_mappings(prefix: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Changes:
    return {
        prefix + name: (before.get(name), after.get(name))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    }


def _diff_fields(before: Any, after: Any) -> Changes:
    excluded: Collection[str] = () if isinstance(before, Mention) else _FIELDS_COMPARED_IN_PARTS
    changes: Changes = {}
    for name in before.__struct_fields__:
        old, new = getattr(before, name), getattr(after, name)
        if old != new and name not in excluded:
            changes[name] = (_to_plain(old), _to_plain(new))
    return changes


def _to_plain(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    return msgspec.to_builtins(value)


class FrameContent(NamedTuple):
    """The mention of a frame, and the mentions that each of its relations leads to."""

    mention: Mention
    arguments: dict[str, list[Mention]]


def diff_frames(
    older: Annotation | Gold | None,
    newer: Annotation | Gold | None,
    ids: Mapping[str, str],
    schema: Schema | None,
) -> Iterator[FrameChange]:
    """Yield the frames that differ. ``ids`` maps each older mention that is still there to its
    newer id.
    """
    if schema is None or not schema.frames:
        return
    before, after = collect_frames(older, schema), collect_frames(newer, schema)
    still_there = set()
    for name, old in before.items():
        known: Any = {"id": name, "label": old.mention.label, "text": old.mention.text}
        new = after.get(ids.get(name, ""))
        if new is None:
            yield FrameChange(**known, change="removed")
            continue
        still_there.add(ids[name])
        if old != new and (changes := _diff_frame(old, new, schema)):
            yield FrameChange(**known, change="changed", changes=changes)
    for name, new in after.items():
        if name not in still_there:
            label, text = new.mention.label, new.mention.text
            yield FrameChange(id=name, label=label, text=text, change="added")


def collect_frames(record: Annotation | Gold | None, schema: Schema) -> dict[str, FrameContent]:
    """Return the frames of a record by id."""
    if record is None:
        return {}
    labels = schema.frames
    frames = {m.id: FrameContent(m, {}) for m in record.mentions if m.label in labels}
    mentions = {mention.id: mention for mention in record.mentions}
    for relation in record.relations if frames else ():
        if relation.head in frames and relation.tail in mentions:
            arguments = frames[relation.head].arguments
            arguments.setdefault(relation.type, []).append(mentions[relation.tail])
        declared = schema.relations.get(relation.type)
        is_symmetric = declared is not None and declared.symmetric
        if is_symmetric and relation.tail in frames and relation.head in mentions:
            arguments = frames[relation.tail].arguments
            arguments.setdefault(relation.type, []).append(mentions[relation.head])
    return frames


def _diff_frame(before: FrameContent, after: FrameContent, schema: Schema) -> Changes:
    changes: Changes = {}
    if before.mention.text != after.mention.text:
        changes["text"] = (before.mention.text, after.mention.text)
    changes |= _diff_mappings("attributes.", before.mention.attributes, after.mention.attributes)
    for role in {**before.arguments, **after.arguments}:
        old, new = (
            _describe_arguments(frame.arguments.get(role), schema) for frame in (before, after)
        )
        if old != new:
            changes[role] = (old, new)
    return changes


def _describe_arguments(
    arguments: list[Mention] | None, schema: Schema
) -> list[dict[str, Any]] | None:
    """Return text, label, attributes and bounds of mentions, in text order."""
    if arguments is None:
        return None
    in_order = sorted(arguments, key=lambda m: (m.start, m.end))
    return [
        {
            "text": m.text,
            "label": m.label,
            **_describe_bounds(m, schema),
            "attributes": m.attributes,
        }
        for m in in_order
    ]


def _describe_bounds(mention: Mention, schema: Schema) -> dict[str, str]:
    declared = schema.labels.get(mention.label)
    names = (declared.bounds if declared else None) or ()
    bounds = [str(mention.attributes[name]) for name in names if name in mention.attributes]
    return {"bounds": "..".join(dict.fromkeys(bounds))} if bounds else {}
