"""``sayso export``: readings in other tools' formats."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sayso.cli import terminal

if TYPE_CHECKING:
    from sayso.formats.corpus_export import ExportResult

_FORMATS = ("brat", "conll", "csv", "jsonl", "spacy", "w3c", "webanno")


@click.command()
@click.option("--to", "format", type=click.Choice(_FORMATS), required=True, help="The format.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="File or folder to write. [default: export/FORMAT…]",
)
@click.option("--campaign", metavar="NAME", help="Whose campaign. [default: any]")
@click.option(
    "--annotator",
    metavar="PSEUDONYM",
    help="Whose reading; gold is the adjudicated one. [default: gold, or the only one that there is]",
)
@click.option(
    "--pass",
    "pass_name",
    metavar="NAME",
    help="The pass of the reading. [default: the only one that there is]",
)
@click.option("--lossy", is_flag=True, help="Go on where the format cannot hold everything.")
@click.option(
    "--dry-run",
    is_flag=True,
    help="Write nothing; say what would be written, and what would be lost.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@click.pass_obj
def command(root: Path | None, /, as_json: bool, **options: Any) -> None:
    """Write readings in the format of another tool.

    One reading of each document goes out: the adjudicated one, or one annotator's. What the format cannot hold is
    counted by kind, and without --lossy nothing is written then. jsonl holds everything. A folder that an export
    made is replaced as a whole; any other is let alone.

    \b
    Examples:
      sayso export --to jsonl
      sayso export --to brat --annotator ann-1a2b3c4d --pass names --out ../for-brat
      sayso export --to conll --lossy
      sayso export --to webanno --dry-run --json
    """
    from sayso.formats.corpus_export import ExportRequest, LossError, export
    from sayso.settings import find_checkout

    try:
        with terminal.progress_bar("exporting") as advance:
            outcome = export(find_checkout(root), ExportRequest(**options), advance)
    except LossError as loss:
        if as_json:
            terminal.print_json({"refused": True, "losses": loss.losses})
        raise
    if as_json:
        import msgspec

        terminal.print_json(msgspec.to_builtins({**vars(outcome), "target": str(outcome.target)}))
    else:
        _print_summary(outcome, dry_run=options["dry_run"])


def _print_summary(outcome: ExportResult, *, dry_run: bool) -> None:
    for kind, count in outcome.excluded.items():
        terminal.print_message(f"left out: {count:,} {kind}")
    for kind, count in outcome.losses.items():
        terminal.print_message(f"lost: {count:,} {kind}")
    terminal.print_message(f"{outcome.documents:,} documents, {outcome.selection}")
    if dry_run:
        terminal.print_message(f"would write {outcome.target}")
    elif outcome.changed:
        click.echo(str(outcome.target))
    else:
        terminal.print_message(f"{outcome.target}: nothing changed")
