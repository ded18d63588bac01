"""Pieces of Markdown."""

from __future__ import annotations

from collections.abc import Iterable


def format_table(header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Format a table, integers aligned right and bars escaped; empty without rows.

    >>> print(format_table(["a", "b"], [[1000, "x|y"]]))
    | a | b |
    |---:|---|
    | 1,000 | x\\|y |
    """
    names: list[object] = [*header]
    cells = [list(row) for row in rows]
    if not cells:
        return ""
    columns = zip(*cells, strict=True)
    sides = [
        "---:" if all(isinstance(cell, int) for cell in column) else "---" for column in columns
    ]
    lines = [f"| {' | '.join(map(_format_cell, row))} |" for row in [names, *cells]]
    return "\n".join([lines[0], f"|{'|'.join(sides)}|", *lines[1:]])


def _format_cell(content: object) -> str:
    shown = f"{content:,}" if isinstance(content, int) else str(content)
    return shown.replace("|", "\\|").replace("\n", " ")


def format_code(word: object) -> str:
    """Format a word of the data."""
    return f"`{word}`"


def format_code_list(words: Iterable[object]) -> str:
    """Format words of the data as a list.

    >>> format_code_list(["names", "claims"])
    '`names`, `claims`'
    """
    return ", ".join(map(format_code, words))


def format_details(summary: str, content: str) -> str:
    """Format something long that the reader unfolds."""
    return f"<details>\n<summary>{summary}</summary>\n\n{content}\n\n</details>"


def join_paragraphs(*parts: str) -> str:
    """Join parts with empty lines, leaving out empty parts."""
    return "\n\n".join(part for part in parts if part)
