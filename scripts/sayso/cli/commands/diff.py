"""``sayso diff``: compare two versions of the corpus."""

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


@click.command(short_help="Compare two versions of the corpus.")
@click.argument("older", metavar="A")
@click.argument("newer", metavar="[B]", required=False)
@click.option(
    "--first",
    "examples",
    type=click.IntRange(0),
    default=10,
    show_default=True,
    metavar="N",
    help="Number of changes of each kind to show.",
)
@click.option(
    "--all", "everything", is_flag=True, help="Print every change on a line, document by document."
)
@click.option("--json", "as_json", is_flag=True, help="Print the whole diff as JSON.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print the diff for a changelog.")
@click.option(
    "--exit-code",
    is_flag=True,
    help=f"End with exit code {EXIT_CODE_DIFFERENT} if something differs.",
)
@click.pass_obj
def command(
    root: Path | None,
    older: str,
    newer: str | None,
    examples: int,
    everything: bool,
    as_json: bool,
    as_markdown: bool,
    exit_code: bool,
) -> None:
    """Compare two versions of the corpus, and see which version bump the changes require.

    A and B are tags or other revisions of this repository, or folders; B is the working tree by
    default. A..B is short for A B, and A...B compares B with the commit where it left A. The
    sources are compared: articles, annotations, gold, the schema and the files beside it. Mentions
    are matched by their ids, then by span and label, then by overlap. Nothing is checked out.

    \b
    Examples:
      sayso diff v1.0.0
      sayso diff v1.0.0 v1.1.0 --all
      sayso diff v1.0.0 --markdown
      sayso diff main...HEAD
      sayso diff ../older-checkout . --exit-code
      sayso diff v1.0.0 v1.1.0 --json > changes.json
    """
    from sayso.diff import diff_versions, open_version, resolve_range
    from sayso.errors import UsageError
    from sayso.settings import find_checkout

    if as_json + as_markdown + everything > 1:
        raise UsageError("--json, --markdown and --all exclude each other", remedy="choose one")
    folder = find_checkout(root).root
    names = resolve_range(older, folder) if newer is None else (older, newer)
    versions = (open_version(name, folder) for name in names)
    with terminal.progress_bar("comparing", printing=as_json) as advance:
        diff = diff_versions(*versions, advance=advance, examples=examples)
        if as_json:
            diff.write_json(terminal.print_encoded_json)
        elif as_markdown:
            terminal.print_lines(diff.markdown().rstrip("\n"))
        elif everything:
            _print_lines(diff)
        else:
            _print_tables(diff)
    _print_conclusion(diff)
    if exit_code and diff.bump:
        sys.exit(EXIT_CODE_DIFFERENT)


def _print_tables(diff: CorpusDiff) -> None:
    from sayso.diff import diff_tables

    _print_counts(diff)
    for title, rows in diff_tables.example_tables(diff.counts):
        terminal.print_table(title, diff_tables.CHANGE_COLUMNS, rows)


def _print_counts(diff: CorpusDiff) -> None:
    from sayso.diff import diff_tables

    if diff.counts.counts:
        rows = diff_tables.count_table(diff.counts)
        terminal.print_table("Counts", diff_tables.COUNT_COLUMNS, rows)


def _print_lines(diff: CorpusDiff) -> None:
    """Print the counts, then every change. Counts are known last, so the lines wait in a file."""
    from sayso.diff import diff_tables

    with TemporaryFile("w+", encoding="utf-8", errors="backslashreplace") as lines:
        for _entry, rows in diff.iterate_counted():
            lines.writelines(f"{diff_tables.format_change(row)}\n" for row in rows)
        _print_counts(diff)
        lines.seek(0)
        for line in lines:
            terminal.print_line(line.rstrip("\n"))


def _print_conclusion(diff: CorpusDiff) -> None:
    for note in diff.notes:
        terminal.print_message(f"note: {note}")
    if not diff.bump:
        terminal.print_message("no difference; least bump: none")
        return
    reasons = ", ".join(map(str, diff.counts.reasons))
    terminal.print_message(f"least bump: {diff.bump} ({reasons})")
