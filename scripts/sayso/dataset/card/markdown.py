"""Pieces of Markdown."""

from __future__ import annotations

from collections.abc import Iterable


def format_table(header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table, whole numbers to the right; a bar in a cell is escaped. Without rows, no table.

    >>> print(format_table(["a", "b"], [[1000, "x|y"]]))
    | a | b |
    |---:|---|
    | 1,000 | x\\|y |
    """
    names, lines = list(header), [list(row) for row in rows]
    if not lines:
        return ""
    sides = [
        "---:" if all(isinstance(cell, int) for cell in column) else "---"
        for column in zip(*lines, strict=True)
    ]
    everything: list[list[object]] = [[*names], *lines]
    shown = [f"| {' | '.join(map(_format_cell, line))} |" for line in everything]
    return "\n".join([shown[0], f"|{'|'.join(sides)}|", *shown[1:]])


def _format_cell(content: object) -> str:
    shown = f"{content:,}" if isinstance(content, int) else str(content)
    return shown.replace("|", "\\|").replace("\n", " ")


def format_code(word: object) -> str:
    """A word of the data, as it stands there."""
    return f"`{word}`"


def format_code_list(words: Iterable[object]) -> str:
    """Words of the data, one after the other.

    >>> format_code_list(["names", "claims"])
    '`names`, `claims`'
    """
    return ", ".join(map(format_code, words))


def format_details(summary: str, content: str) -> str:
    """Something long that the reader unfolds."""
    return f"<details>\n<summary>{summary}</summary>\n\n{content}\n\n</details>"


def join_paragraphs(*parts: str) -> str:
    """Parts with an empty line between them; an empty part is left out."""
    return "\n\n".join(part for part in parts if part)
