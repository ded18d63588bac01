"""``sayso train``: a model from what was annotated."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sayso.cli.options import filter_options
from sayso.cli.terminal import print_json, print_message, print_table

if TYPE_CHECKING:
    from sayso.corpus.items import AnnotationFilter
    from sayso.suggest.model_training import TrainResult


@click.command(short_help="Train a model for `sayso suggest --with model`.")
@filter_options(programs=True)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Where to put the model. [default: .sayso/models/model]",
)
@click.option(
    "--epochs",
    type=click.IntRange(1),
    default=30,
    show_default=True,
    help="At most so many; fewer where the validation split gets no better.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of whatever is random.")
@click.option("--json", "as_json", is_flag=True, help="Print the model's card as one JSON object.")
@click.pass_obj
def command(
    root: Path | None,
    selection: AnnotationFilter,
    out: Path | None,
    epochs: int,
    seed: int,
    as_json: bool,
) -> None:
    """Train a model for `sayso suggest --with model` on this machine, with no download.

    It learns from gold, or from the annotations that --annotator selects. The training split
    teaches; the validation split says how good each epoch is, and the best is kept. The test split
    is not looked at: `sayso evaluate --with model` measures on it. Mentions of more than eight
    words are not learnt.

    \b
    Examples:
      sayso train
      sayso train --campaign pilot --epochs 50
      sayso train --annotator ann-1a2b3c4d --out .sayso/models/ann
    """
    from sayso.corpus.sources import CorpusFiles
    from sayso.outputs import require_output
    from sayso.schema.declarations import load_schema
    from sayso.settings import SCHEMA_FILE, find_checkout
    from sayso.suggest.model_training import train
    from sayso.suggest.span_model import default_model_folder
    from sayso.suggest.training_data import TrainingData, gold_or_annotators

    checkout = find_checkout(root)
    if out:
        require_output(checkout, out)
    result = train(
        TrainingData(CorpusFiles(checkout.root), gold_or_annotators(selection)),
        load_schema(checkout.root / SCHEMA_FILE),
        out or default_model_folder(checkout),
        epochs=epochs,
        seed=seed,
        report_epoch=_print_epoch,
    )
    _print_result(result, as_json)


def _print_epoch(epoch: int, loss: float, f1: float | None) -> None:
    score = f"validation F1 {f1:.3f}" if f1 is not None else "validation F1 undefined"
    print_message(f"epoch {epoch}: loss {loss:,.2f}, {score}")


def _print_result(result: TrainResult, as_json: bool) -> None:
    from msgspec import to_builtins

    card = result.card
    if as_json:
        print_json(
            {
                "folder": str(result.folder),
                "changed": result.changed,
                "documents": result.documents,
                "excluded": [
                    {"label": label, "reason": reason, "mentions": count}
                    for (label, reason), count in sorted(result.excluded.items())
                ],
                **to_builtins(card),
            }
        )
    elif card.validation:
        print_table(
            f"Exact spans, {card.validation_documents} documents of the validation split",
            ("label", "precision", "recall", "F1"),
            [
                (each.label, *map(_format_score, (each.precision, each.recall, each.f1)))
                for each in card.validation
            ],
        )
    for (label, reason), count in sorted(result.excluded.items()):
        print_message(f"{count:,} {label} did not teach: {reason}")
    if not card.validation:
        print_message(
            "no document of the validation split has an annotation: the scores are undefined"
        )
    print_message(
        f"{'wrote' if result.changed else 'nothing changed:'} {result.folder}: learnt"
        f" {', '.join(card.labels)} from {card.readings}, {result.documents:,} documents"
    )


def _format_score(score: float | None) -> str:
    return "undefined" if score is None else f"{score:.3f}"
