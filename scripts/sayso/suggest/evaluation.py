"""How good predictions are: precision, recall and F1 by label, bounds and attributes on mentions that match.

*exact* is the same label on the same span. *overlap* pairs mentions of a label that share a code point, each at most
once, as many as there can be. What is summed and how intervals come about is the rule of ``agreement.bootstrap``.

A text that a suggester has learnt from is not measured. A label is measured where somebody looked for it: where the
pass that was answered shows it, and the reference marks it anywhere at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from sayso.agreement.bootstrap import (
    DocumentSums,
    Figure,
    ResampledSums,
    SampledValues,
    estimate,
    ratio,
)
from sayso.checks.schema_checks import COUNT, LOWER, UPPER
from sayso.matching import match_exact, match_overlapping
from sayso.models import Document, Mention
from sayso.schema.declarations import Schema
from sayso.suggest.prediction_records import Prediction
from sayso.suggest.reference_data import Reference

ALL = "all"
PREDICTED, REFERENCE, MATCHED, EQUAL = "predicted", "wanted", "right", "equal"
MATCHINGS = ("exact", "overlap")
BOUNDS = "bounds"

Key = tuple[str, ...]
Predict = Callable[[Document], Prediction | None]
Advance = Callable[[int], None]


@dataclass
class Evaluation:
    """What was measured.

    Attributes:
        documents: how many were compared.
        seen: how many were not, by the suggester that had learnt from them.
        missing: how many of the reference have no prediction.
        labels: those of the reference, in the schema's order.
        unmarked: predicted mentions with a label that nobody looked for, by label.
    """

    documents: int = 0
    missing: int = 0
    learnt_from: Counter[str] = field(default_factory=Counter)
    labels: list[str] = field(default_factory=list)
    unsought: Counter[str] = field(default_factory=Counter)
    figures: list[Figure] = field(default_factory=list)

    def figure(self, group: str, subject: str, measure: str) -> Figure | None:
        """One of the figures."""
        name = f"{group}.{subject}.{measure}"
        return next((figure for figure in self.figures if figure.name == name), None)


def evaluate(
    reference: Reference, predict: Predict, schema: Schema, advance: Advance = lambda _: None
) -> Evaluation:
    """Measure what ``predict`` says of each document of the reference."""
    found, sums = Evaluation(), DocumentSums[Key]()
    wanted: Counter[str] = Counter()
    predicted: Counter[str] = Counter()
    for document, mentions, looked_for in reference:
        advance(1)
        prediction = predict(document)
        if prediction is None or prediction.seen_by:
            found.missing += prediction is None
            found.learnt_from.update(prediction.seen_by if prediction else ())
            continue
        found.documents += 1
        wanted.update(mention.label for mention in mentions)
        said = [mention for mention in prediction.mentions if mention.label in looked_for]
        found.unsought.update(
            mention.label for mention in prediction.mentions if mention.label not in looked_for
        )
        predicted.update(mention.label for mention in said)
        sums.add(_count_document(mentions, said))
    found.labels = [label for label in schema.labels if wanted[label]]
    found.unsought.update({label: n for label, n in predicted.items() if not wanted[label]})
    found.figures = list(_build_figures(sums.resample(), found.labels, schema))
    return found


def _count_document(reference: Sequence[Mention], predicted: Sequence[Mention]) -> Counter[Key]:
    """What one document gives, for each label; labels are added up later, when it is known which there are."""
    counts: Counter[Key] = Counter()
    for name, mentions in ((REFERENCE, reference), (PREDICTED, predicted)):
        counts.update((name, mention.label) for mention in mentions)
    pairs = match_overlapping(reference, predicted)
    counts.update(
        (MATCHED, "exact", mention.label) for mention, _other in match_exact(reference, predicted)
    )
    counts.update((MATCHED, "overlap", mention.label) for mention, _other in pairs)
    for right, guess in pairs:
        counts.update(_compare_attributes(right, guess))
    return counts


def _compare_attributes(expected: Mention, predicted: Mention) -> Iterator[Key]:
    """What is compared of two mentions that match: values that both give, and the bounds of a count together."""
    for name, value in expected.attributes.items():
        if name in predicted.attributes and not (
            expected.label == COUNT and name in (LOWER, UPPER)
        ):
            yield REFERENCE, expected.label, name
            if predicted.attributes[name] == value:
                yield EQUAL, expected.label, name
    if expected.label == COUNT and {LOWER, UPPER} & expected.attributes.keys():
        yield REFERENCE, COUNT, BOUNDS
        if _bounds(expected) == _bounds(predicted):
            yield EQUAL, COUNT, BOUNDS


def _bounds(count: Mention) -> tuple[object, object]:
    return count.attributes.get(LOWER), count.attributes.get(UPPER)


def _build_figures(
    sums: ResampledSums[Key], labels: Sequence[str], schema: Schema
) -> Iterator[Figure]:
    for way in MATCHINGS:
        for subject, members in [*((label, [label]) for label in labels), (ALL, list(labels))]:
            yield from _build_scores(sums, way, subject, members)
    for label in labels:
        names = [
            name
            for name in schema.labels[label].attributes
            if label != COUNT or name not in (LOWER, UPPER)
        ]
        for name in [*names, *([BOUNDS] if label == COUNT else [])]:
            yield _build_accuracy(sums, label, name)


def _build_scores(
    sums: ResampledSums[Key], matching: str, subject: str, labels: Sequence[str]
) -> Iterator[Figure]:
    predicted, wanted = (
        _sum(sums, [(PREDICTED, label) for label in labels]),
        _sum(sums, [(REFERENCE, label) for label in labels]),
    )
    right = _sum(sums, [(MATCHED, matching, label) for label in labels])
    documents = max((sums.count_documents((REFERENCE, label)) for label in labels), default=0)
    for measure, part, whole, unit, why in (
        ("precision", right, predicted, "predicted mentions", "nothing was predicted"),
        ("recall", right, wanted, "mentions of the reference", "the reference has none"),
        ("f1", 2 * right, predicted + wanted, "mentions of both", "neither side has any"),
    ):
        n = round(float(whole[0]))
        yield estimate(
            (matching, subject, measure), ratio(part, whole), n, unit, documents, why
        ).figure


def _sum(sums: ResampledSums[Key], keys: Iterable[Key]) -> SampledValues:
    return sum((sums[key] for key in keys), 0 * sums["nothing",])


def _build_accuracy(sums: ResampledSums[Key], label: str, name: str) -> Figure:
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
