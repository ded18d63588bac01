"""Optional words, such as a canonical name: who left them out does not object to what another gave. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import structs

from sayso.adjudication.candidates import AttributeItems, MentionContent, mention_content
from sayso.models import Annotation, AttributeValue, Mention
from sayso.schema.declarations import Schema

OptionalValues = dict[tuple[MentionContent, str], set[AttributeValue]]
"""By mention without its optional words, and name: what was given."""


def fill_optional_attributes(
    annotations: Sequence[Annotation], schema: Schema
) -> tuple[Annotation, ...]:
    """The answers with optional words that somebody left out and others gave, all the same, to an equal mention.

    Else two annotators who agree on everything would be rivals as soon as one of them knows a name by heart.
    """
    said: OptionalValues = {}
    for answer in annotations:
        for mention in answer.mentions:
            for name, value in _iterate_optional(mention, schema):
                said.setdefault((_required_content(mention, schema), name), set()).add(value)
    agreed = {key: next(iter(values)) for key, values in said.items() if len(values) == 1}
    return tuple(
        structs.replace(
            answer,
            mentions=tuple(_fill_mention(mention, schema, agreed) for mention in answer.mentions),
        )
        for answer in annotations
    )


def _optional_names(mention: Mention, schema: Schema) -> tuple[str, ...]:
    declared = schema.labels[mention.label].attributes if mention.label in schema.labels else {}
    return tuple(
        name for name, each in declared.items() if each.kind == "text" and not each.required
    )


def _iterate_optional(mention: Mention, schema: Schema) -> Iterator[tuple[str, AttributeValue]]:
    for name in _optional_names(mention, schema):
        if name in mention.attributes:
            yield name, mention.attributes[name]


def _required_content(mention: Mention, schema: Schema) -> MentionContent:
    place, attributes = mention_content(mention)
    optional = _optional_names(mention, schema)
    without: AttributeItems = tuple(
        (name, value) for name, value in attributes if name not in optional
    )
    return MentionContent(place, without)


def _fill_mention(
    mention: Mention, schema: Schema, agreed: dict[tuple[MentionContent, str], AttributeValue]
) -> Mention:
    bare = _required_content(mention, schema)
    missing = {
        name: agreed[bare, name]
        for name in _optional_names(mention, schema)
        if name not in mention.attributes and (bare, name) in agreed
    }
    return (
        structs.replace(mention, attributes={**mention.attributes, **missing})
        if missing
        else mention
    )
