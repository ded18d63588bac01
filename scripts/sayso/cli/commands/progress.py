"""Show how far a campaign is."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sayso.cli.studio_options import studio_options
from sayso.cli.terminal import emit, progress, say, table
from sayso.settings import find_instance

if TYPE_CHECKING:
    from sayso.studio.progress import Forecast, Progress, Worker

COLUMNS = ["annotator", "done", "skipped", "open", "median time", "on a day of work", "last"]


@click.command(short_help="Show each annotator's work and how long it will take.")
@studio_options
@click.option("--interface", metavar="NAME", help="One pass only. [default: every one that was pushed]")
@click.pass_obj
def command(
    root: Path | None, campaign: str | None, url: str | None, token_file: Path | None, as_json: bool,
    interface: str | None,
) -> None:  # fmt: skip
    """Show how far a campaign is: each annotator's work, and when it may be over.

    Open is what Label Studio may still give somebody; others may take it first. Times are medians, because its clock
    runs on while a tab stays open. The end is a range that holds about nine times in ten if the coming days are like
    the last four weeks. Nobody's name is shown. What is fetched for this, the next `sayso pull` need not fetch.

    \b
    Examples:
      sayso progress
      sayso progress --campaign pilot --interface names
      sayso progress --json
    """
    from sayso.studio.access import connect
    from sayso.studio.progress import progress as look

    instance = find_instance(root)
    named = instance.require("campaign", campaign)
    with connect(instance, url, token_file) as client, progress("looking") as _advance:
        found = look(instance, client, named, interface)
        address = client.url
    if as_json:
        emit({"url": address, "campaign": named, "interfaces": [_told(one) for one in found]})
        return
    for one in found:
        table(f"{named}, {one.place.interface}", COLUMNS, [_row(worker) for worker in one.workers])
        say(_summary(one))


def _row(worker: Worker) -> list[str]:
    return [worker.annotator, str(worker.done), str(worker.skipped), str(worker.open), _time(worker.median_seconds),
            f"{worker.per_day:.0f}", worker.last]  # fmt: skip


def _time(seconds: float | None) -> str:
    """Seconds as a person says them.

    >>> _time(75.4), _time(4), _time(7300)
    ('1 min 15 s', '4 s', '2 h 1 min')
    """
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _summary(one: Progress) -> str:
    parts = [f"{one.tasks - one.waiting} of {one.tasks} documents finished, {one.wanted} answers wanted"]
    if one.blocked:
        parts.append(f"{one.blocked} of them from somebody who has not begun, since all others have had the document")
    parts.append(f"{one.idle} accounts have not begun")
    return "; ".join([*parts, _end(one.forecast)])


def _end(told: Forecast) -> str:
    if not told.earliest:
        return told.why
    if not told.latest:
        return f"not over before {told.earliest}; {told.why}"
    if told.earliest == told.latest:
        return f"probably over on {told.earliest}"
    return f"probably over between {told.earliest} and {told.latest}"


def _told(one: Progress) -> dict[str, object]:
    told = asdict(one)
    return {"interface": told.pop("place")["interface"], **told}
