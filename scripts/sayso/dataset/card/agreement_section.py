"""Agreement between annotators in the card: the figures of ``agreement.json`` and no others."""

from __future__ import annotations

from collections.abc import Iterator

from sayso.agreement import agreement_tables
from sayso.agreement.agreement_report import AgreementReport, Measurement, UnmeasuredPass
from sayso.agreement.agreement_tables import AgreementTable
from sayso.agreement.jackknife import Figure
from sayso.dataset.card.markdown import format_code, format_details, format_table, join_paragraphs
from sayso.escaping import escape_markdown

_NOT_MEASURED_TEXT = (
    "There is no blind double annotation: no document was annotated by two people in the same pass "
    "of a campaign, each without seeing the other's annotation. The annotations of one program or "
    "one person say nothing about what another would annotate."
)
_METHOD_TEXT = (
    "Measured between people's annotations of the same document in the same pass, each made "
    "without seeing the other's. F1 is twice the number that both annotated over the number that "
    "either annotated: *exact* by label and span, *normalised* without articles and punctuation at "
    "the edges, *overlap* for spans that share a code point. Alpha is Krippendorff's, over code "
    "points and over units. The 95 % interval is in brackets, – if there is none; `n` counts "
    "what a figure is about, each once. `agreement.json` has every figure, as printed by `sayso "
    "agreement --json`."
)
_FOLDED_ROWS = 12  # a longer table is folded


def agreement_section(report: AgreementReport | None) -> str:
    """Format every figure with its interval, or say why there is none."""
    if report is None:
        return f"**Not yet measured.** {_NOT_MEASURED_TEXT}"
    return join_paragraphs(
        _METHOD_TEXT,
        *(part for each in report.measurements for part in _measurement_paragraphs(each)),
        *map(_explain_not_measured, report.not_measured),
    )


def _measurement_paragraphs(measurement: Measurement) -> Iterator[str]:
    yield f"**{escape_markdown(agreement_tables.format_title(measurement))}**"
    versions = measurement.versions.items()
    counts = ", ".join(f"{count:,} under {escape_markdown(version)}" for version, count in versions)
    yield f"Annotations by version: {counts}."
    for table in agreement_tables.build_tables(measurement, _format_figure):
        yield _format_agreement_table(table)
    notes = agreement_tables.format_notes(measurement)
    yield "\n".join(f"- {escape_markdown(note)}" for note in notes)


def _format_agreement_table(table: AgreementTable) -> str:
    # Markdown drops the white space that indents a name.
    rows = [
        [f"– {name.strip()}" if name.startswith(" ") else name, *cells]
        for name, *cells in table.rows
    ]
    shown = format_table([name or "of" for name in table.columns], rows)
    if len(rows) > _FOLDED_ROWS:
        return format_details(escape_markdown(table.title), shown)
    return join_paragraphs(f"{escape_markdown(table.title)}:", shown)


def _format_figure(figure: Figure | None) -> str:
    if figure is None or figure.value is None:
        return "" if figure is None else agreement_tables.UNDEFINED
    if figure.low is None or figure.high is None:
        return f"{figure.value:.2f} {agreement_tables.NO_INTERVAL}"
    return f"{figure.value:.2f} ({figure.low:.2f} to {figure.high:.2f})"


def _explain_not_measured(unmeasured: UnmeasuredPass) -> str:
    campaign, pass_name = format_code(unmeasured.campaign), format_code(unmeasured.interface)
    reasons = escape_markdown("; ".join(agreement_tables.format_excluded(unmeasured.excluded)))
    why = f" {reasons[0].upper()}{reasons[1:]}." if reasons else ""
    return f"Campaign {campaign}, pass {pass_name}: not yet measured.{why}"
