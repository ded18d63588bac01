"""``corpus/CHANGELOG.md``: one entry a version, the newest first, each computed from the difference."""

from __future__ import annotations

import re

_CHANGELOG_HEAD = """# Changelog of the data

Computed by `sayso release` from the difference to the version before; `sayso diff` tells any two apart.
"""


def insert_entry(text: str, version: str, day: str, told: str) -> str:
    """The changelog with the entry of a version, made anew where it is there already; its day stays then.

    >>> print(insert_entry("", "0.1.0", "2026-01-02", "The examples version."))
    # Changelog of the data
    <BLANKLINE>
    Computed by `sayso release` from the difference to the version before; `sayso diff` tells any two apart.
    <BLANKLINE>
    ## 0.1.0 (2026-01-02)
    <BLANKLINE>
    The first version.
    <BLANKLINE>
    """
    head, entries = _parse_changelog(text)
    day = entries.pop(version, (day, ""))[0]
    shown = [
        _format_entry(version, day, told),
        *(_format_entry(name, when, what) for name, (when, what) in entries.items()),
    ]
    return "\n".join([head, *shown])


def _format_entry(version: str, day: str, told: str) -> str:
    return f"## {version} ({day})\n\n{told.strip()}\n"


def _parse_changelog(text: str) -> tuple[str, dict[str, tuple[str, str]]]:
    """What stands above the entries, and each with its day."""
    head, *entries = re.split(r"(?m)^## (?=\d+\.\d+\.\d+ \()", text)
    found: dict[str, tuple[str, str]] = {}
    for entry in entries:
        title, _end, told = entry.partition("\n")
        name, _space, day = title.partition(" ")
        found[name] = (day.strip("()"), told)
    return head.rstrip("\n") + "\n" if head.strip() else _CHANGELOG_HEAD, found
