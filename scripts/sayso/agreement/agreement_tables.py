"""Tables and notes of a measurement, for people."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import NamedTuple

from msgspec.structs import replace

from sayso.agreement.agreement_report import Measurement, PairMeasurement, VersionMeasurement
from sayso.agreement.annotation_pairs import ALL
from sayso.agreement.jackknife import FEW_DOCUMENTS, Figure
from sayso.agreement.measurement import format_version
from sayso.schema.column_names import pluralise

UNDEFINED, NO_INTERVAL = "undefined", "–"


class AgreementTable(NamedTuple):
    """A table of formatted cells."""

    title: str
    columns: list[str]
    rows: list[list[str]]


_SPAN_COLUMNS = {
    "exact": "exact F1",
    "normalised": "normal. F1",
    "overlap": "overlap F1",
    "characters": "alpha chars",
    "tokens": "alpha tokens",
    "token_f1": "token F1",
    "gamma": "gamma",
    "units": "alpha units",
    "units_without_overlaps": "without overlaps",
}
_ATTRIBUTE_COLUMNS = {"agreement": "agreement", "alpha": "alpha", "ac1": "AC1"}
_COMPARISON_COLUMNS = {"ac2": "AC2", "kappa": "kappa", "cohen_kappa": "Cohen's kappa"}
_RELATION_COLUMNS = {
    "strict": "strict F1",
    "lenient": "lenient F1",
    "given_spans": "F1 given spans",
}
_MACHINE_COLUMNS = {"share": "share of exact", "exact_without": "exact F1 without"}
_GROUP_TABLES: Mapping[str, tuple[str, dict[str, str]]] = {
    "spans": ("Spans, with 95 % intervals", _SPAN_COLUMNS),
    "answers": ("Answers about the document", _ATTRIBUTE_COLUMNS),
    "attributes": ("Attributes of matched mentions", _ATTRIBUTE_COLUMNS),
    "bounds": ("Bounds of numbers", {"equal": "equal bounds", "overlap": "bounds that meet"}),
    "relations": ("Relations", _RELATION_COLUMNS),
    "machine": ("Predictions that both kept", _MACHINE_COLUMNS),
}


def format_cell(figure: Figure | None) -> str:
    """Format a figure with its interval.

    >>> known = {"group": "spans", "subject": "Actor", "measure": "exact", "unit": "mentions"}
    >>> format_cell(Figure(value=0.8612, low=0.81, high=1.0, n=4, documents=2, **known))
    '.86 .81–1.00'
    >>> format_cell(Figure(value=-0.021, n=4, documents=1, **known))
    '-.02 –'
    """
    if figure is None or figure.value is None:
        return UNDEFINED if figure else ""
    interval = NO_INTERVAL
    if figure.low is not None and figure.high is not None:
        interval = f"{_format_number(figure.low)}–{_format_number(figure.high)}"
    return f"{_format_number(figure.value)} {interval}"


def _format_number(value: float) -> str:
    return re.sub(r"^(-?)0\.", r"\1.", f"{value:.2f}").replace("-.00", ".00")


CellFormatter = Callable[[Figure | None], str]
_SHORT_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "spans": ("exact", "overlap", "characters"),
    "answers": ("agreement", "alpha", "ac1"),
    "attributes": ("agreement", "alpha", "ac1"),
    "bounds": ("equal", "overlap"),
    "relations": ("strict", "lenient"),
    "machine": ("share", "exact_without"),
}
"""The measures that are shown unless all are asked for; they fit 80 columns."""


def build_headline(measurement: Measurement) -> AgreementTable:
    """Build the three lines that a reader wants first."""
    rows = []
    for figure, title in _select_headline(measurement.figures):
        value = UNDEFINED if figure.value is None else _format_number(figure.value)
        rows.append([title, value, _format_interval(figure), *_format_extent(figure)])
    return _build_with_extent("", ["", "", "95 %"], rows)


def _select_headline(figures: Sequence[Figure]) -> Iterator[tuple[Figure, str]]:
    by_name = {figure.name: figure for figure in figures}
    wanted = {
        f"spans.{ALL}.exact": "mentions exactly alike, F1",
        f"spans.{ALL}.characters": "Krippendorff's alpha, characters",
    }
    for figure in figures:
        if figure.group == "frames" and figure.subject.endswith(".whole"):
            label = figure.subject.partition(".")[0]
            wanted.setdefault(f"frames.{label}.whole.exact", f"whole {pluralise(label)}, F1")
        if figure.group == "answers" and figure.measure == "alpha":
            wanted.setdefault(figure.name, f"{figure.subject}, alpha")
    found = [(by_name[name], title) for name, title in wanted.items() if name in by_name]
    yield from found[:3]
    if gamma := by_name.get(f"spans.{ALL}.gamma"):
        yield gamma, "gamma"


def _format_interval(figure: Figure) -> str:
    if figure.low is None or figure.high is None:
        return NO_INTERVAL if figure.value is not None else ""
    return f"{_format_number(figure.low)}–{_format_number(figure.high)}"


def build_short_tables(measurement: Measurement) -> Iterator[AgreementTable]:
    """Yield the tables that fit 80 columns, without single values of attributes."""
    for group, (title, columns) in _GROUP_TABLES.items():
        if group == "machine":
            yield from _build_frame_table(measurement.figures, format_cell, short=True)
        figures = [
            each
            for each in measurement.figures
            if each.group == group and "=" not in each.subject and (each.n or group != "machine")
        ]
        shown = {name: columns[name] for name in _SHORT_COLUMNS[group]}
        main = ("alpha",) if group in ("answers", "attributes") else tuple(shown)

        def format_figure(figure: Figure | None, main: tuple[str, ...] = main) -> str:
            if figure is None or figure.value is None or figure.measure in main:
                return format_cell(figure)
            return _format_number(figure.value)

        yield from _build_table(title, shown, figures, str, format_figure)


def build_full_tables(measurement: Measurement) -> Iterator[AgreementTable]:
    """Yield a table for each group, with a row for every figure."""
    groups: dict[str, list[Figure]] = {}
    for figure in measurement.figures:
        if figure.n:
            groups.setdefault(figure.group, []).append(figure)
    for group, figures in groups.items():
        rows = [
            [
                f"{figure.subject} {figure.measure}",
                UNDEFINED if figure.value is None else _format_number(figure.value),
                _format_interval(figure),
                *_format_extent(figure),
            ]
            for figure in figures
        ]
        yield _build_with_extent(f"{group}.", ["", "", "95 %"], rows)


def build_document_table(measurement: Measurement) -> Iterator[AgreementTable]:
    """Yield a table of the documents, the one with least agreement first, if there is any."""
    names = {
        "exact F1": f"spans.{ALL}.exact",
        "alpha chars": f"spans.{ALL}.characters",
        "relations": f"relations.{ALL}.strict",
    }
    documents = measurement.by_document
    if not any(each.find_value(name) is not None for each in documents for name in names.values()):
        answers = [each.name for each in measurement.figures if each.measure == "agreement"]
        names = {name.split(".")[1]: name for name in answers if "=" not in name}
    rows = [
        [
            each.doc_id,
            str(each.annotations),
            *(
                "" if (value := each.find_value(name)) is None else _format_number(value)
                for name in names.values()
            ),
        ]
        for each in documents
    ]
    if rows:
        title = "By document, least agreement first"
        yield AgreementTable(title, ["document", "annotators", *names], rows)


def build_confusion_tables(measurement: Measurement, limit: int = 10) -> Iterator[AgreementTable]:
    """Yield for each attribute, and for labels, the values that are confused most often."""
    for matrix in measurement.confusions:
        confusions = matrix.list_confusions()
        if confusions:
            rows = [[one, other, f"{count:,}"] for one, other, count in confusions[:limit]]
            more = f", the {limit} most frequent" if len(confusions) > limit else ""
            yield AgreementTable(f"Confused: {matrix.subject}{more}", ["", "", "pairs"], rows)


def build_tables(
    measurement: Measurement, format_figure: CellFormatter = format_cell
) -> Iterator[AgreementTable]:
    """Yield a table for each group that has figures."""
    for group, (title, columns) in _GROUP_TABLES.items():
        if group == "machine":
            yield from _build_frame_table(measurement.figures, format_figure)
        figures = [each for each in measurement.figures if each.group == group]
        yield from _build_table(title, columns, figures, _format_row_name, format_figure)


def _build_table(
    title: str,
    columns: Mapping[str, str],
    figures: Iterable[Figure],
    format_name: Callable[[str], str],
    format_figure: CellFormatter = format_cell,
) -> Iterator[AgreementTable]:
    rows, by_subject = [], _group_by_subject(figures)
    measured = {measure for found in by_subject.values() for measure in found}
    columns = {measure: title for measure, title in columns.items() if measure in measured}
    for subject, found in by_subject.items():
        if any(figure.n for figure in found.values()):
            cells = [format_figure(found.get(measure)) for measure in columns]
            extent = _format_extent(next(iter(found.values())))
            rows.append([format_name(subject), *cells, *extent])
    if rows:
        yield _build_with_extent(title, ["", *columns.values()], rows)


def _build_with_extent(title: str, columns: list[str], rows: list[list[str]]) -> AgreementTable:
    """Return a table whose last columns are n, pairs and documents, without pairs if none count."""
    if any(row[-2] for row in rows):
        return AgreementTable(title, [*columns, "n", "pairs", "docs"], rows)
    return AgreementTable(title, [*columns, "n", "docs"], [[*row[:-2], row[-1]] for row in rows])


def _group_by_subject(figures: Iterable[Figure]) -> dict[str, dict[str, Figure]]:
    found: dict[str, dict[str, Figure]] = {}
    for figure in figures:
        found.setdefault(figure.subject, {})[figure.measure] = figure
    return found


def _format_row_name(subject: str) -> str:
    """Indent values below their attribute.

    >>> _format_row_name("Actor.type"), _format_row_name("Actor.type=civilian")
    ('Actor.type', '  civilian')
    """
    _attribute, equals, value = subject.partition("=")
    return f"  {value}" if equals else subject


def _build_frame_table(
    figures: Sequence[Figure], format_figure: CellFormatter, *, short: bool = False
) -> Iterator[AgreementTable]:
    of_frames = [each for each in figures if each.group == "frames"]
    rows = [
        [_format_frame_row(each, of_frames), format_figure(each), *_format_extent(each)]
        for each in of_frames
        if each.n and not (short and each.measure.startswith("without_"))
    ]
    if rows:
        yield _build_with_extent("Whole frames, and what they say", ["", "F1"], rows)


def _format_frame_row(figure: Figure, figures: Iterable[Figure]) -> str:
    """Name what is compared: a group of relations, all of them, or the tuple."""
    label, _, what = figure.subject.partition(".")
    if figure.measure == "lenient":
        return "the same, spans that overlap"
    if what == "whole":
        return f"{label} with all its relations"
    if what != "tuple":
        return f"{label}: {what}"
    without = [
        each.measure.removeprefix("without_").replace("_", " ")
        for each in figures
        if each.subject == figure.subject and each.measure.startswith("without_")
    ]
    if figure.measure == "full":
        return f"{label}: {', '.join(without)}"
    return f"… {figure.measure.replace('_', ' ')}"


def _format_extent(figure: Figure) -> tuple[str, str, str]:
    pairs = "" if figure.pairs is None else f"{figure.pairs:,}"
    return f"{figure.n:,}", pairs, f"{figure.documents:,}"


_MATRIX_WIDTH = 6  # annotators whose names fit 80 columns


def build_pair_tables(
    measurement: Measurement, *, everything: bool = False
) -> Iterator[AgreementTable]:
    """Yield matrices of every two annotators, for exact F1 and alpha or for every figure.

    Many annotators, or two, are a list.
    """
    names = measurement.annotators
    if len(names) > _MATRIX_WIDTH or (len(names) < 3 and not everything):
        groups = [(" and ".join(pair.annotators), pair) for pair in measurement.pairs]
        yield from _build_span_table("Every two annotators", groups, _SHORT_COLUMNS["spans"])
        return
    shown = [f"spans.{ALL}.{measure}" for measure in ("exact", "characters")]
    if everything:
        figures = (figure for pair in measurement.pairs for figure in pair.figures)
        shown = [*dict.fromkeys(each.name for each in figures if each.value is not None)]
    for name in shown:
        values = {
            pair.annotators: figure.value
            for pair in measurement.pairs
            for figure in pair.figures
            if figure.name == name
        }
        rows = [
            [one, *(_format_pair(values.get((min(one, two), max(one, two)))) for two in names)]
            for one in names
        ]
        if any(cell for row in rows for cell in row[1:]):
            yield AgreementTable(f"Every two annotators: {name}", ["", *names], rows)


def _format_pair(value: float | None) -> str:
    return "" if value is None else _format_number(value)


def build_version_tables(measurement: Measurement) -> Iterator[AgreementTable]:
    """Yield a table of the versions, and one of the differences between two of them."""
    groups = [(_format_version_group(version), version) for version in measurement.by_version]
    yield from _build_span_table("By version", groups, _SHORT_COLUMNS["spans"])
    changed = [each for each in measurement.differences if each.group == "spans"]
    title = "By how much the newer version is above the older"
    shown = {name: _SPAN_COLUMNS[name] for name in _SHORT_COLUMNS["spans"]}
    yield from _build_table(title, shown, changed, str)


def _build_span_table(
    title: str,
    groups: Sequence[tuple[str, PairMeasurement | VersionMeasurement]],
    measures: Sequence[str],
) -> Iterator[AgreementTable]:
    """Yield a table with the row of ALL, or else those of the selected labels, for each group."""
    rows, measured = [], {each.measure for _name, group in groups for each in group.figures}
    measures = [measure for measure in measures if measure in measured]
    for name, group in groups:
        by_subject = _group_by_subject(each for each in group.figures if each.group == "spans")
        for subject, found in by_subject.items():
            if subject == ALL or ALL not in by_subject:
                cells = [format_cell(found.get(measure)) for measure in measures]
                row_name = name if subject == ALL else f"{name}: {subject}"
                rows.append([row_name, *cells, f"{group.documents:,}"])
    if rows:
        yield AgreementTable(title, ["", *map(_SPAN_COLUMNS.__getitem__, measures), "docs"], rows)


def _format_version_group(version: VersionMeasurement) -> str:
    if version.mixed:
        return "across versions"
    return format_version((version.schema_version or "", version.guidelines_version or ""))


def format_title(measurement: Measurement) -> str:
    """Summarize in one line what was measured."""
    what, who = "", "annotators"
    if measurement.of_programs:
        what, who = "consistency of programs, not agreement of annotators: ", "programs"
    return (
        f"{measurement.campaign}, {measurement.interface}: {what}{measurement.documents:,} "
        f"documents, {len(measurement.annotators)} {who}, {measurement.annotations:,} annotations "
        f"in {measurement.comparisons:,} pairs"
    )


def format_notes(measurement: Measurement, *, short: bool = False) -> Iterator[str]:
    """Yield what is undefined and what has no interval, excluded annotations, and the method.

    Args:
        short: without the rules by which annotators and documents are combined.
    """
    for reason, subjects in _group_by_reason(measurement.figures, attrgetter("undefined")).items():
        yield f"{UNDEFINED}, {reason}: {', '.join(subjects)}"
    yield from format_interval_notes(measurement.figures)
    for subject, count in measurement.missing.items():
        yield f"{subject}: {count:,} matched mentions had a value of some annotators only"
    yield from format_excluded(measurement.excluded)
    interval = measurement.interval
    if short:
        yield f"{interval.confidence:.0%} intervals: a {interval.method}. --all shows every figure."
        return
    yield from _format_rules(measurement)
    yield from _format_units(measurement)
    yield f"{measurement.rule} {interval.confidence:.0%} intervals: {interval.method}."


def format_interval_notes(figures: Sequence[Figure]) -> Iterator[str]:
    """Yield the figures that have no interval, with the reason, and those that have a rough one."""
    for reason, subjects in _group_by_reason(figures, attrgetter("no_interval")).items():
        yield f"no interval ({NO_INTERVAL}), {reason}: {', '.join(dict.fromkeys(subjects))}"
    with_interval = [each for each in figures if each.low is not None]
    for reason, subjects in _group_by_reason(with_interval, explain_rough_interval).items():
        are_all = all(map(explain_rough_interval, with_interval))
        whose = "all" if are_all else ", ".join(dict.fromkeys(subjects))
        yield f"rough intervals, {reason}: {whose}"


def explain_rough_interval(figure: Figure) -> str | None:
    """Return why an interval must be taken with care, if it must."""
    return f"fewer than {FEW_DOCUMENTS} documents" if figure.documents < FEW_DOCUMENTS else None


def _format_rules(measurement: Measurement) -> Iterator[str]:
    """Say how annotators are combined in the figures that there are, each rule once."""
    there = {each.group for each in measurement.figures}
    names: defaultdict[str, list[str]] = defaultdict(list)
    for name, rule in measurement.rules.items():
        group, _dot, measure = name.partition(".")
        if group in there:
            names[rule].append(_GROUP_TABLES["spans"][1].get(measure, group))
    yield from (f"{', '.join(named)}: {rule}" for rule, named in names.items())


def _format_units(measurement: Measurement) -> Iterator[str]:
    """Say what n counts in each table."""
    units: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for figure in measurement.figures:
        if figure.n and figure.unit != "code points":  # of alpha over characters, in no column
            units[figure.group][figure.unit] = None
    listed = "; ".join(f"of {group} {', '.join(named)}" for group, named in units.items())
    if listed:
        yield f"n counts, each once: {listed}; pairs are two annotations of a document"


def format_excluded(reasons: Mapping[str, int]) -> Iterator[str]:
    """Yield one line about annotations that are in no figure, if there are any."""
    if reasons:
        listed = ", ".join(f"{count:,} ({reason})" for reason, count in reasons.items())
        yield f"annotations excluded: {listed}"


def _group_by_reason(
    figures: Sequence[Figure], explain: Callable[[Figure], str | None]
) -> dict[str, list[str]]:
    """Group the figures for which there is a reason by it, except those of single values."""
    total: dict[tuple[str, str], int] = Counter((each.group, each.subject) for each in figures)
    measures: defaultdict[tuple[str, tuple[str, str]], list[str]] = defaultdict(list)
    for each in figures:
        if "=" not in each.subject and (reason := explain(each)):
            measures[reason, (each.group, each.subject)].append(each.measure)
    found: defaultdict[str, list[str]] = defaultdict(list)
    for (reason, subject), names in measures.items():
        found[reason].append(_format_subject(subject, names, total[subject]))
    return found


def _format_subject(subject: tuple[str, str], measures: Sequence[str], total: int) -> str:
    """Name a subject, with the measures unless all of them are meant."""
    known = _GROUP_TABLES[subject[0]][1] if subject[0] in _GROUP_TABLES else {}
    names = ", ".join(known.get(each, each) for each in measures)
    return subject[1] if len(measures) == total else f"{subject[1]} ({names})"


def select_labels(measurement: Measurement, labels: frozenset[str]) -> Measurement:
    """Return the measurement with only the figures of some labels; all of them if none is named."""
    if not labels:
        return measurement

    def select(figures: Iterable[Figure]) -> tuple[Figure, ...]:
        return tuple(each for each in figures if re.split(r"[.=]", each.subject)[0] in labels)

    missing = measurement.missing.items()
    return replace(
        measurement,
        figures=select(measurement.figures),
        differences=select(measurement.differences),
        missing={name: count for name, count in missing if name.partition(".")[0] in labels},
        pairs=tuple(replace(each, figures=select(each.figures)) for each in measurement.pairs),
        by_version=tuple(
            replace(each, figures=select(each.figures)) for each in measurement.by_version
        ),
    )
