"""``sayso export``: annotations in other tools' formats."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sayso.cli import terminal
from sayso.cli.options import filter_options
from sayso.formats.format_registry import EXPORT_FORMATS

if TYPE_CHECKING:
    from sayso.corpus.items import AnnotationFilter
    from sayso.formats.corpus_export import ExportResult


@click.command()
@click.option(
    "--to", "format", type=click.Choice(list(EXPORT_FORMATS)), required=True, help="The format."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="File or folder to write. [default: export/FORMAT…]",
)
@filter_options(programs=True)
@click.option("--lossy", is_flag=True, help="Go on where the format cannot hold everything.")
@click.option("--dry-run", is_flag=True, help="Write nothing; print what would be written or lost.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def command(
    root: Path | None, /, selection: AnnotationFilter, as_json: bool, **options: Any
) -> None:
    """Write annotations in the format of another tool.

    One annotation of each document goes out: gold, or that of the only annotator whom the options
    select; --annotator gold names gold. What the format cannot hold is counted by kind, and without
    --lossy nothing is written then. jsonl holds everything. A folder that an export made is
    replaced as a whole; any other is let alone.

    \b
    Examples:
      sayso export --to jsonl
      sayso export --to brat --annotator ann-1a2b3c4d --pass names --out ../for-brat
      sayso export --to conll --lossy
      sayso export --to webanno --dry-run --json
    """
    import msgspec

    from sayso.formats.corpus_export import ExportRequest, LossError, export
    from sayso.settings import find_checkout

    try:
        with terminal.progress_bar("exporting") as advance:
            result = export(
                find_checkout(root), ExportRequest(**options, chosen=selection), advance
            )
    except LossError as loss:
        if as_json:
            terminal.print_json({"refused": True, "losses": loss.losses})
        raise
    if as_json:
        terminal.print_json(msgspec.to_builtins({**vars(result), "target": str(result.target)}))
    else:
        _print_summary(result, dry_run=options["dry_run"])


def _print_summary(result: ExportResult, *, dry_run: bool) -> None:
    for kind, count in result.excluded.items():
        terminal.print_message(f"excluded: {count:,} {kind}")
    for kind, count in result.losses.items():
        terminal.print_message(f"lost: {count:,} {kind}")
    terminal.print_message(f"{result.documents:,} documents, {result.selection}")
    if dry_run:
        terminal.print_message(f"would write {result.target}")
    elif result.changed:
        terminal.print_line(str(result.target))
    else:
        terminal.print_message(f"{result.target}: nothing changed")
