"""Show both sides."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sayso.cli.studio_options import studio_options
from sayso.cli.terminal import emit, progress, say, table, waiting
from sayso.settings import find_instance

if TYPE_CHECKING:
    from sayso.studio.status import Side


@click.command()
@studio_options
@click.option("--interface", metavar="NAME", help="One pass only. [default: every one of the schema]")
@click.pass_obj
def command(
    root: Path | None, campaign: str | None, url: str | None, token_file: Path | None, as_json: bool,
    interface: str | None,
) -> None:  # fmt: skip
    """Show both sides: the corpus and the server, and whose answers lie where.

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
    table("Documents", ["pass", "interface", "tasks"], [[s.place.interface, s.interface, _tasks(s)] for s in sides])
    rows = [[side.place.interface, *row] for side in sides for row in _answers(side)]
    if rows:
        table("Answers", ["pass", "annotator", "on the server", "in our files"], rows)
    for side in sides:
        for version, count in side.outdated.items():
            say(f"{side.place.interface}: {count} answers are in the words of {version}; run `sayso schema migrate`")
    say(_advice(sides))


def _tasks(side: Side) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in side.tasks.items()) or "none"


def _answers(side: Side) -> list[list[str]]:
    names = sorted(side.here.keys() | side.there.keys())
    return [[name, str(side.there[name]), str(side.here[name])] for name in names]


def _advice(sides: list[Side]) -> str:
    if any(side.there - side.here for side in sides):
        return "`sayso pull` brings the answers that are only on the server"
    if all(side.interface == "to be made" for side in sides):
        return "nothing was pushed yet: `sayso push`"
    return "`sayso push --dry-run` tells what each word means"


def _told(side: Side) -> dict[str, object]:
    answers = {
        name: {"here": side.here[name], "there": side.there[name]} for name in side.here.keys() | side.there.keys()
    }
    return {"interface": side.place.interface, "url": side.url, "state": side.interface, "tasks": side.tasks,
            "answers": answers, "outdated": side.outdated}  # fmt: skip
