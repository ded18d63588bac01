"""Agreement over tokens: Krippendorff's nominal alpha and F1 of tokens inside a label or not.

A token is a run of letters and digits with their combining marks, or any other single character but
white space. A mention covers every token that it shares a code point with. Beside the figures over
code points, long words weigh as much as short ones here, as in most published figures.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby
from typing import NamedTuple

from sayso.agreement.annotation_pairs import (
    ALL,
    AgreementSums,
    DocumentStatistics,
    IndexedAnnotation,
)
from sayso.agreement.character_alpha import (
    DISPUTED,
    INSIDE,
    LENGTH,
    VALUES,
    estimate_coverage,
    sum_coverage,
)
from sayso.agreement.jackknife import Estimate, JackknifeValues, estimate, ratio

GROUP = "tokens"
_ASCII_TOKEN = re.compile(r"\w+|[^\w\s]")
_COMMON, _MARKED = "common", "marked"


@cache
def _token_pattern() -> re.Pattern[str]:
    """Return the pattern of a token. Python's word characters leave combining marks out."""
    marks = [point for point in range(0x10000) if unicodedata.category(chr(point))[0] == "M"]
    runs = [
        [point for _number, point in run]
        for _first, run in groupby(enumerate(marks), key=lambda each: each[1] - each[0])
    ]
    combining = "".join(f"\\u{run[0]:04x}-\\u{run[-1]:04x}" for run in runs)
    return re.compile(rf"\w[\w{combining}]*|[^\w\s][{combining}]*")


class _Tokens(NamedTuple):
    """The offsets of the tokens of a text, in order."""

    starts: Sequence[int]
    ends: Sequence[int]

    def find_range(self, start: int, end: int) -> tuple[int, int]:
        """Return the first token that a span shares a code point with, and the one after the last.

        >>> find_tokens("a bc d").find_range(3, 6)
        (1, 3)
        """
        return bisect_right(self.ends, start), bisect_left(self.starts, end)


def find_tokens(text: str) -> _Tokens:
    """Return the tokens of a text.

    >>> find_tokens("co-op, 1").starts
    (0, 2, 3, 5, 7)
    """
    pattern = _ASCII_TOKEN if text.isascii() else _token_pattern()
    spans = [found.span() for found in pattern.finditer(text)]
    starts, ends = zip(*spans, strict=True) if spans else ((), ())
    return _Tokens(starts, ends)


def count_tokens(
    into: DocumentStatistics, annotations: Sequence[IndexedAnnotation], text: str
) -> None:
    """Count what two or more annotations of a text give."""
    tokens, annotators = find_tokens(text), len(annotations)
    into[GROUP, "", VALUES] += annotators * len(tokens.starts)
    into[GROUP, "", LENGTH] += len(tokens.starts)
    for label in {label for each in annotations for label in each.mentions_by_label}:
        layers = [
            [tokens.find_range(m.start, m.end) for m in each.mentions_by_label.get(label, ())]
            for each in annotations
        ]
        inside, squared = sum_coverage(layers)
        into[GROUP, label, INSIDE] += inside
        into[GROUP, label, DISPUTED] += (annotators * inside - squared) / (annotators - 1)
        into[GROUP, label, _MARKED] += (annotators - 1) * inside  # once for every pair
        into[GROUP, label, _COMMON] += squared - inside  # twice for every pair


def estimate_tokens(sums: AgreementSums, labels: Sequence[str]) -> Iterator[Estimate]:
    """Yield alpha and F1 for each label."""
    yield from estimate_coverage(sums, labels, GROUP, "tokens")
    for label in labels:
        counted = [each for each in labels if each != ALL] if label == ALL else [label]
        common, marked = (_sum_labels(sums, counted, what) for what in (_COMMON, _MARKED))
        documents = max(sums.count_documents((GROUP, each, _MARKED)) for each in [label, *counted])
        name, n = ("spans", label, "token_f1"), round(float(marked[0]))
        yield estimate(
            name, ratio(common, marked), n, "tokens of both", documents, "nobody marked one"
        )


def _sum_labels(sums: AgreementSums, labels: Sequence[str], what: str) -> JackknifeValues:
    zero: JackknifeValues = 0 * sums[GROUP, "", VALUES]
    return sum((sums[GROUP, label, what] for label in labels), zero)
