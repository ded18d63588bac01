"""Making the newer side out of the older one and a difference, byte for byte, and proving that by the digests."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import xxhash

from sayso.corpus.sources import find_record_type
from sayso.diff.corpus_diff import DiffSource
from sayso.diff.corpus_versions import CorpusVersion, FolderVersion, OpenFile, is_source
from sayso.diff.diff_entries import DiffEntry, FileDigest, LineLocation
from sayso.diff.git_objects import CHUNK
from sayso.diff.making import made
from sayso.errors import ConflictError, InputError
from sayso.files import open_replacement

_REMEDY = "apply it to the older side that it was made from"


def apply(older: CorpusVersion, difference: DiffSource, into: Path) -> FolderVersion:
    """Write the newer sources into a folder; nothing is put there before all of it has proved right.

    Raises:
        ConflictError: ``older`` is not the older side, the difference was edited, or the folder holds other sources.
        DiskError: the disk refused.
    """
    newer = FolderVersion(into, str(into))
    with older.open_sources() as opener:
        with ExitStack() as writing:
            making = _Making(opener, set(older.list_sources()), into, writing)
            for entry in difference.entries():
                if isinstance(entry, DiffEntry):
                    making.follow(entry)
            making.finish(difference.files)
            _free(newer, making.expected(difference.files))
        for name in sorted(making.before - making.touched.keys()):
            with opener(name) as source, open_replacement(into / name) as file:
                shutil.copyfileobj(source, file, CHUNK)
    for digest in difference.files:
        if digest.newer is None:
            newer.path(digest.file).unlink()
    return newer


def _free(newer: FolderVersion, expected: set[str]) -> None:
    if not newer.root.is_dir():
        return
    strange = sorted(set(newer.list_sources()) - expected)
    if strange:
        raise ConflictError(
            f"holds {strange[0]}, which the newer side does not",
            where=newer.name,
            remedy="choose an empty folder",
        )


@dataclass
class _File:
    """One file on its way: lines are taken from the older one and put into the newer one."""

    name: str
    source: BinaryIO | None
    target: BinaryIO
    taken: int = 0
    written: int = 0
    was: Any = field(default_factory=xxhash.xxh3_128)
    now: Any = field(default_factory=xxhash.xxh3_128)

    def take(self, line: int) -> bytes:
        """A line of the older file; those before it go over as they are."""
        while self.taken < line - 1:
            self._pass()
        return self._read()

    def put(self, line: int, raw: bytes) -> None:
        """A line of the newer file, in its place."""
        while self.written < line - 1:
            self._pass()
        self._write(raw)

    def end(self) -> None:
        """What is left goes over as it is."""
        while self.source and (raw := self.source.readline()):
            self.was.update(raw)
            self._write(raw)

    def _pass(self) -> None:
        self._write(self._read())

    def _read(self) -> bytes:
        raw = self.source.readline() if self.source else b""
        if not raw:
            raise ConflictError("it ends too early", where=self.name, remedy=_REMEDY)
        self.taken += 1
        self.was.update(raw)
        return raw

    def _write(self, raw: bytes) -> None:
        self.written += 1
        self.now.update(raw)
        self.target.write(raw)


@dataclass
class _Making:
    opener: OpenFile
    before: set[str]
    into: Path
    writing: ExitStack
    touched: dict[str, _File] = field(default_factory=dict)

    def follow(self, entry: DiffEntry) -> None:
        """Do what one entry says."""
        raw = self._file(entry.older.file).take(entry.older.line) if entry.older else b""
        if entry.newer:
            verbatim = entry.line is not None or entry.base64 is not None
            record = _decoded(entry.older, raw) if entry.older and not verbatim else None
            self._file(entry.newer.file).put(entry.newer.line, made(entry, record))

    def finish(self, digests: list[FileDigest]) -> None:
        """Bring every file to its end, and hold it against the digests."""
        for digest in digests:
            file = self._file(digest.file)
            file.end()
            _prove(digest, file, digest.file in self.before)
        strange = sorted(self.touched.keys() - {digest.file for digest in digests})
        if strange:
            raise ConflictError(f"no digest of {strange[0]}", remedy="make the difference again")

    def expected(self, digests: list[FileDigest]) -> set[str]:
        """The names of the newer side."""
        gone = {digest.file for digest in digests if digest.newer is None}
        return (self.before | {digest.file for digest in digests}) - gone

    def _file(self, name: str) -> _File:
        if name not in self.touched:
            if not is_source(name) or ".." in Path(name).parts:
                raise InputError(
                    "no source of a corpus", where=name, remedy="make the difference again"
                )
            source = self.writing.enter_context(self.opener(name)) if name in self.before else None
            self.touched[name] = _File(
                name, source, self.writing.enter_context(open_replacement(self.into / name))
            )
        return self.touched[name]


def _decoded(place: LineLocation, raw: bytes) -> Any:
    kind = find_record_type(place.file)
    try:
        return msgspec.json.decode(raw, type=kind) if kind else None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        what, where = "it is not the line that was compared", f"{place.file}:{place.line}"
        raise ConflictError(what, where=where, remedy=_REMEDY) from error


def _prove(digest: FileDigest, file: _File, there: bool) -> None:
    if (file.was.hexdigest() if there else None) != digest.older:
        raise ConflictError(
            "it is not the file that was compared", where=digest.file, remedy=_REMEDY
        )
    if digest.newer is None and not file.written:
        return
    if file.now.hexdigest() != digest.newer:
        raise ConflictError(
            "what the difference makes of it is not what it says",
            where=digest.file,
            remedy="make the difference again",
        )
