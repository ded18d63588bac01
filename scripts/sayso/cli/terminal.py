"""Output: messages on stderr, data on stdout, progress bars in terminals only.

All output of commands passes here. Ids, titles, file names and what a server says are shown with
their control characters escaped; data in JSON stays exact.
"""

from __future__ import annotations

import contextlib
import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TextIO

import click

from sayso.callbacks import Advance
from sayso.errors import CLOSED_PIPE, DiskError
from sayso.escaping import escape_controls, escape_json


def prepare_streams() -> TextIO:
    """Let no encoding stop output, and stand in for closed streams. Return stdout."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:  # closed, as by `>&-`: the next file would get its number
            descriptor = os.open(os.devnull, os.O_RDWR)
            if descriptor != number:
                os.dup2(descriptor, number)
            mode = "w" if number else "r"
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="backslashreplace")
    return sys.stdout


def print_message(message: str) -> None:
    """Print a message for people on stderr, on one line."""
    _write(f"{escape_controls(message)}\n", to_stderr=True)


def print_error(message: str) -> None:
    """Print an error on stderr, on one line, in colour where that is wanted."""
    _write(f"{click.style('error:', fg='red')} {escape_controls(message)}\n", to_stderr=True)


def print_lines(text: str, *, to_stderr: bool = False) -> None:
    """Print text that has lines of its own, such as a help page, all else escaped."""
    lines = (escape_controls(line) for line in text.split("\n"))
    _write("\n".join(lines) + "\n", to_stderr=to_stderr)


def print_line(text: str) -> None:
    """Print one line of data on stdout."""
    _write(f"{escape_controls(text)}\n")


def print_json(payload: dict[str, Any]) -> None:
    """Print one JSON object on stdout; its key ``schema`` numbers its shape."""
    import msgspec

    print_encoded_json(msgspec.json.encode({"schema": 1, **payload}) + b"\n")


def print_encoded_json(part: bytes) -> None:
    """Print a part of a JSON text, which holds whole characters, in the encoding of stdout."""
    ascii_only = "utf" not in (sys.stdout.encoding or "").lower()
    _write(escape_json(part.decode(), ascii_only=ascii_only))


def print_json_list(
    name: str, items: Iterable[dict[str, Any]], rest: Callable[[], dict[str, Any]]
) -> None:
    """Print one JSON object while it is made: a list, one item a line, then the keys of `rest`.

    Args:
        name: the key of the list.
        rest: called after the last item; returns at least one key.
    """
    import msgspec

    print_encoded_json(f'{{"schema":1,"{name}":['.encode())
    before = b"\n"
    for item in items:
        print_encoded_json(before + msgspec.json.encode(item))
        before = b",\n"
    print_encoded_json(b"\n]," + msgspec.json.encode(rest())[1:] + b"\n")


def _write(text: str, *, to_stderr: bool = False) -> None:
    """Write to a stream; the one place that does. Work goes on where stderr cannot be written."""
    with _convert_stream_errors(sys.stderr if to_stderr else sys.stdout):
        click.echo(text, nl=False, err=to_stderr, color=use_colour())


def flush_output(stdout: TextIO) -> None:
    """Flush stdout, also what click and libraries wrote."""
    if sys.stdout is not stdout:
        # Click met a closed pipe as it printed a help page, put a stream of its own there, and is
        # about to exit with 1.
        _silence_stream(stdout)
        sys.exit(CLOSED_PIPE)
    with _convert_stream_errors(stdout):
        stdout.flush()


@contextlib.contextmanager
def _convert_stream_errors(stream: Any) -> Iterator[None]:
    """End the program where stdout cannot be written, quietly if its reader has had enough.

    Raises:
        DiskError: the disk is full, for example.
    """
    try:
        yield
    except OSError as error:
        _silence_stream(stream)
        if stream is sys.stderr:
            return
        if isinstance(error, BrokenPipeError):
            sys.exit(CLOSED_PIPE)
        what = error.strerror or str(error)
        raise DiskError(what, where="standard output", remedy="send it elsewhere") from error


def _silence_stream(stream: Any) -> None:
    """Send the rest of a stream nowhere, so that its last flush does not fail again."""
    with contextlib.suppress(OSError, ValueError):
        descriptor = os.open(os.devnull, os.O_WRONLY)
        os.dup2(descriptor, stream.fileno())
        os.close(descriptor)


def confirm(question: str) -> bool:
    """Ask a person, on stderr."""
    return click.confirm(escape_controls(question), err=True)


def is_interactive() -> bool:
    """Test whether a person can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def use_colour() -> bool | None:
    """Return False if NO_COLOR is set, and None to let click ask the terminal.

    >>> from unittest.mock import patch
    >>> with patch.dict(os.environ, NO_COLOR="1"):
    ...     use_colour()
    False
    """
    return False if os.environ.get("NO_COLOR") else None


