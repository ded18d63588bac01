"""git, asked for names and bytes only: nothing here writes into a repository or touches a working tree."""

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
    """Why git has nothing to say of ``folder``, in its own words; empty where it has."""
    if shutil.which("git") is None:
        return "git is not on this machine"
    asked = _run_git(folder, "rev-parse", "--git-dir")
    return _error_line(asked) if asked.returncode else ""


def resolve_commit(folder: Path, revision: str) -> str | None:
    """The full name of the commit that a tag, branch or abbreviation means; None where there is none."""
    asked = _run_git(
        folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
    )
    return asked.stdout.decode().strip() if asked.returncode == 0 else None


def is_shallow(folder: Path) -> bool:
    """Whether older revisions were left out when the repository was cloned."""
    return _run_git(folder, "rev-parse", "--is-shallow-repository").stdout.strip() == b"true"


def blob_digest(path: Path, hash_name: str) -> str:
    """The name that git gives to a file's bytes; ``hash_name`` is the hash by which the repository names them."""
    with convert_os_errors(path), path.open("rb") as file:
        digest = hashlib.new(hash_name, b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


@dataclass(frozen=True)
class CommitFiles:
    """The files of one commit below some folders. ``hash_name`` is the hash by which the repository names bytes."""

    folder: Path
    commit: str

    @property
    def hash_name(self) -> str:
        """The hash's name, as Python knows it."""
        return "sha256" if len(self.commit) == 64 else "sha1"

    def list_blobs(self, *folders: str) -> dict[str, str]:
        """Name below ``folder`` → blob, in order of name.

        Raises:
            InputError: one is a symbolic link or a repository of its own.
        """
        words = ("ls-tree", "-r", "-z", self.commit, "--", *folders)
        found: dict[str, str] = {}
        for entry in _git_output(self.folder, *words).split(b"\0")[:-1]:
            about, _tab, raw = entry.partition(b"\t")
            mode, _type, blob = about.split()
            name = raw.decode("utf-8", "surrogateescape")
            if mode not in _REGULAR_MODES:
                raise InputError(
                    "not a regular file", where=f"{self.commit[:12]}:{name}", remedy="make it one"
                )
            found[name] = blob.decode()
        return dict(sorted(found.items()))

    @contextmanager
    def open_reader(self) -> Iterator[BlobReader]:
        """One git process that hands out bytes while the block runs."""
        # Above the threshold git streams, below it holds a whole file in memory.
        words = ["git", "-c", "core.bigFileThreshold=1m", "cat-file", "--batch"]
        process = subprocess.Popen(  # noqa: S603 - fixed words
            words,
            cwd=self.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        asking, answering = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
        try:
            yield BlobReader(asking, answering, self.commit)
        finally:
            process.kill()
            answering.close()
            with suppress(BrokenPipeError):
                asking.close()
            process.wait()


@dataclass(frozen=True)
class BlobReader:
    """The two pipes of ``git cat-file --batch``."""

    requests: IO[bytes]
    responses: IO[bytes]
    commit: str

    def open(self, name: str, blob: str) -> BinaryIO:
        """The bytes of a blob, as a nameless file on disk that goes when it is closed.

        git hands out one blob after the other, and documents are merged from all files at once.

        Raises:
            InputError: the repository does not have the bytes.
        """
        with ExitStack() as unless_whole:
            try:
                self.requests.write(f"{blob}\n".encode())
                self.requests.flush()
                size = _parse_size(self.responses.readline())
                file = unless_whole.enter_context(TemporaryFile(buffering=CHUNK))
                _copy(self.responses, size, file)
            except (BrokenPipeError, EOFError) as error:
                where, remedy = f"{self.commit[:12]}:{name}", "run `git fsck`, or clone it whole"
                raise InputError(
                    "git does not have its bytes", where=where, remedy=remedy
                ) from error
            unless_whole.pop_all()
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
    source.read(1)  # the line end behind each blob


def _run_git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        asked = ["git", *arguments]
        return subprocess.run(asked, cwd=folder, capture_output=True, check=False)  # noqa: S603 - no shell
    except FileNotFoundError as error:
        raise InputError(
            "git is not on this machine", remedy="install git, or compare folders"
        ) from error


def _git_output(folder: Path, *arguments: str) -> bytes:
    done = _run_git(folder, *arguments)
    if done.returncode:
        raise InputError(
            f"git {arguments[0]}: {_error_line(done)}", where=str(folder), remedy="run `git fsck`"
        )
    return done.stdout


def _error_line(process: subprocess.CompletedProcess[bytes]) -> str:
    told = process.stderr.decode("utf-8", "replace").strip().splitlines()
    return told[0].removeprefix("fatal: ") if told else "no reason given"
