"""Two versions of one record → one entry that makes the newer of the older, byte for byte. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from sayso.difference.aligning import Event, Line
from sayso.difference.claims import claim_changes
from sayso.difference.entries import (
    AnswerEntry,
    AnyEntry,
    Changes,
    DocumentEntry,
    GoldEntry,
    LineEntry,
    MentionChange,
    Reading,
    Splice,
)
from sayso.difference.making import made, renamed
from sayso.difference.matching import Pairs, matched
from sayso.records import Annotation, Document, Gold, Mention, Relation

R = TypeVar("R", bound=Relation)
_WORD = 30  # code points; a longer word is cut, a change told by it all the same
_WHOLE = {"mentions", "relations", "text"}  # told in parts, not as a field


def entries_of(event: Event) -> list[AnyEntry]:
    """What an event comes to. Lines that cannot be read on one side are a line gone and another come.

    The newer line goes in as it stands where the parts do not make it, as where somebody wrote it by hand.
    """
    sides = [line for line in (event.older, event.newer) if line]
    if any(line.record is None for line in sides):
        return [_unreadable(line, gone=line is event.older) for line in sides]
    entry = _entry(event.older, event.newer)
    if event.newer and made(entry, event.older and event.older.record) != event.newer.raw:
        entry = msgspec.structs.replace(entry, **verbatim(event.newer.raw))
    return [entry]


def verbatim(raw: bytes) -> dict[str, Any]:
    """A line as it stands."""
    try:
        return {"line": raw.decode()}
    except UnicodeDecodeError:
        return {"base64": raw}


def _unreadable(line: Line, *, gone: bool) -> LineEntry:
    because = line.because or "it stands beside a line that is none"
    if gone:
        return LineEntry(older=line.place, because=because)
    return LineEntry(newer=line.place, because=because, **verbatim(line.raw))


def _entry(older: Line | None, newer: Line | None) -> DocumentEntry | AnswerEntry | GoldEntry:
    was, now = older and older.record, newer and newer.record
    known: Any = {"older": older and older.place, "newer": newer and newer.place}
    record: Any = now or was
    if isinstance(record, Document):
        return _document(was, now, {**known, "doc_id": record.doc_id, "title": record.title})
    known |= {"doc_id": record.doc_id, "campaign": record.campaign}
    if isinstance(record, Annotation):
        known |= {"interface": record.interface, "annotator": record.annotator}
    kind = AnswerEntry if isinstance(record, Annotation) else GoldEntry
    if was is None or now is None:
        return kind(record=record, claims=tuple(claim_changes(was, now, {})), **known)
    pairs, gone, come = matched(was.mentions, now.mentions)
    ids = {one.id: other.id for one, other in pairs}
    reading = _reading(was, now, pairs, gone, come, ids)
    return kind(changes=_changes(was, now), reading=reading, claims=tuple(claim_changes(was, now, ids)), **known)


def _document(was: Document | None, now: Document | None, known: Any) -> DocumentEntry:
    if was is None or now is None:
        return DocumentEntry(record=now, **known)
    return DocumentEntry(changes=_changes(was, now), text=splice(was.text, now.text), **known)


def splice(older: str, newer: str) -> Splice | None:
    """The one stretch in which two texts differ, by whole words; None where they do not.

    >>> splice("34 drones flew", "38 drones flew")
    Splice(start=0, old='34', new='38')
    """
    if older == newer:
        return None
    room = min(len(older), len(newer))
    start = _longest(room, lambda low, high: older[low:high] == newer[low:high])
    a, b = len(older), len(newer)
    tail = _longest(room - start, lambda low, high: older[a - high : a - low] == newer[b - high : b - low])
    start -= _outwards(older[max(0, start - _WORD) : start][::-1])
    tail -= _outwards(older[a - tail : a - tail + _WORD])
    return Splice(start=start, old=older[start : a - tail], new=newer[start : b - tail])


def _outwards(text: str) -> int:
    """How many code points of it still belong to the word that it begins in.

    >>> _outwards("nes flew"), _outwards(" flew")
    (3, 0)
    """
    return next((n for n, character in enumerate(text) if character.isspace()), len(text))


def _longest(most: int, alike: Any) -> int:
    """How many code points two texts share at one end, by halves."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if alike(low, middle) else (low, middle - 1)
    return low


def _reading(was: Annotation | Gold, now: Annotation | Gold, pairs: Pairs[Any], gone: Iterable[Any],
             come: Iterable[Any], ids: Mapping[str, str]) -> Reading[Any, Any]:  # fmt: skip
    if was.mentions == now.mentions and was.relations == now.relations:
        return Reading()
    changed = (_mention(one, other) for one, other in pairs if one != other)
    related, unrelated = _relations(renamed(was.relations, ids), list(now.relations))
    ends = {end for each in (*related, *unrelated) for end in (each.head, each.tail)}
    texts = {m.id: m.text for m in (*was.mentions, *now.mentions) if m.id in ends} if ends else {}
    return Reading(added=tuple(come), removed=tuple(gone), changed=tuple(changed),
                   related=related, unrelated=unrelated, texts=texts)  # fmt: skip


def _mention(was: Mention, now: Mention) -> MentionChange:
    changes = _fields(was, now)
    if pair := changes.pop("attributes", None):
        old, new = pair
        changes |= {f"attributes.{name}": (old.get(name), new.get(name)) for name in sorted(old.keys() | new.keys())
                    if old.get(name) != new.get(name)}  # fmt: skip
    return MentionChange(id=was.id, label=was.label, text=was.text, changes=changes)


def _relations(was: Iterable[R], now: Iterable[R]) -> tuple[tuple[R, ...], tuple[R, ...]]:
    """Those that came and those that went."""
    if was == now:
        return (), ()
    before, after = Counter(was), Counter(now)
    return tuple((after - before).elements()), tuple((before - after).elements())


def _changes(was: Any, now: Any) -> Changes:
    return _fields(was, now, _WHOLE)


def _fields(was: Any, now: Any, without: Collection[str] = ()) -> Changes:
    found: Changes = {}
    for name in was.__struct_fields__:
        old, new = getattr(was, name), getattr(now, name)
        if old != new and name not in without:
            found[name] = (_plain(old), _plain(new))
    return found


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | float) else msgspec.to_builtins(value)
