"""Agreement on the attributes of matched mentions, and on the bounds of numbers.

A closed attribute has observed agreement, Krippendorff's alpha (nominal, or ordinal where the
schema orders the values) and Gwet's AC1, which does not fall where nearly all mentions have one
value. Each of its values has the share of choices that the other annotator made, too. Free text and
numbers are only compared for equality.

A value that only one side has is compared with NO_VALUE, which the ordinal alpha leaves out: it has
no place in the order. Where neither side has a value, there is nothing to compare.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, combinations

import numpy as np

from sayso.agreement.annotation_pairs import AgreementSums, AnnotationPair, DocumentStatistics
from sayso.agreement.bootstrap import Estimate, SampledValues, estimate, estimate_share, ratio
from sayso.models import AttributeValue, Mention
from sayso.schema.declarations import Attribute, Schema

GROUP, BOUNDS_GROUP = "attributes", "bounds"
NO_VALUE = "(none)"
_SAME, _ABSENT, _COMPARED, _CHOSEN, _OVERLAPPING = "same", "absent", "compared", "chosen", "meet"
_NOTHING_MATCHED = "no mention that both marked has it"

ComparedAttributes = dict[str, dict[str, Attribute]]
"""The attributes to compare, by label and name."""


def select_attributes(schema: Schema, labels: Iterable[str]) -> ComparedAttributes:
    """Return the attributes to compare of these labels: all but bounds."""
    return {
        label: {
            name: attribute
            for name, attribute in schema.labels[label].attributes.items()
            if name not in (schema.labels[label].bounds or ())
        }
        for label in labels
        if label in schema.labels
    }


def count_attributes(
    into: DocumentStatistics, pairs: Iterable[AnnotationPair], compared: ComparedAttributes
) -> None:
    """Count the values of matched mentions."""
    value_pairs = Counter(
        chain.from_iterable(_iterate_value_pairs(pair, compared) for pair in pairs)
    )
    for (label, name, one, other), times in value_pairs.items():
        if one is None and other is None:
            continue
        subject = f"{label}.{name}"
        into[GROUP, subject, _COMPARED] += times
        into[GROUP, subject, _SAME] += times * (one == other)
        into[GROUP, subject, _ABSENT] += times * (one is None or other is None)
        if compared[label][name].is_closed:
            values = [NO_VALUE if value is None else str(value) for value in (one, other)]
            into[GROUP, subject, tuple(sorted(values))] += times
            for value in values:
                into[GROUP, f"{subject}={value}", _CHOSEN] += times


def _iterate_value_pairs(
    pair: AnnotationPair, compared: ComparedAttributes
) -> Iterator[tuple[str, str, AttributeValue | None, AttributeValue | None]]:
    for mine, theirs in pair.matched_mentions:
        one, other = mine.attributes, theirs.attributes
        for name in compared.get(mine.label, ()):
            yield mine.label, name, one.get(name), other.get(name)


def estimate_attributes(sums: AgreementSums, compared: ComparedAttributes) -> Iterator[Estimate]:
    """Yield the figures of each attribute, and of each value of the closed ones."""
    for label, attributes in compared.items():
        for name, attribute in attributes.items():
            subject = f"{label}.{name}"
            same = ratio(sums[GROUP, subject, _SAME], sums[GROUP, subject, _COMPARED])
            yield _estimate_attribute(sums, subject, "agreement", same)
            if attribute.is_closed:
                yield from _estimate_closed(sums, subject, attribute)


def _estimate_attribute(
    sums: AgreementSums,
    subject: str,
    measure: str,
    values: SampledValues,
    reason: str = _NOTHING_MATCHED,
) -> Estimate:
    key = (GROUP, subject, _COMPARED)
    n, documents = sums.total(key), sums.count_documents(key)
    reason = reason if n else _NOTHING_MATCHED
    return estimate((GROUP, subject, measure), values, n, "matched mentions", documents, reason)


def count_missing_values(sums: AgreementSums, subject: str) -> int:
    """Return how often one side had a value and the other had none."""
    return sums.total((GROUP, subject, _ABSENT))


def _estimate_closed(sums: AgreementSums, subject: str, attribute: Attribute) -> Iterator[Estimate]:
    known = [*attribute.values]
    unknown = sorted({value for value in _iterate_values(sums, subject) if value not in known})
    table = _coincidence_table(sums, subject, [*known, *unknown])
    ordinal = attribute.kind == "ordinal"
    alpha = krippendorff_alpha(
        table[: len(known), : len(known)] if ordinal else table, ordinal=ordinal
    )
    yield _estimate_attribute(sums, subject, "alpha", alpha, "only one value was chosen")
    ac1 = gwet_ac1(table)
    yield _estimate_attribute(sums, subject, "ac1", ac1, "there is but one value to choose")
    for row, value in enumerate([*known, *unknown]):
        key = (GROUP, f"{subject}={value}", _CHOSEN)
        values = ratio(table[row, row], table[row].sum(axis=0))
        name, documents = (GROUP, key[1], "agreement"), sums.count_documents(key)
        yield estimate(name, values, sums.total(key), "choices", documents, "nobody chose it")


def _iterate_values(sums: AgreementSums, subject: str) -> Iterator[str]:
    for key in sums.columns:
        if isinstance(key, tuple) and key[:2] == (GROUP, subject) and isinstance(key[2], tuple):
            yield from key[2]


def _coincidence_table(sums: AgreementSums, subject: str, values: Sequence[str]) -> SampledValues:
    """Return how often two values met: a symmetric array of (value, value, sample).

    Each pair counts in both orders, so the whole is twice the number of compared mentions.
    """
    table: SampledValues = np.zeros((len(values), len(values), sums.sums.shape[1]))
    for i, one in enumerate(values):
        table[i, i] = 2 * sums[GROUP, subject, (one, one)]
        for j in range(i):
            key = (GROUP, subject, tuple(sorted((one, values[j]))))
            table[i, j] = table[j, i] = sums[key]
    return table


def krippendorff_alpha(table: SampledValues, *, ordinal: bool = False) -> SampledValues:
    """Compute alpha of a coincidence table, by sample; NaN where only one value was chosen.

    Krippendorff, Content Analysis (2004), chapter 11:
    ``1 - (n - 1) * sum(o * d) / sum(n_i * n_j * d)``.

    Args:
        table: an array of (value, value, sample); for ``ordinal`` the values are in order.
    """
    chosen = table.sum(axis=1)
    total = chosen.sum(axis=0)
    observed, expected = 0 * total, 0 * total
    for i, j in combinations(range(len(table)), 2):
        distance = _ordinal_distance(chosen, i, j) if ordinal else 1.0
        observed = observed + distance * table[i, j]
        expected = expected + distance * chosen[i] * chosen[j]
    return 1 - ratio((total - 1) * observed, expected)


def _ordinal_distance(chosen: SampledValues, i: int, j: int) -> SampledValues:
    """Square the number of choices between two values, with half of those at both ends."""
    between: SampledValues = chosen[i : j + 1].sum(axis=0) - (chosen[i] + chosen[j]) / 2
    return between**2


def gwet_ac1(table: SampledValues) -> SampledValues:
    """Compute AC1 of a coincidence table, by sample; NaN where there is only one value.

    Gwet, "Computing inter-rater reliability and its variance in the presence of high agreement"
    (2008): chance agreement is ``sum(p * (1 - p)) / (values - 1)``.
    """
    chosen = table.sum(axis=1)
    total = chosen.sum(axis=0)
    same = ratio(sum((table[i, i] for i in range(len(table))), 0 * total), total)
    if len(table) < 2:
        return same * np.nan
    shares = [ratio(each, total) for each in chosen]
    chance = sum((share * (1 - share) for share in shares), 0 * total) / (len(table) - 1)
    return ratio(same - chance, 1 - chance)


def count_bounds(into: DocumentStatistics, pair: AnnotationPair, schema: Schema) -> None:
    """Count matched numbers with equal bounds, and those whose intervals share a number."""
    for mine, theirs in pair.matched_mentions:
        declared = schema.labels.get(mine.label)
        if declared and declared.bounds:
            one, other = (read_bounds(each, declared.bounds) for each in (mine, theirs))
            into[BOUNDS_GROUP, mine.label, _COMPARED] += 1
            into[BOUNDS_GROUP, mine.label, _SAME] += one == other
            overlap = max(one[0], other[0]) <= min(one[1], other[1])
            into[BOUNDS_GROUP, mine.label, _OVERLAPPING] += overlap


def read_bounds(mention: Mention, names: tuple[str, str]) -> tuple[float, float]:
    """Return the least and the greatest number that a mention allows.

    >>> seven = Mention(id="c", label="Sum", start=0, end=1, text="7", attributes={"least": 7})
    >>> read_bounds(seven, ("least", "most"))
    (7, inf)
    """
    lower, upper = (mention.attributes.get(name) for name in names)
    return (
        lower if isinstance(lower, int) else -math.inf,
        upper if isinstance(upper, int) else math.inf,
    )


def estimate_bounds(
    sums: AgreementSums, schema: Schema, labels: Iterable[str]
) -> Iterator[Estimate]:
    """Yield the share of matched numbers with equal bounds, and with overlapping intervals."""
    for label in labels:
        if label in schema.labels and schema.labels[label].bounds:
            whole = (BOUNDS_GROUP, label, _COMPARED)
            for measure, key in (("equal", _SAME), ("overlap", _OVERLAPPING)):
                name, part = (BOUNDS_GROUP, label, measure), (BOUNDS_GROUP, label, key)
                unit, none = f"matched mentions of {label}", f"no {label} that both marked"
                yield estimate_share(sums, name, part, whole, unit, none)
