"""Figures over documents, each with the interval that another choice of documents would have given.

One rule of aggregation everywhere: what a document gives is a few numbers to add; they are summed over documents, and
over pairs of annotators, before anything is divided. So a long document weighs more than a short one, and one with
nothing in it is no trouble. An interval holds 95 % of what the same figure is when whole documents are drawn anew,
as many as there are, with replacement: mentions of one document are not independent of each other.

The draws come from a bit generator whose stream numpy promises not to change, so that a figure of a release can be
found again to the last digit.
"""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt
from msgspec import Struct

K = TypeVar("K", bound=Hashable)
SampledValues = npt.NDArray[np.float64]
"""One number for the documents as they are, at 0, and one for each drawing of them."""

SAMPLES, SEED = 1_000, 20_251_101
CONFIDENCE = 0.95
DIGITS = 6
_BLOCK_DOCUMENTS, _BLOCK_CELLS = 512, 500_000  # how much is laid out at once
AGGREGATION_RULE = (
    "Numerators and denominators are summed over documents and pairs of annotators before they are divided. "
    "Intervals are 95 % percentile intervals of a bootstrap over whole documents."
)


class Figure(Struct, frozen=True, kw_only=True):
    """One figure. ``value`` is None where it is undefined, and ``undefined`` says why.

    Attributes:
        group, subject, measure: what it is of, from coarse to fine; together they are its name.
        low, high: the interval; None where fewer than two documents have anything to say.
        n: what it is over, counted in ``unit``.
        documents: how many of the documents have any of that.
    """

    group: str
    subject: str
    measure: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int
    unit: str
    documents: int
    undefined: str | None = None

    @property
    def name(self) -> str:
        """How the figure is asked for, ``spans.Actor.exact``."""
        return f"{self.group}.{self.subject}.{self.measure}"


class DocumentSums(Generic[K]):
    """What each document gives, by key."""

    def __init__(self) -> None:
        self.documents = 0
        self._columns: dict[K, int] = {}
        self._ends, self._column_numbers, self._values = array("q", [0]), array("i"), array("d")

    def add(self, statistics: Mapping[K, float]) -> None:
        """Take one more document; with nothing in it, it counts as a document all the same."""
        columns = self._columns
        self._column_numbers.extend([columns.setdefault(key, len(columns)) for key in statistics])
        self._values.extend(statistics.values())
        self.documents += 1
        self._ends.append(len(self._column_numbers))

    def add_empty(self, documents: int) -> None:
        """Take documents with nothing in them."""
        self.documents += documents
        self._ends.extend([self._ends[-1]] * documents)

    def resample(self, samples: int = SAMPLES, seed: int = SEED) -> ResampledSums[K]:
        """The sums over all documents, and over each of ``samples`` drawings; two of equal length draw alike."""
        weights = _draw_weights(self.documents, samples, seed)
        sums = np.zeros((samples + 1, len(self._columns)))
        for start, block in self._iterate_blocks():
            sums += weights[:, start : start + len(block)].astype(np.float64) @ block
        return ResampledSums(
            dict(self._columns), np.ascontiguousarray(sums.T), self._count_documents()
        )

    def _count_documents(self) -> npt.NDArray[np.int64]:
        """In how many documents a key is not zero."""
        places = np.frombuffer(self._column_numbers, np.int32)[
            np.frombuffer(self._values, np.float64) != 0
        ]
        return np.bincount(places, minlength=len(self._columns))

    def _iterate_blocks(self) -> Iterator[tuple[int, SampledValues]]:
        """The numbers as a table of documents by keys, some documents at a time, and the first of them."""
        ends = np.frombuffer(self._ends, dtype=np.int64)
        places, numbers = (
            np.frombuffer(self._column_numbers, np.int32),
            np.frombuffer(self._values, np.float64),
        )
        for start in range(0, self.documents, _BLOCK_DOCUMENTS):
            bounds = ends[start : start + _BLOCK_DOCUMENTS + 1]
            mine = slice(bounds[0], bounds[-1])
            block = np.zeros((len(bounds) - 1, len(self._columns)))
            block[np.repeat(np.arange(len(block)), np.diff(bounds)), places[mine]] = numbers[mine]
            yield start, block


