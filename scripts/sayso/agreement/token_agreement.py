"""Agreement over tokens: Krippendorff's nominal alpha and F1 of tokens inside a label or not.

Tokens are those of `token_starts`. A mention covers every token that it shares a code point with.
Beside the figures over code points, long words weigh as much as short ones here, as in most
published figures.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

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
from sayso.token_starts import BREAK, SPACE, classify, find_token_starts, read_code_points

GROUP = "tokens"
_COMMON, _MARKED = "common", "marked"


class TextTokens:
    """The tokens of a text, numbered."""

    def __init__(self, text: str) -> None:
        points = read_code_points(text)
        classes = classify(points)
        classes[classes == BREAK] = SPACE
        starts, solid = find_token_starts(points, classes, np.zeros(len(points), dtype=np.bool_))
        counted = np.cumsum(starts)
        self._after: list[int] = counted.tolist()  # the number of tokens up to each code point
        self._first: list[int] = (
            counted - solid
        ).tolist()  # the number of tokens that end before it

    def __len__(self) -> int:
        return self._after[-1] if self._after else 0

    def find_range(self, start: int, end: int) -> tuple[int, int]:
        """Return the first token that a span shares a code point with, and the one after the last.

        >>> tokens = TextTokens("a bc d")
        >>> tokens.find_range(3, 6), tokens.find_range(1, 2), len(tokens)
        ((1, 3), (1, 1), 3)
        """
        return self._first[start], self._after[end - 1]


def count_tokens(
    into: DocumentStatistics, annotations: Sequence[IndexedAnnotation], text: str
) -> None:
    """Count what two or more annotations of a text give."""
    tokens, annotators = TextTokens(text), len(annotations)
    into[GROUP, "", VALUES] += annotators * len(tokens)
    into[GROUP, "", LENGTH] += len(tokens)
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
