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

from sayso.diff.diff_entries import LineLocation

SortKey = tuple[Any, ...]
SortOrder = Callable[[Any], SortKey]
Advance = Callable[[int], None]
_LINES_PER_ADVANCE = 1000


class DiffLine(NamedTuple):
    """A line; ``record`` is None where it cannot be read, ``error`` of what."""

    location: LineLocation
    raw: bytes
    record: Any
    error: str | None = None


class LineChange(NamedTuple):
    """A line that is on one side alone, or differs. ``paired_before`` counts the lines of its file that were paired before."""

    key: SortKey
    paired_before: int
    older: DiffLine | None
    newer: DiffLine | None


class FileCursor:
    """One file, line by line, each decoded at most once and only if somebody asks.

    Attributes:
        raw: the present line with its line end; empty behind the last.
        digest: XXH3-128 of what was read.
        disordered: whether a key was less than one before it.
    """

    def __init__(
        self,
        name: str,
        file: BinaryIO | None,
        decode: Callable[[bytes], Any],
        sort_order: SortOrder,
    ) -> None:
        self.name, self.number, self.digest, self.out_of_order = name, 0, xxhash.xxh3_128(), False
        self.raw = b""
        self._lines, self._decoder, self._sort_order = iter(file or ()), decode, sort_order
        self._line: DiffLine | None = None
        self._key: SortKey = ()
        self.advance()

    def advance(self) -> None:
        """Go to the next line."""
        self.raw = next(self._lines, b"")
        self.digest.update(self.raw)
        self.number += 1
        self._line = None

    def read_line(self) -> DiffLine:
        """The present line, decoded."""
        if self._line is None:
            self._line = self._decode_line(LineLocation(self.name, self.number))
        return self._line

    def read_key(self) -> SortKey:
        """Where the present line belongs; the last key that there was, if it cannot be read."""
        record = self.read_line().record
        if record is not None:
            key = self._sort_order(record)
            self.out_of_order |= key < self._key
            self._key = key
        return self._key

    def _decode_line(self, location: LineLocation) -> DiffLine:
        try:
            return DiffLine(location, self.raw, self._decoder(self.raw))
        except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, RecursionError) as error:
            return DiffLine(location, self.raw, None, str(error))


def align_lines(older: FileCursor, newer: FileCursor, advance: Advance) -> Iterator[LineChange]:
    """What differs between two versions of one file, in its order."""
    passed = seen = 0
    while older.raw or newer.raw:
        if seen >= _LINES_PER_ADVANCE:
            advance(seen)
            seen = 0
        seen += 1
        if older.raw == newer.raw:
            older.advance()
            newer.advance()
            passed += 1
            continue
        event = _next_change(older, newer, passed)
        if event.older:
            older.advance()
        if event.newer:
            newer.advance()
        passed += bool(event.older and event.newer)
        yield event
    advance(seen)


def _next_change(older: FileCursor, newer: FileCursor, passed: int) -> LineChange:
    if not newer.raw or (older.raw and older.read_line().record is None):
        return LineChange(older.read_key(), passed, older.read_line(), None)
    if not older.raw or newer.read_line().record is None:
        return LineChange(newer.read_key(), passed, None, newer.read_line())
    was, now = older.read_key(), newer.read_key()
    if was == now:
        return LineChange(now, passed, older.read_line(), newer.read_line())
    return (
        LineChange(was, passed, older.read_line(), None)
        if was < now
        else LineChange(now, passed, None, newer.read_line())
    )


def merge_across_files(changes_by_file: Sequence[Iterable[LineChange]]) -> Iterator[LineChange]:
    """The events of several files in order of key; what left one file and came into another is one event."""
    for _key, group in groupby(heapq.merge(*changes_by_file, key=_change_key), key=_change_key):
        yield from _pair_removed_with_added(
            list(group), lambda gone, come: gone.location.file != come.location.file
        )


def merge_within_file(
    changes: Iterable[LineChange], identity: Callable[[SortKey], SortKey]
) -> Iterator[LineChange]:
    """The events of one file; what went and came under one ``identity``, with nothing paired between, is one event."""
    for _key, group in groupby(changes, key=lambda event: identity(event.key)):
        together = list(group)
        standing = len({event.paired_before for event in together}) == 1
        yield from _pair_removed_with_added(together, _accept_any) if standing else together


def _pair_removed_with_added(
    group: list[LineChange], matches: Callable[[DiffLine, DiffLine], bool]
) -> list[LineChange]:
    gone = [event.older for event in group if event.older and not event.newer]
    come = [event.newer for event in group if event.newer and not event.older]
    if (
        len(group) != 2
        or len(gone) != 1
        or len(come) != 1
        or gone[0].record is None
        or come[0].record is None
    ):
        return group
    return (
        [LineChange(group[-1].key, group[-1].paired_before, gone[0], come[0])]
        if matches(gone[0], come[0])
        else group
    )


def _accept_any(_gone: DiffLine, _come: DiffLine) -> bool:
    return True


def _change_key(event: LineChange) -> SortKey:
    return event.key
