"""A measurement as people read it: a table for each group of figures, and in words what no table shows."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from sayso.agreement.bootstrap import Figure
from sayso.agreement.marked import ALL
from sayso.agreement.measure import Measurement, OfVersion, told

UNDEFINED = "undefined"


class Sheet(NamedTuple):
    """One table."""

    title: str
    columns: list[str]
    rows: list[list[str]]


_SPANS = {
    "exact": "exact F1", "normalised": "normal. F1", "overlap": "overlap F1", "characters": "alpha chars",
    "units": "alpha units",
}  # fmt: skip
_COLUMNS: Mapping[str, tuple[str, dict[str, str]]] = {
    "spans": ("Spans, with 95 % intervals", _SPANS),
    "attributes": ("Attributes of matched mentions", {"agreement": "agreement", "alpha": "alpha", "ac1": "AC1"}),
    "counts": ("Counts that both marked", {"equal": "equal bounds", "overlap": "bounds that meet"}),
    "relations": ("Relations", {"strict": "strict F1", "lenient": "lenient F1", "given_spans": "F1 given spans"}),
    "machine": ("Predictions that both kept", {"share": "share of exact", "exact_without": "exact F1 without"}),
}
_LINES = {
    "claims.attribution.exact": "attribution: claim, sources, cues",
    "claims.whole.exact": "claim with all its relations",
    "claims.whole.lenient": "the same, spans that overlap",
    "tuples.claim.full": "who, what, where, how many",
    "tuples.claim.without_who": "… without who",
    "tuples.claim.without_what": "… without what",
    "tuples.claim.without_where": "… without where",
    "tuples.claim.without_how_many": "… without how many",
}
_SMALL = ("exact", "normalised", "overlap")


def cell(figure: Figure | None) -> str:
    """A figure with its interval.

    >>> known = {"group": "spans", "subject": "Actor", "measure": "exact", "n": 4, "unit": "mentions", "documents": 2}
    >>> cell(Figure(value=0.8612, low=0.81, high=1.0, **known)), cell(Figure(value=-0.021, **known))
    ('.86 .81–1.00', '-.02')
    """
    if figure is None:
        return ""
    if figure.value is None:
        return UNDEFINED
    edges = f" {_short(figure.low)}–{_short(figure.high)}" if figure.low is not None and figure.high is not None else ""
    return f"{_short(figure.value)}{edges}"


def _short(value: float | None) -> str:
    return "" if value is None else re.sub(r"^(-?)0\.", r"\1.", f"{value:.2f}").replace("-.00", ".00")


Shown = Callable[[Figure | None], str]


def sheets(measured: Measurement, shown: Shown = cell) -> Iterator[Sheet]:
    """The tables, those first that come first; none for a group of which there is no figure.

    Args:
        shown: how a figure stands in its cell.
    """
    for group, (title, columns) in _COLUMNS.items():
        if group == "machine":
            yield from _whole(measured.figures, shown)
        figures = [each for each in measured.figures if each.group == group]
        yield from _sheet(title, columns, figures, _row_name, shown)


def _sheet(
    title: str, columns: Mapping[str, str], figures: Iterable[Figure], name: Callable[[str], str], shown: Shown = cell
) -> Iterator[Sheet]:
    by_subject: dict[str, dict[str, Figure]] = {}
    for figure in figures:
        by_subject.setdefault(figure.subject, {})[figure.measure] = figure
    rows = [
        [name(subject), *(shown(found.get(measure)) for measure in columns), *_extent(next(iter(found.values())))]
        for subject, found in by_subject.items() if any(figure.n for figure in found.values())
    ]  # fmt: skip
    if rows:
        yield Sheet(title, ["", *columns.values(), "n", "docs"], rows)


def _row_name(subject: str) -> str:
    """Values stand below their attribute.

    >>> _row_name("Actor.type"), _row_name("Actor.type=civilian")
    ('Actor.type', '  civilian')
    """
    _attribute, equals, value = subject.partition("=")
    return f"  {value}" if equals else subject


def _whole(figures: Iterable[Figure], shown: Shown) -> Iterator[Sheet]:
    rows = [[_LINES[each.name], shown(each), *_extent(each)] for each in figures if each.name in _LINES and each.n]
    if rows:
        yield Sheet("Whole claims, and what they say", ["", "F1", "n", "docs"], rows)


def _extent(figure: Figure) -> tuple[str, str]:
    return f"{figure.n:,}", f"{figure.documents:,}"


def of_pairs(measured: Measurement) -> Iterator[Sheet]:
    """A table of every two annotators."""
    rows = [
        row for pair in measured.pairs
        for row in _span_rows(" and ".join(pair.annotators), pair.figures, _SMALL, pair.documents)
    ]  # fmt: skip
    if rows:
        yield Sheet("Every two annotators", ["", *(_SPANS[each] for each in _SMALL), "docs"], rows)


def of_versions(measured: Measurement) -> Iterator[Sheet]:
    """A table of the versions that answers were given under, and one of what the newer of two has changed."""
    rows = [
        row for each in measured.by_version
        for row in _span_rows(_version(each), each.figures, list(_SPANS), each.documents)
    ]  # fmt: skip
    if rows:
        yield Sheet("By version", ["", *_SPANS.values(), "docs"], rows)
    changed = [each for each in measured.differences if each.group == "spans"]
    yield from _sheet("By how much the newer version is above the older", _SPANS, changed, str)


def _span_rows(name: str, figures: Iterable[Figure], measures: Sequence[str], documents: int) -> Iterator[list[str]]:
    """The figures of all labels; where only some labels are shown, those of each."""
    by_subject: defaultdict[str, dict[str, Figure]] = defaultdict(dict)
    for figure in figures:
        if figure.group == "spans":
            by_subject[figure.subject][figure.measure] = figure
    for subject, found in by_subject.items():
        if subject == ALL or ALL not in by_subject:
            told_name = name if subject == ALL else f"{name}: {subject}"
            yield [told_name, *(cell(found.get(each)) for each in measures), f"{documents:,}"]


def _version(of: OfVersion) -> str:
    return "across versions" if of.mixed else told((of.schema_version or "", of.guidelines_version or ""))


def title(measured: Measurement) -> str:
    """What was measured, in one line."""
    return (
        f"{measured.campaign}, {measured.interface}: {measured.documents:,} documents, {len(measured.annotators)} "
        f"annotators, {measured.answers:,} answers in {measured.comparisons:,} pairs"
    )


def notes(measured: Measurement) -> Iterator[str]:
    """What no table shows: what is undefined and why, what was left out, by which rule all this was reckoned."""
    for why, subjects in _reasons(measured.figures).items():
        yield f"{UNDEFINED}, {why}: {', '.join(subjects)}"
    for subject, count in measured.missing.items():
        yield f"{subject}: {count:,} times one side had no value and the other had"
    yield from left_out(measured.left_out)
    yield f"{measured.rule} {measured.samples:,} samples, seed {measured.seed}."


def left_out(reasons: Mapping[str, int]) -> Iterator[str]:
    """Answers that are in no figure, by reason."""
    if reasons:
        told_reasons = ", ".join(f"{count:,} ({reason})" for reason, count in reasons.items())
        yield f"answers left out: {told_reasons}"


def _reasons(figures: Sequence[Figure]) -> dict[str, list[str]]:
    """Why figures are undefined, each with what they are of; a value that nobody chose goes without saying."""
    every: dict[tuple[str, str], int] = Counter((each.group, each.subject) for each in figures)
    found: defaultdict[str, defaultdict[tuple[str, str], list[str]]] = defaultdict(lambda: defaultdict(list))
    for each in figures:
        if each.undefined and "=" not in each.subject:
            found[each.undefined][each.group, each.subject].append(each.measure)
    return {
        why: [_subject(subject, measures, every[subject]) for subject, measures in subjects.items()]
        for why, subjects in found.items()
    }


def _subject(of: tuple[str, str], measures: Sequence[str], every: int) -> str:
    """What figures are of, with which where only some of them are meant."""
    known = _COLUMNS[of[0]][1] if of[0] in _COLUMNS else {}
    names = ", ".join(known.get(each, each) for each in measures)
    return of[1] if len(measures) == every else f"{of[1]} ({names})"


def of_labels(measured: Measurement, labels: frozenset[str]) -> Measurement:
    """Only the figures of some labels; all of them where none is named."""
    if not labels:
        return measured

    def mine(figures: Iterable[Figure]) -> tuple[Figure, ...]:
        return tuple(each for each in figures if re.split(r"[.=]", each.subject)[0] in labels)

    return msgspec.structs.replace(
        measured, figures=mine(measured.figures), differences=mine(measured.differences),
        missing={name: count for name, count in measured.missing.items() if name.partition(".")[0] in labels},
        pairs=tuple(msgspec.structs.replace(each, figures=mine(each.figures)) for each in measured.pairs),
        by_version=tuple(msgspec.structs.replace(each, figures=mine(each.figures)) for each in measured.by_version),
    )  # fmt: skip
