"""``sayso diff``: what differs between two versions of the corpus."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

import click

from sayso.cli import terminal

if TYPE_CHECKING:
    from sayso.difference import Difference

DIFFERENT = 3


@click.command(short_help="Show what differs between two versions of the corpus.")
@click.argument("older", metavar="A")
@click.argument("newer", metavar="[B]", default=".")
@click.option("--first", type=click.IntRange(0), default=10, show_default=True, metavar="N",
              help="How many changes of each kind to show.")  # fmt: skip
@click.option("--all", "everything", is_flag=True, help="Show every change, one a line, document by document.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole difference as JSON, which --apply takes.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print it for a changelog.")
@click.option("--exit-code", is_flag=True, help=f"End with exit code {DIFFERENT} where something differs.")
@click.option("--apply", "written", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False),
              help="Make the newer sources out of A and FILE, which --json printed.")  # fmt: skip
@click.option("--into", metavar="FOLDER", type=click.Path(path_type=Path, file_okay=False),
              help="Where --apply puts them.")  # fmt: skip
@click.pass_obj
def command(root: Path | None, older: str, newer: str, first: int, everything: bool, as_json: bool, as_markdown: bool,
            exit_code: bool, written: Path | None, into: Path | None) -> None:  # fmt: skip
    """Show what differs between two versions of the corpus, and the least bump of the version that it asks for.

    A and B are tags or other revisions of this repository, or folders; B is the working tree unless named. Compared
    are the sources: articles, every annotator's answers, gold, the schema and what lies beside it. Mentions are
    matched by their ids, else by their place, else by their overlap. Nothing is checked out.

    \b
    Examples:
      sayso diff v1.0.0
      sayso diff v1.0.0 v1.1.0 --all
      sayso diff v1.0.0 --markdown
      sayso diff ../older-checkout . --exit-code
      sayso diff v1.0.0 v1.1.0 --json > changes.json
      sayso diff v1.0.0 --apply changes.json --into newer/
    """
    from sayso.difference import between, side
    from sayso.settings import find_instance

    _fitting(as_json, as_markdown, everything, written, into)
    here = find_instance(root).root
    if written and into:
        _apply(here, older, written, into)
        return
    sides = side(older, here), side(newer, here)
    with terminal.progress("comparing", printing=as_json) as advance:
        difference = between(*sides, watch=advance, first=first)
        _show(difference, as_json, as_markdown, everything)
    _conclude(difference)
    if exit_code and difference.bump:
        sys.exit(DIFFERENT)


def _fitting(as_json: bool, as_markdown: bool, everything: bool, written: Path | None, into: Path | None) -> None:
    from sayso.errors import UsageError

    if as_json + as_markdown + everything > 1:
        raise UsageError("--json, --markdown and --all are three ways to print", remedy="choose one")
    if (written is None) != (into is None):
        raise UsageError("--apply and --into go together", remedy="give both")


def _show(difference: Difference, as_json: bool, as_markdown: bool, everything: bool) -> None:
    if as_json:
        _json(difference)
    elif as_markdown:
        click.echo(difference.markdown(), nl=False)
    elif everything:
        _lines(difference)
    else:
        _tables(difference)


def _apply(here: Path, older: str, written: Path, into: Path) -> None:
    from sayso.difference import Written, apply, side

    difference = Written(written)
    with terminal.progress("applying"):
        apply(side(older, here), difference, into)
    terminal.say(f"{len(difference.files)} files made anew in {into}, every byte proved")


def _json(difference: Difference) -> None:
    from sayso.difference import write

    write(difference, sys.stdout.buffer.write)


def _tables(difference: Difference) -> None:
    from sayso.difference import sheets

    _counts(difference)
    for title, rows in sheets.shown(difference.tally):
        terminal.table(title, sheets.ROW, rows)


def _counts(difference: Difference) -> None:
    from sayso.difference import sheets

    if difference.tally.counts:
        terminal.table("Counts", sheets.COLUMNS, sheets.counted(difference.tally))


def _lines(difference: Difference) -> None:
    """The counts first, although they are known last: the lines wait in a file until then."""
    from sayso.difference import sheets

    with TemporaryFile("w+", encoding="utf-8", errors="backslashreplace") as waiting:
        for _entry, rows in difference.counted():
            waiting.writelines(f"{sheets.line(row)}\n" for row in rows)
        _counts(difference)
        waiting.seek(0)
        for line in waiting:
            click.echo(line, nl=False)


def _conclude(difference: Difference) -> None:
    for note in difference.notes:
        terminal.say(f"note: {note}")
    if not difference.bump:
        terminal.say("no difference; least bump: none")
        return
    reasons = ", ".join(map(str, difference.tally.reasons))
    terminal.say(f"least bump: {difference.bump} ({reasons})")
