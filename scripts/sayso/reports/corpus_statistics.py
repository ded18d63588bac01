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

from sayso.checks.schema_checks import CLAIM, COUNT, ENTITY, SOURCE
from sayso.corpus.old_items import GOLD_KIND, AnnotationFilter, LocatedRecord, iterate_items
from sayso.corpus.sources import CorpusFiles
from sayso.models import Document, Mention
from sayso.schema.declarations import Schema

ANNOTATOR_KINDS = {
    GOLD_KIND: "adjudicated",
    "adjudicator": "by adjudicators",
    "human": "by people",
    "program": "by programs",
}
"""Kinds of reader, in the order in which they are shown."""
DOCUMENTS = ""
"""In the place of a kind, for figures of the articles themselves."""
MAX_SOURCES = 15
NO_SOURCE = "nobody: the author says it"

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
    description: str
    shape: Literal["bars", "columns", "matrix"]
    rows: Sequence[tuple[tuple[str, ...], dict[str, int]]]
    excluded: str = ""

    @property
    def kinds(self) -> list[str]:
        """The kinds of reader that have a number here, in the order in which they are shown."""
        found = {kind for _category, counts in self.rows for kind in counts}
        return [kind for kind in (DOCUMENTS, *ANNOTATOR_KINDS) if kind in found]


def _new_counters() -> defaultdict[Any, Counter[str]]:
    return defaultdict(Counter)


@dataclass
class CorpusStatistics:
    """Counts of a corpus, or of the part of it that was added."""

    schema: Schema
    documents: int = 0
    characters: int = 0
    adjudicated: int = 0
    unannotated: int = 0
    relations: int = 0
    skipped: int = 0
    unknown_parts: int = 0
    flags_and_notes: int = 0
    annotations: Counter[str] = field(default_factory=Counter)
    annotators: dict[str, set[str]] = field(default_factory=dict)
    licenses: Counter[str] = field(default_factory=Counter)
    splits: Counter[str] = field(default_factory=Counter)
    dates: Counter[str] = field(default_factory=Counter)
    labels: dict[str, Counter[str]] = field(default_factory=_new_counters)
    counts: dict[tuple[str, str], Counter[str]] = field(default_factory=_new_counters)
    claims: dict[tuple[str, str], Counter[str]] = field(default_factory=_new_counters)
    sources: dict[str, Counter[str]] = field(default_factory=_new_counters)

    def add(self, document: Document, annotations: Sequence[LocatedRecord]) -> None:
        """Take one more document with the readings of it."""
        self.documents += 1
        self.characters += len(document.text)
        self.licenses[document.license] += 1
        self.splits[document.split] += 1
        self.dates[_parse_date(document.published)] += 1
        self.adjudicated += any(reading.annotator_key.name == GOLD_KIND for reading in annotations)
        self.unannotated += not annotations
        for reading in annotations:
            self._count_annotation(reading)

    def _count_annotation(self, annotation: LocatedRecord) -> None:
        reader, record = annotation.annotator_key, annotation.record
        self.annotations[reader.kind] += 1
        self.annotators.setdefault(reader.kind, set()).add(reader.name)
        self.skipped += annotation.is_skipped
        self.unknown_parts += len(getattr(record, "kept", ()))
        self.relations += len(record.relations)
        self.flags_and_notes += sum(
            m.flag is not None or m.note is not None for m in record.mentions
        )
        for mention in record.mentions:
            self._count_mention(mention, reader.kind)
        self._count_sources(annotation)

    def _count_mention(self, mention: Mention, kind: str) -> None:
        held = mention.attributes
        self.labels[mention.label][kind] += 1
        if mention.label == COUNT:
            self.counts[str(held.get("thing", "")), str(held.get("outcome", ""))][kind] += 1
        elif mention.label == CLAIM:
            self.claims[str(held.get("type", "")), str(held.get("certainty", ""))][kind] += 1

    def _count_sources(self, annotation: LocatedRecord) -> None:
        """Each source of a claim once for that claim, by the name of the one meant where it is given."""
        by_id: dict[str, Mention] = {mention.id: mention for mention in annotation.record.mentions}
        said: dict[str, set[str]] = {m.id: set() for m in by_id.values() if m.label == CLAIM}
        for relation in annotation.record.relations:
            if relation.type == SOURCE and relation.head in said:
                source = by_id[relation.tail]
                said[relation.head].add(str(source.attributes.get(ENTITY) or source.text))
        for names in said.values():
            for name in names or {NO_SOURCE}:
                self.sources[name][annotation.annotator_key.kind] += 1

    # --- as plots

    def build_plots(self) -> list[Plot]:
        """Every figure that there is something to show of."""
        made = [
            self._documents_plot(),
            self._labels_plot(),
            self._claims_plot(),
            self._counts_plot(),
            self._sources_plot(),
            self._timeline_plot(),
        ]
        return [plot for plot in made if plot.rows]

    def _documents_plot(self) -> Plot:
        rows = [
            ((split,), {DOCUMENTS: self.splits[split]}) for split in ("train", "validation", "test")
        ]
        return Plot(
            "documents",
            "Documents by split",
            "How many documents each split has; fixed when they came in.",
            "bars",
            rows if self.documents else [],
        )

    def _labels_plot(self) -> Plot:
        names = [*self.schema.labels, *sorted(self.labels.keys() - self.schema.labels.keys())]
        rows = [((name,), dict(self.labels.get(name, {}))) for name in names]
        return Plot(
            "mentions",
            "Mentions by label",
            "How many spans of text carry each label.",
            "bars",
            rows if self.labels else [],
        )

    def _claims_plot(self) -> Plot:
        return Plot(
            "claims",
            "Claims by type and certainty",
            "What claims are about, and how sure the claimer is.",
            "matrix",
            _cross_values(self.claims, *self._attribute_values(CLAIM, "type", "certainty")),
        )

    def _counts_plot(self) -> Plot:
        return Plot(
            "counts",
            "Counts by thing and outcome",
            "How many counts, not how many things: what each number "
            "counts, and what happened to it.",
            "matrix",
            _cross_values(self.counts, *self._attribute_values(COUNT, "thing", "outcome")),
        )

    def _attribute_values(self, label: str, *names: str) -> list[list[str]]:
        attributes = self.schema.labels[label].attributes if label in self.schema.labels else {}
        return [list(attributes[name].values) if name in attributes else [] for name in names]

    def _sources_plot(self) -> Plot:
        ranked = sorted(
            self.sources.items(), key=lambda pair: (pair[0] == NO_SOURCE, -pair[1].total(), pair[0])
        )
        shown = [pair for pair in ranked if pair[0] != NO_SOURCE][:MAX_SOURCES] + ranked[-1:] * (
            NO_SOURCE in self.sources
        )
        rest = len(ranked) - len(shown)
        return Plot(
            "sources",
            "Sources by number of claims",
            "Who is given as the source of most claims, by the name "
            "of the one meant where an annotator gave it.",
            "bars",
            [((name,), dict(counts)) for name, counts in shown],
            _format_excluded(rest, "source", "with fewer claims") if rest else "",
        )

    def _timeline_plot(self) -> Plot:
        unknown = self.dates[""]
        rows = [((period,), {DOCUMENTS: count}) for period, count in _group_by_period(self.dates)]
        return Plot(
            "timeline",
            "Documents by date of publication",
            "When the documents were published.",
            "columns",
            rows,
            _format_excluded(unknown, "document", "without a date") if unknown else "",
        )


