"""``sayso import``: others' work into the corpus."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sayso.cli import terminal

if TYPE_CHECKING:
    from sayso.formats.corpus_import import ImportRequest, ImportResult
    from sayso.settings import Checkout

_FORMATS = ("brat", "conll", "jsonl", "labelstudio", "webanno", "xmi")
_METADATA = ("outlet", "language", "license")


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--from", "format", type=click.Choice(_FORMATS), required=True, help="The format.")
@click.option(
    "--campaign",
    metavar="NAME",
    help="The campaign that the readings go to. [default: the setting]",
)
@click.option(
    "--pass", "pass_name", metavar="NAME", help="The pass that they answer. [default: the setting]"
)
@click.option(
    "--annotator",
    metavar="PSEUDONYM",
    help="Whose readings these are. [default: whom the file names]",
)
@click.option(
    "--annotator-kind",
    type=click.Choice(["human", "program", "adjudicator"]),
    help="What the annotator is. [default: what the file says, or human]",
)
@click.option(
    "--map",
    "pairs",
    multiple=True,
    metavar="THEIRS=OURS",
    help="What their label or relation is here; THEIRS= leaves it out. May be repeated.",
)
@click.option(
    "--map-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="YAML with the same, a line each: `theirs: Ours`.",
)
@click.option(
    "--field",
    "fields",
    multiple=True,
    metavar="OURS=THEIRS",
    help="Which field of a record holds ours.",
)
@click.option("--outlet", help="Who published the documents.")
@click.option("--language", metavar="TAG", help="BCP 47 tag. [default: und]")
@click.option("--license", metavar="SPDX", help="SPDX identifier. [default: unknown]")
@click.option(
    "--lossy",
    is_flag=True,
    help="Keep apart in the records what the schema has no word for, and go on.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@click.pass_obj
def command(root: Path | None, /, as_json: bool, **options: Any) -> None:
    """Take annotated documents in from another tool's format.

    Documents go through ingest, text verbatim; readings become an annotator's answers under corpus/annotations/.
    Labels that schema.yaml does not have need --map. One wrong offset, or one word without a place, and nothing of
    it is taken in. The same file again is no news.

    \b
    Examples:
      sayso import --from brat ../corpus-of-theirs --annotator ann-7 --map PER=Actor --map LOC=Location
      sayso import --from conll news.conllu --annotator tagger-1 --annotator-kind program --dry-run
      sayso import --from labelstudio project-3.json --campaign pilot
      sayso import --from jsonl re3d.jsonl --annotator re3d --field mentions=spans --map-file re3d.yaml
    """
    from sayso.formats.corpus_export import LossError
    from sayso.formats.corpus_import import import_annotations
    from sayso.settings import find_checkout

    checkout = find_checkout(root)
    try:
        with terminal.progress_bar("importing") as advance:
            outcome = import_annotations(checkout, _build_request(checkout, options), advance)
    except LossError as loss:
        if as_json:
            terminal.print_json({"refused": True, "losses": loss.losses})
        raise
    if as_json:
        import msgspec

        terminal.print_json(msgspec.to_builtins(outcome))
    else:
        _print_summary(outcome)


def _build_request(checkout: Checkout, options: dict[str, Any]) -> ImportRequest:
    from sayso.formats.corpus_import import ImportRequest
    from sayso.formats.label_mapping import parse_label_map
    from sayso.ingest.article_metadata import validate_metadata

    metadata = {name: value for name in _METADATA if (value := options.pop(name)) is not None}
    labels = parse_label_map(options.pop("pairs"), options.pop("map_file"))
    options["campaign"] = checkout.require_setting("campaign", options["campaign"])
    options["pass_name"] = checkout.require_setting("pass", options["pass_name"])
    fields = _parse_fields(options.pop("fields"))
    return ImportRequest(
        **options, labels=labels, fields=fields, metadata=validate_metadata(metadata, "options")
    )


def _parse_fields(pairs: tuple[str, ...]) -> dict[str, str]:
    from sayso.errors import UsageError

    found = {}
    for pair in pairs:
        ours, sign, theirs = pair.partition("=")
        if not sign or not theirs or ours in found:
            raise UsageError(
                f"--field {pair}: not OURS=THEIRS, or twice",
                remedy="for example --field mentions=spans",
            )
        found[ours] = theirs
    return found


def _print_summary(outcome: ImportResult) -> None:
    would = "would be " if outcome.dry_run else ""
    for what, count in outcome.losses.items():
        terminal.print_message(f"kept apart: {count:,} {what}")
    for what, count in outcome.notices.items():
        terminal.print_message(f"{count:,} {what}")
    for annotator, counts in outcome.annotations.items():
        click.echo(
            f"{annotator}: " + ", ".join(f"{count:,} {what}" for what, count in counts.items())
        )
    if outcome.documents:
        new, known = len(outcome.documents.new), outcome.documents.unchanged
        terminal.print_message(f"documents: {new:,} {would}new, {known:,} known")
    terminal.print_message(f"{outcome.mentions:,} mentions, {outcome.relations:,} relations")
    if (
        not outcome.dry_run
        and not outcome.written
        and not (outcome.documents and outcome.documents.new)
    ):
        terminal.print_message("nothing changed")
