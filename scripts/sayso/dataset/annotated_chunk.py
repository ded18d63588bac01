"""Some documents with their annotations and gold, as arrays that all configurations share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sayso.dataset.annotation_table import AnnotationTable
from sayso.dataset.arrays import BoolArray, IntArray, combine_chunks
from sayso.dataset.build_counts import GOLD_ANNOTATOR, Counts, count_key
from sayso.dataset.features import arrow_schema, config_columns
from sayso.dataset.tokenization import TokenizedTexts
from sayso.models import Document
from sayso.schema.declarations import Schema


@dataclass(frozen=True)
class ConfigTable:
    """Rows of one configuration, with their counts."""

    rows: pa.Table
    counts: Counts = field(default_factory=Counter)


def _fill_roles(table: pa.Table) -> pa.Table:
    """Give each annotation its role, which a line leaves out if it is the annotator's."""
    at = table.column_names.index("annotator_role")
    roles = pc.fill_null(table["annotator_role"], "annotator")
    is_annotation = table["annotator_kind"].is_valid()
    return table.set_column(at, "annotator_role", pc.if_else(is_annotation, roles, None))


class AnnotatedChunk:
    """Documents, tokenized, and one row of ``table`` for each annotation or gold.

    Attributes:
        document: for each row the index of its document.
        gold: marks the rows that are gold.
    """

    def __init__(
        self,
        documents: Sequence[Document],
        annotations: AnnotationTable,
        document_index: Sequence[int],
        schema: Schema,
    ) -> None:
        """Tokenize the texts and check that each row was made for the text of its document."""
        self.documents, self.annotations, self.schema = documents, annotations, schema
        self.columns = config_columns(schema)
        self.table = _fill_roles(annotations.table)
        self.document: IntArray = np.asarray(document_index, dtype=np.int64)
        self.gold: BoolArray = np.array([line.gold for line in annotations.lines], dtype=np.bool_)
        self.texts = TokenizedTexts(
            [document.text for document in documents], [document.language for document in documents]
        )
        for row, found in enumerate(self.table["text_sha256"].to_pylist()):
            expected = documents[self.document[row]].text_sha256
            if found != expected:
                annotations.raise_error(
                    row,
                    f"made for another text ({found[:12]}… and not {expected[:12]}…)",
                    item="text_sha256",
                    remedy="restore the article from git; to change a text, "
                    "run `sayso ingest --replace-text`",
                )

    def make_table(
        self, config: str, columns: Mapping[str, Any], size: int, counts: Counts
    ) -> ConfigTable:
        """Make a table of the columns of a configuration; the ones not given are null."""
        schema = arrow_schema(self.columns[config])
        arrays = [
            columns[each.name] if each.name in columns else pa.nulls(size, each.type)
            for each in schema
        ]
        return ConfigTable(pa.table(arrays, names=schema.names), counts)

    @cached_property
    def annotation_numbers(self) -> IntArray:
        """1 for an annotator's first annotation of a document, campaign and pass, then 2, ..."""
        names = ("doc_id", "campaign", "annotator", "interface")
        seen: Counter[tuple[str | None, ...]] = Counter()
        numbers = np.empty(len(self.gold), dtype=np.int64)
        keys = zip(*(self.table[name].to_pylist() for name in names), strict=True)
        for row, key in enumerate(keys):
            seen[key] += 1
            numbers[row] = seen[key]
        return numbers

    @cached_property
    def _key_columns(self) -> dict[str, pa.Array]:
        names = ("doc_id", "annotator_kind", "annotator_role", "campaign", "interface")
        reading = pc.if_else(
            pa.array(self.gold), GOLD_ANNOTATOR, combine_chunks(self.table["annotator"])
        )
        return {
            **{name: combine_chunks(self.table[name]).dictionary_encode() for name in names},
            "reading": reading.dictionary_encode(),
            "answer": pa.array(self.annotation_numbers, pa.int32()),
        }

    def take_key_columns(self, rows: IntArray) -> dict[str, pa.Array]:
        """Return the columns that say whose a row is, one value for each of ``rows``."""
        index = pa.array(rows)
        return {name: column.take(index) for name, column in self._key_columns.items()}

    @cached_property
    def kinds(self) -> list[str]:
        """The kind of annotator for each row, as counts spell it."""
        return [kind or GOLD_ANNOTATOR for kind in self.table["annotator_kind"].to_pylist()]

    @cached_property
    def owners(self) -> list[str]:
        """Kind and annotator for each row, as counts spell them."""
        names = self._key_columns["reading"].to_pylist()
        return [count_key(*pair) for pair in zip(self.kinds, names, strict=True)]
