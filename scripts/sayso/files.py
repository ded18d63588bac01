"""Files that are whole or absent, and one writer at a time."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import filecmp
import glob
import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, TextIO

from sayso.errors import ConflictError, DiskError, SaysoError

PARTIAL_SUFFIX = ".partial"
ContentWriter = Callable[[BinaryIO], None]


@contextlib.contextmanager
def convert_os_errors(path: Path) -> Iterator[None]:
    """Turn what the operating system refuses at ``path`` into one line.

    Raises:
        DiskError: whatever ``OSError`` was raised inside.
    """
    try:
        yield
    except SaysoError:
        raise  # some are OSErrors by kind
    except OSError as error:
        remedy = {
            errno.ENOSPC: "free some space and run the command again",
            errno.EDQUOT: "free some of the quota and run the command again",
            errno.EACCES: "make it readable and writable for this user",
            errno.EROFS: "the file system is read-only",
            errno.ENOENT: "check the path",
        }.get(error.errno or 0, "")
        raise DiskError(error.strerror or str(error), where=str(path), remedy=remedy) from error


@contextlib.contextmanager
def _open_partial_file(path: Path, mode: int) -> Iterator[tuple[BinaryIO, Path]]:
    partial = path.with_name(f"{path.name}.{os.getpid()}{PARTIAL_SUFFIX}")
    with convert_os_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned_partial_files(path)
        try:
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
            with open(descriptor, "wb", buffering=1 << 20) as file:  # noqa: PTH123
                yield file, partial
        finally:
            partial.unlink(missing_ok=True)


def _remove_abandoned_partial_files(path: Path) -> None:
    # What a killed writer left beside the file; a living one's is let alone.
    for left in path.parent.glob(f"{glob.escape(path.name)}.*{PARTIAL_SUFFIX}"):
        process = left.name.removeprefix(f"{path.name}.").removesuffix(PARTIAL_SUFFIX)
        if process.isdecimal() and not is_process_alive(int(process)):
            left.unlink(missing_ok=True)


def is_process_alive(process: int) -> bool:
    """Whether a process of that number runs, anybody's."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # somebody else's, and alive
    return True


def _flush_to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


@contextlib.contextmanager
def open_replacement(path: Path, *, mode: int = 0o644) -> Iterator[BinaryIO]:
    """Open a file beside ``path`` and put it in its place when the block ends well.

    A reader sees the old file or the new one, never a part. When the block raises, nothing has changed.

    Raises:
        DiskError: the disk is full, or the folder cannot be written.
    """
    with _open_partial_file(path, mode) as (file, partial):
        yield file
        _flush_to_disk(file)
        partial.replace(path)


def replace_if_changed(path: Path, write_content: ContentWriter, *, mode: int = 0o644) -> bool:
    """Let ``fill`` write beside ``path``, then put it in place unless the bytes are the same; say whether they differ.

    Raises:
        DiskError: as ``open_replacement``.
    """
    with _open_partial_file(path, mode) as (file, partial):
        write_content(file)
        _flush_to_disk(file)
        changed = not path.is_file() or not filecmp.cmp(partial, path, shallow=False)
        if changed:
            partial.replace(path)
    return changed


def replace_together(replacements: Iterable[tuple[Path, ContentWriter]]) -> None:
    """Let each write beside its file, and only when all have done so put them in place, one after the other.

    When anything raises before the first is put in place, nothing has changed. A killed process can leave some new
    and some old, each of them whole.

    Raises:
        DiskError: as ``open_replacement``.
    """
    written: list[tuple[Path, Path]] = []
    try:
        for path, fill in replacements:
            with convert_os_errors(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                _remove_abandoned_partial_files(path)
                partial = path.with_name(f"{path.name}.{os.getpid()}{PARTIAL_SUFFIX}")
                written.append((partial, path))
                with open(partial, "wb", buffering=1 << 20) as file:  # noqa: PTH123 - the buffer is the point
                    fill(file)
                    _flush_to_disk(file)
        for partial, path in written:
            with convert_os_errors(path):
                partial.replace(path)
    finally:
        for partial, _path in written:
            partial.unlink(missing_ok=True)


def write_if_changed(path: Path, content: bytes, *, mode: int = 0o644) -> bool:
    """Write ``content`` unless the file holds it already; say whether it was written."""
    return replace_if_changed(path, lambda file: _write_bytes(file, content), mode=mode)


def _write_bytes(file: BinaryIO, content: bytes) -> None:
    file.write(content)


def write_secret(path: Path, content: str) -> None:
    """Write a file that only its owner can read, in a folder that only its owner can enter."""
    with convert_os_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open_replacement(path, mode=0o600) as file:
        file.write(content.encode())


@contextlib.contextmanager
def hold_lock(path: Path, command: str) -> Iterator[None]:
    """Hold the lock at ``path`` while the block runs; the lock dies with the process.

    Raises:
        ConflictError: another process holds it; the message says which and what it is doing.
    """
    with convert_os_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = open(path, "a+", encoding="utf-8")  # noqa: PTH123, SIM115 - closed below, with the lock
    with file:
        if not _try_lock(file):
            file.seek(0)
            holder = file.read().strip() or "another command"
            raise ConflictError(
                f"{holder} is at work here",
                where=str(path),
                remedy="wait for it to end and run this again",
            )
        file.seek(0)
        file.truncate()
        file.write(f"{command} (process {os.getpid()})")
        file.flush()
        yield
        file.seek(0)
        file.truncate()


def _try_lock(file: TextIO) -> bool:
    """Take the lock, within moments: a child on its way to exec outlives its killed parent by some of them."""
    for pause in (0.05, 0.1, 0.2, 0.4, 0.8, 0.0):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(pause)
        else:
            return True
    return False
