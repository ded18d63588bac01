"""How good predictions are: precision, recall and F1 by label, bounds and attributes on mentions that match.

*exact* is the same label on the same span. *overlap* pairs mentions of a label that share a code point, each at most
once, as many as there can be. What is summed and how intervals come about is the rule of ``agreement.bootstrap``.

A text that a suggester has learnt from is not measured. Labels that the reference marks nowhere are not measured
either: nobody looked for them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from sayso.agreement.bootstrap import Figure, Resampled, Sums, estimate, ratio
from sayso.agreement.matching import overlapping, same
from sayso.checks.scheme import COUNT, LOWER, UPPER
from sayso.records import Document, Mention
from sayso.schema import Schema
from sayso.suggest.predictions import Prediction
from sayso.suggest.references import Reference

ALL = "all"
PREDICTED, WANTED, RIGHT, EQUAL = "predicted", "wanted", "right", "equal"
WAYS = ("exact", "overlap")
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
        unmarked: predicted mentions with a label that the reference marks nowhere, by label.
    """

    documents: int = 0
    missing: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    labels: list[str] = field(default_factory=list)
    unmarked: Counter[str] = field(default_factory=Counter)
    figures: list[Figure] = field(default_factory=list)

    def figure(self, group: str, subject: str, measure: str) -> Figure | None:
        """One of the figures."""
        name = f"{group}.{subject}.{measure}"
        return next((figure for figure in self.figures if figure.name == name), None)


def evaluate(reference: Reference, predict: Predict, schema: Schema, advance: Advance = lambda _: None) -> Evaluation:
    """Measure what ``predict`` says of each document of the reference."""
    found, sums = Evaluation(), Sums[Key]()
    wanted: Counter[str] = Counter()
    predicted: Counter[str] = Counter()
    for document, mentions in reference:
        advance(1)
        prediction = predict(document)
        if prediction is None or prediction.seen_by:
            found.missing += prediction is None
            found.seen.update(prediction.seen_by if prediction else ())
            continue
        found.documents += 1
        wanted.update(mention.label for mention in mentions)
        predicted.update(mention.label for mention in prediction.mentions)
        sums.add(_statistics(mentions, prediction.mentions))
    found.labels = [label for label in schema.labels if wanted[label]]
    found.unmarked = Counter({label: n for label, n in predicted.items() if not wanted[label]})
    found.figures = list(_figures(sums.resampled(), found.labels, schema))
    return found


def _statistics(wanted: Sequence[Mention], predicted: Sequence[Mention]) -> Counter[Key]:
    """What one document gives, for each label; labels are added up later, when it is known which there are."""
    counts: Counter[Key] = Counter()
    for name, mentions in ((WANTED, wanted), (PREDICTED, predicted)):
        counts.update((name, mention.label) for mention in mentions)
    pairs = overlapping(wanted, predicted)
    counts.update((RIGHT, "exact", mention.label) for mention, _other in same(wanted, predicted))
    counts.update((RIGHT, "overlap", mention.label) for mention, _other in pairs)
    for right, guess in pairs:
        counts.update(_answers(right, guess))
    return counts


def _answers(right: Mention, guess: Mention) -> Iterator[Key]:
    """What is compared of two mentions that match: values that both give, and the bounds of a count together."""
    for name, value in right.attributes.items():
        if name in guess.attributes and not (right.label == COUNT and name in (LOWER, UPPER)):
            yield WANTED, right.label, name
            if guess.attributes[name] == value:
                yield EQUAL, right.label, name
    if right.label == COUNT and {LOWER, UPPER} & right.attributes.keys():
        yield WANTED, COUNT, BOUNDS
        if _bounds(right) == _bounds(guess):
            yield EQUAL, COUNT, BOUNDS


def _bounds(count: Mention) -> tuple[object, object]:
    return count.attributes.get(LOWER), count.attributes.get(UPPER)


def _figures(drawn: Resampled[Key], labels: Sequence[str], schema: Schema) -> Iterator[Figure]:
    for way in WAYS:
        for subject, members in [*((label, [label]) for label in labels), (ALL, list(labels))]:
            yield from _scores(drawn, way, subject, members)
    for label in labels:
        names = [name for name in schema.labels[label].attributes if label != COUNT or name not in (LOWER, UPPER)]
        for name in [*names, *([BOUNDS] if label == COUNT else [])]:
            yield _accuracy(drawn, label, name)


def _scores(drawn: Resampled[Key], way: str, subject: str, labels: Sequence[str]) -> Iterator[Figure]:
    predicted, wanted = (
        _sum(drawn, [(PREDICTED, label) for label in labels]),
        _sum(drawn, [(WANTED, label) for label in labels]),
    )
    right = _sum(drawn, [(RIGHT, way, label) for label in labels])
    documents = max((drawn.seen((WANTED, label)) for label in labels), default=0)
    for measure, part, whole, unit, why in (
        ("precision", right, predicted, "predicted mentions", "nothing was predicted"),
        ("recall", right, wanted, "mentions of the reference", "the reference has none"),
        ("f1", 2 * right, predicted + wanted, "mentions of both", "neither side has any"),
    ):
        n = round(float(whole[0]))
        yield estimate((way, subject, measure), ratio(part, whole), n, unit, documents, why).figure


def _sum(drawn: Resampled[Key], keys: Iterable[Key]):  # type: ignore[no-untyped-def]
    return sum((drawn[key] for key in keys), 0 * drawn[("nothing",)])


def _accuracy(drawn: Resampled[Key], label: str, name: str) -> Figure:
    key = (WANTED, label, name)
    values = ratio(drawn[EQUAL, label, name], drawn[key])
    why = "no matching mention has it on both sides"
    return estimate(("attributes", f"{label}.{name}", "accuracy"), values, drawn.total(key), "matched mentions",
                    drawn.seen(key), why).figure  # fmt: skip
