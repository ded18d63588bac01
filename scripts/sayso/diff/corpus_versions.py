"""Versions of the corpus to compare: a folder, or a revision of the repository around it."""

from __future__ import annotations

import filecmp
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from sayso.corpus.sources import find_record_type
from sayso.diff.git_objects import (
    CHUNK,
    blob_digest,
    explain_missing_repository,
    find_merge_base,
    is_shallow,
    list_blobs,
    open_blob,
    resolve_commit,
)
from sayso.errors import InputError, UsageError
from sayso.files import PARTIAL_SUFFIX, convert_os_errors, is_file, is_folder, list_files, open_file
from sayso.settings import SCHEMA_FILE

CORPUS_FOLDER, SCHEMA_FOLDER = "corpus", SCHEMA_FILE.parent.as_posix()
WORKING_TREE = "working tree"
_UNSHALLOW = "this clone is shallow: run `git fetch --unshallow --tags`"
_SOURCE_FOLDERS = ("articles", "annotations", "gold")
_DERIVED_FOLDERS = (f"{SCHEMA_FOLDER}/interface/", f"{SCHEMA_FOLDER}/records/")


def is_source(name: str) -> bool:
    """Return whether a file is a source of the corpus, from which all others are built.

    >>> is_source("schema/guidelines.md"), is_source("corpus/README.md")
    (True, False)
    """
    if name.endswith(PARTIAL_SUFFIX):
        return False
    if name.startswith(f"{SCHEMA_FOLDER}/"):
        return not name.startswith(_DERIVED_FOLDERS)
    return find_record_type(name) is not None or name.startswith(f"{CORPUS_FOLDER}/history/")


@dataclass
class FolderVersion:
    """A checkout, or a folder that holds only the sources below ``prefix``, such as ``corpus/``."""

    root: Path
    name: str
    prefix: str = ""

    def describe(self) -> dict[str, str]:
        """Return what a reader needs to find the version again."""
        return {"name": self.name}

    def path(self, name: str) -> Path:
        """Return the path of a source."""
        return self.root / name.removeprefix(self.prefix)

    def list_sources(self) -> list[str]:
        """Return the names of the sources as they are now, in order."""
        folders = _SOURCE_FOLDERS if self.prefix else (CORPUS_FOLDER, SCHEMA_FOLDER)
        paths = [path for each in folders for path in list_files(self.root / each, "**/*")]
        names = (self.prefix + path.relative_to(self.root).as_posix() for path in paths)
        return sorted(filter(is_source, names))

    def open_source(self, name: str) -> BinaryIO:
        """Open a source."""
        with convert_os_errors(self.path(name)):
            return open_file(self.path(name), CHUNK)


@dataclass
class GitVersion:
    """A commit of the repository around ``folder``."""

    folder: Path
    name: str
    commit: str

    def describe(self) -> dict[str, str]:
        """Return its name and the full name of the commit."""
        return {"name": self.name, "commit": self.commit}

    def list_sources(self) -> list[str]:
        """Return the names of the sources, in order."""
        return list(self.blobs)

    @cached_property
    def blobs(self) -> dict[str, str]:
        """The hash under which git stores each source."""
        blobs = list_blobs(self.folder, self.commit, CORPUS_FOLDER, SCHEMA_FOLDER)
        return {name: blob for name, blob in blobs.items() if is_source(name)}

    def open_source(self, name: str) -> BinaryIO:
        """Open a source."""
        return open_blob(self.folder, self.blobs[name], f"{self.commit[:12]}:{name}")


CorpusVersion = FolderVersion | GitVersion


def is_unchanged(older: CorpusVersion, newer: CorpusVersion, name: str) -> bool:
    """Return whether both versions hold the same bytes under a name, by git's hash if possible."""
    if isinstance(older, FolderVersion) and isinstance(newer, FolderVersion):
        with convert_os_errors(newer.path(name)):
            return filecmp.cmp(older.path(name), newer.path(name), shallow=False)
    commits = [each.commit for each in (older, newer) if isinstance(each, GitVersion)]
    hash_name = "sha256" if len(commits[0]) == 64 else "sha1"
    return _git_digest(older, name, hash_name) == _git_digest(newer, name, hash_name)


