"""``sayso build``: build the dataset and its card from the sources."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sayso.cli.terminal import print_json, print_message, progress_bar

if TYPE_CHECKING:
    from sayso.dataset.builder import BuildResult


@click.command(short_help="Build the dataset and its card from the sources.")
@click.option("--check", is_flag=True, help="Write nothing; exit 5 if the dataset is out of date.")
@click.option("--dry-run", is_flag=True, help="Write nothing; list what would be written.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@click.pass_obj
def command(root: Path | None, check: bool, dry_run: bool, as_json: bool) -> None:
    """Build the dataset from articles, annotations and gold: Parquet files, card, other metadata.

    In the card, corpus/README.md, only computed parts are written: the text between markers and
    the computed keys of the head. --check names every part that is out of date. CITATION.cff gets
    version and date, and croissant.json describes the files for programs. If two people annotated
    the same documents, agreement.json is the output of `sayso agreement --json`.

    The same sources always give the same rows in the same order. Only files that differ are
    written, so a second build writes nothing. The next build completes an interrupted one.

    \b
    Examples:
      sayso build
      sayso build --dry-run
      sayso build --check --json
    """
    from sayso.dataset.builder import build, count_articles
    from sayso.errors import FindingsError
    from sayso.settings import find_checkout

    checkout = find_checkout(root)
    write = not (check or dry_run)
    with progress_bar("building", count_articles(checkout)) as advance:
        result = build(checkout, write=write, advance=advance)
    if as_json:
        print_json(
            {
                "changed": result.changed,
                "written": result.written,
                "removed": result.removed,
                "unchanged": result.unchanged,
                "card_changed": result.card_changed,
                "stale": [stale._asdict() for stale in result.stale],
                "rows": result.rows,
                "empty_configs": result.empty_configs,
                "counts": result.counts,
            }
        )
    else:
        _print_summary(result, write)
    if check and result.changed:
        raise FindingsError(
            "the dataset is out of date", where="corpus", remedy="run `sayso build`"
        )


def _print_summary(result: BuildResult, write: bool) -> None:
    for config, splits in result.rows.items():
        counts = ", ".join(f"{rows:,} {split}" for split, rows in splits.items())
        print_message(f"{config}: {counts}")
    for config in result.empty_configs:
        print_message(f"{config}: no rows yet, so the card leaves it out and it cannot be loaded")
    if misdrawn := result.counts.get("relations|misdrawn"):
        print_message(f"{misdrawn} relations join other labels than declared; run `sayso check`")
    if not result.changed:
        print_message("nothing changed")
        return
    if not write:
        for stale in result.stale:
            print_message(f"stale: {stale}")
    print_message(
        f"{'wrote' if write else 'would write'} {len(result.written)} files, "
        f"{len(result.removed)} to remove, {result.unchanged} unchanged"
        f"{', and the card' if result.card_changed else ''}"
    )
