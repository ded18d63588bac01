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

from sayso.corpus.sources import annotation_sort_key
from sayso.diff.corpus_versions import SCHEMA_FOLDER, OpenFile
from sayso.diff.diff_entries import AnyDiffEntry, FileDigest, LineEntry, LineLocation, SchemaEntry
from sayso.diff.line_alignment import (
    Advance,
    FileCursor,
    SortKey,
    SortOrder,
    align_lines,
    merge_across_files,
    merge_within_file,
)
from sayso.diff.record_diff import build_entries, encode_raw_line
from sayso.diff.schema_diff import diff_schemas
from sayso.errors import InputError
from sayso.models import Annotation, Document, Gold
from sayso.schema import declarations, migrations
from sayso.schema.declarations import Schema
from sayso.schema.migrations import Migrations
from sayso.settings import SCHEMA_FILE

_SORT_ORDERS: dict[type, SortOrder] = {
    Document: lambda document: (document.doc_id,),
    Annotation: annotation_sort_key,
    Gold: lambda gold: (gold.doc_id, gold.campaign),
}
_VERSIONS = ("older", "newer")
_MAX_TEXT_BYTES, _MAX_TEXT_LINES = (
    1 << 20,
    5000,
)  # bytes and lines up to which a file of no records is compared as a text


