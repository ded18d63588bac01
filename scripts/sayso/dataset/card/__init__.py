"""The dataset card, ``corpus/README.md``, and the files beside it: Croissant, citation, plots.

The card belongs to its authors. A build replaces the computed keys of its head and the text between
markers; everything else stays byte for byte. A corpus without a card gets ``start.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sayso.agreement.agreement_report import decode_report, encode_report
from sayso.dataset.agreement_file import AGREEMENT_FILE
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
from sayso.dataset.card.built_dataset import SPLITS, BuiltDataset, DatasetFile, read_data_version
from sayso.dataset.card.citation import Citation
from sayso.dataset.card.markdown import format_code
from sayso.dataset.card.start_files import render_start_file
from sayso.dataset.card.yaml_header import UNFINISHED_PATH
from sayso.errors import InputError
from sayso.files import (
    PARTIAL_SUFFIX,
    convert_os_errors,
    is_file,
    list_files,
    read_file,
    write_if_changed,
)
from sayso.schema.column_names import list_configs, pluralise
from sayso.schema.declarations import Schema
from sayso.schema.guidelines import GUIDELINES_FILE, read_guidelines
from sayso.settings import Checkout

__all__ = [
    "CARD_FILE",
    "COMPUTED_PARTS",
    "SPLITS",
    "UNFINISHED_PATH",
    "BuiltDataset",
    "CardFiles",
    "DatasetFile",
    "StalePart",
    "blank_card",
    "build_card_files",
    "collect_dataset",
    "hide_data",
    "read_data_version",
]

CARD_FILE = "README.md"
CHANGELOG_FILE = "CHANGELOG.md"
START_CARD = "start.md"


def _versions_section(dataset: BuiltDataset) -> str:
    changes = "No version has been released yet."
    if dataset.has_changelog:
        changes = f"[{CHANGELOG_FILE}]({CHANGELOG_FILE}) lists the changes in each version."
    return f"These data are version {format_code(dataset.version)}. {changes}"


def _loading_section(dataset: BuiltDataset) -> str:
    tag = f"v{dataset.version}"
    flat = "mentions" if dataset.schema.labels else "answers"
    config = next(map(pluralise, dataset.schema.frames), flat)
    return (
        "```python\n"
        f'load_dataset("OWNER/NAME", "{config}", revision="{tag}")  # this version, from the Hub\n'
        f'load_dataset("./corpus", "{config}")  # from a checkout, after `git checkout {tag}`\n```'
    )


COMPUTED_PARTS: Mapping[str, Callable[[BuiltDataset, Citation], str]] = {
    "summary": lambda dataset, _: data_statement.summary_section(dataset),
    "configurations": lambda dataset, _: count_tables.configurations_section(dataset),
    "loading": lambda dataset, _: _loading_section(dataset),
    "header": lambda dataset, cite: data_statement.header_section(dataset, cite.title),
    "sources": lambda dataset, _: count_tables.sources_section(dataset),
    "annotators": lambda dataset, _: data_statement.annotators_section(dataset),
    "agreement": lambda dataset, _: agreement_section.agreement_section(dataset.agreement),
    "schema": lambda dataset, _: structure_sections.schema_section(dataset.schema),
    "structure": lambda dataset, _: structure_sections.structure_section(dataset),
    "figures": lambda dataset, _: count_tables.counts_section(dataset),
    "plots": lambda dataset, _: card_plots.plots_section(dataset),
    "licences": lambda dataset, _: count_tables.licences_section(dataset),
    "versions": lambda dataset, _: _versions_section(dataset),
    "citation": lambda dataset, cite: f"```bibtex\n{cite.bibtex(dataset)}\n```",
}
"""Name of a computed part, as the markers in the card spell it -> function that computes it."""


class StalePart(NamedTuple):
    """Something computed that is out of date. ``line`` counts from 1; 0 means the whole file."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}: {self.reason}"


@dataclass(frozen=True)
class CardFiles:
    """The card and the files beside the data.

    Attributes:
        files: name under ``corpus/`` -> content, the card last.
        obsolete: files on disk that no longer belong there.
        stale: everything that is out of date on disk.
    """

    files: Mapping[str, bytes]
    obsolete: tuple[str, ...]
    stale: tuple[StalePart, ...]

    def write(self, folder: Path) -> None:
        """Write the files that differ, the card last."""
        for name in self.obsolete:
            with convert_os_errors(folder / name):
                (folder / name).unlink(missing_ok=True)
        for name, content in self.files.items():
            write_if_changed(folder / name, content)


def collect_dataset(
    checkout: Checkout,
    schema: Schema,
    files: Mapping[str, DatasetFile],
    agreement_json: bytes | None,
) -> BuiltDataset:
    """Add to the files of a build what else the card tells: version, guidelines, agreement.

    Raises:
        InputError: ``agreement.json`` is broken, or the guidelines have no version.
    """
    agreement = None
    if agreement_json is not None:
        where = str(checkout.root / "corpus" / AGREEMENT_FILE)
        agreement = decode_report(agreement_json, where)
    return BuiltDataset(
        schema,
        read_data_version(checkout),
        files,
        guidelines=read_guidelines(checkout.root / GUIDELINES_FILE),
        agreement=agreement,
        has_changelog=is_file(checkout.root / "corpus" / CHANGELOG_FILE),
    )


