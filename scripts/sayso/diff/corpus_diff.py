"""The diff between two versions of the corpus, computed while it is iterated.

Files with equal bytes are not opened. Memory holds only counts and the first rows of each kind of
change.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from sayso.callbacks import Advance
from sayso.corpus.sources import find_record_type
from sayso.diff.change_rows import ChangeCounts, ChangeRow, build_rows
from sayso.diff.corpus_versions import SCHEMA_FOLDER, CorpusVersion, is_unchanged
from sayso.diff.diff_entries import AnyDiffEntry
from sayso.diff.diff_tables import build_totals, render_markdown
from sayso.diff.file_diff import FileComparison
from sayso.models import Annotation, Document, Gold
from sayso.versions import Bump

JSON_VERSION = 3


@dataclass
class CorpusDiff:
    """The changes that lead from ``older`` to ``newer``. Each iteration reads both versions again.

    Attributes:
        notes: remarks on the comparison itself; complete once the diff has been iterated.
    """

    older: CorpusVersion
    newer: CorpusVersion
    advance: Advance = lambda _n: None
    examples: int = 10
    notes: list[str] = field(default_factory=list)
    _counts: ChangeCounts | None = None

    def entries(self) -> Iterator[AnyDiffEntry]:
        """Yield what differs: schema, documents, gold, annotations, then lines of other files.

        Raises:
            InputError: git does not have the content of a file.
            DiskError: a file cannot be read.
        """
        older_names, newer_names = self._list_sources()
        differing = [
            name
            for name in sorted({*older_names, *newer_names})
            if (name in older_names) != (name in newer_names)
            or not is_unchanged(self.older, self.newer, name)
        ]
        files = FileComparison(self.older, self.newer, older_names, newer_names, self.advance)
        yield from files.diff_schema(differing)
        for kind in (Document, Gold):
            names = [name for name in differing if find_record_type(name) is kind]
            yield from files.diff_records(names, kind)
        for name in differing:
            if find_record_type(name) is Annotation:
                yield from files.diff_annotations(name)
            elif find_record_type(name) is None:
                yield from files.diff_lines(name)
        self.notes = [*self.notes, *files.notes]

    def _list_sources(self) -> tuple[Collection[str], Collection[str]]:
        """Return the names to compare; the schema is compared only where both versions have one."""
        older, newer = set(self.older.list_sources()), set(self.newer.list_sources())
        schemas = [
            {name for name in names if name.startswith(f"{SCHEMA_FOLDER}/")}
            for names in (older, newer)
        ]
        self.notes = []
        if any(schemas) and not all(schemas):
            self.notes.append("one version has no schema/: only files below corpus/ were compared")
            return older - schemas[0], newer - schemas[1]
        return older, newer

    def iterate_counted(self) -> Iterator[tuple[AnyDiffEntry, list[ChangeRow]]]:
        """Yield each entry with its rows, and count them on the way."""
        counts = ChangeCounts(self.examples)
        for entry in self.entries():
            rows = list(build_rows(entry))
            for row in rows:
                counts.add(row)
            yield entry, rows
        self._counts = counts

    @property
    def counts(self) -> ChangeCounts:
        """Counts and first rows. Reads both versions unless that has been done."""
        while self._counts is None:
            for _entry in self.iterate_counted():
                pass
        return self._counts

    @property
    def bump(self) -> Bump | None:
        """The least bump of the version that the changes require; None where nothing differs."""
        return self.counts.bump

    def summary(self) -> dict[str, Any]:
        """Return the versions, the bump with its reasons, and the counts, ready for JSON."""
        return {
            "older": self.older.describe(),
            "newer": self.newer.describe(),
            **build_totals(self.counts),
            "notes": self.notes,
        }

    def markdown(self) -> str:
        """Render the diff for a changelog."""
        return render_markdown(self.counts)

    def write_json(self, write: Callable[[bytes], object]) -> None:
        """Write one JSON object piece by piece: versions, entries (one a line), then bump, counts
        and notes.
        """
        versions = {"older": self.older.describe(), "newer": self.newer.describe()}
        write(_encode({"schema": JSON_VERSION, **versions})[:-1] + b',"entries":[')
        separator = b"\n"
        for entry, _rows in self.iterate_counted():
            write(separator + _encode(entry))
            separator = b",\n"
        totals = {**build_totals(self.counts), "notes": self.notes}
        write(b"\n]," + _encode(totals)[1:] + b"\n")


def _encode(value: Any) -> bytes:
    return msgspec.json.encode(value, order="deterministic")


def diff_versions(
    older: CorpusVersion,
    newer: CorpusVersion,
    *,
    advance: Advance = lambda _n: None,
    examples: int = 10,
) -> CorpusDiff:
    """Compare two versions of the corpus. Nothing is read until the result is used.

    Args:
        older: the version before, from ``open_version``.
        newer: the version after.
        advance: called with the number of lines compared since the last call.
        examples: rows of each kind of change that ``counts`` keeps.
    """
    return CorpusDiff(older, newer, advance, examples)
