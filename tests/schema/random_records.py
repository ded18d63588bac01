"""Random documents, annotations and gold that are valid under a schema, as a Hypothesis strategy.

Every kind of value occurs, given or left out, and so does every relation in every direction that
the schema allows.
"""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from msgspec.structs import asdict

from sayso import jsonl
from sayso.corpus.sources import CorpusFiles, annotation_sort_key
from sayso.models import (
    Annotation,
    AttributeValue,
    DecisionMethod,
    Document,
    Gold,
    GoldAnswer,
    GoldMention,
    GoldRelation,
    Mention,
    Relation,
    Split,
    sha256,
    sort_mentions,
    sort_relations,
)
from sayso.schema.declarations import Attribute, Schema
from sayso.schema.symmetry import orient_relations
from sayso.settings import Checkout, find_checkout
from tests.schema.small_schemas import read_schema

WORDS = ["Ann", "owes", "Bob", "12.50", "to", "Acme", "سارة", "😀."]
_SPLITS: tuple[Split, ...] = ("train", "validation", "test")
_VOTES = st.lists(st.sampled_from(["ann-1", "ann-2"]), unique=True).map(sorted).map(tuple)
_METHODS: st.SearchStrategy[DecisionMethod] = st.sampled_from(
    ["unanimous", "majority", "adjudicated"]
)
Records = tuple[list[Document], list[Annotation], list[Gold]]


def values_of(attribute: Attribute) -> st.SearchStrategy[AttributeValue]:
    """Return a strategy for all that an attribute or question accepts."""
    chosen = st.sets(st.sampled_from(list(attribute.values) or ["-"]), min_size=1)
    found: dict[str, st.SearchStrategy[Any]] = {
        "choice": st.sampled_from(list(attribute.values) or ["-"]),
        "ordinal": st.sampled_from(list(attribute.values) or ["-"]),
        "choices": chosen.map(attribute.sort_values),
        "boolean": st.booleans(),
        "integer": st.integers(-(2**63), 2**63 - 1),
        "number": st.floats(allow_nan=False, allow_infinity=False) | st.integers(-99, 99),
        "date": st.dates().map(datetime.date.isoformat),
        "text": st.text(min_size=1, max_size=9),
    }
    return found[attribute.kind]


def given_values(attributes: dict[str, Attribute]) -> st.SearchStrategy[dict[str, AttributeValue]]:
    """Return a strategy for the values of some attributes; only the required are always there."""
    kinds = {name: values_of(attribute) for name, attribute in attributes.items()}
    required = {name: kind for name, kind in kinds.items() if attributes[name].required}
    optional = {name: kind for name, kind in kinds.items() if name not in required}
    return st.fixed_dictionaries(required, optional=optional)


def _make_document(number: int) -> Document:
    text = " ".join(WORDS[number:])
    return Document(
        doc_id=f"d{number}",
        title=f"Case {number}",
        language="en",
        license="CC-BY-4.0" if number else "unknown",
        source_name="x.txt",
        split=_SPLITS[number % 3],
        ingested="2025-11-01",
        text_sha256=sha256(text),
        text=text,
    )


@st.composite
def _mentions(draw: st.DrawFn, schema: Schema, text: str, prefix: str) -> tuple[Mention, ...]:
    mentions: list[Mention] = []
    start = 0
    for number, word in enumerate(text.split(" ") if schema.labels else ()):
        if label := draw(st.sampled_from([None, *schema.labels])):
            attributes = draw(given_values(schema.labels[label].attributes))
            mentions.append(
                Mention(
                    id=f"{prefix}{number}",
                    label=label,
                    start=start,
                    end=start + len(word),
                    text=word,
                    attributes=attributes,
                )
            )
        start += len(word) + 1
    return sort_mentions(mentions)


