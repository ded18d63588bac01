"""The rows of ``claims``: each claim with the mentions at the other ends of its relations."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sayso.checks.schema_checks import CLAIM
from sayso.dataset.annotated_chunk import ConfigTable
from sayso.dataset.arrays import (
    IntArray,
    combine_chunks,
    encode_words,
    group_structs,
    list_owners,
    to_integers,
)
from sayso.dataset.features import claim_relation_columns
from sayso.dataset.mention_table import MentionArrays

_CHECK = "run `sayso check`"


def build_claims(mentions: MentionArrays) -> ConfigTable:
    """Build the rows of ``claims``.

    Raises:
        InputError: two mentions have one id, or an end of a relation is missing.
    """
    schema = mentions.chunk.schema
    claims = np.flatnonzero(np.asarray(pc.equal(mentions.label, CLAIM)))
    index = pa.array(claims)
    related, misdrawn = _build_relation_columns(mentions, claims)
    columns: dict[str, pa.Array] = {
        **mentions.common_columns(claims),
        "claim_id": mentions.items.field("id").take(index),
        **{
            name: mentions.attribute_values(name).take(index)
            for name in schema.labels[CLAIM].attributes
        },
        **related,
    }
    counts = Counter({"claims": len(claims), "misdrawn": misdrawn})
    return mentions.chunk.make_table("claims", columns, len(claims), counts)


def _build_relation_columns(
    mentions: MentionArrays, claims: IntArray
) -> tuple[dict[str, pa.Array], int]:
    """Return for each relation of claims its column, and the number of relations that do not fit.

    A relation does not fit when it joins mentions of other labels than the schema declares.
    """
    schema = mentions.chunk.schema
    labels, relations = list(schema.labels), list(schema.relations)
    types, head, tail = _resolve_relations(mentions)
    claim_row = np.full(len(mentions.owner), -1)
    claim_row[claims] = np.arange(len(claims))
    type_codes = encode_words(types, relations)
    label_codes = encode_words(mentions.label, labels)
    columns: dict[str, pa.Array] = {}
    misdrawn = 0
    for name, (column, label) in claim_relation_columns(schema).items():
        has_type = type_codes == relations.index(name)
        fits = has_type & (claim_row[head] >= 0) & (label_codes[tail] == labels.index(label))
        columns[column] = _group_related(
            mentions, claim_row[head[fits]], tail[fits], label, len(claims)
        )
        misdrawn += int(has_type.sum() - fits.sum())
    return columns, misdrawn


def _group_related(
    mentions: MentionArrays, row: IntArray, tail: IntArray, label: str, size: int
) -> pa.ListArray:
    """Return for each of ``size`` claims its related mentions of one label, in order of text."""
    order = np.lexsort((tail, row))
    index = pa.array(tail[order])
    columns = {name: mentions.items.field(name) for name in ("id", "start", "end", "text")}
    for name in mentions.chunk.schema.labels[label].attributes:
        columns[name] = mentions.attribute_values(name)
    taken = {name: values.take(index) for name, values in columns.items()}
    return group_structs(row[order], size, taken)


def _resolve_relations(mentions: MentionArrays) -> tuple[pa.Array, IntArray, IntArray]:
    """Return type, and index of head and tail among all mentions, of every relation."""
    lists = combine_chunks(mentions.chunk.table["relations"])
    items, owner = lists.flatten(), list_owners(lists)
    keep = np.isin(owner, mentions.rows)
    if not keep.all():
        items, owner = items.filter(pa.array(keep)), owner[keep]
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
    return items.field("type"), head, tail


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
