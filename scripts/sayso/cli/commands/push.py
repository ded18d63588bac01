"""Send the server what it does not have."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sayso.cli.lost_lines import push_or_restore, restore_mark_option
from sayso.cli.options import CampaignTarget, campaign_options
from sayso.cli.terminal import print_json, print_line, print_message, progress_bar
from sayso.settings import SCHEMA_FILE, Checkout

if TYPE_CHECKING:
    from sayso.labelstudio.push import PushRequest, PushResult

_PREDICTIONS = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@campaign_options("The pass to push. [default: SAYSO_PASS, [tool.sayso], all]")
@click.option("--dry-run", is_flag=True, help="Print the plan and change nothing on the server.")
@click.option(
    "--predictions",
    type=_PREDICTIONS,
    metavar="FILE",
    help="JSON Lines of annotations that annotators start from.",
)
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Send at most N new documents.")
@click.option(
    "--overlap",
    metavar="N",
    help="Give shared documents to N annotators each, blind; 1 ends sharing. "
    "[default: SAYSO_OVERLAP, [tool.sayso]; else the server's stays]",
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
    help="Hand documents out with the most uncertain prediction first, or in corpus order. "
    "[default: the server's stays]",
)
@click.option(
    "--renew",
    is_flag=True,
    help="If the text of an annotated task has changed, send the document again, beside it.",
)
@restore_mark_option
@click.option(
    "--update-interface", is_flag=True, help="Replace an interface that differs from the schema's."
)
def command(
    target: CampaignTarget,
    as_json: bool,
    dry_run: bool,
    overlap: str | None,
    share: str | None,
    **options: Any,
) -> None:
    """Send the server what it does not have.

    Looks at the server, plans, and applies. Tasks that anybody annotated or began are never
    deleted, and their text is never changed. Where no server is named and none runs here, the
    embedded one is started first. Files that follow from schema.yaml are built if they are stale.

    Put `overlap = 2` and `share = 20` into [tool.sayso] and every push keeps every fifth document
    for two annotators. Each prediction carries its document's certainty as its score; with --order
    uncertain Label Studio goes by it. Who labels with Label Studio's "Label All Tasks" does not see
    what others did; who opens a task in its list does.

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
    from sayso.labelstudio.overlap import read_overlap
    from sayso.labelstudio.project import ProjectKey
    from sayso.labelstudio.push import PushRequest, plan_push, push

    if options["order"] == "uncertain" and options["predictions"] is None:
        what = "--order uncertain needs --predictions FILE: they have the uncertainty"
        raise UsageError(what, remedy="give --predictions FILE too")
    checkout = target.checkout
    key = ProjectKey(target.campaign, checkout.require_setting("pass", target.pass_name))
    request = PushRequest(key, overlap=read_overlap(checkout, overlap, share), **options)
    if not dry_run:
        _build_derived_files(checkout)
        _start_server(target)

    def run(request: PushRequest) -> PushResult:
        with target.connect("pushing") as (client, advance):
            if dry_run:
                return plan_push(checkout, client, request)
            return push(checkout, client, request, advance)

    result = push_or_restore(run, request, dry_run=dry_run)
    if as_json:
        print_json(_result_as_json(result, dry_run))
    else:
        _print_result(result, dry_run)
    if result.conflicts:
        raise ConflictError(
            f"{result.conflicts} annotated tasks disagree with the corpus",
            where=result.url,
            remedy="`sayso push --renew` sends the right text beside them; `sayso pull` transfers"
            " the annotations that it can",
        )


def _build_derived_files(checkout: Checkout) -> None:
    from sayso.schema.declarations import load_schema
    from sayso.schema.derived_files import write_derived_files

    file = checkout.root / SCHEMA_FILE
    if changed := write_derived_files(file.parent, load_schema(file)):
        names = ", ".join((SCHEMA_FILE.parent / path).as_posix() for path in changed)
        print_message(f"updated from schema.yaml: {names}")


def _start_server(target: CampaignTarget) -> None:
    """Start the embedded server where nothing names another."""
    from sayso.labelstudio import server
    from sayso.labelstudio.urls import find_url

    is_token_given = target.token_file or os.environ.get("SAYSO_TOKEN")
    if is_token_given or find_url(target.checkout, target.url):
        return
    with progress_bar("starting Label Studio") as advance:
        running = server.start_on_free_port(target.checkout, advance)
    print_message(
        f"no Label Studio is named, so one was started at {running.url}: `sayso studio status"
        " --credentials` prints the login, `sayso studio down` stops it"
    )


def _print_result(result: PushResult, dry_run: bool) -> None:
    from sayso.labelstudio.push_plan import PREDICTION_MEANINGS, STEP_MEANINGS

    for step in result.reported_steps:
        task = f" (task {step.task})" if step.task else ""
        print_message(f"{step.doc_id or 'task'}{task}: {STEP_MEANINGS[step.kind]}")
    for note in result.notes:
        print_message(note)
    if result.guidelines_state.message:
        print_message(f"{result.guidelines_state.message}; {result.guidelines_state.remedy}")
    for kind, count in result.tasks.items():
        print_line(f"{count:8} {kind}: {STEP_MEANINGS[kind]}")
    for prediction, count in result.predictions.items():
        print_line(f"{count:8} predictions {prediction}: {PREDICTION_MEANINGS[prediction]}")
    verb = "to update" if dry_run else "updated"
    if overlap := result.overlap:
        people = f"for {overlap.annotators} annotators each"
        print_line(f"{overlap.shared:8} shared: {people}; {overlap.updated} tasks {verb}")
    if result.reordered:
        print_line(f"{1:8} project {verb}: documents are handed out in another order")
    for name, count in result.excluded.items():
        print_message(f"{count} predicted {name} excluded: this pass does not show it")
    if result.postponed:
        print_message(f"{result.postponed} new documents left for later by --limit")
    print_message(_format_summary(result, dry_run))


def _format_summary(result: PushResult, dry_run: bool) -> str:
    if not result.tasks:
        return "the corpus has no document; `sayso ingest FILE` adds some"
    if result.changes:
        made = "planned, none made" if dry_run else "made"
        return f"{result.changes} changes {made}: {result.url}"
    if result.interface_state != "up to date":
        return f"interface: {result.interface_state}"
    return f"nothing to do: {result.url}"


def _result_as_json(result: PushResult, dry_run: bool) -> dict[str, object]:
    return {
        **vars(result),
        "dry_run": dry_run,
        "project": result.project or None,
        "guidelines_state": result.guidelines_state.state,
        "reported_steps": [step._asdict() for step in result.reported_steps],
        "changes": result.changes,
        "conflicts": result.conflicts,
    }
