"""Two sides and what differs between them: walked once, counted as it passes, told for people and programs.

Files with the same bytes are not opened, and nothing is collected but counts and the first few rows of each kind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from sayso.corpus.sources import find_record_type
from sayso.diff import version_bump as bumps
from sayso.diff.change_rows import ChangeRow, build_rows
from sayso.diff.corpus_versions import SCHEMA_FOLDER, CorpusVersion, is_unchanged
from sayso.diff.diff_entries import AnyDiffEntry, FileDigest
from sayso.diff.file_diff import FileComparison
from sayso.diff.line_alignment import Advance
from sayso.diff.version_bump import Bump, ChangeKind
from sayso.models import Annotation, Document, Gold


class DiffSource(Protocol):
    """A difference, made now or read again. ``files`` is complete once ``entries`` has been walked."""

    files: list[FileDigest]

    def entries(self) -> Iterator[AnyDiffEntry]:
        """What differs, in an order that ``apply`` can follow."""


@dataclass
class ChangeCounts:
    """What passed by: how often which kind of which layer, and the first few rows of each kind."""

    examples: int = 10
    counts: Counter[tuple[ChangeKind, str]] = field(default_factory=Counter)
    rows: dict[ChangeKind, list[ChangeRow]] = field(default_factory=dict)

    def add(self, entry: AnyDiffEntry) -> list[ChangeRow]:
        """Count an entry; its rows."""
        found = list(build_rows(entry))
        for row in found:
            kind = row.kind
            self.counts[kind, row.layer] += 1
            shown = self.rows.get(kind)
            if shown is None:
                shown = self.rows[kind] = []
            if len(shown) < self.examples:
                shown.append(row)
        return found

    @property
    def bump(self) -> Bump | None:
        """The least bump that the counted kinds ask for."""
        return bumps.least_bump(self.rows)

    @property
    def reasons(self) -> list[ChangeKind]:
        """The kinds that ask for it."""
        return bumps.bump_reasons(self.rows, self.bump)


@dataclass
class CorpusDiff:
    """What makes ``newer`` of ``older``. Walking it again reads both sides again.

    Attributes:
        files: the files that differ, by their bytes; complete once ``entries`` has been walked.
        notes: what a reader should know of the comparison itself; complete then too.
    """

    older: CorpusVersion
    newer: CorpusVersion
    advance: Advance = lambda _n: None
    examples: int = 10
    files: list[FileDigest] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _counts: ChangeCounts | None = None

    def entries(self) -> Iterator[AnyDiffEntry]:
        """What differs: words of the schema, documents, answers, gold, then lines of other files.

        Raises:
            InputError: git does not have the bytes of a file.
            DiskError: a file cannot be read.
        """
        before, after = self._list_sources()
        both = sorted({*before, *after})
        differing = [
            n
            for n in both
            if n not in before or n not in after or not is_unchanged(self.older, self.newer, n)
        ]
        with self.older.open_sources() as older, self.newer.open_sources() as newer:
            walk = FileComparison(older, newer, before, after, self.advance)
            yield from walk.diff_schema(differing)
            for kind in (Document, Gold):
                yield from walk.diff_records(
                    [name for name in differing if find_record_type(name) is kind], kind
                )
            for name in differing:
                if find_record_type(name) is Annotation:
                    yield from walk.diff_annotations(name)
                elif find_record_type(name) is None:
                    yield from walk.diff_lines(name)
        self.files = sorted(walk.files, key=lambda each: each.file)
        self.notes = [*self.notes, *walk.notes]

    def _list_sources(self) -> tuple[Collection[str], Collection[str]]:
        """What to compare of each side: the schema only where both have one."""
        before, after = set(self.older.list_sources()), set(self.newer.list_sources())
        schemas = [
            {name for name in names if name.startswith(f"{SCHEMA_FOLDER}/")}
            for names in (before, after)
        ]
        self.notes = []
        if any(schemas) and not all(schemas):
            self.notes.append("one side has no schema/: only what lies under corpus/ was compared")
            return before - schemas[0], after - schemas[1]
        return before, after

    @property
    def counts(self) -> ChangeCounts:
        """Counts and first rows; both sides are read where that has not been done yet."""
        while self._counts is None:
            for _entry in self.iterate_counted():
                pass
        return self._counts

    def iterate_counted(self) -> Iterator[tuple[AnyDiffEntry, list[ChangeRow]]]:
        """The entries, each with its rows, counted as they pass."""
        tally = ChangeCounts(self.examples)
        for entry in self.entries():
            yield entry, tally.add(entry)
        self._counts = tally

    @property
    def bump(self) -> Bump | None:
        """The least bump of the version; None where nothing differs."""
        return self.counts.bump

    def summary(self) -> dict[str, Any]:
        """Sides, bump and counts, for a program to read; the entries themselves are not in it."""
        from sayso.diff.diff_tables import build_summary

        return build_summary(self)

    def markdown(self) -> str:
        """The difference for a changelog."""
        from sayso.diff.diff_tables import render_markdown

        return render_markdown(self)


def diff_versions(
    older: CorpusVersion,
    newer: CorpusVersion,
    *,
    advance: Advance = lambda _n: None,
    examples: int = 10,
) -> CorpusDiff:
    """What makes ``newer`` of ``older``; nothing is read yet.

    ``examples`` is how many rows of each kind are kept for people; ``advance`` is told of lines walked.
    """
    return CorpusDiff(older, newer, advance, examples)
