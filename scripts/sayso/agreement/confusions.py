"""Confusion matrices: how often two annotators chose each pair of values, or of labels.

The matrix of an attribute is over mentions that both marked with one label; that of labels over
spans that both marked exactly. Neither of two annotators is right, so that the matrices are
symmetric: a pair counts in both of its cells, and on the diagonal once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from sayso.agreement.annotation_pairs import AnnotationPair
from sayso.agreement.attribute_agreement import ComparedAttributes
from sayso.agreement.attribute_distances import NO_VALUE
from sayso.models import AttributeValue, Mention, format_value
from sayso.schema.declarations import Attribute

LABELS = "labels"


class ConfusionMatrix(Struct, frozen=True, kw_only=True):
    """A count of each pair of values that two annotators chose.

    Attributes:
        subject: ``labels``, an attribute such as ``Actor.type``, or a question.
        counts: a row and a column for each of the values.
    """

    subject: str
    values: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    def list_confusions(self) -> list[tuple[str, str, int]]:
        """Return the pairs of different values with their counts, most frequent first."""
        found = [
            (self.values[row], self.values[column], count)
            for row, counts in enumerate(self.counts)
            for column, count in enumerate(counts)
            if column > row and count
        ]
        return sorted(found, key=lambda each: -each[2])


class ConfusionCounts:
    """Counts of values that two annotators chose, of all pairs of annotations so far."""

    def __init__(self, attributes: ComparedAttributes, questions: dict[str, Attribute]) -> None:
        self._attributes, self._questions = attributes, questions
        self._counts: Counter[tuple[str, str, str]] = Counter()

    def add(self, pair: AnnotationPair) -> None:
        """Count what two annotations of one document have."""
        for mine, theirs in pair.matched_mentions:
            for name, attribute in self._attributes.get(mine.label, {}).items():
                values = mine.attributes.get(name), theirs.attributes.get(name)
                if attribute.is_categorical and values != (None, None):
                    self._add(f"{mine.label}.{name}", *map(_show, values))
        for one, other in _pair_labels(pair):
            self._add(LABELS, one, other)
        for name, question in self._questions.items():
            values = (
                pair.one.annotation.answers.get(name),
                pair.other.annotation.answers.get(name),
            )
            if question.is_categorical and values != (None, None):
                self._add(name, *map(_show, values))

    def _add(self, subject: str, one: str, other: str) -> None:
        self._counts[subject, one, other] += 1
        if one != other:
            self._counts[subject, other, one] += 1

    def build_matrices(self, labels: Sequence[str]) -> Iterator[ConfusionMatrix]:
        """Yield a matrix for each subject that has any count, values in order of the schema."""
        subjects: dict[str, Iterable[str]] = {LABELS: labels}
        for label, attributes in self._attributes.items():
            subjects |= {f"{label}.{name}": each.values for name, each in attributes.items()}
        subjects |= {name: each.values for name, each in self._questions.items()}
        for subject, known in subjects.items():
            found = {one for counted, one, _other in self._counts if counted == subject}
            order = [*(value for value in known if value in found)]
            values = (*order, *sorted(found - {*order}))
            counts = tuple(
                tuple(self._counts[subject, one, other] for other in values) for one in values
            )
            if values:
                yield ConfusionMatrix(subject=subject, values=values, counts=counts)


def _show(value: AttributeValue | None) -> str:
    return NO_VALUE if value is None else format_value(value)


def _pair_labels(pair: AnnotationPair) -> Iterator[tuple[str, str]]:
    """Yield the labels of both annotators on the same span, equal labels first."""
    mine, theirs = (_labels_by_span(side.annotation.mentions) for side in (pair.one, pair.other))
    for span in mine.keys() & theirs.keys():
        common = mine[span] & theirs[span]
        yield from ((label, label) for label in common.elements())
        rest = (mine[span] - common).elements(), (theirs[span] - common).elements()
        yield from zip(*(sorted(each) for each in rest), strict=False)


def _labels_by_span(mentions: Iterable[Mention]) -> dict[tuple[int, int], Counter[str]]:
    found: dict[tuple[int, int], Counter[str]] = {}
    for mention in mentions:
        found.setdefault((mention.start, mention.end), Counter())[mention.label] += 1
    return found
