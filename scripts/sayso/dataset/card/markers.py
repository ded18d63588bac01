"""The two kinds of text in a card: what people wrote, and computed parts between two lines of marks.

    <!-- computed: figures -->
    … made by every build anew …
    <!-- /computed -->

Whoever writes prose does so in the card itself, anywhere but there. A build replaces what stands between the marks and
not a byte besides; where marks are not as they should be, nothing is written.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from sayso.errors import InputError

END_MARKER = "<!-- /computed -->"
_MARKER = re.compile(r"\s*<!--\s*(?:computed:\s*(?P<name>\S+?)|(?P<end>/computed))\s*-->\s*")
_MALFORMED_MARKER = re.compile(r"\s*<!--\s*/?\s*computed\b", re.IGNORECASE)


@dataclass(frozen=True)
class ComputedPart:
    """Where a computed part stands: the lines between its marks, counted from 0, end-exclusive."""

    first: int
    end: int


def find_parts(text: str, path: Path) -> dict[str, ComputedPart]:
    """The computed parts of a card by name, in order.

    Args:
        path: the file to name in an error.

    Raises:
        InputError: a mark is missing, misspelt, or there twice; names file and line.

    >>> find_parts(f"Prose.\\n<!-- computed_keys: figures -->\\n7\\n{END_MARKER}\\n", Path("README.md"))
    {'figures': Part(first=2, end=3)}
    """
    found: dict[str, ComputedPart] = {}
    opened: tuple[str, int] | None = None
    for number, line in enumerate(text.split("\n")):
        mark = _MARKER.fullmatch(line)
        if not mark:
            if _MALFORMED_MARKER.match(line):
                raise _marker_error(
                    path,
                    number,
                    f"{line.strip()} is no mark",
                    f"write <!-- computed: NAME --> or {END_MARKER}",
                )
        elif mark["end"]:
            if not opened:
                raise _marker_error(
                    path,
                    number,
                    "a computed part ends that has not begun",
                    "restore the line before it",
                )
            found[opened[0]], opened = ComputedPart(opened[1], number), None
        elif opened:
            raise _unclosed_error(path, *opened)
        elif mark["name"] in found:
            raise _marker_error(
                path, number, f"a second place for {mark['name']!r}", "remove one of the two"
            )
        else:
            opened = mark["name"], number + 1
    if opened:
        raise _unclosed_error(path, *opened)
    return found


def _unclosed_error(path: Path, name: str, after: int) -> InputError:
    return _marker_error(
        path,
        after - 1,
        f"the computed part {name!r} has no end",
        f"put {END_MARKER} on a line of its own after it",
    )


def _marker_error(path: Path, line: int, what: str, remedy: str) -> InputError:
    return InputError(what, where=f"{path}:{line + 1}", remedy=remedy)


def read_part(text: str, part: ComputedPart) -> str:
    """What stands in a computed part, without its marks."""
    return "\n".join(text.split("\n")[part.first : part.end])


def fill_parts(text: str, contents: Mapping[str, str], path: Path) -> str:
    """The card with each computed part replaced by what belongs there.

    Raises:
        InputError: marks are wrong, or a part has no place, or a place no part.
    """
    places = find_parts(text, path)
    _check_parts(places, contents, path)
    lines = text.split("\n")
    for name, part in reversed(places.items()):
        lines[part.first : part.end] = contents[name].split("\n")
    return "\n".join(lines)


def _check_parts(places: Mapping[str, ComputedPart], contents: Collection[str], path: Path) -> None:
    for name, part in places.items():
        if name not in contents:
            raise _marker_error(
                path,
                part.first - 1,
                f"nothing computes {name!r}",
                f"choose from {', '.join(contents)}",
            )
    missing = [name for name in contents if name not in places]
    if missing:
        raise InputError(
            f"no place for the computed part {missing[0]!r}",
            where=str(path),
            remedy=f"put <!-- computed: {missing[0]} --> and {END_MARKER} where it shall stand, each on a line of its own",
        )
