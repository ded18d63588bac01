"""The rule of the guidelines that a difference from gold goes against, by the table ``schema/rules.yaml``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from msgspec import Struct

from sayso.agreement.disagreement_types import Disagreement, DisagreementKind
from sayso.errors import InputError
from sayso.schema import guidelines
from sayso.schema.declarations import read_yaml

RULES_FILE = Path("schema/rules.yaml")
RULES_REMEDY = "mend it; its first lines say how it is written"
_VALUE = re.compile(r"`(\w+)`( <kbd>[^<]*</kbd>)?")


class GuidelineRule(NamedTuple):
    """A rule as it is read: the section and the words, without marks."""

    heading: str
    text: str


OTHER_RULE = GuidelineRule("Other", "No rule of the guidelines is named for this.")


class RuleEntry(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One line of the table; what is not said fits everything."""

    kind: DisagreementKind
    details: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    own: Literal["absent", "present"] | None = None
    attributes: tuple[str, ...] = ()
    heading: str
    rule: str | None = None
    row: bool = False

    def matches(self, disagreement: Disagreement) -> bool:
        """Whether this is the rule for a difference of one's own answer, the one reading, from gold, the other."""
        return (
            disagreement.kind == self.kind
            and (
                not self.details
                or any(
                    _matches_pattern(known, detail)
                    for known in self.details
                    for detail in disagreement.details
                )
            )
            and (not self.names or not set(self.names).isdisjoint(disagreement.names))
            and (self.own is None or bool(disagreement.one) == (self.own == "present"))
            and (not self.attributes or not set(self.attributes).isdisjoint(disagreement.details))
        )


def _matches_pattern(pattern: str, detail: str) -> bool:
    return detail.startswith(pattern[:-1]) if pattern.endswith("*") else detail == pattern


class RuleTable(Struct, frozen=True, forbid_unknown_fields=True):
    """The file."""

    rules: tuple[RuleEntry, ...]


class GuidelineRules:
    """The table over the guidelines of one checkout."""

    def __init__(self, table: RuleTable, text: str) -> None:
        self.table = table
        self.sections = dict(_split_sections(text))

    def find_rule(self, disagreement: Disagreement) -> GuidelineRule:
        """The rule, or ``OTHER_RULE``. Of several answers that differ, that of the first in the table."""
        for entry in self.table.rules:
            if entry.matches(disagreement) and (rule := self._resolve_entry(entry, disagreement)):
                return rule
        return OTHER_RULE

    def _resolve_entry(self, entry: RuleEntry, disagreement: Disagreement) -> GuidelineRule | None:
        if not entry.row:
            return GuidelineRule(entry.heading, strip_markdown(entry.rule or ""))
        words = self.find_table_row(entry.heading, _row_name(entry, disagreement))
        return GuidelineRule(entry.heading, words) if words else None

    def find_table_row(self, heading: str, name: str) -> str:
        """What a section's table says of a value or a relation; empty where it says nothing."""
        for line in self.sections.get(heading, "").splitlines():
            cells = (
                [cell.strip() for cell in line.strip("|").split("|")]
                if line.startswith("|")
                else []
            )
            for place, cell in enumerate(cells):
                value = _VALUE.fullmatch(cell)
                if value and value[1] == name:
                    return f"{name}: {strip_markdown(' · '.join(_cells_before_next_value(cells[place + 1 :])))}"
        return ""


def _cells_before_next_value(cells: list[str]) -> Iterator[str]:
    """The cells up to the next value: some tables stand two abreast."""
    for cell in cells:
        if _VALUE.fullmatch(cell):
            return
        if cell:
            yield cell


def _row_name(entry: RuleEntry, disagreement: Disagreement) -> str:
    """The word whose row is wanted: gold's value; gold's relation, or the own one where gold has none."""
    if entry.kind == "attribute":
        return next(
            (str(each.other) for each in disagreement.values if each.name in entry.attributes), ""
        )
    arrows = disagreement.other.relations or disagreement.one.relations
    return arrows[0].relation.type if arrows else ""


def load_rules(root: Path) -> GuidelineRules:
    """The rules of a checkout; where it has no table or no guidelines, everything is other.

    Raises:
        InputError: the table is not what it should be, or names what the guidelines do not have.
    """
    written = guidelines.read_guidelines(root / guidelines.GUIDELINES_FILE)
    table = (
        read_yaml(root / RULES_FILE, RuleTable, RULES_REMEDY)
        if (root / RULES_FILE).is_file()
        else RuleTable(())
    )
    rules = GuidelineRules(table if written else RuleTable(()), written.text if written else "")
    for problem in find_invalid_entries(rules):
        raise InputError(problem, where=str(root / RULES_FILE), remedy=RULES_REMEDY)
    return rules


def find_invalid_entries(rules: GuidelineRules) -> Iterator[str]:
    """What the table names and the guidelines do not have."""
    for number, entry in enumerate(rules.table.rules, 1):
        section = rules.sections.get(entry.heading)
        if section is None:
            yield f"rule {number}: the guidelines have no section {entry.heading!r}"
        elif entry.row == (entry.rule is not None):
            yield f"rule {number}: either words or the row of a table"
        elif entry.rule is not None and _join_lines(entry.rule) not in _join_lines(section):
            yield f"rule {number}: section {entry.heading!r} does not say {entry.rule!r}"


def _join_lines(text: str) -> str:
    return " ".join(text.split())


def _split_sections(text: str) -> Iterator[tuple[str, str]]:
    """Every section by its heading, without marks and keys, up to the next heading."""
    for part in re.split(r"^(?=#+ )", text, flags=re.MULTILINE):
        if part.startswith("#"):
            first, _end, rest = part.partition("\n")
            yield strip_markdown(first.lstrip("# ")), rest


def strip_markdown(text: str) -> str:
    """Markdown as words.

    >>> strip_markdown("## `Actor` <kbd>a</kbd>: **Always** mark *[names]*".lstrip("# "))
    'Actor: Always mark [names]'
    """
    return _join_lines(re.sub(r"\s*<kbd>[^<]*</kbd>|[*`]", "", text))
