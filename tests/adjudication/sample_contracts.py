"""Annotations by the schema ``CONTRACTS``: every kind of value, questions, freer relations."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from sayso.adjudication.adjudication_cases import AdjudicationCase
from sayso.adjudication.candidates import collect_candidates
from sayso.adjudication.decisions import Decision, build_gold
from sayso.adjudication.gold_writer import majority_decider
from sayso.adjudication.optional_attributes import fill_optional_attributes
from sayso.models import (
    Annotation,
    AttributeValue,
    Document,
    Gold,
    Mention,
    Relation,
    sha256,
    sort_mentions,
    sort_relations,
)
from sayso.schema.declarations import Schema
from sayso.schema.symmetry import orient_relations
from tests.schema.small_schemas import CONTRACTS, read_schema

TEXT = "Ann and Ben Smith paid 900.50 to Rent Ltd."
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
Answers = Mapping[str, AttributeValue]


def load(overlap: str = "forbid") -> Schema:
    """Load the schema with an overlap of Person."""
    text = CONTRACTS.replace("  Person:\n", f"  Person:\n    overlap: {overlap}\n", 1)
    with tempfile.TemporaryDirectory() as folder:
        return read_schema(Path(folder), text)


SCHEMAS = {overlap: load(overlap) for overlap in ("forbid", "nest", "allow")}


def mark(words: str, label: str = "Person", name: str = "", **attributes: Any) -> Mention:
    """Mark words that stand once in the text."""
    start = TEXT.index(words)
    end = start + len(words)
    identifier = name or f"{label}{start}"
    return Mention(
        id=identifier, label=label, start=start, end=end, text=words, attributes=attributes
    )


def annotate(
    annotator: str,
    *mentions: Mention,
    relations: Iterable[tuple[str, str, str]] = (),
    answers: Answers | None = None,
    **fields: Any,
) -> Annotation:
    """Annotate the document; relations are type, head and tail."""
    drawn = (Relation(type=kind, head=head, tail=tail) for kind, head, tail in relations)
    by_id = {mention.id: mention for mention in mentions}
    usual: dict[str, Any] = {"campaign": "trial", "interface": "all", "annotator_kind": "human"}
    usual |= {"schema_version": "1.0.0", "status": "submitted", "created": "2026-01-02"}
    return Annotation(
        doc_id=DOCUMENT.doc_id,
        text_sha256=DOCUMENT.text_sha256,
        annotator=annotator,
        mentions=sort_mentions(mentions),
        relations=sort_relations(set(orient_relations(drawn, by_id, SCHEMAS["forbid"]))),
        answers=dict(answers or {}),
        **{"updated": "2026-01-02", **usual, **fields},
    )


def decide_majority(schema: Schema, *annotations: Annotation) -> Decision | tuple[str, str]:
    """Decide by majority, as a pull does."""
    found = collect_candidates(fill_optional_attributes(annotations, schema), schema)
    case = AdjudicationCase(DOCUMENT, found.annotators, found)
    return majority_decider(schema)(case, found, None)


def build_majority(schema: Schema, *annotations: Annotation) -> Gold:
    """Build the gold by majority, as a pull does."""
    found = collect_candidates(fill_optional_attributes(annotations, schema), schema)
    decision = decide_majority(schema, *annotations)
    assert isinstance(decision, Decision), decision
    return build_gold(found, DOCUMENT, decision, schema.version)


ANSWERS = st.fixed_dictionaries(
    {"topic": st.sampled_from(["rent", "labour"])},
    optional={
        "areas": st.sampled_from([("civil",), ("civil", "tax"), ("criminal", "tax")]),
        "urgent": st.booleans(),
        "ruled_on": st.sampled_from(["2025-01-31", "2024-12-01"]),
        "costs": st.sampled_from([0.0, 1.0, 900.5]),
        "hearings": st.sampled_from([0, 1, 12]),
        "gist": st.sampled_from(["They pay.", "They do not."]),
    },
)
_PERSON = st.fixed_dictionaries(
    {},
    optional={
        "roles": st.sampled_from([("plaintiff",), ("plaintiff", "witness")]),
        "minor": st.booleans(),
        "born": st.just("1990-02-28"),
    },
)
_MARKS = st.lists(
    st.tuples(st.sampled_from(["Ann", "Ben", "Ben Smith", "Smith"]), _PERSON), max_size=4
)
_ARROWS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=3)


def _build(name: str, made: tuple[Any, ...]) -> Annotation:
    marks, arrows, answers = made
    people = [mark(words, name=f"p{n}", **given) for n, (words, given) in enumerate(marks)]
    payment = mark("900.50", "Payment", "sum", amount=900.5)
    relations = []
    for one, other in arrows:
        if one < len(people):
            head, tail = f"p{one}", f"p{other}"
            tied = other < len(people) and other != one
            relations.append(("kin", head, tail) if tied else ("pays", head, "sum"))
    return annotate(name, *people, payment, relations=relations, answers=answers)


annotation_lists = st.lists(st.tuples(_MARKS, _ARROWS, ANSWERS), min_size=2, max_size=4).map(
    lambda drawn: [_build(f"ann-{number}", made) for number, made in enumerate(drawn)]
)
"""What two to four annotators have: persons, one sum, who pays it and who is tied to whom."""
