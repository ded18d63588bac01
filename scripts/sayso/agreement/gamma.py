"""Gamma, which judges whether units are found, placed and labelled alike, all at once.

Mathet, Widlöcher and Métivier, "The unified and holistic method gamma for inter-annotator agreement
measure and alignment" (Computational Linguistics 41, 2015), by pygamma-agreement. A document is a
continuum of its own, and the figure the mean over documents, because a continuum of many would take
days. Chance is sampled: equal documents give equal values.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cache
from typing import Any

from sayso.optional_libraries import import_library

SAMPLES, SEED = 30, 20_251_101
LabelledSpan = tuple[int, int, str]


def compute_gamma(layers: Sequence[Sequence[LabelledSpan]]) -> float | None:
    """Return gamma of one document; None where an annotator marked nothing, or two are missing.

    Args:
        layers: starts, ends and labels, for each annotator.

    Raises:
        UsageError: pygamma-agreement is not installed.
    """
    if len(layers) < 2 or not all(layers):
        return None
    library, segments, numpy = _load_libraries()
    continuum = library.Continuum()
    for number, layer in enumerate(layers):
        for start, end, label in layer:
            continuum.add(f"annotator {number}", segments.Segment(start, end), label)
    numpy.random.seed(SEED)
    measured = continuum.compute_gamma(_dissimilarity(), n_samples=SAMPLES)
    return float(measured.gamma)


@cache
def _load_libraries() -> tuple[Any, Any, Any]:
    names = ("pygamma_agreement", "pyannote.core", "numpy")
    # The library warns of a faster solver at every document.
    logging.getLogger().addFilter(lambda record: "CBC solver" not in record.getMessage())
    library, segments, numpy = (import_library(name, "gamma", extra="gamma") for name in names)
    return library, segments, numpy


@cache
def _dissimilarity() -> Any:
    """Weigh places and labels alike, as the authors do."""
    return _load_libraries()[0].CombinedCategoricalDissimilarity(alpha=1, beta=1)
