"""Optional free text, such as a canonical name: leaving it out is no objection to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from msgspec import structs

from sayso.adjudication.candidates import MentionContent, mention_content
from sayso.models import Annotation, AttributeValue, Mention
from sayso.schema.declarations import Schema


def fill_optional_attributes(
    annotations: Sequence[Annotation], schema: Schema
) -> tuple[Annotation, ...]:
    """Fill in optional text that some left out and all others gave alike, on equal mentions.

    Otherwise two annotators who agree would have to be adjudicated as soon as one of them knows a
    name.
    """
    given: defaultdict[tuple[MentionContent, str], set[AttributeValue]] = defaultdict(set)
    for annotation in annotations:
        for mention in annotation.mentions:
            for name in _optional_names(mention, schema):
                if name in mention.attributes:
                    given[_required_content(mention, schema), name].add(mention.attributes[name])
    agreed = {key: next(iter(values)) for key, values in given.items() if len(values) == 1}

    def fill(mention: Mention) -> Mention:
        content = _required_content(mention, schema)
        missing = {
            name: agreed[content, name]
            for name in _optional_names(mention, schema)
            if name not in mention.attributes and (content, name) in agreed
        }
        return structs.replace(mention, attributes={**mention.attributes, **missing})

    return tuple(
        structs.replace(annotation, mentions=tuple(map(fill, annotation.mentions)))
        for annotation in annotations
    )


def _optional_names(mention: Mention, schema: Schema) -> list[str]:
    declared = schema.labels[mention.label].attributes if mention.label in schema.labels else {}
    return [name for name, each in declared.items() if each.kind == "text" and not each.required]


def _required_content(mention: Mention, schema: Schema) -> MentionContent:
    span, attributes = mention_content(mention)
    optional = _optional_names(mention, schema)
    return MentionContent(span, tuple(item for item in attributes if item[0] not in optional))
