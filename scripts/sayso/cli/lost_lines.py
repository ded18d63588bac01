"""The question of a push whose project has lost our lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import click

from sayso.cli.terminal import confirm, is_interactive, print_message

if TYPE_CHECKING:
    from sayso.labelstudio.adjudication.task_push import AdjudicationPushRequest
    from sayso.labelstudio.push import PushRequest

RequestT = TypeVar("RequestT", "PushRequest", "AdjudicationPushRequest")
ResultT = TypeVar("ResultT")

restore_mark_option = click.option(
    "--restore-mark", is_flag=True, help="Put our lines back into the project's description."
)


def push_or_restore(
    push: Callable[[RequestT], ResultT], request: RequestT, *, dry_run: bool
) -> ResultT:
    """Push; in a terminal, offer to put our lines back where they are lost."""
    from sayso.labelstudio.recalled_projects import LostLinesError

    try:
        return push(request)
    except LostLinesError as error:
        if dry_run or not is_interactive():
            raise
        print_message(str(error))
        if not confirm("Put our lines back into its description?"):
            raise
        return push(replace(request, restore_mark=True))
