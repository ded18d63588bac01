"""Optional free text, such as a canonical name: leaving it out is no objection to it.

So it is with attributes of mentions, and with questions about the document.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from msgspec import structs

from sayso.adjudication.contents import MentionContent, mention_contents
from sayso.models import Annotation, AttributeValue, Mention
from sayso.schema.declarations import Schema


def fill_optional_attributes(
    annotations: Sequence[Annotation], schema: Schema
) -> tuple[Annotation, ...]:
    """Fill in optional text that some left out and all others gave alike.

    Attributes are filled in on equal mentions.

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

    answers = _find_agreed_answers(annotations, schema)
    return tuple(
        structs.replace(
            annotation,
            mentions=tuple(map(fill, annotation.mentions)),
            answers={**answers, **annotation.answers},
        )
        for annotation in annotations
    )


def _find_agreed_answers(
    annotations: Sequence[Annotation], schema: Schema
) -> dict[str, AttributeValue]:
    """Return the answers in optional text that all gave who gave one."""
    found: dict[str, AttributeValue] = {}
    for name, question in schema.questions.items():
        if question.kind == "text" and not question.required:
            given = {each.answers[name] for each in annotations if name in each.answers}
            if len(given) == 1:
                found[name] = given.pop()
    return found


def _optional_names(mention: Mention, schema: Schema) -> list[str]:
    declared = schema.labels[mention.label].attributes if mention.label in schema.labels else {}
    return [name for name, each in declared.items() if each.kind == "text" and not each.required]


def _required_content(mention: Mention, schema: Schema) -> MentionContent:
    (content,) = mention_contents([mention], schema)
    optional = _optional_names(mention, schema)
    required = tuple(item for item in content.attributes if item[0] not in optional)
    return content._replace(attributes=required)
