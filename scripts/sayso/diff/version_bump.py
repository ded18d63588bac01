"""The least version bump that a diff requires, from one table of all kinds of change.

* **major**: users who pinned the older version would find something gone, or elsewhere.
* **minor**: everything is still there, and there is more, or an annotator reads something
differently.
* **patch**: the same annotations, better described.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sayso.versions import Bump

_BUMP_RANKS: dict[Bump, int] = {"patch": 1, "minor": 2, "major": 3}


class ChangeKind(NamedTuple):
    """A kind of change, such as *mention added*."""

    subject: str
    change: str

    def __str__(self) -> str:
        return f"{self.subject} {self.change}"


_BUMP_TABLE: dict[Bump, dict[str, tuple[str, ...]]] = {
    "major": {
        "document": ("removed", "text", "split"),
        "annotation": ("removed",),
        "gold": ("removed", "text"),
        "gold mention": ("removed", "boundary", "shifted"),
        "gold answer": ("removed",),
        "schema": ("removed", "renamed", "split", "redefined", "unreadable"),
        "unreadable line": ("added", "removed"),
    },
    "minor": {
        "document": ("added",),
        "annotation": ("added", "resubmitted", "text", "status"),
        "gold": ("added",),
        "mention": ("added", "removed", "boundary", "shifted", "relabelled"),
        "gold mention": ("added", "relabelled"),
        "relation": ("added", "removed"),
        "gold relation": ("added", "removed"),
        "answer": ("added", "removed", "changed"),
        "gold answer": ("added", "changed"),
        "schema": ("added", "required", "order", "widened", "default"),
        "interface": ("added", "removed"),
        "crosswalk": ("added", "removed"),
    },
    "patch": {
        "document": ("metadata", "moved", "rewritten"),
        "annotation": ("details", "kept", "rewritten"),
        "gold": ("details", "rewritten", "moved"),
        "mention": ("attribute", "flag", "note", "details"),
        "gold mention": ("attribute", "flag", "note", "details", "decision"),
        "gold relation": ("decision",),
        "gold answer": ("decision",),
        "schema": ("wording", "version"),
        "interface": ("wording",),
        "crosswalk": ("wording",),
        "file": ("line added", "line removed"),
    },
}
BUMPS: dict[ChangeKind, Bump] = {
    ChangeKind(subject, change): bump
    for bump, rows in _BUMP_TABLE.items()
    for subject, changes in rows.items()
    for change in changes
}
KINDS_WITHOUT_BUMP = {
    ChangeKind(subject, change)
    for subject in ("frame", "gold frame")
    for change in ("added", "removed", "changed")
}
"""Kinds that follow from changes to mentions and relations, which have their own bump."""


def least_bump(kinds: Iterable[ChangeKind]) -> Bump | None:
    """Return the largest bump that any of the kinds requires; None for no kinds.

    >>> least_bump([ChangeKind("mention", "note"), ChangeKind("document", "added")])
    'minor'
    >>> least_bump([])
    """
    bumps = (BUMPS[kind] for kind in kinds if kind not in KINDS_WITHOUT_BUMP)
    return max(bumps, key=_BUMP_RANKS.__getitem__, default=None)


def bump_reasons(kinds: Iterable[ChangeKind], bump: Bump | None) -> list[ChangeKind]:
    """Return those of the kinds that require the bump, in the order of the table."""
    present = set(kinds)
    return [kind for kind, required in BUMPS.items() if required == bump and kind in present]
