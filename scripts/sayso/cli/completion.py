"""Completion in the shell of what a checkout names: campaigns, passes, annotators, labels, checks.

Formats and other closed choices complete by themselves. The shell learns of all of it by
``eval "$(_SAYSO_COMPLETE=bash_source sayso)"``, or ``zsh_source``, or ``fish_source``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import click

from sayso.errors import SaysoError
from sayso.settings import SCHEMA_FILE, Checkout, find_checkout

if TYPE_CHECKING:
    from sayso.schema.declarations import Schema

Completer = Callable[[click.Context, click.Parameter, str], list[str]]


def _complete_from(list_names: Callable[[Checkout], Iterable[str]]) -> Completer:
    """Return a completer for names of the checkout; nothing where it cannot be read."""

    def complete(context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
        try:
            names = list_names(find_checkout(context.find_root().params.get("root")))
            return [name for name in names if name.startswith(begun)]
        except (SaysoError, OSError):
            return []  # a message would end up in the command line

    return complete


def _list_campaigns(checkout: Checkout) -> list[str]:
    from sayso.corpus.sources import CorpusFiles

    setting = checkout.find_setting("campaign")
    return sorted({*CorpusFiles(checkout.root).campaigns(), *([setting.value] if setting else [])})


def _list_annotators(checkout: Checkout) -> list[str]:
    from sayso.corpus.sources import CorpusFiles

    return sorted({path.stem for path in CorpusFiles(checkout.root).annotation_files()})


def _load_schema(checkout: Checkout) -> Schema:
    from sayso.schema.declarations import load_schema

    return load_schema(checkout.root / SCHEMA_FILE)


def _list_checks(_checkout: Checkout) -> list[str]:
    from sayso.checks import CHECKS

    return list(CHECKS)


complete_campaign = _complete_from(_list_campaigns)
complete_annotator = _complete_from(_list_annotators)
complete_pass = _complete_from(lambda checkout: _load_schema(checkout).interfaces)
complete_label = _complete_from(lambda checkout: _load_schema(checkout).labels)
complete_check = _complete_from(_list_checks)
