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
from sayso.files import convert_os_errors
from sayso.formats.annotated_documents import (
    AnnotatedDocument,
    FormatMention,
    FormatRelation,
    Losses,
    require_inside,
    sort_document,
    validate_document,
)
from sayso.formats.format_registry import ExportContent, ImportContext
from sayso.ingest.article_metadata import METADATA_FIELDS
from sayso.spans import Span

_FIELDS = ("doc_id", "text", "about", "mentions", "relations", "note", "kept")


class JsonLinesFormat:
    """The one format that holds everything."""

    suffix = ".jsonl"
    holds_everything = True
    needs_vocabulary = False

    def fit(self, annotated: AnnotatedDocument, losses: Losses) -> AnnotatedDocument:
        """All of it."""
        return sort_document(annotated)

    def write(self, target: Path, content: ExportContent) -> None:
        """One line a reading."""
        jsonl.write(target, content.documents)

    def read(self, path: Path, context: ImportContext) -> Iterator[AnnotatedDocument]:
        """The lines of a file, ours or others'.

        Raises:
            InputError: a line is no such record.
            SpanError: a mention does not stand in its text.
        """
        with convert_os_errors(path), path.open("rb") as stream:
            for number, record in jsonl.read_objects(stream, str(path)):
                yield _parse_document(record, f"{path}:{number}", context)


def _parse_document(record: dict[str, Any], place: str, how: ImportContext) -> AnnotatedDocument:
    theirs = {ours: how.fields.get(ours, ours) for ours in (*_FIELDS, *METADATA_FIELDS)}
    for name in sorted(record.keys() - set(theirs.values())):
        how.losses[f"fields {name!r}"] += 1
    given = {ours: record[name] for ours, name in theirs.items() if record.get(name) is not None}
    about = _convert_field(given, "about", dict[str, str], place) or {}
    about |= {name: str(given[name]) for name in METADATA_FIELDS if name in given}
    doc_id, text = (_convert_field(given, name, str, place) for name in ("doc_id", "text"))
    if doc_id is None or text is None:
        missing = "doc_id" if doc_id is None else "text"
        raise InputError(
            f"no {missing}", where=place, remedy=f"say where it is: --field {missing}=NAME"
        )
    mentions = _convert_field(given, "mentions", list[dict[str, Any]], place) or []
    relations = _convert_field(given, "relations", list[dict[str, Any]], place) or []
    rest: dict[str, Any] = {name: given[name] for name in ("note", "kept") if name in given}
    found: dict[str, Any] = {
        **rest,
        "doc_id": doc_id,
        "text": text,
        "about": about,
        "mentions": [
            _parse_mention(each, number, text, place, how) for number, each in enumerate(mentions)
        ],
        "relations": [_known_fields(each, FormatRelation, "relations", how) for each in relations],
    }
    return sort_document(validate_document(_convert(found, AnnotatedDocument, place), place))


def _convert_field(given: dict[str, Any], name: str, kind: Any, place: str) -> Any:
    return _convert(given[name], kind, f"{place} {name}") if name in given else None


def _convert(value: Any, kind: Any, place: str) -> Any:
    try:
        return msgspec.convert(value, kind, from_attributes=True)
    except msgspec.ValidationError as error:
        raise InputError(str(error), where=place, remedy="mend the line") from error


def _parse_mention(
    theirs: dict[str, Any], number: int, text: str, place: str, how: ImportContext
) -> FormatMention:
    """A mention: the offsets count, and the words beside them bear witness."""
    known = _known_fields(theirs, FormatMention, "mentions", how)
    name = str(known.pop("id", f"m{number + 1}"))
    start, end = (
        _convert(known.get(edge), int, f"{place} mention {name} {edge}")
        for edge in ("start", "end")
    )
    witness = known.pop("text", None)
    require_inside(Span(start, end), text, f"{place} mention {name}")
    found: FormatMention = _convert(
        {**known, "id": name, "text": text[start:end]}, FormatMention, f"{place} mention {name}"
    )
    if witness is not None and witness != found.text:
        raise InputError(
            f"mention {found.id} [{found.start}, {found.end}) says {witness!r}, and the text {found.text!r}"[
                :300
            ],
            where=place,
            remedy="count offsets in code points from 0, the end outside",
        )
    return found


def _known_fields(
    theirs: dict[str, Any], record: type[msgspec.Struct], what: str, how: ImportContext
) -> dict[str, Any]:
    """What our record has a place for; what else there is is counted."""
    for name in sorted(theirs.keys() - set(record.__struct_fields__)):
        how.losses[f"fields {name!r} of {what}"] += 1
    return {
        name: value
        for name, value in theirs.items()
        if name in record.__struct_fields__ and value is not None
    }


FORMAT = JsonLinesFormat()
