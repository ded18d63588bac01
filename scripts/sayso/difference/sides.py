"""The two sides of a comparison: a folder, or a revision of its repository. Both list their sources and hand out bytes.

What a side is made of stays in here. Another kind of side needs the four members of ``Side`` and nothing else.
"""

from __future__ import annotations

import filecmp
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, Protocol

from sayso.difference.repository import CHUNK, Blobs, blob_digest, commit_of, refusal, shallow
from sayso.errors import InputError, UsageError
from sayso.files import PARTIAL, explained
from sayso.settings import MARK
from sayso.store import records_of

Opener = Callable[[str], BinaryIO]
CORPUS, SCHEMA = "corpus", MARK.parent.as_posix()
WORKING_TREE = "working tree"
_PARTS = ("articles", "annotations", "gold")
_DERIVED = (f"{SCHEMA}/interface/", f"{SCHEMA}/records/")


def is_source(name: str) -> bool:
    """Whether people or decisions made a file, so that a version cannot do without it; all else is built from those.

    >>> is_source("schema/guidelines.md"), is_source("corpus/README.md")
    (True, False)
    """
    if name.endswith(PARTIAL):
        return False
    if name.startswith(f"{SCHEMA}/"):
        return not name.startswith(_DERIVED)
    return records_of(name) is not None or name.startswith(f"{CORPUS}/history/")


class Side(Protocol):
    """One side. ``kind`` is the hash of ``blob``, empty where the side has no opinion."""

    name: str
    kind: str

    def told(self) -> dict[str, str]:
        """What a reader needs to find it again."""

    def files(self) -> Mapping[str, object]:
        """The names of its sources, in order, below its root."""

    def blob(self, name: str, kind: str) -> str:
        """The hash of a source as git takes it."""

    def reading(self) -> AbstractContextManager[Opener]:
        """What opens sources by name while the block runs; the caller closes them."""


@dataclass
class Folder:
    """A checkout, or a folder of sources alone. ``under`` is empty where the root holds ``corpus/`` itself."""

    root: Path
    name: str
    under: str = ""
    kind: str = ""

    def told(self) -> dict[str, str]:
        """Its name."""
        return {"name": self.name}

    def path(self, name: str) -> Path:
        """Where a source lies."""
        return self.root / name.removeprefix(self.under)

    def files(self) -> Mapping[str, object]:
        """Its sources, as they lie there now."""
        tops = [part for part in _PARTS if (self.root / part).is_dir()] if self.under else [CORPUS, SCHEMA]
        with explained(self.root):
            found = (path for top in tops for path in (self.root / top).rglob("*") if path.is_file())
            names = (self.under + path.relative_to(self.root).as_posix() for path in found)
            return dict.fromkeys(sorted(filter(is_source, names)))

    def blob(self, name: str, kind: str) -> str:
        """The hash of a file as git takes it."""
        return blob_digest(self.path(name), kind)

    @contextmanager
    def reading(self) -> Iterator[Opener]:
        """What opens its files."""

        def opened(name: str) -> BinaryIO:
            with explained(self.path(name)):
                return open(self.path(name), "rb", buffering=CHUNK)  # noqa: PTH123 - the buffer is the point

        yield opened


@dataclass
class Revision:
    """A commit of the repository around ``folder``."""

    folder: Path
    name: str
    commit: str
    kind: str = field(init=False)

    def __post_init__(self) -> None:
        self.kind = self._blobs.kind

    @property
    def _blobs(self) -> Blobs:
        return Blobs(self.folder, self.commit)

    def told(self) -> dict[str, str]:
        """Its name, and the commit which that was."""
        return {"name": self.name, "commit": self.commit}

    def files(self) -> Mapping[str, object]:
        """Its sources."""
        return self._listed

    @cached_property
    def _listed(self) -> dict[str, str]:
        return {name: blob for name, blob in self._blobs.listed(CORPUS, SCHEMA).items() if is_source(name)}

    def blob(self, name: str, kind: str) -> str:
        """The hash by which git knows a file."""
        return self._listed[name]

    @contextmanager
    def reading(self) -> Iterator[Opener]:
        """What opens its files, through one git process."""
        with self._blobs.reading() as blobs:
            yield lambda name: blobs.open(name, self._listed[name])


def same(older: Side, newer: Side, name: str) -> bool:
    """Whether both hold the same bytes under a name, without unpacking what git has hashed."""
    if isinstance(older, Folder) and isinstance(newer, Folder):
        with explained(newer.path(name)):
            return filecmp.cmp(older.path(name), newer.path(name), shallow=False)
    kind = older.kind or newer.kind
    return bool(kind) and older.blob(name, kind) == newer.blob(name, kind)


def side(word: str, root: Path) -> Side:
    """The side that a word means: a revision of the repository around ``root``, a folder, or ``.``, the working tree.

    Raises:
        UsageError: it is neither, or it is both.
        InputError: the folder holds no sources, or git does not know the revision.
    """
    if word in ("", "."):
        return Folder(root, WORKING_TREE)
    folder = Path(word)
    commit = None if refusal(root) else commit_of(root, word)
    if folder.is_dir() and commit and not word.startswith((".", "/")):
        remedy = f"say ./{word} for the folder, or {commit[:12]} for the revision"
        raise UsageError(f"{word} is a folder and a revision", remedy=remedy)
    if folder.is_dir():
        return _folder(folder, word)
    if commit:
        return Revision(root, word, commit)
    raise _unknown(word, root)


def _folder(folder: Path, word: str) -> Folder:
    if (folder / CORPUS).is_dir() or (folder / MARK).is_file():
        return Folder(folder, word)
    if folder.resolve().name == CORPUS and (folder.resolve().parent / MARK).is_file():
        return Folder(folder.resolve().parent, word)
    if any((folder / part).is_dir() for part in _PARTS):
        return Folder(folder, word, under=f"{CORPUS}/")
    remedy = f"name a checkout, or a folder that holds {', '.join(_PARTS)}"
    if (folder / "data").is_dir():
        remedy = f"only built data lies there; {remedy}"
    raise InputError("no sources of a corpus here", where=word, remedy=remedy)


def _unknown(word: str, root: Path) -> InputError:
    if why := refusal(root):
        return InputError(
            f"no such folder, and no revision: {why}", where=word, remedy="check the path, or use a clone"
        )
    remedy = "see `git tag` and `git log`, or name a folder"
    if shallow(root):
        remedy = "this clone is shallow: run `git fetch --unshallow --tags`"
    return InputError("neither a revision of this repository nor a folder", where=word, remedy=remedy)
