"""``sayso release``: prepare a version of the data that can be cited."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sayso.cli.terminal import ProgressBars, print_json, print_line, print_message

if TYPE_CHECKING:
    from sayso.release.preparation import ReleaseResult


@click.command(short_help="Prepare a version: check, compare, build, changelog.")
@click.argument("version")
@click.option("--dry-run", is_flag=True, help="List what would change, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def command(root: Path | None, version: str, dry_run: bool, as_json: bool) -> None:
    """Prepare a version of the data: check, compare, build, changelog, card, manifest.

    The changes since the previous version decide how far the number must rise; a lower one is
    refused. The command leaves files to commit and prints the name of the tag; committing is up to
    you. Running it again changes nothing.

    \b
    Examples:
      sayso release 0.2.0 --dry-run
      sayso release 0.2.0
      git add -A && git commit -m "Release 0.2.0" && git tag v0.2.0
    """
    from sayso.release.preparation import prepare_release
    from sayso.settings import find_checkout

    with ProgressBars() as report_progress:
        result = prepare_release(
            find_checkout(root), version, dry_run=dry_run, report_progress=report_progress
        )
    if as_json:
        print_json({"dry_run": dry_run, **asdict(result)})
    else:
        _print_summary(result, dry_run)


def _print_summary(result: ReleaseResult, dry_run: bool) -> None:
    for name in result.written:
        print_line(f"{'would write' if dry_run else 'wrote'} {name}")
    if result.previous:
        changes = "no changes"
        if result.required_bump:
            reasons = ", ".join(result.reasons)
            changes = f"the changes require at least a {result.required_bump} bump ({reasons})"
        print_message(f"since {result.previous}: {changes}")
    if not result.written:
        print_message(f"{result.version} is ready; nothing was left to do")
    elif not dry_run:
        commit = f'git commit -m "Release {result.version}"'
        print_message(f"{result.version} is ready: git add -A && {commit} && git tag {result.tag}")
