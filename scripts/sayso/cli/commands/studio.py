"""The embedded Label Studio, from the command line."""

from __future__ import annotations

from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import click

from sayso.cli.terminal import Advance, print_json, print_message, progress_bar
from sayso.settings import find_checkout

if TYPE_CHECKING:
    from sayso.labelstudio.server import RunningServer

SLOW_START_SECONDS = 20.0  # seconds after which a start wants a word


@click.group()
def command() -> None:
    """Run a private Label Studio on this machine.

    It listens on 127.0.0.1 only, calls nobody, and keeps everything in .sayso/studio/.

    \b
    Examples:
      sayso studio up
      sayso studio status --credentials
      sayso studio down
    """


@command.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="Where to listen; 0 lets the system choose. [default: SAYSO_PORT, [tool.sayso], 8080]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the URL as JSON.")
@click.pass_obj
def up(root: Path | None, port: int | None, as_json: bool) -> None:
    """Start it in the background and wait until it answers.

    \b
    Examples:
      sayso studio up
      sayso studio up --port 9000
    """
    from sayso.labelstudio import server

    checkout = find_checkout(root)
    before = server.find_running(checkout)
    with progress_bar("starting Label Studio") as advance:
        now = server.start(checkout, port, _report_slow_start(advance))
    print_message(f"Label Studio is {'already ' if before else ''}up at {now.url}")
    if as_json:
        print_json({"url": now.url, "started": before is None})
    elif before is None:
        print_message(
            "`sayso studio open` shows it; `sayso studio status --credentials` tells the login"
        )


@command.command()
@click.option(
    "--credentials", is_flag=True, help="Also print the lead's e-mail address, password and token."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def status(root: Path | None, credentials: bool, as_json: bool) -> None:
    """Tell whether it runs, where, and where its data lies.

    \b
    Examples:
      sayso studio status
      sayso studio status --json
      sayso studio status --credentials
    """
    from sayso.labelstudio import server

    checkout = find_checkout(root)
    found = server.read_status(checkout)
    told = {name: getattr(found, name) for name in ("state", "url", "pid", "version")}
    told |= {"folder": str(found.folder), "log": str(found.log)}
    if credentials:
        lead = server.lead_credentials(checkout)
        told |= {"email": lead.email, "password": lead.password, "token": lead.token}
    if as_json:
        print_json(told)
    else:
        click.echo("\n".join(f"{name:9} {value}" for name, value in told.items() if value))


@command.command("open")
@click.pass_obj
def open_(root: Path | None) -> None:
    """Show it in the browser.

    \b
    Examples:
      sayso studio open
    """
    import webbrowser

    url = _require_running(root).url
    click.echo(url)
    print_message("`sayso studio status --credentials` tells the login")
    if not webbrowser.open(url):
        print_message("no browser was found here; open the address yourself")


@command.command()
@click.pass_obj
def invite(root: Path | None) -> None:
    """Print the link with which an annotator makes an account.

    Whoever holds the link can sign up; Label Studio's Organization page resets it.

    \b
    Examples:
      sayso studio invite
    """
    from sayso.labelstudio.accounts import fetch_invitation_link

    click.echo(fetch_invitation_link(_require_running(root)))


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def down(root: Path | None, as_json: bool) -> None:
    """Stop it; the data stays.

    \b
    Examples:
      sayso studio down
    """
    from sayso.labelstudio import server

    stopped = server.stop(find_checkout(root))
    print_message(
        "Label Studio is stopped; its data stays"
        if stopped
        else "Label Studio is not running; nothing to do"
    )
    if as_json:
        print_json({"stopped": stopped})


def _report_slow_start(advance: Advance) -> Advance:
    """Say once why a start takes long."""
    begun, told = monotonic(), False

    def advance_and_tell(step: int) -> None:
        nonlocal told
        advance(step)
        if not told and monotonic() - begun > SLOW_START_SECONDS:
            told = True
            print_message(
                "still starting: a database from another Label Studio version is first brought up to date"
            )

    return advance_and_tell


def _require_running(root: Path | None) -> RunningServer:
    from sayso.errors import ServerError
    from sayso.labelstudio import server

    found = server.find_running(find_checkout(root))
    if found is None:
        raise ServerError(
            "the embedded Label Studio is not running", remedy="run `sayso studio up`"
        )
    return found
