"""The identity of a Label Studio server: a random id in the description of each project of ours.

Numbers of projects and annotations coincide on two servers, and an address can lead to another
server tomorrow. The id stays with the database, wherever that moves.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from operator import attrgetter

from sayso.labelstudio.api_types import ListedProject

_LINE_PATTERN = re.compile(r"sayso:server=([0-9a-f]{16})")


def read_server_id(description: str | None) -> str | None:
    """Return the server's id from a project's description, or None.

    >>> read_server_id("Our project\\nsayso:server=0123456789abcdef")
    '0123456789abcdef'
    """
    found = map(_LINE_PATTERN.fullmatch, map(str.rstrip, (description or "").splitlines()))
    return next((match[1] for match in found if match), None)


def choose_server_id(listed: Iterable[ListedProject]) -> str:
    """Return the id that the oldest project with one carries, or a new one."""
    ids = (read_server_id(each.description) for each in sorted(listed, key=attrgetter("id")))
    return next(filter(None, ids), None) or secrets.token_hex(8)


def append_server_line(description: str, server_id: str) -> str:
    """Add the line with the server's id to a project's description."""
    return "\n".join([*description.splitlines(), f"sayso:server={server_id}"])
