"""``sayso evaluate``: measure predictions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sayso.cli.options import filter_options
from sayso.cli.terminal import print_json, print_message, print_table, progress_bar

if TYPE_CHECKING:
    from sayso.agreement.jackknife import Figure
    from sayso.corpus.items import AnnotationFilter
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
    "names",
    multiple=True,
    metavar="NAME",
    help="Ask only this suggester; may be repeated.",
)
@click.option(
    "--against",
    default=GOLD,
    show_default=True,
    metavar="gold|FILE",
    help="The reference: gold, or JSON Lines with doc_id, text and spans or mentions.",
)
@click.option(
    "--map",
    "pairs",
    multiple=True,
    metavar="THEIRS=OURS",
    help="Our name of a label of FILE; THEIRS= leaves it out. May be repeated.",
)
@filter_options(programs=True)
@click.option("--json", "as_json", is_flag=True, help="Print every figure as one JSON object.")
@click.pass_obj
def command(
    root: Path | None,
    predictions: Path | None,
    names: tuple[str, ...],
    against: str,
    pairs: tuple[str, ...],
    selection: AnnotationFilter,
    as_json: bool,
) -> None:
    """Measure predictions: precision, recall and F1 for each label, with 95 % intervals.

    PREDICTIONS is a file of `sayso suggest`; without one the suggesters are asked on the texts
    themselves, in the order of --with. Mentions match exactly, or by overlap. What learns does so
    from the training split alone, of gold or of the annotations that --annotator selects, and no
    text that it has learnt from is measured.

    \b
    Examples:
      sayso evaluate
      sayso evaluate build/predictions.jsonl --json
      sayso evaluate --with numbers --with places
      sayso evaluate --with places --against theirs.jsonl --map GPE=Location --map PERSON=
    """
    from sayso.corpus.sources import CorpusFiles
    from sayso.errors import UsageError
    from sayso.formats.label_mapping import parse_label_map
    from sayso.schema.declarations import load_schema
    from sayso.settings import SCHEMA_FILE, find_checkout
    from sayso.suggest.evaluation import evaluate
    from sayso.suggest.prediction_sources import predict_by_suggesters, predict_from_file
    from sayso.suggest.reference_data import Reference
    from sayso.suggest.suggester_registry import select_suggesters
    from sayso.suggest.training_data import TrainingData, gold_or_annotators

    if predictions and names:
        what = "PREDICTIONS and --with are two sources of predictions"
        raise UsageError(what, remedy="choose one")
    checkout = find_checkout(root)
    corpus, schema = CorpusFiles(checkout.root), load_schema(checkout.root / SCHEMA_FILE)
    file = None if against == GOLD else Path(against)
    gold = replace(selection, kinds=frozenset({"gold"}), annotators=frozenset())
    reference = Reference(corpus, schema, file, gold, parse_label_map(pairs, None))
    if predictions:
        predict = predict_from_file(predictions)
    else:
        training_data = TrainingData(corpus, gold_or_annotators(selection))
        suggesters = select_suggesters(checkout, names, training_data, schema)
        predict = predict_by_suggesters(suggesters, schema)
    with progress_bar("measuring") as advance:
        found = evaluate(reference, predict, schema, advance)
    _print_result(found, reference, as_json)


def _print_result(found: Evaluation, reference: Reference, as_json: bool) -> None:
    from msgspec import to_builtins

    from sayso.agreement.jackknife import IntervalMethod

    if as_json:
        print_json(
            {
                "against": reference.description,
                "documents": found.documents,
                "missing": found.missing,
                "learnt_from": found.learnt_from,
                "labels": found.labels,
                "unsought": found.unsought,
                "excluded": [
                    {"label": label, "reason": reason, "mentions": count}
                    for (label, reason), count in sorted(reference.excluded.items())
                ],
                "interval": to_builtins(IntervalMethod()),
                "figures": to_builtins(found.figures),
            }
        )
    elif found.labels:
        _print_tables(found)
    _print_exclusions(found, reference)


def _print_tables(found: Evaluation) -> None:
    from sayso.agreement.agreement_tables import format_interval_notes
    from sayso.suggest.evaluation import ALL, MATCHINGS

    by_name = {figure.name: figure for figure in found.figures}
    for matching in MATCHINGS:
        rows = []
        for label in (*found.labels, ALL):
            scores = [
                by_name[f"{matching}.{label}.{measure}"]
                for measure in ("precision", "recall", "f1")
            ]
            rows.append(
                (label, f"{scores[1].n:,}", f"{scores[0].n:,}", *map(_format_figure, scores))
            )
        print_table(
            f"Spans, {matching}",
            ("label", "reference", "predicted", "precision", "recall", "F1"),
            rows,
        )
    compared = [figure for figure in found.figures if figure.group == "attributes" and figure.n]
    if compared:
        print_table(
            "Values that both give, on mentions that overlap",
            ("attribute", "mentions", "equal"),
            [(figure.subject, f"{figure.n:,}", _format_figure(figure)) for figure in compared],
        )
    for note in format_interval_notes(found.figures):
        print_message(note)


def _format_figure(figure: Figure) -> str:
    from sayso.agreement.agreement_tables import NO_INTERVAL

    if figure.value is None:
        return f"undefined: {figure.undefined}"
    if figure.low is None or figure.high is None:
        return f"{figure.value:.3f} {NO_INTERVAL}"
    return f"{figure.value:.3f} [{figure.low:.3f}, {figure.high:.3f}]"


def _print_exclusions(found: Evaluation, reference: Reference) -> None:
    print_message(f"{found.documents:,} documents measured against {reference.description}")
    for name, count in sorted(found.learnt_from.items()):
        what = "what it learns was" if found.unmeasured < count else "they were"
        print_message(f"{count:,} documents: {name} has learnt from them, so {what} not measured")
    if found.missing:
        print_message(f"{found.missing:,} documents not measured: there is no prediction for them")
    for label, count in sorted(found.unsought.items()):
        print_message(f"{count:,} predicted {label} not measured: nobody looked for any there")
    for (label, reason), count in sorted(reference.excluded.items()):
        print_message(f"{count:,} {label} of the reference not compared: it {reason}")
    if not found.documents:
        print_message("nothing could be measured: every figure is undefined")
