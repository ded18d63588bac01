"""Readings of one text by several annotators, made by hypothesis or by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from hypothesis import strategies as st

from sayso.adjudication.candidates import DocumentCandidates, collect_candidates
from sayso.models import (
    Annotation,
    Document,
    Mention,
    Relation,
    sha256,
    sort_mentions,
    sort_relations,
)
from sayso.schema import declarations as schemas
from tests.conftest import REPOSITORY

SCHEMA = schemas.load_schema(REPOSITORY / "schema" / "schema.yaml")
TEXT = "The mayor of Odesa said two drones 😀 fell."
DOCUMENT = Document(
    doc_id="d1",
    text=TEXT,
    text_sha256=sha256(TEXT),
    language="en",
    license="unknown",
    source_name="d1.txt",
    split="train",
    ingested="2026-01-01",
)
ANNOTATORS = ("ann-1", "ann-2", "ann-3", "ann-4")


def make_mention(words: str, label: str = "Actor", name: str = "", **attributes: Any) -> Mention:
    """A mention of words that stand once in the text, with the required attributes of its label."""
    start = TEXT.index(words)
    required = {
        key: next(iter(a.values))
        for key, a in SCHEMA.labels[label].attributes.items()
        if a.required
    }
    if label == "Count":
        required |= {"lower": 2, "upper": 2}  # type: ignore[dict-item]
    given = {**required, **attributes}
    return Mention(
        id=name or f"{label}{start}",
        label=label,
        start=start,
        end=start + len(words),
        text=words,
        attributes=given,
    )


def make_annotation(
    annotator: str, *mentions: Mention, relations: Iterable[Relation] = (), **fields: Any
) -> Annotation:
    """Make an annotation of the document."""
    usual: dict[str, Any] = {
        "campaign": "trial",
        "interface": "names",
        "annotator_kind": "human",
        "schema_version": SCHEMA.version,
        "status": "submitted",
        "created": "2026-01-02T10:00:00Z",
        "updated": "2026-01-02T10:00:00Z",
    }
    return Annotation(
        doc_id=DOCUMENT.doc_id,
        text_sha256=DOCUMENT.text_sha256,
        annotator=annotator,
        mentions=sort_mentions(mentions),
        relations=sort_relations(relations),
        **{**usual, **fields},
    )


def make_candidates(*annotations: Annotation) -> DocumentCandidates:
    """Collect the candidates of annotations."""
    return collect_candidates(annotations, SCHEMA)


# Made once: hypothesis takes its time over each strategy that it meets anew.
_EDGES = st.sampled_from([(0, 9), (4, 9), (4, 18), (13, 18), (24, 34), (24, 36), (35, 36)])
_LABELS = st.sampled_from(["Actor", "Location", "Count", "Claim"])
_VALUES = {
    "Actor": st.fixed_dictionaries(
        {"type": st.sampled_from(["civilian", "local_authority"])},
        optional={"entity": st.sampled_from(["mayor", "Odesa"])},
    ),
    "Location": st.fixed_dictionaries(
        {"use": st.just("literal"), "precision": st.sampled_from(["site", "settlement"])}
    ),
    "Count": st.fixed_dictionaries(
        {"kind": st.just("vague"), "thing": st.just("uav"), "outcome": st.just("launched")},
        optional={"lower": st.integers(1, 2)},
    ),
    "Claim": st.fixed_dictionaries(
        {
            "type": st.just("strike"),
            "attribution": st.sampled_from(["author", "direct"]),
            "certainty": st.just("certain"),
            "polarity": st.just("positive"),
        }
    ),
}
_LABELLED_SPANS = st.tuples(_EDGES, _LABELS)
_MENTIONS = _LABELLED_SPANS.flatmap(lambda span: st.tuples(st.just(span), _VALUES[span[1]]))
_RELATIONS = st.lists(
    st.tuples(
        st.sampled_from(["source", "where", "quantity"]), st.integers(0, 9), st.integers(0, 9)
    ),
    max_size=3,
)
_ANNOTATIONS = st.tuples(st.lists(_MENTIONS, max_size=4), _RELATIONS)


def _build_annotation(
    annotator: str, made: tuple[list[Any], list[tuple[str, int, int]]]
) -> Annotation:
    marks, relations_drawn = made
    mentions = [
        Mention(
            id=f"m{number}",
            label=label,
            start=start,
            end=end,
            text=TEXT[start:end],
            attributes=attributes,
        )
        for number, (((start, end), label), attributes) in enumerate(marks)
    ]
    relations = {
        Relation(type=kind, head=f"m{a % len(marks)}", tail=f"m{b % len(marks)}")
        for kind, a, b in relations_drawn
        if marks
    }
    return make_annotation(annotator, *mentions, relations=relations, interface="all")


def _build_annotations(drawn: Sequence[Any], same: bool) -> list[Annotation]:
    chosen = [drawn[0]] * len(drawn) if same else drawn
    return [_build_annotation(name, made) for name, made in zip(ANNOTATORS, chosen, strict=False)]


annotation_lists = st.builds(
    _build_annotations, st.lists(_ANNOTATIONS, min_size=1, max_size=4), st.booleans()
)
"""Answers of one to four annotators; in about half of all cases they are the same."""
