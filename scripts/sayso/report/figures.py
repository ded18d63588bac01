"""What can be counted, as plain numbers: the plots are drawn from them, the tables behind the plots are them.

Every figure is counted for each kind of reader apart, since two annotators who mark the same words mark them twice.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from sayso.checks.scheme import CLAIM, COUNT, ENTITY, SOURCE
from sayso.readings import GOLD, Choice, Reading, side_by_side
from sayso.records import Document, Mention
from sayso.schema import Schema
from sayso.store import Corpus

KINDS = {GOLD: "adjudicated", "adjudicator": "by adjudicators", "human": "by people", "program": "by programs"}
"""Kinds of reader, in the order in which they are shown."""
ARTICLES = ""
"""In the place of a kind, for figures of the articles themselves."""
SOURCES_SHOWN = 15
NOBODY = "nobody: the author says it"

_DATE = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?(?!\d)")


@dataclass(frozen=True)
class Plot:
    """One figure. ``rows`` is the category, by kind of reader, how many; for a ``matrix`` the category is a pair.

    Attributes:
        shape: ``bars`` lie, ``columns`` stand in order of time, ``matrix`` crosses two lists.
        left_out: what is not in ``rows``, in words; empty where nothing is.
    """

    name: str
    title: str
    told: str
    shape: Literal["bars", "columns", "matrix"]
    rows: Sequence[tuple[tuple[str, ...], dict[str, int]]]
    left_out: str = ""

    @property
    def kinds(self) -> list[str]:
        """The kinds of reader that have a number here, in the order in which they are shown."""
        found = {kind for _category, counts in self.rows for kind in counts}
        return [kind for kind in (ARTICLES, *KINDS) if kind in found]


def _counters() -> defaultdict[Any, Counter[str]]:
    return defaultdict(Counter)


@dataclass
class Figures:
    """Counts of a corpus, or of the part of it that was added."""

    schema: Schema
    documents: int = 0
    characters: int = 0
    adjudicated: int = 0
    unread: int = 0
    relations: int = 0
    skipped: int = 0
    kept: int = 0
    remarks: int = 0
    readings: Counter[str] = field(default_factory=Counter)
    readers: dict[str, set[str]] = field(default_factory=dict)
    licenses: Counter[str] = field(default_factory=Counter)
    splits: Counter[str] = field(default_factory=Counter)
    published: Counter[str] = field(default_factory=Counter)
    labels: dict[str, Counter[str]] = field(default_factory=_counters)
    counts: dict[tuple[str, str], Counter[str]] = field(default_factory=_counters)
    claims: dict[tuple[str, str], Counter[str]] = field(default_factory=_counters)
    sources: dict[str, Counter[str]] = field(default_factory=_counters)

    def add(self, document: Document, readings: Sequence[Reading]) -> None:
        """Take one more document with the readings of it."""
        self.documents += 1
        self.characters += len(document.text)
        self.licenses[document.license] += 1
        self.splits[document.split] += 1
        self.published[_day(document.published)] += 1
        self.adjudicated += any(reading.reader.name == GOLD for reading in readings)
        self.unread += not readings
        for reading in readings:
            self._reading(reading)

    def _reading(self, reading: Reading) -> None:
        reader, record = reading.reader, reading.record
        self.readings[reader.kind] += 1
        self.readers.setdefault(reader.kind, set()).add(reader.name)
        self.skipped += reading.skipped
        self.kept += len(getattr(record, "kept", ()))
        self.relations += len(record.relations)
        self.remarks += sum(m.flag is not None or m.note is not None for m in record.mentions)
        for mention in record.mentions:
            self._mention(mention, reader.kind)
        self._sources(reading)

    def _mention(self, mention: Mention, kind: str) -> None:
        held = mention.attributes
        self.labels[mention.label][kind] += 1
        if mention.label == COUNT:
            self.counts[str(held.get("thing", "")), str(held.get("outcome", ""))][kind] += 1
        elif mention.label == CLAIM:
            self.claims[str(held.get("type", "")), str(held.get("certainty", ""))][kind] += 1

    def _sources(self, reading: Reading) -> None:
        """Each source of a claim once for that claim, by the name of the one meant where it is given."""
        by_id: dict[str, Mention] = {mention.id: mention for mention in reading.record.mentions}
        said: dict[str, set[str]] = {m.id: set() for m in by_id.values() if m.label == CLAIM}
        for relation in reading.record.relations:
            if relation.type == SOURCE and relation.head in said:
                source = by_id[relation.tail]
                said[relation.head].add(str(source.attributes.get(ENTITY) or source.text))
        for names in said.values():
            for name in names or {NOBODY}:
                self.sources[name][reading.reader.kind] += 1

    # --- as plots

    def plots(self) -> list[Plot]:
        """Every figure that there is something to show of."""
        made = [self._documents(), self._labels(), self._claims(), self._counts(), self._sources_plot(), self._when()]
        return [plot for plot in made if plot.rows]

    def _documents(self) -> Plot:
        rows = [((split,), {ARTICLES: self.splits[split]}) for split in ("train", "validation", "test")]
        return Plot("documents", "Documents by split", "How many documents each split has; fixed when they came in.",
                    "bars", rows if self.documents else [])  # fmt: skip

    def _labels(self) -> Plot:
        names = [*self.schema.labels, *sorted(self.labels.keys() - self.schema.labels.keys())]
        rows = [((name,), dict(self.labels.get(name, {}))) for name in names]
        return Plot("mentions", "Mentions by label", "How many spans of text carry each label.",
                    "bars", rows if self.labels else [])  # fmt: skip

    def _claims(self) -> Plot:
        return Plot("claims", "Claims by type and certainty", "What claims are about, and how sure the claimer is.",
                    "matrix", _crossed(self.claims, *self._values(CLAIM, "type", "certainty")))  # fmt: skip

    def _counts(self) -> Plot:
        return Plot("counts", "Counts by thing and outcome", "How many counts, not how many things: what each number "
                    "counts, and what happened to it.",
                    "matrix", _crossed(self.counts, *self._values(COUNT, "thing", "outcome")))  # fmt: skip

    def _values(self, label: str, *names: str) -> list[list[str]]:
        attributes = self.schema.labels[label].attributes if label in self.schema.labels else {}
        return [list(attributes[name].values) if name in attributes else [] for name in names]

    def _sources_plot(self) -> Plot:
        ranked = sorted(self.sources.items(), key=lambda pair: (pair[0] == NOBODY, -pair[1].total(), pair[0]))
        shown = [pair for pair in ranked if pair[0] != NOBODY][:SOURCES_SHOWN] + ranked[-1:] * (NOBODY in self.sources)
        rest = len(ranked) - len(shown)
        return Plot("sources", "Sources by number of claims", "Who is given as the source of most claims, by the name "
                    "of the one meant where an annotator gave it.", "bars",
                    [((name,), dict(counts)) for name, counts in shown],
                    _many(rest, "source", "with fewer claims") if rest else "")  # fmt: skip

    def _when(self) -> Plot:
        unknown = self.published[""]
        rows = [((period,), {ARTICLES: count}) for period, count in _timeline(self.published)]
        return Plot("timeline", "Documents by date of publication", "When the documents were published.", "columns",
                    rows, _many(unknown, "document", "without a date") if unknown else "")  # fmt: skip


def figures(corpus: Corpus, schema: Schema, choice: Choice | None = None) -> Figures:
    """The figures of a corpus, read once from its sources.

    Raises:
        InputError: as ``side_by_side``.
    """
    found = Figures(schema)
    for document, readings in side_by_side(corpus, choice or Choice()):
        found.add(document, readings)
    return found


def _many(count: int, what: str, more: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)} {more}"


def _crossed(
    found: dict[tuple[str, str], Counter[str]], down: list[str], across: list[str]
) -> list[tuple[tuple[str, ...], dict[str, int]]]:
    """Every pair of the two lists and of what else was found, so that what is never said shows too."""
    down = [*down, *sorted({one for one, _ in found} - set(down))]
    across = [*across, *sorted({other for _, other in found} - set(across))]
    return [((one, other), dict(found.get((one, other), {}))) for one in down for other in across] if found else []


def _day(published: str | None) -> str:
    """The date of a time as received, as far as it is given: a year, a month or a day; empty where there is none.

    >>> _day("2025-10-31T22:42:00+03:00"), _day("2025-10"), _day("2025-02-30"), _day("Friday")
    ('2025-10-31', '2025-10', '', '')
    """
    found = _DATE.match(published or "")
    if not found:
        return ""
    try:
        date(*(int(part or 1) for part in found.groups()))
    except ValueError:
        return ""
    return "-".join(part for part in found.groups() if part)


def _timeline(published: Counter[str]) -> list[tuple[str, int]]:
    """Periods without a gap: days while there are few, then months, then years."""
    dates = {date: count for date, count in published.items() if date}
    if not dates:
        return []
    for length, most in ((10, 62), (7, 72), (4, 72)):
        if all(len(date) >= length for date in dates):
            binned: Counter[str] = Counter()
            for day, count in dates.items():
                binned[day[:length]] += count
            periods = _between(min(binned), max(binned))
            if len(periods) <= most:
                return [(period, binned[period]) for period in periods]
    return sorted(binned.items())


def _between(first: str, last: str) -> list[str]:
    """Every period from the first to the last, of the length that both have.

    >>> _between("2024-11", "2025-02")
    ['2024-11', '2024-12', '2025-01', '2025-02']
    >>> _between("2024-02-28", "2024-03-01")
    ['2024-02-28', '2024-02-29', '2024-03-01']
    """
    length = len(first)
    start, end = (date.fromisoformat(period + "0001-01-01"[len(period) :]) for period in (first, last))
    days = (date.fromordinal(day) for day in range(start.toordinal(), end.toordinal() + 1))
    return list(dict.fromkeys(day.isoformat()[:length] for day in days))
