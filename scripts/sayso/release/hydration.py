"""A release without its texts, and the reader's own copies of them: the release with its texts.

A copy is taken for an article's text when its SHA-256 says that it is that text, byte for byte, whatever it is called.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq

from sayso.dataset import parquet_files, text_columns
from sayso.dataset.arrow_tables import ConfigTable
from sayso.dataset.batches import file_digest
from sayso.dataset.parquet_files import ROW_GROUP_ROWS
from sayso.errors import InputError, SaysoError
from sayso.files import convert_os_errors, write_if_changed
from sayso.ingest.article_reader import ArticleReader, ReceivedArticle
from sayso.models import sha256

CARD_FILE = "README.md"
_CARD_DIGEST = r"(Sayso [\d.]+, {config}; content sha256 )[0-9a-f]+"
_MAX_COPY_BYTES = (
    50_000_000  # bytes of a copy; the release says which texts are wanted, so nothing else is kept
)

ReportProgress = Callable[[str, int], None]


@dataclass(frozen=True)
class MissingText:
    """An article of which no copy was given."""

    doc_id: str
    title: str | None
    url: str | None


@dataclass(frozen=True)
class HydrateResult:
    """What was filled in.

    Attributes:
        wanted: articles that the release has without their text.
        filled: those among them of which a copy was found.
        missing: the others.
        unused: copies that are no article's text.
        written: files that changed.
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
    report_progress: ReportProgress = lambda _doing, _n: None,
) -> HydrateResult:
    """Write the release to ``target`` with the texts of which ``copies`` holds a copy.

    Args:
        release: a folder with the card and ``data/``, as it was downloaded; it may be ``target`` itself.
        copies: files and folders of .txt and .jsonl.
        fields: which field of a .jsonl record holds ours.

    Raises:
        InputError: no release, or a copy cannot be read.
        SpanError: an offset does not fit its text.
    """
    files = sorted((release / "data").glob("*/*.parquet"))
    if not files or not (release / CARD_FILE).is_file():
        raise InputError(
            "no release here",
            where=str(release),
            remedy="name the folder that holds README.md and data/",
        )
    with TemporaryDirectory() as spool, _open_texts(Path(spool) / "texts.sqlite3") as texts:
        wanted = list(_find_missing_texts(files))
        for article in wanted:
            texts.add_wanted(*article[:2])
        unused = texts.add_copies(_read_copies(copies, fields or {}), report_progress)
        missing = tuple(
            MissingText(doc_id, title, url)
            for doc_id, _sha, title, url in wanted
            if texts.find_text(doc_id) is None
        )
        written = tuple(_write_release(release, files, target, texts, report_progress))
    return HydrateResult(len(wanted), len(wanted) - len(missing), missing, unused, written)


def _find_missing_texts(files: list[Path]) -> Iterator[tuple[str, str, str | None, str | None]]:
    """(doc_id, text_sha256, title, url) of articles without their text."""
    columns = ["doc_id", "text_sha256", "title", "url", "text"]
    for path in files:
        if path.parent.name == "articles":
            with convert_os_errors(path), pq.ParquetFile(path) as file:
                for batch in file.iter_batches(ROW_GROUP_ROWS, columns=columns):
                    rows = batch.filter(batch["text"].is_null()).to_pylist()
                    yield from (
                        (row["doc_id"], row["text_sha256"], row["title"], row["url"])
                        for row in rows
                    )


def _read_copies(copies: tuple[str, ...], fields: Mapping[str, str]) -> Iterator[ReceivedArticle]:
    for article in ArticleReader(fields, _MAX_COPY_BYTES).read_articles(copies):
        if isinstance(article, SaysoError):
            raise article
        yield article


@contextmanager
def _open_texts(path: Path) -> Iterator[_WantedTexts]:
    with closing(sqlite3.connect(path)) as tables:
        tables.execute("CREATE TABLE wanted (doc_id TEXT PRIMARY KEY, sha256 TEXT) WITHOUT ROWID")
        tables.execute("CREATE TABLE text (sha256 TEXT PRIMARY KEY, text TEXT)")
        tables.execute("CREATE INDEX wanted_text ON wanted (sha256)")
        yield _WantedTexts(tables)


@dataclass(frozen=True)
class _WantedTexts:
    """The texts that are wanted, on disk."""

    tables: sqlite3.Connection

    def add_wanted(self, doc_id: str, digest: str) -> None:
        self.tables.execute("INSERT INTO wanted VALUES (?, ?)", (doc_id, digest))

    def add_copies(self, copies: Iterator[ReceivedArticle], watch: ReportProgress) -> int:
        """Keep those that are wanted; return how many are not."""
        unused = 0
        for copy in copies:
            digest = sha256(copy.text)
            if self.tables.execute("SELECT 1 FROM wanted WHERE sha256 = ?", (digest,)).fetchone():
                self.tables.execute("INSERT OR IGNORE INTO text VALUES (?, ?)", (digest, copy.text))
            else:
                unused += 1
            watch("reading copies", 1)
        return unused

    def find_text(self, doc_id: str) -> str | None:
        """The text of a document, where a copy was given."""
        asked = "SELECT text FROM wanted JOIN text USING (sha256) WHERE doc_id = ?"
        found = self.tables.execute(asked, (doc_id,)).fetchone()
        return found[0] if found else None


def _write_release(
    release: Path, files: list[Path], target: Path, texts: _WantedTexts, watch: ReportProgress
) -> Iterator[str]:
    """Write everything to ``target``, the card last; yields what changed."""
    for path in files:
        name = path.relative_to(release).as_posix()
        if _write_restored(path, target / name, texts):
            yield name
        watch("filling in", 1)
    for path in sorted(release.iterdir()):
        if (
            path.is_file()
            and path.name not in (CARD_FILE, "manifest.json", "croissant.json")
            and target != release
        ):
            with convert_os_errors(path):
                target.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target / path.name)
    with convert_os_errors(release / CARD_FILE):
        card = (release / CARD_FILE).read_text(encoding="utf-8")
    if write_if_changed(target / CARD_FILE, _update_card_digests(card, target).encode()):
        yield CARD_FILE


def _write_restored(path: Path, target: Path, texts: _WantedTexts) -> bool:
    """Write one file with the texts that are known; say whether it changed."""
    footer = parquet_files.read_footer(path)
    if footer is None:
        raise InputError(
            "not a file that sayso wrote", where=str(path), remedy="download the release again"
        )
    aside = target.with_name(f"{target.name}.partial")
    with (
        ExitStack() as opened,
        parquet_files.EncodingThread() as lane,
        convert_os_errors(path),
        pq.ParquetFile(path) as file,
    ):
        writer = parquet_files.DatasetFileWriter(aside, lane)
        opened.callback(writer.discard)
        figures = footer.counts
        for batch in file.iter_batches(ROW_GROUP_ROWS):
            writer.add(
                ConfigTable(
                    text_columns.restore_texts(pa.Table.from_batches([batch]), texts.find_text),
                    figures,
                )
            )
            figures = type(figures)()  # they are the whole file's
        writer.close()
    with convert_os_errors(target):
        if target.exists() and file_digest(target) == file_digest(aside):
            aside.unlink()
            return False
        aside.replace(target)
    return True


def _update_card_digests(card: str, target: Path) -> str:
    """The card with the digests of what lies there now: by them `datasets` knows that its cache is stale."""
    for folder in sorted((target / "data").iterdir()):
        digests = "".join(file_digest(path) for path in sorted(folder.glob("*.parquet")))
        card = re.sub(_CARD_DIGEST.format(config=folder.name), rf"\g<1>{sha256(digests)}", card)
    return card
