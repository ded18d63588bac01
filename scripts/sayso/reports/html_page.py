"""The builder of all HTML pages: a self-contained file without network access.

A template extends ``base.html``; styles follow ``base.css`` and scripts follow ``tools.js``.
"""

from __future__ import annotations

import base64
import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, BinaryIO, NamedTuple

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sayso.files import convert_os_errors, read_text, replace_if_changed
from sayso.reports.palette import DARK, LIGHT, make_legible, mix_colours
from sayso.schema.declarations import Schema

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class PageResult:
    """A written page. ``size`` is in bytes; ``changed`` is False if the file had this content."""

    path: Path
    changed: bool
    size: int
    counts: Mapping[str, int] = field(default_factory=dict)


class JsonBlock(NamedTuple):
    """A JSON value in a ``script`` element of its own, as pieces of text."""

    id: str
    pieces: Iterator[str]


@dataclass(frozen=True)
class HtmlPage:
    """A kind of page: the names of its template, styles and scripts.

    Attributes:
        theme_style: computes more CSS from the background of the light and of the dark theme.
    """

    template: str
    styles: tuple[str, ...]
    scripts: tuple[str, ...] = ()
    theme_style: Callable[[str], str] = lambda _background: ""

    def write(
        self,
        path: Path,
        context: Mapping[str, Any],
        blocks: Iterable[JsonBlock] = (),
        late_blocks: Iterable[JsonBlock] = (),
        *,
        mode: int = 0o644,
    ) -> PageResult:
        """Write the page, whole or not at all, unless the file has this content already.

        The browser parses ``blocks`` before the script runs, and ``late_blocks`` after it.

        Raises:
            DiskError: the file cannot be written.
        """
        dark = f"@media screen and (prefers-color-scheme: dark) {{ {self.theme_style(DARK)} }}"
        style = "\n".join([_read_assets("base.css", *self.styles), self.theme_style(LIGHT), dark])
        script = _read_assets("tools.js", *self.scripts) if self.scripts else ""
        # The content security policy admits exactly this style and this script.
        hashes = {"style_hash": _hash_source(style), "script_hash": _hash_source(script)}
        content = {
            **context,
            **hashes,
            "style": style,
            "script": script,
            "blocks": blocks,
            "late_blocks": late_blocks,
        }

        def render(file: BinaryIO) -> None:
            for piece in _ENVIRONMENT.get_template(self.template).generate(content):
                file.write(piece.encode())

        changed = replace_if_changed(path, render, mode=mode)
        return PageResult(path, changed, path.stat().st_size)


_ENVIRONMENT = Environment(
    loader=FileSystemLoader(FOLDER),
    autoescape=True,
    undefined=StrictUndefined,
    keep_trailing_newline=True,
)


def _read_assets(*names: str) -> str:
    return "\n".join(read_text(FOLDER / name) for name in names)


def _hash_source(source: str) -> str:
    return base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()


# --- JSON


def encode_json(value: object) -> bytes:
    """Encode JSON for a ``script`` element: nothing in it can end the element or open a comment.

    >>> encode_json("</script><!--")
    b'"\\\\u003c/script>\\\\u003c!--"'
    """
    return msgspec.json.encode(value).replace(b"<", b"\\u003c")


def build_data_block(value: object) -> JsonBlock:
    """Return the block ``page-data``, which the script reads first."""
    return JsonBlock("page-data", iter([encode_json(value).decode()]))


class JsonSpool:
    """Rows on their way into a page, in a temporary file: a corpus need not fit in memory."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.count = 0

    @classmethod
    @contextmanager
    def open(cls, folder: Path) -> Iterator[JsonSpool]:
        """Open a spool in an unnamed file on the disk of the page, deleted at the end."""
        with (
            convert_os_errors(folder),
            tempfile.TemporaryFile(dir=folder, buffering=1 << 20) as file,
        ):
            yield cls(file)

    def add(self, value: object) -> None:
        """Append a row."""
        self._file.write(encode_json(value) + b"\n")
        self.count += 1

    def read_blocks(self, name: str, size: int) -> Iterator[JsonBlock]:
        """Yield all rows in arrays of ``size``; read each block before asking for the next."""
        self._file.seek(0)
        for number in range(-(-self.count // size)):
            yield JsonBlock(
                f"{name}-{number}", self._read_array(min(size, self.count - number * size))
            )

    def _read_array(self, count: int) -> Iterator[str]:
        before = "["
        for _ in range(count):
            yield before + self._file.readline().decode().rstrip("\n")
            before = ",\n"
        yield "]"


# --- colours of labels


def label_colours(schema: Schema, background: str) -> str:
    """Return CSS with two colours per label: one for lines and text, and a tint to read text on."""
    return "".join(
        f".label-{number}{{--line:{make_legible(label.colour, background)};"
        f"--tint:{tint_colour(label.colour, background)}}}"
        for number, label in enumerate(schema.labels.values())
    )


def tint_colour(colour: str, background: str) -> str:
    """Mix a little of a colour into the background."""
    return mix_colours(background, colour, 0.13 if background == LIGHT else 0.24)
