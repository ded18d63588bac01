"""Read articles from files, folders and standard input: bytes are decoded, and nothing else is done
to them.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal

from sayso import jsonl
from sayso.errors import InputError, SaysoError, UsageError
from sayso.files import convert_os_errors, exists, is_folder, list_files, open_file
from sayso.ingest.article_metadata import extract_metadata
from sayso.models import sha256

ArticleFormat = Literal["text", "jsonl"]

STDIN = "-"
FORMATS_BY_SUFFIX: dict[str, ArticleFormat] = {".txt": "text", ".jsonl": "jsonl"}
MAX_ESCAPED_BYTES = 6  # that JSON may use for one byte of text, as \u00e9 does
_NOTICE_OTHER_FILES = "files in folders that are neither .txt nor .jsonl, not read"
_NOTICE_BYTE_ORDER_MARK = "texts that begin with a byte order mark, kept as U+FEFF"
_NOTICE_REPLACEMENT = "texts with U+FFFD, where an earlier program lost a letter"
_REFUSED_CHARACTERS = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True)
class ReceivedArticle:
    """One article as it was received.

    Attributes:
        location: file or file:line, as the user named it.
        file: the bare name of the file.
        metadata: the metadata in its record, by our names.
        stem: the name without suffix where it may serve as doc_id.
    """

    location: str
    file: str
    text: str
    metadata: dict[str, str] = field(default_factory=dict)
    stem: str | None = None


@dataclass(frozen=True)
class ArticleSource:
    """A file to read, or standard input."""

    path: str
    format: ArticleFormat

    @property
    def name(self) -> str:
        """The bare name, without the folders of this machine."""
        return "stdin" if self.path == STDIN else Path(self.path).name


@dataclass
class ArticleReader:
    """A reader of one article at a time. ``notices`` counts what a curator should know of."""

    fields: Mapping[str, str]
    max_bytes: int
    format: ArticleFormat | None = None
    notices: Counter[str] = field(default_factory=Counter)

    def read_articles(self, paths: tuple[str, ...]) -> Iterator[ReceivedArticle | SaysoError]:
        """Yield every article of ``paths`` in turn, or the error in its place."""
        if paths.count(STDIN) > 1:
            what = "standard input can be read only once"
            raise UsageError(what, where=STDIN, remedy="give - once")
        for path in paths:
            try:
                for source in self._list_sources(path):
                    for article in self._read_source(source):
                        if isinstance(article, ReceivedArticle):
                            has_mark = article.text.startswith("\ufeff")
                            self.notices[_NOTICE_BYTE_ORDER_MARK] += has_mark
                            self.notices[_NOTICE_REPLACEMENT] += "\ufffd" in article.text
                        yield article
            except SaysoError as error:
                yield error

    def _list_sources(self, path: str) -> Iterator[ArticleSource]:
        suffix = Path(path).suffix.lower()
        if path == STDIN:
            yield ArticleSource(path, self.format or "text")
        elif not exists(Path(path)):
            raise InputError("there is no such file or folder", where=path, remedy="check the path")
        elif is_folder(Path(path)):
            yield from self._list_folder(path)
        elif found := self.format or FORMATS_BY_SUFFIX.get(suffix):
            yield ArticleSource(path, found)
        else:
            what = f"neither {' nor '.join(FORMATS_BY_SUFFIX)}"
            raise InputError(what, where=path, remedy="add --format text or --format jsonl")

    def _list_folder(self, folder: str) -> Iterator[ArticleSource]:
        empty = True
        for path in list_files(Path(folder), "**/*"):
            if found := FORMATS_BY_SUFFIX.get(path.suffix.lower()):
                empty = False
                yield ArticleSource(str(path), found)
            else:
                self.notices[_NOTICE_OTHER_FILES] += 1
        if empty:
            what = "no .txt and no .jsonl in this folder"
            raise InputError(what, where=folder, remedy="name the files themselves")

    def _read_source(self, source: ArticleSource) -> Iterator[ReceivedArticle | SaysoError]:
        read = self._read_text if source.format == "text" else self._read_records
        if source.path == STDIN:
            yield from read(sys.stdin.buffer, source)
            return
        try:
            with convert_os_errors(Path(source.path)), open_file(Path(source.path)) as stream:
                yield from read(stream, source)
        except SaysoError as error:
            yield error

    def _read_text(self, stream: BinaryIO, source: ArticleSource) -> Iterator[ReceivedArticle]:
        raw = stream.read(self.max_bytes + 1)
        if len(raw) > self.max_bytes:
            raise self._too_long_error(source.path)
        text = validate_text(decode_text(raw, source.path), source.path)
        stem = None if source.path == STDIN else Path(source.path).stem
        yield ReceivedArticle(source.path, source.name, text, stem=stem)

    def _read_records(
        self, stream: BinaryIO, source: ArticleSource
    ) -> Iterator[ReceivedArticle | SaysoError]:
        limit = MAX_ESCAPED_BYTES * self.max_bytes + (1 << 20)
        try:
            for number, record in jsonl.read_objects(stream, source.path, limit):
                try:
                    yield self._parse_record(record, f"{source.path}:{number}", source)
                except InputError as error:
                    yield error
        except jsonl.LongLineError as error:
            raise self._too_long_error(error.where) from error

    def _parse_record(
        self, record: dict[str, Any], location: str, source: ArticleSource
    ) -> ReceivedArticle:
        key = self.fields.get("text", "text")
        text = record.get(key)
        if not isinstance(text, str):
            what = f"{key!r} is not a text" if key in record else f"no field {key!r}"
            remedy = "say which field has the text: --field text=NAME"
            raise InputError(what, where=location, remedy=remedy)
        if len(text.encode(errors="surrogatepass")) > self.max_bytes:
            raise self._too_long_error(location)
        metadata, unknown = extract_metadata(record, self.fields, location)
        self.notices.update(f"unknown fields {name!r}, not used" for name in unknown)
        validate_text(text, location)
        if record.get("text_sha256") not in (None, sha256(text)):
            what = "the text does not have the text_sha256 of its record"
            remedy = "get the record again, or remove text_sha256"
            raise InputError(what, where=location, remedy=remedy)
        return ReceivedArticle(location, source.name, text, metadata)

    def _too_long_error(self, location: str) -> InputError:
        return InputError(
            f"an article of more than {self.max_bytes:,} bytes, which browsers cannot label",
            where=location,
            remedy="split it into articles, or increase --max-bytes",
        )


def decode_text(raw: bytes, location: str) -> str:
    """Decode UTF-8.

    Raises:
        InputError: the bytes are not UTF-8; names line and byte.
    """
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        encoding = "UTF-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "ENCODING"
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"byte {error.start} is not UTF-8",
            where=f"{location}:{line}",
            remedy=f"convert it: iconv -f {encoding} -t UTF-8",
        ) from error


def validate_text(text: str, location: str) -> str:
    """Return ``text`` itself, if an annotator could read it.

    Raises:
        InputError: it is empty, or has a NUL or half of a surrogate pair; names line and code
            point.
    """
    if not text.strip().strip("\ufeff"):
        what = "the text is empty" if not text else "the text is only white space"
        raise InputError(what, where=location, remedy="leave it out")
    if refused := _REFUSED_CHARACTERS.search(text):
        character, start = refused[0], refused.start()
        kind = f"half of a surrogate pair, U+{ord(character):04X}" if ord(character) else "a NUL"
        line = text.count("\n", 0, start) + 1
        raise InputError(
            f"code point {start} (line {line} of the text) is {kind}",
            where=location,
            remedy="get the text again from its source; this copy is damaged",
        )
    return text
