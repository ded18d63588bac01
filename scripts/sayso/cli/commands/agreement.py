"""``sayso agreement``: how far annotators agree."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sayso.cli.terminal import Advance, print_json, print_message, print_table, progress_bar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sayso.agreement.comparisons import ComparedDocument, ExcludedAnnotations
    from sayso.agreement.measurement import Measurement
    from sayso.models import AnnotatorKind
    from sayso.schema.declarations import Schema


def _parse_floors(
    _context: click.Context, _option: click.Parameter, given: tuple[str, ...]
) -> list[tuple[str, float]]:
    """Names of figures, each with how low it may be."""
    found = []
    for each in given:
        name, _equals, floor = each.rpartition("=")
        try:
            found.append((name, float(floor)))
        except ValueError as error:
            raise click.BadParameter(f"{each!r} is not like spans.Actor.exact=0.8") from error
    return found


@click.command(short_help="Measure how far annotators agree, with intervals.")
@click.argument(
    "files",
    nargs=-1,
    metavar="[PATH]...",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
)
@click.option(
    "--campaign",
    "campaigns",
    multiple=True,
    metavar="NAME",
    help="Only this campaign; may be repeated.",
)
@click.option(
    "--pass", "pass_name", metavar="NAME", help="Only this pass. [default: each by itself]"
)
@click.option(
    "--annotator",
    "annotators",
    multiple=True,
    metavar="NAME",
    help="Only this annotator, by pseudonym; may be repeated.",
)
@click.option("--programs", is_flag=True, help="Compare programs' answers too.")
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="NAME",
    help="Only figures of this label; may be repeated.",
)
@click.option(
    "--samples",
    type=click.IntRange(1),
    default=1000,
    show_default=True,
    metavar="N",
    help="How many times documents are drawn anew for the intervals.",
)
@click.option(
    "--by", type=click.Choice(["version"]), help="Apart for each version of schema and guidelines."
)
@click.option("--pairs", is_flag=True, help="Show every two annotators too.")
@click.option(
    "--fail-under",
    "floors",
    multiple=True,
    callback=_parse_floors,
    metavar="NAME=VALUE",
    help="End with exit code 5 where this figure is lower, or undefined; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object.")
@click.pass_obj
def command(
    root: Path | None,
    files: tuple[Path, ...],
    campaigns: tuple[str, ...],
    pass_name: str | None,
    annotators: tuple[str, ...],
    programs: bool,
    labels: tuple[str, ...],
    samples: int,
    by: str | None,
    pairs: bool,
    floors: list[tuple[str, float]],
    as_json: bool,
) -> None:
    """Measure how far annotators agree: on spans, attributes, counts, relations, claims, and what they come to.

    Compared are the answers that people submitted to the same document in the same pass without another's answer
    before them; PATHs are files of annotations to take instead of the corpus' own. Every figure stands with its 95 %
    interval, found by drawing whole documents anew. What cannot be said is undefined, with the reason.

    F1 is what both marked, twice, over what either marked: exact by label and span; normalised without article,
    possessive and punctuation at the edges; overlap where they share a code point. Alpha is Krippendorff's: over
    code points, over where units begin and end, and over what was chosen for mentions that both marked.

    \b
    Examples:
      sayso agreement
      sayso agreement --campaign pilot --pass names --pairs
      sayso agreement --label Claim --by version
      sayso agreement mine.jsonl theirs.jsonl --programs --json
      sayso agreement --fail-under spans.Actor.exact=0.85 --fail-under attributes.Claim.type.alpha=0.75
    """
    from sayso.agreement.comparisons import (
        ComparisonFilter,
        ExcludedAnnotations,
        iterate_comparisons,
    )
    from sayso.agreement.measurement import measure_comparisons
    from sayso.corpus.sources import CorpusFiles
    from sayso.schema import declarations as schemas
    from sayso.settings import SCHEMA_FILE, find_checkout

    checkout = find_checkout(root)
    schema, out = schemas.load_schema(checkout.root / SCHEMA_FILE), ExcludedAnnotations()
    wanted = _select_labels(labels, schema)
    kinds: frozenset[AnnotatorKind] = frozenset({"human", "program"} if programs else {"human"})
    who = ComparisonFilter(frozenset(campaigns), frozenset(annotators), pass_name, kinds, files)
    with progress_bar("measuring") as advance:
        coming = _track_progress(iterate_comparisons(CorpusFiles(checkout.root), who, out), advance)
        found = measure_comparisons(
            coming, schema, excluded=out, samples=samples, by_version=by is not None
        )
    _print_report(found, wanted, out, pairs, as_json)
    _enforce_floors(found, floors)


def _select_labels(labels: tuple[str, ...], schema: Schema) -> frozenset[str]:
    from sayso.errors import UsageError

    if strange := [label for label in labels if label not in schema.labels]:
        raise UsageError(
            f"no label {strange[0]!r}", remedy=f"choose among {', '.join(schema.labels)}"
        )
    return frozenset(labels)


def _track_progress(
    coming: Iterator[ComparedDocument], advance: Advance
) -> Iterator[ComparedDocument]:
    for each in coming:
        advance(1)
        yield each


def _print_report(
    measurements: list[Measurement],
    labels: frozenset[str],
    excluded: ExcludedAnnotations,
    pairs: bool,
    as_json: bool,
) -> None:
    from sayso.agreement import agreement_tables
    from sayso.agreement.agreement_report import build_report

    told = build_report(
        (agreement_tables.select_labels(each, labels) for each in measurements), excluded
    )
    if as_json:
        print_json({"measurements": told.measurements, "not_measured": told.not_measured})
        return
    for each in told.measurements:
        _print_tables(each, pairs)
    for other in told.not_measured:
        what = f"{other.campaign}, {other.interface}: no document has two answers to compare"
        print_message("; ".join([what, *agreement_tables.format_excluded(other.excluded)]))
    if not told.measurements and not told.not_measured:
        print_message("nobody has answered yet: nothing to compare")


def _print_tables(measurement: Measurement, pairs: bool) -> None:
    from sayso.agreement import agreement_tables

    click.echo(f"{agreement_tables.format_title(measurement)}\n")
    more = [
        *agreement_tables.build_version_tables(measurement),
        *(agreement_tables.build_pair_table(measurement) if pairs else ()),
    ]
    for sheet in [*agreement_tables.build_tables(measurement), *more]:
        print_table(*sheet)
    for note in agreement_tables.format_notes(measurement):
        print_message(note)


def _enforce_floors(measurements: list[Measurement], floors: list[tuple[str, float]]) -> None:
    """Whether every figure that was named is as high as it should be, wherever it was measured."""
    from sayso.errors import FindingsError, UsageError

    for name, floor in floors:
        figures = [
            figure for each in measurements for figure in each.figures if figure.name == name
        ]
        if not figures:
            raise UsageError(
                f"no figure {name!r} was measured",
                remedy="see `sayso agreement --json` for their names",
            )
        for figure in figures:
            if figure.value is None:
                raise FindingsError(
                    f"{name} is undefined: {figure.undefined}", remedy="see the answers left out"
                )
            if figure.value < floor:
                raise FindingsError(
                    f"{name} is {figure.value:.3f}, which is under {floor:g}",
                    remedy="see `sayso disagreements` for where annotators differ",
                )
