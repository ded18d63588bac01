"""What every page is made of: one file with a style sheet, a script and JSON; no network, by a rule of its own.

A page's template fills the blocks of ``base.html``, its style stands after ``base.css``, its script after ``tools.js``.
"""

from __future__ import annotations

import base64
import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sayso.report.palette import DARK, LIGHT, legible, mixed
from sayso.schema import Schema

_HERE = Path(__file__).parent
DARK_ROOM = "@media screen and (prefers-color-scheme: dark)"


class Block(NamedTuple):
    """A JSON array in an element of its own, in pieces."""

    id: str
    pieces: Iterator[str]


def embedded(value: object) -> bytes:
    """JSON that can stand inside a ``script`` element: nothing in it can end the element or open a comment.

    >>> embedded("</script><!--")
    b'"\\\\u003c/script>\\\\u003c!--"'
    """
    return msgspec.json.encode(value).replace(b"<", b"\\u003c")


class Spool:
    """Lines of JSON on their way into the page, in a file that has no name."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.count = 0

    def add(self, value: object) -> None:
        """Take one more value."""
        self._file.write(embedded(value) + b"\n")
        self.count += 1

    def blocks(self, name: str, size: int) -> Iterator[Block]:
        """Everything taken, in arrays of ``size`` values, each to be used before the next is asked for."""
        self._file.seek(0)
        for number in range(-(-self.count // size)):
            yield Block(f"{name}-{number}", self._pieces(min(size, self.count - number * size)))

    def _pieces(self, count: int) -> Iterator[str]:
        before = "["
        for _ in range(count):
            yield before + self._file.readline().decode().rstrip("\n")
            before = ",\n"
        yield "]"


def unnamed(folder: Path) -> Any:
    """A file for a spool, on the disk that the page will be on."""
    return tempfile.TemporaryFile(dir=folder, buffering=1 << 20)


def facts(value: object) -> Block:
    """What the script knows before all else, under that name."""
    return Block("facts", iter([embedded(value).decode()]))


def written(file: BinaryIO, template: Path, style: str, script: str, content: dict[str, Any],
            blocks: Iterable[Block] = (), late_blocks: Iterable[Block] = ()) -> None:  # fmt: skip
    """Write a page: what opens at once first, then the script, then what it reads later."""
    environment = Environment(
        loader=FileSystemLoader([template.parent, _HERE]), autoescape=True, undefined=StrictUndefined,
        keep_trailing_newline=True,
    )  # fmt: skip
    script = f"{_read('tools.js')}\n{script}" if script else ""
    style = f"{_read('base.css')}\n{style}"
    held = {"style": style, "style_hash": _hash(style), "script": script, "script_hash": _hash(script)}
    page = environment.get_template(template.name)
    for piece in page.generate(**held, **content, blocks=blocks, late_blocks=late_blocks):
        file.write(piece.encode())


def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    return base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def layers(schema: Schema, page: str) -> str:
    """For each label its colour as a line that is seen and as a tint that text is read on."""
    return "".join(
        f".layer-{number}{{--line:{legible(label.colour, page)};--tint:{tint(label.colour, page)}}}"
        for number, label in enumerate(schema.labels.values())
    )


def tint(colour: str, page: str) -> str:
    """A breath of a colour over the page."""
    return mixed(page, colour, 0.13 if page == LIGHT else 0.24)


def both_rooms(rules: Any) -> str:
    """Style that is worked out for the colour of a page, for the light room and for the dark."""
    return f"{rules(LIGHT)}\n{DARK_ROOM} {{ {rules(DARK)} }}\n"
