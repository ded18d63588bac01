"""The agreement report of `sayso agreement --json` and of a release's `agreement.json`.

It has labels, values, pseudonyms and numbers, but no word of a text.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct, field

from sayso.agreement.confusions import ConfusionMatrix
from sayso.agreement.jackknife import AGGREGATION_RULE, Figure, IntervalMethod
from sayso.errors import InputError
from sayso.models import DECODE_ERRORS

_OF_PAIRS = "F1 is summed over every two annotators of a document."
_OF_UNITS = (
    "counts once, with the value of each annotator: agreement, AC1, AC2 and kappa are means over "
    "these units (Gwet 2008, 2014; Fleiss 1971), in alpha each of the m values meets the others "
    "with weight 1/(m-1) (Krippendorff 2011). AC1 and AC2 count the values that somebody chose."
)
_OF_CONTINUUM = (
    "All documents are one continuum, laid end to end, as DKPro Agreement computes it; each of the "
    "m annotators of a document meets the others with weight 1/(m-1)."
)
RULES = {
    "spans.exact": _OF_PAIRS,
    "spans.normalised": _OF_PAIRS,
    "spans.overlap": _OF_PAIRS,
    "relations": _OF_PAIRS,
    "frames": _OF_PAIRS,
    "machine": _OF_PAIRS,
    "spans.characters": (
        "Each code point is a unit with a value of every annotator of the document; each of the m "
        "values meets the others with weight 1/(m-1) (Krippendorff 2011)."
    ),
    "spans.tokens": (
        "Each token is a unit with a value of every annotator of the document, as each code point "
        "is for characters."
    ),
    "spans.token_f1": _OF_PAIRS,
    "spans.gamma": (
        "Each document has a gamma of all its annotators; the figure is the mean over documents "
        "that none of them left empty."
    ),
    "spans.units": _OF_CONTINUUM,
    "spans.units_without_overlaps": _OF_CONTINUUM,
    "attributes": f"A mention that two or more annotators marked {_OF_UNITS}",
    "answers": f"A document {_OF_UNITS}",
    "bounds": (
        "A mention that two or more annotators marked counts once, with the share of their pairs "
        "that agree. A number without any bound says nothing."
    ),
}
"""The combination of annotators in a figure, by group, or by group and measure."""


class PairMeasurement(Struct, frozen=True, kw_only=True):
    """Span agreement of two annotators over the documents that both annotated."""

    annotators: tuple[str, str]
    documents: int
    figures: tuple[Figure, ...]


class DocumentMeasurement(Struct, frozen=True, kw_only=True):
    """Agreement in one document."""

    doc_id: str
    annotations: int
    figures: tuple[Figure, ...]

    def find_value(self, name: str) -> float | None:
        """Return the value of a figure; None where it is undefined or not there."""
        return next((figure.value for figure in self.figures if figure.name == name), None)

    @property
    def rank(self) -> tuple[float, str]:
        """A sort key: the worst first by exact F1, or by the first figure; undefined ones last."""
        value = self.find_value("spans.all.exact")
        if value is None and self.figures:
            value = self.figures[0].value
        return (2.0 if value is None else value), self.doc_id


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
        programs: those of the annotators that are programs.
        documents: the number with at least two annotations to compare.
        annotations, comparisons: the numbers of compared annotations and of pairs of them.
        rule, rules: how documents are combined, and how annotators are, by group of figures.
        versions: the number of annotations by versions of schema and guidelines.
        excluded: the number of annotations that were not compared, by reason.
        overlapping: by label, the documents where mentions of one annotator overlap; alpha over
            units is not defined there.
        missing: by attribute, how many matched mentions had a value of some annotators only.
        by_document: only if asked for; the document with least agreement first.
        confusions: only if asked for.
        by_version: only if asked for; ``differences`` is the newer of two versions minus the older.
    """

    campaign: str
    interface: str
    annotators: tuple[str, ...]
    programs: tuple[str, ...] = ()
    documents: int
    annotations: int
    comparisons: int
    versions: dict[str, int]
    excluded: dict[str, int]
    rule: str = AGGREGATION_RULE
    rules: dict[str, str] = field(default_factory=RULES.copy)
    interval: IntervalMethod = IntervalMethod()
    figures: tuple[Figure, ...]
    overlapping: dict[str, tuple[str, ...]] = {}
    missing: dict[str, int]
    pairs: tuple[PairMeasurement, ...] = ()
    by_document: tuple[DocumentMeasurement, ...] = ()
    confusions: tuple[ConfusionMatrix, ...] = ()
    by_version: tuple[VersionMeasurement, ...] = ()
    differences: tuple[Figure, ...] = ()

    @property
    def of_programs(self) -> bool:
        """All annotators are programs, which are not independent of each other."""
        return {*self.annotators} == {*self.programs}


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
