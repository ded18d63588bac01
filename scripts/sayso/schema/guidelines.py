"""The guidelines for annotators, ``schema/guidelines.md``. Every annotation carries their version.

The version near the top must rise with every change of wording, so that agreement before and after
it can be compared. White space may change.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from sayso.errors import InputError
from sayso.files import is_file, read_text
from sayso.versions import VERSION_PATTERN

GUIDELINES_FILE = Path("schema/guidelines.md")
_VERSION_WITHIN_LINES = 20
_VERSION_LINE = re.compile(rf"Version ({VERSION_PATTERN})(?![\w.]*\w)")


@dataclass(frozen=True)
class Guidelines:
    """The text of the guidelines, and the version that it names."""

    version: str
    text: str

    @property
    def digest(self) -> str:
        """A hash of the words, white space aside: 16 hexadecimal digits.

        >>> Guidelines("1.0.0", "One  rule.\\n").digest == Guidelines("1.0.0", "One\\nrule.").digest
        True
        """
        return hashlib.sha256(" ".join(self.text.split()).encode()).hexdigest()[:16]


def read_guidelines(path: Path) -> Guidelines | None:
    """Return the guidelines, or None if the file does not exist.

    Raises:
        InputError: they are not UTF-8, or do not name their version near the top.
    """
    if not is_file(path):
        return None
    text = read_text(path)
    return Guidelines(_find_version(text, path), text)


def _find_version(text: str, path: Path) -> str:
    for line in text.splitlines()[:_VERSION_WITHIN_LINES]:
        if found := _VERSION_LINE.match(line):
            return found[1]
    raise InputError(
        f"no version in the first {_VERSION_WITHIN_LINES} lines",
        where=str(path),
        remedy="begin a line near the top with the version: “Version 1.0.0.”",
    )
