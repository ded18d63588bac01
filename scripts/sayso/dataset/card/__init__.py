"""The dataset card, ``corpus/README.md``, and what lies beside it: Croissant metadata, a citation, plots.

The card belongs to whoever writes it. A build replaces the keys of its head that are computed and what stands between
marks; everything else stays byte for byte. A new instance starts from the card in this package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sayso.agreement.agreement_report import decode_report, encode_report
from sayso.dataset.agreement_file import AGREEMENT_FILE as AGREEMENT
from sayso.dataset.card import (
    agreement_section,
    card_plots,
    citation,
    count_tables,
    croissant,
    data_statement,
    markers,
    structure_sections,
    yaml_header,
)
from sayso.dataset.card.built_dataset import SPLITS, BuiltDataset
from sayso.dataset.card.citation import Citation
from sayso.dataset.card.markdown import format_code
from sayso.dataset.card.yaml_header import UNFINISHED_PATH
from sayso.dataset.parquet_files import DatasetFileFooter
from sayso.errors import InputError
from sayso.files import PARTIAL_SUFFIX, convert_os_errors, write_if_changed
from sayso.schema import guidelines
from sayso.schema.declarations import Schema

__all__ = ["SPLITS", "UNFINISHED_PATH", "BuiltDataset"]

CARD_FILE = "README.md"
CHANGELOG_FILE = "CHANGELOG.md"
CARD_TEMPLATE = Path(__file__).with_name("start.md")


def _versions_section(made: BuiltDataset) -> str:
    changes = (
        f"[{CHANGELOG_FILE}]({CHANGELOG_FILE}) says what changed in each version."
        if made.has_changelog
        else ("No version has been released yet, so there is nothing that could have changed.")
    )
    return f"These data are version {format_code(made.version)}. {changes}"


def _loading_section(made: BuiltDataset) -> str:
    return (
        "```python\n"
        f'load_dataset("OWNER/NAME", "claims", revision="v{made.version}")  # from the hub, just this version\n'
        f'load_dataset("./corpus", "claims")  # from a checkout: first `git checkout v{made.version}`\n```'
    )


COMPUTED_PARTS: Mapping[str, Callable[[BuiltDataset, Citation], str]] = {
    "summary": lambda made, _: data_statement.summary_section(made),
    "configurations": lambda made, _: count_tables.configurations_section(made),
    "loading": lambda made, _: _loading_section(made),
    "header": lambda made, _: data_statement.header_section(made),
    "sources": lambda made, _: count_tables.sources_section(made),
    "annotators": lambda made, _: data_statement.annotators_section(made),
    "agreement": lambda made, _: agreement_section.agreement_section(made.agreement),
    "schema": lambda made, _: structure_sections.schema_section(made.schema),
    "structure": lambda made, _: structure_sections.structure_section(made),
    "figures": lambda made, _: count_tables.counts_section(made),
    "plots": lambda made, _: card_plots.plots_section(made),
    "licences": lambda made, _: count_tables.licences_section(made),
    "versions": lambda made, _: _versions_section(made),
    "citation": lambda made, cite: f"```bibtex\n{cite.bibtex(made)}\n```",
}
"""Name of a computed part, as the marks in the card spell it → what makes it."""


class StalePart(NamedTuple):
    """Something computed that is not what the data give. ``line`` counts from 1; 0 means the whole file."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}: {self.reason}"


@dataclass(frozen=True)
class CardFiles:
    """What belongs beside the data.

    Attributes:
        files: name under ``corpus/`` → content, the card last.
        gone: files that nothing makes any more.
        stale: what of all this is otherwise on disk, in order.
    """

    files: Mapping[str, bytes]
    obsolete: tuple[str, ...]
    stale: tuple[StalePart, ...]

    def write(self, folder: Path) -> None:
        """Write what differs and nothing else, the card last of all."""
        for name in self.obsolete:
            with convert_os_errors(folder / name):
                (folder / name).unlink(missing_ok=True)
        for name, content in self.files.items():
            if not _has_content(folder / name, content):
                write_if_changed(folder / name, content)


def collect_dataset(
    root: Path,
    schema: Schema,
    version: str,
    footers: Mapping[str, DatasetFileFooter],
    digests: Mapping[str, str],
    file_path: Callable[[str], Path],
    agreement_json: bytes | None,
) -> BuiltDataset:
    """What a build made, with what the checkout at ``root`` says besides: guidelines, changes.

    Args:
        measured: what ``agreement.json`` holds.

    Raises:
        InputError: ``agreement.json`` is not as it should be, or the guidelines do not say their version.
    """
    folder, read = root / "corpus", guidelines.read_guidelines(root / guidelines.GUIDELINES_FILE)
    return BuiltDataset(
        schema,
        version,
        footers,
        digests,
        file_path,
        guidelines=read,
        agreement=decode_report(agreement_json, str(folder / AGREEMENT))
        if agreement_json is not None
        else None,
        has_changelog=(folder / CHANGELOG_FILE).is_file(),
    )


