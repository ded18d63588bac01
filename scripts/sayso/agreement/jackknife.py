"""Figures over documents, each with a jackknife interval.

A document contributes a few numbers; they are summed over documents before anything is divided.
`agreement_report.RULES` says how the annotators of a document are combined.

Mentions of one document are not independent, so that the interval comes from what each figure would
be without each document. The standard error is that of the jackknife (Efron and Tibshirani 1993,
chapter 11). The interval is symmetric on the logit scale between the least and the greatest value
of the figure, and Student's t has the effective degrees of freedom of Johnson and Rust ("Population
inferences and variance estimation for NAEP data", Journal of Educational Statistics 17, 1992):
fewer where few documents hold most of the variance. `tests/agreement/test_coverage.py` shows how
often it covers the true value, for 2 to 50 documents and figures near 1, where percentiles of a
bootstrap cover far too seldom.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import force_setattr, replace

K = TypeVar("K", bound=Hashable)
JackknifeValues = npt.NDArray[np.float64]
"""The value over all documents, at 0, then the values without each of them."""

SHARE, ALPHA = (0.0, 1.0), (-1.0, 1.0)
"""The least and the greatest value of a share, and of a figure corrected for chance."""

CONFIDENCE = 0.95
DIGITS = 6  # more could change with the order of a sum
FEW_DOCUMENTS = 20
_MAX_GROUPS = 1_000  # more documents are left out several at a time, which bounds memory
AGGREGATION_RULE = "Numerators and denominators are summed over documents before they are divided."
INTERVAL_METHOD = (
    "jackknife over whole documents on the logit scale, Student's t with the effective degrees of "
    "freedom of Johnson and Rust (1992)"
)
_T_QUANTILES = (  # degrees of freedom, and the quantile of 0.975; logarithms are interpolated
    (math.inf, 1.9600), (120, 1.9799), (60, 2.0003), (30, 2.0423), (20, 2.0860), (15, 2.1314),
    (12, 2.1788), (10, 2.2281), (9, 2.2622), (8, 2.3060), (7, 2.3646), (6, 2.4469), (5, 2.5706),
    (4, 2.7764), (3, 3.1824), (2, 4.3027), (1, 12.7062),
)  # fmt: skip
_RECIPROCALS = [1 / freedom for freedom, _quantile in _T_QUANTILES]
_LOGARITHMS = [math.log(quantile) for _freedom, quantile in _T_QUANTILES]


class IntervalMethod(Struct, frozen=True, kw_only=True):
    """The method of all intervals of a report."""

    method: str = INTERVAL_METHOD
    confidence: float = CONFIDENCE


class Figure(Struct, frozen=True, kw_only=True):
    """One figure, named by group, subject and measure.

    Attributes:
        name: the full name, such as ``spans.Actor.exact``; follows from the three.
        value: None where it is undefined; `undefined` gives the reason.
        low, high: the interval; None where there is none; `no_interval` gives the reason.
        undefined_without: the number of documents without each of which it would be undefined.
        n: the number of ``unit`` that it is computed over, each counted once.
        pairs: the number of pairs of annotations that contribute; None where none are compared.
        documents: the number of documents that contribute.
    """

    name: str = ""
    group: str
    subject: str
    measure: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    no_interval: str | None = None
    undefined_without: int = 0
    n: int
    unit: str
    pairs: int | None = None
    documents: int
    undefined: str | None = None

    def __post_init__(self) -> None:
        force_setattr(self, "name", f"{self.group}.{self.subject}.{self.measure}")


class DocumentSums(Generic[K]):
    """The numbers that each document contributes, by key, stored sparsely."""

    def __init__(self) -> None:
        self.documents = 0
        self._columns: dict[K, int] = {}
        self._ends, self._column_numbers, self._values = array("q", [0]), array("i"), array("d")

    def add(self, statistics: Mapping[K, float]) -> None:
        """Add one document; an empty one counts, too."""
        columns, found = self._columns, [each for each in statistics.items() if each[1]]
        self._column_numbers.extend([columns.setdefault(key, len(columns)) for key, _ in found])
        self._values.extend([value for _key, value in found])
        self.documents += 1
        self._ends.append(len(self._column_numbers))

    def add_empty(self, documents: int) -> None:
        """Add documents that contribute nothing."""
        self.documents += documents
        self._ends.extend([self._ends[-1]] * documents)

    def leave_out(self) -> JackknifeSums[K]:
        """Sum over all documents, and over all but each of them.

        Sums with equal numbers of documents leave out the same ones at the same place.
        """
        groups = min(self.documents, _MAX_GROUPS)
        group_numbers = np.arange(self.documents) % max(groups, 1)
        columns = np.frombuffer(self._column_numbers, np.int32).astype(np.int64)
        values = np.frombuffer(self._values, np.float64)
        lengths = np.diff(np.frombuffer(self._ends, np.int64))
        cells = columns * groups + np.repeat(group_numbers, lengths)
        shape = len(self._columns), groups
        parts = np.bincount(cells, values, minlength=math.prod(shape)).reshape(shape)
        totals = parts.sum(axis=1, keepdims=True)
        counts = np.bincount(columns[values != 0], minlength=len(self._columns))
        sums = np.concatenate((totals, totals - parts), axis=1)
        return JackknifeSums(dict(self._columns), sums, counts)


@dataclass(frozen=True)
class JackknifeSums(Generic[K]):
    """Sums by key, over all documents and over all but each of them."""

    columns: Mapping[K, int]
    sums: JackknifeValues
    document_counts: npt.NDArray[np.int64]

    def __getitem__(self, key: K) -> JackknifeValues:
        column = self.columns.get(key)
        return np.zeros(self.sums.shape[1]) if column is None else self.sums[column]

    def count_documents(self, key: K) -> int:
        """Return the number of documents in which the key is not zero."""
        column = self.columns.get(key)
        return 0 if column is None else int(self.document_counts[column])

    def total(self, key: K) -> int:
        """Return the sum of whole numbers over all documents."""
        return round(float(self[key][0]))


def ratio(numerator: JackknifeValues, denominator: JackknifeValues) -> JackknifeValues:
    """Divide elementwise; NaN where the denominator is 0.

    >>> ratio(np.array([1.0, 3.0]), np.array([2.0, 0.0]))
    array([0.5, nan])
    """
    out = np.full(len(numerator), np.nan)
    quotient: JackknifeValues = np.divide(numerator, denominator, out=out, where=denominator != 0)
    return quotient


class Interval(NamedTuple):
    """A confidence interval, or the reason why there is none."""

    low: float | None = None
    high: float | None = None
    reason: str | None = None


def jackknife_interval(
    value: float, deviations: JackknifeValues, documents: int, limits: tuple[float, float] = SHARE
) -> Interval:
    """Compute the 95 % interval of a figure.

    Args:
        deviations: of the figure without each document, scaled so that their squares sum to the
            variance.
        documents: the number that contribute.
        limits: the least and the greatest value of the figure.
    """
    if documents < 2:
        return Interval(reason="fewer than two documents have any")
    if undefined := int(np.isnan(deviations).sum()):
        return Interval(reason=f"undefined without a certain document ({undefined:,} such)")
    error = math.sqrt(float(np.sum(deviations**2)))
    if error < 10**-DIGITS:
        return Interval(reason="the documents do not differ")
    low, high = limits
    if not low < value < high:
        return Interval(reason=f"not between {low:g} and {high:g}")
    logit = math.log((value - low) / (high - value))
    slope = (high - low) / ((value - low) * (high - value))
    reach = _student_quantile(_effective_freedom(deviations, documents)) * error * slope
    bounds = [low + (high - low) * _logistic(logit + step) for step in (-reach, reach)]
    return Interval(round_value(bounds[0]), round_value(bounds[1]))


def _effective_freedom(deviations: JackknifeValues, documents: int) -> float:
    """Return the degrees of freedom of a jackknife variance, at most those of equal documents.

    One is lost to the mean, which the paired jackknife of Johnson and Rust does not estimate.
    """
    squares = (deviations / np.abs(deviations).max()) ** 2
    factor = 3.16 - 2.77 / math.sqrt(documents)
    freedom = factor * float(np.sum(squares)) ** 2 / float(np.sum(squares**2))
    return max(1.0, min(freedom - 1, documents - 1))


def _student_quantile(freedom: float) -> float:
    """Return the quantile of 0.975 of Student's t.

    >>> round(_student_quantile(1), 2), round(_student_quantile(25), 2)
    (12.71, 2.06)
    """
    return math.exp(float(np.interp(1 / freedom, _RECIPROCALS, _LOGARITHMS)))


def _logistic(number: float) -> float:
    """Return the inverse of the logit, without overflow."""
    return (1 + math.tanh(number / 2)) / 2


@dataclass(frozen=True)
class Estimate:
    """A figure with its values over all documents and without each, and its limits."""

    figure: Figure
    values: JackknifeValues
    limits: tuple[float, float]

    def scale_deviations(self) -> JackknifeValues:
        """Return the deviations without each document; their squares sum to the variance."""
        documents = max(self.figure.documents, 1)
        deviations: JackknifeValues = self.values[1:] - self.values[0]
        return math.sqrt((documents - 1) / documents) * deviations

    def with_interval(self, deviations: JackknifeValues, documents: int) -> Estimate:
        """Return the estimate with the interval of these deviations, unless it is undefined."""
        if self.figure.value is None:
            return self
        interval = jackknife_interval(self.values[0], deviations, documents, self.limits)
        figure = replace(
            self.figure,
            low=interval.low,
            high=interval.high,
            no_interval=interval.reason,
            undefined_without=int(np.isnan(deviations).sum()),
        )
        return Estimate(figure, self.values, self.limits)


def estimate(
    name: tuple[str, str, str],
    values: JackknifeValues,
    n: int,
    unit: str,
    documents: int,
    reason: str = "nothing to compare",
    *,
    pairs: int | None = None,
    limits: tuple[float, float] = SHARE,
) -> Estimate:
    """Make a figure of its values; ``reason`` says why it is undefined where it is NaN."""
    value = round_value(values[0])
    figure = Figure(
        group=name[0],
        subject=name[1],
        measure=name[2],
        value=value,
        n=n,
        unit=unit,
        pairs=pairs,
        documents=documents,
        undefined=reason if value is None else None,
    )
    found = Estimate(figure, values, limits)
    return found.with_interval(found.scale_deviations(), documents)


def estimate_share(
    sums: JackknifeSums[K],
    name: tuple[str, str, str],
    part: K,
    whole: K,
    unit: str,
    reason: str,
    *,
    times: int = 1,
) -> Estimate:
    """Estimate ``times * part / whole``, two summed keys; n is the whole.

    >>> sums: DocumentSums[str] = DocumentSums()
    >>> for right in (3, 1, 3):
    ...     sums.add({"right": right, "asked": 4})
    >>> name = ("spans", "Actor", "right")
    >>> found = estimate_share(sums.leave_out(), name, "right", "asked", "mentions", "").figure
    >>> found.name, found.value, found.low, found.high
    ('spans.Actor.right', 0.583333, 0.068246, 0.963976)
    """
    values = ratio(times * sums[part], sums[whole])
    return estimate(name, values, sums.total(whole), unit, sums.count_documents(whole), reason)


def subtract_estimates(newer: Estimate, older: Estimate) -> Estimate:
    """Return how far one figure is above another, with an interval.

    Both must leave out the same documents at the same place.
    """
    one, other, span = newer.figure, older.figure, newer.limits[1] - newer.limits[0]
    found = estimate(
        (one.group, one.subject, one.measure),
        newer.values - older.values,
        one.n + other.n,
        one.unit,
        min(one.documents, other.documents),
        one.undefined or other.undefined or "",
        limits=(-span, span),
    )
    if found.figure.documents < 2:
        return found
    # The documents of both may differ, and so may their numbers.
    deviations = newer.scale_deviations() - older.scale_deviations()
    return found.with_interval(deviations, max(int(np.count_nonzero(deviations)), 2))


def round_value(value: float) -> float | None:
    """Round to DIGITS digits; None for NaN, and 0.0 for -0.0."""
    return None if np.isnan(value) else round(float(value), DIGITS) + 0.0
