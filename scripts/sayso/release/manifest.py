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

from sayso.corpus.sources import CorpusFiles
from sayso.dataset.batches import file_digest
from sayso.dataset.builder import read_data_version
from sayso.errors import InputError
from sayso.files import convert_os_errors
from sayso.release.content_digest import content_sha256
from sayso.schema import declarations as schemas
from sayso.settings import SCHEMA_FILE, Checkout

MANIFEST_FILE = "manifest.json"
RELEASE_PATTERNS = (
    "README.md",
    "LICENSE.md",
    "CHANGELOG.md",
    "CITATION.cff",
    "agreement.json",
    "croissant.json",
    "plots/*",
    "data/*/*.parquet",
)
"""What a release consists of beside its manifest, as patterns under ``corpus/``. The sources are not among them."""


class ManifestFile(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
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
    files: tuple[ManifestFile, ...]


def build_manifest(checkout: Checkout) -> Manifest:
    """The manifest of what lies under ``corpus/`` now.

    Raises:
        DiskError: a file cannot be read.
    """
    schema, corpus = schemas.load_schema(checkout.root / SCHEMA_FILE), CorpusFiles(checkout.root)
    return Manifest(
        data_version=read_data_version(checkout),
        schema_version=schema.version,
        schema_sha256=schemas.schema_digest(schema),
        written_by={name: version(name) for name in ("pyarrow", "sayso")},
        files=tuple(
            _describe_file(path, corpus.folder) for path in list_release_files(corpus.folder)
        ),
    )


def list_release_files(folder: Path) -> list[Path]:
    """The files of a release, in order of their paths."""
    found = {
        path for pattern in RELEASE_PATTERNS for path in folder.glob(pattern) if path.is_file()
    }
    return sorted(found, key=lambda path: path.relative_to(folder).as_posix())


def _describe_file(path: Path, folder: Path) -> ManifestFile:
    name, digest = path.relative_to(folder).as_posix(), file_digest(path)
    with convert_os_errors(path):
        if path.suffix != ".parquet":
            return ManifestFile(name, path.stat().st_size, digest)
        return ManifestFile(
            name, path.stat().st_size, digest, pq.read_metadata(path).num_rows, content_sha256(path)
        )


def encode_manifest(found: Manifest) -> bytes:
    """As the file holds it: indented, so that a difference shows."""
    return msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n"


def read_manifest(path: Path) -> Manifest:
    """Read a manifest.

    Raises:
        InputError: it is none.
    """
    with convert_os_errors(path):
        content = path.read_bytes()
    try:
        return msgspec.json.decode(content, type=Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InputError(
            str(error), where=str(path), remedy="run `sayso release VERSION`"
        ) from error


def find_differences(stated: Manifest, folder: Path) -> Iterable[str]:
    """What of a folder is not as its manifest states, in words; the same rows in other bytes are told as such."""
    there = {path.relative_to(folder).as_posix(): path for path in list_release_files(folder)}
    for file in stated.files:
        path = there.pop(file.path, None)
        if path is None:
            yield f"{file.path}: missing"
        elif file_digest(path) != file.sha256:
            same = file.content_sha256 and content_sha256(path) == file.content_sha256
            yield f"{file.path}: {'the same rows in other bytes' if same else 'another content'}"
    yield from (f"{name}: not in the manifest" for name in there)
