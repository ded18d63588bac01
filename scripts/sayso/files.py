"""Files that are whole or absent, and one writer at a time.

Listing and testing go through here too: what `pathlib` offers takes a folder that cannot be read
for an empty one (``glob``) or for none (``exists`` since Python 3.14).
"""

from __future__ import annotations

import contextlib
import errno
import filecmp
import hashlib
import os
import re
import shutil
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from fnmatch import translate
from io import BufferedReader, BytesIO, FileIO, TextIOWrapper
from pathlib import Path, PurePosixPath
from typing import BinaryIO, TextIO

from sayso.errors import ConflictError, DiskError, InputError, SaysoError

# Flags that not every platform has. Windows alone has a text mode, which would change line ends.
_NONBLOCK, _NOFOLLOW = (getattr(os, name, 0) for name in ("O_NONBLOCK", "O_NOFOLLOW"))
_PLAIN: int = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
PARTIAL_SUFFIX = ".partial"
PRIVATE_FOLDER = ".sayso"
_IGNORE_ALL = b"*\n"
BUFFER_BYTES = 1 << 20
MAXIMUM_BYTES = 1 << 28  # of a file or a line that is held in memory
ContentWriter = Callable[[BinaryIO], None]
_REMEDIES = {
    errno.ENOSPC: "free some space and run the command again",
    errno.EDQUOT: "free some of the quota and run the command again",
    errno.EACCES: "make it readable and writable for this user",
    errno.EROFS: "the file system is read-only",
    errno.ENOENT: "check the path",
    errno.EFBIG: "raise the limit on the size of files (ulimit -f) and run the command again",
}
_SQLITE_DISK_FAULTS = {10, 13, 14}  # SQLITE_IOERR, SQLITE_FULL, SQLITE_CANTOPEN


@contextlib.contextmanager
def convert_os_errors(path: Path) -> Iterator[None]:
    """Turn every `OSError` of the block into a `DiskError` of one line that names `path`.

    SQLite has errors of its own where the disk refuses.
    """
    try:
        yield
    except SaysoError:
        raise  # some of them are OSErrors by inheritance
    except OSError as error:
        remedy = _REMEDIES.get(error.errno or 0, "")
        raise DiskError(error.strerror or str(error), where=str(path), remedy=remedy) from error
    except Exception as error:  # importing sqlite3 would cost every command its time
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _SQLITE_DISK_FAULTS:
            raise
        remedy = _REMEDIES[errno.ENOSPC]
        raise DiskError(str(error), where=str(path), remedy=remedy) from error


def _find_mode(path: Path) -> int:
    """Return the type and permissions of a file or of the one that a link leads to; 0 if none."""
    with convert_os_errors(path):
        try:
            return path.stat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            return 0


def exists(path: Path) -> bool:
    """Return whether there is anything at the path, or at the end of a link.

    Raises:
        DiskError: a folder on the way cannot be entered, so nobody knows.
    """
    return bool(_find_mode(path))


def is_folder(path: Path) -> bool:
    """Return whether a folder is there; otherwise like `exists`."""
    return stat.S_ISDIR(_find_mode(path))


def is_file(path: Path) -> bool:
    """Return whether a file is there; otherwise like `exists`.

    Raises:
        InputError: a device or a pipe is there, from which a read would never end.
    """
    mode = _find_mode(path)
    if mode and not stat.S_ISDIR(mode):
        _require_regular(path, mode)
    return stat.S_ISREG(mode)


