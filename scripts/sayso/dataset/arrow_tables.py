"""Documents, annotations and gold as the rows of every configuration. Pure: no files, no clock.

Whatever exists once for each mention or token stays in arrays. Offsets are checked here against the
texts, all at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sayso.dataset.annotated_chunk import AnnotatedChunk, ConfigTable
from sayso.dataset.annotation_table import AnnotationTable
from sayso.dataset.answer_table import ANSWER_STRUCTS, build_answers, fill_structs
from sayso.dataset.arrays import combine_chunks, list_bounds, make_list_array, replace_null_lists
from sayso.dataset.build_counts import (
    GOLD_ANNOTATOR,
    Counts,
    count_annotations,
    count_carried_over,
    count_documents,
    count_key,
    count_relations,
    parse_day,
)
from sayso.dataset.features import Columns, arrow_type
from sayso.dataset.frame_table import RelationArrays, build_frames
from sayso.dataset.mention_table import MentionArrays, build_mentions
from sayso.dataset.relation_table import build_relations
from sayso.dataset.token_table import build_tokens
from sayso.models import Document
from sayso.schema.declarations import Schema


def build_tables(
    documents: Sequence[Document],
    annotations: AnnotationTable,
    document_index: Sequence[int],
    schema: Schema,
) -> dict[str, ConfigTable]:
    """Build the rows of every configuration for some documents in order.

    Args:
        annotations: in order of document.
        document_index: for each annotation the index of its document.

    Raises:
        SpanError: the text of a mention is not the slice at its offsets.
        InputError: an annotation was made for another text, or a relation's end is missing.
    """
    chunk = AnnotatedChunk(documents, annotations, document_index, schema)
    mentions = MentionArrays(chunk)
    relations = RelationArrays(mentions)
    articles = {
        name: pa.array([getattr(document, name) for document in documents], pa.string())
        for name in chunk.columns["articles"]
    }
    return {
        "gold": _build_gold(chunk, articles),
        "articles": _build_articles(chunk, articles),
        "annotations": _build_annotations(chunk),
        **({"mentions": build_mentions(mentions)} if schema.labels else {}),
        **({"relations": build_relations(relations)} if schema.relations else {}),
        **build_frames(relations),
        **({"answers": build_answers(chunk, mentions.rows)} if schema.questions else {}),
        **({"tokens": build_tokens(mentions)} if schema.labels else {}),
    }


def _build_articles(chunk: AnnotatedChunk, articles: dict[str, pa.Array]) -> ConfigTable:
    counts = count_documents(chunk.documents)
    counts["documents"] = len(chunk.documents)
    counts["characters"] = len(chunk.texts)
    counts["sentences"] = len(chunk.texts.sentence_start)
    counts["tokens"] = len(chunk.texts.token_start)
    return chunk.make_table("articles", articles, len(chunk.documents), counts)


def _build_gold(chunk: AnnotatedChunk, articles: dict[str, pa.Array]) -> ConfigTable:
    gold_row = np.full(len(chunk.documents), -1)
    for row in map(int, np.flatnonzero(chunk.gold)):
        document = chunk.document[row]
        if gold_row[document] >= 0:
            chunk.annotations.raise_error(
                row, "adjudicated twice", remedy="keep one of the two lines"
            )
        gold_row[document] = row
    index = pa.array(gold_row, mask=gold_row < 0)
    columns = dict(articles)
    for name, kind in chunk.columns["gold"].items():
        if name not in articles and name in chunk.table.column_names:
            columns[name] = _select_fields(name, chunk.table[name], kind).take(index)
    columns["adjudicated"] = pa.array(gold_row >= 0)
    columns["adjudicated_on"] = combine_chunks(chunk.table["adjudicated"]).take(index)
    return chunk.make_table("gold", columns, len(gold_row), _count_gold(chunk))


def _count_gold(chunk: AnnotatedChunk) -> Counts:
    table = chunk.table.filter(pa.array(chunk.gold))
    counts: Counts = Counter({"documents": len(chunk.documents), "adjudicated": table.num_rows})
    counts.update(count_carried_over(table))
    for day in table["adjudicated"].to_pylist():
        counts[count_key("day", parse_day(day))] += 1
    counts.update(_count_deciders(table))
    for version in table["schema_version"].to_pylist():
        counts[count_key("schema_version", version)] += 1
    owner = count_key(GOLD_ANNOTATOR, GOLD_ANNOTATOR)
    counts.update(count_relations(table, [owner] * table.num_rows))
    return counts


def _count_deciders(table: pa.Table) -> Counts:
    """Count gold by method and kinds of deciders, and by adjudicator."""
    counts: Counts = Counter()
    names = ("decided", "adjudicator", "adjudicator_kind", "annotator_kinds")
    for decided, adjudicator, kind, kinds in zip(
        *(table[name].to_pylist() for name in names), strict=True
    ):
        if adjudicator:
            counts[count_key("adjudicator", kind, adjudicator)] += 1
        method = decided or ("adjudicated" if adjudicator else None)
        deciders = kind if adjudicator else " ".join(kinds or ())
        counts[count_key("decided", method, deciders)] += 1
    return counts


def _build_annotations(chunk: AnnotatedChunk) -> ConfigTable:
    rows = np.flatnonzero(~chunk.gold)
    table = chunk.table.take(pa.array(rows)) if chunk.gold.any() else chunk.table
    columns = {
        name: _select_fields(name, table[name], kind)
        for name, kind in chunk.columns["annotations"].items()
        if name in table.column_names
    }
    columns["started_from"] = pc.fill_null(table["started_from"], "nothing")
    columns["unseen"] = pc.fill_null(table["unseen"], False)
    columns["answer"] = pa.array(chunk.annotation_numbers[rows], pa.int32())
    return chunk.make_table("annotations", columns, len(rows), count_annotations(table))


def _select_fields(column_name: str, column: pa.ChunkedArray, kind: Any) -> pa.Array:
    """Return lists of structs with the declared fields only and no null lists, others as is.

    Answers by question are there, if without a value, for whoever gave none.
    """
    values = combine_chunks(column)
    if isinstance(kind, dict) and column_name in ANSWER_STRUCTS:
        return fill_structs(values, kind)
    if not (isinstance(kind, list) and isinstance(kind[0], dict)):
        return values
    fields: Columns = kind[0]
    items = values.flatten()
    arrays = [replace_null_lists(items.field(name)) for name in fields]
    arrow_fields = [pa.field(name, arrow_type(inner)) for name, inner in fields.items()]
    structs = pa.StructArray.from_arrays(arrays, fields=arrow_fields)
    return make_list_array(list_bounds(values), structs)
