"""Versions of three numbers, such as 1.2.0: of the data, the schema, and the guidelines."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple, Self

VERSION_PATTERN = r"\d+\.\d+\.\d+"
Bump = Literal["major", "minor", "patch"]


class Version(NamedTuple):
    """A version, ordered by its numbers.

    >>> Version.parse("1.10.0") > Version.parse("1.9.3")
    True
    """

    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse ``1.2.0``.

        Raises:
            ValueError: ``text`` is not three whole numbers with dots between them.
        """
        if not re.fullmatch(VERSION_PATTERN, text):
            raise ValueError(f"{text!r} is not a version like 1.2.0")
        return cls(*map(int, text.split(".")))

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"

    @property
    def tag(self) -> str:
        """The name in git and on the Hub.

        >>> Version(1, 2, 0).tag
        'v1.2.0'
        """
        return f"v{self}"

    def bump(self, part: Bump) -> Version:
        """Return the next version. Below 1.0.0 a major bump raises the second number.

        >>> str(Version(1, 2, 3).bump("minor")), str(Version(0, 2, 3).bump("major"))
        ('1.3.0', '0.3.0')
        """
        if part == "patch":
            return self._replace(patch=self.patch + 1)
        if part == "major" and self.major:
            return Version(self.major + 1, 0, 0)
        return Version(self.major, self.minor + 1, 0)
