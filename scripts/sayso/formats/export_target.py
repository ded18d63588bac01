"""Put an export in its place: beside it first, then in one step, and only if it differs."""

from __future__ import annotations

import filecmp
import os
import re
from collections.abc import Callable
from pathlib import Path

from sayso.errors import ConflictError
from sayso.files import (
    PARTIAL_SUFFIX,
    convert_os_errors,
    exists,
    is_file,
    is_folder,
    is_process_alive,
    list_files,
    list_names,
    make_folder,
    remove,
)

MARKER_FILE = ".sayso-export"  # in a folder that an export made, and that the next one may replace


def replace_target(target: Path, write: Callable[[Path], None], *, folder: bool) -> bool:
    """Let ``write`` make the file or folder, and put it at ``target``. Return True if it differs.

    A reader sees the old one or the new one. If ``write`` raises, nothing has changed.

    Raises:
        ConflictError: a folder is there that no export made, or a file in a folder's place.
        DiskError: the disk refused.
    """
    with convert_os_errors(target):
        refuse_foreign_target(target, folder=folder)
        make_folder(target.parent)
        _remove_leftovers(target)
        partial = target.with_name(f"{target.name}.{os.getpid()}{PARTIAL_SUFFIX}")
        try:
            if folder:
                make_folder(partial)
                note = "made by sayso export, which may replace this folder\n"
                (partial / MARKER_FILE).write_text(note)
            write(partial)
            changed = not _has_same_content(partial, target)
            if changed:
                _replace(partial, target)
        finally:
            remove(partial)
    return changed


def refuse_foreign_target(target: Path, *, folder: bool) -> None:
    """Raise if a target is there that no export made.

    Raises:
        ConflictError: it is so.
    """
    if folder and exists(target) and not is_folder(target):
        what = "a file is where the folder should be"
    elif not folder and is_folder(target):
        what = "a folder is where the file should be"
    elif folder and is_folder(target) and list_names(target) and not exists(target / MARKER_FILE):
        what = "a folder with other things in it"
    else:
        return
    raise ConflictError(what, where=str(target), remedy="name another --out")


def _remove_leftovers(target: Path) -> None:
    """Remove what a killed export left beside the target."""
    ours = re.compile(re.escape(target.name) + r"(?:\.old)?\.(\d+)" + re.escape(PARTIAL_SUFFIX))
    for name in list_names(target.parent):
        found = ours.fullmatch(name)
        if found and not is_process_alive(int(found[1])):
            remove(target.with_name(name))


def _has_same_content(one: Path, other: Path) -> bool:
    if is_file(one):
        return is_file(other) and filecmp.cmp(one, other, shallow=False)
    names = _relative_names(one)
    if not is_folder(other) or names != _relative_names(other):
        return False
    return filecmp.cmpfiles(one, other, names, shallow=False)[0] == names


def _relative_names(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in list_files(folder, "**/*")]


def _replace(partial: Path, target: Path) -> None:
    if is_folder(partial) and exists(target):
        # No call swaps two folders; a reader may see none between these two.
        old = partial.with_name(f"{target.name}.old.{os.getpid()}{PARTIAL_SUFFIX}")
        target.replace(old)
        partial.replace(target)
        remove(old)
    else:
        partial.replace(target)
