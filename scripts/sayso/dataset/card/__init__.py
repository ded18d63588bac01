"""The dataset card, ``corpus/README.md``, and what lies beside it: Croissant metadata, a citation, plots.

The card belongs to whoever writes it. A build replaces the keys of its head that are computed and what stands between
marks; everything else stays byte for byte. A new instance starts from the card in this package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sayso import guidelines
from sayso.agreement.stated import decoded, encoded
from sayso.dataset.agreement import FILE as AGREEMENT
from sayso.dataset.card import agreement, citation, counts, croissant, head, marks, plots, statement, structure
from sayso.dataset.card.citation import Citation
from sayso.dataset.card.head import UNFINISHED
from sayso.dataset.card.made import SPLITS, Made
from sayso.dataset.card.markdown import code
from sayso.dataset.parquet import Footer
from sayso.errors import InputError
from sayso.files import PARTIAL, explained, write_if_changed
from sayso.schema import Schema

__all__ = [
    "CARD",
    "CHANGES",
    "PARTS",
    "SPLITS",
    "START",
    "UNFINISHED",
    "Beside",
    "Made",
    "Stale",
    "beside",
    "gathered",
    "withdraw",
]

CARD = "README.md"
CHANGES = "CHANGELOG.md"
START = Path(__file__).with_name("start.md")


def _versions(made: Made) -> str:
    changes = f"[{CHANGES}]({CHANGES}) says what changed in each version." if made.changes else (
        "No version has been released yet, so there is nothing that could have changed."
    )  # fmt: skip
    return f"These data are version {code(made.version)}. {changes}"


def _loading(made: Made) -> str:
    return (
        "```python\n"
        f'load_dataset("OWNER/NAME", "claims", revision="v{made.version}")  # from the hub, just this version\n'
        f'load_dataset("./corpus", "claims")  # from a checkout: first `git checkout v{made.version}`\n```'
    )


PARTS: Mapping[str, Callable[[Made, Citation], str]] = {
    "summary": lambda made, _: statement.summary(made),
    "configurations": lambda made, _: counts.configurations(made),
    "loading": lambda made, _: _loading(made),
    "header": lambda made, _: statement.header(made),
    "sources": lambda made, _: counts.sources(made),
    "annotators": lambda made, _: statement.annotators(made),
    "agreement": lambda made, _: agreement.agreement(made.agreement),
    "schema": lambda made, _: structure.schema(made.schema),
    "structure": lambda made, _: structure.configurations(made),
    "figures": lambda made, _: counts.figures(made),
    "plots": lambda made, _: plots.shown(made),
    "licences": lambda made, _: counts.licences(made),
    "versions": lambda made, _: _versions(made),
    "citation": lambda made, cite: f"```bibtex\n{cite.bibtex(made)}\n```",
}
"""Name of a computed part, as the marks in the card spell it → what makes it."""


class Stale(NamedTuple):
    """Something computed that is not what the data give. ``line`` counts from 1; 0 means the whole file."""

    file: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.file}: {self.what}"


@dataclass(frozen=True)
class Beside:
    """What belongs beside the data.

    Attributes:
        files: name under ``corpus/`` → content, the card last.
        gone: files that nothing makes any more.
        stale: what of all this is otherwise on disk, in order.
    """

    files: Mapping[str, bytes]
    gone: tuple[str, ...]
    stale: tuple[Stale, ...]

    def put(self, folder: Path) -> None:
        """Write what differs and nothing else, the card last of all."""
        for name in self.gone:
            with explained(folder / name):
                (folder / name).unlink(missing_ok=True)
        for name, content in self.files.items():
            if not _holds(folder / name, content):
                write_if_changed(folder / name, content)


def gathered(
    root: Path, schema: Schema, version: str, footers: Mapping[str, Footer], digests: Mapping[str, str],
    place: Callable[[str], Path], measured: bytes | None,
) -> Made:  # fmt: skip
    """What a build made, with what the checkout at ``root`` says besides: guidelines, changes.

    Args:
        measured: what ``agreement.json`` holds.

    Raises:
        InputError: ``agreement.json`` is not as it should be, or the guidelines do not say their version.
    """
    folder, read = root / "corpus", guidelines.read(root / guidelines.FILE)
    return Made(
        schema, version, footers, digests, place,
        guidelines=read,
        agreement=decoded(measured, str(folder / AGREEMENT)) if measured is not None else None,
        changes=(folder / CHANGES).is_file(),
    )  # fmt: skip


def beside(folder: Path, made: Made) -> Beside:
    """What belongs beside the data in ``folder``, which is ``corpus/``; nothing is written.

    Raises:
        InputError: marks in the card are wrong or missing, its head is not YAML, or a citation lacks what it needs.
    """
    cite, drawn = citation.read(folder), plots.plots(made)
    files = {
        **drawn,
        **({AGREEMENT: encoded(made.agreement)} if made.agreement else {}),
        croissant.FILE: croissant.croissant(made, cite),
        citation.FILE: cite.updated(made).encode(),
        CARD: render(folder / CARD, made, cite).encode(),
    }
    left = [f"{name}.*{PARTIAL}" for name in (*files, AGREEMENT) if "/" not in name]  # by a build that was killed
    kinds = (AGREEMENT, f"{plots.FOLDER}/*.svg", f"{plots.FOLDER}/*{PARTIAL}", *left)
    owned = {path for kind in kinds for path in folder.glob(kind)}
    there = sorted(path.relative_to(folder).as_posix() for path in owned)
    gone = tuple(name for name in there if name not in files)
    return Beside(files, gone, tuple(_stale(folder, files, gone)))


def render(path: Path, made: Made, cite: Citation) -> str:
    """The card that belongs to what was made; what is hand-written in the one at ``path`` stays."""
    contents = {name: compute(made, cite) for name, compute in PARTS.items()}
    text = marks.filled(_text(path if path.is_file() else START), contents, path)
    keys, body = head.parted(text, path)
    keys = head.replaced(keys, head.computed(made))
    head.read(keys, path)
    return head.joined(keys, body)


def withdraw(path: Path) -> None:
    """Let the card name no data while files are put in place: loading raises rather than mixes two builds."""
    if path.is_file():
        keys, body = head.parted(_text(path), path)
        write_if_changed(path, head.joined(head.withdrawn(keys), body).encode())


def _holds(path: Path, content: bytes) -> bool:
    with explained(path):
        return path.is_file() and path.read_bytes() == content


def _text(path: Path) -> str:
    try:
        with explained(path):
            return path.read_bytes().decode()  # line ends stay as they are
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8: {error}", where=str(path), remedy="restore it from git") from error


def _stale(folder: Path, files: Mapping[str, bytes], gone: tuple[str, ...]) -> Iterator[Stale]:
    for name, content in files.items():
        path = folder / name
        if not path.is_file():
            yield Stale(name, 0, "it is not there")
        elif not _holds(path, content):
            yield from _stale_parts(path, content.decode()) if name == CARD else [Stale(name, 0, "it is stale")]
    yield from (Stale(name, 0, "nothing makes it any more") for name in gone)


def _stale_parts(path: Path, new: str) -> Iterator[Stale]:
    """Which keys of the head and which parts of the body differ; the head alone where only its spelling does."""
    old = _text(path)
    (old_head, _), (new_head, _) = head.parted(old, path), head.parted(new, path)
    old_keys, new_keys = head.read(old_head, path), head.read(new_head, path)
    keys = [key for key in {**new_keys, **old_keys} if old_keys.get(key) != new_keys.get(key)]
    if old_head != new_head:
        yield from (Stale(CARD, 1, f"the head's {key}") for key in keys or ["spelling"])
    wanted = {name: marks.held(new, part) for name, part in marks.parts(new, path).items()}
    for name, part in marks.parts(old, path).items():
        if marks.held(old, part) != wanted[name]:
            yield Stale(CARD, part.first + 1, f"the computed part {name!r}")
