"""Show both sides."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sayso.cli.studio_options import studio_options
from sayso.cli.terminal import emit, progress, say, table, waiting
from sayso.settings import find_instance

if TYPE_CHECKING:
    from sayso.studio.status import Case, Side

_SHOWN = 5  # documents of one case; --json has all


@click.command(short_help="Show both sides, and what settles each difference.")
@studio_options
@click.option("--interface", metavar="NAME", help="One pass only. [default: every one of the schema]")
@click.pass_obj
def command(
    root: Path | None, campaign: str | None, url: str | None, token_file: Path | None, as_json: bool,
    interface: str | None,
) -> None:  # fmt: skip
    """Show both sides: the corpus and the server, whose answers lie where, and what settles each difference.

    Changes nothing on either.

    \b
    Examples:
      sayso status
      sayso status --campaign pilot --json
    """
    from sayso.studio.access import connect
    from sayso.studio.status import status

    instance = find_instance(root)
    named = instance.require("campaign", campaign)
    with progress("looking"), connect(instance, url, token_file, waiting) as client:
        sides = status(instance, client, named, interface)
        address = client.url
    if as_json:
        emit({"url": address, "campaign": named, "interfaces": [_told(side) for side in sides]})
        return
    say(f"{address}, campaign {named}")
    table("Documents", ["pass", "interface", "order", "tasks"],
          [[side.place.interface, side.interface, side.order, _tasks(side)] for side in sides])  # fmt: skip
    rows = [[side.place.interface, *row] for side in sides for row in _answers(side)]
    if rows:
        table("Answers", ["pass", "annotator", "on the server", "in our files"], rows)
    judged = [(side.place.interface, side.adjudication) for side in sides if side.adjudication]
    if judged:
        table("Adjudication", ["pass", "documents asked about", "submitted", "at"],
              [[name, str(each.asked), str(each.submitted), each.url] for name, each in judged])  # fmt: skip
    for side in sides:
        for case in side.cases:
            click.echo(f"{side.place.interface}: {_line(case)}")
    say("both sides agree" if not any(side.cases for side in sides) else "behind each arrow, what settles it")


def _tasks(side: Side) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in side.tasks.items()) or "none"


def _answers(side: Side) -> list[list[str]]:
    names = sorted(side.here.counts.keys() | side.there.keys())
    return [[name, str(side.there[name]), str(side.here.counts[name])] for name in names]


def _line(case: Case) -> str:
    more = f" and {len(case.where) - _SHOWN} more" if len(case.where) > _SHOWN else ""
    where = f" ({', '.join(case.where[:_SHOWN])}{more})" if case.where else ""
    return f"{case.count} × {case.what}{where}\n    → {case.remedy}"


def _told(side: Side) -> dict[str, object]:
    here, there = side.here.counts, side.there
    answers = {name: {"here": here[name], "there": there[name]} for name in here.keys() | there.keys()}
    return {"interface": side.place.interface, "url": side.url, "state": side.interface, "order": side.order,
            "tasks": side.tasks,
            "answers": answers, "outdated": side.here.outdated, "unknown": side.here.unknown,
            "adjudication": side.adjudication, "cases": side.cases}  # fmt: skip
