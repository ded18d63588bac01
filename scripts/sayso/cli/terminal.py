"""Output: messages on stderr, data on stdout, progress bars in terminals only."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import click

from sayso.callbacks import Advance
from sayso.cli import use_colour


def print_message(message: str) -> None:
    """Print a message for people, on stderr."""
    click.echo(message, err=True, color=use_colour())


def print_json(payload: dict[str, Any]) -> None:
    """Print one JSON object on stdout; its key ``schema`` numbers its shape."""
    import msgspec

    click.echo(msgspec.json.encode({"schema": 1, **payload}).decode())


def print_json_list(
    name: str, items: Iterable[dict[str, Any]], rest: Callable[[], dict[str, Any]]
) -> None:
    """Print one JSON object while it is made: a list, one item a line, then the keys of `rest`.

    Args:
        name: the key of the list.
        rest: called after the last item; returns at least one key.
    """
    import msgspec

    click.echo(f'{{"schema":1,"{name}":[', nl=False)
    before = "\n"
    for item in items:
        click.echo(f"{before}{msgspec.json.encode(item).decode()}", nl=False)
        before = ",\n"
    click.echo(f"\n],{msgspec.json.encode(rest()).decode()[1:]}")


class _CurrentBar:
    """The bar on the screen, if any, so that a wait for the server can be shown on it."""

    describe: Callable[[str], None] | None = None
    waiting = False


def show_waiting(reason: str, seconds_left: float) -> None:
    """Show a wait for the server: on the bar, or once as a message. An empty reason ends it."""
    text = f"{reason}: waiting, at most {math.ceil(seconds_left)} s" if reason else ""
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
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        *([progress.MofNCompleteColumn()] if total is not None else []),
        progress.TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    with progress.Progress(*columns, console=console, transient=True, redirect_stdout=False) as bar:
        task = bar.add_task(label, total=total)
        _CurrentBar.describe = lambda text: bar.update(task, description=text or label)
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

    table = Table(
        title=title, box=SIMPLE_HEAD, title_justify="left", pad_edge=False, leading=int(blank_lines)
    )
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console(width=None if sys.stdout.isatty() else 160).print(table)
