"""The rows of ``relations``: each relation with the mentions at both its ends, flat."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa

from sayso.dataset.annotated_chunk import ConfigTable
from sayso.dataset.features import RELATION_ENDS
from sayso.dataset.frame_table import RelationArrays

_FIELDS = ("id", "label", "start", "end", "text", "attributes")


def build_relations(relations: RelationArrays) -> ConfigTable:
    """Build the rows of ``relations``."""
    chunk = relations.mentions.chunk
    columns: dict[str, pa.Array] = {
        **chunk.take_key_columns(relations.owner),
        "type": relations.items.field("type").dictionary_encode(),
        "decided": relations.items.field("decided"),
    }
    for end, index in zip(RELATION_ENDS, (relations.head, relations.tail), strict=True):
        mentions = relations.mentions.items.take(pa.array(index))
        columns |= {f"{end}_{name}": mentions.field(name) for name in _FIELDS}
    size = len(relations.owner)
    fitting = sum(int(relations.fits(name).sum()) for name in relations.schema.relations)
    counts = Counter({"relations": size, "misdrawn": size - fitting})
    return chunk.make_table("relations", columns, size, counts)
