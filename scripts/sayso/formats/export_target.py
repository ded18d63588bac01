"""Where an export is put: beside first, then in its place, and only if it differs."""

from __future__ import annotations

import filecmp
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from sayso.errors import ConflictError
from sayso.files import PARTIAL_SUFFIX, convert_os_errors, is_process_alive

MARKER_FILE = ".sayso-export"
"""Stands in a folder that an export made, and that the next one may replace."""


def replace_target(target: Path, write: Callable[[Path], None], *, folder: bool) -> bool:
    """Let ``write`` make the file or folder beside ``target``, put it in place, and say whether it differs.

    A reader sees the old one or the new one. When ``write`` raises, nothing has changed.

    Raises:
        ConflictError: a folder stands there that no export made, or a file in a folder's place.
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
                (partial / MARKER_FILE).write_text(
                    "made by sayso export, which may replace this folder\n"
                )
            write(partial)
            changed = not _has_same_content(partial, target)
            if changed:
                _replace(partial, target)
        finally:
            _remove(partial)
    return changed


def _refuse_foreign_target(target: Path, folder: bool) -> None:
    if folder and target.exists() and not target.is_dir():
        raise ConflictError(
            "a file stands where the folder should", where=str(target), remedy="name another --out"
        )
    if not folder and target.is_dir():
        raise ConflictError(
            "a folder stands where the file should", where=str(target), remedy="name another --out"
        )
    if folder and target.is_dir() and any(target.iterdir()) and not (target / MARKER_FILE).exists():
        raise ConflictError(
            "a folder with other things in it",
            where=str(target),
            remedy="name a new one with --out",
        )


def _remove_leftovers(target: Path) -> None:
    """What a killed export left beside the target; a living one's is let alone."""
    ours = re.compile(re.escape(target.name) + r"(?:\.old)?\.(\d+)" + re.escape(PARTIAL_SUFFIX))
    for left in list(target.parent.iterdir()):
        found = ours.fullmatch(left.name)
        if found and not is_process_alive(int(found[1])):
            _remove(left)


def _has_same_content(one: Path, other: Path) -> bool:
    if one.is_file():
        return other.is_file() and filecmp.cmp(one, other, shallow=False)
    names = _relative_names(one)
    return (
        other.is_dir()
        and names == _relative_names(other)
        and all(filecmp.cmp(one / name, other / name, shallow=False) for name in names)
    )


def _relative_names(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )


def _replace(partial: Path, target: Path) -> None:
    if partial.is_dir() and target.exists():
        # No call swaps two folders; between these two a reader sees none, and the next run puts one there.
        aside = partial.with_name(f"{target.name}.old.{os.getpid()}{PARTIAL_SUFFIX}")
        target.replace(aside)
        partial.replace(target)
        _remove(aside)
    else:
        partial.replace(target)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
