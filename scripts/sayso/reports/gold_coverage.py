"""The share of gold that an annotator has, by label and by relation type."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sayso.agreement.disagreement_types import Disagreement
from sayso.reports.gold_comparison import GoldComparison
from sayso.schema.declarations import Schema

IN_GOLD, SAME, ATTRIBUTES, EXTRA = "gold", "same", "attributes", "extra"
COLUMNS = {
    "boundary": "other edges",
    "label": "another label",
    "nesting": "nested differently",
    "missed": "missing",
    EXTRA: "yours alone",
}
"""Kinds of difference, with their captions."""


class GoldCoverage:
    """Counts by label or relation type: in gold, in both, with all attributes, and differences."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()

    def add(self, comparison: GoldComparison) -> None:
        """Count one annotation."""
        gold = comparison.case.annotations[1]
        self.counts.update((mention.label, IN_GOLD) for mention in gold.mentions)
        self.counts.update((relation.type, IN_GOLD) for relation in gold.relations)
        for _own, mention in comparison.result.agreed_mentions:
            self.counts.update([(mention.label, SAME), (mention.label, ATTRIBUTES)])
        self.counts.update(
            (relation.type, SAME) for _own, relation in comparison.result.agreed_relations
        )
        for disagreement in comparison.result.disagreements:
            self._count_disagreement(disagreement)

    def _count_disagreement(self, disagreement: Disagreement) -> None:
        own, gold, kind = disagreement.one, disagreement.other, disagreement.kind
        if kind == "attribute":
            self.counts[disagreement.name, SAME] += 1
        elif kind == "relation":
            self.counts.update((each.relation.type, "missed") for each in gold.relations)
            self.counts.update((each.relation.type, EXTRA) for each in own.relations)
        else:
            self.counts.update((mention.label, kind) for mention in gold.mentions)
            if not gold:
                self.counts.update((mention.label, EXTRA) for mention in own.mentions)

    def build_rows(self, schema: Schema) -> list[list[str]]:
        """Return a table row for each label and relation type that either side has."""
        present = {name for name, _kind in self.counts}
        order = dict.fromkeys([*schema.labels, *schema.relations, *sorted(present)])
        return [
            self._build_row(name, has_attributes=name in schema.labels)
            for name in order
            if name in present
        ]

    def _build_row(self, name: str, *, has_attributes: bool) -> list[str]:
        gold, same = self.counts[name, IN_GOLD], self.counts[name, SAME]
        attributes = format_ratio(self.counts[name, ATTRIBUTES], same) if has_attributes else ""
        differences = [self.counts[name, kind] for kind in COLUMNS]
        numbers = [f"{count:,}" if count else "" for count in differences]
        return [name, f"{gold:,}", format_ratio(same, gold), attributes, *numbers]

    def as_dict(self) -> dict[str, dict[str, Any]]:
        """Return the counts by name, for JSON."""
        by_name: dict[str, dict[str, int]] = {}
        for (name, kind), count in sorted(self.counts.items()):
            by_name.setdefault(name, {})[kind] = count
        return by_name


def format_ratio(part: int, whole: int) -> str:
    """Format a part of a whole with its percentage, rounded down; a dash without a whole.

    >>> format_ratio(199, 200), format_ratio(0, 0)
    ('199 of 200, 99 %', '–')
    """
    return f"{part:,} of {whole:,}, {100 * part // whole} %" if whole else "–"
