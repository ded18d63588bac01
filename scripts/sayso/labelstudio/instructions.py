"""The guidelines as the instructions of a project, and a log of which version was shown when.

The description of the project has one line for each version that was ever shown, with the server's
time from which on it was. A push that shows another version adds a line and replaces the
instructions in one request. So any checkout can tell under which guidelines an annotation was made.

An annotation belongs to the version that was shown when its content last changed: one begun under
an older version and submitted under a newer one counts as made under the newer.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from sayso.errors import ConflictError
from sayso.schema.guidelines import GUIDELINES_FILE, Guidelines
from sayso.versions import VERSION_PATTERN, Version

_LINE_PREFIX = "sayso:guidelines="
_NONE = "none"
_LINE_PATTERN = re.compile(
    rf"{_LINE_PREFIX}({VERSION_PATTERN}|{_NONE})"
    r" since=([-0-9]{10}T[:0-9]{8}Z)"
    rf" text=([0-9a-f]{{16}}|{_NONE})"
)

GuidelinesState = Literal["up to date", "behind", "ahead", "reworded"]
"""The server shows the local guidelines, older ones, newer ones, or another text of one version."""


class GuidelinesComparison(NamedTuple):
    """The state of the guidelines on the server, with a message and a remedy for people."""

    state: GuidelinesState = "up to date"
    message: str = ""
    remedy: str = ""


class ShownGuidelines(NamedTuple):
    """Guidelines shown from a moment on; ``version`` None for no guidelines."""

    version: str | None
    since: datetime
    digest: str


def parse_shown_guidelines(description: str | None, where: str = "") -> tuple[ShownGuidelines, ...]:
    """Return the guidelines that a project's description lists, the earliest first.

    Raises:
        ConflictError: a line of the list cannot be read, because somebody has edited it.

    >>> line = "sayso:guidelines=1.0.0 since=2026-11-22T14:00:00Z text=0123456789abcdef"
    >>> [shown.version for shown in parse_shown_guidelines("Our project\\n" + line)]
    ['1.0.0']
    """
    lines = [line for line in (description or "").splitlines() if line.startswith(_LINE_PREFIX)]
    return tuple(sorted((_parse_line(line, where) for line in lines), key=lambda each: each.since))


def _parse_line(line: str, where: str) -> ShownGuidelines:
    try:
        if not (found := _LINE_PATTERN.fullmatch(line.rstrip())):
            raise ValueError
        version, since, digest = found.groups()
        moment = datetime.fromisoformat(since)
    except ValueError:
        what = f"a line of the project's description cannot be read: {line!r}"
        example = f"{_LINE_PREFIX}1.0.0 since=2026-01-31T12:00:00Z text=…"
        remedy = f"correct it there, as in {example}; or delete it"
        raise ConflictError(what, where=where, remedy=remedy) from None
    return ShownGuidelines(None if version == _NONE else version, moment, digest)


def find_version_at(shown: Sequence[ShownGuidelines], moment: str) -> str | None:
    """Return the version shown at a time in ISO 8601; None if none was shown or it is not known.

    >>> line = "sayso:guidelines=1.0.0 since=2026-11-22T14:00:00Z text=0123456789abcdef"
    >>> shown = parse_shown_guidelines(line)
    >>> [find_version_at(shown, f"2026-11-22T{time}Z") for time in ("13:59:59.9", "14:00:00")]
    [None, '1.0.0']
    """
    when = datetime.fromisoformat(moment)
    return next((each.version for each in reversed(shown) if each.since <= when), None)


def find_version_between(shown: Sequence[ShownGuidelines], since: str, until: str) -> str | None:
    """Return the version shown at some moment between two times; None if there were several."""
    version = find_version_at(shown, until)
    return version if version == find_version_at(shown, since) else None


def compare_guidelines(
    shown: Sequence[ShownGuidelines], local: Guidelines | None
) -> GuidelinesComparison:
    """Compare the guidelines that the server shows now with the local ones."""
    there = shown[-1].version if shown else None
    here = local.version if local else None
    if local is None or there is None:
        if here == there:
            return GuidelinesComparison()
        what = f"the project does not say that it shows guidelines {here}"
        if there:
            what = f"the server shows guidelines {there}, and there are none here"
        return GuidelinesComparison("behind", what, "`sayso push`")
    if Version.parse(there) < Version.parse(local.version):
        what = f"the server shows guidelines {there}, and here are {here}"
        return GuidelinesComparison("behind", what, "`sayso push`")
    if Version.parse(there) > Version.parse(local.version):
        what = f"the server shows guidelines {there}, and here are only {here}"
        remedy = (
            f"update {GUIDELINES_FILE}; to return to older text, give it a version above {there}"
        )
        return GuidelinesComparison("ahead", what, remedy)
    if shown[-1].digest == local.digest:
        return GuidelinesComparison()
    what = f"the text of the guidelines differs from the {there} that the server shows"
    remedy = f"raise the number in the line “Version {here}” of {GUIDELINES_FILE}"
    return GuidelinesComparison("reworded", what, remedy)


def append_shown_line(description: str, local: Guidelines | None, since: float) -> str:
    """Add the line for guidelines shown from ``since`` on, in seconds since 1970."""
    moment = datetime.fromtimestamp(int(since), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    version, digest = (local.version, local.digest) if local else (_NONE, _NONE)
    line = f"{_LINE_PREFIX}{version} since={moment} text={digest}"
    return "\n".join([*description.splitlines(), line])


def render_instructions(local: Guidelines | None) -> str:
    """Return the guidelines as HTML, which annotators read before the first document."""
    if local is None:
        return ""
    from markdown_it import MarkdownIt

    rendered: str = MarkdownIt("commonmark", {"html": False}).enable("table").render(local.text)
    return rendered or html.escape(local.text)
