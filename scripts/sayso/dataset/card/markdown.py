"""Pieces of Markdown. A plain string is a foreign word, which is escaped; `MarkdownText` is not."""

from __future__ import annotations

from collections.abc import Iterable

from sayso.escaping import MarkdownText, escape_markdown, format_markdown_code


def format_table(header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Format a table, integers aligned right and foreign words escaped; empty without rows.

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
    if isinstance(content, MarkdownText):
        return content
    return f"{content:,}" if isinstance(content, int) else escape_markdown(str(content))


def format_code(word: object) -> MarkdownText:
    """Format a word of the data."""
    return format_markdown_code(word)


def format_titled(name: str, title: str) -> MarkdownText:
    """Format a name of the schema, with its title if it has one.

    >>> format_titled("topic", "What is it about?"), format_titled("urgent", "")
    ('`topic` (What is it about?)', '`urgent`')
    """
    shown = format_code(name)
    return MarkdownText(f"{shown} ({escape_markdown(title)})") if title else shown


def format_code_list(words: Iterable[object]) -> MarkdownText:
    """Format words of the data as a list.

    >>> format_code_list(["names", "claims"])
    '`names`, `claims`'
    """
    return MarkdownText(", ".join(map(format_code, words)))


def format_details(summary: str, content: str) -> str:
    """Format something long that the reader unfolds."""
    return f"<details>\n<summary>{summary}</summary>\n\n{content}\n\n</details>"


def join_paragraphs(*parts: str) -> str:
    """Join parts with empty lines, leaving out empty parts."""
    return "\n\n".join(part for part in parts if part)
