"""``corpus/manifest.json``: the files of a version with their digests, to compare a copy with.

The bytes of a Parquet file depend on the release of pyarrow, which the manifest names. So it has
the digest of the rows too, which does not depend on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
from msgspec import Struct

from sayso.corpus.sources import CorpusFiles
from sayso.dataset.card import read_data_version
from sayso.dataset.content_digest import content_sha256
from sayso.errors import InputError
from sayso.files import convert_os_errors, file_digest, list_files, read_file
from sayso.models import DECODE_ERRORS
from sayso.schema.declarations import load_schema, schema_digest
from sayso.settings import SCHEMA_FILE, Checkout

MANIFEST_FILE = "manifest.json"
RELEASE_PATTERNS = (
    *("README.md", "LICENSE.md", "CHANGELOG.md", "CITATION.cff"),
    *("agreement.json", "croissant.json", "plots/*", "data/*/*.parquet"),
)
"""Files of a release besides the manifest, below ``corpus/``; the sources are not among them."""


class ManifestFile(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One file. Only Parquet files have ``rows`` and ``content_sha256``."""

    path: str
    size: int
    sha256: str
    rows: int | None = None
    content_sha256: str | None = None


class Manifest(Struct, frozen=True, forbid_unknown_fields=True):
    """All files of a version in order of path.

    Attributes:
        written_by: versions of the tool and of pyarrow.
    """

    data_version: str
    schema_version: str
    schema_sha256: str
    written_by: dict[str, str]
    files: tuple[ManifestFile, ...]


def build_manifest(checkout: Checkout) -> Manifest:
    """Describe the files that are under ``corpus/`` now."""
    schema, corpus = load_schema(checkout.root / SCHEMA_FILE), CorpusFiles(checkout.root)
    return Manifest(
        data_version=read_data_version(checkout),
        schema_version=schema.version,
        schema_sha256=schema_digest(schema),
        written_by={name: version(name) for name in ("pyarrow", "sayso")},
        files=tuple(
            _describe_file(path, corpus.folder) for path in list_release_files(corpus.folder)
        ),
    )


def list_release_files(folder: Path) -> list[Path]:
    """Return the files of a release in order of path."""
    files = {path for pattern in RELEASE_PATTERNS for path in list_files(folder, pattern)}
    return sorted(files, key=lambda path: path.relative_to(folder).as_posix())


def _describe_file(path: Path, folder: Path) -> ManifestFile:
    name, digest = path.relative_to(folder).as_posix(), file_digest(path)
    with convert_os_errors(path):
        size = path.stat().st_size
        if path.suffix != ".parquet":
            return ManifestFile(name, size, digest)
        rows = pq.read_metadata(path).num_rows
    return ManifestFile(name, size, digest, rows, content_sha256(path))


def encode_manifest(manifest: Manifest) -> bytes:
    """Encode a manifest, indented for readable diffs."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def read_manifest(path: Path) -> Manifest:
    """Read a manifest.

    Raises:
        InputError: the file is not one.
    """
    with convert_os_errors(path):
        content = read_file(path)
    try:
        return msgspec.json.decode(content, type=Manifest)
    except DECODE_ERRORS as error:
        remedy = "run `sayso release VERSION`"
        raise InputError(str(error), where=str(path), remedy=remedy) from error


def find_differences(manifest: Manifest, folder: Path) -> Iterator[str]:
    """Yield in words each difference between a folder and the manifest."""
    paths = {path.relative_to(folder).as_posix(): path for path in list_release_files(folder)}
    for file in manifest.files:
        path = paths.pop(file.path, None)
        if path is None:
            yield f"{file.path}: missing"
        elif file_digest(path) != file.sha256:
            same = file.content_sha256 and content_sha256(path) == file.content_sha256
            yield f"{file.path}: {'the same rows in other bytes' if same else 'another content'}"
    yield from (f"{name}: not in the manifest" for name in paths)
