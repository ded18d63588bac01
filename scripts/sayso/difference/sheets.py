"""A difference on paper: rows of a table, Markdown for a changelog, and a summary for programs. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sayso.difference.bump import BUMPS, Kind
from sayso.difference.telling import Row

if TYPE_CHECKING:
    from sayso.difference.between import Difference, Tally

COLUMNS = ("what", "change", "layer", "times", "asks for")
ROW = ("where", "layer", "words", "was", "is")
_ORDER = {
    what: number
    for number, what in enumerate(
        ("schema", "interface", "crosswalk", "document", "gold", "gold claim", "gold mention", "gold relation",
         "answer", "claim", "mention", "relation", "unreadable line", "file")
    )
}  # fmt: skip
_WIDE = 160
_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~!&])")


def counted(tally: Tally) -> list[list[str]]:
    """The counts: what, which change, which layer, how often, what it asks of the version."""
    return [[kind.what, kind.change, layer, f"{times:,}", BUMPS.get(kind, "")] for kind, layer, times in _counts(tally)]


def _counts(tally: Tally) -> list[tuple[Kind, str, int]]:
    found = ((kind, layer, times) for (kind, layer), times in tally.counts.items())
    return sorted(found, key=lambda count: (_rank(count[0]), count[1]))


def shown(tally: Tally) -> Iterator[tuple[str, list[list[str]]]]:
    """Each kind with a title, and its first rows."""
    for kind in sorted(tally.shown, key=_rank):
        rows = tally.shown[kind] if kind.what != "file" else []  # how many lines is enough
        times = sum(count for (each, _layer), count in tally.counts.items() if each == kind)
        part = f"the first {len(rows)} of {times:,}" if times > len(rows) else f"{times:,}"
        if rows:
            yield f"{kind} ({part})".capitalize(), [_cells(row) for row in rows]


def line(row: Row) -> str:
    """One change in one line.

    >>> line(Row(Kind("mention", "relabelled"), "Actor", "d1 pilot/ann-1", "police", "Actor", "Location"))
    'd1 pilot/ann-1: mention relabelled, Actor “police”: Actor → Location'
    """
    where, layer, words, was, now = _cells(row)
    told = ", ".join(filter(None, (str(row.kind), layer)))
    change = f": {was or '–'} → {now or '–'}" if was or now else ""
    return f"{where}{': ' if where else ''}{told}{f' “{words}”' if words else ''}{change}"


def told(difference: Difference) -> dict[str, Any]:
    """Sides, bump and counts."""
    return {"older": difference.older.told(), "newer": difference.newer.told(), **totals(difference)}


def totals(difference: Difference) -> dict[str, Any]:
    """What is known at the end of a walk."""
    tally = difference.tally
    return {
        "bump": tally.bump,
        "because": [str(kind) for kind in tally.reasons],
        "counts": [{"what": kind.what, "change": kind.change, "layer": layer or None, "times": times}
                   for kind, layer, times in _counts(tally)],
        "notes": difference.notes,
    }  # fmt: skip


def markdown(difference: Difference) -> str:
    """A table of counts, then the first rows of each kind as a list; words of texts cannot become markup."""
    tally = difference.tally
    if not tally.counts:
        return "No difference.\n"
    table = [_bar(COLUMNS[:4]), _bar(["---", "---", "---", "---:"]), *(_bar(row[:4]) for row in counted(tally))]
    parts = ["\n".join(table)]
    for title, rows in shown(tally):
        items = "\n".join(f"- {_item(cells)}" for cells in rows)
        parts.append(f"**{title}**\n\n{items}")
    return "\n\n".join(parts) + "\n"


def _item(cells: Sequence[str]) -> str:
    where, layer, words, was, now = map(_plain, cells)
    change = f": {was or '–'} → {now or '–'}" if was or now else ""
    told = " ".join(filter(None, (layer, words and f"“{words}”")))
    return f"{where}{' · ' if where and told else ''}{told}{change}"


def _bar(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(text: str) -> str:
    """Text that Markdown shows as it stands.

    >>> print(_plain("a_b <c>"))
    a\\_b \\<c\\>
    """
    return _SPECIAL.sub(r"\\\1", text)


def _cells(row: Row) -> list[str]:
    return [_shown(cell) for cell in (row.where, row.layer, row.words, row.was, row.now)]


def _shown(text: str) -> str:
    """One line that a terminal shows as it stands, its middle left out where it is long.

    >>> _shown("two\\nlines \\x1b[31m")
    'two lines \\\\x1b[31m'
    """
    line = " ".join(text.split())
    if len(line) > _WIDE:
        line = f"{line[: _WIDE // 2]}…{line[-_WIDE // 2 :]}"
    return line if line.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)


def _rank(kind: Kind) -> tuple[int, int]:
    order = list(BUMPS)
    return _ORDER[kind.what], order.index(kind) if kind in BUMPS else len(order)
