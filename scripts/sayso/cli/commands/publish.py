"""``sayso publish``: the release goes to the Hub."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sayso.cli.terminal import ProgressBars, print_json, print_message

if TYPE_CHECKING:
    from sayso.release.publication import PublishPlan


@click.command(short_help="Bring the release to the Hugging Face Hub.")
@click.argument("repository", metavar="OWNER/NAME")
@click.option(
    "--public",
    is_flag=True,
    help="Make a repository that is not there yet public. [default: private]",
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Look for secrets, look at the Hub, print the plan, send nothing.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
@click.pass_obj
def command(root: Path | None, repository: str, public: bool, dry_run: bool, as_json: bool) -> None:
    """Bring the release to a dataset repository of Hugging Face: one commit, and its tag.

    Run `sayso release VERSION` before. Every word that would leave is looked through for secrets and addresses first.
    The token is HF_TOKEN's, or the one that `hf auth login` left. What broke off goes on when it is run again.

    \b
    Examples:
      sayso publish my-group/sayso --dry-run
      sayso publish my-group/sayso
    """
    from sayso.release.publication import LeakError, publish
    from sayso.settings import find_checkout

    try:
        with ProgressBars() as watch:
            planned = publish(
                find_checkout(root),
                repository,
                public=public,
                dry_run=dry_run,
                report_progress=watch,
            )
    except LeakError as error:
        for leak in error.found[:20]:
            print_message(f"{leak.location}: {leak.kind}")
        raise
    if as_json:
        print_json({"dry_run": dry_run, "done": planned.done, **asdict(planned)})
        return
    _print_plan(planned, dry_run)


def _print_plan(planned: PublishPlan, dry_run: bool) -> None:
    if planned.done:
        print_message(f"{planned.repository} has {planned.tag} already: nothing to do")
        return
    for name in planned.send:
        click.echo(f"send   {name}")
    for name in planned.remove:
        click.echo(f"remove {name}")
    print_message(
        f"{planned.repository} at {planned.endpoint}: {planned.tag} {'would be' if dry_run else 'is'} published, "
        f"{len(planned.send)} files sent, {planned.kept} there already, {len(planned.remove)} removed"
    )
    if not dry_run:
        print_message(
            f'load it with load_dataset("{planned.repository}", "claims", revision="{planned.tag}")'
        )
