"""Files that a user names for output: they never replace a source."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from sayso.errors import ConflictError, UsageError
from sayso.files import is_file, open_file
from sayso.settings import Checkout

HTML_START = b"<!doctype html>"
JSONL_START = b'{"'
_SOURCE_FOLDERS = ("corpus", "schema", "scripts", "tests", ".git")


def require_output(checkout: Checkout, path: Path, start: bytes = b"") -> Path:
    """Return the path itself, if a command may write its output there.

    Args:
        path: the file, or the folder of several files.
        start: the first bytes of every such output; an existing file must begin so, or be empty.

    Raises:
        UsageError: it is in a folder of sources.
        ConflictError: git follows the file there, or it is none that Sayso writes.
    """
    target, root = path.resolve(), checkout.root.resolve()
    for folder in (root / name for name in _SOURCE_FOLDERS):
        if folder == target or folder in target.parents:
            what = f"{folder.name}/ holds sources, and no output"
            raise UsageError(what, where=str(path), remedy="name another file or folder")
    if start and is_file(target):
        with open_file(target) as file:
            found = file.read(len(start))
        if found not in (b"", start) or _is_tracked(target):
            what = "something else is there, which is no output of this command"
            raise ConflictError(what, where=str(path), remedy="name another file, or remove it")
    return path


def _is_tracked(path: Path) -> bool:
    if not (git := shutil.which("git")):
        return False
    command = [git, "ls-files", "--error-unmatch", "--", path.name]
    return not subprocess.run(  # noqa: S603 - no shell
        command, cwd=path.parent, capture_output=True, check=False
    ).returncode
