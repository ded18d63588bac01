"""The command line. A command is a module of ``commands/``: it parses, calls, prints.

``commands/NAME.py`` holds ``command``, and its file name is the command's name.
"""

from __future__ import annotations

import io
import os
import pkgutil
import signal
import sys
import traceback
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click

from sayso import __version__
from sayso.cli import commands, terminal
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


def main() -> None:
    """Run the command line and turn an error into one line and an exit code."""
    signal.signal(signal.SIGTERM, _raise_interrupt)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else the shell ignores it
        signal.signal(signal.SIGINT, _raise_interrupt)
    stdout = terminal.prepare_streams()
    try:
        with convert_os_errors(Path.cwd()):
            try:
                sayso(prog_name="sayso", standalone_mode=False)
            finally:
                terminal.flush_output(stdout)
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        terminal.print_lines(shown.getvalue().rstrip("\n"), to_stderr=True)
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        terminal.print_message("interrupted; run the command again to go on")
        sys.exit(INTERRUPTED)
    except SaysoError as error:
        terminal.print_error(str(error))
        sys.exit(error.exit_code)
    except Exception as error:  # noqa: BLE001 - a bug: one line, and its traceback on request
        if os.environ.get("SAYSO_DEBUG"):
            terminal.print_lines(traceback.format_exc().rstrip("\n"), to_stderr=True)
            sys.exit(1)
        name = type(error).__name__
        terminal.print_error(f"a bug in sayso ({name}); SAYSO_DEBUG=1 shows where")
        sys.exit(1)
