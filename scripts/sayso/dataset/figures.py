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

from sayso.records import Document

Figures = Counter[str]

GOLD = "gold"
"""Whose the adjudicated reading is, as figures and rows spell it; it is also how figures name its annotator's kind."""
UNKNOWN = "unknown"
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_YEAR = re.compile(r"\d{4}(?!\d)")
_Ints = npt.NDArray[np.int64]
_Flags = npt.NDArray[np.bool_]


def figure(*parts: str | None) -> str:
    """The name of a figure; a bar inside a part would end it.

    >>> figure("outlet", "North | South")
    'outlet|North ¦ South'
    """
    return "|".join((part or UNKNOWN).replace("|", "¦") for part in parts)


def of_documents(documents: Iterable[Document]) -> Figures:
    """What is known of documents: licences, languages, outlets, years, and the days they came in."""
    found: Figures = Counter()
    for each in documents:
        found[figure("license", each.license)] += 1
        found[figure("language", each.language)] += 1
        found[figure("outlet", each.outlet)] += 1
        found[figure("year", _year(each.published))] += 1
        found[figure("day", day(each.ingested))] += 1
    return found


def day(moment: str | None) -> str:
    """The day that an ISO 8601 date or time starts with.

    >>> day("2025-10-31T22:42:00+03:00"), day("yesterday")
    ('2025-10-31', 'unknown')
    """
    found = _DAY.match(moment or "")
    return found[0] if found else UNKNOWN


def _year(moment: str | None) -> str:
    found = _YEAR.match(moment or "")
    return found[0] if found else UNKNOWN


def of_answers(table: pa.Table) -> Figures:
    """Who answered what, under which schema and guidelines; relations; what was kept."""
    found: Figures = Counter({"answers": table.num_rows})
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
    for kind, name, asked, version, read, status, started, updated in _rows(table, columns):
        found[figure("answer", kind, name, asked, version, status)] += 1
        found[figure("guidelines", kind, name, read or UNKNOWN)] += 1
        found[figure("started_from", kind, started or "nothing")] += 1
        found[figure("day", day(updated))] += 1
    whose = [figure(kind, name) for kind, name in _rows(table, ("annotator_kind", "annotator"))]
    found.update(of_relations(table, whose))
    found["kept"] += len(table["kept"].combine_chunks().flatten())
    found.update(carried(table))
    return found


def carried(table: pa.Table) -> Figures:
    """How many answers were carried over from an earlier text; nothing where there are none."""
    return +Counter({"carried": table.num_rows - table["text_read"].null_count})


def _rows(table: pa.Table, columns: Sequence[str]) -> Iterable[tuple[str, ...]]:
    return zip(*(table[name].to_pylist() for name in columns), strict=True)


def of_relations(table: pa.Table, whose: Sequence[str]) -> Figures:
    """Relations by type and by whose they are: ``relation|source|human|ann-1``."""
    relations = table["relations"].combine_chunks()
    owner = np.asarray(relations.value_parent_indices()).astype(np.int64)
    return crossed("relation", relations.flatten().field("type"), owner, whose)


def crossed(what: str, words: pa.Array, owner: _Ints, whose: Sequence[str]) -> Figures:
    """How often each word stands with each owner; a null word does not count.

    Args:
        owner: for each word the place of its answer in ``whose``.

    >>> words, owner = pa.array(["Cue", "Claim", "Cue", None]), np.array([0, 0, 1, 1])
    >>> sorted(crossed("label", words, owner, ["human|a", "gold|gold"]).items())
    [('label|Claim|human|a', 1), ('label|Cue|gold|gold', 1), ('label|Cue|human|a', 1)]
    """
    encoded = words.dictionary_encode() if not pa.types.is_dictionary(words.type) else words
    owners = pa.array(whose, pa.string()).dictionary_encode()
    code = np.asarray(pc.fill_null(encoded.indices, -1)).astype(np.int64)
    mine = np.asarray(owners.indices).astype(np.int64)[owner]
    size = max(len(owners.dictionary), 1)
    counts = np.bincount(code[code >= 0] * size + mine[code >= 0])
    names, people = encoded.dictionary.to_pylist(), owners.dictionary.to_pylist()
    return Counter({
        f"{figure(what, names[place // size])}|{people[place % size]}": int(counts[place])
        for place in map(int, np.flatnonzero(counts))
    })  # fmt: skip


def nested(owner: _Ints, start: _Ints, end: _Ints) -> _Flags:
    """Which spans lie inside another span of the same owner; of two that are the same, one does.

    >>> nested(np.array([0, 0, 0, 1]), np.array([0, 2, 9, 2]), np.array([8, 5, 12, 5])).tolist()
    [False, True, False, False]
    """
    inside = np.zeros(len(owner), dtype=np.bool_)
    if not len(owner):
        return inside
    order = _outermost_first(owner, start, end)
    reach = end[order] + owner[order] * (int(end.max()) + 1)  # a later owner's ends are above all earlier ones
    before = np.concatenate([[-1], np.maximum.accumulate(reach)[:-1]])
    inside[order] = before >= reach
    return inside


def _outermost_first(owner: _Ints, start: _Ints, end: _Ints) -> _Ints:
    """An order by owner, start, and the longer first; records mostly stand in it already."""
    later = (np.diff(owner), np.diff(start), -np.diff(end))
    sorted_already = (later[0] > 0) | ((later[0] == 0) & ((later[1] > 0) | ((later[1] == 0) & (later[2] >= 0))))
    return np.arange(len(owner)) if sorted_already.all() else np.lexsort((-end, start, owner))
