"""Computed parts of the card, between two marker lines. The rest is written by people.

    <!-- computed: figures -->
    ... replaced by every build ...
    <!-- /computed -->

If markers are wrong, nothing is written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sayso.errors import InputError

END_MARKER = "<!-- /computed -->"
_MARKER = re.compile(r"\s*<!--\s*(?:computed:\s*(?P<name>\S+?)|(?P<end>/computed))\s*-->\s*")
_MALFORMED_MARKER = re.compile(r"\s*<!--\s*/?\s*computed\b", re.IGNORECASE)


@dataclass(frozen=True)
class ComputedPart:
    """The lines between two markers, counted from 0, end-exclusive."""

    first: int
    end: int


def find_parts(text: str, path: Path) -> dict[str, ComputedPart]:
    """Return the computed parts of a card by name, in order.

    Args:
        path: the file to name in an error.

    Raises:
        InputError: a marker is missing, misspelt or repeated; names file and line.

    >>> find_parts(f"Prose.\\n<!-- computed: figures -->\\n7\\n{END_MARKER}\\n", Path("README.md"))
    {'figures': ComputedPart(first=2, end=3)}
    """
    parts: dict[str, ComputedPart] = {}
    opened: tuple[str, int] | None = None
    for number, line in enumerate(text.split("\n")):
        marker = _MARKER.fullmatch(line)
        if not marker:
            if _MALFORMED_MARKER.match(line):
                remedy = f"write <!-- computed: NAME --> or {END_MARKER}"
                raise _error(path, number, f"{line.strip()} is not a marker", remedy)
        elif marker["end"]:
            if not opened:
                message = "a computed part ends that has not begun"
                raise _error(path, number, message, "restore the line before it")
            parts[opened[0]], opened = ComputedPart(opened[1], number), None
        elif opened:
            raise _unclosed(path, *opened)
        elif marker["name"] in parts:
            message = f"a second place for {marker['name']!r}"
            raise _error(path, number, message, "remove one of the two")
        else:
            opened = marker["name"], number + 1
    if opened:
        raise _unclosed(path, *opened)
    return parts


def _error(path: Path, line: int, message: str, remedy: str) -> InputError:
    return InputError(message, where=f"{path}:{line + 1}", remedy=remedy)


def _unclosed(path: Path, name: str, first: int) -> InputError:
    remedy = f"put {END_MARKER} on a line of its own after it"
    return _error(path, first - 1, f"the computed part {name!r} has no end", remedy)


def empty_parts(text: str, path: Path) -> str:
    """Return the card with nothing between the markers.

    Raises:
        InputError: markers are wrong.
    """
    lines = text.split("\n")
    for part in reversed(find_parts(text, path).values()):
        del lines[part.first : part.end]
    return "\n".join(lines)


def read_part(text: str, part: ComputedPart) -> str:
    """Return the text of a computed part without its markers."""
    return "\n".join(text.split("\n")[part.first : part.end])


def fill_parts(text: str, contents: Mapping[str, str], path: Path) -> str:
    """Return the card with the contents of all computed parts replaced.

    Raises:
        InputError: markers are wrong, or parts and contents do not match.
    """
    parts = find_parts(text, path)
    for name, part in parts.items():
        if name not in contents:
            raise InputError(
                f"nothing computes {name!r}",
                where=f"{path}:{part.first}",
                remedy=f"choose from {', '.join(contents)}",
            )
    for name in contents:
        if name not in parts:
            raise InputError(
                f"no place for the computed part {name!r}",
                where=str(path),
                remedy=f"put <!-- computed: {name} --> and {END_MARKER} there, each on a line",
            )
    lines = text.split("\n")
    for name, part in reversed(parts.items()):
        lines[part.first : part.end] = contents[name].split("\n")
    return "\n".join(lines)
