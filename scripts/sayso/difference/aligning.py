"""Two files of records side by side: equal lines are passed without a look inside, the others paired by their keys.

Whatever order the lines stand in, the pairs never cross: so the places alone tell how one file is made of the other.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, BinaryIO, NamedTuple

import msgspec
import xxhash

from sayso.difference.entries import Place

Key = tuple[Any, ...]
Order = Callable[[Any], Key]
Watch = Callable[[int], None]
_WATCHED = 1000


class Line(NamedTuple):
    """A line; ``record`` is None where it cannot be read, ``because`` of what."""

    place: Place
    raw: bytes
    record: Any
    because: str | None = None


class Event(NamedTuple):
    """A line that is on one side alone, or differs. ``passed`` counts the lines of its file that were paired before."""

    key: Key
    passed: int
    older: Line | None
    newer: Line | None


class Cursor:
    """One file, line by line, each decoded at most once and only if somebody asks.

    Attributes:
        raw: the present line with its line end; empty behind the last.
        digest: XXH3-128 of what was read.
        disordered: whether a key was less than one before it.
    """

    def __init__(self, name: str, file: BinaryIO | None, decode: Callable[[bytes], Any], order: Order) -> None:
        self.name, self.number, self.digest, self.disordered = name, 0, xxhash.xxh3_128(), False
        self.raw = b""
        self._lines, self._decode, self._order = iter(file or ()), decode, order
        self._line: Line | None = None
        self._key: Key = ()
        self.advance()

    def advance(self) -> None:
        """Go to the next line."""
        self.raw = next(self._lines, b"")
        self.digest.update(self.raw)
        self.number += 1
        self._line = None

    def line(self) -> Line:
        """The present line, decoded."""
        if self._line is None:
            self._line = self._decoded(Place(self.name, self.number))
        return self._line

    def key(self) -> Key:
        """Where the present line belongs; the last key that there was, if it cannot be read."""
        record = self.line().record
        if record is not None:
            key = self._order(record)
            self.disordered |= key < self._key
            self._key = key
        return self._key

    def _decoded(self, place: Place) -> Line:
        try:
            return Line(place, self.raw, self._decode(self.raw))
        except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, RecursionError) as error:
            return Line(place, self.raw, None, str(error))


def events(older: Cursor, newer: Cursor, watch: Watch) -> Iterator[Event]:
    """What differs between two versions of one file, in its order."""
    passed = seen = 0
    while older.raw or newer.raw:
        if seen >= _WATCHED:
            watch(seen)
            seen = 0
        seen += 1
        if older.raw == newer.raw:
            older.advance()
            newer.advance()
            passed += 1
            continue
        event = _next(older, newer, passed)
        if event.older:
            older.advance()
        if event.newer:
            newer.advance()
        passed += bool(event.older and event.newer)
        yield event
    watch(seen)


def _next(older: Cursor, newer: Cursor, passed: int) -> Event:
    if not newer.raw or (older.raw and older.line().record is None):
        return Event(older.key(), passed, older.line(), None)
    if not older.raw or newer.line().record is None:
        return Event(newer.key(), passed, None, newer.line())
    was, now = older.key(), newer.key()
    if was == now:
        return Event(now, passed, older.line(), newer.line())
    return Event(was, passed, older.line(), None) if was < now else Event(now, passed, None, newer.line())


def joined_across(files: Sequence[Iterable[Event]]) -> Iterator[Event]:
    """The events of several files in order of key; what left one file and came into another is one event."""
    for _key, group in groupby(heapq.merge(*files, key=_key_of), key=_key_of):
        yield from _joined(list(group), lambda gone, come: gone.place.file != come.place.file)


def joined_within(file: Iterable[Event], identity: Callable[[Key], Key]) -> Iterator[Event]:
    """The events of one file; what went and came under one ``identity``, with nothing paired between, is one event."""
    for _key, group in groupby(file, key=lambda event: identity(event.key)):
        together = list(group)
        standing = len({event.passed for event in together}) == 1
        yield from _joined(together, _always) if standing else together


def _joined(group: list[Event], fitting: Callable[[Line, Line], bool]) -> list[Event]:
    gone = [event.older for event in group if event.older and not event.newer]
    come = [event.newer for event in group if event.newer and not event.older]
    if len(group) != 2 or len(gone) != 1 or len(come) != 1 or gone[0].record is None or come[0].record is None:
        return group
    return [Event(group[-1].key, group[-1].passed, gone[0], come[0])] if fitting(gone[0], come[0]) else group


def _always(_gone: Line, _come: Line) -> bool:
    return True


def _key_of(event: Event) -> Key:
    return event.key
