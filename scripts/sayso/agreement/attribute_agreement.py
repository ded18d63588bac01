"""Agreement on the attributes of mentions that several annotators marked, on bounds and answers.

The unit is a mention that two or more annotators marked, with the value that each of them chose.
All figures are those for any number of annotators, who may differ from unit to unit, so that each
unit counts once: observed agreement and AC1 are means over units (Gwet 2008), and in Krippendorff's
alpha each of the m values of a unit meets the others with weight 1 / (m - 1) (Krippendorff 2011).
AC1 does not fall where nearly all mentions have one value. Each value has the share of choices that
another annotator of the unit made, too. Free text and numbers have no AC1.

The answers to a question about the whole document are compared likewise: the unit is a document,
with the answer of each of its annotators.

A value that only some gave is compared with NO_VALUE, which alpha leaves out if it has no place on
its scale. Where nobody gave a value, there is nothing to compare.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import combinations

import numpy as np

from sayso.agreement.annotation_pairs import (
    AgreementSums,
    DocumentStatistics,
    IndexedAnnotation,
    MatchedUnit,
    StatisticKey,
)
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
from sayso.schema.schema_types import BOOLEAN_WORDS

GROUP, BOUNDS_GROUP, ANSWERS_GROUP = "attributes", "bounds", "answers"
_SAME, _ABSENT, _COMPARED = "same", "absent", "compared"
_BOUNDED, _OVERLAPPING = "bounded", "meet"  # of bounds
_PLACED = "placed"  # units with two values or more that have a place on the scale
_CHOSEN, _SHARED, _SHARE = "chosen", "shared", "share"  # of a value
_BY_FIRST = "by first"  # of a value: chosen by the first of two annotators
_WEIGHTED = "weighted"  # of two values: the share of pairs in a unit
_UNITS = {GROUP: "matched mentions", ANSWERS_GROUP: "documents"}
_NOTHING = {GROUP: "no mention that two marked has it", ANSWERS_GROUP: "nobody answered it"}
_ONE_VALUE = "only one value was chosen"

ComparedAttributes = dict[str, dict[str, Attribute]]
"""The attributes to compare, by label and name."""
_Values = tuple[AttributeValue, ...]
_Subject = tuple[str, str]
"""A group of figures, and what of it."""


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


UnitCache = dict[tuple[str, str, _Values], list[tuple[StatisticKey, float]]]
"""What one unit with some values of an attribute adds: of few values, in many documents."""


def count_attributes(
    into: DocumentStatistics,
    units: Iterable[MatchedUnit],
    compared: ComparedAttributes,
    cache: UnitCache,
) -> None:
    """Count the values of matched mentions."""
    for key, times in Counter(_iterate_values(units, compared)).items():
        label, name, values = key
        found = cache.get(key)
        if found is None:
            counts: DocumentStatistics = defaultdict(float)
            attribute = compared[label][name]
            _count_unit(counts, (GROUP, f"{label}.{name}"), attribute, values, times=1)
            found = [(counted, number) for counted, number in counts.items() if number]
            if attribute.is_closed:
                cache[key] = found
        for counted, number in found:
            into[counted] += times * number


def count_answers(
    into: DocumentStatistics,
    annotations: Sequence[IndexedAnnotation],
    questions: Mapping[str, Attribute],
) -> None:
    """Count the answers of two or more annotators to the questions about one document."""
    for name, question in questions.items():
        given = [each.annotation.answers.get(name) for each in annotations]
        if any(value is not None for value in given):
            values = _sort_values(given)
            _count_unit(into, (ANSWERS_GROUP, name), question, values, times=1)


def _count_unit(
    into: DocumentStatistics, subject: _Subject, attribute: Attribute, values: _Values, times: int
) -> None:
    """Count ``times`` units that have the same values."""
    into[*subject, _COMPARED] += times
    into[*subject, _ABSENT] += times * (NO_VALUE in values)
    into[*subject, _SAME] += times * _share_equal_pairs(values)
    if attribute.is_categorical:
        _count_values(into, subject, values, times)
    scale = SCALES[attribute.kind]
    placed = sorted((each for each in values if scale.has_place(attribute, each)), key=str)
    if scale.distance and len(placed) > 1:
        into[*subject, _PLACED] += times
        for two, together in _count_pairs(tuple(placed)).items():
            into[*subject, two] += times * together / (len(placed) - 1)
            if attribute.kind == "ordinal":
                share = together / math.comb(len(placed), 2)
                into[*subject, (_WEIGHTED, *two)] += times * share


def _iterate_values(
    units: Iterable[MatchedUnit], compared: ComparedAttributes
) -> Iterator[tuple[str, str, _Values]]:
    """Yield label, attribute and the values of each unit.

    Two values are in order of annotator; more are sorted.
    """
    for unit in units:
        for name in compared.get(unit[0].label, ()):
            values = [mention.attributes.get(name) for mention in unit]
            if any(value is not None for value in values):
                yield unit[0].label, name, _sort_values(values)


def _sort_values(values: Sequence[AttributeValue | None]) -> _Values:
    given = tuple(NO_VALUE if value is None else value for value in values)
    return given if len(given) == 2 else tuple(sorted(given, key=str))


@lru_cache(maxsize=1 << 14)
def _share_equal_pairs(values: tuple[Hashable, ...]) -> float:
    """Return the share of pairs of annotators that chose alike."""
    alike = sum(times * (times - 1) for times in Counter(values).values())
    return alike / (len(values) * (len(values) - 1))


def _count_values(into: DocumentStatistics, subject: _Subject, values: _Values, times: int) -> None:
    if len(values) == 2:
        into[subject[0], _name_value(subject[1], values[0]), _BY_FIRST] += times
    for value, chosen in Counter(values).items():
        name = subject[0], _name_value(subject[1], value)
        into[*name, _CHOSEN] += times * chosen
        into[*name, _SHARED] += times * chosen * (chosen - 1) / (len(values) - 1)
        into[*name, _SHARE] += times * chosen / len(values)


def _name_value(subject: str, value: AttributeValue) -> str:
    shown = BOOLEAN_WORDS[value] if isinstance(value, bool) else value
    return f"{subject}={shown}"


@lru_cache(maxsize=1 << 14)
def _count_pairs(values: _Values) -> Counter[_Values]:
    return Counter(tuple(two) for two in combinations(values, 2))


def estimate_attributes(
    sums: AgreementSums, compared: ComparedAttributes, *, are_two: bool = False
) -> Iterator[Estimate]:
    """Yield the figures of each attribute, and of each value of the closed ones.

    Args:
        are_two: the annotators are two, the same for all documents, so that Cohen's kappa exists.
    """
    for label, attributes in compared.items():
        for name, attribute in attributes.items():
            yield from _estimate_subject(sums, (GROUP, f"{label}.{name}"), attribute, are_two)


def estimate_answers(
    sums: AgreementSums, questions: Mapping[str, Attribute], *, are_two: bool = False
) -> Iterator[Estimate]:
    """Yield the figures of each question; see `estimate_attributes`."""
    for name, question in questions.items():
        yield from _estimate_subject(sums, (ANSWERS_GROUP, name), question, are_two)


def _estimate_subject(
    sums: AgreementSums, subject: _Subject, attribute: Attribute, are_two: bool
) -> Iterator[Estimate]:
    same = ratio(sums[*subject, _SAME], sums[*subject, _COMPARED])
    yield _estimate_attribute(sums, subject, "agreement", same)
    yield from _estimate_alpha(sums, subject, attribute)
    if attribute.is_categorical:
        known = [*attribute.values] or [*BOOLEAN_WORDS.values()]
        yield from _estimate_values(sums, subject, same, known, are_two)
    if attribute.kind == "ordinal":
        yield _estimate_ac2(sums, subject, attribute)


def _estimate_attribute(
    sums: AgreementSums,
    subject: _Subject,
    measure: str,
    values: JackknifeValues,
    reason: str = "",
    counted: str = _COMPARED,
) -> Estimate:
    key, nothing = (*subject, counted), _NOTHING[subject[0]]
    n, documents = sums.total(key), sums.count_documents(key)
    name, limits = (*subject, measure), SHARE if measure == "agreement" else ALPHA
    reason = reason if n and reason else nothing
    return estimate(name, values, n, _UNITS[subject[0]], documents, reason, limits=limits)


def count_missing_values(sums: AgreementSums, subject: _Subject) -> int:
    """Return the number of units in which some had a value and some had none."""
    return sums.total((*subject, _ABSENT))


def _estimate_alpha(
    sums: AgreementSums, subject: _Subject, attribute: Attribute
) -> Iterator[Estimate]:
    """Yield alpha, unless values of this kind are only compared for equality."""
    if distance := SCALES[attribute.kind].distance:
        pairs: dict[tuple[Hashable, ...], JackknifeValues] = {
            key[2]: sums[key]
            for key in sums.columns
            if key[:2] == subject and isinstance(key[2], tuple) and len(key[2]) == 2
        }
        values = _order_values({value for two in pairs for value in two}, attribute)
        undefined = np.nan * sums[*subject, _PLACED]
        alpha = krippendorff_alpha(pairs, values, distance) if pairs else undefined
        yield _estimate_attribute(sums, subject, "alpha", alpha, _ONE_VALUE, _PLACED)


def _order_values(found: Iterable[Hashable], attribute: Attribute) -> list[Hashable]:
    order = {value: number for number, value in enumerate(attribute.values)}
    return sorted(found, key=lambda value: (order.get(str(value), len(order)), str(value)))


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
    sums: AgreementSums,
    subject: _Subject,
    same: JackknifeValues,
    known: Sequence[str],
    are_two: bool,
) -> Iterator[Estimate]:
    """Yield AC1 and kappa, and for each value how often another annotator of the unit chose it."""
    group, prefix = subject[0], f"{subject[1]}="
    found = {key[1] for key in sums.columns if key[0] == group and key[1].startswith(prefix)}
    unknown = sorted(
        name.removeprefix(prefix) for name in found - {prefix + each for each in known}
    )
    names = [prefix + value for value in (*known, *unknown)]
    units = sums[*subject, _COMPARED]
    shares = [ratio(sums[group, name, _SHARE], units) for name in names]
    yield _estimate_attribute(sums, subject, "ac1", gwet_ac1(same, shares), _ONE_VALUE)
    yield _estimate_attribute(sums, subject, "kappa", fleiss_kappa(same, shares), _ONE_VALUE)
    if are_two:
        first = [ratio(sums[group, name, _BY_FIRST], units) for name in names]
        cohen = cohen_kappa(same, shares, first)
        yield _estimate_attribute(sums, subject, "cohen_kappa", cohen, _ONE_VALUE)
    for name in names:
        key = (group, name, _CHOSEN)
        values, documents = ratio(sums[group, name, _SHARED], sums[key]), sums.count_documents(key)
        figure = (group, name, "agreement")
        yield estimate(figure, values, sums.total(key), "choices", documents, "nobody chose it")


def fleiss_kappa(same: JackknifeValues, shares: Iterable[JackknifeValues]) -> JackknifeValues:
    """Compute Fleiss' kappa; NaN where fewer than two values were chosen.

    Fleiss, "Measuring nominal scale agreement among many raters" (1971), in Gwet's form for units
    with different numbers of annotators: chance agreement is ``sum(p ** 2)``. With two annotators
    it is Scott's pi.

    Args:
        same, shares: as in `gwet_ac1`.
    """
    used = [share for share in shares if share[0] > 0]
    if len(used) < 2:
        return same * np.nan
    chance = sum((share**2 for share in used), 0 * same)
    return ratio(same - chance, 1 - chance)


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


def cohen_kappa(
    same: JackknifeValues, shares: Iterable[JackknifeValues], first: Iterable[JackknifeValues]
) -> JackknifeValues:
    """Compute Cohen's kappa of two annotators; NaN where fewer than two values were chosen.

    Cohen, "A coefficient of agreement for nominal scales" (1960): chance agreement is the sum over
    values of the product of both annotators' shares.

    Args:
        same, shares: as in `gwet_ac1`.
        first: for each value, the share of units for which the first annotator chose it.
    """
    pairs = [(one, 2 * both - one) for both, one in zip(shares, first, strict=True)]
    chance = sum((one * other for one, other in pairs), 0 * same)
    return ratio(same - chance, 1 - chance)


def _estimate_ac2(sums: AgreementSums, subject: _Subject, attribute: Attribute) -> Estimate:
    pairs = {
        key[2][1:]: sums[key]
        for key in sums.columns
        if key[:2] == subject and isinstance(key[2], tuple) and key[2][0] == _WEIGHTED
    }
    values = _order_values({value for two in pairs for value in two}, attribute)
    units = sums[*subject, _PLACED]
    ac2 = gwet_ac2(pairs, values, units) if pairs else np.nan * units
    return _estimate_attribute(sums, subject, "ac2", ac2, _ONE_VALUE, _PLACED)


def gwet_ac2(
    pairs: Mapping[tuple[Hashable, ...], JackknifeValues],
    values: Sequence[Hashable],
    units: JackknifeValues,
) -> JackknifeValues:
    """Compute AC2 with ordinal weights; NaN where fewer than two values were chosen.

    Gwet, Handbook of Inter-Rater Reliability (2014), chapter 3: two values that are ``d`` places
    apart among those chosen weigh ``1 - C(d + 1, 2) / C(q, 2)``; chance agreement is the sum of all
    weights times ``sum(p * (1 - p)) / (q * (q - 1))``.

    Args:
        pairs: for each two values, the sum over units of the share of pairs that chose them.
        values: in order; ``q`` of them.
        units: the number of units.
    """
    count = len(values)
    if count < 2:
        return units * np.nan
    place = {value: number for number, value in enumerate(values)}

    def weigh(one: int, other: int) -> float:
        apart = abs(one - other)
        return 1 - math.comb(apart + 1, 2) / math.comb(count, 2) if apart else 1.0

    observed, shares = 0 * units, [0 * units for _ in values]
    for (one, other), share in pairs.items():
        observed = observed + weigh(place[one], place[other]) * share
        shares[place[one]] = shares[place[one]] + share / 2
        shares[place[other]] = shares[place[other]] + share / 2
    total = sum(weigh(one, other) for one in range(count) for other in range(count))
    chosen = [ratio(share, units) for share in shares]
    spread = sum((share * (1 - share) for share in chosen), 0 * units)
    chance = total * spread / (count * (count - 1))
    return ratio(ratio(observed, units) - chance, 1 - chance)


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
            into[BOUNDS_GROUP, unit[0].label, _SAME] += _share_equal_pairs(tuple(bounds))
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
