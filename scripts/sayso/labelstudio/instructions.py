"""Which guidelines stood before the annotators, and since when: told by the project itself.

Annotators read the guidelines as the instructions of the project. Beside its other marks, the description of the
project has one line for each version that was ever shown, with the server's time from which on it was. A push that
shows another version adds a line and replaces the instructions in one request. So any checkout can tell what an
answer was given under, and nobody keeps a second book.

An answer belongs to the version that was shown when the answer was last changed; who had begun under an older one
and submits under a newer one is counted with the newer. Of answers before the first line nobody knows: None.
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
    rf"{_LINE_PREFIX}({VERSION_PATTERN}|{_NONE}) since=([-0-9]{{10}}T[:0-9]{{8}}Z) text=([0-9a-f]{{16}}|{_NONE})"
)

GuidelinesState = Literal["up to date", "behind", "ahead", "reworded"]
"""How what the server shows stands to the guidelines here: it is older, newer, or has other words for one version."""


class GuidelinesComparison(NamedTuple):
    """That, in words, and what settles it."""

    state: GuidelinesState = "up to date"
    message: str = ""
    remedy: str = ""


class ShownGuidelines(NamedTuple):
    """Guidelines that were shown from a moment on; None for none at all."""

    version: str | None
    since: datetime
    digest: str


def parse_shown_guidelines(description: str | None, where: str = "") -> tuple[ShownGuidelines, ...]:
    """What a project's description tells, the earliest first.

    Raises:
        ConflictError: somebody has changed such a line so that it cannot be read.

    >>> parse_shown_guidelines("Ours.\\nsayso:guidelines_state=1.0.0 fault_since=2026-11-22T14:00:00Z text=0123456789abcdef")[0].version
    '1.0.0'
    """
    lines = [line for line in (description or "").splitlines() if line.startswith(_LINE_PREFIX)]
    return tuple(sorted((_parse_line(line, where) for line in lines), key=lambda each: each.since))


def _parse_line(line: str, where: str) -> ShownGuidelines:
    found = _LINE_PATTERN.fullmatch(line.rstrip())
    try:
        if found is None:
            raise ValueError
        version, since, digest = found.groups()
        return ShownGuidelines(
            None if version == _NONE else version, datetime.fromisoformat(since), digest
        )
    except ValueError:
        raise ConflictError(
            f"a line of the project's description cannot be read: {line!r}",
            where=where,
            remedy=f"mend it there: {_LINE_PREFIX}1.0.0 since=2026-01-31T12:00:00Z text=…; or take it out",
        ) from None


def find_version_at(shown: Sequence[ShownGuidelines], moment: str) -> str | None:
    """The version that was shown at a time, ISO 8601; None where nobody knows, or none was shown.

    >>> lines = parse_shown_guidelines("run_sayso:guidelines_state=1.0.0 fault_since=2026-11-22T14:00:00Z text=0123456789abcdef")
    >>> find_version_at(lines, "2026-11-22T13:59:59.999999Z"), find_version_at(lines, "2026-11-22T14:00:00Z")
    (None, '1.0.0')
    """
    when = datetime.fromisoformat(moment)
    return next((each.version for each in reversed(shown) if each.since <= when), None)


def compare_guidelines(
    shown: Sequence[ShownGuidelines], local: Guidelines | None
) -> GuidelinesComparison:
    """How what is shown stands to ours."""
    there, here = (shown[-1].version if shown else None), (local.version if local else None)
    if local is None or there is None:
        if here == there:
            return GuidelinesComparison()
        what = (
            f"the server shows guidelines {there}, and there are none here"
            if there
            else (f"nobody has written down that the server shows guidelines {here}")
        )
        return GuidelinesComparison("behind", what, "`sayso push`")
    if Version.parse(there) < Version.parse(local.version):
        return GuidelinesComparison(
            "behind", f"the server shows guidelines {there}, and here are {here}", "`sayso push`"
        )
    if Version.parse(there) > Version.parse(local.version):
        remedy = f"bring {GUIDELINES_FILE} up to date; to go back to older words, give them a version above {there}"
        return GuidelinesComparison(
            "ahead", f"the server shows guidelines {there}, and here are only {here}", remedy
        )
    if shown[-1].digest == local.digest:
        return GuidelinesComparison()
    remedy = f"raise the number in the line “Version {here}” of {GUIDELINES_FILE}, so that answers can be told apart"
    return GuidelinesComparison(
        "reworded",
        f"the guidelines have other words than the {there} that the server shows",
        remedy,
    )


def append_shown_line(description: str, local: Guidelines | None, since: float) -> str:
    """The description with the line that says what is shown from a time on, in seconds since 1970."""
    moment = datetime.fromtimestamp(int(since), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    version, digest = (local.version, local.digest) if local else (_NONE, _NONE)
    return "\n".join(
        [*description.splitlines(), f"{_LINE_PREFIX}{version} since={moment} text={digest}"]
    )


def render_instructions(local: Guidelines | None) -> str:
    """What an annotator reads before the first document: the guidelines as HTML."""
    if local is None:
        return ""
    from markdown_it import MarkdownIt

    found: str = MarkdownIt("commonmark", {"html": False}).enable("table").render(local.text)
    return found or html.escape(local.text)
