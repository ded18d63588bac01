"""JSON Lines: typed records, read at the speed of bare parsing, and files written as a whole.

Our own files hold one record a line and are read by type. Files from elsewhere hold any object a
line and are read through ``jsonlines``. Either way an error names file and line.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import msgspec

from sayso.errors import InputError
from sayso.files import MAXIMUM_BYTES, convert_os_errors, open_file, replace_if_changed
from sayso.models import DECODE_ERRORS, encode

RecordT = TypeVar("RecordT")
_NESTED = "nested without end"


class LongLineError(InputError):
    """A line is too long to be held in memory."""


def iterate_lines(stream: BinaryIO, name: str, limit: int = MAXIMUM_BYTES) -> Iterator[bytes]:
    """Yield the lines of a stream with their line ends.

    Raises:
        LongLineError: a line has more bytes than ``limit``; no more of it was read.
    """
    for number, line in enumerate(iter(partial(stream.readline, limit + 1), b""), 1):
        if len(line) > limit:
            what, remedy = f"a line of more than {limit:,} bytes", "split it, or remove it"
            raise LongLineError(what, where=f"{name}:{number}", remedy=remedy)
        yield line


def read(path: Path, record: type[RecordT]) -> Iterator[RecordT]:
    """Yield the records of one of our own files, lazily.

    Raises:
        InputError: a line is not JSON, or not such a record; names file, line and field.
    """
    decode = msgspec.json.Decoder(record).decode
    with convert_os_errors(path), open_file(path) as file:
        try:
            # A line that is cut here is no JSON, and `read_lines` says so; this is a third faster.
            for line in iter(partial(file.readline, MAXIMUM_BYTES + 1), b""):
                yield decode(line)
        except DECODE_ERRORS:
            # Counting lines costs a tenth of reading them, so only a file with an error is counted.
            for _number, _line, _value in read_lines(path, record):
                pass
            raise


def read_numbered(path: Path, record: type[RecordT]) -> Iterator[tuple[int, RecordT]]:
    """Yield (line number from 1, record); otherwise like `read`."""
    for number, _line, value in read_lines(path, record):
        yield number, value


def read_lines(path: Path, record: type[RecordT]) -> Iterator[tuple[int, bytes, RecordT]]:
    """Yield (line number from 1, the line with its line end, record); otherwise like `read`."""
    for number, line, value in read_lines_or_errors(path, record):
        if isinstance(value, InputError):
            raise value
        yield number, line, value


def read_lines_or_errors(
    path: Path, record: type[RecordT]
) -> Iterator[tuple[int, bytes, RecordT | InputError]]:
    """Yield like `read_lines`, with the error of a broken line in place of its record."""
    decode = msgspec.json.Decoder(record).decode
    with convert_os_errors(path), open_file(path) as file:
        for number, line in enumerate(iterate_lines(file, str(path)), 1):
            value: RecordT | InputError
            try:
                value = decode(line)
            except DECODE_ERRORS as error:
                value = _line_error(path, number, error)
            yield number, line, value


def _line_error(path: Path, number: int, cause: Exception) -> InputError:
    what = str(cause)
    if isinstance(cause, UnicodeDecodeError):
        what = f"not UTF-8 at byte {cause.start}"
    elif isinstance(cause, RecursionError):
        what = _NESTED
    remedy = "restore the line from git, or remove it"
    error = InputError(what, where=f"{path}:{number}", remedy=remedy)
    error.__cause__ = cause
    return error


def write(path: Path, records: Iterable[Any]) -> bool:
    """Write records, one canonical line each, whole or not at all; return whether the file changed.

    Raises:
        DiskError: the disk refused; the file is as it was.
    """

    import jsonlines  # half of what opening a corpus would cost, and not needed for that

    def write_lines(file: BinaryIO) -> None:
        with jsonlines.Writer(file, dumps=encode) as writer:
            writer.write_all(records)

    return replace_if_changed(path, write_lines)


def read_objects(
    stream: BinaryIO, name: str, limit: int = MAXIMUM_BYTES
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line number from 1, object) for a file from elsewhere, without blank lines.

    Raises:
        InputError: a line is not UTF-8, not JSON, not an object, or has a key twice.
        LongLineError: a line has more bytes than ``limit``.
    """
    for number, line in enumerate(iterate_lines(stream, name, limit), 1):
        if line.strip():
            yield number, _parse_object(line, f"{name}:{number}")


def _parse_object(line: bytes, where: str) -> dict[str, Any]:
    import jsonlines

    what = "not an object in braces"
    try:
        value = jsonlines.Reader([line], loads=_parse_strict_json).read()
    except jsonlines.InvalidLineError as error:
        what = str(error).removesuffix(f" (line {error.lineno})").partition("; use sys.")[0]
    except RecursionError:
        what = _NESTED
    else:
        if isinstance(value, dict):
            return value
    raise InputError(what, where=where, remedy="correct the line")


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
