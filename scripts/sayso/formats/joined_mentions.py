"""Mentions that relations join: the parts of one mention, and the mentions of one entity."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from sayso.formats.annotated_documents import FormatMention, FormatRelation
from sayso.models import sort_mentions
from sayso.schema.declarations import Joins


def find_clusters(
    relations: Iterable[FormatRelation], mentions: Mapping[str, FormatMention]
) -> Iterator[tuple[FormatMention, ...]]:
    """Yield the mentions that relations connect, directly or by others, in the order of the text.

    Args:
        mentions: by id; every end of a relation is there.
    """
    neighbours: dict[str, set[str]] = defaultdict(set)
    for relation in relations:
        neighbours[relation.head].add(relation.tail)
        neighbours[relation.tail].add(relation.head)
    seen: set[str] = set()
    for start in neighbours:
        if start in seen:
            continue
        found, waiting = {start}, [start]
        while waiting:
            further = neighbours[waiting.pop()] - found
            found |= further
            waiting += further
        seen |= found
        if len(found) > 1:
            yield sort_mentions(mentions[each] for each in found)


def join_mentions(
    mentions: Sequence[FormatMention], kind: str, joins: Joins
) -> Iterator[FormatRelation]:
    """Yield a relation of a type from each mention to the next."""
    for one, other in pairwise(mentions):
        yield FormatRelation(type=kind, head=one.id, tail=other.id, joins=joins)
