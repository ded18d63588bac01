"""The agreement report of `sayso agreement --json` and of a release's `agreement.json`.

It has labels, values, pseudonyms and numbers, but no word of a text.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from sayso.agreement.bootstrap import AGGREGATION_RULE, CONFIDENCE, Figure
from sayso.errors import InputError
from sayso.models import DECODE_ERRORS


class PairMeasurement(Struct, frozen=True, kw_only=True):
    """Span agreement of two annotators over the documents that both annotated."""

    annotators: tuple[str, str]
    documents: int
    figures: tuple[Figure, ...]


class VersionMeasurement(Struct, frozen=True, kw_only=True):
    """Agreement of annotations made under the same versions of schema and guidelines.

    If ``mixed``, that of pairs across versions; both versions are None then.
    """

    schema_version: str | None
    guidelines_version: str | None
    mixed: bool
    first_annotation: str
    documents: int
    comparisons: int
    figures: tuple[Figure, ...]


class Measurement(Struct, frozen=True, kw_only=True):
    """Agreement in one campaign and pass.

    Attributes:
        interface: the pass.
        documents: the number with at least two annotations to compare.
        annotations, comparisons: the numbers of compared annotations and of pairs of them.
        versions: the number of annotations by versions of schema and guidelines.
        excluded: the number of annotations that were not compared, by reason.
        missing: by attribute, how often only one side had a value.
        by_version: only if asked for; ``differences`` is the newer of two versions minus the older.
    """

    campaign: str
    interface: str
    annotators: tuple[str, ...]
    documents: int
    annotations: int
    comparisons: int
    versions: dict[str, int]
    excluded: dict[str, int]
    rule: str = AGGREGATION_RULE
    confidence: float = CONFIDENCE
    samples: int
    seed: int
    figures: tuple[Figure, ...]
    missing: dict[str, int]
    pairs: tuple[PairMeasurement, ...] = ()
    by_version: tuple[VersionMeasurement, ...] = ()
    differences: tuple[Figure, ...] = ()


class UnmeasuredPass(Struct, frozen=True, kw_only=True):
    """A campaign and pass with annotations, but no two of them to compare."""

    campaign: str
    interface: str
    excluded: dict[str, int]


class AgreementReport(Struct, frozen=True, kw_only=True):
    """All measurements, and the passes that could not be measured.

    ``schema`` numbers the format.
    """

    schema: int = 2
    measurements: tuple[Measurement, ...]
    not_measured: tuple[UnmeasuredPass, ...]


def encode_report(report: AgreementReport) -> bytes:
    """Encode a report as one line of JSON."""
    return msgspec.json.encode(report) + b"\n"


def decode_report(content: bytes, where: str) -> AgreementReport:
    """Decode a report.

    Raises:
        InputError: it is not one.
    """
    try:
        return msgspec.json.decode(content, type=AgreementReport)
    except DECODE_ERRORS as error:
        remedy = "run `sayso build`, which makes it anew"
        raise InputError(str(error), where=where, remedy=remedy) from error