@dataclass
class FileComparison:
    """One walk over files that differ.

    Attributes:
        before: the names of the older side; ``newer_names``: of the newer one.
        files: the digests of what was walked.
        notes: what a reader should know of the walk.
    """

    open_older: OpenFile
    open_newer: OpenFile
    older_names: Collection[str]
    newer_names: Collection[str]
    advance: Advance
    files: list[FileDigest] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def diff_records(
        self, names: Iterable[str], kind: type[Document] | type[Gold]
    ) -> Iterator[AnyDiffEntry]:
        """Records that may move between files."""
        with ExitStack() as open_files:
            pairs = [self._open_pair(name, kind, open_files) for name in names]
            for event in merge_across_files([align_lines(*pair, self.advance) for pair in pairs]):
                yield from build_entries(event)
            for pair in pairs:
                self._finish_pair(*pair)

    def diff_annotations(self, name: str) -> Iterator[AnyDiffEntry]:
        """One annotator's file. An answer that was taken back and given anew is one that changed."""
        with ExitStack() as open_files:
            pair = self._open_pair(name, Annotation, open_files)
            for event in merge_within_file(align_lines(*pair, self.advance), _document_key):
                yield from build_entries(event)
            self._finish_pair(*pair)

    def diff_lines(self, name: str) -> Iterator[LineEntry]:
        """A file that holds no records: large ones grow at their end, small ones are compared as texts are."""
        with ExitStack() as open_files:
            older, newer = (self._open(side, name, open_files) for side in _VERSIONS)
            was, now = (file.read(_MAX_TEXT_BYTES + 1) if file else b"" for file in (older, newer))
            if (
                max(len(was), len(now)) > _MAX_TEXT_BYTES
                or max(was.count(b"\n"), now.count(b"\n")) > _MAX_TEXT_LINES
            ):
                yield from self._diff_long_file(name, open_files)
                return
            yield from _diff_texts(name, BytesIO(was).readlines(), BytesIO(now).readlines())
            self._add_digest(name, xxhash.xxh3_128(was), xxhash.xxh3_128(now))

    def _diff_long_file(self, name: str, open_files: ExitStack) -> Iterator[LineEntry]:
        older, newer = (
            FileCursor(name, self._open(side, name, open_files), bytes, _empty_key)
            for side in _VERSIONS
        )
        while older.raw or newer.raw:
            if older.raw != newer.raw:
                yield from _line_entries(older, newer)
            older.advance()
            newer.advance()
        self._finish_pair(older, newer)

    def diff_schema(self, differing: Iterable[str]) -> Iterator[SchemaEntry]:
        """The words of the schema, where they differ."""
        if SCHEMA_FILE.as_posix() not in differing:
            return
        with TemporaryDirectory() as folder:
            older = self._load_schema("older", Path(folder))
            newer = self._load_schema("newer", Path(folder))
            if older and newer:
                yield from diff_schemas(
                    older, newer, self._load_migrations(Path(folder) / "newer", newer)
                )
            else:
                yield SchemaEntry(kind="schema", name=SCHEMA_FILE.as_posix(), change="unreadable")

    def _load_schema(self, side: str, folder: Path) -> Schema | None:
        """One side's schema; what is beside it is laid out as in a checkout, so that its migrations are found."""
        names, opener = (
            (self.older_names, self.open_older)
            if side == "older"
            else (self.newer_names, self.open_newer)
        )
        for name in names:
            path = folder / side / name
            if name == SCHEMA_FILE.as_posix() or name.startswith(f"{SCHEMA_FOLDER}/migrations/"):
                path.parent.mkdir(parents=True, exist_ok=True)
                with opener(name) as file:
                    path.write_bytes(file.read())
        if SCHEMA_FILE.as_posix() not in names:
            self.notes.append(f"{side} side: no {SCHEMA_FILE}; its words were not compared")
            return None
        try:
            return declarations.read_yaml(
                folder / side / SCHEMA_FILE, Schema, ""
            )  # its shape alone: an older one need not be flawless
        except InputError as error:
            self.notes.append(f"{side} {SCHEMA_FILE}: {error.what}; its words were not compared")
            return None

    def _load_migrations(self, root: Path, newer: Schema) -> Migrations | None:
        try:
            return migrations.load_migrations(root / SCHEMA_FOLDER, newer)
        except InputError as error:
            self.notes.append(
                f"{SCHEMA_FOLDER}/migrations: {error.what}; words renamed are told as removed and added"
            )
            return None

    def _open_pair(
        self, name: str, kind: type, open_files: ExitStack
    ) -> tuple[FileCursor, FileCursor]:
        decode: Callable[[bytes], Any] = msgspec.json.Decoder(kind).decode
        older, newer = (self._open(side, name, open_files) for side in _VERSIONS)
        return FileCursor(name, older, decode, _SORT_ORDERS[kind]), FileCursor(
            name, newer, decode, _SORT_ORDERS[kind]
        )

    def _open(self, side: str, name: str, open_files: ExitStack) -> BinaryIO | None:
        names, opener = (
            (self.older_names, self.open_older)
            if side == "older"
            else (self.newer_names, self.open_newer)
        )
        return open_files.enter_context(opener(name)) if name in names else None

    def _finish_pair(self, older: FileCursor, newer: FileCursor) -> None:
        for side, cursor in (("older", older), ("newer", newer)):
            if cursor.out_of_order:
                note = f"{side} {cursor.name}: records out of order, so some that stayed may be told as gone and come"
                self.notes.append(note)
        self._add_digest(older.name, older.digest, newer.digest)

    def _add_digest(self, name: str, older: Any, newer: Any) -> None:
        was = older.hexdigest() if name in self.older_names else None
        now = newer.hexdigest() if name in self.newer_names else None
        self.files.append(FileDigest(file=name, older=was, newer=now))


def _empty_key(_line: Any) -> SortKey:
    return ()


def _document_key(key: SortKey) -> SortKey:
    return key[:2]


def _diff_texts(name: str, was: list[bytes], now: list[bytes]) -> Iterator[LineEntry]:
    for change, a, b, c, d in SequenceMatcher(None, was, now, autojunk=False).get_opcodes():
        if change != "equal":
            yield from (
                LineEntry(older=LineLocation(name, number)) for number in range(a + 1, b + 1)
            )
            yield from (
                LineEntry(newer=LineLocation(name, n), **encode_raw_line(now[n - 1]))
                for n in range(c + 1, d + 1)
            )


def _line_entries(older: FileCursor, newer: FileCursor) -> Iterator[LineEntry]:
    if older.raw:
        yield LineEntry(older=LineLocation(older.name, older.number))
    if newer.raw:
        yield LineEntry(newer=LineLocation(newer.name, newer.number), **encode_raw_line(newer.raw))
