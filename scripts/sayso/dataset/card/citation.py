"""The citation: ``CITATION.cff``, written by hand but for version and date, and BibTeX."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sayso.dataset.card.built_dataset import BuiltDataset
from sayso.dataset.card.start_files import render_start_file
from sayso.errors import InputError
from sayso.files import convert_os_errors, is_file, read_text
from sayso.schema.yaml_reader import parse_yaml

CITATION_FILE = "CITATION.cff"
_VERSION_LINE = re.compile(r"^version:.*\n", re.MULTILINE)
_DATE_LINE = re.compile(r"^date-released:.*\n", re.MULTILINE)
_REQUIRED_KEYS = ("title", "authors", "message", "cff-version")


@dataclass(frozen=True)
class Citation:
    """The text of a citation file."""

    text: str

    def with_version(self, dataset: BuiltDataset) -> str:
        """Return the text with version and date of the dataset.

        The date is that of the latest change in the sources, so equal sources give equal files.
        """
        date = f'date-released: "{dataset.last_change}"\n' if dataset.last_change else ""
        undated = _DATE_LINE.sub("", self.text)
        return _VERSION_LINE.sub(f"version: {dataset.version}\n{date}", undated, count=1)

    @cached_property
    def keys(self) -> dict[str, Any]:
        """The keys of the file."""
        keys: dict[str, Any] = parse_yaml(self.text, CITATION_FILE, "")
        return keys

    @property
    def title(self) -> str:
        """The title of the dataset."""
        return str(self.keys["title"])

    @property
    def key(self) -> str:
        """The title up to a colon as a key of BibTeX, or ``corpus`` where it has no such letters.

        >>> Citation('title: "Court rulings: parties"').key, Citation("title: 判決").key
        ('court-rulings', 'corpus')
        """
        words = re.findall("[a-z0-9]+", self.title.partition(":")[0].lower())
        return "-".join(words) or "corpus"

    @property
    def authors(self) -> list[str]:
        """The authors as BibTeX takes them: bodies in braces, family names first."""
        return [_format_author(author) for author in self.keys["authors"]]

    @property
    def license(self) -> str:
        """The licence of the annotations; empty if not given."""
        return str(self.keys.get("license", ""))

    @property
    def url(self) -> str:
        """The home of the dataset; empty if not given."""
        urls = (self.keys.get(key) for key in ("url", "repository", "repository-code"))
        return next((str(url) for url in urls if url), "")

    def bibtex(self, dataset: BuiltDataset) -> str:
        """Return a BibTeX entry for the version of the dataset."""
        digest = dataset.digest("gold")[:16]
        fields = {
            "title": self.title,
            "author": " and ".join(self.authors),
            "year": dataset.last_change[:4],
            "version": dataset.version,
            "doi": str(self.keys.get("doi", "")),
            "url": self.url,
            "note": f"Dataset, schema {dataset.schema.version}, sha256 of gold {digest}",
        }
        lines = [f"  {name:<8}= {{{value}}}," for name, value in fields.items() if value]
        return "\n".join([f"@misc{{{self.key},", *lines, "}"])


def _format_author(author: Mapping[str, Any]) -> str:
    if "name" in author:
        return f"{{{author['name']}}}"
    family = " ".join(
        str(author[key]) for key in ("name-particle", "family-names") if author.get(key)
    )
    names = (family, author.get("name-suffix"), author.get("given-names"))
    return ", ".join(str(name) for name in names if name)


def read_citation(folder: Path) -> Citation:
    """Read the citation of the dataset in ``folder``, or the one that a corpus begins with.

    Raises:
        InputError: it is not YAML, has no line for the version, or lacks a required key.
    """
    path = folder / CITATION_FILE
    with convert_os_errors(path):
        is_there = is_file(path)
        text = read_text(path) if is_there else render_start_file(CITATION_FILE)
    keys = parse_yaml(text, str(path), "correct it, or restore it from git")
    for key in _REQUIRED_KEYS:
        if not isinstance(keys, dict) or not keys.get(key):
            raise InputError(f"no {key}", where=str(path), remedy="add it")
    authors = keys["authors"]
    if not isinstance(authors, list) or not all(isinstance(author, dict) for author in authors):
        raise InputError("no keys for an author", where=str(path), remedy="add them")
    if not _VERSION_LINE.search(text):
        remedy = "add one; `sayso build` fills it in"
        raise InputError("no line `version: …`", where=str(path), remedy=remedy)
    return Citation(text)
