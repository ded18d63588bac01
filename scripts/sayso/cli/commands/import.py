"""``sayso import``: others' annotated documents into the corpus."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sayso.cli import terminal
from sayso.cli.completion import complete_annotator, complete_campaign, complete_pass
from sayso.formats.format_registry import IMPORT_FORMATS

if TYPE_CHECKING:
    from sayso.formats.corpus_import import ImportRequest, ImportResult
    from sayso.settings import Checkout

_METADATA = ("outlet", "language", "license")


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--from", "format", type=click.Choice(list(IMPORT_FORMATS)), required=True, help="The format."
)
@click.option(
    "--campaign",
    metavar="NAME",
    shell_complete=complete_campaign,
    help="The campaign of the annotations. [default: the setting]",
)
@click.option(
    "--pass",
    "pass_name",
    metavar="NAME",
    shell_complete=complete_pass,
    help="The pass of the annotations. [default: the setting]",
)
@click.option(
    "--annotator",
    metavar="PSEUDONYM",
    shell_complete=complete_annotator,
    help="Whose annotations these are. [default: whom the file names]",
)
@click.option(
    "--annotator-kind",
    type=click.Choice(["human", "program"]),
    help="What the annotator is. [default: what the file says, or human]",
)
@click.option(
    "--map",
    "pairs",
    multiple=True,
    metavar="THEIRS=OURS",
    help="Our name of their label, relation type or document category; THEIRS= leaves it out."
    " May be repeated.",
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
    help="Their name of a field of ours in a record. May be repeated.",
)
@click.option("--outlet", help="Who published the documents.")
@click.option("--language", metavar="TAG", help="BCP 47 tag. [default: und]")
@click.option("--license", metavar="SPDX", help="SPDX identifier. [default: unknown]")
@click.option(
    "--lossy", is_flag=True, help="Keep as unknown items what the schema does not know, and go on."
)
@click.option("--dry-run", is_flag=True, help="Print what would be done, and do nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def command(root: Path | None, /, as_json: bool, **options: Any) -> None:
    """Take annotated documents in from another tool's format.

    Documents go through ingest, text verbatim; annotations go under corpus/annotations/. Labels
    that schema.yaml does not have need --map. One wrong offset, or one label without a place, and
    nothing is imported. The same file again changes nothing.

    \b
    Examples:
      sayso import --from brat ../their-corpus --annotator ann-7 --map PER=Actor --map LOC=Location
      sayso import --from conll news.conllu --annotator tagger-1 --annotator-kind program --dry-run
      sayso import --from labelstudio project-3.json --campaign pilot
      sayso import --from jsonl theirs.jsonl --annotator them --field mentions=spans
    """
    import msgspec

    from sayso.formats.corpus_export import LossError
    from sayso.formats.corpus_import import import_annotations
    from sayso.settings import find_checkout

    checkout = find_checkout(root)
    try:
        with terminal.progress_bar("importing") as advance:
            result = import_annotations(checkout, _build_request(checkout, options), advance)
    except LossError as loss:
        if as_json:
            terminal.print_json({"refused": True, "losses": loss.losses})
        raise
    if as_json:
        terminal.print_json(msgspec.to_builtins(result))
    else:
        _print_summary(result)


def _build_request(checkout: Checkout, options: dict[str, Any]) -> ImportRequest:
    from sayso.formats.corpus_import import ImportRequest
    from sayso.formats.json_lines import FIELDS
    from sayso.formats.label_mapping import parse_label_map
    from sayso.ingest.article_metadata import parse_field_mapping, validate_metadata

    metadata = {name: value for name in _METADATA if (value := options.pop(name)) is not None}
    labels = parse_label_map(options.pop("pairs"), options.pop("map_file"))
    options["campaign"] = checkout.require_setting("campaign", options["campaign"])
    options["pass_name"] = checkout.require_setting("pass", options["pass_name"])
    fields = parse_field_mapping(options.pop("fields"), FIELDS)
    metadata = validate_metadata(metadata, "options")
    return ImportRequest(**options, labels=labels, fields=fields, metadata=metadata)


def _print_summary(result: ImportResult) -> None:
    for what, count in result.losses.items():
        terminal.print_message(f"kept as unknown: {count:,} {what}")
    for what, count in result.notices.items():
        terminal.print_message(f"{count:,} {what}")
    for annotator, counts in result.annotations.items():
        changes = ", ".join(f"{count:,} {change}" for change, count in counts.items())
        terminal.print_line(f"{annotator}: {changes}")
    new = len(result.documents.new) if result.documents else 0
    if result.documents:
        would = "would be " if result.dry_run else ""
        known = result.documents.unchanged
        terminal.print_message(f"documents: {new:,} {would}new, {known:,} known")
    counts = {"mentions": result.mentions, "relations": result.relations}
    if result.answers:
        counts["answers"] = result.answers
    listed = ", ".join(f"{count:,} {what}" for what, count in counts.items())
    terminal.print_message(listed)
    if not (result.dry_run or result.written or new):
        terminal.print_message("nothing changed")
