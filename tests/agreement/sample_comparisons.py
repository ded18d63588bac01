"""Sample annotations to compare, and shortcuts to their figures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from hypothesis import strategies as st

from sayso.agreement.agreement_report import Measurement
from sayso.agreement.annotation_pairs import DocumentStatistics, IndexedAnnotation, StatisticKey
from sayso.agreement.comparisons import ComparedDocument
from sayso.agreement.jackknife import DocumentSums, Estimate, Figure
from sayso.agreement.measurement import measure_comparisons
from sayso.models import Annotation, Document, Mention
from sayso.schema.name_edges import find_edges
from tests.dataset.samples import SCHEMA, make_annotation, make_document

LENGTH = 20
TEXT = "x" * LENGTH


def make_filler(start: int, end: int, label: str = "Actor", **attributes: Any) -> Mention:
    """Make a mention in a text of nothing but x."""
    return Mention(
        id=f"{label}-{start}-{end}",
        label=label,
        start=start,
        end=end,
        text="x" * (end - start),
        attributes=attributes,
    )


def annotate(
    document: Document, annotator: str, mentions: Iterable[Mention] = (), **fields: Any
) -> Annotation:
    """Make an annotation whose mentions get ids of their own."""
    named = [
        Mention(
            id=f"m{number}",
            label=m.label,
            start=m.start,
            end=m.end,
            text=m.text,
            attributes=m.attributes,
            started_from=m.started_from,
        )
        for number, m in enumerate(mentions)
    ]
    return make_annotation(document, *named, annotator=annotator, **fields)


def make_comparison(
    doc_id: str, *mentions_of_annotators: Sequence[Mention], text: str = TEXT, **fields: Any
) -> ComparedDocument:
    """Make a comparison from the mentions of each annotator."""
    document = make_document(doc_id, text)
    annotations = [
        annotate(document, f"ann-{number}", mentions, **fields)
        for number, mentions in enumerate(mentions_of_annotators, 1)
    ]
    return ComparedDocument(document, "trial", annotations[0].interface, tuple(annotations))


def measure_sample(*comparisons: ComparedDocument, **options: Any) -> Measurement:
    """Measure comparisons of one campaign and pass."""
    (found,) = measure_comparisons(comparisons, SCHEMA, **options)
    return found


def find_figure(found: Measurement, name: str) -> Figure:
    """Return a figure by its name."""
    (one,) = [each for each in found.figures if each.name == name]
    return one


def find_value(found: Measurement, name: str) -> float | None:
    """Return the value of a figure."""
    return find_figure(found, name).value


def index_mentions(mentions: Iterable[Mention], annotator: str = "ann-1") -> IndexedAnnotation:
    """Index an annotation with these mentions."""
    annotation = annotate(make_document("d", TEXT), annotator, mentions)
    return IndexedAnnotation(annotation, find_edges(SCHEMA))


def estimate_documents(
    documents: Iterable[Callable[[DocumentStatistics], None]],
    figures: Callable[[Any], Iterable[Estimate]],
) -> dict[str, float]:
    """Return unrounded values by subject, from functions that add one document each."""
    sums: DocumentSums[StatisticKey] = DocumentSums()
    for add in documents:
        into: DocumentStatistics = defaultdict(float)
        add(into)
        sums.add(into)
    return {each.figure.subject: float(each.values[0]) for each in figures(sums.leave_out())}


LABELS = ("Actor", "Claim")
MENTIONS = st.lists(
    st.builds(
        lambda start, length, label: make_filler(start, min(LENGTH, start + length), label),
        st.integers(0, LENGTH - 1),
        st.integers(1, 5),
        st.sampled_from(LABELS),
    ),
    max_size=5,
)
"""Any mentions, including duplicates and overlaps."""


def remove_overlaps(mentions: Iterable[Mention]) -> list[Mention]:
    """Return the mentions that do not overlap an earlier one of their label."""
    kept: list[Mention] = []
    for mention in sorted(mentions, key=lambda m: m.start):
        if all(mention.label != m.label or mention.start >= m.end for m in kept):
            kept.append(mention)
    return kept
