"""``sayso suggest``: predictions to start from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sayso.cli.terminal import print_json, print_message, print_table, progress_bar

if TYPE_CHECKING:
    from sayso.suggest.prediction_run import SuggestResult
    from sayso.suggest.suggesters import Suggester


@click.command(short_help="Write predictions that annotators start from.")
@click.option(
    "--with",
    "named",
    multiple=True,
    metavar="NAME",
    help="Ask only this suggester; may be repeated, and the first named is believed first.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where to write. [default: build/predictions.jsonl in the checkout]",
)
@click.option(
    "--doc", "documents", multiple=True, metavar="ID", help="Only this document; may be repeated."
)
@click.option("--only-new", is_flag=True, help="Only documents that nobody has answered.")
@click.option("--campaign", metavar="NAME", help="Learn names from this campaign only.")
@click.option(
    "--annotator", metavar="NAME", help="Learn names from this annotator's answers instead of gold."
)
@click.option("--dry-run", is_flag=True, help="Count what would be suggested and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as one JSON object.")
@click.pass_obj
def command(
    root: Path | None,
    named: tuple[str, ...],
    out: Path | None,
    documents: tuple[str, ...],
    only_new: bool,
    campaign: str | None,
    annotator: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Write predictions that annotators start from; `sayso push --predictions` sends them.

    \b
    Suggesters, in the order in which they are believed unless --with names them:
      your own      [tool.sayso.suggesters] in pyproject.toml: NAME = "package:callable"
      names         actors and places that were marked in the gold of the training split
      numbers       quantities with their bounds, English
      places        countries and cities of GeoNames, English
      cues          words that attribute, with their stance, English
      model         what `sayso train` made; only where it is named, also as model:FOLDER

    Each line says that a program made it, which one made each mention, how sure it is, and how uncertain the document
    is. Where two suggestions of one label overlap, or two cross, the first suggester's stays, then the surer, then the
    longer; the others are counted. Lines that would be the same are kept.

    \b
    Examples:
      sayso suggest
      sayso suggest --with numbers --with places --only-new
      sayso suggest --with model --out build/model.jsonl
      sayso suggest --dry-run --json
    """
    from sayso.corpus.sources import CorpusFiles
    from sayso.schema.declarations import load_schema
    from sayso.settings import SCHEMA_FILE, find_checkout
    from sayso.suggest.known_names import NAME as NAMES
    from sayso.suggest.prediction_run import SuggestOptions, write_predictions
    from sayso.suggest.suggester_registry import select_suggesters
    from sayso.suggest.training_data import TrainingData

    checkout = find_checkout(root)
    corpus = CorpusFiles(checkout.root)
    asked = select_suggesters(checkout, named, TrainingData(corpus, campaign, annotator))
    written = out or checkout.root / "build" / "predictions.jsonl"
    with progress_bar("suggesting") as advance:
        outcome = write_predictions(
            corpus,
            load_schema(checkout.root / SCHEMA_FILE),
            asked,
            SuggestOptions(frozenset(documents), only_new),
            written,
            dry_run=dry_run,
            advance=advance,
        )
    if not named and not any(one.name == NAMES for one in asked):
        print_message(
            "names: nothing is adjudicated yet to learn from; --annotator learns from somebody's answers"
        )
    _print_result(outcome, asked, written, dry_run, as_json)


def _print_result(
    outcome: SuggestResult, asked: list[Suggester], written: Path, dry_run: bool, as_json: bool
) -> None:
    from sayso.suggest.prediction_run import summarize_counts

    rows = summarize_counts(outcome, asked)
    if as_json:
        print_json(
            {
                "dry_run": dry_run,
                "file": str(written),
                "changed": outcome.changed,
                "documents": outcome.made + outcome.kept,
                "made": outcome.made,
                "kept": outcome.kept,
                "not_english": outcome.not_english,
                "seen": outcome.learnt_from,
                "suggesters": {one.name: one.version_digest or None for one in asked},
                "mentions": [
                    {"suggester": by, "label": label, "mentions": n} for by, label, n, _gone in rows
                ],
                "gave_way": [
                    {"suggester": by, "label": label, "reason": reason, "mentions": n}
                    for (by, label, reason), n in sorted(outcome.discarded.items())
                ],
            }
        )
    elif rows:
        print_table(
            "Suggested",
            ("suggester", "label", "mentions", "gave way"),
            [(by, label, f"{n:,}", f"{gone:,}") for by, label, n, gone in rows],
        )
    if outcome.not_english:
        print_message(
            f"{outcome.not_english:,} documents are not in English, which numbers, places and cues do not read"
        )
    if outcome.learnt_from:
        print_message(
            f"{outcome.learnt_from:,} documents are among those that a suggester learnt from; their lines say so"
        )
    done = "nothing written" if dry_run else "wrote" if outcome.changed else "nothing changed:"
    print_message(f"{done} {written}: {outcome.made:,} documents made, {outcome.kept:,} kept")
