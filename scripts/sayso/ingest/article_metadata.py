"""What is known of an article besides its text: from its record, from a side table, from options."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from sayso import jsonl
from sayso.errors import InputError, UsageError
from sayso.files import convert_os_errors
from sayso.models import DocId

METADATA_FIELDS = ("title", "outlet", "url", "published", "language", "license", "source_name")
FILE_COLUMN = "file"  # the side table's other key: the name of the file that held the article
_DERIVED_FIELDS = {"text_sha256", "split", "ingested"}  # in a corpus's own records; made anew here

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_DATE = re.compile(
    r"(\d{4})(-\d\d)?(-\d\d)?([T ]\d\d:\d\d(:\d\d([.,]\d+)?)?\s?(Z|[+-]\d\d:?\d\d)?)?"
)


def parse_field_mapping(pairs: Iterable[str]) -> dict[str, str]:
    """Which field of a record holds which of ours, from words like ``text=body``.

    Raises:
        UsageError: a word is not OURS=THEIRS, or we have no such field.

    >>> parse_field_mapping(["text=body", "doc_id=id"])
    {'text': 'body', 'doc_id': 'id'}
    """
    found: dict[str, str] = {}
    for pair in pairs:
        ours, sign, theirs = pair.partition("=")
        if (
            not sign
            or not theirs
            or ours not in ("text", "doc_id", *METADATA_FIELDS)
            or ours in found
        ):
            raise UsageError(
                f"--field {pair}: not OURS=THEIRS, or twice",
                remedy=f"OURS is one of text, doc_id, {', '.join(METADATA_FIELDS)}",
            )
        found[ours] = theirs
    return found


def extract_metadata(
    record: Mapping[str, Any], fields: Mapping[str, str], location: str
) -> tuple[dict[str, str], set[str]]:
    """What a record says of its article, by our names, and the names of its fields that were not taken.

    Raises:
        InputError: a value is not text.
    """
    theirs = {ours: fields.get(ours, ours) for ours in ("text", "doc_id", *METADATA_FIELDS)}
    given = {}
    for ours, key in theirs.items():
        value = record.get(key)
        if ours == "doc_id" and isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if ours == "text" or value is None or value == "":
            continue
        if not isinstance(value, str):
            raise InputError(
                f"{key!r} is not text but {value!r}"[:200],
                where=location,
                remedy="make it a string, or null",
            )
        given[ours] = value
    return given, set(record) - set(theirs.values()) - _DERIVED_FIELDS


def read_metadata_table(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield (place, row) of a side table, CSV or JSON Lines; a row says ``doc_id`` or ``file``, and any of our fields.

    Raises:
        InputError: the file cannot be read as such, a column is unknown, or a row has no key.
    """
    rows = _read_json_rows if path.suffix.lower() == ".jsonl" else _read_csv_rows
    for place, row in rows(path):
        unknown = sorted(set(row) - {"doc_id", FILE_COLUMN, *METADATA_FIELDS})
        if unknown:
            raise InputError(
                f"no such field: {', '.join(unknown)}",
                where=place,
                remedy=f"name the columns doc_id or {FILE_COLUMN}, and {', '.join(METADATA_FIELDS)}",
            )
        if "doc_id" not in row and FILE_COLUMN not in row:
            raise InputError(
                f"neither doc_id nor {FILE_COLUMN}",
                where=place,
                remedy="say which article the row is about",
            )
        yield place, row


def _read_csv_rows(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    reader = None
    try:
        # A spreadsheet's byte order mark is not part of the first column's name.
        with convert_os_errors(path), path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, [])
            if len(set(header)) < len(header):
                raise InputError(
                    "two columns have one name", where=f"{path}:1", remedy="rename one"
                )
            for cells in reader:
                place = f"{path}:{reader.line_num}"
                if cells and len(cells) != len(header):
                    raise InputError(
                        f"{len(cells)} cells under {len(header)} columns",
                        where=place,
                        remedy="mend it",
                    )
                if cells:
                    yield (
                        place,
                        {name: cell for name, cell in zip(header, cells, strict=True) if cell},
                    )
    except (csv.Error, UnicodeDecodeError) as error:
        line = reader.line_num if reader else 1
        raise InputError(
            str(error), where=f"{path}:{line}", remedy="save it as CSV in UTF-8"
        ) from error


def _read_json_rows(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    with convert_os_errors(path), path.open("rb") as stream:
        for number, record in jsonl.read_objects(stream, str(path)):
            place = f"{path}:{number}"
            wrong = [key for key, value in record.items() if not isinstance(value, str | None)]
            if wrong:
                raise InputError(
                    f"{wrong[0]!r} is not text", where=place, remedy="make it a string, or null"
                )
            yield place, {key: value for key, value in record.items() if value}


def validate_metadata(metadata: dict[str, str], location: str) -> dict[str, str]:
    """``given`` itself, if its values can stand in a record.

    Raises:
        InputError: a doc_id, language or date that is none, or a value with a NUL or half a surrogate pair.
    """
    for name, value in metadata.items():
        if re.search("[\x00\ud800-\udfff]", value):
            raise InputError(
                f"{name} holds a NUL or half of a surrogate pair", where=location, remedy="mend it"
            )
    if "doc_id" in metadata:
        _check_doc_id(metadata["doc_id"], location)
    if "language" in metadata and not _LANGUAGE.fullmatch(metadata["language"]):
        raise InputError(
            f"{metadata['language']!r} is no language",
            where=location,
            remedy="give a BCP 47 tag, such as en",
        )
    if "published" in metadata and not is_date(metadata["published"]):
        raise InputError(
            f"{metadata['published']!r} is no ISO 8601 date",
            where=location,
            remedy="write it as 2026-11-22, time optional",
        )
    return metadata


def _check_doc_id(doc_id: str, location: str) -> None:
    try:
        msgspec.convert(doc_id, DocId)
    except msgspec.ValidationError as error:
        raise InputError(
            f"{doc_id!r} cannot be a doc_id (up to 200 of A-Z, a-z, 0-9, point, hyphen, underscore)",
            where=location,
            remedy="give one: --doc-id ID, a field of the record, or a row of --metadata with file and doc_id",
        ) from error


def is_date(value: str) -> bool:
    """Whether it is ISO 8601: a year, a month, a day or a moment.

    >>> [is_date(written) for written in ("2025-10", "2025-10-31T09:00Z", "2025-02-30", "31 October")]
    [True, True, False, False]
    """
    parts = _DATE.fullmatch(value)
    if not parts or (parts[4] and not parts[3]):
        return False
    year, month, day = parts[1], parts[2] or "-01", parts[3] or "-01"
    try:
        date.fromisoformat(f"{year}{month}{day}")
    except ValueError:
        return False
    return True
