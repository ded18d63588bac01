"""What went right: of what gold has, how much an annotator has too, by label and by type of relation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from sayso.agreement.disagreement_types import Disagreement
from sayso.reports.gold_comparison import GoldComparison
from sayso.schema.declarations import Schema

IN_GOLD, SAME, ATTRIBUTES, EXTRA = "gold", "same", "answers", "more"


class GoldCoverage:
    """Counts by label and by type."""

    COLUMNS = (
        "in gold",
        "the same",
        "all answers right",
        "other edges",
        "another label",
        "nested otherwise",
        "not there",
        "yours alone",
    )
    _KINDS = ("boundary", "label", "nesting", "missed")

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()

    def add(self, comparison: GoldComparison) -> None:
        """Take one more answer."""
        gold = comparison.case.annotations[1]
        self.counts.update((mention.label, IN_GOLD) for mention in gold.mentions)
        self.counts.update((relation.type, IN_GOLD) for relation in gold.relations)
        for _own, theirs in comparison.result.agreed_mentions:
            self.counts.update([(theirs.label, SAME), (theirs.label, ATTRIBUTES)])
        self.counts.update(
            (theirs.type, SAME) for _own, theirs in comparison.result.agreed_relations
        )
        for found in comparison.result.disagreements:
            self._count_disagreement(found)

    def _count_disagreement(self, disagreement: Disagreement) -> None:
        if disagreement.kind == "attribute":
            self.counts[disagreement.name, SAME] += 1
        elif disagreement.kind == "relation":
            self.counts.update(
                (arrow.relation.type, "missed") for arrow in disagreement.other.relations
            )
            self.counts.update((arrow.relation.type, EXTRA) for arrow in disagreement.one.relations)
        else:
            self.counts.update(
                (mention.label, disagreement.kind) for mention in disagreement.other.mentions
            )
            if not disagreement.other:
                self.counts.update((mention.label, EXTRA) for mention in disagreement.one.mentions)

    def build_rows(self, schema: Schema) -> list[list[str]]:
        """For each label and type that either has: name, share that is the same, then the columns."""
        there = {name for name, _what in self.counts}
        order = [
            *schema.labels,
            *schema.relations,
            *sorted(there - {*schema.labels, *schema.relations}),
        ]
        return [self._build_row(name, name in schema.labels) for name in order if name in there]

    def _build_row(self, name: str, label: bool) -> list[str]:
        gold, same = self.counts[name, IN_GOLD], self.counts[name, SAME]
        shares = [
            f"{gold:,}",
            format_ratio(same, gold),
            format_ratio(self.counts[name, ATTRIBUTES], same) if label else "",
        ]
        return [name, *shares, *self._format_counts(name, (*self._KINDS, EXTRA))]

    def _format_counts(self, name: str, kinds: Iterable[str]) -> list[str]:
        return [f"{count:,}" if (count := self.counts[name, kind]) else "" for kind in kinds]

    def as_dict(self) -> dict[str, Any]:
        """By name, for JSON."""
        found: dict[str, dict[str, int]] = {}
        for (name, what), count in sorted(self.counts.items()):
            found.setdefault(name, {})[what] = count
        return found


def format_ratio(part: int, whole: int) -> str:
    """A part of a whole with its share, cut and not rounded up.

    >>> format_ratio(199, 200), format_ratio(0, 0)
    ('199 of 200, 99 %', 'undefined: none in gold')
    """
    return f"{part:,} of {whole:,}, {100 * part // whole} %" if whole else "undefined: none in gold"
