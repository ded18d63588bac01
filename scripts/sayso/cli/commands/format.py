"""``sayso format``: put the sources in canonical order."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sayso.cli.terminal import print_json, print_line, print_message, progress_bar

if TYPE_CHECKING:
    from sayso.corpus.canonical_order import FormattedFile


@click.command(short_help="Put the records of the corpus in canonical order.")
@click.option("--check", is_flag=True, help="Write nothing; exit 5 if a file is out of order.")
@click.option("--dry-run", is_flag=True, help="Write nothing; list what would change.")
@click.option("--json", "as_json", is_flag=True, help="Print the files as JSON.")
@click.pass_obj
def command(root: Path | None, check: bool, dry_run: bool, as_json: bool) -> None:
    """Put articles, annotations and gold in canonical order, as after a merge.

    Two branches that each add records merge without a conflict where .gitattributes says
    merge=union, as that of `sayso init` does; their lines may be out of order then. This command
    sorts them, removes lines that are there twice, and of two versions of an annotation keeps the
    one updated last. Two versions of a document or of gold are yours to choose from.

    \b
    Examples:
      sayso format
      sayso format --check
      git merge other-branch && sayso format && sayso build
    """
    from sayso.corpus.canonical_order import format_sources
    from sayso.errors import FindingsError
    from sayso.settings import find_checkout

    with progress_bar("reading") as advance:
        files = format_sources(find_checkout(root), write=not (check or dry_run), advance=advance)
    if as_json:
        print_json({"dry_run": check or dry_run, "files": [asdict(file) for file in files]})
    else:
        for file in files:
            _print_file(file, check or dry_run)
    if check and files:
        names = ", ".join(file.path for file in files)
        raise FindingsError(f"not in canonical order: {names}", remedy="run `sayso format`")
    if not files:
        print_message("everything is in canonical order; nothing changed")


def _print_file(file: FormattedFile, dry_run: bool) -> None:
    counts = {
        "moved": file.moved,
        "rewritten": file.rewritten,
        "repeated lines removed": file.repeated,
        "older versions removed": len(file.superseded),
    }
    what = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    print_line(f"{'would write' if dry_run else 'wrote'} {file.path}: {what}")
    for name in file.superseded:
        print_message(f"{file.path}: {name} was an older version of another line")
