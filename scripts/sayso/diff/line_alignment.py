"""Align two versions of a file of records: skip equal lines without decoding them and pair the
others by their keys.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, BinaryIO, NamedTuple

import msgspec

from sayso.callbacks import Advance
from sayso.diff.diff_entries import LineLocation

SortKey = tuple[Any, ...]
_LINES_PER_ADVANCE = 1000


class DiffLine(NamedTuple):
    """A line with its record, or with the ``error`` that kept it from being decoded."""

    location: LineLocation
    raw: bytes
    record: Any
    error: str | None = None


class LineChange(NamedTuple):
    """A line that is in one version only, or differs. ``paired_before`` counts the pairs before it
    in its file.
    """

    key: SortKey
    paired_before: int
    older: DiffLine | None
    newer: DiffLine | None


class FileCursor:
    """One version of a file, read line by line; a line is decoded at most once, and only on
    request.

    Attributes:
        raw: the current line with its line end; empty at the end of the file.
        out_of_order: whether a key was less than one before it.
    """

    def __init__(
        self,
        name: str,
        file: BinaryIO | None,
        decode: Callable[[bytes], Any],
        sort_key: Callable[[Any], SortKey],
    ) -> None:
        self.name, self.number, self.out_of_order = name, 0, False
        self.raw = b""
        self._lines, self._decode, self._sort_key = iter(file or ()), decode, sort_key
        self._line: DiffLine | None = None
        self._last_key: SortKey = ()
        self.advance()

    def advance(self) -> None:
        """Go to the next line."""
        self.raw = next(self._lines, b"")
        self.number += 1
        self._line = None

    def read_line(self) -> DiffLine:
        """Return the current line, decoded."""
        if self._line is None:
            self._line = self._decode_line(LineLocation(self.name, self.number))
        return self._line

    def read_key(self) -> SortKey:
        """Return the sort key of the current line, or the last known key where the line cannot be
        decoded.
        """
        record = self.read_line().record
        if record is not None:
            key = self._sort_key(record)
            self.out_of_order |= key < self._last_key
            self._last_key = key
        return self._last_key

    def _decode_line(self, location: LineLocation) -> DiffLine:
        try:
            return DiffLine(location, self.raw, self._decode(self.raw))
        except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, RecursionError) as error:
            return DiffLine(location, self.raw, None, str(error))


def align_lines(older: FileCursor, newer: FileCursor, advance: Advance) -> Iterator[LineChange]:
    """Yield the changes between two versions of one file, in file order."""
    paired = seen = 0
    while older.raw or newer.raw:
        if seen >= _LINES_PER_ADVANCE:
            advance(seen)
            seen = 0
        seen += 1
        if older.raw == newer.raw:
            older.advance()
            newer.advance()
            paired += 1
            continue
        change = _next_change(older, newer, paired)
        if change.older:
            older.advance()
        if change.newer:
            newer.advance()
        paired += bool(change.older and change.newer)
        yield change
    advance(seen)


def _next_change(older: FileCursor, newer: FileCursor, paired: int) -> LineChange:
    if not newer.raw or (older.raw and older.read_line().record is None):
        return LineChange(older.read_key(), paired, older.read_line(), None)
    if not older.raw or newer.read_line().record is None:
        return LineChange(newer.read_key(), paired, None, newer.read_line())
    older_key, newer_key = older.read_key(), newer.read_key()
    return LineChange(
        min(older_key, newer_key),
        paired,
        older.read_line() if older_key <= newer_key else None,
        newer.read_line() if newer_key <= older_key else None,
    )


def merge_across_files(changes_by_file: Sequence[Iterable[LineChange]]) -> Iterator[LineChange]:
    """Merge the changes of several files by key. A record that left one file and came into another
    is one change.
    """
    for _key, group in groupby(heapq.merge(*changes_by_file, key=_change_key), key=_change_key):
        changes = list(group)
        files = {line.location.file for change in changes for line in change[2:] if line}
        yield from _pair_removed_with_added(changes) if len(files) > 1 else changes


def merge_within_file(
    changes: Iterable[LineChange], identity: Callable[[SortKey], SortKey]
) -> Iterator[LineChange]:
    """Merge changes of one file: a record removed and one added under the same ``identity`` are one
    change.

    They stay apart where lines between them are paired.
    """
    for _key, group in groupby(changes, key=lambda change: identity(change.key)):
        together = list(group)
        adjacent = len({change.paired_before for change in together}) == 1
        yield from _pair_removed_with_added(together) if adjacent else together


def _pair_removed_with_added(group: list[LineChange]) -> list[LineChange]:
    removed = [change.older for change in group if change.older and not change.newer]
    added = [change.newer for change in group if change.newer and not change.older]
    if len(group) != 2 or len(removed) != 1 or len(added) != 1:
        return group
    if removed[0].record is None or added[0].record is None:
        return group
    return [LineChange(group[-1].key, group[-1].paired_before, removed[0], added[0])]


def _change_key(change: LineChange) -> SortKey:
    return change.key
