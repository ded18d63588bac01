"""Counts of a corpus, by annotator kind: a mention that two annotators marked counts twice."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from sayso.corpus.items import Item
from sayso.models import Annotation, AttributeValue, Gold, Mention
from sayso.reports.svg_plots import DOCUMENTS, Plot, PlotRows
from sayso.schema.column_names import describe_mentions, pluralise
from sayso.schema.declarations import Schema
from sayso.schema.value_words import describe_value

MAX_SOURCES = 15

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
    overviews: dict[str, dict[tuple[str, ...], Counter[str]]] = field(default_factory=dict)
    answers: dict[str, dict[str, Counter[str]]] = field(
        default_factory=lambda: defaultdict(_new_counters)
    )
    frames: Counter[str] = field(default_factory=Counter)
    sources: dict[tuple[str, str], dict[str, Counter[str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for label, declared in self.schema.labels.items():
            if declared.overview:
                self.overviews[label] = _new_counters()
        for label, frame in self.schema.frames.items():
            for slot in frame.slots.values():
                if isinstance(slot, str) and self._names_referents(slot):
                    self.sources[label, slot] = _new_counters()
                    break  # the first slot: in a claim, who says it

    def _names_referents(self, relation: str) -> bool:
        """Return True if the mentions that a relation leads to say who or what they mean."""
        labels = self.schema.labels
        return any(labels[tail].referent for tail in self.schema.relations[relation].tails)

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
        self._count_answers(record, annotator.kind)
        self._count_sources(record, annotator.kind)

    def _count_mention(self, mention: Mention, kind: str) -> None:
        attributes = mention.attributes
        self.labels[mention.label][kind] += 1
        if mention.label in self.overviews:
            names = self.schema.labels[mention.label].overview
            values = tuple(str(attributes.get(name, "")) for name in names)
            self.overviews[mention.label][values][kind] += 1
        if mention.label in self.schema.frames:
            self.frames[mention.label] += 1

    def _count_answers(self, record: Annotation | Gold, kind: str) -> None:
        """Count the values of questions that have a list of them, several ones each by itself."""
        answers = (
            {each.question: each.value for each in record.answers}
            if isinstance(record, Gold)
            else record.answers
        )
        for name, question in self.schema.questions.items():
            value = answers.get(name)
            if value is not None and (question.has_values or question.kind == "boolean"):
                for each in value if isinstance(value, tuple) else (value,):
                    self.answers[name][describe_value(each, question)][kind] += 1

    def _count_sources(self, record: Annotation | Gold, kind: str) -> None:
        """Count each tail once for its frame, by what it refers to or else by its text."""
        mentions: dict[str, Mention] = {mention.id: mention for mention in record.mentions}
        for (label, relation_type), counters in self.sources.items():
            tails: dict[str, set[str]] = {
                m.id: set() for m in mentions.values() if m.label == label
            }
            for relation in record.relations:
                if relation.type == relation_type and relation.head in tails:
                    tail = mentions[relation.tail]
                    referent = self.schema.labels[tail.label].referent or ""
                    tails[relation.head].add(str(tail.attributes.get(referent) or tail.text))
            for names in tails.values():
                for name in names or {f"no {relation_type}"}:
                    counters[name][kind] += 1

    # --- as plots

    def build_plots(self) -> list[Plot]:
        """Return every plot that has data."""
        plots = [
            self._documents_plot(),
            *map(self._answers_plot, self.answers),
            self._labels_plot(),
            *(self._overview_plot(label) for label in self.overviews),
            *(self._sources_plot(*key) for key in self.sources),
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

    def _answers_plot(self, name: str) -> Plot:
        question, counts = self.schema.questions[name], self.answers[name]
        listed: Iterable[AttributeValue] = question.values or (True, False)
        words = dict.fromkeys([*(describe_value(each, question) for each in listed), *counts])
        rows: PlotRows = [((each,), dict(counts.get(each, {}))) for each in words]
        title = question.title or name
        return Plot(f"answers-{name}", title, f"How many have each answer: {title}", "bars", rows)

    def _labels_plot(self) -> Plot:
        names = [*self.schema.labels, *sorted(self.labels.keys() - self.schema.labels.keys())]
        titles = {name: label.title or name for name, label in self.schema.labels.items()}
        rows: PlotRows = [
            ((titles.get(name, name),), dict(self.labels.get(name, {}))) for name in names
        ]
        description = "Mentions with each label."
        return Plot(
            "mentions", "Mentions by label", description, "bars", rows if self.labels else []
        )

    def _overview_plot(self, label: str) -> Plot:
        declared, counts = self.schema.labels[label], self.overviews[label]
        names = declared.overview
        values = [list(declared.attributes[name].values) for name in names]
        name, title = pluralise(label), f"{describe_mentions(label)} by {' and '.join(names)}"
        description = f"How many mentions labelled {label} have each {' and '.join(names)}."
        if len(names) == 2:
            return Plot(name, title, description, "matrix", _cross_values(counts, *values))
        listed = [(value,) for value in dict.fromkeys([*values[0], *(key[0] for key in counts)])]
        rows: PlotRows = [(key, dict(counts.get(key, {}))) for key in listed] if counts else []
        return Plot(name, title, description, "bars", rows)

    def _sources_plot(self, label: str, relation: str) -> Plot:
        counts, none = self.sources[label, relation], f"no {relation}"
        named = sorted(
            (name for name in counts if name != none),
            key=lambda name: (-counts[name].total(), name),
        )
        shown = [*named[:MAX_SOURCES], *([none] if none in counts else [])]
        title = self.schema.relations[relation].title or relation
        return Plot(
            f"{pluralise(label)}-{relation}",
            f"{describe_mentions(label)} by {relation}",
            f"Those with most mentions labelled {label} ({title}), by name where one was given.",
            "bars",
            [((name,), dict(counts[name])) for name in shown],
            _format_excluded(len(counts) - len(shown), relation, f"with fewer {pluralise(label)}"),
        )

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
    counts: Mapping[tuple[str, ...], Counter[str]], rows: list[str], columns: list[str]
) -> PlotRows:
    """Return all pairs of declared and found values, so that missing combinations show as well."""
    rows = [*rows, *sorted({key[0] for key in counts} - set(rows))]
    columns = [*columns, *sorted({key[1] for key in counts} - set(columns))]
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
