"""The command line. A command is a module of ``commands/``: it parses, calls, prints.

``commands/NAME.py`` holds ``command``, and its file name is the command's name.
"""

from __future__ import annotations

import os
import pkgutil
import signal
import sys
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click

from sayso import __version__
from sayso.cli import commands
from sayso.errors import INTERRUPTED, SaysoError
from sayso.files import convert_os_errors


class CommandFolder(click.Group):
    """A group that imports a command's module only when the command is used, to start fast."""

    def list_commands(self, context: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of all commands."""
        return sorted(
            module.name.replace("_", "-") for module in pkgutil.iter_modules(commands.__path__)
        )

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Import one command's module."""
        if name not in self.list_commands(context):
            return None
        found: click.Command = import_module(
            f"{commands.__name__}.{name.replace('-', '_')}"
        ).command
        return found


@click.group(
    cls=CommandFolder,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.option(
    "--root",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="SAYSO_ROOT",
    help="The checkout to work on. [default: the nearest one at or above the current folder]",
)
@click.version_option(__version__, prog_name="sayso")
@click.pass_context
def sayso(context: click.Context, root: Path | None) -> None:
    """Annotate who says what happened where, and how many.

    Turn news articles into a versioned dataset: push them to Label Studio, pull every
    annotator's annotations, measure agreement, adjudicate differences, build, release.

    \b
    A first tour:
      sayso studio up          start a private Label Studio
      sayso ingest FILE        add an article
      sayso push               send new articles to Label Studio
      sayso pull               fetch the annotations
      sayso check              find what breaks a rule
      sayso agreement          measure how far annotators agree
      sayso adjudicate push    let an adjudicator decide where they differ
      sayso build              write the dataset
    """
    context.obj = root


class _SignalInterrupt(KeyboardInterrupt):
    """An interrupt that we can answer with an exit code of our own.

    If a plain KeyboardInterrupt passes through code run by ``exec``, as in the making of a
    dataclass, CPython 3.11 kills the process with SIGINT at its end, even if it was caught.
    """


def _raise_interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise _SignalInterrupt


def _run_command() -> None:
    try:
        sayso(standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of our output has closed it, as `head` does; silence Python's last flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main() -> None:
    """Run the command line and turn an error into one line and an exit code."""
    signal.signal(signal.SIGTERM, _raise_interrupt)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else the shell ignores it
        signal.signal(signal.SIGINT, _raise_interrupt)
    try:
        with convert_os_errors(Path.cwd()):
            _run_command()
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted; run the command again to go on", err=True)
        sys.exit(INTERRUPTED)
    except SaysoError as error:
        click.echo(f"{click.style('error:', fg='red')} {error}", err=True, color=use_colour())
        sys.exit(error.exit_code)
    except Exception as error:  # a bug: one line, and its traceback on request
        if os.environ.get("SAYSO_DEBUG"):
            raise
        click.echo(
            f"error: a bug in sayso ({type(error).__name__}); SAYSO_DEBUG=1 shows where", err=True
        )
        sys.exit(1)


def use_colour() -> bool | None:
    """Return False if NO_COLOR is set, and None to let click ask the terminal.

    >>> from unittest.mock import patch
    >>> with patch.dict(os.environ, NO_COLOR="1"):
    ...     use_colour()
    False
    """
    return False if os.environ.get("NO_COLOR") else None
