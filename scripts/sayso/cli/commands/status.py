"""Compare corpus and server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sayso.cli.annotation_notices import print_excluded, shorten_list
from sayso.cli.options import CampaignTarget, campaign_options
from sayso.cli.terminal import print_json, print_line, print_message, print_table

if TYPE_CHECKING:
    from sayso.labelstudio.status import PassStatus, SyncDifference


@click.command(short_help="Compare corpus and server, with a command for each difference.")
@campaign_options("One pass only. [default: every one of the schema]")
def command(target: CampaignTarget, as_json: bool) -> None:
    """Compare corpus and server, and print the command that resolves each difference.

    Changes nothing on either side.

    \b
    Examples:
      sayso status
      sayso status --campaign pilot --json
    """
    from sayso.labelstudio.status import read_status

    with target.connect("comparing") as (client, _advance):
        statuses = read_status(target.checkout, client, target.campaign, target.pass_name)
        address = client.url
    if as_json:
        passes = [_status_as_json(status) for status in statuses]
        print_json({"url": address, "campaign": target.campaign, "passes": passes})
        return
    print_message(f"{address}, campaign {target.campaign}")
    _print_tables(statuses)
    for status in statuses:
        for difference in status.differences:
            print_line(f"{status.project_key.pass_name}: {_format_difference(difference)}")
            print_line(f"    → {difference.remedy}")
        print_excluded(status.project_key.pass_name, status.changed, status.unseen)
    differ = any(status.differences for status in statuses)
    agree = "corpus and server agree"
    print_message("run the command after each arrow to resolve the difference" if differ else agree)


def _print_tables(statuses: list[PassStatus]) -> None:
    documents, annotations, adjudications = [], [], []
    for status in statuses:
        name = status.project_key.pass_name
        tasks = ", ".join(f"{count} {kind}" for kind, count in status.tasks.items()) or "none"
        documents.append([name, status.interface_state, status.order, tasks])
        local, on_server = status.local.counts, status.on_server
        for annotator in sorted(local.keys() | on_server.keys()):
            counts = [str(on_server[annotator]), str(local[annotator])]
            annotations.append([name, annotator, *counts])
        if each := status.adjudication:
            adjudications.append([name, str(each.asked), str(each.submitted), each.url])
    print_table("Documents", ["pass", "interface", "order", "tasks"], documents)
    if annotations:
        print_table(
            "Annotations", ["pass", "annotator", "on the server", "in our files"], annotations
        )
    if adjudications:
        columns = ["pass", "documents asked about", "submitted", "at"]
        print_table("Adjudication", columns, adjudications)


def _format_difference(difference: SyncDifference) -> str:
    where = f" ({shorten_list(difference.where)})" if difference.where else ""
    return f"{difference.count} × {difference.what}{where}"


def _status_as_json(status: PassStatus) -> dict[str, object]:
    local, on_server = status.local.counts, status.on_server
    return {
        "pass": status.project_key.pass_name,
        "url": status.url,
        "interface_state": status.interface_state,
        "order": status.order,
        "tasks": status.tasks,
        "annotations": {
            name: {"local": local[name], "on_server": on_server[name]}
            for name in local.keys() | on_server.keys()
        },
        "outdated": status.local.outdated,
        "undeclared": status.local.undeclared,
        "adjudication": status.adjudication,
        "changed": status.changed,
        "unseen": status.unseen,
        "differences": status.differences,
    }
