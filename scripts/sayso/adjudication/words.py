"""Optional words, such as a canonical name: who left them out does not object to what another gave. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import structs

from sayso.adjudication.candidates import Attributes, Marked, marked
from sayso.records import Annotation, Mention, Value
from sayso.schema import Schema

Said = dict[tuple[Marked, str], set[Value]]
"""By mention without its optional words, and name: what was given."""


def filled(answers: Sequence[Annotation], schema: Schema) -> tuple[Annotation, ...]:
    """The answers with optional words that somebody left out and others gave, all the same, to an equal mention.

    Else two annotators who agree on everything would be rivals as soon as one of them knows a name by heart.
    """
    said: Said = {}
    for answer in answers:
        for mention in answer.mentions:
            for name, value in _optional(mention, schema):
                said.setdefault((_bare(mention, schema), name), set()).add(value)
    agreed = {key: next(iter(values)) for key, values in said.items() if len(values) == 1}
    return tuple(
        structs.replace(answer, mentions=tuple(_filled(mention, schema, agreed) for mention in answer.mentions))
        for answer in answers
    )


def _optional_names(mention: Mention, schema: Schema) -> tuple[str, ...]:
    declared = schema.labels[mention.label].attributes if mention.label in schema.labels else {}
    return tuple(name for name, each in declared.items() if each.kind == "text" and not each.required)


def _optional(mention: Mention, schema: Schema) -> Iterator[tuple[str, Value]]:
    for name in _optional_names(mention, schema):
        if name in mention.attributes:
            yield name, mention.attributes[name]


def _bare(mention: Mention, schema: Schema) -> Marked:
    place, attributes = marked(mention)
    optional = _optional_names(mention, schema)
    without: Attributes = tuple((name, value) for name, value in attributes if name not in optional)
    return Marked(place, without)


def _filled(mention: Mention, schema: Schema, agreed: dict[tuple[Marked, str], Value]) -> Mention:
    bare = _bare(mention, schema)
    missing = {
        name: agreed[bare, name]
        for name in _optional_names(mention, schema)
        if name not in mention.attributes and (bare, name) in agreed
    }
    return structs.replace(mention, attributes={**mention.attributes, **missing}) if missing else mention
