"""The mentions of all annotations and gold of a chunk as flat arrays, and their table."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sayso.dataset.annotated_chunk import AnnotatedChunk, ConfigTable
from sayso.dataset.arrays import BoolArray, IntArray, combine_chunks, list_owners, to_integers
from sayso.dataset.build_counts import (
    Counts,
    count_values_by_owner,
    cross_tabulate,
    find_nested_spans,
)
from sayso.dataset.features import arrow_type, attribute_type, crosswalk_columns
from sayso.schema.column_names import attribute_column_name

_SPAN_AND_REMARKS = ("start", "end", "text", "flag", "note", "started_from", "decided")
_RESTORE = "restore the file from git, or pull it again"


class MentionArrays:
    """All mentions of the rows of a chunk that were not skipped, flat.

    Attributes:
        rows: the rows of the chunk that were not skipped.
        items: one struct for each mention.
        owner: for each mention its row.
        base: for each mention the offset of its document in the joined texts.
    """

    def __init__(self, chunk: AnnotatedChunk) -> None:
        """Check that the text of each mention is the slice at its offsets.

        Raises:
            SpanError: it is not.
        """
        self.chunk = chunk
        skipped = np.asarray(pc.fill_null(pc.equal(chunk.table["status"], "skipped"), False))
        self.rows: IntArray = np.flatnonzero(~skipped)
        for name in ("declined", "mentions"):
            lists = combine_chunks(chunk.table[name])
            items, owner = lists.flatten(), list_owners(lists)
            self._check_spans(items, owner)
        if skipped.any():
            keep = np.flatnonzero(~skipped[owner])
            items, owner = items.take(pa.array(keep)), owner[keep]
        self.items, self.owner = items, owner
        self.label = items.field("label")
        self.start, self.end = to_integers(items.field("start")), to_integers(items.field("end"))
        self.base = chunk.texts.base[chunk.document[owner]]

    def _check_spans(self, items: pa.StructArray, owner: IntArray) -> None:
        texts, document = self.chunk.texts, self.chunk.document[owner]
        start, end = to_integers(items.field("start")), to_integers(items.field("end"))
        base = texts.base[document]
        outside = (start < 0) | (end <= start) | (end > texts.base[document + 1] - base)
        self._raise_first_error(outside, items, owner, "not inside the text, or empty")
        slices = texts.slice_texts(start + base, end + base)
        differs = ~np.asarray(pc.equal(slices, items.field("text")))
        message = "the text of the mention is not what stands there"
        self._raise_first_error(differs, items, owner, message)

    def _raise_first_error(
        self, wrong: BoolArray, items: pa.StructArray, owner: IntArray, message: str
    ) -> None:
        if wrong.any():
            first = int(np.argmax(wrong))
            mention = items[first].as_py()
            self.chunk.annotations.raise_error(
                int(owner[first]),
                message,
                item=f"mention {mention['id']} [{mention['start']}, {mention['end']})",
                remedy=_RESTORE,
                is_span_error=True,
            )

    def attribute_values(self, name: str) -> pa.Array:
        """Return the values of an attribute for all mentions."""
        return pc.struct_field(self.items.field("attributes"), name)

    def common_columns(self, chosen: IntArray) -> dict[str, pa.Array]:
        """Return the columns that ``mentions`` and ``claims`` share, for the chosen mentions."""
        index = pa.array(chosen)
        return {
            **self.chunk.take_key_columns(self.owner[chosen]),
            **{name: self.items.field(name).take(index) for name in _SPAN_AND_REMARKS},
            **self._sentence_columns(chosen),
        }

    def _sentence_columns(self, chosen: IntArray) -> dict[str, pa.Array]:
        """Return the sentences of mentions, from that of the start to that of the end."""
        texts, base = self.chunk.texts, self.base[chosen]
        start, end = self.start[chosen] + base, self.end[chosen] + base
        first = np.searchsorted(texts.sentence_start, start, side="right") - 1
        last = np.searchsorted(texts.sentence_start, end - 1, side="right") - 1
        # Index -1, before the first sentence, finds the -1 that is appended.
        begin = np.append(texts.sentence_start, -1)[first].clip(max=start)
        begin = np.where(begin < base, start, begin)
        close = np.append(texts.sentence_end, -1)[last].clip(min=end)
        return {
            "sentence_start": pa.array(begin - base, pa.int32()),
            "sentence_end": pa.array(close - base, pa.int32()),
            "sentence": texts.slice_texts(begin, close),
        }


def build_mentions(mentions: MentionArrays) -> ConfigTable:
    """Build the rows of ``mentions``."""
    everything = np.arange(len(mentions.owner))
    columns: dict[str, pa.Array] = {
        **mentions.common_columns(everything),
        "mention_id": mentions.items.field("id"),
        "label": mentions.label.dictionary_encode(),
        **_attribute_columns(mentions),
    }
    counts = _count_mentions(mentions, columns)
    return mentions.chunk.make_table("mentions", columns, len(everything), counts)


def _attribute_columns(mentions: MentionArrays) -> dict[str, pa.Array]:
    schema = mentions.chunk.schema
    columns: dict[str, pa.Array] = {}
    for label, declaration in schema.labels.items():
        has_label = pc.equal(mentions.label, label)
        for name, attribute in declaration.attributes.items():
            null = pa.scalar(None, arrow_type(attribute_type(attribute)))
            values = pc.if_else(has_label, mentions.attribute_values(name), null)
            column = attribute_column_name(label, name)
            columns[column] = values.dictionary_encode() if attribute.is_closed else values
    for column, crosswalk in crosswalk_columns(schema).items():
        values = columns[crosswalk.source_column].cast(pa.string())
        index = pc.index_in(values, value_set=pa.array(crosswalk.codes, pa.string()))
        codes = pa.array(list(crosswalk.codes.values()), arrow_type(crosswalk.type))
        columns[column] = codes.take(index)
    return columns


def _count_mentions(mentions: MentionArrays, columns: Mapping[str, pa.Array]) -> Counts:
    """Count labels and nested mentions by owner, flags and declared values by kind of annotator."""
    owner, chunk = mentions.owner, mentions.chunk
    nested = find_nested_spans(owner, mentions.start, mentions.end)
    labels = columns["label"]
    counts = cross_tabulate("label", labels, owner, chunk.owners)
    counts.update(
        cross_tabulate("nested", labels.filter(pa.array(nested)), owner[nested], chunk.owners)
    )
    counts.update(cross_tabulate("flag", mentions.items.field("flag"), owner, chunk.kinds))
    for label, declaration in chunk.schema.labels.items():
        for name, attribute in declaration.attributes.items():
            values = columns[attribute_column_name(label, name)]
            key = f"{label}.{name}"
            counts.update(count_values_by_owner(key, attribute, values, owner, chunk.kinds))
    return counts
