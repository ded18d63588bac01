"""Options that several commands share: which Label Studio, and which annotations."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sayso.callbacks import Advance
from sayso.cli.completion import complete_annotator, complete_campaign, complete_pass
from sayso.cli.terminal import confirm, is_interactive, progress_bar, show_waiting
from sayso.errors import require_known
from sayso.settings import SCHEMA_FILE, Checkout, find_checkout

if TYPE_CHECKING:
    from sayso.labelstudio.client import LabelStudioClient

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

_SERVER_OPTIONS = (
    click.option(
        "--campaign",
        metavar="NAME",
        shell_complete=complete_campaign,
        help="[default: SAYSO_CAMPAIGN, [tool.sayso], main]",
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

_FILTER_OPTIONS = tuple(
    click.option(
        name,
        parameter,
        multiple=True,
        metavar=metavar,
        shell_complete=complete,
        help=f"Only this {what}; may be repeated.",
    )
    for name, parameter, metavar, what, complete in (
        ("--campaign", "campaigns", "NAME", "campaign", complete_campaign),
        ("--pass", "pass_names", "NAME", "pass", complete_pass),
        ("--annotator", "annotators", "PSEUDONYM", "annotator", complete_annotator),
    )
)


@dataclass(frozen=True)
class CampaignTarget:
    """The campaign, pass and Label Studio that a command works on."""

    checkout: Checkout
    campaign: str
    pass_name: str | None
    url: str | None
    token_file: Path | None

    @contextlib.contextmanager
    def connect(self, label: str) -> Iterator[tuple[LabelStudioClient, Advance]]:
        """Connect to Label Studio, with a progress bar."""
        from sayso.labelstudio.connection import connect

        self._confirm_address()
        with (
            progress_bar(label) as advance,
            connect(self.checkout, self.url, self.token_file, show_waiting) as client,
        ):
            yield client, advance

    def _confirm_address(self) -> None:
        """Ask once whether a token is for the server that the checkout names."""
        from sayso.labelstudio import token_address
        from sayso.labelstudio.connection import find_unconfirmed

        if not is_interactive():
            return
        unconfirmed = find_unconfirmed(self.checkout, self.url, self.token_file)
        if unconfirmed:
            token, address = unconfirmed
            where = "which pyproject.toml of this checkout names"
            if confirm(f"Send {token.source} to {address}, {where}?"):
                token_address.confirm(token, address)


def campaign_options(pass_help: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add the options of every command that talks to a Label Studio, and --pass.

    The command gets a ``CampaignTarget`` as its first argument, in place of the root folder.
    """
    pass_option = click.option(
        "--pass", "pass_name", metavar="NAME", shell_complete=complete_pass, help=pass_help
    )

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def call(
            *, campaign: str | None, url: str | None, token_file: Path | None, **options: Any
        ) -> Any:
            checkout = find_checkout(click.get_current_context().obj)
            name = checkout.require_setting("campaign", campaign)
            pass_name = options.pop("pass_name")
            target = CampaignTarget(checkout, name, pass_name, url, token_file)
            return command(target, **options)

        return _add_options(call, (*_SERVER_OPTIONS, pass_option))

    return decorate


def filter_options(*, programs: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add --campaign, --pass, --annotator and --programs to a command.

    The command gets them as one ``AnnotationFilter``, its argument ``selection``. A pass that the
    schema does not have is an error here; rooms find unknown campaigns and annotators themselves.

    Args:
        programs: the default of --programs: whether the command uses what programs annotated.
    """
    programs_option = click.option(
        "--programs/--no-programs",
        default=programs,
        show_default=True,
        help="Use annotations that programs made.",
    )

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def call(*args: Any, **options: Any) -> Any:
            # Imported late: help pages do not need it.
            from sayso.corpus.items import AnnotationFilter, RecordKind

            pass_names = frozenset(options.pop("pass_names"))
            _require_passes(pass_names)
            people: tuple[RecordKind, ...] = ("human", "gold")
            selection = AnnotationFilter(
                campaigns=frozenset(options.pop("campaigns")),
                pass_names=pass_names,
                annotators=frozenset(options.pop("annotators")),
                kinds=frozenset() if options.pop("programs") else frozenset(people),
            )
            return command(*args, selection=selection, **options)

        return _add_options(call, (*_FILTER_OPTIONS, programs_option))

    return decorate


def _require_passes(names: Iterable[str]) -> None:
    from sayso.schema.declarations import load_schema

    if names:
        checkout = find_checkout(click.get_current_context().obj)
        require_known("pass", names, load_schema(checkout.root / SCHEMA_FILE).interfaces)


def _add_options(command: CommandT, options: tuple[Callable[[Any], Any], ...]) -> CommandT:
    for option in reversed(options):
        command = option(command)
    return command
