"""``sayso hydrate``: texts that a release may not carry, from the reader's own copies."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sayso.cli.terminal import ProgressBars, print_json, print_message

if TYPE_CHECKING:
    from sayso.release.hydration import HydrateResult

_SHOWN_MISSING = 20


@click.command(short_help="Fill in the texts that a release came without.")
@click.argument("release", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("copies", nargs=-1, required=True, metavar="COPY...")
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to. [default: RELEASE]",
)
@click.option(
    "--field",
    "fields",
    multiple=True,
    metavar="OURS=THEIRS",
    help="Which field of a .jsonl record is ours.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def command(
    release: Path,
    copies: tuple[str, ...],
    target: Path | None,
    fields: tuple[str, ...],
    as_json: bool,
) -> None:
    """Fill a release that came without its texts from your own copies of the articles.

    RELEASE is the folder with README.md and data/, as it was downloaded; COPY is a .txt, a .jsonl with an article a
    line, or a folder of these, under whatever names. A copy counts when its SHA-256 is the article's: byte for byte.
    Run it again when you have more of them.

    \b
    Examples:
      sayso hydrate sayso-1.0.0/ my-articles/
      sayso hydrate sayso-1.0.0/ dump.jsonl --field text=body --to with-texts/
    """
    from sayso.errors import PartialError
    from sayso.ingest import article_metadata
    from sayso.release.hydration import hydrate

    with ProgressBars() as watch:
        outcome = hydrate(
            release,
            copies,
            target or release,
            fields=article_metadata.parse_field_mapping(fields),
            report_progress=watch,
        )
    if as_json:
        print_json(asdict(outcome))
    else:
        _print_summary(outcome)
    if outcome.missing:
        raise PartialError(
            f"{len(outcome.missing)} of {outcome.wanted} texts are not among the copies",
            where=str(release),
            remedy="run this again with more copies",
        )


def _print_summary(outcome: HydrateResult) -> None:
    for missing in outcome.missing[:_SHOWN_MISSING]:
        print_message(
            " ".join(filter(None, (f"no copy of {missing.doc_id}", missing.title, missing.url)))
        )
    if len(outcome.missing) > _SHOWN_MISSING:
        print_message(f"and of {len(outcome.missing) - _SHOWN_MISSING} more; --json lists them")
    if outcome.unused:
        print_message(f"{outcome.unused} copies are no text that is missing here")
    print_message(
        f"{outcome.filled} texts filled in, {len(outcome.written)} files written"
        if outcome.written
        else "no text is missing here"
        if not outcome.wanted
        else "nothing changed"
    )
