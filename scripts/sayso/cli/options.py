"""Options that several commands share: which Label Studio, and which annotations."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

_SERVER_OPTIONS = (
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


def server_options(command: CommandT) -> CommandT:
    """Add the options of every command that talks to a Label Studio."""
    return _add_options(command, _SERVER_OPTIONS)


def filter_options(*, programs: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add --campaign, --pass, --annotator and --programs to a command.

    The command gets them as one ``AnnotationFilter``, its argument ``selection``.

    Args:
        programs: the default of --programs: whether the command uses what programs annotated.
    """
    options = (
        click.option(
            "--campaign",
            "campaigns",
            multiple=True,
            metavar="NAME",
            help="Only this campaign; may be repeated.",
        ),
        click.option(
            "--pass",
            "pass_names",
            multiple=True,
            metavar="NAME",
            help="Only this pass; may be repeated.",
        ),
        click.option(
            "--annotator",
            "annotators",
            multiple=True,
            metavar="PSEUDONYM",
            help="Only this annotator; may be repeated.",
        ),
        click.option(
            "--programs/--no-programs",
            default=programs,
            show_default=True,
            help="Use annotations that programs made.",
        ),
    )

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def call(*args: Any, **options: Any) -> Any:
            # Imported late: help pages do not need it.
            from sayso.corpus.items import AnnotationFilter, RecordKind

            people: tuple[RecordKind, ...] = ("human", "adjudicator", "gold")
            selection = AnnotationFilter(
                campaigns=frozenset(options.pop("campaigns")),
                pass_names=frozenset(options.pop("pass_names")),
                annotators=frozenset(options.pop("annotators")),
                kinds=frozenset() if options.pop("programs") else frozenset(people),
            )
            return command(*args, selection=selection, **options)

        return _add_options(call, options)

    return decorate


def _add_options(command: CommandT, options: tuple[Callable[[Any], Any], ...]) -> CommandT:
    for option in reversed(options):
        command = option(command)
    return command
