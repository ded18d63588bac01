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

from sayso.dataset import parquet, quoting
from sayso.dataset.parquet import ROW_GROUP_ROWS
from sayso.dataset.sources import file_digest
from sayso.dataset.tables import Table
from sayso.errors import InputError, SaysoError
from sayso.files import explained, write_if_changed
from sayso.ingest.reading import Reader, Received
from sayso.records import sha256

CARD = "README.md"
_DIGEST = r"(Sayso [\d.]+, {config}; content sha256 )[0-9a-f]+"
_LONGEST = 50_000_000  # bytes of a copy; the release says which texts are wanted, so nothing else is kept

Watch = Callable[[str, int], None]


@dataclass(frozen=True)
class Missing:
    """An article of which no copy was given."""

    doc_id: str
    title: str | None
    url: str | None


@dataclass(frozen=True)
class Outcome:
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
    missing: tuple[Missing, ...]
    unused: int
    written: tuple[str, ...]


def hydrate(release: Path, copies: tuple[str, ...], target: Path, *, fields: Mapping[str, str] | None = None,
            watch: Watch = lambda _doing, _n: None) -> Outcome:  # fmt: skip
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
    if not files or not (release / CARD).is_file():
        raise InputError("no release here", where=str(release), remedy="name the folder that holds README.md and data/")
    with TemporaryDirectory() as spool, _opened(Path(spool) / "texts.sqlite3") as texts:
        wanted = list(_wanted(files))
        for article in wanted:
            texts.want(*article[:2])
        unused = texts.take(_read(copies, fields or {}), watch)
        missing = tuple(Missing(doc_id, title, url) for doc_id, _sha, title, url in wanted if texts.of(doc_id) is None)
        written = tuple(_written(release, files, target, texts, watch))
    return Outcome(len(wanted), len(wanted) - len(missing), missing, unused, written)


def _wanted(files: list[Path]) -> Iterator[tuple[str, str, str | None, str | None]]:
    """(doc_id, text_sha256, title, url) of articles without their text."""
    columns = ["doc_id", "text_sha256", "title", "url", "text"]
    for path in files:
        if path.parent.name == "articles":
            with explained(path), pq.ParquetFile(path) as file:
                for batch in file.iter_batches(ROW_GROUP_ROWS, columns=columns):
                    rows = batch.filter(batch["text"].is_null()).to_pylist()
                    yield from ((row["doc_id"], row["text_sha256"], row["title"], row["url"]) for row in rows)


def _read(copies: tuple[str, ...], fields: Mapping[str, str]) -> Iterator[Received]:
    for article in Reader(fields, _LONGEST).read(copies):
        if isinstance(article, SaysoError):
            raise article
        yield article


@contextmanager
def _opened(path: Path) -> Iterator[_Texts]:
    with closing(sqlite3.connect(path)) as tables:
        tables.execute("CREATE TABLE wanted (doc_id TEXT PRIMARY KEY, sha256 TEXT) WITHOUT ROWID")
        tables.execute("CREATE TABLE text (sha256 TEXT PRIMARY KEY, text TEXT)")
        tables.execute("CREATE INDEX wanted_text ON wanted (sha256)")
        yield _Texts(tables)


@dataclass(frozen=True)
class _Texts:
    """The texts that are wanted, on disk."""

    tables: sqlite3.Connection

    def want(self, doc_id: str, digest: str) -> None:
        self.tables.execute("INSERT INTO wanted VALUES (?, ?)", (doc_id, digest))

    def take(self, copies: Iterator[Received], watch: Watch) -> int:
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

    def of(self, doc_id: str) -> str | None:
        """The text of a document, where a copy was given."""
        asked = "SELECT text FROM wanted JOIN text USING (sha256) WHERE doc_id = ?"
        found = self.tables.execute(asked, (doc_id,)).fetchone()
        return found[0] if found else None


def _written(release: Path, files: list[Path], target: Path, texts: _Texts, watch: Watch) -> Iterator[str]:
    """Write everything to ``target``, the card last; yields what changed."""
    for path in files:
        name = path.relative_to(release).as_posix()
        if _filled(path, target / name, texts):
            yield name
        watch("filling in", 1)
    for path in sorted(release.iterdir()):
        if path.is_file() and path.name not in (CARD, "manifest.json", "croissant.json") and target != release:
            with explained(path):
                target.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target / path.name)
    with explained(release / CARD):
        card = (release / CARD).read_text(encoding="utf-8")
    if write_if_changed(target / CARD, _told(card, target).encode()):
        yield CARD


def _filled(path: Path, target: Path, texts: _Texts) -> bool:
    """Write one file with the texts that are known; say whether it changed."""
    footer = parquet.footer(path)
    if footer is None:
        raise InputError("not a file that sayso wrote", where=str(path), remedy="download the release again")
    aside = target.with_name(f"{target.name}.partial")
    with ExitStack() as opened, parquet.Lane() as lane, explained(path), pq.ParquetFile(path) as file:
        writer = parquet.Writer(aside, lane)
        opened.callback(writer.abandon)
        figures = footer.figures
        for batch in file.iter_batches(ROW_GROUP_ROWS):
            writer.add(Table(quoting.filled(pa.Table.from_batches([batch]), texts.of), figures))
            figures = type(figures)()  # they are the whole file's
        writer.close()
    with explained(target):
        if target.exists() and file_digest(target) == file_digest(aside):
            aside.unlink()
            return False
        aside.replace(target)
    return True


def _told(card: str, target: Path) -> str:
    """The card with the digests of what lies there now: by them `datasets` knows that its cache is stale."""
    for folder in sorted((target / "data").iterdir()):
        digests = "".join(file_digest(path) for path in sorted(folder.glob("*.parquet")))
        card = re.sub(_DIGEST.format(config=folder.name), rf"\g<1>{sha256(digests)}", card)
    return card