class _CurrentBar:
    """The bar on the screen, if any, so that a wait for the server can be shown on it."""

    describe: Callable[[str], None] | None = None
    waiting = False


def show_waiting(reason: str, seconds_left: float) -> None:
    """Show a wait for the server: on the bar, or once as a message. An empty reason ends it."""
    left = math.ceil(seconds_left)
    text = escape_controls(f"{reason}: waiting, at most {left} s") if reason else ""
    if _CurrentBar.describe:
        _CurrentBar.describe(text)
    elif reason and not _CurrentBar.waiting:
        print_message(text)
    _CurrentBar.waiting = bool(reason)


@contextlib.contextmanager
def progress_bar(
    label: str, total: int | None = None, *, printing: bool = False
) -> Iterator[Advance]:
    """Show a bar while the block runs, if stderr is a terminal. Yield a function that advances it.

    Args:
        printing: the block prints data as it goes; if stdout is the same terminal, show no bar.
    """
    if not sys.stderr.isatty() or (printing and sys.stdout.isatty()):
        yield lambda _n: None
        return
    from rich import progress
    from rich.console import Console

    columns = (
        progress.SpinnerColumn(),
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(),
        *([progress.MofNCompleteColumn()] if total is not None else []),
        progress.TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    with progress.Progress(*columns, console=console, transient=True, redirect_stdout=False) as bar:
        task = bar.add_task(escape_controls(label), total=total)
        _CurrentBar.describe = lambda text: bar.update(
            task, description=text or escape_controls(label)
        )
        try:
            yield lambda n: bar.advance(task, n)
        finally:
            _CurrentBar.describe = None


class ProgressBars:
    """A bar for each step of long work, replaced when the step's name changes."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self._label = ""
        self._advance: Advance = lambda _n: None

    def __enter__(self) -> Callable[[str, int], None]:
        return self._advance_bar

    def __exit__(self, *error: Any) -> None:
        self._stack.__exit__(*error)

    def _advance_bar(self, label: str, count: int) -> None:
        if label != self._label:
            self._stack.close()
            self._label, self._advance = label, self._stack.enter_context(progress_bar(label))
        self._advance(count)


def print_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, blank_lines: bool = False
) -> None:
    """Print a table on stdout: plain text unless it is a terminal, no colour under NO_COLOR.

    Args:
        blank_lines: separate rows by a blank line, for cells of several lines.
    """
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    def show(cell: str) -> Text:
        lines = cell.split("\n") if blank_lines else [cell]
        return Text("\n".join(map(escape_controls, lines)))

    table = Table(
        title=show(title),
        box=SIMPLE_HEAD,
        title_justify="left",
        pad_edge=False,
        leading=int(blank_lines),
    )
    for column in columns:
        table.add_column(show(column), overflow="fold")
    for row in rows:
        table.add_row(*map(show, row))
    console = Console(width=None if sys.stdout.isatty() else 160)
    with console.capture() as capture:  # rich ends the program itself where a pipe is closed
        console.print(table)
    _write(capture.get())