def build_card_files(folder: Path, made: BuiltDataset) -> CardFiles:
    """What belongs beside the data in ``folder``, which is ``corpus/``; nothing is written.

    Raises:
        InputError: marks in the card are wrong or missing, its head is not YAML, or a citation lacks what it needs.
    """
    cite, drawn = citation.read_citation(folder), card_plots.render_plots(made)
    files = {
        **drawn,
        **({AGREEMENT: encode_report(made.agreement)} if made.agreement else {}),
        croissant.CROISSANT_FILE: croissant.build_croissant(made, cite),
        citation.CITATION_FILE: cite.with_version(made).encode(),
        CARD_FILE: render_card(folder / CARD_FILE, made, cite).encode(),
    }
    left = [
        f"{name}.*{PARTIAL_SUFFIX}" for name in (*files, AGREEMENT) if "/" not in name
    ]  # by a build that was killed
    kinds = (
        AGREEMENT,
        f"{card_plots.PLOTS_FOLDER}/*.svg",
        f"{card_plots.PLOTS_FOLDER}/*{PARTIAL_SUFFIX}",
        *left,
    )
    owned = {path for kind in kinds for path in folder.glob(kind)}
    there = sorted(path.relative_to(folder).as_posix() for path in owned)
    gone = tuple(name for name in there if name not in files)
    return CardFiles(files, gone, tuple(_find_stale(folder, files, gone)))


def render_card(path: Path, made: BuiltDataset, cite: Citation) -> str:
    """The card that belongs to what was made; what is hand-written in the one at ``path`` stays."""
    contents = {name: compute(made, cite) for name, compute in COMPUTED_PARTS.items()}
    text = markers.fill_parts(_read_text(path if path.is_file() else CARD_TEMPLATE), contents, path)
    keys, body = yaml_header.split_card(text, path)
    keys = yaml_header.replace_keys(keys, yaml_header.computed_keys(made))
    yaml_header.parse_header(keys, path)
    return yaml_header.join_card(keys, body)


def hide_data(path: Path) -> None:
    """Let the card name no data while files are put in place: loading raises rather than mixes two builds."""
    if path.is_file():
        keys, body = yaml_header.split_card(_read_text(path), path)
        write_if_changed(
            path, yaml_header.join_card(yaml_header.hide_data_files(keys), body).encode()
        )


def _has_content(path: Path, content: bytes) -> bool:
    with convert_os_errors(path):
        return path.is_file() and path.read_bytes() == content


def _read_text(path: Path) -> str:
    try:
        with convert_os_errors(path):
            return path.read_bytes().decode()  # line ends stay as they are
    except UnicodeDecodeError as error:
        raise InputError(
            f"not UTF-8: {error}", where=str(path), remedy="restore it from git"
        ) from error


def _find_stale(
    folder: Path, files: Mapping[str, bytes], gone: tuple[str, ...]
) -> Iterator[StalePart]:
    for name, content in files.items():
        path = folder / name
        if not path.is_file():
            yield StalePart(name, 0, "it is not there")
        elif not _has_content(path, content):
            yield from (
                _find_stale_parts(path, content.decode())
                if name == CARD_FILE
                else [StalePart(name, 0, "it is stale")]
            )
    yield from (StalePart(name, 0, "nothing makes it any more") for name in gone)


def _find_stale_parts(path: Path, new: str) -> Iterator[StalePart]:
    """Which keys of the head and which parts of the body differ; the head alone where only its spelling does."""
    old = _read_text(path)
    (old_head, _), (new_head, _) = (
        yaml_header.split_card(old, path),
        yaml_header.split_card(new, path),
    )
    old_keys, new_keys = (
        yaml_header.parse_header(old_head, path),
        yaml_header.parse_header(new_head, path),
    )
    keys = [key for key in {**new_keys, **old_keys} if old_keys.get(key) != new_keys.get(key)]
    if old_head != new_head:
        yield from (StalePart(CARD_FILE, 1, f"the head's {key}") for key in keys or ["spelling"])
    wanted = {
        name: markers.read_part(new, part) for name, part in markers.find_parts(new, path).items()
    }
    for name, part in markers.find_parts(old, path).items():
        if markers.read_part(old, part) != wanted[name]:
            yield StalePart(CARD_FILE, part.first + 1, f"the computed part {name!r}")
