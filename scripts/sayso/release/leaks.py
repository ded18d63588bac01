"""What must not leave: secrets and people, looked for in every word of the files that would be published.

What is known by heart is looked for as such: the tokens and addresses in use here. Beside it stand shapes: of tokens
and keys, of folders of a machine, and of e-mail addresses. An address that an article itself prints is the article's.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sayso.files import convert_os_errors
from sayso.settings import Checkout

_BATCH_ROWS = 2_000
_EMAIL_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_SECRET_PATTERNS = {
    "a token of Hugging Face": re.compile(r"\bhf_[A-Za-z0-9]{20,}"),
    "a JSON web token": re.compile(r"\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a folder of somebody's machine": re.compile(r"(?:/home/|/Users/|[A-Z]:\\Users\\)[\w.-]+"),
}
_SECRET_FILES = ("*.json", "*.key", "token*", "*/*.json")
_SECRET_NAMES = ("password", "token", "key", "secret")
_MIN_SECRET_LENGTH = 8  # characters of a secret that is looked for; shorter ones occur by chance

Advance = Callable[[int], None]


@dataclass(frozen=True)
class Leak:
    """Something that must not leave; what it says is never repeated.

    Attributes:
        where: file, and row and column where it has such.
        what: the kind of thing.
    """

    location: str
    kind: str


def find_leaks(
    checkout: Checkout, files: Iterable[Path], folder: Path, advance: Advance = lambda _n: None
) -> Iterator[Leak]:
    """Look through files under ``folder`` that would be published; ``watch`` hears of each.

    Raises:
        DiskError: a file cannot be read.
    """
    files = list(files)
    search = _LeakSearch(_read_known_secrets(checkout), _read_article_addresses(files))
    for path in files:
        name = path.relative_to(folder).as_posix()
        for place, words in _read_cells(path) if path.suffix == ".parquet" else _read_lines(path):
            yield from (Leak(f"{name}, {place}", what) for what in search.find(words))
        advance(1)


class _LeakSearch:
    """What is looked for."""

    def __init__(self, known: dict[str, str], printed: set[str]) -> None:
        self._known = known
        self._pattern = re.compile("|".join(map(re.escape, sorted(known)))) if known else None
        self._printed = printed

    def find(self, words: str) -> Iterator[str]:
        if self._pattern and (match := self._pattern.search(words)):
            yield self._known[match.group()]
        for what, shape in _SECRET_PATTERNS.items():
            if shape.search(words):
                yield what
        if "@" in words and any(
            address not in self._printed for address in _EMAIL_ADDRESS.findall(words)
        ):
            yield "an e-mail address that no article prints"


def _read_known_secrets(checkout: Checkout) -> dict[str, str]:
    """Secrets and addresses in use here, each with what it is."""
    found = {
        value: f"the value of {name}"
        for name, value in os.environ.items()
        if value and name.upper().endswith(("TOKEN", "_KEY", "SECRET", "PASSWORD"))
    }
    for path in {
        each
        for pattern in _SECRET_FILES
        for each in checkout.private.glob(pattern)
        if each.is_file()
    }:
        found |= dict.fromkeys(
            _read_secrets(path), f"a secret of {path.relative_to(checkout.root)}"
        )
    people = checkout.private / "annotators.jsonl"
    if people.exists():
        for line in people.read_bytes().splitlines():
            found[msgspec.json.decode(line)["email"]] = "an annotator's address"
    return {value: what for value, what in found.items() if len(value) >= _MIN_SECRET_LENGTH}


def _read_secrets(path: Path) -> list[str]:
    with convert_os_errors(path):
        content = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix != ".json":
        return [content.strip()] if len(content) < 4096 else []
    try:
        held = msgspec.json.decode(content)
    except msgspec.MsgspecError:
        return []
    return (
        [value for name, value in held.items() if name in _SECRET_NAMES]
        if isinstance(held, dict)
        else []
    )


def _read_article_addresses(files: Iterable[Path]) -> set[str]:
    """The addresses that articles print."""
    found: set[str] = set()
    for path in files:
        if path.suffix == ".parquet" and path.parent.name == "articles":
            with convert_os_errors(path), pq.ParquetFile(path) as file:
                for batch in file.iter_batches(_BATCH_ROWS, columns=["text"]):
                    with_at = batch.column(0).filter(
                        pc.fill_null(pc.match_substring(batch.column(0), "@"), False)
                    )
                    for text in with_at.to_pylist():
                        found.update(_EMAIL_ADDRESS.findall(text))
    return found


def _read_lines(path: Path) -> Iterator[tuple[str, str]]:
    with convert_os_errors(path), path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            yield f"line {number}", line


def _read_cells(path: Path) -> Iterator[tuple[str, str]]:
    """Every word of every column, with its column; equal words of one batch once."""
    with convert_os_errors(path), pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_BATCH_ROWS):
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                for place, words in _iterate_strings(name, column):
                    yield from (
                        (f"column {place}", each) for each in words.unique().to_pylist() if each
                    )


def _iterate_strings(place: str, values: Any) -> Iterator[tuple[str, Any]]:
    kind = values.type
    if pa.types.is_dictionary(kind):
        yield from _iterate_strings(place, values.dictionary)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        yield from _iterate_strings(place, pc.list_flatten(values))
    elif pa.types.is_struct(kind):
        for number, field in enumerate(kind):
            yield from _iterate_strings(f"{place}.{field.name}", pc.struct_field(values, [number]))
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
        yield place, values
