"""``sayso hydrate``: texts that a release may not carry, from the reader's own copies."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sayso.cli.terminal import Bars, emit, say

if TYPE_CHECKING:
    from sayso.release.hydrate import Outcome

_SHOWN = 20


@click.command(short_help="Fill in the texts that a release came without.")
@click.argument("release", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("copies", nargs=-1, required=True, metavar="COPY...")
@click.option("--to", "target", type=click.Path(path_type=Path, file_okay=False), help="Where to. [default: RELEASE]")
@click.option("--field", "fields", multiple=True, metavar="OURS=THEIRS", help="Which field of a .jsonl record is ours.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def command(
    release: Path, copies: tuple[str, ...], target: Path | None, fields: tuple[str, ...], as_json: bool
) -> None:  # fmt: skip
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
    from sayso.ingest import metadata
    from sayso.release.hydrate import hydrate

    with Bars() as watch:
        outcome = hydrate(release, copies, target or release, fields=metadata.mapping(fields), watch=watch)
    if as_json:
        emit(asdict(outcome))
    else:
        _print(outcome)
    if outcome.missing:
        raise PartialError(f"{len(outcome.missing)} of {outcome.wanted} texts are not among the copies",
                           where=str(release), remedy="run this again with more copies")  # fmt: skip


def _print(outcome: Outcome) -> None:
    for missing in outcome.missing[:_SHOWN]:
        say(" ".join(filter(None, (f"no copy of {missing.doc_id}", missing.title, missing.url))))
    if len(outcome.missing) > _SHOWN:
        say(f"and of {len(outcome.missing) - _SHOWN} more; --json lists them")
    if outcome.unused:
        say(f"{outcome.unused} copies are no text that is missing here")
    say(f"{outcome.filled} texts filled in, {len(outcome.written)} files written" if outcome.written else
        "no text is missing here" if not outcome.wanted else "nothing changed")  # fmt: skip