def _draw_weights(documents: int, samples: int, seed: int) -> npt.NDArray[np.uint8]:
    """How often each document was drawn: an array of (drawing, document), at 0 each document once.

    A byte is enough: that one document is drawn 256 times happens in no universe.
    """
    weights = np.ones((samples + 1, documents), dtype=np.uint8)
    bits, step = np.random.PCG64(seed), max(1, _BLOCK_CELLS // max(documents, 1))
    for first in range(0, samples, step):
        count = min(step, samples - first)
        drawn = (bits.random_raw(count * documents) >> np.uint64(32)) * np.uint64(
            documents
        ) >> np.uint64(32)
        cells = drawn.astype(np.int64) + np.repeat(np.arange(count) * documents, documents)
        times = np.bincount(cells, minlength=count * documents)
        weights[first + 1 : first + count + 1] = times.reshape(count, documents)
    return weights


@dataclass(frozen=True)
class ResampledSums(Generic[K]):
    """Sums by key, over the documents as they are and over each drawing."""

    columns: Mapping[K, int]
    sums: SampledValues
    document_counts: npt.NDArray[np.int64]

    def __getitem__(self, key: K) -> SampledValues:
        column = self.columns.get(key)
        return np.zeros(self.sums.shape[1]) if column is None else self.sums[column]

    def count_documents(self, key: K) -> int:
        """How many documents have any of that."""
        column = self.columns.get(key)
        return 0 if column is None else int(self.document_counts[column])

    def total(self, key: K) -> int:
        """The sum over the documents as they are, of what is whole."""
        return round(float(self[key][0]))


def ratio(numerator: SampledValues, denominator: SampledValues) -> SampledValues:
    """One divided by the other; not a number where there is nothing to divide by.

    >>> ratio(np.array([1.0, 3.0]), np.array([2.0, 0.0]))
    array([0.5, nan])
    """
    quotient: SampledValues = np.divide(
        numerator, denominator, out=np.full(len(numerator), np.nan), where=denominator != 0
    )
    return quotient


@dataclass(frozen=True)
class Estimate:
    """A figure, and its value in each drawing, so that two can be compared drawing by drawing."""

    figure: Figure
    values: SampledValues


def estimate(
    name: tuple[str, str, str],
    values: SampledValues,
    n: int,
    unit: str,
    documents: int,
    reason: str = "nothing to compare",
) -> Estimate:
    """A figure of its values; ``why`` is said where there is none.

    >>> sums: DocumentSums[str] = DocumentSums()
    >>> for coverage, asked in ((3, 4), (1, 4)):
    ...     sums.add({"coverage": coverage, "asked": asked})
    >>> drawn = sums.resample(100)
    >>> found = estimate(("spans", "Actor", "coverage"), ratio(drawn["coverage"], drawn["asked"]), 8, "answers", 2).figure
    >>> found.pseudonym, found.value, found.normalized, found.high
    ('spans.Actor.right', 0.5, 0.25, 0.75)
    """
    value = round_value(values[0])
    low, high = (
        percentile_interval(values[1:]) if documents > 1 and value is not None else (None, None)
    )
    return Estimate(
        Figure(
            group=name[0],
            subject=name[1],
            measure=name[2],
            n=n,
            unit=unit,
            documents=documents,
            value=value,
            low=low,
            high=high,
            undefined=reason if value is None else None,
        ),
        values,
    )


def subtract_estimates(newer: Estimate, older: Estimate) -> Estimate:
    """By how much the one is above the other; both must have been drawn alike."""
    one, other = newer.figure, older.figure
    name = (one.group, one.subject, one.measure)
    documents = min(one.documents, other.documents)
    why = one.undefined or other.undefined or ""
    return estimate(name, newer.values - older.values, one.n + other.n, one.unit, documents, why)


def percentile_interval(values: SampledValues) -> tuple[float | None, float | None]:
    """The middle 95 % of the drawings in which there is a value; between two of them, in proportion."""
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
    """To as many digits as no way of adding up can change; None for what is no number."""
    return None if np.isnan(value) else round(float(value), DIGITS) + 0.0
