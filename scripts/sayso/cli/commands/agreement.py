"""``sayso agreement``: measure how far annotators agree."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sayso.callbacks import Advance
from sayso.cli.completion import complete_label
from sayso.cli.options import filter_options
from sayso.cli.terminal import print_json, print_line, print_message, print_table, progress_bar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sayso.agreement.agreement_report import AgreementReport, Measurement
    from sayso.agreement.agreement_tables import AgreementTable
    from sayso.corpus.items import AnnotationFilter, Item
    from sayso.schema.declarations import Schema


def _parse_floors(
    _context: click.Context, _option: click.Parameter, given: tuple[str, ...]
) -> list[tuple[str, float]]:
    found = []
    for each in given:
        name, _equals, floor = each.rpartition("=")
        try:
            found.append((name, float(floor)))
        except ValueError as error:
            raise click.BadParameter(f"{each!r} is not like spans.LABEL.exact=0.8") from error
    return found


@click.command(short_help="Measure how far annotators agree, with intervals.")
@click.argument(
    "files",
    nargs=-1,
    metavar="[PATH]...",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
)
@click.option(
    "--annotator-per-file", is_flag=True, help="Take each PATH as one annotator, named by its file."
)
@filter_options(programs=False)
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="NAME",
    shell_complete=complete_label,
    help="Only figures of this label; may be repeated.",
)
@click.option(
    "--by",
    type=click.Choice(["version", "document"]),
    help="Apart for each version of schema and guidelines, or each document.",
)
@click.option("--pairs", is_flag=True, help="Show every two annotators too.")
@click.option("--confusions", is_flag=True, help="Show the labels and values that are confused.")
@click.option("--gold", is_flag=True, help="Compare each annotator with gold instead.")
@click.option("--gamma", is_flag=True, help="Measure gamma, a second for each document.")
@click.option("--all", "everything", is_flag=True, help="Show every figure, by its name.")
@click.option(
    "--format",
    "table_format",
    type=click.Choice(["text", "markdown", "latex"]),
    default="text",
    show_default=True,
    help="Print the tables for a paper.",
)
@click.option(
    "--fail-under",
    "floors",
    multiple=True,
    callback=_parse_floors,
    metavar="NAME=VALUE",
    help="Exit with code 5 if this figure is lower, or undefined; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object.")
@click.pass_obj
def command(
    root: Path | None,
    files: tuple[Path, ...],
    annotator_per_file: bool,
    selection: AnnotationFilter,
    labels: tuple[str, ...],
    by: str | None,
    pairs: bool,
    confusions: bool,
    gold: bool,
    gamma: bool,
    everything: bool,
    table_format: str,
    floors: list[tuple[str, float]],
    as_json: bool,
) -> None:
    """Measure how far annotators agree: on spans, attributes, counts, relations, and claims.

    Compared are annotations of one document in one pass that were submitted without another's
    annotation to start from. If PATHs name files of annotations, exactly those are compared, of
    people and programs, whatever their campaigns and passes. Figures have a 95 % interval from
    a jackknife over documents. A figure or interval that cannot be computed is missing, with the
    reason.

    F1 is twice what both marked over what either marked: exact by label and span; normalised
    without article, possessive and punctuation at the edges; overlap if the spans share a code
    point. Alpha is Krippendorff's: over code points, over the boundaries of units, and over the
    attributes of mentions that both marked.

    \b
    Examples:
      sayso agreement
      sayso agreement --campaign pilot --pass names --pairs --confusions
      sayso agreement --label Claim --by version
      sayso agreement mine.jsonl theirs.jsonl --annotator-per-file
      sayso agreement --gold --by document
      sayso agreement --format latex > agreement.tex
      sayso agreement --fail-under spans.Actor.exact=0.85
    """
    from dataclasses import replace

    from sayso.agreement.comparisons import with_excluded
    from sayso.agreement.measurement import AgreementOptions, measure_agreement
    from sayso.corpus.compared_files import read_compared_files
    from sayso.corpus.sources import CorpusFiles
    from sayso.schema.declarations import load_schema
    from sayso.settings import SCHEMA_FILE, find_checkout

    checkout = find_checkout(root)
    schema, corpus = load_schema(checkout.root / SCHEMA_FILE), CorpusFiles(checkout.root)
    shown = _select_labels(labels, schema)
    chosen = with_excluded(selection)
    options = AgreementOptions(
        by_version=by == "version",
        by_document=by == "document",
        all_pairs=pairs,
        confusions=confusions,
        gold=gold,
        gamma=gamma,
    )
    _require_fitting_options(files, annotator_per_file=annotator_per_file, gold=gold)
    if gold:
        chosen = replace(chosen, kinds=frozenset())
    if files:
        selection = replace(selection, kinds=frozenset({"human", "program"}))
        items = read_compared_files(
            corpus, files, chosen, schema, annotator_per_file=annotator_per_file
        )
    else:
        items = corpus.items(chosen)
    with progress_bar("measuring") as advance:
        report = measure_agreement(_track_progress(items, advance), schema, selection, options)
    _print_report(report, shown, as_json, everything, pairs, table_format)
    _enforce_floors(report.measurements, floors)


def _require_fitting_options(
    files: tuple[Path, ...], *, annotator_per_file: bool, gold: bool
) -> None:
    from sayso.errors import UsageError

    if annotator_per_file and not files:
        raise UsageError("--annotator-per-file is about files", remedy="name the files to compare")
    if gold and files:
        what = "--gold compares with the gold of the corpus, not of files"
        raise UsageError(what, remedy="leave the files out, or --gold")


def _select_labels(labels: tuple[str, ...], schema: Schema) -> frozenset[str]:
    from sayso.errors import UsageError

    if unknown := [label for label in labels if label not in schema.labels]:
        raise UsageError(
            f"no label {unknown[0]!r}", remedy=f"choose among {', '.join(schema.labels)}"
        )
    return frozenset(labels)


def _track_progress(items: Iterator[Item], advance: Advance) -> Iterator[Item]:
    for item in items:
        if len(item.all_annotations) > 1:
            advance(1)
        yield item


def _print_report(
    report: AgreementReport,
    labels: frozenset[str],
    as_json: bool,
    everything: bool,
    pairs: bool,
    table_format: str,
) -> None:
    from sayso.agreement.agreement_tables import format_excluded, select_labels

    measurements = [select_labels(each, labels) for each in report.measurements]
    if as_json:
        found = {"measurements": measurements, "not_measured": report.not_measured}
        print_json({"schema": report.schema, **found})
        return
    for measurement in measurements:
        _print_measurement(measurement, everything, pairs, table_format)
    for other in report.not_measured:
        what = f"{other.campaign}, {other.interface}: no document has two annotations to compare"
        print_message("; ".join([what, *format_excluded(other.excluded)]))
    if not measurements and not report.not_measured:
        print_message("no annotations yet: nothing to compare")


def _print_measurement(
    measurement: Measurement, everything: bool, pairs: bool, table_format: str
) -> None:
    import textwrap
    from typing import cast

    from sayso.agreement import agreement_tables
    from sayso.agreement.paper_tables import PaperFormat, render_tables

    title = agreement_tables.format_title(measurement)
    tables = list(_list_tables(measurement, everything, pairs))
    if table_format != "text":
        print_line(render_tables(title, tables, cast(PaperFormat, table_format)))
    else:
        for line in textwrap.wrap(title, 80):
            print_line(line)
        for table in tables:
            print_table(*table)
    for note in agreement_tables.format_notes(measurement, short=not everything):
        print_message(note)


def _list_tables(
    measurement: Measurement, everything: bool, pairs: bool
) -> Iterator[AgreementTable]:
    from sayso.agreement import agreement_tables as tables

    yield tables.build_headline(measurement)
    if everything:
        yield from tables.build_full_tables(measurement)
    else:
        yield from tables.build_short_tables(measurement)
    yield from tables.build_version_tables(measurement)
    yield from tables.build_document_table(measurement)
    if pairs:
        yield from tables.build_pair_tables(measurement, everything=everything)
    yield from tables.build_confusion_tables(measurement)


def _enforce_floors(measurements: Iterable[Measurement], floors: list[tuple[str, float]]) -> None:
    from sayso.errors import FindingsError, UsageError

    for name, floor in floors:
        figures = [each for found in measurements for each in found.figures if each.name == name]
        if not figures:
            raise UsageError(
                f"no figure {name!r} was measured",
                remedy="see `sayso agreement --json` for their names",
            )
        for figure in figures:
            if figure.value is None:
                raise FindingsError(
                    f"{name} is undefined: {figure.undefined}",
                    remedy="see the excluded annotations",
                )
            if figure.value < floor:
                raise FindingsError(
                    f"{name} is {figure.value:.3f}, which is under {floor:g}",
                    remedy="see `sayso disagreements` for where annotators differ",
                )
