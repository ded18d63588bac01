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
from sayso.files import explained
from sayso.ingest import metadata
from sayso.records import sha256

Format = Literal["text", "jsonl"]

STDIN = "-"
SUFFIXES: dict[str, Format] = {".txt": "text", ".jsonl": "jsonl"}
_OTHER_FILES = "files in folders that are neither .txt nor .jsonl, not read"
_BOM = "texts that begin with a byte order mark, kept as U+FEFF"
_LOST = "texts with U+FFFD, where an earlier program lost a letter"
ESCAPED = 6  # bytes that JSON may spend on a byte of text, as \u00e9 does


@dataclass(frozen=True)
class Received:
    """One article as it came in.

    ``place`` is file or file:line as the user named it, ``file`` the bare name of its file, ``stem`` that name where
    it may serve as doc_id, ``given`` what its record says of it, by our names.
    """

    place: str
    file: str
    text: str
    given: dict[str, str] = field(default_factory=dict)
    stem: str | None = None


@dataclass(frozen=True)
class Source:
    """A file to read, or standard input."""

    path: str
    format: Format

    @property
    def name(self) -> str:
        """The bare name, without the folders of this machine."""
        return "stdin" if self.path == STDIN else Path(self.path).name


@dataclass
class Reader:
    """Reads sources one article at a time; ``noticed`` counts what a curator should hear of."""

    fields: Mapping[str, str]
    max_bytes: int
    format: Format | None = None
    noticed: Counter[str] = field(default_factory=Counter)

    def read(self, paths: tuple[str, ...]) -> Iterator[Received | SaysoError]:
        """Yield every article of ``paths`` in turn, or what is wrong with it, and go on."""
        if paths.count(STDIN) > 1:
            raise UsageError("standard input can be read only once", where=STDIN, remedy="give - once")
        for path in paths:
            try:
                for source in self._sources(path):
                    for article in self._articles(source):
                        self._notice(article)
                        yield article
            except SaysoError as error:
                yield error

    def _notice(self, article: Received | SaysoError) -> None:
        if isinstance(article, Received):
            self.noticed[_BOM] += article.text.startswith("\ufeff")
            self.noticed[_LOST] += "\ufffd" in article.text

    def _sources(self, path: str) -> Iterator[Source]:
        if path == STDIN:
            yield Source(path, self.format or "text")
        elif not Path(path).exists():
            raise InputError("there is no such file or folder", where=path, remedy="look at the path")
        elif Path(path).is_dir():
            yield from self._folder(path)
        elif found := self.format or SUFFIXES.get(Path(path).suffix.lower()):
            yield Source(path, found)
        else:
            known = " nor ".join(SUFFIXES)
            raise InputError(f"neither {known}", where=path, remedy="say what it is: --format text or --format jsonl")

    def _folder(self, folder: str) -> Iterator[Source]:
        empty = True
        for inside, folders, files in os.walk(folder, onerror=_raise):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(files):
                found = SUFFIXES.get(Path(name).suffix.lower())
                if found:
                    empty = False
                    yield Source(str(Path(inside, name)), found)
                else:
                    self.noticed[_OTHER_FILES] += 1
        if empty:
            raise InputError("no .txt and no .jsonl in this folder", where=folder, remedy="name the files themselves")

    def _articles(self, source: Source) -> Iterator[Received | SaysoError]:
        if source.path == STDIN:
            yield from self._contents(sys.stdin.buffer, source)
            return
        try:
            with explained(Path(source.path)), Path(source.path).open("rb") as stream:
                yield from self._contents(stream, source)
        except SaysoError as error:
            yield error

    def _contents(self, stream: BinaryIO, source: Source) -> Iterator[Received | SaysoError]:
        articles = self._text if source.format == "text" else self._lines
        yield from articles(stream, source)

    def _text(self, stream: BinaryIO, source: Source) -> Iterator[Received]:
        raw = stream.read(self.max_bytes + 1)
        if len(raw) > self.max_bytes:
            raise self._too_long(source.path)
        stem = None if source.path == STDIN else Path(source.path).stem
        yield Received(source.path, source.name, checked(decoded(raw, source.path), source.path), stem=stem)

    def _lines(self, stream: BinaryIO, source: Source) -> Iterator[Received | SaysoError]:
        for number, record in jsonl.objects(self._bounded(stream, source), source.path):
            place = f"{source.path}:{number}"
            try:
                yield self._record(record, place, source)
            except InputError as error:
                yield error

    def _bounded(self, stream: BinaryIO, source: Source) -> Iterator[bytes]:
        limit = ESCAPED * self.max_bytes + (1 << 20)
        for number, line in enumerate(iter(lambda: stream.readline(limit + 1), b""), 1):
            if len(line) > limit:
                raise self._too_long(f"{source.path}:{number}")
            yield line

    def _record(self, record: dict[str, Any], place: str, source: Source) -> Received:
        key = self.fields.get("text", "text")
        text = record.get(key)
        if not isinstance(text, str):
            what = f"{key!r} is not a text" if key in record else f"no field {key!r}"
            raise InputError(what, where=place, remedy="say where the text is: --field text=NAME")
        if len(text) > self.max_bytes or len(text.encode(errors="surrogatepass")) > self.max_bytes:
            raise self._too_long(place)
        given, unknown = metadata.of_record(record, self.fields, place)
        self.noticed.update(f"fields {name!r} that we have no place for, not taken" for name in unknown)
        _same_hash(record.get("text_sha256"), checked(text, place), place)
        return Received(place, source.name, text, given)

    def _too_long(self, place: str) -> InputError:
        return InputError(
            f"an article of more than {self.max_bytes:,} bytes, which a browser cannot show for labelling",
            where=place,
            remedy="split it into articles, or raise --max-bytes",
        )


def decoded(raw: bytes, place: str) -> str:
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
            where=f"{place}:{line}",
            remedy=f"convert it: iconv -f {'UTF-16' if utf16 else 'ENCODING'} -t UTF-8",
        ) from error


_REFUSED = re.compile("[\x00\ud800-\udfff]")


def checked(text: str, place: str) -> str:
    """``text`` itself, if an annotator could read it.

    Raises:
        InputError: nothing to read in it, a NUL, or half of a surrogate pair; names line and code point.
    """
    if not text.strip().strip("\ufeff"):
        what = "the text is empty" if not text else "the text is only white space"
        raise InputError(what, where=place, remedy="leave it out")
    wrong = _REFUSED.search(text)
    if wrong:
        kind = "a NUL" if wrong[0] == "\x00" else f"half of a surrogate pair, U+{ord(wrong[0]):04X}"
        line = text.count("\n", 0, wrong.start()) + 1
        raise InputError(
            f"code point {wrong.start()} (line {line} of the text) is {kind}",
            where=place,
            remedy="get the text again from where it came; this copy is damaged",
        )
    return text


def _same_hash(declared: Any, text: str, place: str) -> None:
    if declared is not None and declared != sha256(text):
        raise InputError("the text does not have the text_sha256 that stands beside it", where=place,
                         remedy="get the record again, or take text_sha256 out")  # fmt: skip


def _raise(error: OSError) -> None:
    raise error
