"""Predictions as records: one line for each document, which ``sayso push --predictions`` reads."""

from __future__ import annotations

import math
from collections.abc import Iterable

from sayso.models import AnnotatorKind, DocId, Mention, Record, Sha256

ANNOTATOR = "suggest"


class PredictedMention(Mention, frozen=True, kw_only=True):
    """A mention that a program would mark: ``by`` says which one, ``score`` how probable it thinks it."""

    by: str
    score: float | None = None


class SuggesterVersion(Record, frozen=True, kw_only=True):
    """A suggester that was asked, and a digest of what its answer depends on beside the text; empty if not known."""

    suggester: str
    digest: str = ""


class DiscardedCount(Record, frozen=True, kw_only=True):
    """How many suggestions of one program and label were not taken, and why."""

    by: str
    label: str
    reason: str
    count: int


class Prediction(Record, frozen=True, kw_only=True):
    """What programs suggest for one document; never an answer.

    ``version_digest`` has every suggester that was asked, in order, and ``seen_by`` those of them that had learnt from a
    reading of this very text, so that what they say of it proves nothing. ``compute_uncertainty`` is what the function of that
    name says.
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
    gave_way: tuple[DiscardedCount, ...] = ()


def compute_uncertainty(scores: Iterable[float | None]) -> float | None:
    """How unsure a document is, from 0 to 1: the mean over its mentions of the binary entropy of their scores, in bits.

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
