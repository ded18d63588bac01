"""How to cite the data: ``CITATION.cff`` beside the card, written by hand but for version and date, and BibTeX."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sayso.dataset.card.made import Made
from sayso.errors import InputError
from sayso.files import explained

FILE = "CITATION.cff"
START = Path(__file__).with_name(FILE)
_VERSION = re.compile(r"^version:.*\n", re.MULTILINE)
_DATE = re.compile(r"^date-released:.*\n", re.MULTILINE)


@dataclass(frozen=True)
class Citation:
    """What the file says, and where it lies."""

    text: str
    path: Path

    def updated(self, made: Made) -> str:
        """The file with version and date of what was made; nothing else in it changes.

        The date is that of the latest change in the sources, so that the same sources give the same file.
        """
        date = f'date-released: "{made.day}"\n' if made.day else ""
        return _VERSION.sub(f"version: {made.version}\n{date}", _DATE.sub("", self.text), count=1)

    @property
    def said(self) -> dict[str, Any]:
        """Its keys."""
        found: dict[str, Any] = yaml.safe_load(self.text)
        return found

    @property
    def title(self) -> str:
        """Of the dataset."""
        return str(self.said["title"])

    @property
    def authors(self) -> list[str]:
        """Their names, as BibTeX takes them: a body in braces, of a person the family name first."""
        return [_author(each) for each in self.said["authors"]]

    @property
    def url(self) -> str:
        """Where the dataset is at home; empty where nobody said."""
        return str(self.said.get("url") or self.said.get("repository") or self.said.get("repository-code") or "")

    def bibtex(self, made: Made) -> str:
        """An entry for the version that was made."""
        fields = {
            "title": self.title,
            "author": " and ".join(self.authors),
            "year": made.day[:4],
            "version": made.version,
            "doi": str(self.said.get("doi", "")),
            "url": self.url,
            "note": f"Dataset, schema {made.schema.version}, sha256 of gold {made.digest('gold')[:16]}",
        }
        lines = [f"  {name:<8}= {{{value}}}," for name, value in fields.items() if value]
        return "\n".join(["@misc{sayso,", *lines, "}"])


def _author(said: Mapping[str, Any]) -> str:
    if "name" in said:
        return f"{{{said['name']}}}"
    names = (said.get(key) for key in ("name-particle", "family-names"))
    family = " ".join(str(name) for name in names if name)
    return ", ".join(str(name) for name in (family, said.get("name-suffix"), said.get("given-names")) if name)


def read(folder: Path) -> Citation:
    """The citation of the dataset in ``folder``, or the one that a new instance starts with.

    Raises:
        InputError: it is not YAML, has no line for the version, or lacks what a citation needs.
    """
    path = folder / FILE
    with explained(path):
        text = (path if path.is_file() else START).read_text(encoding="utf-8")
    try:
        said = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(f"not YAML: {' '.join(str(error).split())}", where=str(path)) from error
    missing = [
        key for key in ("title", "authors", "message", "cff-version") if not isinstance(said, dict) or not said.get(key)
    ]
    if missing or not all(isinstance(each, dict) for each in said["authors"]):
        raise InputError(f"no {missing[0] if missing else 'keys for an author'}", where=str(path), remedy="add it")
    if not _VERSION.search(text):
        raise InputError("no line `version: …`", where=str(path), remedy="add one; `sayso build` fills it in")
    return Citation(text, path)
