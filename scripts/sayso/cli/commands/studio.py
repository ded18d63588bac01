"""``sayso studio``: the embedded Label Studio server."""

from __future__ import annotations

from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import click

from sayso.callbacks import Advance
from sayso.cli.terminal import print_json, print_line, print_message, progress_bar
from sayso.settings import find_checkout

if TYPE_CHECKING:
    from sayso.labelstudio.server import RunningServer

SLOW_START_SECONDS = 20.0  # after which a start is explained


@click.group()
def command() -> None:
    """Run a private Label Studio server on this machine.

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
    """Start the server in the background and wait until it responds.

    \b
    Examples:
      sayso studio up
      sayso studio up --port 9000
    """
    from sayso.labelstudio import server

    checkout = find_checkout(root)
    was_up = server.find_running(checkout) is not None
    with progress_bar("starting Label Studio") as advance:
        running = server.start(checkout, port, _explain_slow_start(advance))
    print_message(f"Label Studio is {'already ' if was_up else ''}up at {running.url}")
    if as_json:
        print_json({"url": running.url, "started": not was_up})
    elif not was_up:
        remedy = "`sayso studio status --credentials` prints the login"
        print_message(f"`sayso studio open` shows it; {remedy}")


@command.command()
@click.option(
    "--credentials", is_flag=True, help="Also print the lead's e-mail address, password and token."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def status(root: Path | None, credentials: bool, as_json: bool) -> None:
    """Print whether the server runs, where, and where its data is.

    \b
    Examples:
      sayso studio status
      sayso studio status --json
      sayso studio status --credentials
    """
    from sayso.labelstudio import server

    checkout = find_checkout(root)
    found = server.read_status(checkout)
    shown = {name: getattr(found, name) for name in ("state", "url", "pid", "version")}
    shown |= {"folder": str(found.folder), "log": str(found.log)}
    if credentials:
        lead = server.lead_credentials(checkout)
        shown |= {"email": lead.email, "password": lead.password, "token": lead.token}
    if as_json:
        print_json(shown)
    else:
        for name, value in shown.items():
            if value:
                print_line(f"{name:9} {value}")


@command.command("open")
@click.pass_obj
def open_(root: Path | None) -> None:
    """Show Label Studio in the browser.

    \b
    Examples:
      sayso studio open
    """
    import webbrowser

    url = _require_running(root).url
    print_line(url)
    print_message("`sayso studio status --credentials` prints the login")
    if not webbrowser.open(url):
        print_message("no browser was found here; open the address yourself")


@command.command()
@click.pass_obj
def invite(root: Path | None) -> None:
    """Print the link with which an annotator makes an account.

    Whoever has the link can sign up; Label Studio's Organization page resets it.

    \b
    Examples:
      sayso studio invite
    """
    from sayso.labelstudio.accounts import fetch_invitation_link

    print_line(fetch_invitation_link(_require_running(root)))


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def down(root: Path | None, as_json: bool) -> None:
    """Stop the server; the data stays.

    \b
    Examples:
      sayso studio down
    """
    from sayso.labelstudio import server

    stopped = server.stop(find_checkout(root))
    message = "Label Studio is stopped; its data stays"
    print_message(message if stopped else "Label Studio is not running; nothing to do")
    if as_json:
        print_json({"stopped": stopped})


def _explain_slow_start(advance: Advance) -> Advance:
    """Print once why a start takes long."""
    started, explained = monotonic(), False

    def advance_and_explain(step: int) -> None:
        nonlocal explained
        advance(step)
        if not explained and monotonic() - started > SLOW_START_SECONDS:
            explained = True
            print_message("still starting: migrating a database of another Label Studio release")

    return advance_and_explain


def _require_running(root: Path | None) -> RunningServer:
    from sayso.errors import ServerError
    from sayso.labelstudio import server

    running = server.find_running(find_checkout(root))
    if running is None:
        remedy = "run `sayso studio up`"
        raise ServerError("the embedded Label Studio is not running", remedy=remedy)
    return running
