"""Counts of a corpus, by annotator kind: a mention that two annotators marked counts twice."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from sayso.checks.schema_checks import CLAIM, COUNT, ENTITY, SOURCE
from sayso.corpus.items import Item
from sayso.models import Annotation, Gold, Mention
from sayso.reports.svg_plots import DOCUMENTS, Plot, PlotRows
from sayso.schema.declarations import Schema

MAX_SOURCES = 15
NO_SOURCE = "no source: the author says it"

_DATE = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?(?!\d)")


def _new_counters() -> defaultdict[Any, Counter[str]]:
    return defaultdict(Counter)


class AnnotatorKey(NamedTuple):
    """The annotator of a record in a campaign and a pass; gold is named ``gold``, without pass.

    ``role`` is empty but for an adjudicator's answer beside those of the annotators.
    """

    name: str
    kind: str
    campaign: str
    pass_name: str
    role: str = ""

    @classmethod
    def from_record(cls, record: Annotation | Gold) -> AnnotatorKey:
        """Return the annotator of a record."""
        if isinstance(record, Gold):
            return cls("gold", "gold", record.campaign, "")
        role = "" if record.annotator_role == "annotator" else record.annotator_role
        name, kind = record.annotator, record.annotator_kind
        return cls(name, kind, record.campaign, record.interface, role)


@dataclass
class CorpusStatistics:
    """The counts of a corpus, or of the documents added so far."""

    schema: Schema
    documents: int = 0
    characters: int = 0
    adjudicated: int = 0
    unannotated: int = 0
    relations: int = 0
    skipped: int = 0
    unknown_parts: int = 0
    flags_and_notes: int = 0
    decisions: Counter[tuple[str, tuple[str, ...]]] = field(default_factory=Counter)
    annotations: Counter[str] = field(default_factory=Counter)
    annotators: dict[str, set[str]] = field(default_factory=dict)
    licenses: Counter[str] = field(default_factory=Counter)
    splits: Counter[str] = field(default_factory=Counter)
    dates: Counter[str] = field(default_factory=Counter)
    labels: dict[str, Counter[str]] = field(default_factory=_new_counters)
    counts: dict[tuple[str, str], Counter[str]] = field(default_factory=_new_counters)
    claims: dict[tuple[str, str], Counter[str]] = field(default_factory=_new_counters)
    sources: dict[str, Counter[str]] = field(default_factory=_new_counters)

    def add(self, item: Item) -> None:
        """Count a document with its gold and annotations."""
        document = item.document
        self.documents += 1
        self.characters += len(document.text)
        self.licenses[document.license] += 1
        self.splits[document.split] += 1
        self.dates[_parse_date(document.published)] += 1
        self.adjudicated += bool(item.gold)
        self.unannotated += not item.records
        for record in item.records:
            self._count_record(record)

    def _count_record(self, record: Annotation | Gold) -> None:
        annotator = AnnotatorKey.from_record(record)
        self.annotations[annotator.kind] += 1
        self.annotators.setdefault(annotator.kind, set()).add(annotator.name)
        if isinstance(record, Gold):
            self.decisions[record.decision] += 1
        else:
            self.skipped += record.status == "skipped"
            self.unknown_parts += len(record.kept)
        self.relations += len(record.relations)
        self.flags_and_notes += sum(
            m.flag is not None or m.note is not None for m in record.mentions
        )
        for mention in record.mentions:
            self._count_mention(mention, annotator.kind)
        self._count_sources(record, annotator.kind)

    def _count_mention(self, mention: Mention, kind: str) -> None:
        attributes = mention.attributes
        self.labels[mention.label][kind] += 1
        if mention.label == COUNT:
            self.counts[str(attributes.get("thing", "")), str(attributes.get("outcome", ""))][
                kind
            ] += 1
        elif mention.label == CLAIM:
            self.claims[str(attributes.get("type", "")), str(attributes.get("certainty", ""))][
                kind
            ] += 1

    def _count_sources(self, record: Annotation | Gold, kind: str) -> None:
        """Count each source of a claim once for that claim, by its entity or else by its text."""
        mentions: dict[str, Mention] = {mention.id: mention for mention in record.mentions}
        sources: dict[str, set[str]] = {m.id: set() for m in mentions.values() if m.label == CLAIM}
        for relation in record.relations:
            if relation.type == SOURCE and relation.head in sources:
                source = mentions[relation.tail]
                sources[relation.head].add(str(source.attributes.get(ENTITY) or source.text))
        for names in sources.values():
            for name in names or {NO_SOURCE}:
                self.sources[name][kind] += 1

    # --- as plots

    def build_plots(self) -> list[Plot]:
        """Return every plot that has data."""
        plots = [
            self._documents_plot(),
            self._labels_plot(),
            Plot(
                "claims",
                "Claims by type and certainty",
                "Subjects of claims, and how sure the claimer is.",
                "matrix",
                _cross_values(self.claims, *self._attribute_values(CLAIM, "type", "certainty")),
            ),
            Plot(
                "counts",
                "Counts by thing and outcome",
                "How many counts there are (not things), by the thing counted and its outcome.",
                "matrix",
                _cross_values(self.counts, *self._attribute_values(COUNT, "thing", "outcome")),
            ),
            self._sources_plot(),
            self._timeline_plot(),
        ]
        return [plot for plot in plots if plot.rows]

    def _documents_plot(self) -> Plot:
        rows: PlotRows = [
            ((split,), {DOCUMENTS: self.splits[split]}) for split in ("train", "validation", "test")
        ]
        description = "Documents in each split; fixed when they were ingested."
        return Plot(
            "documents", "Documents by split", description, "bars", rows if self.documents else []
        )

    def _labels_plot(self) -> Plot:
        names = [*self.schema.labels, *sorted(self.labels.keys() - self.schema.labels.keys())]
        rows: PlotRows = [((name,), dict(self.labels.get(name, {}))) for name in names]
        description = "Mentions with each label."
        return Plot(
            "mentions", "Mentions by label", description, "bars", rows if self.labels else []
        )

    def _attribute_values(self, label: str, *names: str) -> list[list[str]]:
        attributes = self.schema.labels[label].attributes if label in self.schema.labels else {}
        return [list(attributes[name].values) if name in attributes else [] for name in names]

    def _sources_plot(self) -> Plot:
        named = sorted((name for name in self.sources if name != NO_SOURCE), key=self._source_rank)
        shown = [*named[:MAX_SOURCES], *([NO_SOURCE] if NO_SOURCE in self.sources else [])]
        rest = len(self.sources) - len(shown)
        return Plot(
            "sources",
            "Sources by number of claims",
            "The sources with most claims, by entity where an annotator named it.",
            "bars",
            [((name,), dict(self.sources[name])) for name in shown],
            _format_excluded(rest, "source", "with fewer claims"),
        )

    def _source_rank(self, name: str) -> tuple[int, str]:
        return -self.sources[name].total(), name

    def _timeline_plot(self) -> Plot:
        rows: PlotRows = [
            ((period,), {DOCUMENTS: count}) for period, count in _group_by_period(self.dates)
        ]
        excluded = _format_excluded(self.dates[""], "document", "without a date")
        title = "Documents by date of publication"
        return Plot(
            "timeline", title, "Documents published in each period.", "columns", rows, excluded
        )


def _format_excluded(count: int, noun: str, reason: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)} {reason}" if count else ""


def _cross_values(
    counts: dict[tuple[str, str], Counter[str]], rows: list[str], columns: list[str]
) -> PlotRows:
    """Return all pairs of declared and found values, so that missing combinations show as well."""
    rows = [*rows, *sorted({row for row, _ in counts} - set(rows))]
    columns = [*columns, *sorted({column for _, column in counts} - set(columns))]
    pairs = [(row, column) for row in rows for column in columns] if counts else []
    return [(pair, dict(counts.get(pair, {}))) for pair in pairs]


def _parse_date(published: str | None) -> str:
    """Return the year, month or day of a time as received; empty without one.

    >>> [_parse_date(time) for time in ("2025-10-31T22:42:00+03:00", "2025-10", "2025-02-30")]
    ['2025-10-31', '2025-10', '']
    """
    match = _DATE.match(published or "")
    if not match:
        return ""
    try:
        date(*(int(part or 1) for part in match.groups()))
    except ValueError:
        return ""
    return "-".join(part for part in match.groups() if part)


def _group_by_period(dates: Counter[str]) -> list[tuple[str, int]]:
    """Count by day while there are few days, else by month or year, without gaps."""
    known = {day: count for day, count in dates.items() if day}
    if not known:
        return []
    for length, most in ((10, 62), (7, 72), (4, 72)):
        if all(len(day) >= length for day in known):
            grouped: Counter[str] = Counter()
            for day, count in known.items():
                grouped[day[:length]] += count
            periods = _periods_between(min(grouped), max(grouped))
            if len(periods) <= most:
                return [(period, grouped[period]) for period in periods]
    return sorted(grouped.items())


def _periods_between(first: str, last: str) -> list[str]:
    """List the periods from first to last, of the length that both have.

    >>> _periods_between("2024-11", "2025-02")
    ['2024-11', '2024-12', '2025-01', '2025-02']
    """
    length = len(first)
    start, end = (
        date.fromisoformat(period + "0001-01-01"[len(period) :]) for period in (first, last)
    )
    days = (date.fromordinal(day) for day in range(start.toordinal(), end.toordinal() + 1))
    return list(dict.fromkeys(day.isoformat()[:length] for day in days))
