"""``corpus/manifest.json``: what a version of the data consists of, so that a copy can be held against it.

A file is named with its size and SHA-256. Those of a Parquet file depend on the release of pyarrow that wrote it, which
the manifest names; beside them stands the digest of its rows, which does not.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
from msgspec import Struct

from sayso import schema as schemas
from sayso.dataset.build import data_version
from sayso.dataset.sources import file_digest
from sayso.errors import InputError
from sayso.files import explained
from sayso.release.content import content_sha256
from sayso.settings import MARK, Instance
from sayso.store import Corpus

NAME = "manifest.json"
RELEASED = ("README.md", "LICENSE.md", "CHANGELOG.md", "CITATION.cff", "agreement.json", "croissant.json", "plots/*",
            "data/*/*.parquet")  # fmt: skip
"""What a release consists of beside its manifest, as patterns under ``corpus/``. The sources are not among them."""


class File(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One file. ``rows`` and ``content_sha256`` are of a Parquet file."""

    path: str
    size: int
    sha256: str
    rows: int | None = None
    content_sha256: str | None = None


class Manifest(Struct, frozen=True, forbid_unknown_fields=True):
    """All files of one version, in order of path.

    Attributes:
        written_by: releases of the tool and of what decides the bytes of its files.
    """

    data_version: str
    schema_version: str
    schema_sha256: str
    written_by: dict[str, str]
    files: tuple[File, ...]


def manifest(instance: Instance) -> Manifest:
    """The manifest of what lies under ``corpus/`` now.

    Raises:
        DiskError: a file cannot be read.
    """
    schema, corpus = schemas.load(instance.root / MARK), Corpus(instance.root)
    return Manifest(
        data_version=data_version(instance),
        schema_version=schema.version,
        schema_sha256=schemas.digest(schema),
        written_by={name: version(name) for name in ("pyarrow", "sayso")},
        files=tuple(_file(path, corpus.folder) for path in released(corpus.folder)),
    )


def released(folder: Path) -> list[Path]:
    """The files of a release, in order of their paths."""
    found = {path for pattern in RELEASED for path in folder.glob(pattern) if path.is_file()}
    return sorted(found, key=lambda path: path.relative_to(folder).as_posix())


def _file(path: Path, folder: Path) -> File:
    name, digest = path.relative_to(folder).as_posix(), file_digest(path)
    with explained(path):
        if path.suffix != ".parquet":
            return File(name, path.stat().st_size, digest)
        return File(name, path.stat().st_size, digest, pq.read_metadata(path).num_rows, content_sha256(path))


def encoded(found: Manifest) -> bytes:
    """As the file holds it: indented, so that a difference shows."""
    return msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n"


def read(path: Path) -> Manifest:
    """Read a manifest.

    Raises:
        InputError: it is none.
    """
    with explained(path):
        content = path.read_bytes()
    try:
        return msgspec.json.decode(content, type=Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InputError(str(error), where=str(path), remedy="run `sayso release VERSION`") from error


def unlike(stated: Manifest, folder: Path) -> Iterable[str]:
    """What of a folder is not as its manifest states, in words; the same rows in other bytes are told as such."""
    there = {path.relative_to(folder).as_posix(): path for path in released(folder)}
    for file in stated.files:
        path = there.pop(file.path, None)
        if path is None:
            yield f"{file.path}: missing"
        elif file_digest(path) != file.sha256:
            same = file.content_sha256 and content_sha256(path) == file.content_sha256
            yield f"{file.path}: {'the same rows in other bytes' if same else 'another content'}"
    yield from (f"{name}: not in the manifest" for name in there)
