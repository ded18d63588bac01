"""Two versions of one record → one entry that makes the newer of the older, byte for byte. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from sayso.diff.claim_diff import diff_claims
from sayso.diff.diff_entries import (
    AnnotationDiff,
    AnnotationEntry,
    AnyDiffEntry,
    Changes,
    DocumentEntry,
    GoldEntry,
    LineEntry,
    MentionChange,
    TextChange,
)
from sayso.diff.line_alignment import DiffLine, LineChange
from sayso.diff.making import made, renamed
from sayso.diff.mention_matching import Pairs, match_mentions_of_versions
from sayso.models import Annotation, Document, Gold, Mention, Relation

R = TypeVar("R", bound=Relation)
_MAX_WORD_LENGTH = 30  # code points; a longer word is cut, a change told by it all the same
_FIELDS_COMPARED_IN_PARTS = {"mentions", "relations", "text"}  # told in parts, not as a field


def build_entries(change: LineChange) -> list[AnyDiffEntry]:
    """What an event comes to. Lines that cannot be read on one side are a line gone and another come.

    The newer line goes in as it stands where the parts do not make it, as where somebody wrote it by hand.
    """
    sides = [line for line in (change.older, change.newer) if line]
    if any(line.record is None for line in sides):
        return [_unreadable_entry(line, removed=line is change.older) for line in sides]
    entry = _build_entry(change.older, change.newer)
    if change.newer and made(entry, change.older and change.older.record) != change.newer.raw:
        entry = msgspec.structs.replace(entry, **encode_raw_line(change.newer.raw))
    return [entry]


def encode_raw_line(raw: bytes) -> dict[str, Any]:
    """A line as it stands."""
    try:
        return {"line": raw.decode()}
    except UnicodeDecodeError:
        return {"base64": raw}


def _unreadable_entry(line: DiffLine, *, removed: bool) -> LineEntry:
    because = line.error or "it stands beside a line that is none"
    if removed:
        return LineEntry(older=line.location, reason=because)
    return LineEntry(newer=line.location, reason=because, **encode_raw_line(line.raw))


def _build_entry(
    older: DiffLine | None, newer: DiffLine | None
) -> DocumentEntry | AnnotationEntry | GoldEntry:
    was, now = older and older.record, newer and newer.record
    known: Any = {"older": older and older.location, "newer": newer and newer.location}
    record: Any = now or was
    if isinstance(record, Document):
        return _document_entry(was, now, {**known, "doc_id": record.doc_id, "title": record.title})
    known |= {"doc_id": record.doc_id, "campaign": record.campaign}
    if isinstance(record, Annotation):
        known |= {"interface": record.interface, "annotator": record.annotator}
    kind = AnnotationEntry if isinstance(record, Annotation) else GoldEntry
    if was is None or now is None:
        return kind(record=record, claims=tuple(diff_claims(was, now, {})), **known)
    pairs, gone, come = match_mentions_of_versions(was.mentions, now.mentions)
    ids = {one.id: other.id for one, other in pairs}
    reading = _diff_annotation(was, now, pairs, gone, come, ids)
    return kind(
        changes=_diff_record_fields(was, now),
        reading=reading,
        claims=tuple(diff_claims(was, now, ids)),
        **known,
    )


def _document_entry(was: Document | None, now: Document | None, known: Any) -> DocumentEntry:
    if was is None or now is None:
        return DocumentEntry(record=now, **known)
    return DocumentEntry(
        changes=_diff_record_fields(was, now), text_change=diff_text(was.text, now.text), **known
    )


def diff_text(older: str, newer: str) -> TextChange | None:
    """The one stretch in which two texts differ, by whole words; None where they do not.

    >>> diff_text("34 drones flew", "38 drones flew")
    Splice(start=0, old='34', new='38')
    """
    if older == newer:
        return None
    room = min(len(older), len(newer))
    start = _shared_length(room, lambda low, high: older[low:high] == newer[low:high])
    a, b = len(older), len(newer)
    tail = _shared_length(
        room - start, lambda low, high: older[a - high : a - low] == newer[b - high : b - low]
    )
    start -= _length_of_partial_word(older[max(0, start - _MAX_WORD_LENGTH) : start][::-1])
    tail -= _length_of_partial_word(older[a - tail : a - tail + _MAX_WORD_LENGTH])
    return TextChange(start=start, old=older[start : a - tail], new=newer[start : b - tail])


def _length_of_partial_word(text: str) -> int:
    """How many code points of it still belong to the word that it begins in.

    >>> _length_of_partial_word("nes flew"), _length_of_partial_word(" flew")
    (3, 0)
    """
    return next((n for n, character in enumerate(text) if character.isspace()), len(text))


def _shared_length(limit: int, equal: Any) -> int:
    """How many code points two texts share at one end, by halves."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if equal(low, middle) else (low, middle - 1)
    return low


def _diff_annotation(
    was: Annotation | Gold,
    now: Annotation | Gold,
    pairs: Pairs[Any],
    removed: Iterable[Any],
    added: Iterable[Any],
    ids: Mapping[str, str],
) -> AnnotationDiff[Any, Any]:
    if was.mentions == now.mentions and was.relations == now.relations:
        return AnnotationDiff()
    changed = (_diff_mention(one, other) for one, other in pairs if one != other)
    related, unrelated = _diff_relations(renamed(was.relations, ids), list(now.relations))
    ends = {end for each in (*related, *unrelated) for end in (each.head, each.tail)}
    texts = {m.id: m.text for m in (*was.mentions, *now.mentions) if m.id in ends} if ends else {}
    return AnnotationDiff(
        added=tuple(added),
        removed=tuple(removed),
        changed=tuple(changed),
        relations_added=related,
        relations_removed=unrelated,
        texts=texts,
    )


def _diff_mention(was: Mention, now: Mention) -> MentionChange:
    changes = _diff_fields(was, now)
    if pair := changes.pop("attributes", None):
        old, new = pair
        changes |= {
            f"attributes.{name}": (old.get(name), new.get(name))
            for name in sorted(old.keys() | new.keys())
            if old.get(name) != new.get(name)
        }
    return MentionChange(id=was.id, label=was.label, text=was.text, changes=changes)


def _diff_relations(was: Iterable[R], now: Iterable[R]) -> tuple[tuple[R, ...], tuple[R, ...]]:
    """Those that came and those that went."""
    if was == now:
        return (), ()
    before, after = Counter(was), Counter(now)
    return tuple((after - before).elements()), tuple((before - after).elements())


def _diff_record_fields(was: Any, now: Any) -> Changes:
    return _diff_fields(was, now, _FIELDS_COMPARED_IN_PARTS)


def _diff_fields(was: Any, now: Any, without: Collection[str] = ()) -> Changes:
    found: Changes = {}
    for name in was.__struct_fields__:
        old, new = getattr(was, name), getattr(now, name)
        if old != new and name not in without:
            found[name] = (_to_plain(old), _to_plain(new))
    return found


def _to_plain(value: Any) -> Any:
    return (
        value
        if value is None or isinstance(value, str | int | float)
        else msgspec.to_builtins(value)
    )
