"""``sayso release``: a version of the data that can be cited."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sayso.cli.terminal import ProgressBars, print_json, print_message

if TYPE_CHECKING:
    from sayso.release.preparation import ReleaseResult


@click.command(short_help="Make a version: check, compare, build, changelog.")
@click.argument("version")
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
@click.pass_obj
def command(root: Path | None, version: str, dry_run: bool, as_json: bool) -> None:
    """Make a version of the data: check, compare, build, changelog, card, manifest.

    What differs from the version before decides how far the number must move; a lower one is refused. Leaves a tree
    to commit and prints the name of its tag; git itself is left to you. Run again it does nothing twice.

    \b
    Examples:
      sayso release 0.2.0 --dry-run
      sayso release 0.2.0
      git add -A && git commit -m "Release 0.2.0" && git tag v0.2.0
    """
    from sayso.release.preparation import prepare_release
    from sayso.settings import find_checkout

    with ProgressBars() as watch:
        made = prepare_release(find_checkout(root), version, dry_run=dry_run, report_progress=watch)
    if as_json:
        print_json({"dry_run": dry_run, **asdict(made)})
        return
    _print_summary(made, dry_run)


def _print_summary(made: ReleaseResult, dry_run: bool) -> None:
    for name in made.written:
        click.echo(f"{'would write' if dry_run else 'wrote'} {name}")
    if made.previous:
        why = f" ({', '.join(made.reasons)})" if made.reasons else ""
        print_message(
            f"since {made.previous}: {f'at least a {made.required_bump} change{why}' if made.required_bump else 'no difference'}"
        )
    if not made.written:
        print_message(f"{made.version} is made; nothing was left to do")
    elif not dry_run:
        print_message(
            f'{made.version} is made: git add -A && git commit -m "Release {made.version}" && git tag {made.tag}'
        )
