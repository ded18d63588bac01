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

from sayso.agreement.bootstrap import Estimate, Values, estimate, ratio
from sayso.agreement.marked import Pair, Statistics, Sums
from sayso.checks.scheme import COUNT, LOWER, UPPER
from sayso.records import Value
from sayso.schema import Attribute, Schema

GROUP = "attributes"
MISSING = "(none)"
_SAME, _ABSENT, _COMPARED, _CHOSEN = "same", "absent", "compared", "chosen"
UNIT = "matched mentions"
_NOTHING = "no mention that both marked has it"

Asked = dict[str, dict[str, Attribute]]
"""The attributes that are compared, by label and name; bounds of counts are compared with each other elsewhere."""


def asked(schema: Schema, labels: Iterable[str]) -> Asked:
    """What is compared of mentions with these labels."""
    return {
        label: {
            name: attribute for name, attribute in schema.labels[label].attributes.items()
            if label != COUNT or name not in (LOWER, UPPER)
        }
        for label in labels if label in schema.labels
    }  # fmt: skip


def count(into: Statistics, pairs: Iterable[Pair], compared: Asked) -> None:
    """What was chosen for mentions that two answers both have."""
    met = Counter(chain.from_iterable(_met(pair, compared) for pair in pairs))
    for (label, name, one, other), times in met.items():
        if one is None and other is None:
            continue
        subject = f"{label}.{name}"
        into[GROUP, subject, _COMPARED] += times
        into[GROUP, subject, _SAME] += times * (one == other)
        into[GROUP, subject, _ABSENT] += times * (one is None or other is None)
        if compared[label][name].closed:
            _count_values(into, subject, _name(one), _name(other), times)


def _met(pair: Pair, compared: Asked) -> Iterator[tuple[str, str, Value | None, Value | None]]:
    for mine, theirs in pair.matched:
        one, other = mine.attributes, theirs.attributes
        for name in compared.get(mine.label, ()):
            yield mine.label, name, one.get(name), other.get(name)


def _count_values(into: Statistics, subject: str, one: str, other: str, times: int) -> None:
    into[GROUP, subject, _sorted(one, other)] += times
    for value in (one, other):
        into[GROUP, f"{subject}={value}", _CHOSEN] += times


def _name(value: Value | None) -> str:
    return MISSING if value is None else str(value)


def _sorted(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one <= other else (other, one)


def figures(sums: Sums, compared: Asked) -> Iterator[Estimate]:
    """The figures of each attribute, and of each value of those that are closed."""
    for label, attributes in compared.items():
        for name, attribute in attributes.items():
            subject = f"{label}.{name}"
            yield _estimate(sums, subject, "agreement", ratio(sums[GROUP, subject, _SAME], _compared(sums, subject)))
            if attribute.closed:
                yield from _closed(sums, subject, attribute)


def _compared(sums: Sums, subject: str) -> Values:
    return sums[GROUP, subject, _COMPARED]


def _estimate(sums: Sums, subject: str, measure: str, values: Values, why: str = _NOTHING) -> Estimate:
    key = (GROUP, subject, _COMPARED)
    n = sums.total(key)
    return estimate((GROUP, subject, measure), values, n, UNIT, sums.seen(key), why if n else _NOTHING)


def missing(sums: Sums, subject: str) -> int:
    """Where one side had no value and the other had."""
    return sums.total((GROUP, subject, _ABSENT))


def _closed(sums: Sums, subject: str, attribute: Attribute) -> Iterator[Estimate]:
    known = [*attribute.values]
    strange = sorted({value for value in _found(sums, subject) if value not in attribute.values})
    table = _table(sums, subject, [*known, *strange])
    ordinal = attribute.kind == "ordinal"
    chosen = table[: len(known), : len(known)] if ordinal else table
    values = alpha(chosen, ordinal=ordinal)
    yield _estimate(sums, subject, "alpha", values, "only one value was chosen")
    yield _estimate(sums, subject, "ac1", ac1(table), "there is but one value to choose")
    for number, value in enumerate([*known, *strange]):
        yield _of_value(sums, f"{subject}={value}", table, number)


def _found(sums: Sums, subject: str) -> Iterator[str]:
    for key in sums.columns:
        if isinstance(key, tuple) and key[:2] == (GROUP, subject) and isinstance(key[2], tuple):
            yield from key[2]


def _table(sums: Sums, subject: str, values: Sequence[str]) -> Values:
    """How often two values met: an array of (value, value, drawing), the same both ways round.

    A pair of annotators counts in both ways round, so that the whole is twice as many as were compared.
    """
    table: Values = np.zeros((len(values), len(values), sums.sums.shape[1]))
    for i, one in enumerate(values):
        table[i, i] = 2 * sums[GROUP, subject, (one, one)]
        for j in range(i):
            table[i, j] = table[j, i] = sums[GROUP, subject, _sorted(one, values[j])]
    return table


def alpha(table: Values, *, ordinal: bool = False) -> Values:
    """Krippendorff's alpha of coincidences, an array of (value, value, drawing); order is that of the values.

    Not a number where only one value was chosen.
    """
    chosen = table.sum(axis=1)
    total = chosen.sum(axis=0)
    observed, expected = 0 * total, 0 * total
    for i, j in combinations(range(len(table)), 2):
        apart = _apart(chosen, i, j) if ordinal else 1.0
        observed = observed + apart * table[i, j]
        expected = expected + apart * chosen[i] * chosen[j]
    return 1 - ratio((total - 1) * observed, expected)


def _apart(chosen: Values, i: int, j: int) -> Values:
    """The ordinal metric: how many choices lie between two values, half of those at the ends counted, squared."""
    between: Values = chosen[i : j + 1].sum(axis=0) - (chosen[i] + chosen[j]) / 2
    return between**2


def ac1(table: Values) -> Values:
    """Gwet's AC1 of the same: chance is that of choosing at random, as often as the values are hard to tell apart."""
    chosen = table.sum(axis=1)
    total = chosen.sum(axis=0)
    same = ratio(sum((table[i, i] for i in range(len(table))), 0 * total), total)
    if len(table) < 2:
        return same * np.nan
    share = [ratio(each, total) for each in chosen]
    chance = sum((each * (1 - each) for each in share), 0 * total) / (len(table) - 1)
    return ratio(same - chance, 1 - chance)


def _of_value(sums: Sums, subject: str, table: Values, number: int) -> Estimate:
    key = (GROUP, subject, _CHOSEN)
    values = ratio(table[number, number], table[number].sum(axis=0))
    name = (GROUP, subject, "agreement")
    return estimate(name, values, sums.total(key), "choices", sums.seen(key), "nobody chose it")
