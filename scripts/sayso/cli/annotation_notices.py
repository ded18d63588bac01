"""Messages about annotations on the server that are not compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sayso.cli.terminal import print_message

if TYPE_CHECKING:
    from sayso.labelstudio.fetched_annotations import AnnotationNotice

MAX_SHOWN = 5  # documents in one message; --json has all


def print_excluded(
    pass_name: str, changed: Sequence[AnnotationNotice], unseen: Sequence[AnnotationNotice]
) -> None:
    """Print how many annotations somebody else saved, and how many predictions nobody saw."""
    others = "annotations that somebody else saved after their annotator: not compared"
    takeovers = "annotations taken over from predictions unseen: neither compared nor adjudicated"
    for what, notices in ((others, changed), (takeovers, unseen)):
        if notices:
            parts = [f"{each.doc_id} {each.annotator} {each.reason}" for each in notices]
            print_message(f"{pass_name}: {len(parts)} {what} ({shorten_list(parts)})")


def shorten_list(parts: Sequence[str]) -> str:
    """Join the first parts, and count the others.

    >>> shorten_list(["a", "b"]), shorten_list("abcdefg")
    ('a, b', 'a, b, c, d, e and 2 more')
    """
    hidden = len(parts) - MAX_SHOWN
    return ", ".join(parts[:MAX_SHOWN]) + (f" and {hidden} more" if hidden > 0 else "")
