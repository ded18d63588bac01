"""``sayso report``: the corpus as one HTML page."""

from __future__ import annotations

from pathlib import Path

import click

from sayso.cli.terminal import print_json, print_message, progress_bar

LARGE_BYTES = 200_000_000  # bytes; browsers take longer than people wait


@click.command(short_help="Write one HTML page to read the corpus in.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where to write it. [default: build/report.html in the checkout]",
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
    help="Only this annotator's readings, by pseudonym; may be repeated.",
)
@click.option(
    "--gold", is_flag=True, help="Only what was adjudicated, beside the annotators named."
)
@click.option("--open", "show", is_flag=True, help="Open it in the browser of this machine.")
@click.option("--json", "as_json", is_flag=True, help="Print what was written as one JSON object.")
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
    """Write one HTML file to read the corpus in: figures, the table of claims, every document with its readings.

    The file needs no network and nothing beside it. Without a choice every reading is in it, side by side. It holds
    the full text of the articles: whether it may be passed on is a question of their licences.

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
    choice = AnnotationFilter(frozenset(campaigns), frozenset(annotators), gold)
    with progress_bar("writing the report") as advance:
        written = write_report(
            checkout, out or checkout.root / "build" / "report.html", choice, advance
        )
    if as_json:
        print_json(
            {
                "file": str(written.path),
                "changed": written.changed,
                "bytes": written.size,
                "documents": written.documents,
                "readings": written.annotations,
                "claims": written.claims,
                "adjudicated": written.adjudicated,
            }
        )
    print_message(
        f"{'wrote' if written.changed else 'nothing changed:'} {written.path} ({written.size / 1e6:,.1f} MB): "
        f"{written.documents:,} documents, {written.annotations:,} readings, {written.claims:,} claims"
    )
    if written.size > LARGE_BYTES:
        print_message(
            "that is much for a browser; choose a part with --campaign, --annotator or --gold"
        )
    if show:
        click.launch(str(written.path))
