"""``sayso train``: a model from what was annotated."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sayso.cli.terminal import print_json, print_message, print_table

if TYPE_CHECKING:
    from sayso.suggest.model_training import TrainResult


@click.command(short_help="Train a model for `sayso suggest --with model`.")
@click.option("--campaign", metavar="NAME", help="Learn from this campaign only.")
@click.option(
    "--annotator", metavar="NAME", help="Learn from this annotator's answers instead of gold."
)
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
    help="At most so many rounds; fewer where the validation split says that it gets no better.",
)
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Of whatever is drawn at random."
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print what the model is and how good, as one JSON object.",
)
@click.pass_obj
def command(
    root: Path | None,
    campaign: str | None,
    annotator: str | None,
    out: Path | None,
    epochs: int,
    seed: int,
    as_json: bool,
) -> None:
    """Train a model that `sayso suggest --with model` asks, on this machine's processor, with nothing to download.

    The training split teaches; the validation split says how good each round is, and the best is kept. The test split
    is not looked at: `sayso evaluate --with model` measures on it. Mentions of more than eight words are not learnt.

    \b
    Examples:
      sayso train
      sayso train --campaign pilot --epochs 50
      sayso train --annotator ann-1a2b3c4d --out .sayso/models/ann
    """
    from sayso.corpus.sources import CorpusFiles
    from sayso.schema.declarations import load_schema
    from sayso.settings import SCHEMA_FILE, find_checkout
    from sayso.suggest import span_model
    from sayso.suggest.model_training import train
    from sayso.suggest.training_data import TrainingData

    checkout = find_checkout(root)
    done = train(
        TrainingData(CorpusFiles(checkout.root), campaign, annotator),
        load_schema(checkout.root / SCHEMA_FILE),
        out or span_model.default_model_folder(checkout),
        epochs=epochs,
        seed=seed,
        report_epoch=_print_epoch,
    )
    _print_result(done, as_json)


def _print_epoch(epoch: int, loss: float, f1: float | None) -> None:
    score = f"validation F1 {f1:.3f}" if f1 is not None else "validation F1 undefined"
    print_message(f"epoch {epoch}: loss {loss:,.2f}, {score}")


def _print_result(done: TrainResult, as_json: bool) -> None:
    from msgspec import to_builtins

    if as_json:
        print_json(
            {
                "folder": str(done.folder),
                "changed": done.changed,
                "documents": done.documents,
                "left_out": [
                    {"label": label, "reason": reason, "mentions": n}
                    for (label, reason), n in sorted(done.excluded.items())
                ],
                **to_builtins(done.card),
            }
        )
    elif done.card.validation:
        print_table(
            f"Exact spans, {done.card.validation_documents} documents of the validation split",
            ("label", "precision", "recall", "F1"),
            [
                (one.label, *map(_format_score, (one.precision, one.recall, one.f1)))
                for one in done.card.validation
            ],
        )
    for (label, reason), count in sorted(done.excluded.items()):
        print_message(f"{count:,} {label} did not teach: {reason}")
    if not done.card.validation:
        print_message(
            "no document of the validation split has a reading: how good the model is, is undefined"
        )
    print_message(
        f"{'wrote' if done.changed else 'nothing changed:'} {done.folder}: learnt {', '.join(done.card.labels)} "
        f"from {done.card.readings}, {done.documents:,} documents"
    )


def _format_score(score: float | None) -> str:
    return "undefined" if score is None else f"{score:.3f}"
