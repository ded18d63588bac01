"""The rule of the guidelines that a difference from gold goes against, by the table ``schema/rules.yaml``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from msgspec import Struct

from sayso import guidelines
from sayso.disagreements.kinds import Disagreement, Kind
from sayso.errors import InputError
from sayso.schema import read

FILE = Path("schema/rules.yaml")
REMEDY = "mend it; its first lines say how it is written"
_VALUE = re.compile(r"`(\w+)`( <kbd>[^<]*</kbd>)?")


class Rule(NamedTuple):
    """A rule as it is read: the section and the words, without marks."""

    heading: str
    words: str


OTHER = Rule("Other", "No rule of the guidelines is named for this.")


class Entry(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One line of the table; what is not said fits everything."""

    kind: Kind
    detail: str | None = None
    names: tuple[str, ...] = ()
    own: Literal["absent", "present"] | None = None
    attribute: str | None = None
    heading: str
    rule: str | None = None
    row: bool = False

    def fits(self, found: Disagreement) -> bool:
        """Whether this is the rule for a difference of one's own answer, the one reading, from gold, the other."""
        return (
            found.kind == self.kind
            and (self.detail is None or any(_like(self.detail, detail) for detail in found.details))
            and (not self.names or not set(self.names).isdisjoint(found.names))
            and (self.own is None or bool(found.one) == (self.own == "present"))
            and (self.attribute is None or self.attribute in found.details)
        )


def _like(pattern: str, detail: str) -> bool:
    return detail.startswith(pattern[:-1]) if pattern.endswith("*") else detail == pattern


class Table(Struct, frozen=True, forbid_unknown_fields=True):
    """The file."""

    rules: tuple[Entry, ...]


class Rules:
    """The table over the guidelines of one checkout."""

    def __init__(self, table: Table, text: str) -> None:
        self.table = table
        self.sections = dict(_sections(text))

    def of(self, found: Disagreement) -> Rule:
        """The rule, or ``OTHER``. Of several answers that differ, that of the first in the table."""
        for entry in self.table.rules:
            if entry.fits(found) and (rule := self._read(entry, found)):
                return rule
        return OTHER

    def _read(self, entry: Entry, found: Disagreement) -> Rule | None:
        if not entry.row:
            return Rule(entry.heading, plain(entry.rule or ""))
        words = self.row(entry.heading, _asked(entry, found))
        return Rule(entry.heading, words) if words else None

    def row(self, heading: str, word: str) -> str:
        """What a section's table says of a value or a relation; empty where it says nothing."""
        for line in self.sections.get(heading, "").splitlines():
            cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
            for place, cell in enumerate(cells):
                value = _VALUE.fullmatch(cell)
                if value and value[1] == word:
                    return f"{word}: {plain(' · '.join(_rest(cells[place + 1 :])))}"
        return ""


def _rest(cells: list[str]) -> Iterator[str]:
    """The cells up to the next value: some tables stand two abreast."""
    for cell in cells:
        if _VALUE.fullmatch(cell):
            return
        if cell:
            yield cell


def _asked(entry: Entry, found: Disagreement) -> str:
    """The word whose row is wanted: gold's value; gold's relation, or the own one where gold has none."""
    if entry.kind == "attribute":
        return next((str(each.other) for each in found.values if each.name == entry.attribute), "")
    arrows = found.other.arrows or found.one.arrows
    return arrows[0].relation.type if arrows else ""


def load(root: Path) -> Rules:
    """The rules of a checkout; where it has no table or no guidelines, everything is other.

    Raises:
        InputError: the table is not what it should be, or names what the guidelines do not have.
    """
    written = guidelines.read(root / guidelines.FILE)
    table = read(root / FILE, Table, REMEDY) if (root / FILE).is_file() else Table(())
    rules = Rules(table if written else Table(()), written.text if written else "")
    for problem in misfits(rules):
        raise InputError(problem, where=str(root / FILE), remedy=REMEDY)
    return rules


def misfits(rules: Rules) -> Iterator[str]:
    """What the table names and the guidelines do not have."""
    for number, entry in enumerate(rules.table.rules, 1):
        section = rules.sections.get(entry.heading)
        if section is None:
            yield f"rule {number}: the guidelines have no section {entry.heading!r}"
        elif entry.row == (entry.rule is not None):
            yield f"rule {number}: either words or the row of a table"
        elif entry.rule is not None and _line(entry.rule) not in _line(section):
            yield f"rule {number}: section {entry.heading!r} does not say {entry.rule!r}"


def _line(text: str) -> str:
    return " ".join(text.split())


def _sections(text: str) -> Iterator[tuple[str, str]]:
    """Every section by its heading, without marks and keys, up to the next heading."""
    for part in re.split(r"^(?=#+ )", text, flags=re.MULTILINE):
        if part.startswith("#"):
            first, _end, rest = part.partition("\n")
            yield plain(first.lstrip("# ")), rest


def plain(text: str) -> str:
    """Markdown as words.

    >>> plain("## `Actor` <kbd>a</kbd>: **Always** mark *[names]*".lstrip("# "))
    'Actor: Always mark [names]'
    """
    return _line(re.sub(r"\s*<kbd>[^<]*</kbd>|[*`]", "", text))
