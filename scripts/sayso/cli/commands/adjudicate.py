"""``sayso adjudicate``: from several annotators' answers to gold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sayso.cli.options import server_options
from sayso.cli.terminal import print_json, print_message, progress_bar, show_waiting
from sayso.settings import find_checkout

if TYPE_CHECKING:
    from sayso.adjudication.gold_writer import GoldWriteResult as Pulled
    from sayso.labelstudio.adjudication.task_push import AdjudicationPushResult as Pushed
    from sayso.models import AnnotatorKind

_SELECTION_OPTIONS = (
    click.option(
        "--annotators",
        "fewest",
        type=click.IntRange(2),
        default=2,
        show_default=True,
        metavar="N",
        help="Leave documents alone that fewer annotators have answered.",
    ),
    click.option("--programs", is_flag=True, help="Take programs' answers for annotators' too."),
)


def _add_selection_options(function: Any) -> Any:
    for option in reversed(_SELECTION_OPTIONS):
        function = option(function)
    return function


@click.group()
def command() -> None:
    """Settle on one reading of each document: gold.

    Push asks an adjudicator about every document on which annotators differ, in a project of its own; pull writes
    what was decided to corpus/gold/CAMPAIGN.jsonl. Both work from the answers that `sayso pull` brought, skipped ones
    and those started from another's answer aside. Every reading of an annotator stays there, taken or declined, with
    who had marked it just so.

    Give both the same --annotators and --programs.

    \b
    Examples:
      sayso adjudicate push
      sayso adjudicate pull
      sayso adjudicate pull --auto majority
    """


@command.command()
@server_options
@click.option(
    "--pass",
    "pass_name",
    metavar="NAME",
    help="The pass to adjudicate. [default: every one that has answers]",
)
@_add_selection_options
@click.option("--dry-run", is_flag=True, help="Print the plan and change nothing on the server.")
@click.option(
    "--update-interface", is_flag=True, help="Replace an interface that differs from the schema's."
)
@click.pass_obj
def push(
    root: Path | None,
    campaign: str | None,
    url: str | None,
    token_file: Path | None,
    as_json: bool,
    pass_name: str | None,
    fewest: int,
    programs: bool,
    dry_run: bool,
    update_interface: bool,
) -> None:
    """Ask an adjudicator about every document on which annotators differ.

    What all marked alike comes with its verdict; what rivals comes first, with who said what and why. After new
    answers only what is new is asked, beside all that was decided before.

    \b
    Examples:
      sayso adjudicate push
      sayso adjudicate push --dry-run
      sayso adjudicate push --campaign pilot --pass claims
      sayso adjudicate push --annotators 3 --json
    """
    from sayso.labelstudio.adjudication.task_push import AdjudicationPushRequest
    from sayso.labelstudio.adjudication.task_push import push_adjudication as send
    from sayso.labelstudio.connection import connect

    checkout = find_checkout(root)
    request = AdjudicationPushRequest(
        checkout.require_setting("campaign", campaign),
        pass_name,
        fewest,
        _select_annotator_kinds(programs),
        update_interface,
    )
    with (
        progress_bar("pushing") as advance,
        connect(checkout, url, token_file, show_waiting) as client,
    ):
        outcomes = send(checkout, client, request, dry_run=dry_run, advance=advance)
    if as_json:
        print_json(
            {"dry_run": dry_run, "pushed": [_push_result_as_json(outcome) for outcome in outcomes]}
        )
        return
    for outcome in outcomes:
        _print_push_result(outcome, dry_run)
    if not outcomes:
        print_message("no answers to adjudicate; `sayso pull` brings them")


def _select_annotator_kinds(programs: bool) -> frozenset[AnnotatorKind]:
    return frozenset({"human", "program"}) if programs else frozenset({"human"})


def _push_result_as_json(outcome: Pushed) -> dict[str, object]:
    return {
        "interface": outcome.pass_name,
        "project": outcome.project or None,
        "url": outcome.url,
        "documents": outcome.documents,
        "open": outcome.open_count,
        "too_few": outcome.too_few,
        "changes": outcome.changes,
        "notes": outcome.notes,
    }


def _print_push_result(outcome: Pushed, dry_run: bool) -> None:
    from sayso.labelstudio.adjudication.task_push import STATE_DESCRIPTIONS

    for note in outcome.notes:
        print_message(note)
    for kind, meaning in STATE_DESCRIPTIONS.items():
        if count := outcome.documents[kind]:
            click.echo(f"{outcome.pass_name:8} {count:6} {kind}: {meaning}")
    if outcome.changes:
        done = "planned, none made" if dry_run else "made"
        print_message(
            f"{outcome.pass_name}: {outcome.changes} changes {done}, "
            f"{outcome.open_count} mentions and arrows to decide: {outcome.url}"
        )
    else:
        print_message(f"{outcome.pass_name}: nothing to do")


@command.command()
@server_options
@click.option(
    "--pass",
    "pass_name",
    metavar="NAME",
    help="The pass that was adjudicated. [default: every one with answers]",
)
@_add_selection_options
@click.option(
    "--auto",
    type=click.Choice(["majority"]),
    help="Ask no server: take what more than half of the "
    "annotators have, and mark it so. Leaves alone what an adjudicator decided.",
)
@click.option("--dry-run", is_flag=True, help="Tell what would be written and write nothing.")
@click.pass_obj
def pull(
    root: Path | None,
    campaign: str | None,
    url: str | None,
    token_file: Path | None,
    as_json: bool,
    pass_name: str | None,
    fewest: int,
    programs: bool,
    auto: str | None,
    dry_run: bool,
) -> None:
    """Write what was decided to corpus/gold/CAMPAIGN.jsonl.

    A document becomes gold once every reading of it is decided: by an adjudicator, or because all annotators read
    alike. What breaks a rule of the scheme is told and not written. Gold of a pass that shows more takes the place of
    gold of one that shows less.

    \b
    Examples:
      sayso adjudicate pull
      sayso adjudicate pull --dry-run
      sayso adjudicate pull --auto majority
      sayso adjudicate pull --campaign pilot --pass names --json
    """
    from sayso.errors import FindingsError
    from sayso.labelstudio.adjudication import gold_pull as pulling
    from sayso.labelstudio.connection import connect

    checkout = find_checkout(root)
    named = checkout.require_setting("campaign", campaign)
    asked: Any = {"fewest": fewest, "kinds": _select_annotator_kinds(programs), "dry_run": dry_run}
    if auto:
        outcomes = pulling.write_majority_gold(checkout, named, pass_name, **asked)
    else:
        with progress_bar("pulling"), connect(checkout, url, token_file, show_waiting) as client:
            outcomes = pulling.pull_gold(checkout, client, named, pass_name, **asked)
    (_emit_pull_results if as_json else _print_pull_results)(outcomes, dry_run)
    if broken := sum(
        outcome.documents["broken"] + outcome.documents["unreadable"] for outcome in outcomes
    ):
        raise FindingsError(
            f"{broken} documents are decided and cannot be gold as they are",
            remedy="open them in Label Studio, mend and update, then pull again",
        )


def _emit_pull_results(outcomes: list[Pulled], dry_run: bool) -> None:
    print_json(
        {
            "dry_run": dry_run,
            "pulled": [
                {
                    "interface": each.pass_name,
                    "documents": each.documents,
                    "undecided": each.undecided,
                    "written": each.changed,
                    "told": each.skipped,
                    "findings": [found._asdict() for found in each.findings],
                }
                for each in outcomes
            ],
        }
    )


def _print_pull_results(outcomes: list[Pulled], dry_run: bool) -> None:
    from sayso.adjudication.gold_writer import STATUS_TEXTS

    for outcome in outcomes:
        for finding in outcome.findings:
            print_message(str(finding))
        for told in (each for each in outcome.skipped if each.status not in ("waiting", "kept")):
            detail = f" ({told.detail})" if told.detail else ""
            print_message(f"{told.doc_id}: {STATUS_TEXTS[told.status]}{detail}")
        for kind, meaning in STATUS_TEXTS.items():
            if count := outcome.documents[kind]:
                click.echo(f"{outcome.pass_name:8} {count:6} {kind}: {meaning}")
        if outcome.undecided:
            print_message(
                f"{outcome.pass_name}: {outcome.undecided} mentions and arrows had no majority either way: declined"
            )
        done = "would be written" if dry_run else "written"
        print_message(
            f"{outcome.pass_name}: {outcome.changed} documents {done}"
            if outcome.changed
            else f"{outcome.pass_name}: nothing has changed"
        )
    if not outcomes:
        print_message("no answers to adjudicate; `sayso pull` brings them")
