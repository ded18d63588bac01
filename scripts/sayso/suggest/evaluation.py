"""Measure predictions: precision, recall and F1 by label, attributes where mentions match.

*exact* is the same label on the same span. *overlap* pairs mentions of a label that share a code
point, each at most once, as many as there can be. What is summed and how intervals come about is
the rule of ``agreement.jackknife``.

A label that a suggester has learnt from a text is not measured there. A label is measured where
somebody looked for it: where the pass that was answered shows it, and the reference marks it
anywhere at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from sayso.agreement.jackknife import (
    DocumentSums,
    Figure,
    JackknifeSums,
    JackknifeValues,
    estimate,
    ratio,
)
from sayso.agreement.twins import TwinSide, assign_twins
from sayso.callbacks import Advance
from sayso.matching import match_exact, match_overlapping
from sayso.models import Document, Mention
from sayso.schema.declarations import Schema
from sayso.suggest.prediction_records import Prediction
from sayso.suggest.reference_data import Reference

ALL = "all"
PREDICTED, REFERENCE, MATCHED, EQUAL = "predicted", "wanted", "right", "equal"
MATCHINGS = ("exact", "overlap")
BOUNDS = "bounds"

_GIVE_WHAT_THEY_LEARN = {"names", "model"}
"""Suggesters that suggest no label but those that they learn."""

Key = tuple[str, ...]
Predict = Callable[[Document], Prediction | None]


@dataclass
class Evaluation:
    """The figures, and the documents and mentions behind them.

    Attributes:
        documents: how many were compared.
        missing: how many of the reference have no prediction.
        learnt_from: documents that a suggester had learnt from, by suggester; the labels that it
            learns were not compared there.
        unmeasured: documents that all suggesters had learnt from.
        labels: those of the reference, in the schema's order.
        unsought: predicted mentions with a label that nobody looked for, by label.
    """

    documents: int = 0
    missing: int = 0
    unmeasured: int = 0
    learnt_from: Counter[str] = field(default_factory=Counter)
    labels: list[str] = field(default_factory=list)
    unsought: Counter[str] = field(default_factory=Counter)
    figures: list[Figure] = field(default_factory=list)


def evaluate(
    reference: Reference, predict: Predict, schema: Schema, advance: Advance = lambda _: None
) -> Evaluation:
    """Measure the predictions for each document of the reference."""
    found, sums = Evaluation(), DocumentSums[Key]()
    expected: Counter[str] = Counter()
    predicted: Counter[str] = Counter()
    for document, mentions, sought in reference:
        advance(1)
        prediction = predict(document)
        if prediction is None:
            found.missing += 1
            continue
        found.learnt_from.update(prediction.seen_by)
        learnt = find_learnt_labels(prediction, schema)
        asked = {each.suggester for each in prediction.made_with}
        seen_by = {*prediction.seen_by} & _GIVE_WHAT_THEY_LEARN
        if learnt >= schema.labels.keys() or (learnt and asked <= seen_by):
            found.unmeasured += 1
            continue
        found.documents += 1
        expected_here = [mention for mention in mentions if mention.label not in learnt]
        compared = [m for m in prediction.mentions if m.label in sought and m.label not in learnt]
        expected.update(mention.label for mention in expected_here)
        predicted.update(mention.label for mention in compared)
        found.unsought.update(m.label for m in prediction.mentions if m.label not in sought)
        sums.add(_count_document(expected_here, compared, schema))
    found.labels = [label for label in schema.labels if expected[label]]
    found.unsought.update({label: n for label, n in predicted.items() if not expected[label]})
    found.figures = list(_build_figures(sums.leave_out(), found.labels, schema))
    return found


def find_learnt_labels(prediction: Prediction, schema: Schema) -> frozenset[str]:
    """Return the labels that suggesters may have learnt from a document that they have seen.

    One that does not say which may have learnt all.
    """
    learns = {each.suggester: each.learns for each in prediction.made_with}
    found: set[str] = set()
    for by in prediction.seen_by:
        labels = learns.get(by)
        found.update(schema.labels if labels is None else labels)
    return frozenset(found)


def _count_document(
    reference: Sequence[Mention], predicted: Sequence[Mention], schema: Schema
) -> Counter[Key]:
    """Count one document, label by label."""
    counts: Counter[Key] = Counter()
    for name, mentions in ((REFERENCE, reference), (PREDICTED, predicted)):
        counts.update((name, mention.label) for mention in mentions)
    exact, overlapping = match_exact(reference, predicted), match_overlapping(reference, predicted)
    for matching, pairs in zip(MATCHINGS, (exact, overlapping), strict=True):
        counts.update((MATCHED, matching, mention.label) for mention, _other in pairs)
    sides = TwinSide(reference, ()), TwinSide(predicted, ())
    for mention, other in assign_twins(overlapping, *sides):
        counts.update(_compare_attributes(mention, other, schema))
    return counts


def _compare_attributes(expected: Mention, predicted: Mention, schema: Schema) -> Iterator[Key]:
    """Yield the keys of values that both mentions give; bounds go together."""
    for name in _compared_attributes(expected.label, expected.attributes, schema):
        if name in predicted.attributes:
            yield REFERENCE, expected.label, name
            if predicted.attributes[name] == expected.attributes[name]:
                yield EQUAL, expected.label, name
    bounds = _find_bounds(expected.label, schema)
    if not expected.attributes.keys().isdisjoint(bounds):
        yield REFERENCE, expected.label, BOUNDS
        if all(expected.attributes.get(n) == predicted.attributes.get(n) for n in bounds):
            yield EQUAL, expected.label, BOUNDS


def _find_bounds(label: str, schema: Schema) -> tuple[str, ...]:
    declared = schema.labels.get(label)
    return (declared.bounds if declared else None) or ()


def _compared_attributes(label: str, names: Iterable[str], schema: Schema) -> list[str]:
    bounds = _find_bounds(label, schema)
    return [name for name in names if name not in bounds]


def _build_figures(
    sums: JackknifeSums[Key], labels: Sequence[str], schema: Schema
) -> Iterator[Figure]:
    subjects = [*((label, [label]) for label in labels), (ALL, list(labels))]
    for matching in MATCHINGS:
        for subject, members in subjects:
            yield from _build_scores(sums, matching, subject, members)
    for label in labels:
        names = _compared_attributes(label, schema.labels[label].attributes, schema)
        for name in [*names, *([BOUNDS] if schema.labels[label].bounds else [])]:
            yield _build_accuracy(sums, label, name)


def _build_scores(
    sums: JackknifeSums[Key], matching: str, subject: str, labels: Sequence[str]
) -> Iterator[Figure]:
    matched = _sum(sums, [(MATCHED, matching, label) for label in labels])
    for measure, times, sides, unit, why_undefined in (
        ("precision", 1, [PREDICTED], "predicted mentions", "nothing was predicted"),
        ("recall", 1, [REFERENCE], "mentions of the reference", "the reference has none"),
        ("f1", 2, [PREDICTED, REFERENCE], "mentions of both", "neither side has any"),
    ):
        keys = [(side, label) for side in sides for label in labels]
        whole, documents = _sum(sums, keys), max(map(sums.count_documents, keys), default=0)
        name, n = (matching, subject, measure), round(float(whole[0]))
        values = ratio(times * matched, whole)
        yield estimate(name, values, n, unit, documents, why_undefined).figure


def _sum(sums: JackknifeSums[Key], keys: Iterable[Key]) -> JackknifeValues:
    return sum((sums[key] for key in keys), 0 * sums["nothing",])


def _build_accuracy(sums: JackknifeSums[Key], label: str, name: str) -> Figure:
    key = (REFERENCE, label, name)
    values = ratio(sums[EQUAL, label, name], sums[key])
    why = "no matching mention has it on both sides"
    return estimate(
        ("attributes", f"{label}.{name}", "accuracy"),
        values,
        sums.total(key),
        "matched mentions",
        sums.count_documents(key),
        why,
    ).figure
