"""Files that differ, walked side by side: each kind in its way, and what differs out of it entry by entry.

Documents and gold are merged over all files, because a record may have moved from one into another; each annotator's
file is walked by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

import msgspec
import xxhash

from sayso import migrations, schema
from sayso.difference.aligning import Cursor, Key, Order, Watch, events, joined_across, joined_within
from sayso.difference.comparing import entries_of, verbatim
from sayso.difference.entries import AnyEntry, FileDigest, LineEntry, Place, SchemaEntry
from sayso.difference.sides import SCHEMA, Opener
from sayso.difference.words import schema_entries
from sayso.errors import InputError
from sayso.migrations import Migrations
from sayso.records import Annotation, Document, Gold
from sayso.schema import Schema
from sayso.settings import MARK
from sayso.store import annotation_order

_ORDERS: dict[type, Order] = {
    Document: lambda document: (document.doc_id,),
    Annotation: annotation_order,
    Gold: lambda gold: (gold.doc_id, gold.campaign),
}
_SIDES = ("older", "newer")
_WHOLE, _LINES = 1 << 20, 5000  # bytes and lines up to which a file of no records is compared as a text


@dataclass
class Walk:
    """One walk over files that differ.

    Attributes:
        before: the names of the older side; ``after``: of the newer one.
        files: the digests of what was walked.
        notes: what a reader should know of the walk.
    """

    older: Opener
    newer: Opener
    before: Collection[str]
    after: Collection[str]
    watch: Watch
    files: list[FileDigest] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def merged(self, names: Iterable[str], kind: type[Document] | type[Gold]) -> Iterator[AnyEntry]:
        """Records that may move between files."""
        with ExitStack() as open_files:
            pairs = [self._pair(name, kind, open_files) for name in names]
            for event in joined_across([events(*pair, self.watch) for pair in pairs]):
                yield from entries_of(event)
            for pair in pairs:
                self._settle(*pair)

    def answers(self, name: str) -> Iterator[AnyEntry]:
        """One annotator's file. An answer that was taken back and given anew is one that changed."""
        with ExitStack() as open_files:
            pair = self._pair(name, Annotation, open_files)
            for event in joined_within(events(*pair, self.watch), _of_document):
                yield from entries_of(event)
            self._settle(*pair)

    def lines(self, name: str) -> Iterator[LineEntry]:
        """A file that holds no records: large ones grow at their end, small ones are compared as texts are."""
        with ExitStack() as open_files:
            older, newer = (self._open(side, name, open_files) for side in _SIDES)
            was, now = (file.read(_WHOLE + 1) if file else b"" for file in (older, newer))
            if max(len(was), len(now)) > _WHOLE or max(was.count(b"\n"), now.count(b"\n")) > _LINES:
                yield from self._long(name, open_files)
                return
            yield from _lines(name, BytesIO(was).readlines(), BytesIO(now).readlines())
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
            self.notes.append(f"{side} side: no {MARK}; its words were not compared")
            return None
        try:
            return schema.read(folder / side / MARK, Schema, "")  # its shape alone: an older one need not be flawless
        except InputError as error:
            self.notes.append(f"{side} {MARK}: {error.what}; its words were not compared")
            return None

    def _migrations(self, root: Path, newer: Schema) -> Migrations | None:
        try:
            return migrations.load(root / SCHEMA, newer)
        except InputError as error:
            self.notes.append(f"{SCHEMA}/migrations: {error.what}; words renamed are told as removed and added")
            return None

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
                self.notes.append(note)
        self._digested(older.name, older.digest, newer.digest)

    def _digested(self, name: str, older: Any, newer: Any) -> None:
        was = older.hexdigest() if name in self.before else None
        now = newer.hexdigest() if name in self.after else None
        self.files.append(FileDigest(file=name, older=was, newer=now))


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
