"""Attributes of mentions that overlap: how often two annotators chose the same, beyond what chance would give.

A closed attribute has three figures: agreement as it is, Krippendorff's alpha (nominal, or ordinal where the schema
says that the values stand in order), and Gwet's AC1, which does not fall where nearly all have one value. Beside them
each value has its own: how often, where one chose it, the other did too. An attribute in free words or numbers is
only compared for equality.

Where one side has no value and the other has, that is a value of its own; order knows no place for it, so an ordinal
alpha leaves it out. Where neither has one there is nothing to compare.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, combinations

import numpy as np

from sayso.agreement.annotation_pairs import AgreementSums, AnnotationPair, DocumentStatistics
from sayso.agreement.bootstrap import Estimate, SampledValues, estimate, ratio
from sayso.checks.schema_checks import COUNT, LOWER, UPPER
from sayso.models import AttributeValue
from sayso.schema.declarations import Attribute, Schema

GROUP = "attributes"
NO_VALUE = "(none)"
_SAME, _ABSENT, _COMPARED, _CHOSEN = "same", "absent", "compared", "chosen"
UNIT = "matched mentions"
_NOTHING_MATCHED = "no mention that both marked has it"

ComparedAttributes = dict[str, dict[str, Attribute]]
"""The attributes that are compared, by label and name; bounds of counts are compared with each other elsewhere."""


def select_attributes(schema: Schema, labels: Iterable[str]) -> ComparedAttributes:
    """What is compared of mentions with these labels."""
    return {
        label: {
            name: attribute
            for name, attribute in schema.labels[label].attributes.items()
            if label != COUNT or name not in (LOWER, UPPER)
        }
        for label in labels
        if label in schema.labels
    }


def count_attributes(
    into: DocumentStatistics, pairs: Iterable[AnnotationPair], compared: ComparedAttributes
) -> None:
    """What was chosen for mentions that two answers both have."""
    met = Counter(chain.from_iterable(_iterate_value_pairs(pair, compared) for pair in pairs))
    for (label, name, one, other), times in met.items():
        if one is None and other is None:
            continue
        subject = f"{label}.{name}"
        into[GROUP, subject, _COMPARED] += times
        into[GROUP, subject, _SAME] += times * (one == other)
        into[GROUP, subject, _ABSENT] += times * (one is None or other is None)
        if compared[label][name].is_closed:
            _count_value_pair(into, subject, _value_name(one), _value_name(other), times)


def _iterate_value_pairs(
    pair: AnnotationPair, compared: ComparedAttributes
) -> Iterator[tuple[str, str, AttributeValue | None, AttributeValue | None]]:
    for mine, theirs in pair.matched_mentions:
        one, other = mine.attributes, theirs.attributes
        for name in compared.get(mine.label, ()):
            yield mine.label, name, one.get(name), other.get(name)


def _count_value_pair(
    into: DocumentStatistics, subject: str, one: str, other: str, times: int
) -> None:
    into[GROUP, subject, _sort_pair(one, other)] += times
    for value in (one, other):
        into[GROUP, f"{subject}={value}", _CHOSEN] += times


def _value_name(value: AttributeValue | None) -> str:
    return NO_VALUE if value is None else str(value)


def _sort_pair(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one <= other else (other, one)


def estimate_attributes(sums: AgreementSums, compared: ComparedAttributes) -> Iterator[Estimate]:
    """The figures of each attribute, and of each value of those that are closed."""
    for label, attributes in compared.items():
        for name, attribute in attributes.items():
            subject = f"{label}.{name}"
            yield _estimate_attribute(
                sums,
                subject,
                "agreement",
                ratio(sums[GROUP, subject, _SAME], _compared_counts(sums, subject)),
            )
            if attribute.is_closed:
                yield from _estimate_closed(sums, subject, attribute)


def _compared_counts(sums: AgreementSums, subject: str) -> SampledValues:
    return sums[GROUP, subject, _COMPARED]


def _estimate_attribute(
    sums: AgreementSums,
    subject: str,
    measure: str,
    values: SampledValues,
    reason: str = _NOTHING_MATCHED,
) -> Estimate:
    key = (GROUP, subject, _COMPARED)
    n = sums.total(key)
    return estimate(
        (GROUP, subject, measure),
        values,
        n,
        UNIT,
        sums.count_documents(key),
        reason if n else _NOTHING_MATCHED,
    )


def count_missing_values(sums: AgreementSums, subject: str) -> int:
    """Where one side had no value and the other had."""
    return sums.total((GROUP, subject, _ABSENT))


def _estimate_closed(sums: AgreementSums, subject: str, attribute: Attribute) -> Iterator[Estimate]:
    known = [*attribute.values]
    strange = sorted(
        {value for value in _iterate_values(sums, subject) if value not in attribute.values}
    )
    table = _coincidence_table(sums, subject, [*known, *strange])
    ordinal = attribute.kind == "ordinal"
    chosen = table[: len(known), : len(known)] if ordinal else table
    values = krippendorff_alpha(chosen, ordinal=ordinal)
    yield _estimate_attribute(sums, subject, "alpha", values, "only one value was chosen")
    yield _estimate_attribute(
        sums, subject, "ac1", gwet_ac1(table), "there is but one value to choose"
    )
    for number, value in enumerate([*known, *strange]):
        yield _estimate_value(sums, f"{subject}={value}", table, number)


def _iterate_values(sums: AgreementSums, subject: str) -> Iterator[str]:
    for key in sums.columns:
        if isinstance(key, tuple) and key[:2] == (GROUP, subject) and isinstance(key[2], tuple):
            yield from key[2]


def _coincidence_table(sums: AgreementSums, subject: str, values: Sequence[str]) -> SampledValues:
    """How often two values met: an array of (value, value, drawing), the same both ways round.

    A pair of annotators counts in both ways round, so that the whole is twice as many as were compared.
    """
    table: SampledValues = np.zeros((len(values), len(values), sums.sums.shape[1]))
    for i, one in enumerate(values):
        table[i, i] = 2 * sums[GROUP, subject, (one, one)]
        for j in range(i):
            table[i, j] = table[j, i] = sums[GROUP, subject, _sort_pair(one, values[j])]
    return table


def krippendorff_alpha(table: SampledValues, *, ordinal: bool = False) -> SampledValues:
    """Krippendorff's alpha of coincidences, an array of (value, value, drawing); order is that of the values.

    Not a number where only one value was chosen.
    """
    chosen = table.sum(axis=1)
    total = chosen.sum(axis=0)
    observed, expected = 0 * total, 0 * total
    for i, j in combinations(range(len(table)), 2):
        apart = _ordinal_distance(chosen, i, j) if ordinal else 1.0
        observed = observed + apart * table[i, j]
        expected = expected + apart * chosen[i] * chosen[j]
    return 1 - ratio((total - 1) * observed, expected)


def _ordinal_distance(chosen: SampledValues, i: int, j: int) -> SampledValues:
    """The ordinal metric: how many choices lie between two values, half of those at the ends counted, squared."""
    between: SampledValues = chosen[i : j + 1].sum(axis=0) - (chosen[i] + chosen[j]) / 2
    return between**2


def gwet_ac1(table: SampledValues) -> SampledValues:
    """Gwet's AC1 of the same: chance is that of choosing at random, as often as the values are hard to tell apart."""
    chosen = table.sum(axis=1)
    total = chosen.sum(axis=0)
    same = ratio(sum((table[i, i] for i in range(len(table))), 0 * total), total)
    if len(table) < 2:
        return same * np.nan
    share = [ratio(each, total) for each in chosen]
    chance = sum((each * (1 - each) for each in share), 0 * total) / (len(table) - 1)
    return ratio(same - chance, 1 - chance)


def _estimate_value(sums: AgreementSums, subject: str, table: SampledValues, row: int) -> Estimate:
    key = (GROUP, subject, _CHOSEN)
    values = ratio(table[row, row], table[row].sum(axis=0))
    name = (GROUP, subject, "agreement")
    return estimate(
        name, values, sums.total(key), "choices", sums.count_documents(key), "nobody chose it"
    )
