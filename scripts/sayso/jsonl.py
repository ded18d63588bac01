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
from sayso.files import explained, replace_if_changed
from sayso.records import encode

T = TypeVar("T")


def read(path: Path, record: type[T]) -> Iterator[T]:
    """Yield the records of one of our own files, lazily.

    Raises:
        InputError: a line is not JSON, or not such a record; names file, line and field.
    """
    decode = msgspec.json.Decoder(record).decode
    with explained(path), open(path, "rb", buffering=1 << 20) as file:  # noqa: PTH123 - the buffer is the point
        try:
            for line in file:
                yield decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            # Counting lines costs a tenth of reading them, so only a file with a fault is counted, once more.
            raise next(value for _, _, value in tried(path, record) if isinstance(value, InputError)) from error


def numbered(path: Path, record: type[T]) -> Iterator[tuple[int, T]]:
    """Yield (line number from 1, record); otherwise as ``read``."""
    for number, _line, value in lines(path, record):
        yield number, value


def lines(path: Path, record: type[T]) -> Iterator[tuple[int, bytes, T]]:
    """Yield (line number from 1, the line's bytes with their line end, record); otherwise as ``read``."""
    for number, line, value in tried(path, record):
        if isinstance(value, InputError):
            raise value
        yield number, line, value


def tried(path: Path, record: type[T]) -> Iterator[tuple[int, bytes, T | InputError]]:
    """As ``lines``, but yields what is wrong with a line in the place of its record, and goes on."""
    decode = msgspec.json.Decoder(record).decode
    with explained(path), open(path, "rb", buffering=1 << 20) as file:  # noqa: PTH123 - the buffer is the point
        for number, line in enumerate(file, 1):
            value: T | InputError
            try:
                value = decode(line)
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                value = _unreadable(path, number, error)
            yield number, line, value


def _unreadable(path: Path, number: int, cause: Exception) -> InputError:
    what = f"not UTF-8 at byte {cause.start}" if isinstance(cause, UnicodeDecodeError) else str(cause)
    error = InputError(what, where=f"{path}:{number}", remedy="restore the line from git, or remove it")
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


def objects(stream: Iterable[bytes], name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line number from 1, object) of the lines of a file from elsewhere; blank lines are passed over.

    Raises:
        InputError: a line is not UTF-8, not JSON, not an object, or has a key twice.
    """
    for number, line in enumerate(stream, 1):
        if not line.strip():
            continue
        yield number, _object(line, f"{name}:{number}")


def _object(line: bytes, place: str) -> dict[str, Any]:
    try:
        value = jsonlines.Reader([line], loads=_strict).read()
    except jsonlines.InvalidLineError as error:
        what = str(error).removesuffix(f" (line {error.lineno})")
        raise InputError(what, where=place, remedy="mend the line") from error
    except RecursionError as error:
        raise InputError("nested without end", where=place, remedy="mend the line") from error
    if not isinstance(value, dict):
        raise InputError("not an object in braces", where=place, remedy="mend the line")
    return value


def _strict(text: str | bytes) -> Any:
    return json.loads(text, object_pairs_hook=_once, parse_constant=_refuse)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _value in pairs]
        raise ValueError(f"key {next(key for key in keys if keys.count(key) > 1)!r} stands twice")
    return found


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
