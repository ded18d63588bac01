"""From paths to texts, exactly as received: bytes are decoded and nothing else is done to them."""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal

from sayso import jsonl
from sayso.errors import InputError, SaysoError, UsageError
from sayso.files import convert_os_errors
from sayso.ingest import article_metadata
from sayso.models import sha256

ArticleFormat = Literal["text", "jsonl"]

STDIN = "-"
FORMATS_BY_SUFFIX: dict[str, ArticleFormat] = {".txt": "text", ".jsonl": "jsonl"}
_NOTICE_OTHER_FILES = "files in folders that are neither .txt nor .jsonl, not read"
_NOTICE_BYTE_ORDER_MARK = "texts that begin with a byte order mark, kept as U+FEFF"
_NOTICE_REPLACEMENT_CHARACTER = "texts with U+FFFD, where an earlier program lost a letter"
MAX_ESCAPED_BYTES = 6  # bytes that JSON may spend on a byte of text, as \u00e9 does


@dataclass(frozen=True)
class ReceivedArticle:
    """One article as it came in.

    ``location`` is file or file:line as the user named it, ``file`` the bare name of its file, ``stem`` that name where
    it may serve as doc_id, ``metadata`` what its record says of it, by our names.
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
    """Reads sources one article at a time; ``notices`` counts what a curator should hear of."""

    fields: Mapping[str, str]
    max_bytes: int
    format: ArticleFormat | None = None
    notices: Counter[str] = field(default_factory=Counter)

    def read_articles(self, paths: tuple[str, ...]) -> Iterator[ReceivedArticle | SaysoError]:
        """Yield every article of ``paths`` in turn, or what is wrong with it, and go on."""
        if paths.count(STDIN) > 1:
            raise UsageError(
                "standard input can be read only once", where=STDIN, remedy="give - once"
            )
        for path in paths:
            try:
                for source in self._list_sources(path):
                    for article in self._read_source(source):
                        self._count_notices(article)
                        yield article
            except SaysoError as error:
                yield error

    def _count_notices(self, article: ReceivedArticle | SaysoError) -> None:
        if isinstance(article, ReceivedArticle):
            self.notices[_NOTICE_BYTE_ORDER_MARK] += article.text.startswith("\ufeff")
            self.notices[_NOTICE_REPLACEMENT_CHARACTER] += "\ufffd" in article.text

    def _list_sources(self, path: str) -> Iterator[ArticleSource]:
        if path == STDIN:
            yield ArticleSource(path, self.format or "text")
        elif not Path(path).exists():
            raise InputError(
                "there is no such file or folder", where=path, remedy="look at the path"
            )
        elif Path(path).is_dir():
            yield from self._list_folder(path)
        elif found := self.format or FORMATS_BY_SUFFIX.get(Path(path).suffix.lower()):
            yield ArticleSource(path, found)
        else:
            known = " nor ".join(FORMATS_BY_SUFFIX)
            raise InputError(
                f"neither {known}",
                where=path,
                remedy="say what it is: --format text or --format jsonl",
            )

    def _list_folder(self, folder: str) -> Iterator[ArticleSource]:
        empty = True
        for inside, folders, files in os.walk(folder, onerror=_raise_error):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(files):
                found = FORMATS_BY_SUFFIX.get(Path(name).suffix.lower())
                if found:
                    empty = False
                    yield ArticleSource(str(Path(inside, name)), found)
                else:
                    self.notices[_NOTICE_OTHER_FILES] += 1
        if empty:
            raise InputError(
                "no .txt and no .jsonl in this folder",
                where=folder,
                remedy="name the files themselves",
            )

    def _read_source(self, source: ArticleSource) -> Iterator[ReceivedArticle | SaysoError]:
        if source.path == STDIN:
            yield from self._read_stream(sys.stdin.buffer, source)
            return
        try:
            with convert_os_errors(Path(source.path)), Path(source.path).open("rb") as stream:
                yield from self._read_stream(stream, source)
        except SaysoError as error:
            yield error

    def _read_stream(
        self, stream: BinaryIO, source: ArticleSource
    ) -> Iterator[ReceivedArticle | SaysoError]:
        articles = self._read_text if source.format == "text" else self._read_records
        yield from articles(stream, source)

    def _read_text(self, stream: BinaryIO, source: ArticleSource) -> Iterator[ReceivedArticle]:
        raw = stream.read(self.max_bytes + 1)
        if len(raw) > self.max_bytes:
            raise self._too_long_error(source.path)
        stem = None if source.path == STDIN else Path(source.path).stem
        yield ReceivedArticle(
            source.path,
            source.name,
            validate_text(decode_text(raw, source.path), source.path),
            stem=stem,
        )

    def _read_records(
        self, stream: BinaryIO, source: ArticleSource
    ) -> Iterator[ReceivedArticle | SaysoError]:
        for number, record in jsonl.read_objects(
            self._read_bounded_lines(stream, source), source.path
        ):
            place = f"{source.path}:{number}"
            try:
                yield self._parse_record(record, place, source)
            except InputError as error:
                yield error

    def _read_bounded_lines(self, stream: BinaryIO, source: ArticleSource) -> Iterator[bytes]:
        limit = MAX_ESCAPED_BYTES * self.max_bytes + (1 << 20)
        for number, line in enumerate(iter(lambda: stream.readline(limit + 1), b""), 1):
            if len(line) > limit:
                raise self._too_long_error(f"{source.path}:{number}")
            yield line

    def _parse_record(
        self, record: dict[str, Any], place: str, source: ArticleSource
    ) -> ReceivedArticle:
        key = self.fields.get("text", "text")
        text = record.get(key)
        if not isinstance(text, str):
            what = f"{key!r} is not a text" if key in record else f"no field {key!r}"
            raise InputError(what, where=place, remedy="say where the text is: --field text=NAME")
        if len(text) > self.max_bytes or len(text.encode(errors="surrogatepass")) > self.max_bytes:
            raise self._too_long_error(place)
        given, unknown = article_metadata.extract_metadata(record, self.fields, place)
        self.notices.update(
            f"fields {name!r} that we have no place for, not taken" for name in unknown
        )
        _check_text_hash(record.get("text_sha256"), validate_text(text, place), place)
        return ReceivedArticle(place, source.name, text, given)

    def _too_long_error(self, place: str) -> InputError:
        return InputError(
            f"an article of more than {self.max_bytes:,} bytes, which a browser cannot show for labelling",
            where=place,
            remedy="split it into articles, or raise --max-bytes",
        )


def decode_text(raw: bytes, location: str) -> str:
    """The text of UTF-8 bytes, byte for byte.

    Raises:
        InputError: they are not UTF-8; names line and byte.
    """
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        utf16 = raw[:2] in (b"\xff\xfe", b"\xfe\xff")
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"byte {error.start} is not UTF-8",
            where=f"{location}:{line}",
            remedy=f"convert it: iconv -f {'UTF-16' if utf16 else 'ENCODING'} -t UTF-8",
        ) from error


_REFUSED_CHARACTERS = re.compile("[\x00\ud800-\udfff]")


def validate_text(text: str, location: str) -> str:
    """``text`` itself, if an annotator could read it.

    Raises:
        InputError: nothing to read in it, a NUL, or half of a surrogate pair; names line and code point.
    """
    if not text.strip().strip("\ufeff"):
        what = "the text is empty" if not text else "the text is only white space"
        raise InputError(what, where=location, remedy="leave it out")
    wrong = _REFUSED_CHARACTERS.search(text)
    if wrong:
        kind = "a NUL" if wrong[0] == "\x00" else f"half of a surrogate pair, U+{ord(wrong[0]):04X}"
        line = text.count("\n", 0, wrong.start()) + 1
        raise InputError(
            f"code point {wrong.start()} (line {line} of the text) is {kind}",
            where=location,
            remedy="get the text again from where it came; this copy is damaged",
        )
    return text


def _check_text_hash(declared: Any, text: str, location: str) -> None:
    if declared is not None and declared != sha256(text):
        raise InputError(
            "the text does not have the text_sha256 that stands beside it",
            where=location,
            remedy="get the record again, or take text_sha256 out",
        )


def _raise_error(error: OSError) -> None:
    raise error
