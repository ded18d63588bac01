"""The rows of ``tokens``: every sentence of every annotation, with a tag for each token and label.

A mention that starts or ends inside a token tags every token that it touches. One that touches
a token of an earlier mention of its label is not tagged. Both are listed in ``misaligned``, as is a
mention that goes on in the next sentence, in each row that it touches.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sayso.dataset.annotated_chunk import ConfigTable
from sayso.dataset.arrays import (
    BoolArray,
    IntArray,
    combine_chunks,
    count_values,
    encode_words,
    expand_ranges,
    group_structs,
    make_list_array,
    to_integers,
)
from sayso.dataset.build_counts import count_key
from sayso.dataset.mention_table import MentionArrays
from sayso.schema.column_names import tags_column_name

_TAGS = pa.array(["O", "B", "I"])
_TAG_OUTSIDE, _TAG_BEGIN, _TAG_INSIDE = range(3)
_REASONS = pa.array(["inside_token", "no_token", "overlap", "past_sentence"])
_INSIDE_TOKEN, _NO_TOKEN, _OVERLAP, _PAST_SENTENCE = range(4)


def build_tokens(mentions: MentionArrays) -> ConfigTable:
    """Build the rows of ``tokens``."""
    chunk, texts = mentions.chunk, mentions.chunk.texts
    document = chunk.document[mentions.rows]
    first = texts.document_sentence[document]
    count = texts.document_sentence[document + 1] - first
    sentence = expand_ranges(first, count)
    owner = np.repeat(mentions.rows, count)
    base = texts.base[chunk.document[owner]]
    start, end = texts.sentence_start[sentence], texts.sentence_end[sentence]
    columns: dict[str, pa.Array] = {
        **chunk.take_key_columns(owner),
        "sentence_index": pa.array(expand_ranges(np.zeros_like(first), count), pa.int32()),
        "sentence_start": pa.array(start - base, pa.int32()),
        "sentence_end": pa.array(end - base, pa.int32()),
        "sentence": texts.slice_texts(start, end),
        **_TokenTagger(mentions, sentence, owner).build_columns(),
    }
    counts = Counter({"sentences": len(owner)})
    reasons = columns["misaligned"].flatten().field("reason")
    for reason, number in count_values(reasons).items():
        counts[count_key("misaligned", reason)] += number
    return chunk.make_table("tokens", columns, len(owner), counts)


class _TokenTagger:
    """Tokens and tags for rows of sentences.

    Attributes:
        token: for each token of each row its index among the tokens of the texts.
        bounds: where the tokens of each row start in ``token``.
        first, last: for each mention the tokens that it touches, as indices of ``token``.
        row_first, row_end: for each mention the rows of its annotation.
    """

    def __init__(self, mentions: MentionArrays, sentence: IntArray, owner: IntArray) -> None:
        self.mentions, self.owner, self.texts = mentions, owner, mentions.chunk.texts
        first = self.texts.sentence_token[sentence]
        count = self.texts.sentence_token[sentence + 1] - first
        self.token = expand_ranges(first, count)
        self.bounds: IntArray = np.concatenate([[0], np.cumsum(count)])
        self._align_mentions()

    def _align_mentions(self) -> None:
        mentions, texts = self.mentions, self.texts
        start, end = mentions.start + mentions.base, mentions.end + mentions.base
        first = np.searchsorted(texts.token_end, start, side="right")
        last = np.searchsorted(texts.token_start, end, side="left")
        self.touches = last > first
        opens = np.append(texts.token_start, -1)[first]
        closes = np.append(texts.token_end, -1)[last - 1]
        self.aligned = self.touches & (opens == start) & (closes == end)
        # The tokens of a document are contiguous in each of its annotations: one shift is enough.
        self.row_first = np.searchsorted(self.owner, mentions.owner)
        self.row_end = np.searchsorted(self.owner, mentions.owner, side="right")
        document = mentions.chunk.document[mentions.owner]
        shift = (
            self.bounds[self.row_first] - texts.sentence_token[texts.document_sentence[document]]
        )
        self.first, self.last = first + shift, last + shift

    def build_columns(self) -> dict[str, pa.Array]:
        texts = self.texts
        base = np.repeat(texts.base[self.mentions.chunk.document[self.owner]], np.diff(self.bounds))
        words = texts.token_strings()
        if not np.array_equal(self.token, np.arange(len(words))):
            words = words.take(pa.array(self.token))
        starts = pa.array(texts.token_start[self.token] - base, pa.int32())
        ends = pa.array(texts.token_end[self.token] - base, pa.int32())
        tags, overlapping = self._build_tag_columns()
        return {
            "tokens": make_list_array(self.bounds, words),
            "token_starts": make_list_array(self.bounds, starts),
            "token_ends": make_list_array(self.bounds, ends),
            **tags,
            "misaligned": self._build_misaligned(overlapping),
        }

    def _build_tag_columns(self) -> tuple[dict[str, pa.Array], BoolArray]:
        """Return the tags for each label, and the mentions not tagged because of an overlap."""
        schema = self.mentions.chunk.schema
        labels = encode_words(self.mentions.label, list(schema.labels))
        overlapping = np.zeros(len(labels), dtype=np.bool_)
        columns: dict[str, pa.Array] = {}
        for number, label in enumerate(schema.labels):
            chosen = np.flatnonzero((labels == number) & self.touches)
            overlaps = self._find_overlapping(chosen)
            overlapping[chosen[overlaps]] = True
            shown = self._find_rows_showing(label)
            columns[tags_column_name(label)] = self._build_tags(chosen[~overlaps], shown)
        return columns, overlapping

    def _find_overlapping(self, chosen: IntArray) -> BoolArray:
        """Mark the chosen mentions that touch a token of an earlier chosen one."""
        overlaps = np.zeros(len(self.first), dtype=np.bool_)
        if len(chosen):
            order = chosen[np.argsort(self.first[chosen], kind="stable")]
            before = np.concatenate([[-1], np.maximum.accumulate(self.last[order])[:-1]])
            overlaps[order[self.first[order] < before]] = True
        return overlaps[chosen]

    def _build_tags(self, chosen: IntArray, shown: BoolArray) -> pa.ListArray:
        codes = np.full(len(self.token), _TAG_OUTSIDE, dtype=np.int8)
        codes[expand_ranges(self.first[chosen], self.last[chosen] - self.first[chosen])] = (
            _TAG_INSIDE
        )
        codes[self.first[chosen]] = _TAG_BEGIN
        tags = pa.DictionaryArray.from_arrays(pa.array(codes), _TAGS)
        lists = pa.ListArray.from_arrays(pa.array(self.bounds, pa.int32()), tags)
        if shown.all():
            return lists
        return pc.if_else(pa.array(shown), lists, pa.scalar(None, lists.type))

    def _find_rows_showing(self, label: str) -> BoolArray:
        """Mark the rows whose pass shows the label; gold without a pass shows all."""
        chunk = self.mentions.chunk
        passes = combine_chunks(chunk.table["interface"]).dictionary_encode()
        shows = [
            label in chunk.schema.find_pass(name).labels for name in passes.dictionary.to_pylist()
        ]
        codes = to_integers(pc.fill_null(passes.indices, -1))  # -1 finds the True at the end
        return np.array([*shows, True])[codes][self.owner]

    def _build_misaligned(self, overlapping: BoolArray) -> pa.ListArray:
        """Return for each row the mentions that its tags do not give exactly, with the reason."""
        begins = self._find_row(self.first).clip(self.row_first, self.row_end - 1)
        ends = self._find_row(self.last - 1).clip(begins, self.row_end - 1)
        reasons = np.full(len(overlapping), -1)
        reasons[ends > begins] = _PAST_SENTENCE
        reasons[~self.aligned] = _INSIDE_TOKEN
        reasons[~self.touches] = _NO_TOKEN
        reasons[overlapping] = _OVERLAP
        has_rows = self.row_end > self.row_first  # a text of white space alone has none
        listed = np.flatnonzero((reasons >= 0) & has_rows)
        count = np.where(self.touches[listed], ends[listed] - begins[listed] + 1, 1)
        row, mention = expand_ranges(begins[listed], count), np.repeat(listed, count)
        order = np.lexsort((mention, row))
        row, mention = row[order], mention[order]
        items, index = self.mentions.items, pa.array(mention)
        columns = {
            "mention_id": items.field("id").take(index),
            **{name: items.field(name).take(index) for name in ("label", "start", "end")},
            "reason": _REASONS.take(pa.array(reasons[mention])),
        }
        return group_structs(row, len(self.owner), columns)

    def _find_row(self, token: IntArray) -> IntArray:
        return np.searchsorted(self.bounds, token, side="right") - 1
