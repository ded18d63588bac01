"""Annotations that are on the server a second time, since an export was imported there.

An import keeps result, seconds and, if the export has it, the number of an annotation. Its author
is whoever the importer's file names, or else the importer. Two annotators' answers are never taken
for one: an annotation is a copy only if its content and seconds are those of a line, and either a
mention has an id that an editor drew at random, or its number before the import is the line's and
the seconds are a clock's. Numbers alone coincide on two servers, and seconds of two programs do.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from sayso.labelstudio.fetched_annotations import AnnotationNotice, FetchedAnnotations
from sayso.models import Annotation, AnnotationOrigin, encode

IMPORTED_FIELDS = (
    *("doc_id", "text_sha256", "status", "mentions", "relations", "note", "kept", "answers"),
)
"""An import keeps these."""
_EDITOR_ID = re.compile(r"[A-Za-z0-9_-]{10}")


class LineContent(NamedTuple):
    """The part of a line by which a copy of it on the server is recognised."""

    doc_id: str
    origin: bytes
    number: int
    seconds: float | None
    digest: bytes
    drawn: bool


def describe_content(line: Annotation) -> LineContent:
    """Return what is remembered of a line beside those of the server."""
    assert line.origin  # noqa: S101
    seconds, number = line.lead_time_seconds, line.origin.annotation
    drawn = any(
        each.started_from is None and _EDITOR_ID.fullmatch(each.id) for each in line.mentions
    )
    return LineContent(
        line.doc_id, encode(line.origin), number, seconds, _digest_content(line), drawn
    )


def _digest_content(line: Annotation) -> bytes:
    content = [getattr(line, name) for name in IMPORTED_FIELDS]
    return hashlib.blake2b(encode(content), digest_size=16).digest()


class ImportedCopies(NamedTuple):
    """The annotations that the server has a second time.

    Attributes:
        own: the present number of a line's annotation, imported without the one before.
        foreign: annotations under another account, with the annotator whose line each is.
        originals: these lines.
        alike: those that may be copies.
    """

    own: dict[AnnotationOrigin, int]
    foreign: dict[int, str]
    originals: set[AnnotationOrigin]
    alike: list[AnnotationNotice]


def find_copies(fetched: FetchedAnnotations) -> ImportedCopies:
    """Compare the server's annotations with lines of our files that it does not have."""
    copies = ImportedCopies({}, {}, set(), [])
    here = (fetched.reader.project, fetched.reader.server)
    for pseudonym, line, number, task, account, import_id, seconds in _find_candidates(fetched):
        origin = msgspec.json.decode(line.origin, type=AnnotationOrigin)
        own = fetched.pseudonym(account) == pseudonym
        itself = (origin.project, origin.server or here[1], origin.annotation) == (*here, number)
        same = _digest_content(fetched.read_record(number)) == line.digest
        timed, numbered = seconds is not None and seconds == line.seconds, import_id == line.number
        if own and (itself or (same and timed and line.drawn)):
            copies.own.setdefault(origin, number)
        elif own and numbered:
            continue  # found by its number
        elif not own and same and timed and (line.drawn or (numbered and _is_measured(seconds))):
            copies.foreign[number] = pseudonym
            copies.originals.add(origin)
        elif same + timed + numbered > 1:
            who = fetched.pseudonym(account)
            copies.alike.append(AnnotationNotice(line.doc_id, who, task, "", f"as of {pseudonym}"))
    return copies


def _is_measured(seconds: float | None) -> bool:
    """Return whether an editor measured the time, in milliseconds, and no program named it."""
    return seconds is not None and seconds != round(seconds, 1)


def _find_candidates(
    fetched: FetchedAnnotations,
) -> Iterator[tuple[str, LineContent, int, int, int, int | None, float | None]]:
    names = ", ".join(f"other_lines.{name}" for name in LineContent._fields)
    query = (
        f"SELECT pseudonym, {names}, annotation, task, account, import_id,"  # noqa: S608
        " annotations.seconds"
        " FROM other_lines JOIN annotations USING (doc_id) WHERE reason IS NULL AND"
        " (import_id = number OR annotation = number OR annotations.seconds = other_lines.seconds)"
        " ORDER BY annotation, line"
    )
    for pseudonym, *row in fetched.state.connection.execute(query).fetchall():
        count = len(LineContent._fields)
        yield pseudonym, LineContent(*row[:count]), *row[count:]