def _require_regular(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        what = "a folder" if stat.S_ISDIR(mode) else "a device, pipe, socket or a link to nothing"
        raise InputError(f"{what}, not a file", where=str(path), remedy="put a file there")


def open_file(path: Path, buffering: int = BUFFER_BYTES) -> BufferedReader:
    """Open a file for reading.

    Raises:
        DiskError: it is not there, or cannot be read.
        InputError: it is no regular file; one like ``/dev/zero`` has no end.
    """
    with convert_os_errors(path):
        # O_NONBLOCK: a pipe that nobody writes to must not hold us up before we have seen it.
        descriptor = os.open(path, os.O_RDONLY | _NONBLOCK | _PLAIN)
        try:
            _require_regular(path, os.fstat(descriptor).st_mode)
            return BufferedReader(FileIO(descriptor, "rb"), buffering)
        except BaseException:
            os.close(descriptor)
            raise


def read_file(path: Path) -> bytes:
    """Return the content of a file; otherwise like `open_file`.

    Raises:
        InputError: it is too large to be held in memory.
    """
    with convert_os_errors(path), open_file(path) as file:
        content = file.read(MAXIMUM_BYTES + 1)
    if len(content) > MAXIMUM_BYTES:
        what = f"more than {MAXIMUM_BYTES:,} bytes"
        raise InputError(what, where=str(path), remedy="split it, or put the right file there")
    return content


def read_text(path: Path, errors: str = "strict") -> str:
    """Return the content of a file as text with ``\\n`` as its line ends; like `read_file`.

    Raises:
        InputError: it is not UTF-8.
    """
    try:
        return TextIOWrapper(BytesIO(read_file(path)), encoding="utf-8", errors=errors).read()
    except UnicodeDecodeError as error:
        what = f"not UTF-8 at byte {error.start}"
        raise InputError(what, where=str(path), remedy="save it as UTF-8") from error


def list_files(folder: Path, pattern: str = "*") -> list[Path]:
    """Return the files below a folder, in order of their paths; none where there is no folder.

    Args:
        pattern: names relative to the folder, such as ``data/*/*.parquet``; ``**`` stands for any
            number of folders, without those whose names begin with a dot.

    Raises:
        DiskError: a folder on the way cannot be read. It never counts as empty.
        InputError: a device, a pipe or a link to nothing has such a name.
    """
    return sorted(_iterate_files(folder, PurePosixPath(pattern).parts))


def list_folders(folder: Path) -> list[Path]:
    """Return the folders in a folder, in order of name; none where there is no folder.

    Raises:
        DiskError: the folder cannot be read.
    """
    with convert_os_errors(folder):
        return sorted(Path(entry.path) for entry in _scan(folder) if entry.is_dir())


def list_names(folder: Path) -> list[str]:
    """Return the names of everything in a folder, in order; none where there is no folder.

    Raises:
        DiskError: the folder cannot be read.
    """
    with convert_os_errors(folder):
        return sorted(entry.name for entry in _scan(folder))


def _scan(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError:
        return []


def _iterate_files(folder: Path, parts: tuple[str, ...]) -> Iterator[Path]:
    name, *others = parts
    rest = tuple(others)
    if name == "**":
        yield from _iterate_files(folder, rest)
    matches = re.compile(translate("*" if name == "**" else name)).match
    with convert_os_errors(folder):
        for entry in _scan(folder):
            if not matches(entry.name):
                continue
            path = Path(entry.path)
            if name == "**":
                if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                    yield from _iterate_files(path, parts)
            elif entry.is_dir():
                if rest:
                    yield from _iterate_files(path, rest)
            elif not rest:
                if not entry.is_file():
                    _require_regular(path, _find_mode(path))
                yield path


def make_folder(folder: Path, mode: int = 0o777) -> None:
    """Make a folder and those above it that are missing.

    Every ``.sayso/`` on the way becomes one that only its owner can enter and that git ignores, as
    it holds tokens and addresses.

    Args:
        mode: permissions of the folder if it is new.

    Raises:
        DiskError: the disk refused.
        InputError: ``.sayso`` is a link.
    """
    for each in (*reversed(folder.parents), folder):
        if each.name == PRIVATE_FOLDER:
            _make_private_folder(each)
    with convert_os_errors(folder):
        folder.mkdir(parents=True, exist_ok=True, mode=mode)


def _make_private_folder(folder: Path) -> None:
    ignore = folder / ".gitignore"
    with convert_os_errors(folder):
        if folder.is_symlink():
            raise _link_error(folder)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if folder.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            folder.chmod(0o700)
        if ignore.is_symlink() or not exists(ignore) or read_file(ignore) != _IGNORE_ALL:
            with create_file(ignore) as file:
                file.write(_IGNORE_ALL)


def create_file(path: Path, mode: int = 0o644) -> BinaryIO:
    """Open a new file for writing in place of what is there; a link there is not followed."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _PLAIN  # O_EXCL refuses links, too
    with convert_os_errors(path):
        try:
            descriptor = os.open(path, flags, mode)
        except FileExistsError:
            path.unlink()
            descriptor = os.open(path, flags, mode)
        return os.fdopen(descriptor, "wb", buffering=BUFFER_BYTES)


def remove(path: Path) -> None:
    """Remove a file, a link but not what it leads to, or a folder with everything in it."""
    with convert_os_errors(path):
        if is_folder(path) and not path.is_symlink():
            shutil.rmtree(path)
        elif path.is_symlink() or exists(path):
            path.unlink(missing_ok=True)


def refuse_links(folder: Path) -> None:
    """Refuse links below a folder through which a command would write or delete somewhere else.

    A clone may bring them. Links to files are fine outside ``.sayso/``, since files are never
    written in place there. Inside, a link may only lead from folder to folder side by side, as to
    the present model.

    Raises:
        InputError: there is such a link.
        DiskError: a folder cannot be read.
    """
    if folder.is_symlink():
        raise _link_error(folder)
    with convert_os_errors(folder):
        for entry in _scan(folder):
            path = Path(entry.path)
            if not entry.is_symlink():
                if entry.is_dir():
                    refuse_links(path)
            elif PRIVATE_FOLDER in path.parts:
                if not entry.is_dir() or str(path.readlink()) != path.readlink().name:
                    raise _link_error(path)
            elif not entry.is_file():
                raise _link_error(path)


def _link_error(path: Path) -> InputError:
    what = "a link, through which files elsewhere would be changed"
    return InputError(what, where=str(path), remedy="remove the link, or copy what it leads to")


@contextlib.contextmanager
def _open_partial_file(path: Path, mode: int) -> Iterator[tuple[BinaryIO, Path]]:
    partial = path.with_name(f"{path.name}.{os.getpid()}{PARTIAL_SUFFIX}")
    with convert_os_errors(path):
        make_folder(path.parent)
        _remove_abandoned_partial_files(path)
        try:
            with create_file(partial, mode) as file:
                yield file, partial
        finally:
            partial.unlink(missing_ok=True)


def _remove_abandoned_partial_files(path: Path) -> None:
    """Remove partial files whose writer, named in the file name, no longer runs."""
    ours = re.compile(re.escape(path.name) + r"\.([0-9]{1,9})" + re.escape(PARTIAL_SUFFIX))
    for name in list_names(path.parent):
        found = ours.fullmatch(name)
        if found and not is_process_alive(int(found[1])):
            path.with_name(name).unlink(missing_ok=True)


def is_process_alive(process: int) -> bool:
    """Return whether a process of that number runs, no matter whose it is; on Windows, always."""
    if os.name == "nt":
        return True  # there the call below would not ask but interrupt it
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
    """Open a file beside `path` that replaces it when the block ends without an exception.

    Readers see the old file or the new one, never a part of it.

    Raises:
        DiskError: the disk is full, or the folder cannot be written.
    """
    with _open_partial_file(path, mode) as (file, partial):
        yield file
        _flush_to_disk(file)
        file.close()  # Windows cannot move an open file
        partial.replace(path)


def replace_if_changed(path: Path, write_content: ContentWriter, *, mode: int = 0o644) -> bool:
    """Write a file and let it replace `path` if the bytes differ; return whether they do.

    Raises:
        DiskError: as `open_replacement`.
    """
    with _open_partial_file(path, mode) as (file, partial):
        write_content(file)
        _flush_to_disk(file)
        file.close()
        changed = not is_file(path) or not filecmp.cmp(partial, path, shallow=False)
        if changed:
            partial.replace(path)
    return changed


def replace_together(replacements: Iterable[tuple[Path, ContentWriter]]) -> None:
    """Write all files beside their places, then replace one after the other.

    Nothing has changed if anything raises before the first is replaced. A process that is killed
    later can leave some files new and some old, each of them whole.

    Raises:
        DiskError: as `open_replacement`.
    """
    with contextlib.ExitStack() as stack:
        written: list[tuple[Path, Path]] = []
        for path, write_content in replacements:
            file, partial = stack.enter_context(_open_partial_file(path, 0o644))
            write_content(file)
            _flush_to_disk(file)
            file.close()
            written.append((partial, path))
        for partial, path in written:
            with convert_os_errors(path):
                partial.replace(path)


def write_if_changed(path: Path, content: bytes, *, mode: int = 0o644) -> bool:
    """Write `content` unless the file holds it already; return whether it was written."""
    return replace_if_changed(path, lambda file: file.writelines([content]), mode=mode)


def write_secret(path: Path, content: str) -> None:
    """Write a file that only its owner can read, in a folder that only its owner can enter."""
    make_folder(path.parent, mode=0o700)
    with open_replacement(path, mode=0o600) as file:
        file.write(content.encode())


@contextlib.contextmanager
def hold_lock(path: Path, command: str) -> Iterator[None]:
    """Hold the lock at `path` during the block. The lock dies with the process.

    Args:
        command: this process's command, which the error of another process names.

    Raises:
        ConflictError: another process holds the lock.
        InputError: a link is in its place, which may lead to any file of the user.
    """
    with contextlib.ExitStack() as stack:
        make_folder(path.parent)
        file = stack.enter_context(_open_lock(path))
        if not _try_lock(file):
            file.seek(1)
            holder = file.read().strip() or "another command"
            raise ConflictError(
                f"{holder} is at work here",
                where=str(path),
                remedy="wait for it to end and run this again",
            )
        file.seek(0)
        file.truncate()
        file.write(f" {command} (process {os.getpid()})")  # Windows locks the first byte
        file.flush()
        yield
        file.seek(0)
        file.truncate()


def _open_lock(path: Path) -> TextIO:
    with convert_os_errors(path):
        try:
            if not _NOFOLLOW and path.is_symlink():
                raise _link_error(path)
            flags = os.O_RDWR | os.O_CREAT | _NOFOLLOW | _NONBLOCK | _PLAIN
            descriptor = os.open(path, flags, 0o600)
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise _link_error(path) from error
            raise
        try:
            _require_regular(path, os.fstat(descriptor).st_mode)
        except InputError:
            os.close(descriptor)
            raise
        return os.fdopen(descriptor, "r+", encoding="utf-8")


def _try_lock(file: TextIO) -> bool:
    from filelock import lock_descriptor  # takes longer to import than all of this module

    # A child on its way to exec outlives its killed parent, and with it the lock, by some moments.
    for pause in (0.05, 0.1, 0.2, 0.4, 0.8, 0.0):
        if lock_descriptor(file.fileno(), blocking=False):
            return True
        time.sleep(pause)
    return False


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with convert_os_errors(path), open_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
