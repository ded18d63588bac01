"""Superseded lines of the sources, verbatim and each once. Nothing reads them as annotations."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from sayso.files import BUFFER_BYTES, ContentWriter, convert_os_errors


def prepare_history(path: Path, lines: Iterable[bytes]) -> tuple[Path, ContentWriter]:
    """Return a history file with new lines appended, for `files.replace_together`.

    Memory grows with the number of lines, not with their length.
    """

    def write_lines(file: BinaryIO) -> None:
        digests: set[bytes] = set()
        with convert_os_errors(path), _open_if_present(path) as old:
            for line in chain(old, lines):
                whole = line.removesuffix(b"\n") + b"\n"
                digest = hashlib.blake2b(whole, digest_size=16).digest()
                if digest not in digests:
                    digests.add(digest)
                    file.write(whole)

    return path, write_lines


def _open_if_present(path: Path) -> BinaryIO:
    return path.open("rb", buffering=BUFFER_BYTES) if path.exists() else BytesIO()
