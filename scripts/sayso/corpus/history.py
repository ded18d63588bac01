"""Lines that give way to others are first remembered, as they stood and each once; nothing reads them as answers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from sayso.files import ContentWriter, convert_os_errors


def prepare_history(path: Path, lines: Iterable[bytes]) -> tuple[Path, ContentWriter]:
    """The file at ``place`` as it is to be: what it holds already, then those of ``lines`` that it does not hold.

    It is for ``files.replace_together``; memory grows with the number of lines, not with their length.

    Raises:
        DiskError: when filled, the disk refused.
    """

    def fill(file: BinaryIO) -> None:
        held: set[bytes] = set()
        for line in _read_history_lines(path):
            held.add(_line_digest(line))
            file.write(line)
        for line in map(_terminate_line, lines):
            if (digest := _line_digest(line)) not in held:
                held.add(digest)
                file.write(line)

    return path, fill


def _read_history_lines(place: Path) -> Iterator[bytes]:
    if place.exists():
        with convert_os_errors(place), open(place, "rb", buffering=1 << 20) as file:  # noqa: PTH123 - the buffer is the point
            yield from map(_terminate_line, file)


def _terminate_line(line: bytes) -> bytes:
    return line if line.endswith(b"\n") else line + b"\n"


def _line_digest(line: bytes) -> bytes:
    return hashlib.blake2b(line, digest_size=16).digest()
