"""``sayso build``: from the sources to what researchers load."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sayso.cli.terminal import print_json, print_message, progress_bar

if TYPE_CHECKING:
    from sayso.dataset.builder import BuildResult


@click.command(short_help="Make the dataset and its card from the sources.")
@click.option(
    "--check",
    is_flag=True,
    help="Write nothing; exit 5 when the dataset is not what the sources give.",
)
@click.option("--dry-run", is_flag=True, help="Write nothing; say what would be written.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as one JSON object.")
@click.pass_obj
def command(root: object, check: bool, dry_run: bool, as_json: bool) -> None:
    """Make the dataset, from articles, annotations and gold: Parquet files, the card, and what lies beside it.

    In the card, corpus/README.md, only what stands between marks and the computed keys of its head are written anew;
    prose is never touched. --check names every part that is stale. CITATION.cff gets version and date, croissant.json
    describes the files for programs. Where two people read the same, agreement.json is what sayso agreement --json
    prints, and the card tells its figures.

    The same sources always give the same rows in the same order. Only what differs is written, and a second run
    writes nothing. What a build that was interrupted left unfinished, the next one finishes.

    \b
    Examples:
      sayso build
      sayso build --dry-run
      sayso build --check --json
    """
    from pathlib import Path

    from sayso.dataset.builder import build, count_articles
    from sayso.errors import FindingsError
    from sayso.settings import find_checkout

    checkout = find_checkout(root if isinstance(root, Path) else None)
    with progress_bar("building", count_articles(checkout)) as advance:
        outcome = build(checkout, write=not (check or dry_run), advance=advance)
    if as_json:
        print_json(_result_payload(outcome))
    else:
        _print_summary(outcome, written=not (check or dry_run))
    if check and outcome.changed:
        raise FindingsError(
            "the dataset is not what the sources give", where="corpus", remedy="run `sayso build`"
        )


def _result_payload(outcome: BuildResult) -> dict[str, object]:
    return {
        "changed": outcome.changed,
        "written": outcome.written,
        "removed": outcome.removed,
        "unchanged": outcome.unchanged,
        "card_changed": outcome.card_changed,
        "stale": [stale._asdict() for stale in outcome.stale],
        "rows": outcome.rows,
        "without_rows": outcome.empty_configs,
        "figures": outcome.counts,
    }


def _print_summary(outcome: BuildResult, *, written: bool) -> None:
    for config, splits in outcome.rows.items():
        print_message(
            f"{config}: " + ", ".join(f"{rows:,} {split}" for split, rows in splits.items())
        )
    for config in outcome.empty_configs:
        print_message(f"{config}: no rows yet, so the card leaves it out and it cannot be loaded")
    if outcome.counts.get("claims|misdrawn"):
        print_message(
            f"{outcome.counts['claims|misdrawn']} relations join other labels than declared; run `sayso check`"
        )
    if not outcome.changed:
        print_message("nothing changed")
        return
    if not written:
        for stale in outcome.stale:
            print_message(f"stale: {stale}")
    files = f"{len(outcome.written)} files, {len(outcome.removed)} to remove, {outcome.unchanged} unchanged"
    print_message(
        f"{'wrote' if written else 'would write'} {files}{', and the card' if outcome.card_changed else ''}"
    )
