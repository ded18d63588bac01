"""Foreign words shown safely: in a terminal, in Markdown, in a spreadsheet.

Ids, titles, notes, file names and what a server says come from anybody. A terminal obeys escape
sequences in them, a Markdown viewer makes images and links of them, a spreadsheet formulas.
"""

from __future__ import annotations

import re

# Joiners that scripts and emoji need.
_JOINERS = "\u200c\u200d"
_MARKDOWN_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~!&$^=@{}]|:(?=/)|(?<=www)\.)", re.IGNORECASE)
_MARKDOWN_LIST = re.compile(r"^(\d{1,9}(?=[.)](?: |$))|(?=[-+](?:[ -]|$)))(.)")
_UNSAFE_IN_CODE = re.compile(r"[`|\\]|^ | $|^$")
_FORMULA_START = "=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20"
_FORMULA = re.compile(rf"'*[{_FORMULA_START}]")
_ESCAPED_FORMULA = re.compile(rf"'+[{_FORMULA_START}]")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)


class MarkdownText(str):
    """Markdown that holds foreign words only where they are escaped."""

    __slots__ = ()


def escape_controls(text: str) -> str:
    r"""Show control characters, bidirectional controls and line ends as escapes, on one line.

    >>> escape_controls("a\x1b[31m\u202eb\n" + "é 👍")
    'a\\x1b[31m\\u202eb\\né 👍'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(each if _is_visible(each) else _escape(each) for each in text)


def escape_json(encoded: str, *, ascii_only: bool = False) -> str:
    r"""Escape the same characters in JSON, which stays exactly the same data.

    >>> escape_json('{"a":"\u202eé"}')
    '{"a":"\\u202eé"}'
    """
    if encoded.isascii() and "\x7f" not in encoded:
        return encoded
    return "".join(
        each if each < "\x7f" or (not ascii_only and _is_visible(each)) else _escape_utf16(each)
        for each in encoded
    )


def escape_markdown(text: str) -> MarkdownText:
    r"""Escape a text so that Markdown shows it as it is, on one line.

    >>> print(escape_markdown("a_b <c> https://example.org"))
    a\_b \<c\> https\://example.org
    >>> print(escape_markdown("1. first"))
    1\. first
    """
    line = escape_controls(" ".join(text.split()))
    return MarkdownText(_MARKDOWN_LIST.sub(r"\1\\\2", _MARKDOWN_SPECIAL.sub(r"\\\1", line)))


def format_markdown_code(word: object) -> MarkdownText:
    """Format a word of the data as code, or as text where code cannot hold it.

    >>> print(format_markdown_code("CC-BY-4.0"), format_markdown_code("a`b"))
    `CC-BY-4.0` a\\`b
    """
    shown = escape_controls(str(word))
    if shown != word or _UNSAFE_IN_CODE.search(shown):
        return escape_markdown(str(word))
    return MarkdownText(f"`{shown}`")


def escape_formula(cell: object) -> object:
    """Put an apostrophe before a text that a spreadsheet would run as a formula.

    Numbers stay numbers. A text that looks escaped is escaped once more, so that
    `restore_formula` gives back every text.

    >>> escape_formula("=1+1"), escape_formula("-3.5"), escape_formula(-3), escape_formula("'=1")
    ("'=1+1", '-3.5', -3, "''=1")
    """
    if not isinstance(cell, str) or not _FORMULA.match(cell) or _NUMBER.fullmatch(cell):
        return cell
    return f"'{cell}"


def restore_formula(cell: str) -> str:
    """Return the text that `escape_formula` escaped.

    >>> restore_formula("'=1+1"), restore_formula("'tis")
    ('=1+1', "'tis")
    """
    return cell[1:] if _ESCAPED_FORMULA.match(cell) else cell


def _is_visible(character: str) -> bool:
    return character.isprintable() or character in _JOINERS or _is_space(character)


def _is_space(character: str) -> bool:
    return character > "\x9f" and character.isspace() and character not in "\u2028\u2029"


def _escape(character: str) -> str:
    return ascii(character)[1:-1]


def _escape_utf16(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
