"""Predictions as records: one line for each document, which ``sayso push --predictions`` reads."""

from __future__ import annotations

import math
from collections.abc import Iterable

from msgspec import field

from sayso.models import AnnotatorKind, AttributeValue, DocId, Mention, Record, Sha256

ANNOTATOR = "suggest"


class PredictedMention(Mention, frozen=True, kw_only=True):
    """A mention that the program ``by`` would mark; ``score`` is its probability."""

    by: str
    score: float | None = None


class SuggesterVersion(Record, frozen=True, kw_only=True):
    """A suggester that was asked.

    Attributes:
        digest: of its version; "" if not known.
        learns: the labels that it learns from annotations; None where that is not known.
    """

    suggester: str
    digest: str = ""
    learns: tuple[str, ...] | None = None


class DiscardedCount(Record, frozen=True, kw_only=True):
    """A count of the suggestions of one program and label that were not taken, with the reason."""

    by: str
    label: str
    reason: str
    count: int


class Prediction(Record, frozen=True, kw_only=True):
    """The suggestions of programs for one document; never an annotator's annotation.

    ``made_with`` has every suggester that was asked, in order, and ``seen_by`` those of them that
    had learnt from an annotation of this very text, so that what they predict for it proves
    nothing. For ``uncertainty`` see ``compute_uncertainty``.
    """

    doc_id: DocId
    text_sha256: Sha256
    annotator: str
    annotator_kind: AnnotatorKind
    schema_version: str
    made_with: tuple[SuggesterVersion, ...]
    seen_by: tuple[str, ...] = ()
    uncertainty: float | None = None
    mentions: tuple[PredictedMention, ...] = ()
    answers: dict[str, AttributeValue] = field(default_factory=dict)
    gave_way: tuple[DiscardedCount, ...] = ()


def compute_uncertainty(scores: Iterable[float | None]) -> float | None:
    """Return the mean binary entropy of the scores of a document's mentions: 0 to 1 bits.

    A mention without a score says nothing; without any the uncertainty is undefined.

    >>> compute_uncertainty([0.5, 1.0, None])
    0.5
    >>> compute_uncertainty([]) is None
    True
    """
    known = [_binary_entropy(score) for score in scores if score is not None]
    return round(sum(known) / len(known), 4) if known else None


def _binary_entropy(score: float) -> float:
    return -sum(p * math.log2(p) for p in (score, 1 - score) if p > 0)
