"""``sayso train``: a model from what was annotated."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sayso.cli.terminal import emit, say, table

if TYPE_CHECKING:
    from sayso.suggest.training import Trained


@click.command(short_help="Train a model for `sayso suggest --with model`.")
@click.option("--campaign", metavar="NAME", help="Learn from this campaign only.")
@click.option("--annotator", metavar="NAME", help="Learn from this annotator's answers instead of gold.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FOLDER",
              help="Where to put the model. [default: .sayso/models/model]")  # fmt: skip
@click.option("--epochs", type=click.IntRange(1), default=30, show_default=True,
              help="At most so many rounds; fewer where the validation split says that it gets no better.")  # fmt: skip
@click.option("--seed", type=int, default=0, show_default=True, help="Of whatever is drawn at random.")
@click.option("--json", "as_json", is_flag=True, help="Print what the model is and how good, as one JSON object.")
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
    from sayso.schema import load
    from sayso.settings import MARK, find_instance
    from sayso.store import Corpus
    from sayso.suggest import model
    from sayso.suggest.learning import Lessons
    from sayso.suggest.training import train

    instance = find_instance(root)
    done = train(Lessons(Corpus(instance.root), campaign, annotator), load(instance.root / MARK),
                 out or model.place(instance), epochs=epochs, seed=seed, watch=_told)  # fmt: skip
    _print(done, as_json)


def _told(epoch: int, loss: float, f1: float | None) -> None:
    score = f"validation F1 {f1:.3f}" if f1 is not None else "validation F1 undefined"
    say(f"epoch {epoch}: loss {loss:,.2f}, {score}")


def _print(done: Trained, as_json: bool) -> None:
    from msgspec import to_builtins

    if as_json:
        emit({"folder": str(done.folder), "changed": done.changed, "documents": done.documents,
              "left_out": [{"label": label, "reason": reason, "mentions": n}
                           for (label, reason), n in sorted(done.left_out.items())],
              **to_builtins(done.card)})  # fmt: skip
    elif done.card.validation:
        table(f"Exact spans, {done.card.validation_documents} documents of the validation split",
              ("label", "precision", "recall", "F1"),
              [(one.label, *map(_shown, (one.precision, one.recall, one.f1)))
               for one in done.card.validation])  # fmt: skip
    for (label, reason), count in sorted(done.left_out.items()):
        say(f"{count:,} {label} did not teach: {reason}")
    if not done.card.validation:
        say("no document of the validation split has a reading: how good the model is, is undefined")
    say(f"{'wrote' if done.changed else 'nothing changed:'} {done.folder}: learnt {', '.join(done.card.labels)} "
        f"from {done.card.readings}, {done.documents:,} documents")  # fmt: skip


def _shown(score: float | None) -> str:
    return "undefined" if score is None else f"{score:.3f}"