@st.composite
def _relations(
    draw: st.DrawFn, schema: Schema, mentions: tuple[Mention, ...]
) -> tuple[Relation, ...]:
    possible = [
        Relation(type=name, head=head.id, tail=tail.id)
        for name, declared in schema.relations.items()
        for head in mentions
        for tail in mentions
        if head != tail and declared.connects(head.label, tail.label)
    ]
    found = draw(st.lists(st.sampled_from(possible), max_size=6)) if possible else []
    by_id = {mention.id: mention for mention in mentions}
    oriented = {(r.head, r.type, r.tail): r for r in orient_relations(found, by_id, schema)}
    return sort_relations(oriented.values())


@st.composite
def _annotations(draw: st.DrawFn, schema: Schema, document: Document, name: str) -> Annotation:
    mentions = draw(_mentions(schema, document.text, "m"))
    return Annotation(
        doc_id=document.doc_id,
        text_sha256=document.text_sha256,
        campaign="pilot",
        interface="all",
        annotator=name,
        annotator_kind="human",
        schema_version=schema.version,
        status=draw(st.sampled_from(["submitted", "submitted", "skipped"])),
        created="2025-11-01T00:00:00Z",
        updated="2025-11-01T00:00:00Z",
        mentions=mentions,
        relations=draw(_relations(schema, mentions)),
        answers=draw(given_values(schema.questions)),
    )


@st.composite
def _gold(draw: st.DrawFn, schema: Schema, document: Document) -> Gold:
    def decide() -> dict[str, Any]:
        return {"decided": draw(_METHODS), "votes": draw(_VOTES)}

    def decide_relations(relations: tuple[Relation, ...]) -> tuple[GoldRelation, ...]:
        return tuple(GoldRelation(**asdict(each), **decide()) for each in relations)

    taken = draw(_mentions(schema, document.text, "g"))
    declined = draw(_mentions(schema, document.text, "d"))
    answers = draw(given_values(schema.questions))
    others = {
        name: draw(st.lists(values_of(each), max_size=2)) for name, each in schema.questions.items()
    }
    return Gold(
        doc_id=document.doc_id,
        text_sha256=document.text_sha256,
        campaign="pilot",
        interface=draw(st.sampled_from(["all", None])),
        schema_version=schema.version,
        adjudicated="2025-11-02T00:00:00Z",
        decided="majority",
        annotators=("ann-1", "ann-2"),
        annotator_kinds=("human",),
        mentions=tuple(GoldMention(**asdict(each), **decide()) for each in taken),
        relations=decide_relations(draw(_relations(schema, taken))),
        declined=tuple(GoldMention(**asdict(each), **decide()) for each in declined),
        declined_relations=decide_relations(draw(_relations(schema, declined))),
        answers=tuple(
            GoldAnswer(question=name, value=answers[name], **decide())
            for name in schema.questions
            if name in answers
        ),
        declined_answers=tuple(
            GoldAnswer(question=name, value=value, **decide())
            for name, values in others.items()
            for value in values
        ),
    )


@st.composite
def records(draw: st.DrawFn, schema: Schema) -> Records:
    """Draw three documents, each perhaps with annotations of two people and with gold."""
    documents = [_make_document(number) for number in range(3)]
    annotations = [
        draw(_annotations(schema, document, name))
        for name in ("ann-1", "ann-2")
        for document in documents
        if draw(st.booleans())
    ]
    gold = [draw(_gold(schema, document)) for document in documents if draw(st.booleans())]
    return documents, annotations, gold


def write_records(folder: Path, schema_text: str, found: Records) -> Checkout:
    """Write a checkout of such records."""
    read_schema(folder, schema_text)
    documents, annotations, gold = found
    corpus = CorpusFiles(folder)
    jsonl.write(corpus.batch_file(0), documents)
    for name in {each.annotator for each in annotations}:
        mine = [each for each in annotations if each.annotator == name]
        corpus.write_annotations("pilot", name, sorted(mine, key=annotation_sort_key))
    jsonl.write(folder / "corpus" / "gold" / "pilot.jsonl", gold)
    return find_checkout(folder)
