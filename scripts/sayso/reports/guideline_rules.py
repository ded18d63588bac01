"""The guideline rule that a difference from gold breaks, found with ``schema/rules.yaml``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Literal, NamedTuple

from msgspec import Struct

from sayso.agreement.disagreement_types import Disagreement, DisagreementKind
from sayso.errors import InputError
from sayso.files import is_file
from sayso.schema.declarations import read_yaml
from sayso.schema.guidelines import GUIDELINES_FILE, read_guidelines

RULES_FILE = Path("schema/rules.yaml")
RULES_REMEDY = "correct it; its first lines describe the format"
_VALUE = re.compile(r"`(\w+)`( <kbd>[^<]*</kbd>)?")


class GuidelineRule(NamedTuple):
    """A section heading and a rule in it, without Markdown."""

    heading: str
    text: str


OTHER_RULE = GuidelineRule("Other", "The guidelines have no rule for this.")


class RuleEntry(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An entry of the table; fields that are not given match everything."""

    kind: DisagreementKind
    details: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    own: Literal["absent", "present"] | None = None
    attributes: tuple[str, ...] = ()
    heading: str
    rule: str | None = None
    row: bool = False

    def matches(self, disagreement: Disagreement) -> bool:
        """Return True if the entry is for this difference of an annotation (one) from gold."""
        return (
            disagreement.kind == self.kind
            and (not self.details or self._matches_detail(disagreement.details))
            and (not self.names or not set(self.names).isdisjoint(disagreement.names))
            and (self.own is None or bool(disagreement.one) == (self.own == "present"))
            and (not self.attributes or not set(self.attributes).isdisjoint(disagreement.details))
        )

    def _matches_detail(self, details: tuple[str, ...]) -> bool:
        prefixes = tuple(pattern[:-1] for pattern in self.details if pattern.endswith("*"))
        return any(detail in self.details or detail.startswith(prefixes) for detail in details)


class RuleTable(Struct, frozen=True, forbid_unknown_fields=True):
    """The content of ``schema/rules.yaml``."""

    rules: tuple[RuleEntry, ...]


class GuidelineRules:
    """The rule table with the text of the guidelines."""

    def __init__(self, table: RuleTable, text: str) -> None:
        self.table = table
        self.sections = dict(_split_sections(text))

    def find_rule(self, disagreement: Disagreement) -> GuidelineRule:
        """Return the rule of the first matching entry, or ``OTHER_RULE``."""
        for entry in self.table.rules:
            if entry.matches(disagreement) and (text := self._find_text(entry, disagreement)):
                return GuidelineRule(entry.heading, text)
        return OTHER_RULE

    def _find_text(self, entry: RuleEntry, disagreement: Disagreement) -> str:
        if not entry.row:
            return strip_markdown(entry.rule or "")
        return self.find_table_row(entry.heading, _row_name(entry, disagreement))

    def find_table_row(self, heading: str, name: str) -> str:
        """Return the row of a value or a relation in the tables of a section; empty without one."""
        for line in self.sections.get(heading, "").splitlines():
            cells = (
                [cell.strip() for cell in line.strip("|").split("|")]
                if line.startswith("|")
                else []
            )
            for index, cell in enumerate(cells):
                value = _VALUE.fullmatch(cell)
                if value and value[1] == name:
                    # Some tables have two values side by side.
                    rest = takewhile(lambda each: not _VALUE.fullmatch(each), cells[index + 1 :])
                    return f"{name}: {strip_markdown(' · '.join(filter(None, rest)))}"
        return ""


def _row_name(entry: RuleEntry, disagreement: Disagreement) -> str:
    """Return gold's value, or gold's relation type and without one the annotator's."""
    if entry.kind == "attribute":
        values = (str(each.other) for each in disagreement.values if each.name in entry.attributes)
        return next(values, "")
    relations = disagreement.other.relations or disagreement.one.relations
    return relations[0].relation.type if relations else ""


def load_rules(root: Path) -> GuidelineRules:
    """Load the rules of a checkout, which are empty without a table or without guidelines.

    Raises:
        InputError: the table is malformed, or names something that the guidelines do not have.
    """
    guidelines, path = read_guidelines(root / GUIDELINES_FILE), root / RULES_FILE
    if guidelines is None or not is_file(path):
        return GuidelineRules(RuleTable(()), guidelines.text if guidelines else "")
    rules = GuidelineRules(read_yaml(path, RuleTable, RULES_REMEDY), guidelines.text)
    for problem in find_invalid_entries(rules):
        raise InputError(problem, where=str(path), remedy=RULES_REMEDY)
    return rules


def find_invalid_entries(rules: GuidelineRules) -> Iterator[str]:
    """Yield the problems of entries that do not fit the guidelines."""
    for number, entry in enumerate(rules.table.rules, 1):
        section = rules.sections.get(entry.heading)
        if section is None:
            yield f"rule {number}: the guidelines have no section {entry.heading!r}"
        elif entry.row == (entry.rule is not None):
            yield f"rule {number}: give either `rule` or `row: true`"
        elif entry.rule is not None and _normalize_space(entry.rule) not in _normalize_space(
            section
        ):
            yield f"rule {number}: section {entry.heading!r} does not contain {entry.rule!r}"


def _normalize_space(text: str) -> str:
    return " ".join(text.split())


def _split_sections(text: str) -> Iterator[tuple[str, str]]:
    """Yield each heading without Markdown, and the text up to the next heading."""
    for part in re.split(r"^(?=#+ )", text, flags=re.MULTILINE):
        if part.startswith("#"):
            first, _newline, rest = part.partition("\n")
            yield strip_markdown(first.lstrip("# ")), rest


def strip_markdown(text: str) -> str:
    """Return Markdown as plain text, without keys.

    >>> strip_markdown("`Actor` <kbd>a</kbd>: **Always** mark *[names]*")
    'Actor: Always mark [names]'
    """
    return _normalize_space(re.sub(r"\s*<kbd>[^<]*</kbd>|[*`]", "", text))
