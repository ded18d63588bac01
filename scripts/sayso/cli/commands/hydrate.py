"""``sayso hydrate``: fill in the texts that a release came without."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sayso.cli.terminal import ProgressBars, print_json, print_message

if TYPE_CHECKING:
    from sayso.release.hydration import HydrateResult

_SHOWN_MISSING = 20
_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command(short_help="Fill in the texts that a release came without.")
@click.argument("release", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("copies", nargs=-1, required=True, metavar="COPY...")
@click.option("--to", "target", type=_FOLDER, help="Folder to write to. [default: RELEASE]")
@click.option(
    "--field",
    "fields",
    multiple=True,
    metavar="OURS=THEIRS",
    help="Name of one of our fields in the .jsonl records.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    release: Path,
    copies: tuple[str, ...],
    target: Path | None,
    fields: tuple[str, ...],
    as_json: bool,
) -> None:
    """Fill a release that came without its texts from your own copies of the articles.

    RELEASE is the folder with README.md and data/, as it was downloaded. COPY is a .txt, a .jsonl
    with one article per line, or a folder of these, under any names. A copy is used if its SHA-256
    is that of the article. Run it again when you have more copies.

    \b
    Examples:
      sayso hydrate sayso-1.0.0/ my-articles/
      sayso hydrate sayso-1.0.0/ dump.jsonl --field text=body --to with-texts/
    """
    from sayso.errors import PartialError
    from sayso.ingest.article_metadata import parse_field_mapping
    from sayso.release.hydration import hydrate

    with ProgressBars() as report_progress:
        result = hydrate(
            release,
            copies,
            target or release,
            fields=parse_field_mapping(fields),
            report_progress=report_progress,
        )
    if as_json:
        print_json(asdict(result))
    else:
        _print_summary(result)
    if result.missing:
        raise PartialError(
            f"{len(result.missing)} of {result.wanted} texts are not among the copies",
            where=str(release),
            remedy="run this again with more copies",
        )


def _print_summary(result: HydrateResult) -> None:
    for missing in result.missing[:_SHOWN_MISSING]:
        details = filter(None, (missing.doc_id, missing.title, missing.url))
        print_message(f"no copy of {' '.join(details)}")
    if len(result.missing) > _SHOWN_MISSING:
        print_message(f"and of {len(result.missing) - _SHOWN_MISSING} more; --json lists them")
    if result.unused:
        print_message(f"{result.unused} copies are not the text of an article here")
    if result.written:
        print_message(f"{result.filled} texts filled in, {len(result.written)} files written")
    else:
        print_message("nothing changed" if result.wanted else "no text is missing here")
