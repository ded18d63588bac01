"""Counts that a build makes along with the rows, kept in the footers of the Parquet files.

A count has a key of parts joined by ``|``, such as ``label|Actor|human|ann-1``. The counts of files
add up to those of a split, and those of splits to the corpus.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sayso.dataset.arrays import BoolArray, IntArray, list_owners
from sayso.models import Document, format_value
from sayso.schema.declarations import Attribute
from sayso.schema.schema_types import BOOLEAN_WORDS

Counts = Counter[str]

GOLD_ANNOTATOR = "gold"
"""Name of gold among annotators, and among kinds of annotators, in counts and rows."""
UNKNOWN = "unknown"


def count_key(*parts: str | None) -> str:
    """Join the parts of a key; a bar inside a part is replaced.

    >>> count_key("outlet", "North | South")
    'outlet|North ¦ South'
    """
    return "|".join((part or UNKNOWN).replace("|", "¦") for part in parts)


def count_documents(documents: Iterable[Document]) -> Counts:
    """Count documents by licence, language, outlet, year, and day of ingestion."""
    counts: Counts = Counter()
    for document in documents:
        year = re.match(r"\d{4}(?!\d)", document.published or "")
        counts[count_key("license", document.license)] += 1
        counts[count_key("language", document.language)] += 1
        counts[count_key("outlet", document.outlet)] += 1
        counts[count_key("year", year[0] if year else UNKNOWN)] += 1
        counts[count_key("day", parse_day(document.ingested))] += 1
    return counts


def parse_day(moment: str | None) -> str:
    """Return the day that an ISO 8601 date or time starts with.

    >>> parse_day("2025-10-31T22:42:00+03:00"), parse_day("yesterday")
    ('2025-10-31', 'unknown')
    """
    day = re.match(r"\d{4}-\d\d-\d\d", moment or "")
    return day[0] if day else UNKNOWN


def count_annotations(table: pa.Table) -> Counts:
    """Count annotations by annotator, versions and status, their relations and kept items."""
    columns = {name: table[name].to_pylist() for name in table.column_names if name in _COUNTED}
    counts: Counts = Counter({"answers": table.num_rows})
    owners = []
    for values in zip(*columns.values(), strict=True):
        row = dict(zip(columns, values, strict=True))
        kind, name = row["annotator_kind"], row["annotator"]
        owners.append(count_key(kind, name))
        details = (row["interface"], row["schema_version"], row["status"])
        counts[count_key("answer", kind, name, *details)] += 1
        counts[count_key("role", kind, name, row["annotator_role"])] += 1
        counts[count_key("guidelines", kind, name, row["guidelines_version"])] += 1
        counts[count_key("started_from", kind, row["started_from"] or "nothing")] += 1
        counts[count_key("day", parse_day(row["updated"]))] += 1
    counts.update(count_relations(table, owners))
    counts["kept"] += len(table["kept"].combine_chunks().flatten())
    counts.update(count_carried_over(table))
    return counts


_COUNTED = {
    *("annotator_kind", "annotator_role", "annotator", "interface", "schema_version"),
    *("guidelines_version", "status", "started_from", "updated"),
}


def count_carried_over(table: pa.Table) -> Counts:
    """Count the records that were carried over from an earlier text; no entry if there are none."""
    return +Counter({"carried": table.num_rows - table["text_read"].null_count})


def count_relations(table: pa.Table, owners: Sequence[str]) -> Counts:
    """Count relations by type and owner: ``relation|source|human|ann-1``."""
    relations = table["relations"].combine_chunks()
    owner = np.asarray(relations.value_parent_indices()).astype(np.int64)
    return cross_tabulate("relation", relations.flatten().field("type"), owner, owners)


def cross_tabulate(name: str, words: pa.Array, owner: IntArray, owners: Sequence[str]) -> Counts:
    """Count how often each word occurs with each owner, ignoring null words.

    Args:
        owner: index into ``owners`` for each word.

    >>> words, owner = pa.array(["Cue", "Claim", "Cue", None]), np.array([0, 0, 1, 1])
    >>> sorted(cross_tabulate("label", words, owner, ["human|a", "gold|gold"]).items())
    [('label|Claim|human|a', 1), ('label|Cue|gold|gold', 1), ('label|Cue|human|a', 1)]
    """
    encoded = words if pa.types.is_dictionary(words.type) else words.dictionary_encode()
    unique_owners = pa.array(owners, pa.string()).dictionary_encode()
    word_codes = np.asarray(pc.fill_null(encoded.indices, -1)).astype(np.int64)
    owner_codes = np.asarray(unique_owners.indices).astype(np.int64)[owner]
    size = max(len(unique_owners.dictionary), 1)
    cells = np.bincount(word_codes[word_codes >= 0] * size + owner_codes[word_codes >= 0])
    names, owner_names = encoded.dictionary.to_pylist(), unique_owners.dictionary.to_pylist()
    return Counter(
        {
            f"{count_key(name, names[cell // size])}|{owner_names[cell % size]}": int(cells[cell])
            for cell in map(int, np.flatnonzero(cells))
        }
    )


def count_values_by_owner(
    name: str, attribute: Attribute, values: pa.Array, owner: IntArray, owners: Sequence[str]
) -> Counts:
    """Count how often each declared value occurs with each owner, several ones each by itself.

    Booleans count as ``true`` and ``false``; of other kinds nothing is counted.

    Args:
        owner: index into ``owners`` for each value.
    """
    if attribute.kind == "choices":
        owner, values = owner[list_owners(values)], values.flatten()
    elif attribute.kind == "boolean":
        values = values.cast(pa.string())
    elif not attribute.is_closed:
        return Counter()
    return cross_tabulate(name, values, owner, owners)


def list_counted_values(attribute: Attribute) -> dict[str, str]:
    """Return the values that are counted, as counts spell them, with their titles."""
    if attribute.kind == "boolean":
        return {format_value(value): "" for value in BOOLEAN_WORDS}
    return {value: each.title for value, each in attribute.values.items()}


def find_nested_spans(owner: IntArray, start: IntArray, end: IntArray) -> BoolArray:
    """Mark the spans inside another span of the same owner; of two equal spans, one.

    >>> owners, starts, ends = np.array([[0, 0, 0, 1], [0, 2, 9, 2], [8, 5, 12, 5]])
    >>> find_nested_spans(owners, starts, ends).tolist()
    [False, True, False, False]
    """
    inside = np.zeros(len(owner), dtype=np.bool_)
    if len(owner):
        order = np.lexsort((-end, start, owner))  # outermost first
        # A later owner's ends are raised above all earlier ones, so one running maximum will do.
        reach = end[order] + owner[order] * (int(end.max()) + 1)
        before = np.concatenate([[-1], np.maximum.accumulate(reach)[:-1]])
        inside[order] = before >= reach
    return inside
