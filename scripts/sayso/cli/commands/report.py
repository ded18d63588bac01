"""The command ``sayso report``."""

from __future__ import annotations

from pathlib import Path

import click

from sayso.cli.pages import print_page
from sayso.cli.terminal import print_json, progress_bar


@click.command(short_help="Write the corpus as one HTML page.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The file to write. [default: build/report.html in the checkout]",
)
@click.option(
    "--campaign",
    "campaigns",
    multiple=True,
    metavar="NAME",
    help="Only this campaign; may be repeated.",
)
@click.option(
    "--annotator",
    "annotators",
    multiple=True,
    metavar="NAME",
    help="Only this annotator, by pseudonym; may be repeated.",
)
@click.option("--gold", is_flag=True, help="Only gold, and the annotators named.")
@click.option("--open", "show", is_flag=True, help="Open the page in the browser.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@click.pass_obj
def command(
    root: Path | None,
    out: Path | None,
    campaigns: tuple[str, ...],
    annotators: tuple[str, ...],
    gold: bool,
    show: bool,
    as_json: bool,
) -> None:
    """Write one HTML file with statistics, the table of claims, and every document with its annotations.

    The file needs no network and no other files. Without filter options it holds every annotation, side by side.
    It holds the full text of the articles: check their licences before you share it.

    \b
    Examples:
      sayso report
      sayso report --open
      sayso report --gold --out adjudicated.html
      sayso report --campaign pilot --annotator ann-1a2b3c4d --json
    """
    from sayso.corpus.old_items import AnnotationFilter
    from sayso.reports.corpus_report import write_report
    from sayso.settings import find_checkout

    checkout = find_checkout(root)
    annotation_filter = AnnotationFilter(frozenset(campaigns), frozenset(annotators), gold)
    with progress_bar("writing the report") as advance:
        page = write_report(
            checkout, out or checkout.root / "build" / "report.html", annotation_filter, advance
        )
    if as_json:
        print_json(
            {"file": str(page.path), "changed": page.changed, "bytes": page.size, **page.counts}
        )
    print_page(page, show=show)
