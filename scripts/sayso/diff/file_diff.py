"""Compare the files that differ, each kind in its way, and yield an entry for each difference.

Documents and gold are merged over all files, because a record may have moved from one file to
another. Each annotator's file is compared by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cached_property
from io import BytesIO
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

import msgspec

from sayso.callbacks import Advance
from sayso.corpus.sources import annotation_sort_key
from sayso.diff.corpus_versions import SCHEMA_FOLDER, CorpusVersion
from sayso.diff.diff_entries import AnyDiffEntry, LineEntry, LineLocation, SchemaEntry
from sayso.diff.line_alignment import (
    FileCursor,
    SortKey,
    align_lines,
    merge_across_files,
    merge_within_file,
)
from sayso.diff.record_diff import build_entry, decode_line
from sayso.diff.schema_diff import diff_schemas
from sayso.errors import InputError
from sayso.files import make_folder
from sayso.models import Annotation, Document, Gold
from sayso.schema.declarations import Schema, read_yaml
from sayso.schema.migrations import Migrations, load_migrations
from sayso.settings import SCHEMA_FILE

_SORT_KEYS: dict[type, Callable[[Any], SortKey]] = {
    Document: lambda document: (document.doc_id,),
    Annotation: annotation_sort_key,
    Gold: lambda gold: (gold.doc_id, gold.campaign),
}
# Longer files are compared line by line at equal numbers: SequenceMatcher takes quadratic time.
_MAX_TEXT_BYTES, _MAX_TEXT_LINES = 1 << 20, 5000


@dataclass
class FileComparison:
    """A comparison of the files of two versions. ``notes`` collects remarks for readers."""

    older: CorpusVersion
    newer: CorpusVersion
    older_names: Collection[str]
    newer_names: Collection[str]
    advance: Advance
    notes: list[str] = field(default_factory=list)

    @cached_property
    def _schema(self) -> Schema | None:
        """The newer schema, or else the older one, which says what frames are."""
        name = SCHEMA_FILE.as_posix()
        with TemporaryDirectory() as folder:
            for version, names in ((self.newer, self.newer_names), (self.older, self.older_names)):
                if name in names:
                    path = Path(folder) / "schema.yaml"
                    with version.open_source(name) as file:
                        path.write_bytes(file.read())
                    try:
                        return read_yaml(path, Schema, "")
                    except InputError:
                        continue  # noted where the schemas are compared
        return None

    def diff_records(
        self, names: Iterable[str], kind: type[Document] | type[Gold]
    ) -> Iterator[AnyDiffEntry]:
        """Compare records that may move between files."""
        with ExitStack() as open_files:
            pairs = [self._open_pair(name, kind, open_files) for name in names]
            for change in merge_across_files([align_lines(*pair, self.advance) for pair in pairs]):
                yield build_entry(change, self._schema)
            for pair in pairs:
                self._note_disorder(*pair)

    def diff_annotations(self, name: str) -> Iterator[AnyDiffEntry]:
        """Compare one annotator's file. An annotation that was deleted and submitted anew is one
        that changed.
        """
        with ExitStack() as open_files:
            pair = self._open_pair(name, Annotation, open_files)
            changes = align_lines(*pair, self.advance)
            for change in merge_within_file(changes, identity=lambda key: key[:2]):
                yield build_entry(change, self._schema)
            self._note_disorder(*pair)

    def diff_lines(self, name: str) -> Iterator[LineEntry]:
        """Compare a file that holds no records, such as the guidelines or the history."""
        with ExitStack() as open_files:
            older, newer = self._open_both(name, open_files)
            before, after = (_read_text_lines(file) for file in (older, newer))
            if before is not None and after is not None:
                yield from _diff_texts(name, before, after)
                return
        with ExitStack() as open_files:
            older, newer = self._open_both(name, open_files)
            yield from _diff_long_texts(name, older or (), newer or ())

    def diff_schema(self, differing: Iterable[str]) -> Iterator[SchemaEntry]:
        """Compare the names that the schemas declare, if schema.yaml differs."""
        if SCHEMA_FILE.as_posix() not in differing:
            return
        with TemporaryDirectory() as folder:
            older = self._load_schema("older", Path(folder))
            newer = self._load_schema("newer", Path(folder))
            if older and newer:
                migrations = self._load_migrations(Path(folder) / "newer", newer)
                yield from diff_schemas(older, newer, migrations)
            else:
                yield SchemaEntry(kind="schema", name=SCHEMA_FILE.as_posix(), change="unreadable")

    def _load_schema(self, version: str, folder: Path) -> Schema | None:
        """Load one version's schema from a copy, laid out as in a checkout so that its migrations
        are found.
        """
        older = version == "older"
        names, open_file = (
            (self.older_names, self.older.open_source)
            if older
            else (self.newer_names, self.newer.open_source)
        )
        for name in names:
            path = folder / version / name
            if name == SCHEMA_FILE.as_posix() or name.startswith(f"{SCHEMA_FOLDER}/migrations/"):
                make_folder(path.parent)
                with open_file(name) as file:
                    path.write_bytes(file.read())
        if SCHEMA_FILE.as_posix() not in names:
            self.notes.append(f"{version} version: no {SCHEMA_FILE}; its names were not compared")
            return None
        try:
            # Only the shape is validated: an older schema need not be free of inconsistencies.
            return read_yaml(folder / version / SCHEMA_FILE, Schema, "")
        except InputError as error:
            self.notes.append(f"{version} {SCHEMA_FILE}: {error.what}; its names were not compared")
            return None

    def _load_migrations(self, root: Path, newer: Schema) -> Migrations | None:
        try:
            return load_migrations(root / SCHEMA_FOLDER, newer)
        except InputError as error:
            note = f"{SCHEMA_FOLDER}/migrations: {error.what}; no name counts as renamed"
            self.notes.append(note)
            return None

    def _open_pair(
        self, name: str, kind: type, open_files: ExitStack
    ) -> tuple[FileCursor, FileCursor]:
        decode: Callable[[bytes], Any] = msgspec.json.Decoder(kind).decode
        older, newer = self._open_both(name, open_files)
        sort_key = _SORT_KEYS[kind]
        return FileCursor(name, older, decode, sort_key), FileCursor(name, newer, decode, sort_key)

    def _open_both(
        self, name: str, open_files: ExitStack
    ) -> tuple[BinaryIO | None, BinaryIO | None]:
        enter = open_files.enter_context
        return (
            enter(self.older.open_source(name)) if name in self.older_names else None,
            enter(self.newer.open_source(name)) if name in self.newer_names else None,
        )

    def _note_disorder(self, older: FileCursor, newer: FileCursor) -> None:
        for version, cursor in (("older", older), ("newer", newer)):
            if cursor.out_of_order:
                self.notes.append(
                    f"{version} {cursor.name}: records out of order, so some that stayed may count"
                    " as removed and added"
                )


def _read_text_lines(file: BinaryIO | None) -> list[bytes] | None:
    """Return the lines of a file, or None where it is too long to be compared as a text."""
    content = file.read(_MAX_TEXT_BYTES + 1) if file else b""
    if len(content) > _MAX_TEXT_BYTES or content.count(b"\n") > _MAX_TEXT_LINES:
        return None
    return BytesIO(content).readlines()


def _diff_texts(name: str, older: list[bytes], newer: list[bytes]) -> Iterator[LineEntry]:
    matcher = SequenceMatcher(None, older, newer, autojunk=False)
    for change, a, b, c, d in matcher.get_opcodes():
        if change != "equal":
            for number in range(a + 1, b + 1):
                yield LineEntry(older=LineLocation(name, number))
            for number in range(c + 1, d + 1):
                line = decode_line(newer[number - 1])
                yield LineEntry(newer=LineLocation(name, number), line=line)


def _diff_long_texts(
    name: str, older: Iterable[bytes], newer: Iterable[bytes]
) -> Iterator[LineEntry]:
    for number, (before, after) in enumerate(zip_longest(older, newer), 1):
        if before != after and before is not None:
            yield LineEntry(older=LineLocation(name, number))
        if before != after and after is not None:
            yield LineEntry(newer=LineLocation(name, number), line=decode_line(after))
