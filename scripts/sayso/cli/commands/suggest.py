"""``sayso suggest``: predictions to start from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sayso.cli.options import filter_options
from sayso.cli.terminal import print_json, print_message, print_table, progress_bar
from sayso.suggest.suggester_registry import SUGGESTERS, suggesters_list

if TYPE_CHECKING:
    from sayso.corpus.items import AnnotationFilter
    from sayso.suggest.prediction_run import SuggestResult
    from sayso.suggest.suggesters import Suggester

_HELP = f"""Write predictions that annotators start from; `sayso push --predictions` sends them.

\b
Suggesters, in the order in which they are believed unless --with names them:
  your own      [tool.sayso.suggesters] in pyproject.toml: NAME = "package:callable"
{suggesters_list()}

Each line says that a program made it, which one made each mention, how sure it is, and how
uncertain the document is. Where two suggestions of one label overlap, or two cross, the first
suggester's stays, then the surer, then the longer; the others are counted. Lines that would be the
same are kept. Names are learnt from gold, or from the annotations that --annotator selects.

\b
Examples:
  sayso suggest
  sayso suggest --with numbers --with places --only-new
  sayso suggest --with model --out build/model.jsonl
  sayso suggest --dry-run --json
"""


@click.command(short_help="Write predictions that annotators start from.", help=_HELP)
@click.option(
    "--with",
    "names",
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
@click.option("--only-new", is_flag=True, help="Only documents without an annotation.")
@filter_options(programs=True)
@click.option("--dry-run", is_flag=True, help="Count what would be predicted and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as one JSON object.")
@click.pass_obj
def command(
    root: Path | None,
    names: tuple[str, ...],
    out: Path | None,
    documents: tuple[str, ...],
    only_new: bool,
    selection: AnnotationFilter,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Write predictions; the help is generated."""
    from sayso.corpus.sources import CorpusFiles
    from sayso.outputs import JSONL_START, require_output
    from sayso.schema.declarations import load_schema
    from sayso.settings import SCHEMA_FILE, find_checkout
    from sayso.suggest.prediction_run import SuggestOptions, write_predictions
    from sayso.suggest.suggester_registry import explain_unfilled, select_suggesters
    from sayso.suggest.training_data import TrainingData, gold_or_annotators

    checkout = find_checkout(root)
    if out:
        require_output(checkout, out, JSONL_START)
    corpus, schema = CorpusFiles(checkout.root), load_schema(checkout.root / SCHEMA_FILE)
    training_data = TrainingData(corpus, gold_or_annotators(selection))
    suggesters = select_suggesters(checkout, names, training_data, schema)
    path = out or checkout.root / "build" / "predictions.jsonl"
    options = SuggestOptions(frozenset(documents), only_new)
    with progress_bar("suggesting") as advance:
        result = write_predictions(
            corpus, schema, suggesters, options, path, dry_run=dry_run, advance=advance
        )
    if not names:
        for each in SUGGESTERS.values():
            if why := explain_unfilled(each.name, schema):
                print_message(f"{each.name}: not asked; {why}")
            elif each.learns and each.name not in {suggester.name for suggester in suggesters}:
                print_message(
                    f"{each.name}: nothing is adjudicated yet to learn from;"
                    " --annotator learns from somebody's annotations"
                )
    _print_result(result, suggesters, path, dry_run, as_json)


def _print_result(
    result: SuggestResult, suggesters: list[Suggester], path: Path, dry_run: bool, as_json: bool
) -> None:
    from sayso.suggest.prediction_run import summarize_counts

    rows = summarize_counts(result, suggesters)
    if as_json:
        print_json(
            {
                "dry_run": dry_run,
                "file": str(path),
                "changed": result.changed,
                "documents": result.made + result.kept,
                "made": result.made,
                "kept": result.kept,
                "not_english": result.not_english,
                "learnt_from": result.learnt_from,
                "suggesters": {each.name: each.version_digest or None for each in suggesters},
                "mentions": [
                    {"suggester": by, "label": label, "mentions": count}
                    for by, label, count, _discarded in rows
                ],
                "discarded": [
                    {"suggester": by, "label": label, "reason": reason, "mentions": count}
                    for (by, label, reason), count in sorted(result.discarded.items())
                ],
            }
        )
    elif rows:
        print_table(
            "Suggested",
            ("suggester", "label", "mentions", "discarded"),
            [(by, label, f"{count:,}", f"{gone:,}") for by, label, count, gone in rows],
        )
    english_only = [
        each.name
        for each in suggesters
        if each.name in SUGGESTERS and SUGGESTERS[each.name].english_only
    ]
    if result.not_english and english_only:
        names = ", ".join(english_only)
        print_message(
            f"{result.not_english:,} documents are not in English, which {names} do not read"
        )
    if result.learnt_from:
        print_message(
            f"{result.learnt_from:,} documents are among those that a suggester learnt from;"
            " their lines say so"
        )
    done = "nothing written" if dry_run else "wrote" if result.changed else "nothing changed:"
    print_message(f"{done} {path}: {result.made:,} documents made, {result.kept:,} kept")
