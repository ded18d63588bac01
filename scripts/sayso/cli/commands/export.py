"""``sayso export``: readings in other tools' formats."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sayso.cli import terminal

if TYPE_CHECKING:
    from sayso.exchange.export import Outcome

_FORMATS = ("brat", "conll", "csv", "jsonl", "spacy", "w3c", "webanno")


@click.command()
@click.option("--to", "format", type=click.Choice(_FORMATS), required=True, help="The format.")
@click.option("--out", type=click.Path(path_type=Path), help="File or folder to write. [default: export/FORMAT…]")
@click.option("--campaign", metavar="NAME", help="Whose campaign. [default: any]")
@click.option(
    "--annotator",
    metavar="PSEUDONYM",
    help="Whose reading; gold is the adjudicated one. [default: gold, or the only one that there is]",
)
@click.option("--interface", metavar="NAME", help="The pass of the reading. [default: the only one that there is]")
@click.option("--lossy", is_flag=True, help="Go on where the format cannot hold everything.")
@click.option("--dry-run", is_flag=True, help="Write nothing; say what would be written, and what would be lost.")
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
      sayso export --to brat --annotator ann-1a2b3c4d --interface names --out ../for-brat
      sayso export --to conll --lossy
      sayso export --to webanno --dry-run --json
    """
    from sayso.exchange.export import LossError, Order, export
    from sayso.settings import find_instance

    try:
        with terminal.progress("exporting") as advance:
            outcome = export(find_instance(root), Order(**options), advance)
    except LossError as loss:
        if as_json:
            terminal.emit({"refused": True, "losses": loss.losses})
        raise
    if as_json:
        import msgspec

        terminal.emit(msgspec.to_builtins({**vars(outcome), "target": str(outcome.target)}))
    else:
        _tell(outcome, dry_run=options["dry_run"])


def _tell(outcome: Outcome, *, dry_run: bool) -> None:
    for kind, count in outcome.left_out.items():
        terminal.say(f"left out: {count:,} {kind}")
    for kind, count in outcome.losses.items():
        terminal.say(f"lost: {count:,} {kind}")
    terminal.say(f"{outcome.documents:,} documents, {outcome.choice}")
    if dry_run:
        terminal.say(f"would write {outcome.target}")
    elif outcome.changed:
        click.echo(str(outcome.target))
    else:
        terminal.say(f"{outcome.target}: nothing changed")
