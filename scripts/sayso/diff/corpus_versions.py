"""The two sides of a comparison: a folder, or a revision of its repository. Both list their sources and hand out bytes.

What a side is made of stays in here. Another kind of side needs the four members of ``CorpusVersion`` and nothing else.
"""

from __future__ import annotations

import filecmp
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, Protocol

from sayso.corpus.sources import find_record_type
from sayso.diff.git_objects import (
    CHUNK,
    CommitFiles,
    blob_digest,
    explain_missing_repository,
    is_shallow,
    resolve_commit,
)
from sayso.errors import InputError, UsageError
from sayso.files import PARTIAL_SUFFIX, convert_os_errors
from sayso.settings import SCHEMA_FILE

OpenFile = Callable[[str], BinaryIO]
CORPUS_FOLDER, SCHEMA_FOLDER = "corpus", SCHEMA_FILE.parent.as_posix()
WORKING_TREE = "working tree"
_SOURCE_FOLDERS = ("articles", "annotations", "gold")
_DERIVED_FOLDERS = (f"{SCHEMA_FOLDER}/interface/", f"{SCHEMA_FOLDER}/records/")


def is_source(name: str) -> bool:
    """Whether people or decisions made a file, so that a version cannot do without it; all else is built from those.

    >>> is_source("schema/guidelines.md"), is_source("corpus/README.md")
    (True, False)
    """
    if name.endswith(PARTIAL_SUFFIX):
        return False
    if name.startswith(f"{SCHEMA_FOLDER}/"):
        return not name.startswith(_DERIVED_FOLDERS)
    return find_record_type(name) is not None or name.startswith(f"{CORPUS_FOLDER}/history/")


class CorpusVersion(Protocol):
    """One side. ``hash_name`` is the hash of ``blob_hash``, empty where the side has no opinion."""

    name: str
    hash_name: str

    def describe(self) -> dict[str, str]:
        """What a reader needs to find it again."""

    def list_sources(self) -> Mapping[str, object]:
        """The names of its sources, in order, below its root."""

    def blob_hash(self, name: str, hash_name: str) -> str:
        """The hash of a source as git takes it."""

    def open_sources(self) -> AbstractContextManager[OpenFile]:
        """What opens sources by name while the block runs; the caller closes them."""


@dataclass
class FolderVersion:
    """A checkout, or a folder of sources alone. ``prefix`` is empty where the root holds ``corpus/`` itself."""

    root: Path
    name: str
    prefix: str = ""
    hash_name: str = ""

    def describe(self) -> dict[str, str]:
        """Its name."""
        return {"name": self.name}

    def path(self, name: str) -> Path:
        """Where a source lies."""
        return self.root / name.removeprefix(self.prefix)

    def list_sources(self) -> Mapping[str, object]:
        """Its sources, as they lie there now."""
        tops = (
            [part for part in _SOURCE_FOLDERS if (self.root / part).is_dir()]
            if self.prefix
            else [CORPUS_FOLDER, SCHEMA_FOLDER]
        )
        with convert_os_errors(self.root):
            found = (
                path for top in tops for path in (self.root / top).rglob("*") if path.is_file()
            )
            names = (self.prefix + path.relative_to(self.root).as_posix() for path in found)
            return dict.fromkeys(sorted(filter(is_source, names)))

    def blob_hash(self, name: str, hash_name: str) -> str:
        """The hash of a file as git takes it."""
        return blob_digest(self.path(name), hash_name)

    @contextmanager
    def open_sources(self) -> Iterator[OpenFile]:
        """What opens its files."""

        def opened(name: str) -> BinaryIO:
            with convert_os_errors(self.path(name)):
                return open(self.path(name), "rb", buffering=CHUNK)  # noqa: PTH123 - the buffer is the point

        yield opened


@dataclass
class GitVersion:
    """A commit of the repository around ``folder``."""

    folder: Path
    name: str
    commit: str
    hash_name: str = field(init=False)

    def __post_init__(self) -> None:
        self.hash_name = self._commit_files.hash_name

    @property
    def _commit_files(self) -> CommitFiles:
        return CommitFiles(self.folder, self.commit)

    def describe(self) -> dict[str, str]:
        """Its name, and the commit which that was."""
        return {"name": self.name, "commit": self.commit}

    def list_sources(self) -> Mapping[str, object]:
        """Its sources."""
        return self._blobs

    @cached_property
    def _blobs(self) -> dict[str, str]:
        return {
            name: blob
            for name, blob in self._commit_files.list_blobs(CORPUS_FOLDER, SCHEMA_FOLDER).items()
            if is_source(name)
        }

    def blob_hash(self, name: str, hash_name: str) -> str:
        """The hash by which git knows a file."""
        return self._blobs[name]

    @contextmanager
    def open_sources(self) -> Iterator[OpenFile]:
        """What opens its files, through one git process."""
        with self._commit_files.open_reader() as blobs:
            yield lambda name: blobs.open(name, self._blobs[name])


def is_unchanged(older: CorpusVersion, newer: CorpusVersion, name: str) -> bool:
    """Whether both hold the same bytes under a name, without unpacking what git has hashed."""
    if isinstance(older, FolderVersion) and isinstance(newer, FolderVersion):
        with convert_os_errors(newer.path(name)):
            return filecmp.cmp(older.path(name), newer.path(name), shallow=False)
    kind = older.hash_name or newer.hash_name
    return bool(kind) and older.blob_hash(name, kind) == newer.blob_hash(name, kind)


def open_version(name: str, root: Path) -> CorpusVersion:
    """The side that a word means: a revision of the repository around ``root``, a folder, or ``.``, the working tree.

    Raises:
        UsageError: it is neither, or it is both.
        InputError: the folder holds no sources, or git does not know the revision.
    """
    if name in ("", "."):
        return FolderVersion(root, WORKING_TREE)
    folder = Path(name)
    commit = None if explain_missing_repository(root) else resolve_commit(root, name)
    if folder.is_dir() and commit and not name.startswith((".", "/")):
        remedy = f"say ./{name} for the folder, or {commit[:12]} for the revision"
        raise UsageError(f"{name} is a folder and a revision", remedy=remedy)
    if folder.is_dir():
        return _open_folder(folder, name)
    if commit:
        return GitVersion(root, name, commit)
    raise _unknown_version_error(name, root)


def _open_folder(folder: Path, name: str) -> FolderVersion:
    if (folder / CORPUS_FOLDER).is_dir() or (folder / SCHEMA_FILE).is_file():
        return FolderVersion(folder, name)
    if folder.resolve().name == CORPUS_FOLDER and (folder.resolve().parent / SCHEMA_FILE).is_file():
        return FolderVersion(folder.resolve().parent, name)
    if any((folder / part).is_dir() for part in _SOURCE_FOLDERS):
        return FolderVersion(folder, name, prefix=f"{CORPUS_FOLDER}/")
    remedy = f"name a checkout, or a folder that holds {', '.join(_SOURCE_FOLDERS)}"
    if (folder / "data").is_dir():
        remedy = f"only built data lies there; {remedy}"
    raise InputError("no sources of a corpus here", where=name, remedy=remedy)


def _unknown_version_error(name: str, root: Path) -> InputError:
    if why := explain_missing_repository(root):
        return InputError(
            f"no such folder, and no revision: {why}",
            where=name,
            remedy="check the path, or use a clone",
        )
    remedy = "see `git tag` and `git log`, or name a folder"
    if is_shallow(root):
        remedy = "this clone is shallow: run `git fetch --unshallow --tags`"
    return InputError(
        "neither a revision of this repository nor a folder", where=name, remedy=remedy
    )
