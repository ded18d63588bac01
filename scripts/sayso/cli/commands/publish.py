"""``sayso publish``: publish the release to the Hub."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sayso.cli.terminal import ProgressBars, print_json, print_line, print_message

if TYPE_CHECKING:
    from sayso.release.publication import PublishPlan

_SHOWN_LEAKS = 20


@click.command(short_help="Publish the release to the Hugging Face Hub.")
@click.argument("repository", metavar="OWNER/NAME")
@click.option("--public", is_flag=True, help="Make a new repository public. [default: private]")
@click.option(
    "--dry-run", is_flag=True, help="Search for secrets and print the plan; send nothing."
)
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
@click.pass_obj
def command(root: Path | None, repository: str, public: bool, dry_run: bool, as_json: bool) -> None:
    """Publish the release to a dataset repository of Hugging Face: one commit, and its tag.

    Run `sayso release VERSION` first. All files are searched for secrets and e-mail addresses
    before anything is sent; --dry-run needs neither a token nor a connection. The token is that of
    HF_TOKEN or of `hf auth login`. Run an interrupted publication again to continue it.

    \b
    Examples:
      sayso publish my-group/sayso --dry-run
      sayso publish my-group/sayso
    """
    from sayso.release.publication import LeakError, publish
    from sayso.settings import find_checkout

    try:
        with ProgressBars() as report_progress:
            plan = publish(
                find_checkout(root),
                repository,
                public=public,
                dry_run=dry_run,
                report_progress=report_progress,
            )
    except LeakError as error:
        for leak in error.leaks[:_SHOWN_LEAKS]:
            print_message(f"{leak.location}: {leak.kind}")
        raise
    if as_json:
        print_json({"dry_run": dry_run, "done": plan.tagged, **asdict(plan)})
    else:
        _print_plan(plan, dry_run)


def _print_plan(plan: PublishPlan, dry_run: bool) -> None:
    if plan.tagged:
        print_message(f"{plan.repository} has {plan.tag} already: nothing to do")
        return
    for name in plan.send:
        print_line(f"send   {name}")
    for name in plan.remove:
        print_line(f"remove {name}")
    if plan.unasked:
        print_message(f"the Hub was not asked ({plan.unasked}), so every file counts as new to it")
    print_message(
        f"{plan.repository} at {plan.endpoint}: {plan.tag} "
        f"{'would be' if dry_run else 'is'} published, {len(plan.send)} files sent, "
        f"{plan.kept} there already, {len(plan.remove)} removed"
    )
    if not dry_run:
        load = f'load_dataset("{plan.repository}", revision="{plan.tag}")'
        print_message(f"load it with {load}")
