"""Messages about HTML pages that a command wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sayso.cli.terminal import print_message

if TYPE_CHECKING:
    from sayso.reports.html_page import PageResult

LARGE_BYTES = 150_000_000  # beyond this, browsers take longer to open a page than people wait


def print_page(page: PageResult, *, show: bool) -> None:
    """Print where a page is and how much it holds, and open it in the browser with ``show``."""
    verb = "wrote" if page.changed else "nothing changed:"
    counts = ", ".join(f"{count:,} {noun}" for noun, count in page.counts.items())
    print_message(f"{verb} {page.path} ({page.size / 1e6:,.1f} MB): {counts}")
    if page.size > LARGE_BYTES:
        print_message(
            "this page is large for a browser; write a smaller one with the filter options"
        )
    if show:
        click.launch(str(page.path))
