"""``sayso import``: others' work into the corpus."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sayso.cli import terminal

if TYPE_CHECKING:
    from sayso.exchange.intake import Order, Outcome
    from sayso.settings import Instance

_FORMATS = ("brat", "conll", "jsonl", "labelstudio", "webanno", "xmi")
_METADATA = ("outlet", "language", "license")


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--from", "format", type=click.Choice(_FORMATS), required=True, help="The format.")
@click.option("--campaign", metavar="NAME", help="The campaign that the readings go to. [default: the setting]")
@click.option("--interface", metavar="NAME", help="The pass that they answer. [default: the setting]")
@click.option("--annotator", metavar="PSEUDONYM", help="Whose readings these are. [default: whom the file names]")
@click.option("--annotator-kind", type=click.Choice(["human", "program", "adjudicator"]),
              help="What the annotator is. [default: what the file says, or human]")  # fmt: skip
@click.option("--map", "pairs", multiple=True, metavar="THEIRS=OURS",
              help="What their label or relation is here; THEIRS= leaves it out. May be repeated.")  # fmt: skip
@click.option("--map-file", type=click.Path(path_type=Path, dir_okay=False, exists=True),
              help="YAML with the same, a line each: `theirs: Ours`.")  # fmt: skip
@click.option("--field", "fields", multiple=True, metavar="OURS=THEIRS", help="Which field of a record holds ours.")
@click.option("--outlet", help="Who published the documents.")
@click.option("--language", metavar="TAG", help="BCP 47 tag. [default: und]")
@click.option("--license", metavar="SPDX", help="SPDX identifier. [default: unknown]")
@click.option("--lossy", is_flag=True, help="Keep apart in the records what the schema has no word for, and go on.")
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
    from sayso.exchange.export import LossError
    from sayso.exchange.intake import take_in
    from sayso.settings import find_instance

    instance = find_instance(root)
    try:
        with terminal.progress("importing") as advance:
            outcome = take_in(instance, _order(instance, options), advance)
    except LossError as loss:
        if as_json:
            terminal.emit({"refused": True, "losses": loss.losses})
        raise
    if as_json:
        import msgspec

        terminal.emit(msgspec.to_builtins(outcome))
    else:
        _tell(outcome)


def _order(instance: Instance, options: dict[str, Any]) -> Order:
    from sayso.exchange.intake import Order
    from sayso.exchange.wording import mapping
    from sayso.ingest.metadata import checked

    metadata = {name: value for name in _METADATA if (value := options.pop(name)) is not None}
    labels = mapping(options.pop("pairs"), options.pop("map_file"))
    for name in ("campaign", "interface"):
        options[name] = instance.require(name, options[name])
    fields = _fields(options.pop("fields"))
    return Order(**options, labels=labels, fields=fields, metadata=checked(metadata, "options"))


def _fields(pairs: tuple[str, ...]) -> dict[str, str]:
    from sayso.errors import UsageError

    found = {}
    for pair in pairs:
        ours, sign, theirs = pair.partition("=")
        if not sign or not theirs or ours in found:
            raise UsageError(f"--field {pair}: not OURS=THEIRS, or twice", remedy="for example --field mentions=spans")
        found[ours] = theirs
    return found


def _tell(outcome: Outcome) -> None:
    would = "would be " if outcome.dry_run else ""
    for what, count in outcome.lost.items():
        terminal.say(f"kept apart: {count:,} {what}")
    for what, count in outcome.noticed.items():
        terminal.say(f"{count:,} {what}")
    for annotator, counts in outcome.answers.items():
        click.echo(f"{annotator}: " + ", ".join(f"{count:,} {what}" for what, count in counts.items()))
    if outcome.documents:
        new, known = len(outcome.documents.new), outcome.documents.unchanged
        terminal.say(f"documents: {new:,} {would}new, {known:,} known")
    terminal.say(f"{outcome.mentions:,} mentions, {outcome.relations:,} relations")
    if not outcome.dry_run and not outcome.written and not (outcome.documents and outcome.documents.new):
        terminal.say("nothing changed")
