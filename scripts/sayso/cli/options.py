"""The options that every command has which talks to a Label Studio."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--campaign", metavar="NAME", help="[default: SAYSO_CAMPAIGN, [tool.sayso], main]"
    ),
    click.option(
        "--url",
        metavar="URL",
        help="The Label Studio. [default: SAYSO_URL, [tool.sayso], the embedded one]",
    ),
    click.option(
        "--token-file",
        type=click.Path(path_type=Path, dir_okay=False),
        help="A file that holds the token and that only you can read. [default: SAYSO_TOKEN] "
        "There is no option for the token itself: every user of the machine could read it.",
    ),
    click.option("--json", "as_json", is_flag=True, help="Print JSON."),
)


def server_options(function: F) -> F:
    """Add them to a command."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function
