"""Render counted changes as table rows, lines of text and Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sayso.diff.change_rows import ChangeCounts, ChangeRow
from sayso.diff.version_bump import BUMPS, ChangeKind
from sayso.escaping import escape_controls, escape_markdown

COUNT_COLUMNS = ("what", "change", "layer", "times", "bump")
CHANGE_COLUMNS = ("location", "layer", "text", "before", "after")
_SUBJECTS = (
    "schema",
    "interface",
    "crosswalk",
    "document",
    "gold",
    "gold frame",
    "gold mention",
    "gold relation",
    "annotation",
    "frame",
    "mention",
    "relation",
    "unreadable line",
    "file",
)
_MAX_CELL_LENGTH = 160


def count_table(counts: ChangeCounts) -> list[list[str]]:
    """Return the counts as rows of ``COUNT_COLUMNS``."""
    return [
        [kind.subject, kind.change, layer, f"{times:,}", BUMPS.get(kind, "")]
        for kind, layer, times in _sorted_counts(counts)
    ]


def build_totals(counts: ChangeCounts) -> dict[str, Any]:
    """Return bump, its reasons and the counts, ready for JSON."""
    return {
        "bump": counts.bump,
        "reasons": [str(kind) for kind in counts.reasons],
        "counts": [
            {"what": kind.subject, "change": kind.change, "layer": layer or None, "times": times}
            for kind, layer, times in _sorted_counts(counts)
        ],
    }


def _sorted_counts(counts: ChangeCounts) -> list[tuple[ChangeKind, str, int]]:
    found = ((kind, layer, times) for (kind, layer), times in counts.counts.items())
    return sorted(found, key=lambda count: (_kind_rank(count[0]), count[1]))


def example_tables(counts: ChangeCounts) -> Iterator[tuple[str, list[list[str]]]]:
    """Yield a title and the first rows of each kind of change; lines of files are only counted."""
    for kind in sorted(counts.rows, key=_kind_rank):
        rows = counts.rows[kind] if kind.subject != "file" else []
        times = sum(count for (each, _layer), count in counts.counts.items() if each == kind)
        part = f"the first {len(rows)} of {times:,}" if times > len(rows) else f"{times:,}"
        if rows:
            yield f"{kind} ({part})".capitalize(), [_row_cells(row) for row in rows]


def format_change(row: ChangeRow) -> str:
    """Format a change as one line.

    >>> kind = ChangeKind("mention", "relabelled")
    >>> format_change(ChangeRow(kind, "Actor", "d1 pilot/ann-1", "police", "Actor", "Location"))
    'd1 pilot/ann-1: mention relabelled, Actor “police”: Actor → Location'
    """
    location, layer, text, before, after = _row_cells(row)
    what = ", ".join(filter(None, (str(row.kind), layer)))
    quoted = f" “{text}”" if text else ""
    return f"{location}{': ' if location else ''}{what}{quoted}{_format_arrow(before, after)}"


def render_markdown(counts: ChangeCounts) -> str:
    """Render a table of counts and a list of the first changes of each kind, with all texts
    escaped.
    """
    if not counts.counts:
        return "No difference.\n"
    header = [COUNT_COLUMNS[:4], ("---", "---", "---", "---:")]
    counted = ([escape_markdown(cell) for cell in row[:4]] for row in count_table(counts))
    table = [_markdown_row(cells) for cells in (*header, *counted)]
    parts = ["\n".join(table)]
    for title, rows in example_tables(counts):
        items = "\n".join(f"- {_markdown_item(cells)}" for cells in rows)
        parts.append(f"**{title}**\n\n{items}")
    return "\n\n".join(parts) + "\n"


def _markdown_item(cells: Sequence[str]) -> str:
    location, layer, text, before, after = map(escape_markdown, cells)
    what = " ".join(filter(None, (layer, text and f"“{text}”")))
    return f"{location}{' · ' if location and what else ''}{what}{_format_arrow(before, after)}"


def _format_arrow(before: str, after: str) -> str:
    return f": {before or '–'} → {after or '–'}" if before or after else ""


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _row_cells(row: ChangeRow) -> list[str]:
    cells = (row.location, row.layer, row.text, row.before, row.after)
    return [_format_cell(cell) for cell in cells]


def _format_cell(text: str) -> str:
    """Return a text on one line, shortened in the middle, without control characters.

    >>> _format_cell("two\\nlines \\x1b[31m")
    'two lines \\\\x1b[31m'
    """
    line = " ".join(text.split())
    if len(line) > _MAX_CELL_LENGTH:
        line = f"{line[: _MAX_CELL_LENGTH // 2]}…{line[-_MAX_CELL_LENGTH // 2 :]}"
    return escape_controls(line)


def _kind_rank(kind: ChangeKind) -> tuple[int, int]:
    kinds = list(BUMPS)
    return _SUBJECTS.index(kind.subject), kinds.index(kind) if kind in BUMPS else len(kinds)
