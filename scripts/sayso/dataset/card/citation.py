"""How to cite the data: ``CITATION.cff`` beside the card, written by hand but for version and date, and BibTeX."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sayso.dataset.card.built_dataset import BuiltDataset
from sayso.errors import InputError
from sayso.files import convert_os_errors

CITATION_FILE = "CITATION.cff"
CITATION_TEMPLATE = Path(__file__).with_name(CITATION_FILE)
_VERSION_LINE = re.compile(r"^version:.*\n", re.MULTILINE)
_DATE_LINE = re.compile(r"^date-released:.*\n", re.MULTILINE)


@dataclass(frozen=True)
class Citation:
    """What the file says, and where it lies."""

    text: str
    path: Path

    def with_version(self, made: BuiltDataset) -> str:
        """The file with version and date of what was made; nothing else in it changes.

        The date is that of the latest change in the sources, so that the same sources give the same file.
        """
        date = f'date-released: "{made.last_change}"\n' if made.last_change else ""
        return _VERSION_LINE.sub(
            f"version: {made.version}\n{date}", _DATE_LINE.sub("", self.text), count=1
        )

    @property
    def keys(self) -> dict[str, Any]:
        """Its keys."""
        found: dict[str, Any] = yaml.safe_load(self.text)
        return found

    @property
    def title(self) -> str:
        """Of the dataset."""
        return str(self.keys["title"])

    @property
    def authors(self) -> list[str]:
        """Their names, as BibTeX takes them: a body in braces, of a person the family name first."""
        return [_format_author(each) for each in self.keys["authors"]]

    @property
    def url(self) -> str:
        """Where the dataset is at home; empty where nobody said."""
        return str(
            self.keys.get("url")
            or self.keys.get("repository")
            or self.keys.get("repository-code")
            or ""
        )

    def bibtex(self, made: BuiltDataset) -> str:
        """An entry for the version that was made."""
        fields = {
            "title": self.title,
            "author": " and ".join(self.authors),
            "year": made.last_change[:4],
            "version": made.version,
            "doi": str(self.keys.get("doi", "")),
            "url": self.url,
            "note": f"Dataset, schema {made.schema.version}, sha256 of gold {made.digest('gold')[:16]}",
        }
        lines = [f"  {name:<8}= {{{value}}}," for name, value in fields.items() if value]
        return "\n".join(["@misc{sayso,", *lines, "}"])


def _format_author(said: Mapping[str, Any]) -> str:
    if "name" in said:
        return f"{{{said['name']}}}"
    names = (said.get(key) for key in ("name-particle", "family-names"))
    family = " ".join(str(name) for name in names if name)
    return ", ".join(
        str(name) for name in (family, said.get("name-suffix"), said.get("given-names")) if name
    )


def read_citation(folder: Path) -> Citation:
    """The citation of the dataset in ``folder``, or the one that a new instance starts with.

    Raises:
        InputError: it is not YAML, has no line for the version, or lacks what a citation needs.
    """
    path = folder / CITATION_FILE
    with convert_os_errors(path):
        text = (path if path.is_file() else CITATION_TEMPLATE).read_text(encoding="utf-8")
    try:
        said = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(f"not YAML: {' '.join(str(error).split())}", where=str(path)) from error
    missing = [
        key
        for key in ("title", "authors", "message", "cff-version")
        if not isinstance(said, dict) or not said.get(key)
    ]
    if missing or not all(isinstance(each, dict) for each in said["authors"]):
        raise InputError(
            f"no {missing[0] if missing else 'keys for an author'}",
            where=str(path),
            remedy="add it",
        )
    if not _VERSION_LINE.search(text):
        raise InputError(
            "no line `version: …`", where=str(path), remedy="add one; `sayso build` fills it in"
        )
    return Citation(text, path)
