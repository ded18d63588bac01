"""The one direction in which a relation is stored that follows the text: symmetric, or of parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from msgspec.structs import replace

from sayso.models import Mention, Relation
from sayso.schema.schema_types import Schema

RelationT = TypeVar("RelationT", bound=Relation)


def orient_relations(
    relations: Iterable[RelationT], mentions: Mapping[str, Mention], schema: Schema
) -> Iterator[RelationT]:
    """Yield relations; the head of one that follows the text is the mention that is first in it.

    A relation with an end that is not there stays as it is.

    Args:
        mentions: by id.
    """
    for relation in relations:
        declared = schema.relations.get(relation.type)
        head, tail = mentions.get(relation.head), mentions.get(relation.tail)
        if declared and declared.follows_text and head and tail and _key(tail) < _key(head):
            yield replace(relation, head=relation.tail, tail=relation.head)
        else:
            yield relation


def _key(mention: Mention) -> tuple[int, int, str, str]:
    return mention.start, -mention.end, mention.label, mention.id
