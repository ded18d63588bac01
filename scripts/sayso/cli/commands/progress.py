"""Show how far a campaign is."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sayso.cli.options import server_options
from sayso.cli.terminal import print_json, print_message, print_table, progress_bar
from sayso.settings import find_checkout

if TYPE_CHECKING:
    from sayso.labelstudio.progress import AnnotatorProgress, EndForecast, PassProgress

COLUMNS = ["annotator", "done", "skipped", "open", "median time", "on a day of work", "last"]


@click.command(short_help="Show each annotator's work and how long it will take.")
@server_options
@click.option(
    "--pass",
    "pass_name",
    metavar="NAME",
    help="One pass only. [default: every one that was pushed]",
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
    """Show how far a campaign is: each annotator's work, and when it may be over.

    Open is what Label Studio may still give somebody; others may take it first. Times are medians, because its clock
    runs on while a tab stays open. The end is a range that holds about nine times in ten if the coming days are like
    the last four weeks. Nobody's name is shown. What is fetched for this, the next `sayso pull` need not fetch.

    \b
    Examples:
      sayso progress
      sayso progress --campaign pilot --pass names
      sayso progress --json
    """
    from sayso.labelstudio.connection import connect
    from sayso.labelstudio.progress import measure_progress as look

    checkout = find_checkout(root)
    named = checkout.require_setting("campaign", campaign)
    with connect(checkout, url, token_file) as client, progress_bar("looking") as _advance:
        found = look(checkout, client, named, pass_name)
        address = client.url
    if as_json:
        print_json(
            {
                "url": address,
                "campaign": named,
                "interfaces": [_progress_as_json(one) for one in found],
            }
        )
        return
    for one in found:
        print_table(
            f"{named}, {one.project_key.pass_name}",
            COLUMNS,
            [_annotator_row(worker) for worker in one.annotators],
        )
        print_message(_format_summary(one))


def _annotator_row(annotator: AnnotatorProgress) -> list[str]:
    return [
        annotator.annotator,
        str(annotator.done),
        str(annotator.skipped),
        str(annotator.open),
        _format_duration(annotator.median_seconds),
        f"{annotator.per_day:.0f}",
        annotator.last,
    ]


def _format_duration(seconds: float | None) -> str:
    """Seconds as a person says them.

    >>> _format_duration(75.4), _format_duration(4), _format_duration(7300)
    ('1 min 15 s', '4 s', '2 h 1 min')
    """
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _format_summary(measured: PassProgress) -> str:
    parts = [
        f"{measured.tasks - measured.unfinished} of {measured.tasks} documents finished, {measured.missing} answers wanted"
    ]
    if measured.blocked:
        parts.append(
            f"{measured.blocked} of them from somebody who has not begun, since all others have had the document"
        )
    parts.append(f"{measured.idle_accounts} accounts have not begun")
    return "; ".join([*parts, _format_end(measured.forecast)])


def _format_end(forecast: EndForecast) -> str:
    if not forecast.earliest:
        return forecast.reason
    if not forecast.latest:
        return f"not over before {forecast.earliest}; {forecast.reason}"
    if forecast.earliest == forecast.latest:
        return f"probably over on {forecast.earliest}"
    return f"probably over between {forecast.earliest} and {forecast.latest}"


def _progress_as_json(measured: PassProgress) -> dict[str, object]:
    told = asdict(measured)
    return {"interface": told.pop("place")["interface"], **told}
