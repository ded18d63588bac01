"""Superseded lines of the sources, verbatim and each once. Nothing reads them as annotations.

Pruned annotations can be put back into the file that they came from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from sayso import jsonl
from sayso.corpus.sources import PRUNED, CorpusFiles, annotation_sort_key
from sayso.files import ContentWriter, convert_os_errors, exists, hold_lock, list_files, open_file
from sayso.models import Annotation
from sayso.settings import Checkout


class _LineDocument(Struct):
    doc_id: str


@dataclass(frozen=True)
class HistoryEntry:
    """A file of the history: why its lines left, the source they left, and their number."""

    cause: str
    file: str
    lines: int


@dataclass
class RestoreResult:
    """Annotations put back, those that were there already, and documents of another text now."""

    restored: int = 0
    present: int = 0
    outdated: list[str] = field(default_factory=list)


def prepare_history(path: Path, lines: Iterable[bytes]) -> tuple[Path, ContentWriter]:
    """Return a history file with new lines appended, for `files.replace_together`.

    Memory grows with the number of lines, not with their length.
    """

    def write_lines(file: BinaryIO) -> None:
        digests: set[bytes] = set()
        with convert_os_errors(path), _open_if_present(path) as old:
            for line in chain(old, lines):
                whole = line.removesuffix(b"\n") + b"\n"
                digest = hashlib.blake2b(whole, digest_size=16).digest()
                if digest not in digests:
                    digests.add(digest)
                    file.write(whole)

    return path, write_lines


def _open_if_present(path: Path) -> BinaryIO:
    return open_file(path) if exists(path) else BytesIO()


def list_history(corpus: CorpusFiles, doc_ids: Container[str] = ()) -> list[HistoryEntry]:
    """List the files of the history with their lines, of these documents or of all."""
    entries = []
    for path in list_files(corpus.history_folder, "**/*.jsonl"):
        cause, *parts = path.relative_to(corpus.history_folder).parts
        lines = sum(
            not doc_ids or each.doc_id in doc_ids for each in jsonl.read(path, _LineDocument)
        )
        if lines:
            entries.append(HistoryEntry(cause, "/".join(parts), lines))
    return entries


def restore_pruned(
    checkout: Checkout, corpus: CorpusFiles, doc_ids: Container[str] = ()
) -> RestoreResult:
    """Put pruned annotations back into their files, of these documents or of all.

    Raises:
        InputError: a line of the history or of a file is no annotation.
        ConflictError: another command is at work.
    """
    result = RestoreResult()
    folder = corpus.history_folder / PRUNED
    with hold_lock(checkout.private / "sync.lock", "sayso history"):
        texts = {document.doc_id: document.text_sha256 for document in corpus.documents()}
        for history in list_files(folder, "**/*.jsonl"):
            path = corpus.folder / history.relative_to(folder)
            lines = list(jsonl.read(path, Annotation)) if exists(path) else []
            there = {(line.interface, line.origin) for line in lines}
            before = len(lines)
            for line in jsonl.read(history, Annotation):
                if doc_ids and line.doc_id not in doc_ids:
                    continue
                if (line.interface, line.origin) in there:
                    result.present += 1
                elif texts.get(line.doc_id) != line.text_sha256:
                    result.outdated.append(line.doc_id)
                else:
                    lines.append(line)
                    result.restored += 1
            if len(lines) > before:
                jsonl.write(path, sorted(lines, key=annotation_sort_key))
    return result
