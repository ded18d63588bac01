"""Versions of the data: three numbers, of which a difference moves at least one."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import NamedTuple, Self

from sayso.diff import Bump
from sayso.errors import UsageError


class Version(NamedTuple):
    """A version, in order.

    >>> Version.parse("1.10.0") > Version.parse("1.9.3")
    True
    """

    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, words: str) -> Self:
        """A version from ``1.2.0`` or ``v1.2.0``.

        Raises:
            UsageError: it is no version.
        """
        found = re.fullmatch(r"v?(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)", words)
        if not found:
            raise UsageError(f"{words!r} is no version", remedy="write it as 1.2.0")
        return cls(*map(int, found.groups()))

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"

    @property
    def tag(self) -> str:
        """What git and the Hub call it.

        >>> Version(1, 2, 0).tag
        'v1.2.0'
        """
        return f"v{self}"

    def bump(self, bump: Bump) -> Version:
        """The next version by a bump. Before 1.0.0 nothing is promised, so a major one moves the second number.

        >>> str(Version(1, 2, 3).after("minor")), str(Version(0, 2, 3).after("major"))
        ('1.3.0', '0.3.0')
        """
        if bump == "major" and self.major:
            return Version(self.major + 1, 0, 0)
        if bump == "patch":
            return Version(self.major, self.minor, self.patch + 1)
        return Version(self.major, self.minor + 1, 0)


def list_released_versions(folder: Path) -> list[Version]:
    """The versions whose tags the present commit stands on, in order; empty where there is no repository."""
    words = ["git", "tag", "--list", "v*", "--merged", "HEAD"]
    try:
        listed = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
    except FileNotFoundError:
        return []
    found = []
    for tag in listed.stdout.split():
        try:
            found.append(Version.parse(tag))
        except UsageError:
            continue  # somebody's other tag
    return sorted(found)
