"""Figures over documents, each with a bootstrap confidence interval.

A document contributes a few numbers; they are summed over documents before anything is divided.
`agreement_report.RULES` says how the annotators of a document are combined. The 95 % interval is
the percentile interval of a bootstrap over whole documents (Efron and Tibshirani 1993, chapter 13),
because mentions of one document are not independent.
"""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import force_setattr

K = TypeVar("K", bound=Hashable)
SampledValues = npt.NDArray[np.float64]
"""The value over the documents as they are, at 0, then one value for each bootstrap sample."""

SAMPLES, SEED = 1_000, 20_251_101
CONFIDENCE = 0.95
DIGITS = 6  # more could change with the order of a sum
_BLOCK_DOCUMENTS, _BLOCK_CELLS = 512, 500_000  # bounds of what is dense in memory at once
AGGREGATION_RULE = (
    "Numerators and denominators are summed over documents before they are divided. "
    "Intervals are 95 % percentile intervals of a bootstrap over whole documents."
)


class Figure(Struct, frozen=True, kw_only=True):
    """One figure, named by group, subject and measure.

    Attributes:
        name: the full name, such as ``spans.Actor.exact``; follows from the three.
        value: None where it is undefined; `undefined` gives the reason.
        low, high: the interval; None where fewer than two documents contribute.
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
        columns = self._columns
        self._column_numbers.extend([columns.setdefault(key, len(columns)) for key in statistics])
        self._values.extend(statistics.values())
        self.documents += 1
        self._ends.append(len(self._column_numbers))

    def add_empty(self, documents: int) -> None:
        """Add documents that contribute nothing."""
        self.documents += documents
        self._ends.extend([self._ends[-1]] * documents)

    def resample(self, samples: int = SAMPLES, seed: int = SEED) -> ResampledSums[K]:
        """Sum over all documents and over each bootstrap sample.

        Equal numbers of documents are drawn alike.
        """
        weights = _draw_weights(self.documents, samples, seed)
        sums = np.zeros((samples + 1, len(self._columns)))
        for start, block in self._iterate_blocks():
            sums += weights[:, start : start + len(block)].astype(np.float64) @ block
        nonzero = np.frombuffer(self._values, np.float64) != 0
        counts = np.bincount(
            np.frombuffer(self._column_numbers, np.int32)[nonzero], minlength=len(self._columns)
        )
        return ResampledSums(dict(self._columns), np.ascontiguousarray(sums.T), counts)

    def _iterate_blocks(self) -> Iterator[tuple[int, SampledValues]]:
        """Yield dense blocks of (document, key), each with the number of its first document."""
        ends = np.frombuffer(self._ends, dtype=np.int64)
        columns = np.frombuffer(self._column_numbers, np.int32)
        values = np.frombuffer(self._values, np.float64)
        for start in range(0, self.documents, _BLOCK_DOCUMENTS):
            bounds = ends[start : start + _BLOCK_DOCUMENTS + 1]
            mine = slice(bounds[0], bounds[-1])
            block = np.zeros((len(bounds) - 1, len(self._columns)))
            rows = np.repeat(np.arange(len(block)), np.diff(bounds))
            block[rows, columns[mine]] = values[mine]
            yield start, block


def _draw_weights(documents: int, samples: int, seed: int) -> npt.NDArray[np.uint8]:
    """Return how often each sample drew each document: (sample, document), with ones in row 0.

    Raw bits are used because numpy guarantees their stream, but not that of `Generator.integers`: a
    released figure must be reproducible to the last digit. A byte is enough for a count, since no
    document is drawn 256 times.
    """
    weights = np.ones((samples + 1, documents), dtype=np.uint8)
    bits, step = np.random.PCG64(seed), max(1, _BLOCK_CELLS // max(documents, 1))
    for first in range(0, samples, step):
        count = min(step, samples - first)
        raw = bits.random_raw(count * documents) >> np.uint64(32)
        drawn = raw * np.uint64(documents) >> np.uint64(32)
        cells = drawn.astype(np.int64) + np.repeat(np.arange(count) * documents, documents)
        times = np.bincount(cells, minlength=count * documents)
        weights[first + 1 : first + count + 1] = times.reshape(count, documents)
    return weights


@dataclass(frozen=True)
class ResampledSums(Generic[K]):
    """Sums by key, over the documents as they are and over each bootstrap sample."""

    columns: Mapping[K, int]
    sums: SampledValues
    document_counts: npt.NDArray[np.int64]

    def __getitem__(self, key: K) -> SampledValues:
        column = self.columns.get(key)
        return np.zeros(self.sums.shape[1]) if column is None else self.sums[column]

    def count_documents(self, key: K) -> int:
        """Return the number of documents in which the key is not zero."""
        column = self.columns.get(key)
        return 0 if column is None else int(self.document_counts[column])

    def total(self, key: K) -> int:
        """Return the sum of whole numbers over the documents as they are."""
        return round(float(self[key][0]))


def ratio(numerator: SampledValues, denominator: SampledValues) -> SampledValues:
    """Divide elementwise; NaN where the denominator is 0.

    >>> ratio(np.array([1.0, 3.0]), np.array([2.0, 0.0]))
    array([0.5, nan])
    """
    out = np.full(len(numerator), np.nan)
    quotient: SampledValues = np.divide(numerator, denominator, out=out, where=denominator != 0)
    return quotient


@dataclass(frozen=True)
class Estimate:
    """A figure with its sampled values, so that two can be compared sample by sample."""

    figure: Figure
    values: SampledValues


def estimate(
    name: tuple[str, str, str],
    values: SampledValues,
    n: int,
    unit: str,
    documents: int,
    reason: str = "nothing to compare",
    *,
    pairs: int | None = None,
) -> Estimate:
    """Make a figure of its sampled values; ``reason`` says why it is undefined where it is NaN."""
    value = round_value(values[0])
    defined = documents > 1 and value is not None
    low, high = percentile_interval(values[1:]) if defined else (None, None)
    figure = Figure(
        group=name[0],
        subject=name[1],
        measure=name[2],
        value=value,
        low=low,
        high=high,
        n=n,
        unit=unit,
        pairs=pairs,
        documents=documents,
        undefined=reason if value is None else None,
    )
    return Estimate(figure, values)


def estimate_share(
    sums: ResampledSums[K],
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
    >>> for right, asked in ((3, 4), (1, 4)):
    ...     sums.add({"right": right, "asked": asked})
    >>> name = ("spans", "Actor", "right")
    >>> found = estimate_share(sums.resample(100), name, "right", "asked", "mentions", "").figure
    >>> found.name, found.value, found.low, found.high
    ('spans.Actor.right', 0.5, 0.25, 0.75)
    """
    values = ratio(times * sums[part], sums[whole])
    return estimate(name, values, sums.total(whole), unit, sums.count_documents(whole), reason)


def subtract_estimates(newer: Estimate, older: Estimate) -> Estimate:
    """Return how far one figure is above another, with an interval.

    Both must have been drawn alike.
    """
    one, other = newer.figure, older.figure
    return estimate(
        (one.group, one.subject, one.measure),
        newer.values - older.values,
        one.n + other.n,
        one.unit,
        min(one.documents, other.documents),
        one.undefined or other.undefined or "",
    )


def percentile_interval(values: SampledValues) -> tuple[float | None, float | None]:
    """Return the bounds of the middle 95 % of the values that are not NaN, interpolated."""
    found = np.sort(values[~np.isnan(values)])
    if not len(found):
        return None, None
    edges = []
    for share in ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2):
        place = share * (len(found) - 1)
        lower = int(place)
        upper = min(lower + 1, len(found) - 1)
        edges.append(round_value(found[lower] + (found[upper] - found[lower]) * (place - lower)))
    return edges[0], edges[1]


def round_value(value: float) -> float | None:
    """Round to DIGITS digits; None for NaN, and 0.0 for -0.0."""
    return None if np.isnan(value) else round(float(value), DIGITS) + 0.0
