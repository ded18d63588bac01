"""Send what the server does not have."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from sayso.cli.options import server_options
from sayso.cli.terminal import print_json, print_message, progress_bar, show_waiting
from sayso.settings import find_checkout

if TYPE_CHECKING:
    from sayso.labelstudio.push import PushResult


@click.command()
@server_options
@click.option(
    "--pass",
    "pass_name",
    metavar="NAME",
    help="The pass to push for. [default: SAYSO_PASS, [tool.sayso], all]",
)
@click.option("--dry-run", is_flag=True, help="Print the plan and change nothing on the server.")
@click.option(
    "--predictions",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="JSON Lines of annotations that annotators start from.",
)
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Send at most N new documents.")
@click.option(
    "--overlap",
    metavar="N",
    help="Give shared documents to N annotators each, blind; 1 ends sharing. "
    "[default: SAYSO_OVERLAP, [tool.sayso]; without any, the server's stays]",
)
@click.option(
    "--share",
    metavar="P",
    help="Share P per cent of the documents, the same ones every time. "
    "[default: SAYSO_SHARE, [tool.sayso], 100]",
)
@click.option(
    "--order",
    type=click.Choice(["uncertain", "corpus"]),
    help="Hand documents out with the most uncertain prediction first, or as they stand in the corpus. "
    "[default: the server's stays]",
)
@click.option(
    "--renew",
    is_flag=True,
    help="Send a document again whose answered task has another text, beside it.",
)
@click.option(
    "--update-interface", is_flag=True, help="Replace an interface that differs from the schema's."
)
@click.pass_obj
def command(
    root: Path | None,
    campaign: str | None,
    url: str | None,
    token_file: Path | None,
    as_json: bool,
    pass_name: str | None,
    dry_run: bool,
    predictions: Path | None,
    limit: int | None,
    overlap: str | None,
    share: str | None,
    order: Literal["uncertain", "corpus"] | None,
    renew: bool,
    update_interface: bool,
) -> None:
    """Send what the server does not have.

    Looks at the server, plans, and applies. Whatever anybody has answered or begun is never removed or altered.

    Put `overlap = 2` and `share = 20` into [tool.sayso] and every push keeps every fifth document for two annotators.
    Each prediction carries its document's certainty as its score; --order uncertain has Label Studio go by it.
    Who labels with Label Studio's "Label All Tasks" does not see what others did; who opens a task in its list does.

    \b
    Examples:
      sayso push
      sayso push --dry-run
      sayso push --pass names --limit 50
      sayso push --predictions draft.jsonl
      sayso push --predictions build/predictions.jsonl --order uncertain
      sayso push --overlap 2 --share 20
      sayso push --renew --dry-run
      SAYSO_URL=https://labels.example.org SAYSO_TOKEN=... sayso push
    """
    from sayso.errors import ConflictError, UsageError
    from sayso.labelstudio.connection import connect
    from sayso.labelstudio.overlap import read_overlap
    from sayso.labelstudio.project import ProjectKey
    from sayso.labelstudio.push import PushRequest, plan_push, push

    if order == "uncertain" and predictions is None:
        raise UsageError(
            "uncertain by what?", where="--order uncertain", remedy="give --predictions FILE too"
        )
    checkout = find_checkout(root)
    place = ProjectKey(
        checkout.require_setting("campaign", campaign), checkout.require_setting("pass", pass_name)
    )
    request = PushRequest(
        place,
        predictions=predictions,
        limit=limit,
        update_interface=update_interface,
        renew=renew,
        overlap=read_overlap(checkout, overlap, share),
        order=order,
    )
    with (
        progress_bar("pushing") as advance,
        connect(checkout, url, token_file, show_waiting) as client,
    ):
        outcome = (
            plan_push(checkout, client, request)
            if dry_run
            else push(checkout, client, request, advance)
        )
    _print_result(outcome, dry_run, as_json)
    if outcome.conflicts:
        raise ConflictError(
            f"{outcome.conflicts} answered tasks disagree with the corpus",
            where=outcome.url,
            remedy="`sayso push --renew` sends the right text beside them; `sayso pull` carries over what it can",
        )


def _print_result(result: PushResult, dry_run: bool, as_json: bool) -> None:
    from sayso.labelstudio.push_plan import PREDICTION_MEANINGS, STEP_MEANINGS

    if as_json:
        print_json(_result_as_json(result, dry_run))
        return
    for step in result.reported_steps:
        print_message(
            f"{step.doc_id or 'task'}{f' (task {step.task})' if step.task else ''}: {STEP_MEANINGS[step.kind]}"
        )
    for note in result.notes:
        print_message(note)
    if result.guidelines_state.message:
        print_message(f"{result.guidelines_state.message}; {result.guidelines_state.remedy}")
    for kind, count in result.tasks.items():
        click.echo(f"{count:8} {kind}: {STEP_MEANINGS[kind]}")
    for foretold, count in result.predictions.items():
        click.echo(f"{count:8} {foretold}: {PREDICTION_MEANINGS[foretold]}")
    if result.overlap:
        click.echo(
            f"{result.overlap.shared:8} shared: for {result.overlap.annotators} annotators each; "
            f"{result.overlap.updated} tasks {'to be ' if dry_run else ''}told so"
        )
    if result.reordered:
        click.echo(
            f"{1:8} project {'to be ' if dry_run else ''}told to hand documents out in another order"
        )
    for name, count in result.excluded.items():
        print_message(f"{count} predicted {name} left out: this interface does not show it")
    if result.postponed:
        print_message(f"{result.postponed} new documents left for later by --limit")
    print_message(_format_summary(result, dry_run))


def _format_summary(result: PushResult, dry_run: bool) -> str:
    if not result.tasks:
        return "the corpus holds no document; `sayso ingest FILE` takes some in"
    if result.changes:
        return (
            f"{result.changes} changes {'planned, none made' if dry_run else 'made'}: {result.url}"
        )
    return (
        f"interface: {result.interface_state}"
        if result.interface_state != "in step"
        else f"nothing to do: {result.url}"
    )


def _result_as_json(result: PushResult, dry_run: bool) -> dict[str, object]:
    return {
        "dry_run": dry_run,
        "project": result.project or None,
        "url": result.url,
        "interface": result.interface_state,
        "guidelines": result.guidelines_state.state,
        "tasks": result.tasks,
        "predictions": result.predictions,
        "left_out": result.excluded,
        "postponed": result.postponed,
        "changes": result.changes,
        "conflicts": result.conflicts,
        "overlap": asdict(result.overlap) if result.overlap else None,
        "steps": [step._asdict() for step in result.reported_steps],
        "notes": result.notes,
        "reordered": result.reordered,
    }
