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
from sayso.guidelines import FILE, Guidelines, number

_MARK = "sayso:guidelines="
_NONE = "none"
_LINE = re.compile(
    rf"{_MARK}(\d+\.\d+\.\d+|{_NONE}) since=([-0-9]{{10}}T[:0-9]{{8}}Z) text=([0-9a-f]{{16}}|{_NONE})"
)  # fmt: skip

State = Literal["in step", "behind", "ahead", "reworded"]
"""How what the server shows stands to the guidelines here: it is older, newer, or has other words for one version."""


class Standing(NamedTuple):
    """That, in words, and what settles it."""

    state: State = "in step"
    what: str = ""
    remedy: str = ""


class Shown(NamedTuple):
    """Guidelines that were shown from a moment on; None for none at all."""

    version: str | None
    since: datetime
    digest: str


def shown(description: str | None, where: str = "") -> tuple[Shown, ...]:
    """What a project's description tells, the earliest first.

    Raises:
        ConflictError: somebody has changed such a line so that it cannot be read.

    >>> shown("Ours.\\nsayso:guidelines=1.0.0 since=2026-11-22T14:00:00Z text=0123456789abcdef")[0].version
    '1.0.0'
    """
    lines = [line for line in (description or "").splitlines() if line.startswith(_MARK)]
    return tuple(sorted((_read(line, where) for line in lines), key=lambda each: each.since))


def _read(line: str, where: str) -> Shown:
    found = _LINE.fullmatch(line.rstrip())
    try:
        if found is None:
            raise ValueError
        version, since, digest = found.groups()
        return Shown(None if version == _NONE else version, datetime.fromisoformat(since), digest)
    except ValueError:
        raise ConflictError(
            f"a line of the project's description cannot be read: {line!r}",
            where=where,
            remedy=f"mend it there: {_MARK}1.0.0 since=2026-01-31T12:00:00Z text=…; or take it out",
        ) from None


def in_force(lines: Sequence[Shown], moment: str) -> str | None:
    """The version that was shown at a time, ISO 8601; None where nobody knows, or none was shown.

    >>> lines = shown("sayso:guidelines=1.0.0 since=2026-11-22T14:00:00Z text=0123456789abcdef")
    >>> in_force(lines, "2026-11-22T13:59:59.999999Z"), in_force(lines, "2026-11-22T14:00:00Z")
    (None, '1.0.0')
    """
    when = datetime.fromisoformat(moment)
    return next((each.version for each in reversed(lines) if each.since <= when), None)


def standing(lines: Sequence[Shown], ours: Guidelines | None) -> Standing:
    """How what is shown stands to ours."""
    there, here = (lines[-1].version if lines else None), (ours.version if ours else None)
    if ours is None or there is None:
        if here == there:
            return Standing()
        what = f"the server shows guidelines {there}, and there are none here" if there else (
            f"nobody has written down that the server shows guidelines {here}"
        )  # fmt: skip
        return Standing("behind", what, "`sayso push`")
    if number(there) < number(ours.version):
        return Standing("behind", f"the server shows guidelines {there}, and here are {here}", "`sayso push`")
    if number(there) > number(ours.version):
        remedy = f"bring {FILE} up to date; to go back to older words, give them a version above {there}"
        return Standing("ahead", f"the server shows guidelines {there}, and here are only {here}", remedy)
    if lines[-1].digest == ours.digest:
        return Standing()
    remedy = f"raise the number in the line “Version {here}” of {FILE}, so that answers can be told apart"
    return Standing("reworded", f"the guidelines have other words than the {there} that the server shows", remedy)


def added(description: str, ours: Guidelines | None, since: float) -> str:
    """The description with the line that says what is shown from a time on, in seconds since 1970."""
    moment = datetime.fromtimestamp(int(since), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    version, digest = (ours.version, ours.digest) if ours else (_NONE, _NONE)
    return "\n".join([*description.splitlines(), f"{_MARK}{version} since={moment} text={digest}"])


def rendered(ours: Guidelines | None) -> str:
    """What an annotator reads before the first document: the guidelines as HTML."""
    if ours is None:
        return ""
    from markdown_it import MarkdownIt

    found: str = MarkdownIt("commonmark", {"html": False}).enable("table").render(ours.text)
    return found or html.escape(ours.text)
