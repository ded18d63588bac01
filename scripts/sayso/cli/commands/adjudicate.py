"""``sayso adjudicate``: from several annotators' answers to gold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sayso.cli.studio_options import studio_options
from sayso.cli.terminal import emit, progress, say, waiting
from sayso.settings import find_instance

if TYPE_CHECKING:
    from sayso.adjudication.writing import Outcome as Pulled
    from sayso.records import AnnotatorKind
    from sayso.studio.adjudication.push import Outcome as Pushed

_WHOSE = (
    click.option("--annotators", "fewest", type=click.IntRange(2), default=2, show_default=True, metavar="N",
                 help="Leave documents alone that fewer annotators have answered."),
    click.option("--programs", is_flag=True, help="Take programs' answers for annotators' too."),
)  # fmt: skip


def _whose(function: Any) -> Any:
    for option in reversed(_WHOSE):
        function = option(function)
    return function


@click.group()
def command() -> None:
    """Settle on one reading of each document: gold.

    Push asks an adjudicator about every document on which annotators differ, in a project of its own; pull writes
    what was decided to corpus/gold/CAMPAIGN.jsonl. Both work from the answers that `sayso pull` brought, skipped ones
    and those started from another's answer aside. Every reading of an annotator stays there, taken or declined, with
    who had marked it just so.

    \b
    Examples:
      sayso adjudicate push
      sayso adjudicate pull
      sayso adjudicate pull --auto majority
    """


@command.command()
@studio_options
@click.option("--interface", metavar="NAME", help="The pass to adjudicate. [default: every one that has answers]")
@_whose
@click.option("--dry-run", is_flag=True, help="Print the plan and change nothing on the server.")
@click.option("--update-interface", is_flag=True, help="Replace an interface that differs from the schema's.")
@click.pass_obj
def push(
    root: Path | None, campaign: str | None, url: str | None, token_file: Path | None, as_json: bool,
    interface: str | None, fewest: int, programs: bool, dry_run: bool, update_interface: bool,
) -> None:  # fmt: skip
    """Ask an adjudicator about every document on which annotators differ.

    What all marked alike comes with its verdict; what rivals comes first, with who said what and why. After new
    answers only what is new is asked, beside all that was decided before.

    \b
    Examples:
      sayso adjudicate push
      sayso adjudicate push --dry-run
      sayso adjudicate push --campaign pilot --interface claims
      sayso adjudicate push --annotators 3 --json
    """
    from sayso.studio.access import connect
    from sayso.studio.adjudication.push import Request
    from sayso.studio.adjudication.push import push as send

    instance = find_instance(root)
    request = Request(instance.require("campaign", campaign), interface, fewest, _kinds(programs), update_interface)
    with progress("pushing") as advance, connect(instance, url, token_file, waiting) as client:
        outcomes = send(instance, client, request, dry_run=dry_run, advance=advance)
    if as_json:
        emit({"dry_run": dry_run, "pushed": [_pushed(outcome) for outcome in outcomes]})
        return
    for outcome in outcomes:
        _print_pushed(outcome, dry_run)
    if not outcomes:
        say("no answers to adjudicate; `sayso pull` brings them")


def _kinds(programs: bool) -> frozenset[AnnotatorKind]:
    return frozenset({"human", "program"}) if programs else frozenset({"human"})


def _pushed(outcome: Pushed) -> dict[str, object]:
    return {"interface": outcome.interface, "project": outcome.project or None, "url": outcome.url,
            "documents": outcome.documents, "open": outcome.open, "too_few": outcome.few,
            "changes": outcome.changes, "notes": outcome.notes}  # fmt: skip


def _print_pushed(outcome: Pushed, dry_run: bool) -> None:
    from sayso.studio.adjudication.push import MEANING

    for note in outcome.notes:
        say(note)
    for kind, meaning in MEANING.items():
        if count := outcome.documents[kind]:
            click.echo(f"{outcome.interface:8} {count:6} {kind}: {meaning}")
    if outcome.changes:
        done = "planned, none made" if dry_run else "made"
        say(f"{outcome.interface}: {outcome.changes} changes {done}, "
            f"{outcome.open} mentions and arrows to decide: {outcome.url}")  # fmt: skip
    else:
        say(f"{outcome.interface}: nothing to do")


@command.command()
@studio_options
@click.option("--interface", metavar="NAME", help="The pass that was adjudicated. [default: every one with answers]")
@_whose
@click.option("--auto", type=click.Choice(["majority"]), help="Ask no server: take what more than half of the "
              "annotators have, and mark it so. Leaves alone what an adjudicator decided.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Tell what would be written and write nothing.")
@click.pass_obj
def pull(
    root: Path | None, campaign: str | None, url: str | None, token_file: Path | None, as_json: bool,
    interface: str | None, fewest: int, programs: bool, auto: str | None, dry_run: bool,
) -> None:  # fmt: skip
    """Write what was decided to corpus/gold/CAMPAIGN.jsonl.

    A document becomes gold once every reading of it is decided: by an adjudicator, or because all annotators read
    alike. What breaks a rule of the scheme is told and not written. Gold of a pass that shows more takes the place of
    gold of one that shows less.

    \b
    Examples:
      sayso adjudicate pull
      sayso adjudicate pull --dry-run
      sayso adjudicate pull --auto majority
      sayso adjudicate pull --campaign pilot --interface names --json
    """
    from sayso.errors import FindingsError
    from sayso.studio.access import connect
    from sayso.studio.adjudication import pull as pulling

    instance = find_instance(root)
    named = instance.require("campaign", campaign)
    asked: Any = {"fewest": fewest, "kinds": _kinds(programs), "dry_run": dry_run}
    if auto:
        outcomes = pulling.by_rule(instance, named, interface, **asked)
    else:
        with progress("pulling"), connect(instance, url, token_file, waiting) as client:
            outcomes = pulling.pull(instance, client, named, interface, **asked)
    (_emit_pulled if as_json else _print_pulled)(outcomes, dry_run)
    if broken := sum(outcome.documents["broken"] + outcome.documents["unreadable"] for outcome in outcomes):
        raise FindingsError(f"{broken} documents are decided and cannot be gold as they are",
                            remedy="open them in Label Studio, mend and update, then pull again")  # fmt: skip


def _emit_pulled(outcomes: list[Pulled], dry_run: bool) -> None:
    emit({"dry_run": dry_run, "pulled": [
        {"interface": each.interface, "documents": each.documents, "undecided": each.undecided,
         "written": each.written, "told": each.told, "findings": [found._asdict() for found in each.findings]}
        for each in outcomes
    ]})  # fmt: skip


def _print_pulled(outcomes: list[Pulled], dry_run: bool) -> None:
    from sayso.adjudication.writing import MEANING

    for outcome in outcomes:
        for finding in outcome.findings:
            say(str(finding))
        for told in (each for each in outcome.told if each.kind not in ("waiting", "kept")):
            detail = f" ({told.detail})" if told.detail else ""
            say(f"{told.doc_id}: {MEANING[told.kind]}{detail}")
        for kind, meaning in MEANING.items():
            if count := outcome.documents[kind]:
                click.echo(f"{outcome.interface:8} {count:6} {kind}: {meaning}")
        if outcome.undecided:
            say(f"{outcome.interface}: {outcome.undecided} mentions and arrows had no majority either way: declined")
        done = "would be written" if dry_run else "written"
        say(f"{outcome.interface}: {outcome.written} documents {done}" if outcome.written
            else f"{outcome.interface}: nothing has changed")  # fmt: skip
    if not outcomes:
        say("no answers to adjudicate; `sayso pull` brings them")
