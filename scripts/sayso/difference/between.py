"""Two sides and what differs between them: walked once, counted as it passes, told for people and programs.

Files with the same bytes are not opened, and nothing is collected but counts and the first few rows of each kind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from sayso.difference import bump as bumps
from sayso.difference.aligning import Watch
from sayso.difference.bump import Bump, Kind
from sayso.difference.entries import AnyEntry, FileDigest
from sayso.difference.sides import SCHEMA, Side, same
from sayso.difference.telling import Row, rows
from sayso.difference.walking import Walk
from sayso.records import Annotation, Document, Gold
from sayso.store import records_of


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
        before, after = self._sources()
        both = sorted({*before, *after})
        differing = [n for n in both if n not in before or n not in after or not same(self.older, self.newer, n)]
        with self.older.reading() as older, self.newer.reading() as newer:
            walk = Walk(older, newer, before, after, self.watch)
            yield from walk.schema(differing)
            for kind in (Document, Gold):
                yield from walk.merged([name for name in differing if records_of(name) is kind], kind)
            for name in differing:
                if records_of(name) is Annotation:
                    yield from walk.answers(name)
                elif records_of(name) is None:
                    yield from walk.lines(name)
        self.files = sorted(walk.files, key=lambda each: each.file)
        self.notes = [*self.notes, *walk.notes]

    def _sources(self) -> tuple[Collection[str], Collection[str]]:
        """What to compare of each side: the schema only where both have one."""
        before, after = set(self.older.files()), set(self.newer.files())
        schemas = [{name for name in names if name.startswith(f"{SCHEMA}/")} for names in (before, after)]
        self.notes = []
        if any(schemas) and not all(schemas):
            self.notes.append("one side has no schema/: only what lies under corpus/ was compared")
            return before - schemas[0], after - schemas[1]
        return before, after

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


def between(older: Side, newer: Side, *, watch: Watch = lambda _n: None, first: int = 10) -> Difference:
    """What makes ``newer`` of ``older``; nothing is read yet.

    ``first`` is how many rows of each kind are kept for people; ``watch`` is told of lines walked.
    """
    return Difference(older, newer, watch, first)
