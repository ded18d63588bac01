"""Send what the server does not have."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from sayso.cli.studio_options import studio_options
from sayso.cli.terminal import emit, progress, say, waiting
from sayso.settings import find_instance

if TYPE_CHECKING:
    from sayso.studio.push import Outcome


@click.command()
@studio_options
@click.option("--interface", metavar="NAME", help="The pass to push for. [default: SAYSO_INTERFACE, [tool.sayso], all]")
@click.option("--dry-run", is_flag=True, help="Print the plan and change nothing on the server.")
@click.option("--predictions", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE",
              help="JSON Lines of annotations that annotators start from.")  # fmt: skip
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Send at most N new documents.")
@click.option("--overlap", metavar="N", help="Give shared documents to N annotators each, blind; 1 ends sharing. "
              "[default: SAYSO_OVERLAP, [tool.sayso]; without any, the server's stays]")  # fmt: skip
@click.option("--share", metavar="P", help="Share P per cent of the documents, the same ones every time. "
              "[default: SAYSO_SHARE, [tool.sayso], 100]")  # fmt: skip
@click.option("--order", type=click.Choice(["uncertain", "corpus"]),
              help="Hand documents out with the most uncertain prediction first, or as they stand in the corpus. "
              "[default: the server's stays]")  # fmt: skip
@click.option("--renew", is_flag=True, help="Send a document again whose answered task has another text, beside it.")
@click.option("--update-interface", is_flag=True, help="Replace an interface that differs from the schema's.")
@click.pass_obj
def command(
    root: Path | None, campaign: str | None, url: str | None, token_file: Path | None, as_json: bool,
    interface: str | None, dry_run: bool, predictions: Path | None, limit: int | None,
    overlap: str | None, share: str | None, order: Literal["uncertain", "corpus"] | None,
    renew: bool, update_interface: bool,
) -> None:  # fmt: skip
    """Send what the server does not have.

    Looks at the server, plans, and applies. Whatever anybody has answered or begun is never removed or altered.

    Put `overlap = 2` and `share = 20` into [tool.sayso] and every push keeps every fifth document for two annotators.
    Each prediction carries its document's certainty as its score; --order uncertain has Label Studio go by it.
    Who labels with Label Studio's "Label All Tasks" does not see what others did; who opens a task in its list does.

    \b
    Examples:
      sayso push
      sayso push --dry-run
      sayso push --interface names --limit 50
      sayso push --predictions draft.jsonl
      sayso push --predictions build/predictions.jsonl --order uncertain
      sayso push --overlap 2 --share 20
      sayso push --renew --dry-run
      SAYSO_URL=https://labels.example.org SAYSO_TOKEN=... sayso push
    """
    from sayso.errors import ConflictError, UsageError
    from sayso.studio.access import connect
    from sayso.studio.overlap import wished
    from sayso.studio.project import Place
    from sayso.studio.push import Request, preview, push

    if order == "uncertain" and predictions is None:
        raise UsageError("uncertain by what?", where="--order uncertain", remedy="give --predictions FILE too")
    instance = find_instance(root)
    place = Place(instance.require("campaign", campaign), instance.require("interface", interface))
    request = Request(place, predictions=predictions, limit=limit, update_interface=update_interface, renew=renew,
                      overlap=wished(instance, overlap, share), order=order)  # fmt: skip
    with progress("pushing") as advance, connect(instance, url, token_file, waiting) as client:
        outcome = preview(instance, client, request) if dry_run else push(instance, client, request, advance)
    _print(outcome, dry_run, as_json)
    if outcome.conflicts:
        raise ConflictError(
            f"{outcome.conflicts} answered tasks disagree with the corpus", where=outcome.url,
            remedy="`sayso push --renew` sends the right text beside them; `sayso pull` carries over what it can",
        )  # fmt: skip


def _print(outcome: Outcome, dry_run: bool, as_json: bool) -> None:
    from sayso.studio.plan import MEANING, PREDICTION_MEANING

    if as_json:
        emit(_told(outcome, dry_run))
        return
    for step in outcome.told:
        say(f"{step.doc_id or 'task'}{f' (task {step.task})' if step.task else ''}: {MEANING[step.kind]}")
    for note in outcome.notes:
        say(note)
    if outcome.guidelines.what:
        say(f"{outcome.guidelines.what}; {outcome.guidelines.remedy}")
    for kind, count in outcome.tasks.items():
        click.echo(f"{count:8} {kind}: {MEANING[kind]}")
    for foretold, count in outcome.predictions.items():
        click.echo(f"{count:8} {foretold}: {PREDICTION_MEANING[foretold]}")
    if outcome.overlap:
        click.echo(f"{outcome.overlap.shared:8} shared: for {outcome.overlap.annotators} annotators each; "
                   f"{outcome.overlap.altered} tasks {'to be ' if dry_run else ''}told so")  # fmt: skip
    if outcome.reordered:
        click.echo(f"{1:8} project {'to be ' if dry_run else ''}told to hand documents out in another order")
    for name, count in outcome.left_out.items():
        say(f"{count} predicted {name} left out: this interface does not show it")
    if outcome.postponed:
        say(f"{outcome.postponed} new documents left for later by --limit")
    say(_summary(outcome, dry_run))


def _summary(outcome: Outcome, dry_run: bool) -> str:
    if not outcome.tasks:
        return "the corpus holds no document; `sayso ingest FILE` takes some in"
    if outcome.changes:
        return f"{outcome.changes} changes {'planned, none made' if dry_run else 'made'}: {outcome.url}"
    return f"interface: {outcome.interface}" if outcome.interface != "in step" else f"nothing to do: {outcome.url}"


def _told(outcome: Outcome, dry_run: bool) -> dict[str, object]:
    return {
        "dry_run": dry_run, "project": outcome.project or None, "url": outcome.url, "interface": outcome.interface,
        "guidelines": outcome.guidelines.state,
        "tasks": outcome.tasks, "predictions": outcome.predictions, "left_out": outcome.left_out,
        "postponed": outcome.postponed, "changes": outcome.changes, "conflicts": outcome.conflicts,
        "overlap": asdict(outcome.overlap) if outcome.overlap else None,
        "steps": [step._asdict() for step in outcome.told], "notes": outcome.notes,
        "reordered": outcome.reordered,
    }  # fmt: skip
