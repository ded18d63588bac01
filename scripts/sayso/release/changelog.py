"""``corpus/CHANGELOG.md``: one entry for each version, newest first, computed from the diff."""

from __future__ import annotations

import re

_CHANGELOG_HEAD = """# Changelog of the data

Written by `sayso release` from the diff to the previous version.
`sayso diff` compares any two versions.
"""


def insert_entry(text: str, version: str, day: str, entry: str) -> str:
    """Return the changelog with the entry of a version on top.

    An entry that is there already is replaced and keeps its day. Text above the entries stays.

    >>> insert_entry("Head.\\n", "0.1.0", "2026-01-02", "First.")
    'Head.\\n\\n## 0.1.0 (2026-01-02)\\n\\nFirst.\\n'
    """
    head, *blocks = re.split(r"(?m)^## (?=\d+\.\d+\.\d+ \()", text)
    entries = {}
    for block in blocks:
        title, _, body = block.partition("\n")
        name, _, when = title.partition(" ")
        entries[name] = (when.strip("()"), body)
    day = entries.pop(version, (day, ""))[0]
    entries = {version: (day, entry), **entries}
    shown = [f"## {name} ({when})\n\n{body.strip()}\n" for name, (when, body) in entries.items()]
    return "\n".join([f"{head.rstrip()}\n" if head.strip() else _CHANGELOG_HEAD, *shown])
