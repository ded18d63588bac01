"""What people see: talk on stderr, data on stdout, a progress bar only where a terminal shows it."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import click

from sayso.cli import use_colour

Advance = Callable[[int], None]


def print_message(message: str) -> None:
    """Talk to the person at the terminal."""
    click.echo(message, err=True, color=use_colour())


def print_json(payload: dict[str, Any]) -> None:
    """Print one JSON object on stdout for a program to read; ``schema`` numbers its shape."""
    import msgspec

    click.echo(msgspec.json.encode({"schema": 1, **payload}).decode())


def print_json_list(
    name: str, items: Iterable[dict[str, Any]], rest: Callable[[], dict[str, Any]]
) -> None:
    """Print one JSON object with a list of any length, an item a line, and ``rest`` once that has ended."""
    import msgspec

    click.echo(f'{{"schema":1,"{name}":[', nl=False)
    before = "\n"
    for item in items:
        click.echo(f"{before}{msgspec.json.encode(item).decode()}", nl=False)
        before = ",\n"
    click.echo(f"\n],{msgspec.json.encode(rest()).decode()[1:]}")


class _CurrentBar:
    """The bar that is on the screen, if any, and whether a wait is being told."""

    describe: Callable[[str], None] | None = None
    waiting = False


def show_waiting(why: str, left: float) -> None:
    """Count down while a server is away: on the bar in a terminal, else in one line; an empty ``why`` ends it."""
    told = f"{why}: waiting, at most {math.ceil(left)} s" if why else ""
    if _CurrentBar.describe:
        _CurrentBar.describe(told)
    elif why and not _CurrentBar.waiting:
        print_message(told)
    _CurrentBar.waiting = bool(why)


@contextlib.contextmanager
def progress_bar(
    label: str, total: int | None = None, *, printing: bool = False
) -> Iterator[Advance]:
    """Show a bar on stderr while the block runs, if stderr is a terminal; yields a function that advances it.

    ``printing`` says that the block prints data as it goes: on one screen they show the progress well enough.
    """
    if not sys.stderr.isatty() or (printing and sys.stdout.isatty()):
        yield lambda _n: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    known = [MofNCompleteColumn()] if total is not None else []
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        *known,
        TimeElapsedColumn(),
    )
    with Progress(
        *columns, console=Console(stderr=True), transient=True, redirect_stdout=False
    ) as bar:
        task = bar.add_task(label, total=total)
        _CurrentBar.describe = lambda told: bar.update(task, description=told or label)
        try:
            yield lambda n: bar.advance(task, n)
        finally:
            _CurrentBar.describe = None


class ProgressBars:
    """One progress bar for each thing that is being done, begun when it is first heard of."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self._doing = ""
        self._advance: Advance = lambda _n: None

    def __enter__(self) -> Callable[[str, int], None]:
        return self._advance_bar

    def __exit__(self, *error: Any) -> None:
        self._stack.__exit__(*error)

    def _advance_bar(self, doing: str, count: int) -> None:
        if doing != self._doing:
            self._stack.close()
            self._doing, self._advance = doing, self._stack.enter_context(progress_bar(doing))
        self._advance(count)


def print_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, blank_lines: bool = False
) -> None:
    """Print a table on stdout; plain text where it is not a terminal, no colour under NO_COLOR.

    ``spaced`` sets a blank line between rows, for cells of several lines.
    """
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    sheet = Table(
        title=title, box=SIMPLE_HEAD, title_justify="left", pad_edge=False, leading=int(blank_lines)
    )
    for column in columns:
        sheet.add_column(column, overflow="fold")
    for row in rows:
        sheet.add_row(*(Text(cell) for cell in row))
    Console(width=None if sys.stdout.isatty() else 160).print(sheet)
