"""``sayso evaluate``: how good predictions are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sayso.cli.terminal import emit, progress, say, table

if TYPE_CHECKING:
    from sayso.agreement.bootstrap import Figure
    from sayso.suggest.evaluating import Evaluation
    from sayso.suggest.references import Reference

GOLD = "gold"


@click.command(short_help="Measure predictions against gold or somebody's file.")
@click.argument("predictions", required=False, metavar="[PREDICTIONS]",
                type=click.Path(path_type=Path, exists=True, dir_okay=False))  # fmt: skip
@click.option("--with", "named", multiple=True, metavar="NAME", help="Ask only this suggester; may be repeated.")
@click.option("--against", default=GOLD, show_default=True, metavar="gold|FILE",
              help="What is right: gold, or JSON Lines with doc_id, text and spans or mentions.")  # fmt: skip
@click.option("--map", "renamed", multiple=True, metavar="THEIRS=OURS",
              help="A label of FILE in the schema's words, nothing to leave it out; may be repeated.")  # fmt: skip
@click.option(
    "--campaign", metavar="NAME", help="Only the gold of this campaign, to learn from and to measure against."
)
@click.option("--annotator", metavar="NAME", help="Learn names from this annotator's answers instead of gold.")
@click.option("--json", "as_json", is_flag=True, help="Print every figure as one JSON object.")
@click.pass_obj
def command(
    root: Path | None, predictions: Path | None, named: tuple[str, ...], against: str, renamed: tuple[str, ...],
    campaign: str | None, annotator: str | None, as_json: bool,
) -> None:  # fmt: skip
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
    from sayso.errors import UsageError
    from sayso.schema import load
    from sayso.settings import MARK, find_instance
    from sayso.store import Corpus
    from sayso.suggest import measured
    from sayso.suggest.chosen import suggesters
    from sayso.suggest.evaluating import evaluate
    from sayso.suggest.learning import Lessons
    from sayso.suggest.references import Reference
    from sayso.suggest.references import renamed as labels

    if predictions and named:
        raise UsageError("PREDICTIONS and --with are two sources of predictions", remedy="choose one")
    instance = find_instance(root)
    corpus, schema = Corpus(instance.root), load(instance.root / MARK)
    file = None if against == GOLD else Path(against)
    reference = Reference(corpus, schema, file, campaign, labels(renamed, schema))
    predict = measured.of_file(predictions) if predictions else measured.of_suggesters(
        suggesters(instance, named, Lessons(corpus, campaign, annotator)), schema)  # fmt: skip
    with progress("measuring") as advance:
        found = evaluate(reference, predict, schema, advance)
    _print(found, reference, as_json)


def _print(found: Evaluation, reference: Reference, as_json: bool) -> None:
    from msgspec import to_builtins

    if as_json:
        emit({"against": reference.told, "documents": found.documents, "missing": found.missing, "seen": found.seen,
              "labels": found.labels, "unmarked": found.unmarked,
              "left_out": [{"label": label, "reason": reason, "mentions": n}
                           for (label, reason), n in sorted(reference.left_out.items())],
              "figures": to_builtins(found.figures)})  # fmt: skip
    elif found.labels:
        _tables(found)
    _tell(found, reference)


def _tables(found: Evaluation) -> None:
    from sayso.suggest.evaluating import ALL, WAYS

    by_name = {figure.name: figure for figure in found.figures}
    for way in WAYS:
        rows = []
        for label in (*found.labels, ALL):
            scores = [by_name[f"{way}.{label}.{measure}"] for measure in ("precision", "recall", "f1")]
            rows.append((label, f"{scores[1].n:,}", f"{scores[0].n:,}", *map(_shown, scores)))
        table(f"Spans, {way}", ("label", "reference", "predicted", "precision", "recall", "F1"), rows)
    answers = [figure for figure in found.figures if figure.group == "attributes" and figure.n]
    if answers:
        table("Values that both give, on mentions that overlap", ("attribute", "mentions", "equal"),
              [(figure.subject, f"{figure.n:,}", _shown(figure)) for figure in answers])  # fmt: skip


def _shown(figure: Figure) -> str:
    if figure.value is None:
        return f"undefined: {figure.undefined}"
    between = f" [{figure.low:.3f}, {figure.high:.3f}]" if figure.low is not None else ""
    return f"{figure.value:.3f}{between}"


def _tell(found: Evaluation, reference: Reference) -> None:
    say(f"{found.documents:,} documents measured against {reference.told}")
    for name, count in sorted(found.seen.items()):
        say(f"{count:,} documents not measured: {name} has learnt from them")
    if found.missing:
        say(f"{found.missing:,} documents not measured: there is no prediction for them")
    for label, count in sorted(found.unmarked.items()):
        say(f"{count:,} predicted {label} not measured: nobody looked for any there")
    for (label, reason), count in sorted(reference.left_out.items()):
        say(f"{count:,} {label} of the reference not compared: it {reason}")
    if not found.documents:
        say("nothing could be measured: every figure is undefined")
