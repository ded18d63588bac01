"""Fill a release that came without texts from the reader's own copies.

A copy is used if its SHA-256 is that of an article's text, whatever the copy is called.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq

from sayso.callbacks import ReportProgress
from sayso.dataset.annotated_chunk import ConfigTable
from sayso.dataset.parquet_files import (
    ROW_GROUP_ROWS,
    DatasetFileWriter,
    EncodingThread,
    read_footer,
)
from sayso.dataset.text_columns import FindText, find_incomplete, restore_texts
from sayso.errors import InputError, SaysoError, UsageError
from sayso.files import (
    convert_os_errors,
    exists,
    file_digest,
    is_file,
    list_files,
    list_folders,
    read_file,
    read_text,
    refuse_links,
    write_if_changed,
)
from sayso.ingest.article_reader import ArticleReader
from sayso.models import sha256
from sayso.settings import SCHEMA_FILE

CARD_FILE = "README.md"
_CARD_DIGEST = r"(Sayso [\d.]+, {config}; content sha256 )[0-9a-f]+"
_UNCOPIED = (CARD_FILE, "manifest.json", "croissant.json")  # they would not fit the new files
_TEXT_COLUMNS = ["doc_id", "text_sha256", "text"]
_MAX_COPY_BYTES = 50_000_000


@dataclass(frozen=True)
class MissingText:
    """An article whose text the release lacks."""

    doc_id: str
    text_sha256: str
    title: str | None
    url: str | None


@dataclass(frozen=True)
class HydrateResult:
    """Outcome of filling a release.

    Attributes:
        wanted: number of articles without their text.
        filled: number of those with a copy.
        missing: the others.
        unused: number of copies that are not the text of an article.
        written: changed files.
    """

    wanted: int
    filled: int
    missing: tuple[MissingText, ...]
    unused: int
    written: tuple[str, ...]


def hydrate(
    release: Path,
    copies: tuple[str, ...],
    target: Path,
    *,
    fields: Mapping[str, str] | None = None,
    report_progress: ReportProgress = lambda _task, _count: None,
) -> HydrateResult:
    """Write the release to ``target`` with the texts of which ``copies`` has a copy.

    Args:
        release: a folder with the card and ``data/``, as downloaded; it may be ``target``.
        copies: files and folders of .txt and .jsonl.
        fields: our name of a field -> its name in the .jsonl records.

    Raises:
        InputError: there is no release, or a copy cannot be read.
        SpanError: an offset does not fit its text.
    """
    files = list_files(release / "data", "*/*.parquet")
    if not files or not is_file(release / CARD_FILE):
        remedy = "name the folder that holds README.md and data/"
        raise InputError("no release here", where=str(release), remedy=remedy)
    _require_target(release, target)
    wanted = {article.doc_id: article for article in _find_missing_texts(files)}
    # Texts go to disk: those of a large release do not fit in memory.
    with TemporaryDirectory() as folder, closing(sqlite3.connect(f"{folder}/texts")) as texts:
        texts.execute("CREATE TABLE text (sha256 TEXT PRIMARY KEY, text TEXT)")
        unused = _store_copies(texts, wanted, copies, fields or {}, report_progress)
        digests = {doc_id: article.text_sha256 for doc_id, article in wanted.items()}
        digests |= _store_own_texts(texts, files)

        def find_text(doc_id: str) -> str | None:
            select = "SELECT text FROM text WHERE sha256 = ?"
            row = texts.execute(select, (digests.get(doc_id),)).fetchone()
            return row[0] if row else None

        missing = tuple(each for each in wanted.values() if find_text(each.doc_id) is None)
        written = tuple(_write_release(release, files, target, find_text, report_progress))
    return HydrateResult(len(wanted), len(wanted) - len(missing), missing, unused, written)


def _require_target(release: Path, target: Path) -> None:
    if target != release and exists(target.resolve().parent / SCHEMA_FILE):
        remedy = "name another folder with --to"
        raise UsageError("this is the corpus of a checkout", where=str(target), remedy=remedy)
    refuse_links(release / "data")
    refuse_links(target / "data")


def _find_missing_texts(files: list[Path]) -> Iterator[MissingText]:
    columns = ["doc_id", "text_sha256", "title", "url", "text"]
    for path in files:
        if path.parent.name == "articles":
            with convert_os_errors(path), pq.ParquetFile(path) as file:
                for batch in file.iter_batches(ROW_GROUP_ROWS, columns=columns):
                    for row in batch.filter(batch["text"].is_null()).to_pylist():
                        yield MissingText(
                            row["doc_id"], row["text_sha256"], row["title"], row["url"]
                        )


def _store_own_texts(texts: sqlite3.Connection, files: list[Path]) -> dict[str, str]:
    """Store the texts of articles that are here while other files lack them, as after a kill.

    So each file is completed for itself, and the order in which they were written does not matter.

    Returns:
        The digest of each text by its document.
    """
    incomplete: set[str] = set()
    for path in files:
        if path.parent.name != "articles":
            with convert_os_errors(path), pq.ParquetFile(path) as file:
                for batch in file.iter_batches(ROW_GROUP_ROWS):
                    incomplete |= find_incomplete(pa.Table.from_batches([batch]))
    digests: dict[str, str] = {}
    for path in files if incomplete else ():
        if path.parent.name == "articles":
            with convert_os_errors(path), pq.ParquetFile(path) as file:
                for batch in file.iter_batches(ROW_GROUP_ROWS, columns=_TEXT_COLUMNS):
                    for doc_id, digest, text in zip(*batch.to_pydict().values(), strict=True):
                        if text is not None and doc_id in incomplete:
                            digests[doc_id] = digest
                            row = (digest, text)
                            texts.execute("INSERT OR IGNORE INTO text VALUES (?, ?)", row)
    return digests


def _store_copies(
    texts: sqlite3.Connection,
    wanted: Mapping[str, MissingText],
    copies: tuple[str, ...],
    fields: Mapping[str, str],
    report_progress: ReportProgress,
) -> int:
    """Store the copies of wanted texts; return the number of other copies."""
    digests = {article.text_sha256 for article in wanted.values()}
    unused = 0
    for copy in ArticleReader(fields, _MAX_COPY_BYTES).read_articles(copies):
        if isinstance(copy, SaysoError):
            raise copy
        digest = sha256(copy.text)
        if digest in digests:
            texts.execute("INSERT OR IGNORE INTO text VALUES (?, ?)", (digest, copy.text))
        else:
            unused += 1
        report_progress("reading copies", 1)
    return unused


def _write_release(
    release: Path,
    files: list[Path],
    target: Path,
    find_text: FindText,
    report_progress: ReportProgress,
) -> Iterator[str]:
    """Write everything to ``target``, the card last. Yields what changed."""
    # Articles after all that quotes them: by them a run after a kill sees what is missing.
    for path in sorted(files, key=lambda path: path.parent.name == "articles"):
        name = path.relative_to(release).as_posix()
        if _write_restored(path, target / name, find_text):
            yield name
        report_progress("filling in", 1)
    for path in list_files(release):
        if path.name not in _UNCOPIED and target != release:
            write_if_changed(target / path.name, read_file(path))
    with convert_os_errors(release / CARD_FILE):
        card = read_text(release / CARD_FILE)
    if write_if_changed(target / CARD_FILE, _update_card_digests(card, target).encode()):
        yield CARD_FILE


def _write_restored(path: Path, target: Path, find_text: FindText) -> bool:
    """Write a file with the known texts; return whether it changed."""
    footer = read_footer(path)
    if footer is None:
        remedy = "download the release again"
        raise InputError("not a file that sayso wrote", where=str(path), remedy=remedy)
    staged = target.with_name(f"{target.name}.partial")
    with (
        ExitStack() as opened,
        EncodingThread() as thread,
        convert_os_errors(path),
        pq.ParquetFile(path) as file,
    ):
        writer = DatasetFileWriter(staged, thread)
        opened.callback(writer.discard)
        counts = footer.counts
        for batch in file.iter_batches(ROW_GROUP_ROWS):
            rows = restore_texts(pa.Table.from_batches([batch]), find_text)
            writer.add(ConfigTable(rows, counts))
            counts = type(counts)()  # they are those of the whole file
        writer.close()
    with convert_os_errors(target):
        if exists(target) and file_digest(target) == file_digest(staged):
            staged.unlink()
            return False
        staged.replace(target)
    return True


def _update_card_digests(card: str, target: Path) -> str:
    """Return the card with the digests of the files at ``target``.

    The local cache of `datasets` looks at the card only, so it would go on serving the old rows.
    """
    for folder in list_folders(target / "data"):
        digests = "".join(file_digest(path) for path in list_files(folder, "*.parquet"))
        pattern = _CARD_DIGEST.format(config=folder.name)
        card = re.sub(pattern, rf"\g<1>{sha256(digests)}", card)
    return card
