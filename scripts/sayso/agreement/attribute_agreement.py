"""Agreement on the attributes of mentions that several annotators marked, and on bounds.

The unit is a mention that two or more annotators marked, with the value that each of them chose.
All figures are those for any number of annotators, who may differ from unit to unit, so that each
unit counts once: observed agreement and AC1 are means over units (Gwet 2008), and in Krippendorff's
alpha each of the m values of a unit meets the others with weight 1 / (m - 1) (Krippendorff 2011).
AC1 does not fall where nearly all mentions have one value. Each value has the share of choices that
another annotator of the unit made, too. Free text and numbers have no AC1.

A value that only some gave is compared with NO_VALUE, which alpha leaves out if it has no place on
its scale. Where nobody gave a value, there is nothing to compare.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np

from sayso.agreement.annotation_pairs import AgreementSums, DocumentStatistics, MatchedUnit
from sayso.agreement.attribute_distances import NO_VALUE, SCALES, Distance
from sayso.agreement.jackknife import (
    ALPHA,
    SHARE,
    Estimate,
    JackknifeValues,
    estimate,
    estimate_share,
    ratio,
)
from sayso.models import AttributeValue, Mention
from sayso.schema.declarations import Attribute, Schema

GROUP, BOUNDS_GROUP = "attributes", "bounds"
_SAME, _ABSENT, _COMPARED = "same", "absent", "compared"
_BOUNDED, _OVERLAPPING = "bounded", "meet"  # of bounds
_PLACED = "placed"  # units with two values or more that have a place on the scale
_CHOSEN, _SHARED, _SHARE = "chosen", "shared", "share"  # of a value
_UNIT = "matched mentions"
_NOTHING_MATCHED = "no mention that two marked has it"
_ONE_VALUE = "only one value was chosen"

ComparedAttributes = dict[str, dict[str, Attribute]]
"""The attributes to compare, by label and name."""
_Values = tuple[AttributeValue, ...]


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
    into: DocumentStatistics, units: Iterable[MatchedUnit], compared: ComparedAttributes
) -> None:
    """Count the values of matched mentions."""
    for (label, name, values), times in Counter(_iterate_values(units, compared)).items():
        subject, attribute = f"{label}.{name}", compared[label][name]
        into[GROUP, subject, _COMPARED] += times
        into[GROUP, subject, _ABSENT] += times * (NO_VALUE in values)
        into[GROUP, subject, _SAME] += times * _share_equal_pairs(values)
        if attribute.is_closed:
            _count_values(into, subject, values, times)
        scale = SCALES[attribute.kind]
        placed = [value for value in values if scale.has_place(attribute, value)]
        if scale.distance and len(placed) > 1:
            into[GROUP, subject, _PLACED] += times
            for two, together in _count_pairs(placed).items():
                into[GROUP, subject, two] += times * together / (len(placed) - 1)


def _iterate_values(
    units: Iterable[MatchedUnit], compared: ComparedAttributes
) -> Iterator[tuple[str, str, _Values]]:
    """Yield label, attribute and the values of each unit, sorted: no order of annotators counts."""
    for unit in units:
        for name in compared.get(unit[0].label, ()):
            values = [mention.attributes.get(name) for mention in unit]
            if any(value is not None for value in values):
                given = (NO_VALUE if value is None else value for value in values)
                yield unit[0].label, name, tuple(sorted(given, key=str))


def _share_equal_pairs(values: Sequence[Hashable]) -> float:
    """Return the share of pairs of annotators that chose alike."""
    alike = sum(times * (times - 1) for times in Counter(values).values())
    return alike / (len(values) * (len(values) - 1))


def _count_values(into: DocumentStatistics, subject: str, values: _Values, times: int) -> None:
    for value, chosen in Counter(values).items():
        name = f"{subject}={value}"
        into[GROUP, name, _CHOSEN] += times * chosen
        into[GROUP, name, _SHARED] += times * chosen * (chosen - 1) / (len(values) - 1)
        into[GROUP, name, _SHARE] += times * chosen / len(values)


def _count_pairs(values: Sequence[AttributeValue]) -> Counter[_Values]:
    return Counter(tuple(two) for two in combinations(values, 2))


def estimate_attributes(sums: AgreementSums, compared: ComparedAttributes) -> Iterator[Estimate]:
    """Yield the figures of each attribute, and of each value of the closed ones."""
    for label, attributes in compared.items():
        for name, attribute in attributes.items():
            subject = f"{label}.{name}"
            same = ratio(sums[GROUP, subject, _SAME], sums[GROUP, subject, _COMPARED])
            yield _estimate_attribute(sums, subject, "agreement", same)
            yield from _estimate_alpha(sums, subject, attribute)
            if attribute.is_closed:
                yield from _estimate_values(sums, subject, same, [*attribute.values])


def _estimate_attribute(
    sums: AgreementSums,
    subject: str,
    measure: str,
    values: JackknifeValues,
    reason: str = _NOTHING_MATCHED,
    counted: str = _COMPARED,
) -> Estimate:
    key = (GROUP, subject, counted)
    n, documents = sums.total(key), sums.count_documents(key)
    reason = reason if n else _NOTHING_MATCHED
    name, limits = (GROUP, subject, measure), SHARE if measure == "agreement" else ALPHA
    return estimate(name, values, n, _UNIT, documents, reason, limits=limits)


def count_missing_values(sums: AgreementSums, subject: str) -> int:
    """Return the number of units in which some had a value and some had none."""
    return sums.total((GROUP, subject, _ABSENT))


def _estimate_alpha(sums: AgreementSums, subject: str, attribute: Attribute) -> Iterator[Estimate]:
    """Yield alpha, unless values of this kind are only compared for equality."""
    if distance := SCALES[attribute.kind].distance:
        pairs = {
            key[2]: sums[key]
            for key in sums.columns
            if key[:2] == (GROUP, subject) and isinstance(key[2], tuple)
        }
        order = {value: number for number, value in enumerate(attribute.values)}
        found = {value for two in pairs for value in two}
        values = sorted(found, key=lambda value: (order.get(value, len(order)), str(value)))
        undefined = np.nan * sums[GROUP, subject, _PLACED]
        alpha = krippendorff_alpha(pairs, values, distance) if pairs else undefined
        yield _estimate_attribute(sums, subject, "alpha", alpha, _ONE_VALUE, _PLACED)


def krippendorff_alpha(
    pairs: Mapping[tuple[Hashable, ...], JackknifeValues],
    values: Sequence[Hashable],
    distance: Distance,
) -> JackknifeValues:
    """Compute alpha, for each sum; NaN where no two values differ.

    Krippendorff, Content Analysis (2004), chapter 11:
    ``1 - (n - 1) * sum(o * d) / sum(n_i * n_j * d)``.

    Args:
        pairs: how often two values met in a unit, in either order, each time with the weight
            1 / (m - 1) for the m values of the unit.
        values: all of them, in order.
    """
    numbers = {value: number for number, value in enumerate(values)}
    sums = len(next(iter(pairs.values())))
    chosen: JackknifeValues = np.zeros((len(values), sums))
    met: list[list[tuple[int, JackknifeValues]]] = [[] for _ in values]
    for (one, other), times in pairs.items():
        chosen[numbers[one]] += times
        chosen[numbers[other]] += times
        met[numbers[one]].append((numbers[other], times))
    observed, expected = np.zeros(sums), np.zeros(sums)
    for number, theirs in enumerate(met):
        distances = distance(values, chosen, number)
        expected += chosen[number] * (distances * chosen).sum(axis=0) / 2
        for other, times in theirs:
            observed += distances[other] * times
    return 1 - ratio((chosen.sum(axis=0) - 1) * observed, expected)


def _estimate_values(
    sums: AgreementSums, subject: str, same: JackknifeValues, known: Sequence[str]
) -> Iterator[Estimate]:
    """Yield AC1, and for each value how often another annotator of the unit chose it, too."""
    prefix = f"{subject}="
    found = {key[1] for key in sums.columns if key[0] == GROUP and key[1].startswith(prefix)}
    unknown = sorted(
        name.removeprefix(prefix) for name in found - {prefix + each for each in known}
    )
    names = [prefix + value for value in (*known, *unknown)]
    units = sums[GROUP, subject, _COMPARED]
    ac1 = gwet_ac1(same, [ratio(sums[GROUP, name, _SHARE], units) for name in names])
    yield _estimate_attribute(sums, subject, "ac1", ac1, _ONE_VALUE)
    for name in names:
        key = (GROUP, name, _CHOSEN)
        values, documents = ratio(sums[GROUP, name, _SHARED], sums[key]), sums.count_documents(key)
        figure = (GROUP, name, "agreement")
        yield estimate(figure, values, sums.total(key), "choices", documents, "nobody chose it")


def gwet_ac1(same: JackknifeValues, shares: Iterable[JackknifeValues]) -> JackknifeValues:
    """Compute AC1, for each sum; NaN where fewer than two values were chosen.

    Gwet, "Computing inter-rater reliability and its variance in the presence of high agreement"
    (2008): chance agreement is ``sum(p * (1 - p)) / (values - 1)``. Values that nobody chose are
    not counted: they would raise AC1 without any annotator having done anything.

    Args:
        same: the mean over units of the share of pairs of annotators that chose alike.
        shares: for each value, the mean over units of the share of annotators that chose it.
    """
    used = [share for share in shares if share[0] > 0]
    if len(used) < 2:
        return same * np.nan
    chance = sum((share * (1 - share) for share in used), 0 * same) / (len(used) - 1)
    return ratio(same - chance, 1 - chance)


def count_bounds(into: DocumentStatistics, units: Iterable[MatchedUnit], schema: Schema) -> None:
    """Count matched numbers with equal bounds, and those whose intervals share a number.

    A number without any bound says nothing: its interval is unknown, not infinite. Bounds are
    compared where somebody gave one, intervals among those who did.
    """
    for unit in units:
        declared = schema.labels.get(unit[0].label)
        if not declared or not declared.bounds:
            continue
        bounds = [read_bounds(mention, declared.bounds) for mention in unit]
        known = [each for each in bounds if each]
        if known:
            into[BOUNDS_GROUP, unit[0].label, _COMPARED] += 1
            into[BOUNDS_GROUP, unit[0].label, _SAME] += _share_equal_pairs(bounds)
        if len(known) > 1:
            pairs = [*combinations(known, 2)]
            meet = sum(max(one[0], other[0]) <= min(one[1], other[1]) for one, other in pairs)
            into[BOUNDS_GROUP, unit[0].label, _BOUNDED] += 1
            into[BOUNDS_GROUP, unit[0].label, _OVERLAPPING] += meet / len(pairs)


def read_bounds(mention: Mention, names: tuple[str, str]) -> tuple[float, float] | None:
    """Return the least and the greatest number that a mention allows; None if it has no bound.

    >>> seven = Mention(id="c", label="Sum", start=0, end=1, text="7", attributes={"least": 7})
    >>> read_bounds(seven, ("least", "most"))
    (7, inf)
    """
    lower, upper = (mention.attributes.get(name) for name in names)
    if not isinstance(lower, int) and not isinstance(upper, int):
        return None
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
            unit = f"matched mentions of {label}"
            for measure, part, whole, none in (
                ("equal", _SAME, _COMPARED, f"no {label} that two marked has a bound"),
                ("overlap", _OVERLAPPING, _BOUNDED, f"no {label} has bounds of two annotators"),
            ):
                name, key = (BOUNDS_GROUP, label, measure), (BOUNDS_GROUP, label, whole)
                yield estimate_share(sums, name, (BOUNDS_GROUP, label, part), key, unit, none)
