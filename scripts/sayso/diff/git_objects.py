"""Read names and bytes from git, without writing to the repository or the working tree."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, BinaryIO, cast

from sayso.errors import InputError
from sayso.files import convert_os_errors

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


def is_shallow(folder: Path) -> bool:
    """Return whether older commits were left out when the repository was cloned."""
    return _run_git(folder, "rev-parse", "--is-shallow-repository").stdout.strip() == b"true"


def blob_digest(path: Path, hash_name: str) -> str:
    """Return the name that git gives to a file's bytes, with the repository's hash."""
    with convert_os_errors(path), path.open("rb") as file:
        head = b"blob %d\0" % path.stat().st_size
        digest = hashlib.new(hash_name, head, usedforsecurity=False)
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


@dataclass(frozen=True)
class CommitFiles:
    """The files of one commit below ``folder``."""

    folder: Path
    commit: str

    @property
    def hash_name(self) -> str:
        """The repository's hash, as Python names it."""
        return "sha256" if len(self.commit) == 64 else "sha1"

    def list_blobs(self, *folders: str) -> dict[str, str]:
        """Return the blob of each file below some folders, in order of name.

        Raises:
            InputError: a file is a symbolic link or a submodule.
        """
        output = _git_output(self.folder, "ls-tree", "-r", "-z", self.commit, "--", *folders)
        blobs: dict[str, str] = {}
        for entry in output.split(b"\0")[:-1]:
            about, _tab, raw_name = entry.partition(b"\t")
            mode, _type, blob = about.split()
            name = raw_name.decode("utf-8", "surrogateescape")
            if mode not in _REGULAR_MODES:
                where = f"{self.commit[:12]}:{name}"
                raise InputError("not a regular file", where=where, remedy="replace it by a file")
            blobs[name] = blob.decode()
        return dict(sorted(blobs.items()))

    @contextmanager
    def open_reader(self) -> Iterator[BlobReader]:
        """Start one git process that returns the content of blobs while the block runs."""
        # git streams blobs above the threshold, and holds smaller ones in memory as a whole.
        command = ["git", "-c", "core.bigFileThreshold=1m", "cat-file", "--batch"]
        process = subprocess.Popen(  # noqa: S603 - fixed words
            command,
            cwd=self.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        requests, responses = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
        try:
            yield BlobReader(requests, responses, self.commit)
        finally:
            process.kill()
            responses.close()
            with suppress(BrokenPipeError):
                requests.close()
            process.wait()


@dataclass(frozen=True)
class BlobReader:
    """The two pipes of ``git cat-file --batch``."""

    requests: IO[bytes]
    responses: IO[bytes]
    commit: str

    def open(self, name: str, blob: str) -> BinaryIO:
        """Copy a blob into an unnamed temporary file and return it.

        git returns one blob after the other, while documents are merged from all files at once.

        Raises:
            InputError: the repository does not have the blob.
        """
        with ExitStack() as until_complete:
            try:
                self.requests.write(f"{blob}\n".encode())
                self.requests.flush()
                size = _parse_size(self.responses.readline())
                file = until_complete.enter_context(TemporaryFile(buffering=CHUNK))
                _copy(self.responses, size, file)
            except (BrokenPipeError, EOFError) as error:
                what, where = "git does not have its content", f"{self.commit[:12]}:{name}"
                remedy = "run `git fsck`, or clone the repository in full"
                raise InputError(what, where=where, remedy=remedy) from error
            until_complete.pop_all()
        file.seek(0)
        return cast("BinaryIO", file)


def _parse_size(head: bytes) -> int:
    words = head.split()
    if len(words) != 3 or words[1] != b"blob":
        raise EOFError
    return int(words[2])


def _copy(source: IO[bytes], size: int, target: IO[bytes]) -> None:
    while size:
        chunk = source.read(min(size, CHUNK))
        if not chunk:
            raise EOFError
        target.write(chunk)
        size -= len(chunk)
    source.read(1)  # git ends each blob with a line feed


def _run_git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        command = ["git", *arguments]
        return subprocess.run(command, cwd=folder, capture_output=True, check=False)  # noqa: S603
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
