"""Metadata of an article: from its record, from a table of metadata, and from options."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import msgspec

from sayso import jsonl
from sayso.errors import InputError, UsageError
from sayso.files import convert_os_errors, open_file
from sayso.models import DocId

METADATA_FIELDS = ("title", "outlet", "url", "published", "language", "license", "source_name")
FILE_COLUMN = "file"  # the other key of the table: the name of the file that held the article
_DERIVED_FIELDS = {"text_sha256", "split", "ingested"}  # in records of a corpus; computed anew

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_DATE = re.compile(
    r"(\d{4})(-\d\d)?(-\d\d)?([T ]\d\d:\d\d(:\d\d([.,]\d+)?)?\s?(Z|[+-]\d\d:?\d\d)?)?"
)


def parse_field_mapping(
    pairs: Iterable[str], known: Sequence[str] = ("text", "doc_id", *METADATA_FIELDS)
) -> dict[str, str]:
    """Parse words like ``text=body``: our field, and the field of a record that holds it.

    Raises:
        UsageError: a pair is not OURS=THEIRS, or OURS is not among ``known``.

    >>> parse_field_mapping(["text=body", "doc_id=id"])
    {'text': 'body', 'doc_id': 'id'}
    """
    mapping: dict[str, str] = {}
    for pair in pairs:
        ours, _sign, theirs = pair.partition("=")
        if not theirs or ours not in known or ours in mapping:
            remedy = f"OURS is one of {', '.join(known)}"
            raise UsageError(f"--field {pair}: not OURS=THEIRS, or given twice", remedy=remedy)
        mapping[ours] = theirs
    return mapping


def extract_metadata(
    record: Mapping[str, Any], fields: Mapping[str, str], location: str
) -> tuple[dict[str, str], set[str]]:
    """Return the metadata in a record, and the names of its fields that were not used.

    Raises:
        InputError: a value is not text.
    """
    theirs = {ours: fields.get(ours, ours) for ours in ("text", "doc_id", *METADATA_FIELDS)}
    metadata = {}
    for ours, key in theirs.items():
        value = record.get(key)
        if ours == "doc_id" and isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if ours == "text" or value is None or value == "":
            continue
        if not isinstance(value, str):
            what = f"{key!r} is not text but {value!r}"[:200]
            raise InputError(what, where=location, remedy="make it a string, or null")
        metadata[ours] = value
    return metadata, set(record) - set(theirs.values()) - _DERIVED_FIELDS


def read_metadata_table(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield (location, row) of a table, CSV or JSON Lines. A row has ``doc_id`` or ``file``, and
    any of our fields.

    Raises:
        InputError: the file cannot be read as such, a column is unknown, or a row has no key.
    """
    rows = _read_json_rows if path.suffix.lower() == ".jsonl" else _read_csv_rows
    keys = ("doc_id", FILE_COLUMN)
    for location, row in rows(path):
        if unknown := sorted(set(row) - {*keys, *METADATA_FIELDS}):
            what = f"no such field: {', '.join(unknown)}"
            remedy = f"name the columns doc_id or {FILE_COLUMN}, and {', '.join(METADATA_FIELDS)}"
            raise InputError(what, where=location, remedy=remedy)
        if not any(key in row for key in keys):
            what = f"neither doc_id nor {FILE_COLUMN}"
            raise InputError(what, where=location, remedy="add the key of the article")
        yield location, row


def _read_csv_rows(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    line = 1
    try:
        # utf-8-sig: the byte order mark of a spreadsheet is not part of the first column's name.
        with (
            convert_os_errors(path),
            TextIOWrapper(open_file(path), encoding="utf-8-sig", newline="") as file,
        ):
            reader = csv.reader(file, strict=True)
            header = next(reader, [])
            if len(set(header)) < len(header):
                what = "two columns have one name"
                raise InputError(what, where=f"{path}:1", remedy="rename one")
            for cells in reader:
                line = reader.line_num
                if cells and len(cells) != len(header):
                    what = f"{len(cells)} cells under {len(header)} columns"
                    raise InputError(what, where=f"{path}:{line}", remedy="correct the row")
                if cells:
                    row = zip(header, cells, strict=True)
                    yield f"{path}:{line}", {name: cell for name, cell in row if cell}
    except (csv.Error, UnicodeDecodeError) as error:
        remedy = "save it as CSV in UTF-8"
        raise InputError(str(error), where=f"{path}:{line}", remedy=remedy) from error


def _read_json_rows(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    with convert_os_errors(path), open_file(path) as stream:
        for number, record in jsonl.read_objects(stream, str(path)):
            location = f"{path}:{number}"
            for key, value in record.items():
                if not isinstance(value, str | None):
                    what, remedy = f"{key!r} is not text", "make it a string, or null"
                    raise InputError(what, where=location, remedy=remedy)
            yield location, {key: value for key, value in record.items() if value}


def validate_metadata(metadata: dict[str, str], location: str) -> dict[str, str]:
    """Return ``metadata`` itself, if its values are valid in a record.

    Raises:
        InputError: a doc_id, language or date is invalid, or a value has a NUL or half a surrogate
            pair.
    """
    for name, value in metadata.items():
        if re.search("[\x00\ud800-\udfff]", value):
            what = f"{name} contains a NUL or half of a surrogate pair"
            raise InputError(what, where=location, remedy="remove it")
    if "doc_id" in metadata:
        _check_doc_id(metadata["doc_id"], location)
    language, published = metadata.get("language"), metadata.get("published")
    if language is not None and not _LANGUAGE.fullmatch(language):
        remedy = "give a BCP 47 tag, such as en"
        raise InputError(f"{language!r} is no language", where=location, remedy=remedy)
    if published is not None and not is_date(published):
        remedy = "write it as 2026-11-22, time optional"
        raise InputError(f"{published!r} is no ISO 8601 date", where=location, remedy=remedy)
    return metadata


def _check_doc_id(doc_id: str, location: str) -> None:
    try:
        msgspec.convert(doc_id, DocId)
    except msgspec.ValidationError as error:
        characters = "up to 200 of A-Z, a-z, 0-9, point, hyphen, underscore"
        raise InputError(
            f"{doc_id!r} cannot be a doc_id ({characters})",
            where=location,
            remedy="give one: --doc-id ID, a field of the record,"
            " or a row of --metadata with file and doc_id",
        ) from error


def is_date(value: str) -> bool:
    """Return whether a value is an ISO 8601 year, month, day or time.

    >>> values = ("2025-10", "2025-10-31T09:00Z", "2025-02-30", "31 October")
    >>> [is_date(value) for value in values]
    [True, True, False, False]
    """
    parts = _DATE.fullmatch(value)
    if not parts or (parts[4] and not parts[3]):
        return False
    try:
        date.fromisoformat(f"{parts[1]}{parts[2] or '-01'}{parts[3] or '-01'}")
    except ValueError:
        return False
    return True
