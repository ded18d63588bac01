"""What a build counts while it makes rows: figures that a file carries in its footer and that the card adds up.

A figure has a name whose parts stand apart by ``|`` and a whole number, so figures of files add up to those of a
split, and those of splits to the corpus. Nothing is read for them that is not in memory already.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sayso.models import Document

Counts = Counter[str]

GOLD_ANNOTATOR = "gold"
"""Whose the adjudicated reading is, as figures and rows spell it; it is also how figures name its annotator's kind."""
UNKNOWN = "unknown"
_ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_ISO_YEAR = re.compile(r"\d{4}(?!\d)")
_IntArray = npt.NDArray[np.int64]
_BoolArray = npt.NDArray[np.bool_]


def count_key(*parts: str | None) -> str:
    """The name of a figure; a bar inside a part would end it.

    >>> count_key("outlet", "North | South")
    'outlet|North ¦ South'
    """
    return "|".join((part or UNKNOWN).replace("|", "¦") for part in parts)


def count_documents(documents: Iterable[Document]) -> Counts:
    """What is known of documents: licences, languages, outlets, years, and the days they came in."""
    found: Counts = Counter()
    for each in documents:
        found[count_key("license", each.license)] += 1
        found[count_key("language", each.language)] += 1
        found[count_key("outlet", each.outlet)] += 1
        found[count_key("year", _parse_year(each.published))] += 1
        found[count_key("day", parse_day(each.ingested))] += 1
    return found


def parse_day(moment: str | None) -> str:
    """The day that an ISO 8601 date or time starts with.

    >>> parse_day("2025-10-31T22:42:00+03:00"), parse_day("yesterday")
    ('2025-10-31', 'unknown')
    """
    found = _ISO_DAY.match(moment or "")
    return found[0] if found else UNKNOWN


def _parse_year(moment: str | None) -> str:
    found = _ISO_YEAR.match(moment or "")
    return found[0] if found else UNKNOWN


def count_annotations(table: pa.Table) -> Counts:
    """Who answered what, under which schema and guidelines; relations; what was kept."""
    found: Counts = Counter({"answers": table.num_rows})
    columns = (
        "annotator_kind",
        "annotator",
        "interface",
        "schema_version",
        "guidelines_version",
        "status",
        "started_from",
        "updated",
    )
    for kind, name, asked, version, read, status, started, updated in _iterate_rows(table, columns):
        found[count_key("answer", kind, name, asked, version, status)] += 1
        found[count_key("guidelines", kind, name, read or UNKNOWN)] += 1
        found[count_key("started_from", kind, started or "nothing")] += 1
        found[count_key("day", parse_day(updated))] += 1
    whose = [
        count_key(kind, name)
        for kind, name in _iterate_rows(table, ("annotator_kind", "annotator"))
    ]
    found.update(count_relations(table, whose))
    found["kept"] += len(table["kept"].combine_chunks().flatten())
    found.update(count_carried_over(table))
    return found


def count_carried_over(table: pa.Table) -> Counts:
    """How many answers were carried over from an earlier text; nothing where there are none."""
    return +Counter({"carried": table.num_rows - table["text_read"].null_count})


def _iterate_rows(table: pa.Table, columns: Sequence[str]) -> Iterable[tuple[str, ...]]:
    return zip(*(table[name].to_pylist() for name in columns), strict=True)


def count_relations(table: pa.Table, owners: Sequence[str]) -> Counts:
    """Relations by type and by whose they are: ``relation|source|human|ann-1``."""
    relations = table["relations"].combine_chunks()
    owner = np.asarray(relations.value_parent_indices()).astype(np.int64)
    return cross_tabulate("relation", relations.flatten().field("type"), owner, owners)


def cross_tabulate(name: str, words: pa.Array, owner: _IntArray, owners: Sequence[str]) -> Counts:
    """Count how often each word occurs with each owner, ignoring null words.

    Args:
        owner: index into ``owners`` for each word.

    >>> words, owner = pa.array(["Cue", "Claim", "Cue", None]), np.array([0, 0, 1, 1])
    >>> sorted(cross_tabulate("label", words, owner, ["human|a", "gold|gold"]).items())
    [('label|Claim|human|a', 1), ('label|Cue|gold|gold', 1), ('label|Cue|human|a', 1)]
    """
    encoded = words.dictionary_encode() if not pa.types.is_dictionary(words.type) else words
    owner_names = pa.array(owners, pa.string()).dictionary_encode()
    code = np.asarray(pc.fill_null(encoded.indices, -1)).astype(np.int64)
    mine = np.asarray(owner_names.indices).astype(np.int64)[owner]
    size = max(len(owner_names.dictionary), 1)
    counts = np.bincount(code[code >= 0] * size + mine[code >= 0])
    names, people = encoded.dictionary.to_pylist(), owner_names.dictionary.to_pylist()
    return Counter(
        {
            f"{count_key(name, names[place // size])}|{people[place % size]}": int(counts[place])
            for place in map(int, np.flatnonzero(counts))
        }
    )


def find_nested_spans(owner: _IntArray, start: _IntArray, end: _IntArray) -> _BoolArray:
    """Which spans lie inside another span of the same owner; of two that are the same, one does.

    >>> find_nested_spans(np.array([0, 0, 0, 1]), np.array([0, 2, 9, 2]), np.array([8, 5, 12, 5])).tolist()
    [False, True, False, False]
    """
    inside = np.zeros(len(owner), dtype=np.bool_)
    if not len(owner):
        return inside
    order = _sort_outermost_first(owner, start, end)
    reach = end[order] + owner[order] * (
        int(end.max()) + 1
    )  # a later owner's ends are above all earlier ones
    before = np.concatenate([[-1], np.maximum.accumulate(reach)[:-1]])
    inside[order] = before >= reach
    return inside


def _sort_outermost_first(owner: _IntArray, start: _IntArray, end: _IntArray) -> _IntArray:
    """An order by owner, start, and the longer first; records mostly stand in it already."""
    later = (np.diff(owner), np.diff(start), -np.diff(end))
    sorted_already = (later[0] > 0) | (
        (later[0] == 0) & ((later[1] > 0) | ((later[1] == 0) & (later[2] >= 0)))
    )
    return np.arange(len(owner)) if sorted_already.all() else np.lexsort((-end, start, owner))
