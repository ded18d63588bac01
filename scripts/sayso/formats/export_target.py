"""Put an export in its place: beside it first, then in one step, and only if it differs."""

from __future__ import annotations

import filecmp
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from sayso.errors import ConflictError
from sayso.files import PARTIAL_SUFFIX, convert_os_errors, is_process_alive

MARKER_FILE = ".sayso-export"  # in a folder that an export made, and that the next one may replace


def replace_target(target: Path, write: Callable[[Path], None], *, folder: bool) -> bool:
    """Let ``write`` make the file or folder, and put it at ``target``. Return True if it differs.

    A reader sees the old one or the new one. If ``write`` raises, nothing has changed.

    Raises:
        ConflictError: a folder is there that no export made, or a file in a folder's place.
        DiskError: the disk refused.
    """
    with convert_os_errors(target):
        _refuse_foreign_target(target, folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(target)
        partial = target.with_name(f"{target.name}.{os.getpid()}{PARTIAL_SUFFIX}")
        try:
            if folder:
                partial.mkdir()
                note = "made by sayso export, which may replace this folder\n"
                (partial / MARKER_FILE).write_text(note)
            write(partial)
            changed = not _has_same_content(partial, target)
            if changed:
                _replace(partial, target)
        finally:
            _remove(partial)
    return changed


def _refuse_foreign_target(target: Path, folder: bool) -> None:
    if folder and target.exists() and not target.is_dir():
        what = "a file is where the folder should be"
    elif not folder and target.is_dir():
        what = "a folder is where the file should be"
    elif (
        folder and target.is_dir() and any(target.iterdir()) and not (target / MARKER_FILE).exists()
    ):
        what = "a folder with other things in it"
    else:
        return
    raise ConflictError(what, where=str(target), remedy="name another --out")


def _remove_leftovers(target: Path) -> None:
    """Remove what a killed export left beside the target."""
    ours = re.compile(re.escape(target.name) + r"(?:\.old)?\.(\d+)" + re.escape(PARTIAL_SUFFIX))
    for path in list(target.parent.iterdir()):
        found = ours.fullmatch(path.name)
        if found and not is_process_alive(int(found[1])):
            _remove(path)


def _has_same_content(one: Path, other: Path) -> bool:
    if one.is_file():
        return other.is_file() and filecmp.cmp(one, other, shallow=False)
    names = _relative_names(one)
    if not other.is_dir() or names != _relative_names(other):
        return False
    return filecmp.cmpfiles(one, other, names, shallow=False)[0] == names


def _relative_names(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )


def _replace(partial: Path, target: Path) -> None:
    if partial.is_dir() and target.exists():
        # No call swaps two folders; a reader may see none between these two.
        old = partial.with_name(f"{target.name}.old.{os.getpid()}{PARTIAL_SUFFIX}")
        target.replace(old)
        partial.replace(target)
        _remove(old)
    else:
        partial.replace(target)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
