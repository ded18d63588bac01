"""Which number of a version a difference moves at least: one table, and whoever reads it can argue with it.

* **major**: somebody who has pinned the older version and counted on it would find things gone, or elsewhere.
* **minor**: what was there is there, and there is more, or an annotator reads it differently.
* **patch**: the same readings, described better.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

Bump = Literal["major", "minor", "patch"]
_BUMP_RANKS: dict[Bump, int] = {"patch": 1, "minor": 2, "major": 3}


class ChangeKind(NamedTuple):
    """A kind of change: of ``subject``, and which."""

    subject: str
    change: str

    def __str__(self) -> str:
        return f"{self.subject} {self.change}"


_BUMP_TABLE: dict[Bump, dict[str, tuple[str, ...]]] = {
    "major": {
        "document": ("removed", "text", "split"),
        "answer": ("removed",),
        "gold": ("removed", "text"),
        "gold mention": ("removed", "boundary", "shifted"),
        "schema": ("removed", "renamed", "split", "redefined", "unreadable"),
        "unreadable line": ("added", "removed"),
    },
    "minor": {
        "document": ("added",),
        "answer": ("added", "given anew", "text", "status"),
        "gold": ("added",),
        "mention": ("added", "removed", "boundary", "shifted", "relabelled"),
        "gold mention": ("added", "relabelled"),
        "relation": ("added", "removed"),
        "gold relation": ("added", "removed"),
        "schema": ("added", "required", "order"),
        "interface": ("added", "removed"),
        "crosswalk": ("added", "removed"),
    },
    "patch": {
        "document": ("metadata", "other file", "rewritten"),
        "answer": ("details", "kept", "rewritten"),
        "gold": ("details", "rewritten", "other file"),
        "mention": ("attribute", "flag", "note", "details"),
        "gold mention": ("attribute", "flag", "note", "details", "decision"),
        "gold relation": ("decision",),
        "schema": ("wording", "version"),
        "interface": ("wording",),
        "crosswalk": ("wording",),
        "file": ("line added", "line removed"),
    },
}
BUMPS: dict[ChangeKind, Bump] = {
    ChangeKind(what, change): bump
    for bump, rows in _BUMP_TABLE.items()
    for what, changes in rows.items()
    for change in changes
}
KINDS_WITHOUT_BUMP = {
    ChangeKind(what, change)
    for what in ("claim", "gold claim")
    for change in ("added", "removed", "changed")
}
"""Kinds that move nothing: they follow from mentions and relations, which do."""


def least_bump(kinds: Iterable[ChangeKind]) -> Bump | None:
    """The largest bump that any of the kinds asks for; None where there is nothing.

    >>> least_bump([ChangeKind("mention", "note"), ChangeKind("document", "append_shown_line")])
    'minor'
    >>> least_bump([])
    """
    return max(
        (BUMPS[kind] for kind in kinds if kind not in KINDS_WITHOUT_BUMP),
        key=_BUMP_RANKS.__getitem__,
        default=None,
    )


def bump_reasons(kinds: Iterable[ChangeKind], bump: Bump | None) -> list[ChangeKind]:
    """The kinds that ask for the bump, in the order of the table."""
    there = set(kinds)
    return [kind for kind, asked in BUMPS.items() if asked == bump and kind in there]
