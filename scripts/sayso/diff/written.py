"""A difference as JSON, one entry a line: written while it is found, read again entry by entry, and applied."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from sayso.diff.corpus_diff import CorpusDiff
from sayso.diff.diff_entries import AnyDiffEntry, FileDigest
from sayso.diff.diff_tables import build_totals
from sayso.errors import InputError
from sayso.files import convert_os_errors

SHAPE = 1
_OPEN, _CLOSE = b'"entries":[', b"]"
_ENTRIES = msgspec.json.Decoder(AnyDiffEntry)


class _Tail(msgspec.Struct):
    files: list[FileDigest]


class _Whole(_Tail):
    entries: list[AnyDiffEntry]


def write_json(difference: CorpusDiff, put: Callable[[bytes], object]) -> None:
    """Hand one JSON object to ``put``, piece by piece: the sides, the entries, then files, bump and counts."""
    sides = {
        "schema": SHAPE,
        "older": difference.older.describe(),
        "newer": difference.newer.describe(),
    }
    put(_inner(sides) + b"," + _OPEN)
    mark = b"\n"
    for entry, _rows in difference.iterate_counted():
        put(mark + msgspec.json.encode(entry, order="deterministic"))
        mark = b",\n"
    put(
        b"\n"
        + _CLOSE
        + b","
        + _inner({"files": difference.files, **build_totals(difference)})[1:]
        + b"}\n"
    )


def _inner(fields: dict[str, Any]) -> bytes:
    return msgspec.json.encode(fields)[:-1]


@dataclass
class SavedDiff:
    """A difference in a file. One that another program has laid out anew is read too, all at once."""

    path: Path
    files: list[FileDigest] = field(default_factory=list)

    def entries(self) -> Iterator[AnyDiffEntry]:
        """What differs.

        Raises:
            InputError: it is not a difference, or was cut off.
        """
        try:
            with convert_os_errors(self.path), self.path.open("rb") as file:
                if not file.readline().rstrip().endswith(_OPEN):
                    yield from self._whole()
                    return
                for line in file:
                    if line.startswith(_CLOSE):
                        self.files = msgspec.json.decode(b"{" + line[2:], type=_Tail).files
                        return
                    yield _ENTRIES.decode(line.rstrip(b",\n"))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise self._wrong(str(error)) from error
        raise self._wrong("it was cut off")

    def _whole(self) -> Iterator[AnyDiffEntry]:
        whole = msgspec.json.decode(self.path.read_bytes(), type=_Whole)
        self.files = whole.files
        yield from whole.entries

    def _wrong(self, what: str) -> InputError:
        return InputError(
            f"not a difference: {what}",
            where=str(self.path),
            remedy="make it with `sayso diff --json`",
        )
