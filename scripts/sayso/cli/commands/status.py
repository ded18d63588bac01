"""Show both sides."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sayso.cli.options import server_options
from sayso.cli.terminal import print_json, print_message, print_table, progress_bar, show_waiting
from sayso.settings import find_checkout

if TYPE_CHECKING:
    from sayso.labelstudio.status import PassStatus, SyncDifference

_MAX_SHOWN = 5  # documents of one case; --json has all


@click.command(short_help="Show both sides, and what settles each difference.")
@server_options
@click.option(
    "--pass", "pass_name", metavar="NAME", help="One pass only. [default: every one of the schema]"
)
@click.pass_obj
def command(
    root: Path | None,
    campaign: str | None,
    url: str | None,
    token_file: Path | None,
    as_json: bool,
    pass_name: str | None,
) -> None:
    """Show both sides: the corpus and the server, whose answers lie where, and what settles each difference.

    Changes nothing on either.

    \b
    Examples:
      sayso status
      sayso status --campaign pilot --json
    """
    from sayso.labelstudio.connection import connect
    from sayso.labelstudio.status import read_status

    checkout = find_checkout(root)
    named = checkout.require_setting("campaign", campaign)
    with progress_bar("looking"), connect(checkout, url, token_file, show_waiting) as client:
        sides = read_status(checkout, client, named, pass_name)
        address = client.url
    if as_json:
        print_json(
            {
                "url": address,
                "campaign": named,
                "interfaces": [_status_as_json(side) for side in sides],
            }
        )
        return
    print_message(f"{address}, campaign {named}")
    print_table(
        "Documents",
        ["pass", "interface", "order", "tasks"],
        [
            [side.project_key.pass_name, side.interface_state, side.order, _format_tasks(side)]
            for side in sides
        ],
    )
    rows = [[side.project_key.pass_name, *row] for side in sides for row in _annotation_rows(side)]
    if rows:
        print_table("Answers", ["pass", "annotator", "on the server", "in our files"], rows)
    judged = [
        (side.project_key.pass_name, side.adjudication) for side in sides if side.adjudication
    ]
    if judged:
        print_table(
            "Adjudication",
            ["pass", "documents asked about", "submitted", "at"],
            [[name, str(each.asked), str(each.submitted), each.url] for name, each in judged],
        )
    for side in sides:
        for case in side.differences:
            click.echo(f"{side.project_key.pass_name}: {_format_difference(case)}")
    print_message(
        "both sides agree"
        if not any(side.differences for side in sides)
        else "behind each arrow, what settles it"
    )


def _format_tasks(status: PassStatus) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in status.tasks.items()) or "none"


def _annotation_rows(status: PassStatus) -> list[list[str]]:
    names = sorted(status.local.counts.keys() | status.on_server.keys())
    return [[name, str(status.on_server[name]), str(status.local.counts[name])] for name in names]


def _format_difference(difference: SyncDifference) -> str:
    more = (
        f" and {len(difference.where) - _MAX_SHOWN} more"
        if len(difference.where) > _MAX_SHOWN
        else ""
    )
    where = f" ({', '.join(difference.where[:_MAX_SHOWN])}{more})" if difference.where else ""
    return f"{difference.count} × {difference.what}{where}\n    → {difference.remedy}"


def _status_as_json(status: PassStatus) -> dict[str, object]:
    here, there = status.local.counts, status.on_server
    answers = {
        name: {"here": here[name], "there": there[name]} for name in here.keys() | there.keys()
    }
    return {
        "interface": status.project_key.pass_name,
        "url": status.url,
        "state": status.interface_state,
        "order": status.order,
        "tasks": status.tasks,
        "answers": answers,
        "outdated": status.local.outdated,
        "unknown": status.local.undeclared,
        "adjudication": status.adjudication,
        "cases": status.differences,
    }
