"""JSON Lines: a document and its reading a line, with everything that we know of it.

    {"doc_id": …, "text": …, "about": {…}, "mentions": [{"id", "label", "start", "end", "text", "attributes", …}],
     "relations": [{"type", "head", "tail"}], "note": …, "kept": […]}

Lines of other makers come in where they hold the same under these or, by ``fields``, other names.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from sayso import jsonl
from sayso.errors import InputError
from sayso.exchange.formats import Arriving, Written
from sayso.exchange.readings import Drawn, Losses, Marked, Reading, checked, ordered, within
from sayso.files import explained
from sayso.ingest.metadata import FIELDS
from sayso.spans import Span

_OURS = ("doc_id", "text", "about", "mentions", "relations", "note", "kept")


class JsonLines:
    """The one format that holds everything."""

    suffix = ".jsonl"
    whole = True
    worded = False

    def fit(self, reading: Reading, losses: Losses) -> Reading:
        """All of it."""
        return ordered(reading)

    def write(self, target: Path, what: Written) -> None:
        """One line a reading."""
        jsonl.write(target, what.readings)

    def read(self, path: Path, how: Arriving) -> Iterator[Reading]:
        """The lines of a file, ours or others'.

        Raises:
            InputError: a line is no such record.
            SpanError: a mention does not stand in its text.
        """
        with explained(path), path.open("rb") as stream:
            for number, record in jsonl.objects(stream, str(path)):
                yield _reading(record, f"{path}:{number}", how)


def _reading(record: dict[str, Any], place: str, how: Arriving) -> Reading:
    theirs = {ours: how.fields.get(ours, ours) for ours in (*_OURS, *FIELDS)}
    for name in sorted(record.keys() - set(theirs.values())):
        how.lost[f"fields {name!r}"] += 1
    given = {ours: record[name] for ours, name in theirs.items() if record.get(name) is not None}
    about = _part(given, "about", dict[str, str], place) or {}
    about |= {name: str(given[name]) for name in FIELDS if name in given}
    doc_id, text = (_part(given, name, str, place) for name in ("doc_id", "text"))
    if doc_id is None or text is None:
        missing = "doc_id" if doc_id is None else "text"
        raise InputError(f"no {missing}", where=place, remedy=f"say where it is: --field {missing}=NAME")
    mentions = _part(given, "mentions", list[dict[str, Any]], place) or []
    relations = _part(given, "relations", list[dict[str, Any]], place) or []
    rest: dict[str, Any] = {name: given[name] for name in ("note", "kept") if name in given}
    found: dict[str, Any] = {
        **rest, "doc_id": doc_id, "text": text, "about": about,
        "mentions": [_mention(each, number, text, place, how) for number, each in enumerate(mentions)],
        "relations": [_known(each, Drawn, "relations", how) for each in relations],
    }  # fmt: skip
    return ordered(checked(_converted(found, Reading, place), place))


def _part(given: dict[str, Any], name: str, kind: Any, place: str) -> Any:
    return _converted(given[name], kind, f"{place} {name}") if name in given else None


def _converted(value: Any, kind: Any, place: str) -> Any:
    try:
        return msgspec.convert(value, kind, from_attributes=True)
    except msgspec.ValidationError as error:
        raise InputError(str(error), where=place, remedy="mend the line") from error


def _mention(theirs: dict[str, Any], number: int, text: str, place: str, how: Arriving) -> Marked:
    """A mention: the offsets count, and the words beside them bear witness."""
    known = _known(theirs, Marked, "mentions", how)
    name = str(known.pop("id", f"m{number + 1}"))
    start, end = (_converted(known.get(edge), int, f"{place} mention {name} {edge}") for edge in ("start", "end"))
    witness = known.pop("text", None)
    within(Span(start, end), text, f"{place} mention {name}")
    found: Marked = _converted({**known, "id": name, "text": text[start:end]}, Marked, f"{place} mention {name}")
    if witness is not None and witness != found.text:
        raise InputError(
            f"mention {found.id} [{found.start}, {found.end}) says {witness!r}, and the text {found.text!r}"[:300],
            where=place, remedy="count offsets in code points from 0, the end outside",
        )  # fmt: skip
    return found


def _known(theirs: dict[str, Any], record: type[msgspec.Struct], what: str, how: Arriving) -> dict[str, Any]:
    """What our record has a place for; what else there is is counted."""
    for name in sorted(theirs.keys() - set(record.__struct_fields__)):
        how.lost[f"fields {name!r} of {what}"] += 1
    return {name: value for name, value in theirs.items() if name in record.__struct_fields__ and value is not None}


FORMAT = JsonLines()