def count_corpus(
    corpus: CorpusFiles, schema: Schema, choice: AnnotationFilter | None = None
) -> CorpusStatistics:
    """The figures of a corpus, read once from its sources.

    Raises:
        InputError: as ``iterate_items``.
    """
    found = CorpusStatistics(schema)
    for document, readings in iterate_items(corpus, choice or AnnotationFilter()):
        found.add(document, readings)
    return found


def _format_excluded(count: int, noun: str, reason: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)} {reason}"


def _cross_values(
    counts: dict[tuple[str, str], Counter[str]], down: list[str], across: list[str]
) -> list[tuple[tuple[str, ...], dict[str, int]]]:
    """Every pair of the two lists and of what else was found, so that what is never said shows too."""
    down = [*down, *sorted({one for one, _ in counts} - set(down))]
    across = [*across, *sorted({other for _, other in counts} - set(across))]
    return (
        [((one, other), dict(counts.get((one, other), {}))) for one in down for other in across]
        if counts
        else []
    )


def _parse_date(published: str | None) -> str:
    """The date of a time as received, as far as it is given: a year, a month or a day; empty where there is none.

    >>> _parse_date("2025-10-31T22:42:00+03:00"), _parse_date("2025-10"), _parse_date("2025-02-30"), _parse_date("Friday")
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


def _group_by_period(published: Counter[str]) -> list[tuple[str, int]]:
    """Periods without a gap: days while there are few, then months, then years."""
    dates = {date: count for date, count in published.items() if date}
    if not dates:
        return []
    for length, most in ((10, 62), (7, 72), (4, 72)):
        if all(len(date) >= length for date in dates):
            binned: Counter[str] = Counter()
            for day, count in dates.items():
                binned[day[:length]] += count
            periods = _periods_between(min(binned), max(binned))
            if len(periods) <= most:
                return [(period, binned[period]) for period in periods]
    return sorted(binned.items())


def _periods_between(first: str, last: str) -> list[str]:
    """Every period from the first to the last, of the length that both have.

    >>> _periods_between("2024-11", "2025-02")
    ['2024-11', '2024-12', '2025-01', '2025-02']
    >>> _periods_between("2024-02-28", "2024-03-01")
    ['2024-02-28', '2024-02-29', '2024-03-01']
    """
    length = len(first)
    start, end = (
        date.fromisoformat(period + "0001-01-01"[len(period) :]) for period in (first, last)
    )
    days = (date.fromordinal(day) for day in range(start.toordinal(), end.toordinal() + 1))
    return list(dict.fromkeys(day.isoformat()[:length] for day in days))
