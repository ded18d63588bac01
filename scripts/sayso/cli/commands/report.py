"""The command ``sayso report``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sayso.cli.options import filter_options
from sayso.cli.pages import print_page
from sayso.cli.terminal import print_json, progress_bar

if TYPE_CHECKING:
    from sayso.corpus.items import AnnotationFilter


@click.command(short_help="Write the corpus as one HTML page.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The file to write. [default: build/report.html in the checkout]",
)
@filter_options(programs=True)
@click.option("--gold", is_flag=True, help="Only gold, and the annotators named.")
@click.option("--open", "show", is_flag=True, help="Open the page in the browser.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@click.pass_obj
def command(
    root: Path | None,
    out: Path | None,
    selection: AnnotationFilter,
    gold: bool,
    show: bool,
    as_json: bool,
) -> None:
    """Write one HTML file with statistics, claims, and all documents with their annotations.

    The file needs no network and no other files. Without filter options it holds every
    annotation. It holds the full text of the articles: check their licences before you share it.

    \b
    Examples:
      sayso report
      sayso report --open
      sayso report --gold --out adjudicated.html
      sayso report --campaign pilot --annotator ann-1a2b3c4d --json
    """
    from sayso.outputs import HTML_START, require_output
    from sayso.reports.corpus_report import write_report
    from sayso.settings import find_checkout

    checkout = find_checkout(root)
    default = checkout.root / "build" / "report.html"
    with progress_bar("writing the report") as advance:
        page = write_report(
            checkout,
            require_output(checkout, out, HTML_START) if out else default,
            _select_gold(selection, gold=gold),
            advance,
        )
    if as_json:
        print_json(
            {"file": str(page.path), "changed": page.changed, "bytes": page.size, **page.counts}
        )
    print_page(page, show=show)


def _select_gold(selection: AnnotationFilter, *, gold: bool) -> AnnotationFilter:
    """Exclude gold beside named annotators, and everything else with --gold alone."""
    if gold and not selection.annotators:
        return replace(selection, kinds=frozenset({"gold"}))
    if selection.annotators and not gold:
        kinds = selection.kinds or frozenset({"human", "program"})
        return replace(selection, kinds=kinds - {"gold"})
    return selection
