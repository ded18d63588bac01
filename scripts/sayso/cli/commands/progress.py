"""Show the progress of a campaign."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sayso.cli.options import CampaignTarget, campaign_options
from sayso.cli.terminal import print_json, print_message, print_table

if TYPE_CHECKING:
    from sayso.labelstudio.progress import AnnotatorProgress, EndForecast, PassProgress

COLUMNS = [
    "annotator",
    "kind",
    "role",
    "done",
    "skipped",
    "open",
    "median time",
    "on a day of work",
    "last",
]


@click.command(short_help="Show each annotator's work and how long it will take.")
@campaign_options("One pass only. [default: every one pushed]")
def command(target: CampaignTarget, as_json: bool) -> None:
    """Show the progress of a campaign: each annotator's work, and a forecast of the end.

    Open documents are those that Label Studio may still serve; others may take them first. Times
    are medians, because its clock runs on while a tab stays open. The end is a range that holds
    about nine times in ten if the coming days are like the last four weeks. Nobody's name is shown.
    The next `sayso pull` need not fetch again what is fetched for this.

    \b
    Examples:
      sayso progress
      sayso progress --campaign pilot --pass names
      sayso progress --json
    """
    from sayso.labelstudio.progress import measure_progress

    name = target.campaign
    with target.connect("measuring") as (client, _advance):
        passes = measure_progress(target.checkout, client, name, target.pass_name)
        address = client.url
    if as_json:
        print_json(
            {"url": address, "campaign": name, "passes": [_as_json(each) for each in passes]}
        )
        return
    for each in passes:
        rows = [_annotator_row(annotator) for annotator in each.annotators]
        print_table(f"{name}, {each.project_key.pass_name}", COLUMNS, rows)
        print_message(_format_summary(each))


def _as_json(measured: PassProgress) -> dict[str, object]:
    fields = {"pass": measured.project_key.pass_name, **vars(measured)}
    del fields["project_key"]
    return fields


def _annotator_row(annotator: AnnotatorProgress) -> list[str]:
    counts = (annotator.done, annotator.skipped, annotator.open)
    time, per_day = _format_duration(annotator.median_seconds), f"{annotator.per_day:.0f}"
    who = (annotator.annotator, annotator.kind, annotator.role)
    return [*who, *map(str, counts), time, per_day, annotator.last]


def _format_duration(seconds: float | None) -> str:
    """Format seconds for people.

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
    finished = measured.tasks - measured.unfinished
    parts = [
        f"{finished} of {measured.tasks} documents finished, {measured.missing} annotations missing"
    ]
    if measured.blocked:
        why = "since all others have had the document"
        parts.append(f"{measured.blocked} of them from somebody who has not begun, {why}")
    if measured.left_out:
        parts.append(f"{measured.left_out} tasks left out, `sayso pull` names them")
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
