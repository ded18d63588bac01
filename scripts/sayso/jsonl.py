"""JSON Lines: typed records read at the speed of bare parsing and written whole or not at all.

Our own files hold one record a line and are read by type. Files from elsewhere hold any object a line and are read
through ``jsonlines``. Either way an error names file and line.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import jsonlines
import msgspec

from sayso.errors import InputError
from sayso.files import convert_os_errors, replace_if_changed
from sayso.models import encode

RecordT = TypeVar("RecordT")


def read(path: Path, record: type[RecordT]) -> Iterator[RecordT]:
    """Yield the records of one of our own files, lazily.

    Raises:
        InputError: a line is not JSON, or not such a record; names file, line and field.
    """
    decode = msgspec.json.Decoder(record).decode
    with convert_os_errors(path), open(path, "rb", buffering=1 << 20) as file:  # noqa: PTH123 - the buffer is the point
        try:
            for line in file:
                yield decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            # Counting lines costs a tenth of reading them, so only a file with a fault is counted, once more.
            raise next(
                value
                for _, _, value in read_lines_or_errors(path, record)
                if isinstance(value, InputError)
            ) from error


def read_numbered(path: Path, record: type[RecordT]) -> Iterator[tuple[int, RecordT]]:
    """Yield (line number from 1, record); otherwise as ``read``."""
    for number, _line, value in read_lines(path, record):
        yield number, value


def read_lines(path: Path, record: type[RecordT]) -> Iterator[tuple[int, bytes, RecordT]]:
    """Yield (line number from 1, the line's bytes with their line end, record); otherwise as ``read``."""
    for number, line, value in read_lines_or_errors(path, record):
        if isinstance(value, InputError):
            raise value
        yield number, line, value


def read_lines_or_errors(
    path: Path, record: type[RecordT]
) -> Iterator[tuple[int, bytes, RecordT | InputError]]:
    """As ``read_lines``, but yields what is wrong with a line in the place of its record, and goes on."""
    decode = msgspec.json.Decoder(record).decode
    with convert_os_errors(path), open(path, "rb", buffering=1 << 20) as file:  # noqa: PTH123 - the buffer is the point
        for number, line in enumerate(file, 1):
            value: RecordT | InputError
            try:
                value = decode(line)
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                value = _line_error(path, number, error)
            yield number, line, value


def _line_error(path: Path, number: int, cause: Exception) -> InputError:
    what = (
        f"not UTF-8 at byte {cause.start}" if isinstance(cause, UnicodeDecodeError) else str(cause)
    )
    error = InputError(
        what, where=f"{path}:{number}", remedy="restore the line from git, or remove it"
    )
    error.__cause__ = cause
    return error


def write(path: Path, records: Iterable[Any]) -> bool:
    """Write records, one canonical line each, whole or not at all; say whether the file changed.

    Raises:
        DiskError: the disk refused; the file is as it was.
    """

    def fill(file: BinaryIO) -> None:
        with jsonlines.Writer(file, dumps=encode) as writer:
            for record in records:
                writer.write(record)

    return replace_if_changed(path, fill)


def read_objects(stream: Iterable[bytes], name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line number from 1, object) of the lines of a file from elsewhere; blank lines are passed over.

    Raises:
        InputError: a line is not UTF-8, not JSON, not an object, or has a key twice.
    """
    for number, line in enumerate(stream, 1):
        if not line.strip():
            continue
        yield number, _parse_object(line, f"{name}:{number}")


def _parse_object(line: bytes, place: str) -> dict[str, Any]:
    try:
        value = jsonlines.Reader([line], loads=_parse_strict_json).read()
    except jsonlines.InvalidLineError as error:
        what = str(error).removesuffix(f" (line {error.lineno})")
        raise InputError(what, where=place, remedy="mend the line") from error
    except RecursionError as error:
        raise InputError("nested without end", where=place, remedy="mend the line") from error
    if not isinstance(value, dict):
        raise InputError("not an object in braces", where=place, remedy="mend the line")
    return value


def _parse_strict_json(text: str | bytes) -> Any:
    return json.loads(
        text, object_pairs_hook=_reject_duplicate_keys, parse_constant=_reject_constant
    )


def _reject_duplicate_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _value in pairs]
        raise ValueError(f"key {next(key for key in keys if keys.count(key) > 1)!r} stands twice")
    return found


def _reject_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