def _git_digest(version: CorpusVersion, name: str, hash_name: str) -> str:
    if isinstance(version, GitVersion):
        return version.blobs[name]
    return blob_digest(version.path(name), hash_name)


def resolve_range(name: str, root: Path) -> tuple[str, str]:
    """Return the two versions that one word names, as git does.

    ``A...B`` is the commit where B left A, and B; ``A..B`` is A and B, and an empty end is HEAD.
    Any other word is a version to compare with the working tree.

    Raises:
        InputError: an end of ``A...B`` is no revision, or the two have no common history.
    """
    older, dots, newer = name.partition("...")
    if not dots:
        older, dots, newer = name.partition("..")
    if not dots or is_folder(Path(name)) or "/" in (older[:1], newer[:1]):
        return name, "."
    ends = older or "HEAD", newer or "HEAD"
    if dots == "..":
        return ends
    commits = [_require_commit(end, root) for end in ends]
    base = find_merge_base(root, *commits)
    if base is None:
        remedy = "name two revisions of one history, or write A B"
        if is_shallow(root):
            remedy = _UNSHALLOW
        raise InputError("the two have no common history", where=name, remedy=remedy)
    return base, ends[1]


def _require_commit(name: str, root: Path) -> str:
    problem = explain_missing_repository(root)
    commit = None if problem else resolve_commit(root, name)
    if commit:
        return commit
    remedy = _UNSHALLOW if not problem and is_shallow(root) else "see `git tag` and `git log`"
    raise InputError(problem or "no revision of this repository", where=name, remedy=remedy)


def open_version(name: str, root: Path) -> CorpusVersion:
    """Find a version by name: a revision of the repository around ``root``, a folder, or ``.``, the
    working tree.

    Raises:
        UsageError: the name is both a folder and a revision.
        InputError: it is neither, or the folder holds no sources.
    """
    if name in ("", "."):
        return FolderVersion(root, WORKING_TREE)
    folder = Path(name)
    problem = explain_missing_repository(root)
    commit = None if problem else resolve_commit(root, name)
    if is_folder(folder) and commit and not name.startswith((".", "/")):
        remedy = f"write ./{name} for the folder, or {commit[:12]} for the revision"
        raise UsageError(f"{name} is a folder and a revision", remedy=remedy)
    if is_folder(folder):
        return _open_folder(folder, name)
    if commit:
        return GitVersion(root, name, commit)
    if problem:
        what = f"no such folder, and no revision: {problem}"
        raise InputError(what, where=name, remedy="check the path, or use a clone")
    what = "neither a revision of this repository nor a folder"
    remedy = "see `git tag` and `git log`, or name a folder"
    if is_shallow(root):
        remedy = _UNSHALLOW
    raise InputError(what, where=name, remedy=remedy)


def _open_folder(folder: Path, name: str) -> FolderVersion:
    if is_folder(folder / CORPUS_FOLDER) or is_file(folder / SCHEMA_FILE):
        return FolderVersion(folder, name)
    parent = folder.resolve().parent
    if folder.resolve().name == CORPUS_FOLDER and is_file(parent / SCHEMA_FILE):
        return FolderVersion(parent, name)
    if any(is_folder(folder / part) for part in _SOURCE_FOLDERS):
        return FolderVersion(folder, name, prefix=f"{CORPUS_FOLDER}/")
    remedy = f"name a checkout, or a folder that holds {', '.join(_SOURCE_FOLDERS)}"
    if is_folder(folder / "data"):
        remedy = f"only built data is there; {remedy}"
    raise InputError("no sources of a corpus here", where=name, remedy=remedy)
