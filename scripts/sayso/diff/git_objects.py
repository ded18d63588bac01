"""Read names and bytes from git, without writing to the repository or the working tree."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, BinaryIO, cast

from sayso.errors import InputError
from sayso.files import convert_os_errors, open_file

CHUNK = 1 << 20
_REGULAR_MODES = (b"100644", b"100755")


def explain_missing_repository(folder: Path) -> str:
    """Return the reason why git cannot read ``folder``; empty where it can."""
    if shutil.which("git") is None:
        return "git is not on this machine"
    process = _run_git(folder, "rev-parse", "--git-dir")
    return _error_line(process) if process.returncode else ""


def resolve_commit(folder: Path, revision: str) -> str | None:
    """Return the full name of the commit that a tag, branch or abbreviation names; None where there
    is none.
    """
    arguments = ("--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    process = _run_git(folder, "rev-parse", *arguments)
    return process.stdout.decode().strip() if process.returncode == 0 else None


def find_merge_base(folder: Path, one: str, other: str) -> str | None:
    """Return where two commits, by full name, parted; None without a common history."""
    process = _run_git(folder, "merge-base", one, other)
    return process.stdout.decode().split()[0] if process.returncode == 0 else None


def is_shallow(folder: Path) -> bool:
    """Return whether older commits were left out when the repository was cloned."""
    return _run_git(folder, "rev-parse", "--is-shallow-repository").stdout.strip() == b"true"


def blob_digest(path: Path, hash_name: str) -> str:
    """Return the name that git gives to a file's bytes, with the repository's hash."""
    with convert_os_errors(path), open_file(path) as file:
        head = b"blob %d\0" % path.stat().st_size
        digest = hashlib.new(hash_name, head, usedforsecurity=False)
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def list_blobs(folder: Path, commit: str, *below: str) -> dict[str, str]:
    """Return the blob of each file of a commit below some folders, in order of name.

    Raises:
        InputError: a file is a symbolic link or a submodule.
    """
    output = _git_output(folder, "ls-tree", "-r", "-z", commit, "--", *below)
    blobs: dict[str, str] = {}
    for entry in output.split(b"\0")[:-1]:
        about, _tab, raw_name = entry.partition(b"\t")
        mode, _type, blob = about.split()
        name = raw_name.decode("utf-8", "surrogateescape")
        if mode not in _REGULAR_MODES:
            where = f"{commit[:12]}:{name}"
            raise InputError("not a regular file", where=where, remedy="replace it by a file")
        blobs[name] = blob.decode()
    return dict(sorted(blobs.items()))


def open_blob(folder: Path, blob: str, where: str) -> BinaryIO:
    """Return the content of a blob as an unnamed temporary file; ``where`` names it in an error.

    Raises:
        InputError: the repository does not have the blob.
    """
    file = TemporaryFile(buffering=CHUNK)  # noqa: SIM115 - the caller closes it
    # git streams blobs above the threshold, and holds smaller ones in memory as a whole.
    arguments = ("-c", "core.bigFileThreshold=1m", "cat-file", "blob", blob)
    if _run_git(folder, *arguments, stdout=file).returncode:
        file.close()
        remedy = "run `git fsck`, or clone the repository in full"
        raise InputError("git does not have its content", where=where, remedy=remedy)
    file.seek(0)
    return cast("BinaryIO", file)


def _run_git(
    folder: Path, *arguments: str, stdout: int | IO[bytes] = subprocess.PIPE
) -> subprocess.CompletedProcess[bytes]:
    command = ["git", *arguments]
    try:
        return subprocess.run(  # noqa: S603 - no shell
            command, cwd=folder, stdout=stdout, stderr=subprocess.PIPE, check=False
        )
    except FileNotFoundError as error:
        remedy = "install git, or compare folders"
        raise InputError("git is not on this machine", remedy=remedy) from error


def _git_output(folder: Path, *arguments: str) -> bytes:
    process = _run_git(folder, *arguments)
    if process.returncode:
        what = f"git {arguments[0]}: {_error_line(process)}"
        raise InputError(what, where=str(folder), remedy="run `git fsck`")
    return process.stdout


def _error_line(process: subprocess.CompletedProcess[bytes]) -> str:
    lines = process.stderr.decode("utf-8", "replace").strip().splitlines()
    return lines[0].removeprefix("fatal: ") if lines else "no reason given"
