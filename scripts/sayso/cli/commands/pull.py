"""Bring the answers back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sayso.cli.studio_options import studio_options
from sayso.cli.terminal import emit, progress, say, waiting
from sayso.settings import find_instance

if TYPE_CHECKING:
    from sayso.studio.answers import Changed, Notice
    from sayso.studio.pull import Outcome


@click.command()
@studio_options
@click.option("--interface", metavar="NAME", help="The pass to pull. [default: every one that was pushed]")
@click.option("--prune", is_flag=True, help="Remove answers from our files that the server no longer has.")
@click.option("--full", is_flag=True, help="Fetch everything and tell how it differs from what was known.")
@click.pass_obj
def command(
    root: Path | None, campaign: str | None, url: str | None, token_file: Path | None, as_json: bool,
    interface: str | None, prune: bool, full: bool,
) -> None:  # fmt: skip
    """Bring every annotator's own answers back.

    They land in corpus/annotations/CAMPAIGN/PSEUDONYM.jsonl, skipped documents too, drafts never. What the schema
    does not know is kept in the records and told.

    \b
    Examples:
      sayso pull
      sayso pull --interface claims
      sayso pull --full
      sayso pull --json
    """
    from sayso.studio.access import connect
    from sayso.studio.pull import pull

    instance = find_instance(root)
    named = instance.require("campaign", campaign)
    with progress("pulling") as advance, connect(instance, url, token_file, waiting) as client:
        outcomes = pull(instance, client, named, interface, prune=prune, full=full, advance=advance)
    if as_json:
        emit({"pulled": [_told(outcome, instance.root) for outcome in outcomes]})
        return
    for outcome in outcomes:
        _print(outcome, instance.root)


def _print(outcome: Outcome, root: Path) -> None:
    for notice in outcome.notices:
        say(f"{_line(notice)}; kept in the record, look at {outcome.url}/data?task={notice.task}")
    for notice in outcome.aside:
        say(f"{_line(notice)}; set aside, look at {outcome.url}/data?task={notice.task}")
    for notice in outcome.vanished:
        say(f"{_line(notice)}; {'removed' if outcome.pruned else 'kept, `sayso pull --prune` removes it'}")
    for annotator, counts in sorted(outcome.answers.items()):
        click.echo(
            f"{outcome.place.interface:8} {annotator}: {', '.join(f'{n} {s}' for s, n in sorted(counts.items()))}"
        )
    if outcome.carried:
        say(f"{outcome.carried} answers were given to an earlier text and stand on the present one, word for word")
    if outcome.kept:
        say(f"kept in the records, since the schema does not know what to do with it: {outcome.kept} parts of answers")
    if outcome.to_fix:
        say(f"{len(outcome.to_fix)} documents to draw again are in the tab “To fix (sayso)” of {outcome.url}/data")
    if outcome.aside_file:
        say(f"{len(outcome.aside)} answers set aside in {outcome.aside_file.relative_to(root)}")
    if outcome.changed.compared:
        say(f"{outcome.place.interface}: {_verified(outcome.changed)}")
    say(f"{outcome.place.interface}: {_summary(outcome)}")


def _summary(outcome: Outcome) -> str:
    if outcome.written:
        return f"{len(outcome.written)} files written, {outcome.looked_at} tasks fetched"
    return "nothing has changed" if outcome.answers else "no answers yet"


def _verified(changed: Changed) -> str:
    if not (changed.differing or changed.new or changed.gone):
        return f"all {changed.compared} answers on the server are as they were known"
    return (f"of {changed.compared} answers on the server {changed.differing} differ from what was known, "
            f"{changed.new} are new, {changed.gone} are gone")  # fmt: skip


def _line(notice: Notice) -> str:
    who = " ".join(filter(None, (notice.doc_id or f"task {notice.task}", notice.annotator, notice.place)))
    return f"{who}: {notice.reason}"


def _told(outcome: Outcome, root: Path) -> dict[str, object]:
    return {
        "interface": outcome.place.interface, "url": outcome.url, "looked_at": outcome.looked_at,
        "answers": outcome.answers, "written": [str(path.relative_to(root)) for path in outcome.written],
        "carried": outcome.carried, "compared": outcome.changed, "kept": outcome.kept,
        "notices": outcome.notices, "set_aside": outcome.aside,
        "vanished": outcome.vanished, "pruned": outcome.pruned, "to_fix": outcome.to_fix,
    }  # fmt: skip
