"""Random annotations of any schema, and the property that they are read back as they were."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import strategies as st

from sayso.labelstudio import codec
from sayso.models import AttributeValue, Mention, Relation, sort_mentions, sort_relations
from sayso.schema.schema_types import Attribute, Schema


class DrawnContent(NamedTuple):
    """A text, and the marks and answers of an annotator."""

    text: str
    mentions: list[Mention]
    relations: list[Relation]
    answers: dict[str, AttributeValue]


def _draw_values(attribute: Attribute) -> st.SearchStrategy[AttributeValue]:
    if attribute.kind == "choices":
        chosen = st.sets(st.sampled_from(list(attribute.values)), min_size=1)
        return chosen.map(lambda found: tuple(name for name in attribute.values if name in found))
    if attribute.values:
        return st.sampled_from(list(attribute.values))
    kinds: dict[str, st.SearchStrategy[AttributeValue]] = {
        "boolean": st.booleans(),
        "integer": st.integers(0, 2**63 - 1),
        "number": st.floats(allow_nan=False, allow_infinity=False),
        "date": st.dates().map(str),
        "text": st.text(min_size=1),
    }
    return kinds[attribute.kind]


@st.composite
def _values_of(draw: st.DrawFn, declared: dict[str, Attribute]) -> dict[str, AttributeValue]:
    return {
        name: draw(_draw_values(each)) for name, each in declared.items() if draw(st.booleans())
    }


@st.composite
def contents(draw: st.DrawFn, schema: Schema) -> DrawnContent:
    """Draw a text with mentions of any label and attributes, relations among them, answers."""
    text = draw(
        st.text(min_size=1, max_size=40).filter(lambda t: "\x00" not in t and not t.isspace())
    )
    mentions = []
    for number in range(draw(st.integers(0, 6 if schema.labels else 0))):
        start = draw(st.integers(0, len(text) - 1))
        end = draw(st.integers(start + 1, len(text)))
        if text[start].isspace() or text[end - 1].isspace():
            continue
        label = draw(st.sampled_from(list(schema.labels)))
        mentions.append(
            Mention(
                id=f"m{number}",
                label=label,
                start=start,
                end=end,
                text=text[start:end],
                attributes=draw(_values_of(schema.labels[label].attributes)),
                flag=draw(st.sampled_from([None, *schema.flags])),
            )
        )
    relations: dict[tuple[str, frozenset[str] | tuple[str, str]], Relation] = {}
    ends = st.sampled_from(mentions)
    for _ in range(draw(st.integers(0, 6)) if mentions and schema.relations else 0):
        name, head, tail = draw(st.sampled_from(list(schema.relations))), draw(ends), draw(ends)
        if schema.relations[name].symmetric:
            first, last = sort_mentions([head, tail])
            relation = Relation(type=name, head=first.id, tail=last.id)
        else:
            relation = Relation(type=name, head=head.id, tail=tail.id)
        relations[name, (relation.head, relation.tail)] = relation
    return DrawnContent(text, mentions, [*relations.values()], draw(_values_of(schema.questions)))


def assert_read_back(content: DrawnContent, schema: Schema) -> None:
    """Encode and decode, and compare."""
    result = codec.encode_result(
        content.mentions, content.relations, schema, note="n", answers=content.answers
    )
    found = codec.decode_result(result, content.text, schema)
    assert found.mentions == sort_mentions(content.mentions)
    assert found.relations == sort_relations(content.relations)
    assert found.answers == content.answers
    assert (found.note, found.kept) == ("n", ())
