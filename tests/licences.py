"""List the licence of every library that Sayso or its tests need, as `make licences` does.

A licence is what the library's metadata names: an SPDX expression, else a classifier, else the
first line of the field. Libraries whose metadata names none are listed again at the end, with
the licence files that they ship.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = "sayso"
EXTRAS = ("studio", "exchange", "suggest")


class LibraryLicence(NamedTuple):
    """A library with its licence; `licence` is empty where its metadata names none."""

    name: str
    version: str
    licence: str
    is_needed: bool
    files: tuple[str, ...]


def read_licence(library: Distribution) -> str:
    """Return the licence that the metadata of a library names."""
    fields = library.metadata.json
    classifiers = [
        line.rpartition(" :: ")[2]
        for line in fields.get("classifier", [])
        if line.startswith("License :: ") and line != "License :: OSI Approved"
    ]
    first_line = str(fields.get("license", "")).strip().partition("\n")[0]
    found = str(fields.get("license_expression", "")) or ", ".join(classifiers) or first_line
    return "" if found.upper() in ("UNKNOWN", "NONE") else found


def find_needed(name: str, extras: Iterable[str] = ()) -> Iterator[str]:
    """Yield the names of the installed libraries that one needs, itself included."""
    waiting, seen = [(name, frozenset(extras))], set()
    while waiting:
        name, asked = entry = waiting.pop()
        if entry in seen:
            continue
        seen.add(entry)
        try:
            requirements = [Requirement(line) for line in distribution(name).requires or []]
        except PackageNotFoundError:
            continue  # for another system
        yield name
        waiting += [
            (canonicalize_name(one.name), frozenset(one.extras))
            for one in requirements
            if not one.marker
            or any(one.marker.evaluate({"extra": extra}) for extra in {"", *asked})
        ]


def list_licences() -> list[LibraryLicence]:
    """Return every installed library but Sayso, in the order of their names."""
    needed = set(find_needed(PROJECT, EXTRAS))
    found = {str(canonicalize_name(one.name)): one for one in distributions()}
    del found[PROJECT]
    return [
        LibraryLicence(
            name,
            library.version,
            read_licence(library),
            name in needed,
            tuple(str(f) for f in library.files or [] if f.name.upper().startswith("LICEN")),
        )
        for name, library in sorted(found.items())
    ]


def main() -> None:
    """Print the table, and what has no licence in its metadata."""
    libraries = list_licences()
    for one in libraries:
        use = "" if one.is_needed else "  (tests and development only)"
        print(f"{one.name:34}{one.version:18}{one.licence or 'names none'}{use}")
    print(f"\n{len(libraries)} libraries, {sum(one.is_needed for one in libraries)} of them needed")
    for one in libraries:
        if not one.licence:
            print(f"no licence named: {one.name} {one.version}", *one.files or ["no licence file"])


if __name__ == "__main__":
    main()
