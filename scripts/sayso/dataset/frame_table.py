"""The relations of a chunk as flat arrays, and the tables of frames.

A frame is a label whose relations make a flat table: each mention with the mentions at the other
ends of the relations that start there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sayso.dataset.annotated_chunk import ConfigTable
from sayso.dataset.arrays import (
    BoolArray,
    IntArray,
    combine_chunks,
    encode_words,
    group_structs,
    list_owners,
    make_list_array,
    to_integers,
)
from sayso.dataset.features import frame_relation_columns, related_columns
from sayso.dataset.mention_table import MentionArrays
from sayso.schema.column_names import frame_id_column, pluralise

_MENTION_FIELDS = frozenset({"id", "label", "start", "end", "text"})
_CHECK = "run `sayso check`"


class RelationArrays:
    """All relations of the rows of a chunk that were not skipped, flat.

    Attributes:
        items: one struct for each relation.
        owner: for each relation its row.
        type, label: for each relation its type, and for each mention its label, as an index into
            the schema's; -1 if it has none.
        head, tail: for each relation the indexes of its mentions.
    """

    def __init__(self, mentions: MentionArrays) -> None:
        """Find both ends of every relation.

        Raises:
            InputError: two mentions have one id, or an end of a relation is missing.
        """
        self.mentions, self.schema = mentions, mentions.chunk.schema
        lists = combine_chunks(mentions.chunk.table["relations"])
        items, owner = lists.flatten(), list_owners(lists)
        keep = np.isin(owner, mentions.rows)
        if not keep.all():
            items, owner = items.filter(pa.array(keep)), owner[keep]
        self.items, self.owner = items, owner
        self.head, self.tail = _resolve_ends(mentions, items, owner)
        self.type = encode_words(items.field("type"), list(self.schema.relations))
        self.label = encode_words(mentions.label, list(self.schema.labels))

    def fits(self, name: str) -> BoolArray:
        """Mark the relations of a type that join the labels that the schema declares for it."""
        labels, declared = list(self.schema.labels), self.schema.relations[name]
        fits: BoolArray = (
            (self.type == list(self.schema.relations).index(name))
            & np.isin(self.label[self.head], [labels.index(each) for each in declared.heads])
            & np.isin(self.label[self.tail], [labels.index(each) for each in declared.tails])
        )
        return fits

    def find_ends(self, name: str) -> tuple[IntArray, IntArray]:
        """Return heads and tails of the relations of a type; symmetric ones in both directions."""
        fits = self.fits(name)
        head, tail = self.head[fits], self.tail[fits]
        if self.schema.relations[name].symmetric:
            return np.concatenate([head, tail]), np.concatenate([tail, head])
        return head, tail

    def list_tails(self, name: str) -> pa.ListArray:
        """Return for each mention the ids that a relation leads to, in order of the text."""
        head, tail = self.find_ends(name)
        order = np.lexsort((tail, head))
        sizes = np.bincount(head, minlength=len(self.mentions.owner))
        ids = self.mentions.items.field("id").take(pa.array(tail[order]))
        return make_list_array(np.concatenate([[0], np.cumsum(sizes)]), ids)


def build_frames(relations: RelationArrays) -> dict[str, ConfigTable]:
    """Build the rows of each frame's configuration."""
    return {pluralise(frame): _build_frame(relations, frame) for frame in relations.schema.frames}


def _build_frame(relations: RelationArrays, frame: str) -> ConfigTable:
    mentions, config = relations.mentions, pluralise(frame)
    frames = np.flatnonzero(np.asarray(pc.equal(mentions.label, frame)))
    index = pa.array(frames)
    columns: dict[str, pa.Array] = {
        **mentions.common_columns(frames),
        frame_id_column(frame): mentions.items.field("id").take(index),
        **{
            name: mentions.attribute_values(name).take(index)
            for name in relations.schema.labels[frame].attributes
        },
        **_build_relation_columns(relations, frame, frames),
    }
    return mentions.chunk.make_table(config, columns, len(frames), Counter({config: len(frames)}))


def _build_relation_columns(
    relations: RelationArrays, frame: str, frames: IntArray
) -> dict[str, pa.Array]:
    """Return for each relation of a frame its column.

    Relations that join mentions of other labels than the schema declares are left out.
    """
    row = np.full(len(relations.mentions.owner), -1)
    row[frames] = np.arange(len(frames))
    columns: dict[str, pa.Array] = {}
    for name, (column, labels) in frame_relation_columns(relations.schema, frame).items():
        head, tail = relations.find_ends(name)
        own = row[head] >= 0  # a head may have other labels than this frame's
        columns[column] = _group_related(relations, row[head[own]], tail[own], labels, len(frames))
    return columns


def _group_related(
    relations: RelationArrays, row: IntArray, tail: IntArray, labels: Sequence[str], size: int
) -> pa.ListArray:
    """Return for each of ``size`` frames its related mentions, in order of text."""
    mentions, schema = relations.mentions, relations.schema
    order = np.lexsort((tail, row))
    index = pa.array(tail[order])
    columns = {}
    for name in related_columns(schema, labels):
        if name in schema.relations:
            columns[name] = relations.list_tails(name)
        elif name in _MENTION_FIELDS:
            columns[name] = mentions.items.field(name)
        else:
            columns[name] = mentions.attribute_values(name)
    taken = {name: values.take(index) for name, values in columns.items()}
    return group_structs(row[order], size, taken)


def _resolve_ends(
    mentions: MentionArrays, items: pa.StructArray, owner: IntArray
) -> tuple[IntArray, IntArray]:
    """Return the index of head and tail among all mentions of every relation."""
    ids = pa.concat_arrays([mentions.items.field("id"), items.field("head"), items.field("tail")])
    encoded = ids.dictionary_encode()
    size = max(len(encoded.dictionary), 1)
    # Ids are unique within a row only, so the keys that are searched for hold both.
    owners = np.concatenate([mentions.owner, owner, owner])
    keys = owners * size + to_integers(encoded.indices)
    own, heads, tails = np.split(keys, [len(mentions.owner), len(mentions.owner) + len(owner)])
    order = np.argsort(own, kind="stable")
    _check_unique_ids(mentions, own[order], order)
    head, tail = (
        _find_mentions(mentions, own[order], order, wanted, items, owner)
        for wanted in (heads, tails)
    )
    return head, tail


def _find_mentions(
    mentions: MentionArrays,
    sorted_keys: IntArray,
    order: IntArray,
    wanted: IntArray,
    items: pa.StructArray,
    owner: IntArray,
) -> IntArray:
    """Return the index of the mention with each wanted key."""
    place = np.searchsorted(sorted_keys, wanted)
    exists = place < len(sorted_keys)
    exists[exists] = sorted_keys[place[exists]] == wanted[exists]
    if not exists.all():
        first = int(np.argmin(exists))
        relation = items[first].as_py()
        mentions.chunk.annotations.raise_error(
            int(owner[first]),
            "an end of the relation is not there",
            item=f"relation {relation['type']} {relation['head']} → {relation['tail']}",
            remedy=_CHECK,
        )
    return order[place]


def _check_unique_ids(mentions: MentionArrays, sorted_keys: IntArray, order: IntArray) -> None:
    repeated = np.flatnonzero(sorted_keys[1:] == sorted_keys[:-1])
    if len(repeated):
        second = int(order[repeated[0] + 1])
        mention_id = mentions.items.field("id")[second].as_py()
        mentions.chunk.annotations.raise_error(
            int(mentions.owner[second]), f"two mentions have the id {mention_id!r}", remedy=_CHECK
        )
