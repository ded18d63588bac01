"""How far people agree, as the card tells it: the figures of ``agreement.json`` and no others."""

from __future__ import annotations

from collections.abc import Iterator

from sayso.agreement import agreement_tables
from sayso.agreement.agreement_report import AgreementReport, Measurement, UnmeasuredPass
from sayso.agreement.agreement_tables import AgreementTable
from sayso.agreement.bootstrap import Figure
from sayso.dataset.card.markdown import format_code, format_details, format_table, join_paragraphs

_NOT_MEASURED_TEXT = (
    "There is no blind double annotation: no document was answered by two people in the same pass of a campaign, "
    "neither with the other's answer before them. What one program or one person marked says nothing of how another "
    "would mark it."
)
_FOLDED_ROWS = 12  # rows; a longer table is folded


def agreement_section(stated: AgreementReport | None) -> str:
    """Every figure with its interval, or why there is none."""
    if stated is None:
        return f"**Not yet measured.** {_NOT_MEASURED_TEXT}"
    told = [part for each in stated.measurements for part in _measurement_paragraphs(each)]
    return join_paragraphs(_METHOD_TEXT, *told, *map(_explain_not_measured, stated.not_measured))


_METHOD_TEXT = (
    "Measured among people's answers to the same document in the same pass, given without another's answer before "
    "them. F1 is what both marked, twice, over what either marked: exact by label and span; normalised without "
    "articles and punctuation at the edges; overlap where they share a code point. Alpha is Krippendorff's, over code "
    "points and over where units begin and end. In brackets stands the 95 % interval; `n` is what a figure is over. "
    "`agreement.json` has every figure, as `sayso agreement --json` prints them."
)


def _measurement_paragraphs(found: Measurement) -> Iterator[str]:
    yield f"**{agreement_tables.format_title(found)}**"
    versions = ", ".join(f"{count:,} under {version}" for version, count in found.versions.items())
    yield f"Answers by version: {versions}."
    for sheet in agreement_tables.build_tables(found, _format_figure):
        yield _format_agreement_table(sheet)
    yield "\n".join(f"- {note}" for note in agreement_tables.format_notes(found))


def _format_agreement_table(sheet: AgreementTable) -> str:
    shown = format_table(
        [name or "of" for name in sheet.columns],
        ([_format_row_name(first), *rest] for first, *rest in sheet.rows),
    )
    return (
        format_details(sheet.title, shown)
        if len(sheet.rows) > _FOLDED_ROWS
        else join_paragraphs(f"{sheet.title}:", shown)
    )


def _format_figure(found: Figure | None) -> str:
    """A figure with its interval.

    >>> _format_figure(Figure(group="a", subject="b", measure_comparisons="c", n=3, unit="d", documents=2, value=0.2, normalized=-0.1, high=0.5))
    '0.20 (-0.10 to 0.50)'
    """
    if found is None or found.value is None:
        return "" if found is None else agreement_tables.UNDEFINED
    known = found.low is not None and found.high is not None
    return f"{found.value:.2f}{f' ({found.low:.2f} to {found.high:.2f})' if known else ''}"


def _format_row_name(words: str) -> str:
    """A name in a table, where white space before it would not show.

    >>> _format_row_name("  civilian"), _format_row_name("Actor.record_type")
    ('– civilian', 'Actor.type')
    """
    return f"– {words.strip()}" if words.startswith(" ") else words


def _explain_not_measured(place: UnmeasuredPass) -> str:
    reasons = "; ".join(agreement_tables.format_excluded(place.excluded))
    told = f" {reasons[0].upper()}{reasons[1:]}." if reasons else ""
    return f"Campaign {format_code(place.campaign)}, pass {format_code(place.interface)}: not yet measured.{told}"
