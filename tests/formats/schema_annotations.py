"""Annotations that a schema allows, from a generator."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from sayso.models import Annotation, AttributeValue, Mention, Relation, sort_relations
from sayso.schema.declarations import Attribute, Schema
from sayso.schema.symmetry import orient_relations
from tests.dataset.samples import make_annotation, make_document

TEXT = "Ann Smith owes 😀 Bob, of Acme Ltd, 12.50 or more.\nPaid to Acme on Monday: “nothing”."
DOCUMENT = make_document("a.b", TEXT, title="Ann’s debts")
_WORDS = [(each.start(), each.end()) for each in re.finditer(r"[A-Za-z]+", TEXT)]
_TEXTS = ("one word", "word", "=1+1", "“quoted”; and, more", "Ann  owes")


def values_of(attribute: Attribute) -> st.SearchStrategy[Any]:
    """Draw a value that an attribute or question accepts."""
    if attribute.is_closed:
        return st.sampled_from(list(attribute.values))
    kinds: dict[str, st.SearchStrategy[Any]] = {
        "boolean": st.booleans(),
        "integer": st.integers(-(1 << 63), (1 << 63) - 1),
        "number": st.floats(allow_nan=False, allow_infinity=False),
        "date": st.dates().map(str),
        "text": st.sampled_from(_TEXTS),
    }
    if attribute.kind == "choices":
        some = st.sets(st.sampled_from(list(attribute.values)), min_size=1)
        return some.map(attribute.sort_values)
    return kinds[attribute.kind]


def values_by_name(attributes: Mapping[str, Attribute]) -> st.SearchStrategy[dict[str, Any]]:
    """Draw values of some attributes, and of all that are required or have a default."""
    due = {name for name, each in attributes.items() if each.required or each.default is not None}
    return st.fixed_dictionaries(
        {name: values_of(attributes[name]) for name in attributes if name in due},
        optional={name: values_of(attributes[name]) for name in attributes if name not in due},
    )


@st.composite
def annotations_of(draw: st.DrawFn, schema: Schema) -> Annotation:
    """An annotation of ``DOCUMENT`` as a record has it, with every default filled in."""
    spans = draw(st.sets(st.sampled_from(_WORDS), max_size=6)) if schema.labels else set()
    mentions = []
    for number, (start, end) in enumerate(sorted(spans)):
        label = draw(st.sampled_from(list(schema.labels)))
        attributes = draw(values_by_name(schema.labels[label].attributes))
        mentions.append(
            Mention(
                id=f"m{number}",
                label=label,
                start=start,
                end=end,
                text=TEXT[start:end],
                attributes=attributes,
            )
        )
    return make_annotation(
        DOCUMENT,
        *mentions,
        relations=_draw_relations(draw, schema, mentions),
        answers=draw(values_by_name(schema.questions)),
        schema_version=schema.version,
    )


def _draw_relations(
    draw: st.DrawFn, schema: Schema, mentions: list[Mention]
) -> tuple[Relation, ...]:
    possible = [
        Relation(type=name, head=head.id, tail=tail.id)
        for name, declared in schema.relations.items()
        for head in mentions
        for tail in mentions
        if head is not tail and declared.connects(head.label, tail.label)
    ]
    drawn = draw(st.lists(st.sampled_from(possible), max_size=4)) if possible else []
    by_id = {mention.id: mention for mention in mentions}
    return sort_relations(set(orient_relations(drawn, by_id, schema)))


def describe_mentions(annotation: Any) -> list[tuple[str, int, int, dict[str, Any]]]:
    """Return mentions by their offsets, with the type of each value."""
    return [(m.label, m.start, m.end, describe_values(m.attributes)) for m in annotation.mentions]


def describe_relations(annotation: Any) -> list[tuple[str, int, int]]:
    """Return relations by the offsets of their ends."""
    start = {mention.id: mention.start for mention in annotation.mentions}
    return sorted((r.type, start[r.head], start[r.tail]) for r in annotation.relations)


def describe_values(values: Mapping[str, AttributeValue]) -> dict[str, Any]:
    """Return values with their types: yes is not 1."""
    return {name: (type(value), value) for name, value in values.items()}