def build_card_files(folder: Path, dataset: BuiltDataset) -> CardFiles:
    """Compute the files that belong beside the data in ``folder``, which is ``corpus/``.

    Raises:
        InputError: the card's markers or head are wrong, or the citation lacks a key.
    """
    cite = citation.read_citation(folder)
    files = card_plots.render_plots(dataset)
    if dataset.agreement:
        files[AGREEMENT_FILE] = encode_report(dataset.agreement)
    files[croissant.CROISSANT_FILE] = croissant.build_croissant(dataset, cite)
    files[citation.CITATION_FILE] = cite.with_version(dataset).encode()
    files[CARD_FILE] = _render_card(folder / CARD_FILE, dataset, cite).encode()
    patterns = [
        AGREEMENT_FILE,
        f"{AGREEMENT_FILE}.*{PARTIAL_SUFFIX}",
        f"{card_plots.PLOTS_FOLDER}/*.svg",
        f"{card_plots.PLOTS_FOLDER}/*{PARTIAL_SUFFIX}",
        # what a killed build left
        *(f"{name}.*{PARTIAL_SUFFIX}" for name in files if "/" not in name),
    ]
    on_disk = {path for pattern in patterns for path in list_files(folder, pattern)}
    names = sorted(path.relative_to(folder).as_posix() for path in on_disk)
    obsolete = tuple(name for name in names if name not in files)
    return CardFiles(files, obsolete, tuple(_find_stale(folder, files, obsolete)))


def _render_card(path: Path, dataset: BuiltDataset, cite: Citation) -> str:
    contents = {name: compute(dataset, cite) for name, compute in COMPUTED_PARTS.items()}
    configs = list_configs(dataset.schema)
    start = (
        _read_text(path) if is_file(path) else render_start_file(START_CARD, cite.title, configs)
    )
    text = markers.fill_parts(start, contents, path)
    head, body = yaml_header.split_card(text, path)
    head = yaml_header.replace_keys(head, yaml_header.computed_keys(dataset))
    yaml_header.parse_header(head, path)  # hand-written keys may clash with computed ones
    return yaml_header.join_card(head, body)


def blank_card(text: str, path: Path) -> str:
    """Return a card as it was before its first build: without computed parts and data files.

    Raises:
        InputError: the card's markers or head are wrong.
    """
    head, body = yaml_header.split_card(text, path)
    head = yaml_header.replace_keys(head, {"configs": {}, "dataset_info": {}})
    return yaml_header.join_card(head, markers.empty_parts(body, path))


def hide_data(path: Path) -> None:
    """Remove the data files from the card while they are replaced, so that loading fails."""
    if is_file(path):
        head, body = yaml_header.split_card(_read_text(path), path)
        hidden = yaml_header.join_card(yaml_header.hide_data_files(head), body)
        write_if_changed(path, hidden.encode())


def _read_text(path: Path) -> str:
    try:
        with convert_os_errors(path):
            return read_file(path).decode()  # line ends stay as they are
    except UnicodeDecodeError as error:
        remedy = "restore it from git"
        raise InputError(f"not UTF-8: {error}", where=str(path), remedy=remedy) from error


def _find_stale(
    folder: Path, files: Mapping[str, bytes], obsolete: tuple[str, ...]
) -> Iterator[StalePart]:
    for name, content in files.items():
        path = folder / name
        with convert_os_errors(path):
            if not is_file(path):
                yield StalePart(name, 0, "it is not there")
            elif read_file(path) != content:
                if name == CARD_FILE:
                    yield from _find_stale_parts(path, content.decode())
                else:
                    yield StalePart(name, 0, "it is stale")
    yield from (StalePart(name, 0, "nothing makes it any more") for name in obsolete)


def _find_stale_parts(path: Path, new: str) -> Iterator[StalePart]:
    """Yield the keys of the head and the parts of the body that differ."""
    old = _read_text(path)
    old_head, new_head = (yaml_header.split_card(text, path)[0] for text in (old, new))
    if old_head != new_head:
        new_keys = yaml_header.parse_header(new_head, path)
        try:
            old_keys = yaml_header.parse_header(old_head, path)
        except InputError:  # a merge has kept the lines of both sides
            old_keys = {}
        keys = [key for key in {**new_keys, **old_keys} if old_keys.get(key) != new_keys.get(key)]
        yield from (StalePart(CARD_FILE, 1, f"the head's {key}") for key in keys or ["spelling"])
    new_parts = markers.find_parts(new, path)
    for name, part in markers.find_parts(old, path).items():
        if markers.read_part(old, part) != markers.read_part(new, new_parts[name]):
            yield StalePart(CARD_FILE, part.first + 1, f"the computed part {name!r}")
