"""``sayso diff``: what differs between two versions of the corpus."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

import click

from sayso.cli import terminal

if TYPE_CHECKING:
    from sayso.diff import CorpusDiff

EXIT_CODE_DIFFERENT = 3


@click.command(short_help="Show what differs between two versions of the corpus.")
@click.argument("older", metavar="A")
@click.argument("newer", metavar="[B]", default=".")
@click.option(
    "--first",
    type=click.IntRange(0),
    default=10,
    show_default=True,
    metavar="N",
    help="How many changes of each kind to show.",
)
@click.option(
    "--all", "everything", is_flag=True, help="Show every change, one a line, document by document."
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print the whole difference as JSON, which --apply takes.",
)
@click.option("--markdown", "as_markdown", is_flag=True, help="Print it for a changelog.")
@click.option(
    "--exit-code",
    is_flag=True,
    help=f"End with exit code {EXIT_CODE_DIFFERENT} where something differs.",
)
@click.option(
    "--apply",
    "written",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Make the newer sources out of A and FILE, which --json printed.",
)
@click.option(
    "--into",
    metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where --apply puts them.",
)
@click.pass_obj
def command(
    root: Path | None,
    older: str,
    newer: str,
    first: int,
    everything: bool,
    as_json: bool,
    as_markdown: bool,
    exit_code: bool,
    written: Path | None,
    into: Path | None,
) -> None:
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
    from sayso.diff import diff_versions, open_version
    from sayso.settings import find_checkout

    _check_options(as_json, as_markdown, everything, written, into)
    here = find_checkout(root).root
    if written and into:
        _apply(here, older, written, into)
        return
    sides = open_version(older, here), open_version(newer, here)
    with terminal.progress_bar("comparing", printing=as_json) as advance:
        difference = diff_versions(*sides, advance=advance, examples=first)
        _print_diff(difference, as_json, as_markdown, everything)
    _print_conclusion(difference)
    if exit_code and difference.bump:
        sys.exit(EXIT_CODE_DIFFERENT)


def _check_options(
    as_json: bool, as_markdown: bool, everything: bool, written: Path | None, into: Path | None
) -> None:
    from sayso.errors import UsageError

    if as_json + as_markdown + everything > 1:
        raise UsageError(
            "--json, --markdown and --all are three ways to print", remedy="choose one"
        )
    if (written is None) != (into is None):
        raise UsageError("--apply and --into go together", remedy="give both")


def _print_diff(difference: CorpusDiff, as_json: bool, as_markdown: bool, everything: bool) -> None:
    if as_json:
        _print_json(difference)
    elif as_markdown:
        click.echo(difference.markdown(), nl=False)
    elif everything:
        _print_lines(difference)
    else:
        _print_tables(difference)


def _apply(root: Path, older: str, written: Path, into: Path) -> None:
    from sayso.diff import SavedDiff, apply, open_version

    difference = SavedDiff(written)
    with terminal.progress_bar("applying"):
        apply(open_version(older, root), difference, into)
    terminal.print_message(f"{len(difference.files)} files made anew in {into}, every byte proved")


def _print_json(difference: CorpusDiff) -> None:
    from sayso.diff import write_json

    write_json(difference, sys.stdout.buffer.write)


def _print_tables(difference: CorpusDiff) -> None:
    from sayso.diff import diff_tables

    _print_counts(difference)
    for title, rows in diff_tables.example_tables(difference.counts):
        terminal.print_table(title, diff_tables.CHANGE_COLUMNS, rows)


def _print_counts(difference: CorpusDiff) -> None:
    from sayso.diff import diff_tables

    if difference.counts.counts:
        terminal.print_table(
            "Counts", diff_tables.COUNT_COLUMNS, diff_tables.count_table(difference.counts)
        )


def _print_lines(difference: CorpusDiff) -> None:
    """The counts first, although they are known last: the lines wait in a file until then."""
    from sayso.diff import diff_tables

    with TemporaryFile("w+", encoding="utf-8", errors="backslashreplace") as waiting:
        for _entry, rows in difference.iterate_counted():
            waiting.writelines(f"{diff_tables.format_change(row)}\n" for row in rows)
        _print_counts(difference)
        waiting.seek(0)
        for line in waiting:
            click.echo(line, nl=False)


def _print_conclusion(difference: CorpusDiff) -> None:
    for note in difference.notes:
        terminal.print_message(f"note: {note}")
    if not difference.bump:
        terminal.print_message("no difference; least bump: none")
        return
    reasons = ", ".join(map(str, difference.counts.reasons))
    terminal.print_message(f"least bump: {difference.bump} ({reasons})")
