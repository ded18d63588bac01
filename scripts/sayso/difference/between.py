"""Two sides, walked once, side by side: what differs comes out entry by entry and is counted as it passes.

Files with the same bytes are not opened. Documents and gold are merged over all files that differ, because a record
may have moved from one into another; each annotator's file is walked by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, Protocol

import msgspec
import xxhash

from sayso import migrations, schema
from sayso.difference import bump as bumps
from sayso.difference.aligning import Cursor, Event, Key, Order, Watch, events, joined_across, joined_within
from sayso.difference.bump import Bump, Kind
from sayso.difference.comparing import entries_of, verbatim
from sayso.difference.entries import AnyEntry, FileDigest, LineEntry, Place, SchemaEntry
from sayso.difference.sides import SCHEMA, Opener, Side, same
from sayso.difference.telling import Row, rows
from sayso.difference.words import schema_entries
from sayso.errors import InputError
from sayso.migrations import Migrations
from sayso.records import Annotation, Document, Gold
from sayso.schema import Schema
from sayso.settings import MARK
from sayso.store import annotation_order, records_of

_ORDERS: dict[type, Order] = {
    Document: lambda document: (document.doc_id,),
    Annotation: annotation_order,
    Gold: lambda gold: (gold.doc_id, gold.campaign),
}
_SIDES = ("older", "newer")
_WHOLE, _LINES = 1 << 20, 5000  # bytes and lines up to which a file of no records is compared as a text


class Told(Protocol):
    """A difference, made now or read again. ``files`` is complete once ``entries`` has been walked."""

    files: list[FileDigest]

    def entries(self) -> Iterator[AnyEntry]:
        """What differs, in an order that ``apply`` can follow."""


@dataclass
class Tally:
    """What passed by: how often which kind of which layer, and the first few rows of each kind."""

    first: int = 10
    counts: Counter[tuple[Kind, str]] = field(default_factory=Counter)
    shown: dict[Kind, list[Row]] = field(default_factory=dict)

    def add(self, entry: AnyEntry) -> list[Row]:
        """Count an entry; its rows."""
        found = list(rows(entry))
        for row in found:
            kind = row.kind
            self.counts[kind, row.layer] += 1
            shown = self.shown.get(kind)
            if shown is None:
                shown = self.shown[kind] = []
            if len(shown) < self.first:
                shown.append(row)
        return found

    @property
    def bump(self) -> Bump | None:
        """The least bump that the counted kinds ask for."""
        return bumps.least(self.shown)

    @property
    def reasons(self) -> list[Kind]:
        """The kinds that ask for it."""
        return bumps.reasons(self.shown, self.bump)


@dataclass
class Difference:
    """What makes ``newer`` of ``older``. Walking it again reads both sides again.

    Attributes:
        files: the files that differ, by their bytes; complete once ``entries`` has been walked.
        notes: what a reader should know of the comparison itself; complete then too.
    """

    older: Side
    newer: Side
    watch: Watch = lambda _n: None
    first: int = 10
    files: list[FileDigest] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _tally: Tally | None = None

    def entries(self) -> Iterator[AnyEntry]:
        """What differs: words of the schema, documents, answers, gold, then lines of other files.

        Raises:
            InputError: git does not have the bytes of a file.
            DiskError: a file cannot be read.
        """
        self.files, self.notes = [], []
        differing = self._differing()
        with self.older.reading() as older, self.newer.reading() as newer:
            walk = _Walk(older, newer, set(self.older.files()), set(self.newer.files()), self)
            yield from walk.schema(differing)
            for kind in (Document, Gold):
                yield from walk.merged([name for name in differing if records_of(name) is kind], kind)
            for name in differing:
                if records_of(name) is Annotation:
                    yield from walk.answers(name)
                elif records_of(name) is None:
                    yield from walk.lines(name)
        self.files.sort(key=lambda each: each.file)

    def _differing(self) -> list[str]:
        older, newer = self.older.files(), self.newer.files()
        if not any(name.startswith(f"{SCHEMA}/") for name in older) or not any(
            n.startswith(f"{SCHEMA}/") for n in newer
        ):
            if any(name.startswith(f"{SCHEMA}/") for name in {**older, **newer}):
                self.notes.append("one side has no schema/: only what lies under corpus/ was compared")
            older, newer = (
                dict.fromkeys(n for n in names if not n.startswith(f"{SCHEMA}/")) for names in (older, newer)
            )
        both = sorted({**older, **newer})
        return [n for n in both if n not in older or n not in newer or not same(self.older, self.newer, n)]

    @property
    def tally(self) -> Tally:
        """Counts and first rows; both sides are read where that has not been done yet."""
        while self._tally is None:
            for _entry in self.counted():
                pass
        return self._tally

    def counted(self) -> Iterator[tuple[AnyEntry, list[Row]]]:
        """The entries, each with its rows, counted as they pass."""
        tally = Tally(self.first)
        for entry in self.entries():
            yield entry, tally.add(entry)
        self._tally = tally

    @property
    def bump(self) -> Bump | None:
        """The least bump of the version; None where nothing differs."""
        return self.tally.bump

    def told(self) -> dict[str, Any]:
        """Sides, bump and counts, for a program to read; the entries themselves are not in it."""
        from sayso.difference.sheets import told

        return told(self)

    def markdown(self) -> str:
        """The difference for a changelog."""
        from sayso.difference.sheets import markdown

        return markdown(self)


@dataclass
class _Walk:
    """One walk over the files that differ."""

    older: Opener
    newer: Opener
    before: set[str]
    after: set[str]
    found: Difference

    def merged(self, names: Iterable[str], kind: type[Document] | type[Gold]) -> Iterator[AnyEntry]:
        """Records that may move between files."""
        with ExitStack() as open_files:
            pairs = [self._pair(name, kind, open_files) for name in names]
            for event in joined_across([events(*pair, self.found.watch) for pair in pairs]):
                yield from self._entries(event)
            for pair in pairs:
                self._settle(*pair)

    def answers(self, name: str) -> Iterator[AnyEntry]:
        """One annotator's file. An answer that was taken back and given anew is one that changed."""
        with ExitStack() as open_files:
            pair = self._pair(name, Annotation, open_files)
            for event in joined_within(events(*pair, self.found.watch), _of_document):
                yield from self._entries(event)
            self._settle(*pair)

    def lines(self, name: str) -> Iterator[LineEntry]:
        """A file that holds no records: large ones grow at their end, small ones are compared as texts are."""
        with ExitStack() as open_files:
            older, newer = (self._open(side, name, open_files) for side in _SIDES)
            was, now = (file.read(_WHOLE + 1) if file else b"" for file in (older, newer))
            if max(len(was), len(now)) > _WHOLE or max(was.count(b"\n"), now.count(b"\n")) > _LINES:
                yield from self._long(name, open_files)
                return
            yield from _lines(name, was.splitlines(keepends=True), now.splitlines(keepends=True))
            self._digested(name, xxhash.xxh3_128(was), xxhash.xxh3_128(now))

    def _long(self, name: str, open_files: ExitStack) -> Iterator[LineEntry]:
        older, newer = (Cursor(name, self._open(side, name, open_files), bytes, _nowhere) for side in _SIDES)
        while older.raw or newer.raw:
            if older.raw != newer.raw:
                yield from _line(older, newer)
            older.advance()
            newer.advance()
        self._settle(older, newer)

    def schema(self, differing: Iterable[str]) -> Iterator[SchemaEntry]:
        """The words of the schema, where they differ."""
        if MARK.as_posix() not in differing:
            return
        with TemporaryDirectory() as folder:
            older = self._loaded("older", Path(folder))
            newer = self._loaded("newer", Path(folder))
            if older and newer:
                yield from schema_entries(older, newer, self._migrations(Path(folder) / "newer", newer))
            else:
                yield SchemaEntry(kind="schema", name=MARK.as_posix(), change="unreadable")

    def _loaded(self, side: str, folder: Path) -> Schema | None:
        """One side's schema; what is beside it is laid out as in a checkout, so that its migrations are found."""
        names, opener = (self.before, self.older) if side == "older" else (self.after, self.newer)
        for name in names:
            path = folder / side / name
            if name == MARK.as_posix() or name.startswith(f"{SCHEMA}/migrations/"):
                path.parent.mkdir(parents=True, exist_ok=True)
                with opener(name) as file:
                    path.write_bytes(file.read())
        if MARK.as_posix() not in names:
            self.found.notes.append(f"{side} side: no {MARK}; its words were not compared")
            return None
        try:
            return schema.read(folder / side / MARK, Schema, "")  # its shape alone: an older one need not be flawless
        except InputError as error:
            self.found.notes.append(f"{side} {MARK}: {error.what}; its words were not compared")
            return None

    def _migrations(self, root: Path, newer: Schema) -> Migrations | None:
        try:
            return migrations.load(root / SCHEMA, newer)
        except InputError as error:
            self.found.notes.append(f"{SCHEMA}/migrations: {error.what}; words renamed are told as removed and added")
            return None

    def _entries(self, event: Event) -> Iterator[AnyEntry]:
        yield from entries_of(event)  # type: ignore[misc]

    def _pair(self, name: str, kind: type, open_files: ExitStack) -> tuple[Cursor, Cursor]:
        decode: Callable[[bytes], Any] = msgspec.json.Decoder(kind).decode
        older, newer = (self._open(side, name, open_files) for side in _SIDES)
        return Cursor(name, older, decode, _ORDERS[kind]), Cursor(name, newer, decode, _ORDERS[kind])

    def _open(self, side: str, name: str, open_files: ExitStack) -> BinaryIO | None:
        names, opener = (self.before, self.older) if side == "older" else (self.after, self.newer)
        return open_files.enter_context(opener(name)) if name in names else None

    def _settle(self, older: Cursor, newer: Cursor) -> None:
        for side, cursor in (("older", older), ("newer", newer)):
            if cursor.disordered:
                note = f"{side} {cursor.name}: records out of order, so some that stayed may be told as gone and come"
                self.found.notes.append(note)
        self._digested(older.name, older.digest, newer.digest)

    def _digested(self, name: str, older: Any, newer: Any) -> None:
        was = older.hexdigest() if name in self.before else None
        now = newer.hexdigest() if name in self.after else None
        self.found.files.append(FileDigest(file=name, older=was, newer=now))


def _nowhere(_line: Any) -> Key:
    return ()


def _of_document(key: Key) -> Key:
    return key[:2]


def _lines(name: str, was: list[bytes], now: list[bytes]) -> Iterator[LineEntry]:
    for change, a, b, c, d in SequenceMatcher(None, was, now, autojunk=False).get_opcodes():
        if change != "equal":
            yield from (LineEntry(older=Place(name, number)) for number in range(a + 1, b + 1))
            yield from (LineEntry(newer=Place(name, n), **verbatim(now[n - 1])) for n in range(c + 1, d + 1))


def _line(older: Cursor, newer: Cursor) -> Iterator[LineEntry]:
    if older.raw:
        yield LineEntry(older=Place(older.name, older.number))
    if newer.raw:
        yield LineEntry(newer=Place(newer.name, newer.number), **verbatim(newer.raw))


def between(older: Side, newer: Side, *, watch: Watch = lambda _n: None, first: int = 10) -> Difference:
    """What makes ``newer`` of ``older``; nothing is read yet.

    ``first`` is how many rows of each kind are kept for people; ``watch`` is told of lines walked.
    """
    return Difference(older, newer, watch, first)
