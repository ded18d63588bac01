"""``sayso evaluate``: how good predictions are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sayso.cli.terminal import print_json, print_message, print_table, progress_bar

if TYPE_CHECKING:
    from sayso.agreement.bootstrap import Figure
    from sayso.suggest.evaluation import Evaluation
    from sayso.suggest.reference_data import Reference

GOLD = "gold"


@click.command(short_help="Measure predictions against gold or somebody's file.")
@click.argument(
    "predictions",
    required=False,
    metavar="[PREDICTIONS]",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
)
@click.option(
    "--with",
    "named",
    multiple=True,
    metavar="NAME",
    help="Ask only this suggester; may be repeated.",
)
@click.option(
    "--against",
    default=GOLD,
    show_default=True,
    metavar="gold|FILE",
    help="What is right: gold, or JSON Lines with doc_id, text and spans or mentions.",
)
@click.option(
    "--map",
    "renamed",
    multiple=True,
    metavar="THEIRS=OURS",
    help="A label of FILE in the schema's words, nothing to leave it out; may be repeated.",
)
@click.option(
    "--campaign",
    metavar="NAME",
    help="Only the gold of this campaign, to learn from and to measure against.",
)
@click.option(
    "--annotator", metavar="NAME", help="Learn names from this annotator's answers instead of gold."
)
@click.option("--json", "as_json", is_flag=True, help="Print every figure as one JSON object.")
@click.pass_obj
def command(
    root: Path | None,
    predictions: Path | None,
    named: tuple[str, ...],
    against: str,
    renamed: tuple[str, ...],
    campaign: str | None,
    annotator: str | None,
    as_json: bool,
) -> None:
    """Measure predictions: precision, recall and F1 for each label, exact and by overlap, with 95 % intervals.

    PREDICTIONS is a file of `sayso suggest`; without one the suggesters are asked on the texts themselves, in the order
    of --with. What learns does so from the training split alone, and no text that it has learnt from is measured.

    \b
    Examples:
      sayso evaluate
      sayso evaluate build/predictions.jsonl --json
      sayso evaluate --with numbers --with places
      sayso evaluate --with places --against theirs.jsonl --map GPE=Location --map PERSON=
    """
    from sayso.corpus.sources import CorpusFiles
    from sayso.errors import UsageError
    from sayso.schema.declarations import load_schema
    from sayso.settings import SCHEMA_FILE, find_checkout
    from sayso.suggest import prediction_sources
    from sayso.suggest.evaluation import evaluate
    from sayso.suggest.reference_data import Reference
    from sayso.suggest.reference_data import parse_reference_map as labels
    from sayso.suggest.suggester_registry import select_suggesters
    from sayso.suggest.training_data import TrainingData

    if predictions and named:
        raise UsageError(
            "PREDICTIONS and --with are two sources of predictions", remedy="choose one"
        )
    checkout = find_checkout(root)
    corpus, schema = CorpusFiles(checkout.root), load_schema(checkout.root / SCHEMA_FILE)
    file = None if against == GOLD else Path(against)
    reference = Reference(corpus, schema, file, campaign, labels(renamed, schema))
    predict = (
        prediction_sources.predict_from_file(predictions)
        if predictions
        else prediction_sources.predict_by_suggesters(
            select_suggesters(checkout, named, TrainingData(corpus, campaign, annotator)), schema
        )
    )
    with progress_bar("measuring") as advance:
        found = evaluate(reference, predict, schema, advance)
    _print_result(found, reference, as_json)


def _print_result(found: Evaluation, reference: Reference, as_json: bool) -> None:
    from msgspec import to_builtins

    if as_json:
        print_json(
            {
                "against": reference.description,
                "documents": found.documents,
                "missing": found.missing,
                "seen": found.learnt_from,
                "labels": found.labels,
                "unmarked": found.unsought,
                "left_out": [
                    {"label": label, "reason": reason, "mentions": n}
                    for (label, reason), n in sorted(reference.excluded.items())
                ],
                "figures": to_builtins(found.figures),
            }
        )
    elif found.labels:
        _print_tables(found)
    _print_exclusions(found, reference)


def _print_tables(found: Evaluation) -> None:
    from sayso.suggest.evaluation import ALL, MATCHINGS

    by_name = {figure.name: figure for figure in found.figures}
    for way in MATCHINGS:
        rows = []
        for label in (*found.labels, ALL):
            scores = [
                by_name[f"{way}.{label}.{measure}"] for measure in ("precision", "recall", "f1")
            ]
            rows.append(
                (label, f"{scores[1].n:,}", f"{scores[0].n:,}", *map(_format_figure, scores))
            )
        print_table(
            f"Spans, {way}", ("label", "reference", "predicted", "precision", "recall", "F1"), rows
        )
    answers = [figure for figure in found.figures if figure.group == "attributes" and figure.n]
    if answers:
        print_table(
            "Values that both give, on mentions that overlap",
            ("attribute", "mentions", "equal"),
            [(figure.subject, f"{figure.n:,}", _format_figure(figure)) for figure in answers],
        )


def _format_figure(figure: Figure) -> str:
    if figure.value is None:
        return f"undefined: {figure.undefined}"
    between = f" [{figure.low:.3f}, {figure.high:.3f}]" if figure.low is not None else ""
    return f"{figure.value:.3f}{between}"


def _print_exclusions(found: Evaluation, reference: Reference) -> None:
    print_message(f"{found.documents:,} documents measured against {reference.description}")
    for name, count in sorted(found.learnt_from.items()):
        print_message(f"{count:,} documents not measured: {name} has learnt from them")
    if found.missing:
        print_message(f"{found.missing:,} documents not measured: there is no prediction for them")
    for label, count in sorted(found.unsought.items()):
        print_message(f"{count:,} predicted {label} not measured: nobody looked for any there")
    for (label, reason), count in sorted(reference.excluded.items()):
        print_message(f"{count:,} {label} of the reference not compared: it {reason}")
    if not found.documents:
        print_message("nothing could be measured: every figure is undefined")
