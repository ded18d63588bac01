"""What annotators read, ``schema/guidelines.md``: it says its own version, which every answer then carries.

A new version is a new wording: whoever changes what the guidelines say raises the number near their top, so that
agreement before and after can be told apart. White space is free.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from sayso.errors import InputError
from sayso.files import explained

FILE = Path("schema/guidelines.md")
_NEAR = 20  # lines from the top in which the version stands
_VERSION = re.compile(r"Version (\d+\.\d+\.\d+)(?![\w.]*\w)")


@dataclass(frozen=True)
class Guidelines:
    """The guidelines as they stand.

    Attributes:
        digest: of the words, white space aside: 16 hexadecimal digits.
    """

    version: str
    text: str

    @property
    def digest(self) -> str:
        """What two wordings differ in.

        >>> Guidelines("1.0.0", "One  rule.\\n").digest == Guidelines("1.0.0", "One\\nrule.").digest
        True
        """
        return hashlib.sha256(" ".join(self.text.split()).encode()).hexdigest()[:16]


def read(path: Path) -> Guidelines | None:
    """The guidelines, or None where there are none.

    Raises:
        InputError: they are not UTF-8, or do not say their version in one of the first lines.
    """
    if not path.is_file():
        return None
    try:
        with explained(path):
            text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8: {error}", where=str(path), remedy="save it as UTF-8") from error
    return Guidelines(_version(text, path), text)


def _version(text: str, path: Path) -> str:
    for line in text.splitlines()[:_NEAR]:
        if found := _VERSION.match(line):
            return found[1]
    raise InputError(
        f"no version in the first {_NEAR} lines",
        where=str(path),
        remedy="begin a line near the top with the version: “Version 1.0.0.”",
    )


def number(version: str) -> tuple[int, ...]:
    """A version as something that has an order.

    >>> number("1.10.0") > number("1.9.3")
    True
    """
    return tuple(map(int, version.split(".")))
