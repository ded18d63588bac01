"""A difference on paper: rows of a table, Markdown for a changelog, and a summary for programs. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sayso.diff.change_rows import ChangeRow
from sayso.diff.version_bump import BUMPS, ChangeKind

if TYPE_CHECKING:
    from sayso.diff.corpus_diff import ChangeCounts, CorpusDiff

COUNT_COLUMNS = ("what", "change", "layer", "times", "asks for")
CHANGE_COLUMNS = ("where", "layer", "words", "was", "is")
_SUBJECT_ORDER = {
    what: number
    for number, what in enumerate(
        (
            "schema",
            "interface",
            "crosswalk",
            "document",
            "gold",
            "gold claim",
            "gold mention",
            "gold relation",
            "answer",
            "claim",
            "mention",
            "relation",
            "unreadable line",
            "file",
        )
    )
}
_MAX_CELL_LENGTH = 160
_MARKDOWN_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~!&])")


def count_table(counts: ChangeCounts) -> list[list[str]]:
    """The counts: what, which change, which layer, how often, what it asks of the version."""
    return [
        [kind.subject, kind.change, layer, f"{times:,}", BUMPS.get(kind, "")]
        for kind, layer, times in _sorted_counts(counts)
    ]


def _sorted_counts(counts: ChangeCounts) -> list[tuple[ChangeKind, str, int]]:
    found = ((kind, layer, times) for (kind, layer), times in counts.counts.items())
    return sorted(found, key=lambda count: (_kind_rank(count[0]), count[1]))


def example_tables(counts: ChangeCounts) -> Iterator[tuple[str, list[list[str]]]]:
    """Each kind with a title, and its first rows."""
    for kind in sorted(counts.rows, key=_kind_rank):
        rows = counts.rows[kind] if kind.subject != "file" else []  # how many lines is enough
        times = sum(count for (each, _layer), count in counts.counts.items() if each == kind)
        part = f"the first {len(rows)} of {times:,}" if times > len(rows) else f"{times:,}"
        if rows:
            yield f"{kind} ({part})".capitalize(), [_row_cells(row) for row in rows]


def format_change(row: ChangeRow) -> str:
    """One change in one line.

    >>> format_change(Row(Kind("mention", "relabelled"), "Actor", "d1 pilot/ann-1", "police", "Actor", "Location"))
    'd1 pilot/ann-1: mention relabelled, Actor “police”: Actor → Location'
    """
    where, layer, words, was, now = _row_cells(row)
    told = ", ".join(filter(None, (str(row.kind), layer)))
    change = f": {was or '–'} → {now or '–'}" if was or now else ""
    return f"{where}{': ' if where else ''}{told}{f' “{words}”' if words else ''}{change}"


def build_summary(difference: CorpusDiff) -> dict[str, Any]:
    """Sides, bump and counts."""
    return {
        "older": difference.older.describe(),
        "newer": difference.newer.describe(),
        **build_totals(difference),
    }


def build_totals(difference: CorpusDiff) -> dict[str, Any]:
    """What is known at the end of a walk."""
    tally = difference.counts
    return {
        "bump": tally.bump,
        "because": [str(kind) for kind in tally.reasons],
        "counts": [
            {"what": kind.subject, "change": kind.change, "layer": layer or None, "times": times}
            for kind, layer, times in _sorted_counts(tally)
        ],
        "notes": difference.notes,
    }


def render_markdown(difference: CorpusDiff) -> str:
    """A table of counts, then the first rows of each kind as a list; words of texts cannot become markup."""
    tally = difference.counts
    if not tally.counts:
        return "No difference.\n"
    table = [
        _markdown_row(COUNT_COLUMNS[:4]),
        _markdown_row(["---", "---", "---", "---:"]),
        *(_markdown_row(row[:4]) for row in count_table(tally)),
    ]
    parts = ["\n".join(table)]
    for title, rows in example_tables(tally):
        items = "\n".join(f"- {_markdown_item(cells)}" for cells in rows)
        parts.append(f"**{title}**\n\n{items}")
    return "\n\n".join(parts) + "\n"


def _markdown_item(cells: Sequence[str]) -> str:
    where, layer, words, was, now = map(_escape_markdown, cells)
    change = f": {was or '–'} → {now or '–'}" if was or now else ""
    told = " ".join(filter(None, (layer, words and f"“{words}”")))
    return f"{where}{' · ' if where and told else ''}{told}{change}"


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escape_markdown(text: str) -> str:
    """Text that Markdown shows as it stands.

    >>> print(_escape_markdown("a_b <c>"))
    a\\_b \\<c\\>
    """
    return _MARKDOWN_SPECIAL.sub(r"\\\1", text)


def _row_cells(row: ChangeRow) -> list[str]:
    return [_format_cell(cell) for cell in (row.where, row.layer, row.text, row.before, row.after)]


def _format_cell(text: str) -> str:
    """One line that a terminal shows as it stands, its middle left out where it is long.

    >>> _format_cell("two\\nlines \\x1b[31m")
    'two lines \\\\x1b[31m'
    """
    line = " ".join(text.split())
    if len(line) > _MAX_CELL_LENGTH:
        line = f"{line[: _MAX_CELL_LENGTH // 2]}…{line[-_MAX_CELL_LENGTH // 2 :]}"
    return (
        line
        if line.isprintable()
        else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)
    )


def _kind_rank(kind: ChangeKind) -> tuple[int, int]:
    order = list(BUMPS)
    return _SUBJECT_ORDER[kind.subject], order.index(kind) if kind in BUMPS else len(order)
