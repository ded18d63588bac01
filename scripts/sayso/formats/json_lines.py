"""JSON Lines: a document and its annotation a line, with everything that is known of it.

    {"doc_id": …, "text": …, "about": {…}, "mentions": [{"id", "label", "start", "end", "text",
     "attributes", …}], "relations": [{"type", "head", "tail"}], "answers": [{"question",
     "value"}], "note": …, "kept": […]}

Lines of other makers come in where they hold the same under these names or, by ``fields``, other
names. ``answers`` may be an object, too, with a value for each question.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from sayso import jsonl
from sayso.errors import InputError
from sayso.files import convert_os_errors, open_file
from sayso.formats.annotated_documents import (
    AnnotatedDocument,
    ExportContent,
    FormatAnswer,
    FormatMention,
    FormatRelation,
    convert_fields,
    require_inside,
    validate_document,
)
from sayso.formats.format_registry import ImportContext
from sayso.ingest.article_metadata import METADATA_FIELDS
from sayso.spans import Span

FIELDS = (*AnnotatedDocument.__struct_fields__, *METADATA_FIELDS)


def write(target: Path, content: ExportContent) -> None:
    """Write one line for each document."""
    jsonl.write(target, content.documents)


def read(path: Path, context: ImportContext) -> Iterator[AnnotatedDocument]:
    """Read the lines of a file, ours or others'.

    Raises:
        InputError: a line is no such record.
        SpanError: a mention is not inside its text.
    """
    with convert_os_errors(path), open_file(path) as stream:
        for number, record in jsonl.read_objects(stream, str(path)):
            yield _parse_document(record, f"{path}:{number}", context)


def _parse_document(
    record: dict[str, Any], location: str, context: ImportContext
) -> AnnotatedDocument:
    theirs = {ours: context.fields.get(ours, ours) for ours in FIELDS}
    for name in sorted(record.keys() - set(theirs.values())):
        context.losses[f"fields {name!r}"] += 1
    given = {ours: record[name] for ours, name in theirs.items() if record.get(name) is not None}
    about = convert_fields(given.get("about", {}), dict[str, str], f"{location} about")
    about |= {name: str(given.pop(name)) for name in METADATA_FIELDS if name in given}
    for name in ("doc_id", "text"):
        if name not in given:
            raise InputError(
                f"no {name}", where=location, remedy=f"say where it is: --field {name}=NAME"
            )
    text = convert_fields(given["text"], str, f"{location} text")
    mentions = convert_fields(
        given.get("mentions", []), list[dict[str, Any]], f"{location} mentions"
    )
    relations = convert_fields(
        given.get("relations", []), list[dict[str, Any]], f"{location} relations"
    )
    found = {
        **given,
        "about": about,
        "mentions": [
            _parse_mention(each, number, text, location, context)
            for number, each in enumerate(mentions)
        ],
        "relations": [
            _known_fields(each, FormatRelation, "relations", context) for each in relations
        ],
        "answers": _parse_answers(given.get("answers", []), location, context),
    }
    return validate_document(convert_fields(found, AnnotatedDocument, location), location)


def _parse_answers(given: Any, location: str, context: ImportContext) -> list[dict[str, Any]]:
    if isinstance(given, dict):
        return [
            {"question": name, "value": value} for name, value in given.items() if value is not None
        ]
    answers = convert_fields(given, list[dict[str, Any]], f"{location} answers")
    return [_known_fields(each, FormatAnswer, "answers", context) for each in answers]


def _parse_mention(
    theirs: dict[str, Any], number: int, text: str, location: str, context: ImportContext
) -> FormatMention:
    """Return a mention: the offsets count, and the words beside them have to agree."""
    known = _known_fields(theirs, FormatMention, "mentions", context)
    name = str(known.pop("id", f"m{number + 1}"))
    location = f"{location} mention {name}"
    start, end = (
        convert_fields(known.get(edge), int, f"{location} {edge}") for edge in ("start", "end")
    )
    expected = known.pop("text", None)
    require_inside(Span(start, end), text, location)
    found: FormatMention = convert_fields(
        {**known, "id": name, "text": text[start:end]}, FormatMention, location
    )
    if expected not in (None, found.text):
        raise InputError(
            f"[{found.start}, {found.end}) says {expected!r}, and the text {found.text!r}"[:300],
            where=location,
            remedy="count offsets in code points from 0, the end outside",
        )
    return found


def _known_fields(
    theirs: dict[str, Any], record: type[msgspec.Struct], what: str, context: ImportContext
) -> dict[str, Any]:
    """Return the fields that our record has; count the others."""
    for name in sorted(theirs.keys() - set(record.__struct_fields__)):
        context.losses[f"fields {name!r} of {what}"] += 1
    return {
        name: value
        for name, value in theirs.items()
        if name in record.__struct_fields__ and value is not None
    }
