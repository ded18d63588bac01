"""Search everything that would be published for secrets and personal data.

Known values, such as tokens and addresses in use here, are searched for as they are; others by
pattern. An e-mail address that an article prints is part of the article.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sayso.callbacks import Advance
from sayso.files import convert_os_errors, exists, list_files, open_file, read_file, read_text
from sayso.models import DECODE_ERRORS
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
_SECRET_KEYS = ("password", "token", "key", "secret")
_SECRET_VARIABLES = ("TOKEN", "_KEY", "SECRET", "PASSWORD")
_MIN_SECRET_LENGTH = 8  # shorter ones occur by chance


@dataclass(frozen=True)
class Leak:
    """A kind of thing that must not be published, and where it is; its value is never shown."""

    location: str
    kind: str


def find_leaks(
    checkout: Checkout, files: Iterable[Path], folder: Path, advance: Advance = lambda _count: None
) -> Iterator[Leak]:
    """Search the files under ``folder`` that would be published.

    Args:
        advance: called for each file.
    """
    files = list(files)
    known = _read_known_secrets(checkout)
    known_pattern = re.compile("|".join(map(re.escape, sorted(known)))) if known else None
    printed = {address for path in files for address in _read_article_addresses(path)}
    for path in files:
        name = path.relative_to(folder).as_posix()
        for place, text in _read_cells(path) if path.suffix == ".parquet" else _read_lines(path):
            if known_pattern and (match := known_pattern.search(text)):
                yield Leak(f"{name}, {place}", known[match.group()])
            for kind, pattern in _SECRET_PATTERNS.items():
                if pattern.search(text):
                    yield Leak(f"{name}, {place}", kind)
            if "@" in text and not printed.issuperset(_EMAIL_ADDRESS.findall(text)):
                yield Leak(f"{name}, {place}", "an e-mail address that no article prints")
        advance(1)


def _read_known_secrets(checkout: Checkout) -> dict[str, str]:
    """Return the secrets and addresses in use here with their kinds."""
    secrets = {
        value: f"the value of {name}"
        for name, value in os.environ.items()
        if name.upper().endswith(_SECRET_VARIABLES)
    }
    for pattern in _SECRET_FILES:
        for path in list_files(checkout.private, pattern):
            kind = f"a secret of {path.relative_to(checkout.root)}"
            secrets |= dict.fromkeys(_read_secrets(path), kind)
    annotators = checkout.private / "annotators.jsonl"
    if exists(annotators):
        for line in read_file(annotators).splitlines():
            secrets[msgspec.json.decode(line)["email"]] = "an annotator's address"
    return {value: kind for value, kind in secrets.items() if len(value) >= _MIN_SECRET_LENGTH}


def _read_secrets(path: Path) -> list[str]:
    with convert_os_errors(path):
        content = read_text(path, errors="replace")
    if path.suffix != ".json":
        return [content.strip()] if len(content) < 4096 else []
    try:
        record = msgspec.json.decode(content)
    except DECODE_ERRORS:
        return []
    if not isinstance(record, dict):
        return []
    return [str(value) for key, value in record.items() if key in _SECRET_KEYS]


def _read_article_addresses(path: Path) -> Iterator[str]:
    if path.suffix == ".parquet" and path.parent.name == "articles":
        with convert_os_errors(path), pq.ParquetFile(path) as file:
            for batch in file.iter_batches(_BATCH_ROWS, columns=["text"]):
                texts = batch.column(0)
                has_at = pc.fill_null(pc.match_substring(texts, "@"), False)
                for text in texts.filter(has_at).to_pylist():
                    yield from _EMAIL_ADDRESS.findall(text)


def _read_lines(path: Path) -> Iterator[tuple[str, str]]:
    with (
        convert_os_errors(path),
        TextIOWrapper(open_file(path), encoding="utf-8", errors="replace") as file,
    ):
        for number, line in enumerate(file, 1):
            yield f"line {number}", line


def _read_cells(path: Path) -> Iterator[tuple[str, str]]:
    """Yield column and text of every string, equal ones of a batch once."""
    with convert_os_errors(path), pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_BATCH_ROWS):
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                for place, strings in _iterate_strings(name, column):
                    for text in strings.unique().to_pylist():
                        if text:
                            yield f"column {place}", text


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
