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

from sayso.reports.palette import DARK, LIGHT, make_legible, mix_colours
from sayso.schema.declarations import Schema

_HERE = Path(__file__).parent
DARK_MEDIA = "@media screen and (prefers-color-scheme: dark)"


class JsonBlock(NamedTuple):
    """A JSON array in an element of its own, in pieces."""

    id: str
    pieces: Iterator[str]


def encode_json(value: object) -> bytes:
    """JSON that can stand inside a ``script`` element: nothing in it can end the element or open a comment.

    >>> encode_json("</script><!--")
    b'"\\\\u003c/script>\\\\u003c!--"'
    """
    return msgspec.json.encode(value).replace(b"<", b"\\u003c")


class JsonSpool:
    """Lines of JSON on their way into the page, in a file that has no name."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.count = 0

    def add(self, value: object) -> None:
        """Take one more value."""
        self._file.write(encode_json(value) + b"\n")
        self.count += 1

    def read_blocks(self, name: str, size: int) -> Iterator[JsonBlock]:
        """Everything taken, in arrays of ``size`` values, each to be used before the next is asked for."""
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


def open_temporary_file(folder: Path) -> Any:
    """A file for a spool, on the disk that the page will be on."""
    return tempfile.TemporaryFile(dir=folder, buffering=1 << 20)


def build_data_block(value: object) -> JsonBlock:
    """What the script knows before all else, under that name."""
    return JsonBlock("facts", iter([encode_json(value).decode()]))


def write_page(
    file: BinaryIO,
    template: Path,
    style: str,
    script: str,
    context: dict[str, Any],
    blocks: Iterable[JsonBlock] = (),
    late_blocks: Iterable[JsonBlock] = (),
) -> None:
    """Write a page: what opens at once first, then the script, then what it reads later."""
    environment = Environment(
        loader=FileSystemLoader([template.parent, _HERE]),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    script = f"{read_asset('tools.js')}\n{script}" if script else ""
    style = f"{read_asset('base.css')}\n{style}"
    held = {
        "style": style,
        "style_hash": _hash_source(style),
        "script": script,
        "script_hash": _hash_source(script),
    }
    page = environment.get_template(template.name)
    for piece in page.generate(**held, **context, blocks=blocks, late_blocks=late_blocks):
        file.write(piece.encode())


def read_asset(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _hash_source(source: str) -> str:
    return base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()


def label_colours(schema: Schema, background: str) -> str:
    """For each label its colour as a line that is seen and as a tint that text is read on."""
    return "".join(
        f".layer-{number}{{--line:{make_legible(label.colour, background)};--tint:{tint_colour(label.colour, background)}}}"
        for number, label in enumerate(schema.labels.values())
    )


def tint_colour(colour: str, background: str) -> str:
    """A breath of a colour over the page."""
    return mix_colours(background, colour, 0.13 if background == LIGHT else 0.24)


def style_both_themes(rules: Any) -> str:
    """Style that is worked out for the colour of a page, for the light room and for the dark."""
    return f"{rules(LIGHT)}\n{DARK_MEDIA} {{ {rules(DARK)} }}\n"
