"""What went right: of what gold has, how much an annotator has too, by label and by type of relation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from sayso.disagreements.kinds import Disagreement
from sayso.feedback.judging import Judged
from sayso.schema import Schema

GOLD, SAME, ANSWERS, MORE = "gold", "same", "answers", "more"


class Right:
    """Counts by label and by type."""

    COLUMNS = ("in gold", "the same", "all answers right", "other edges", "another label", "nested otherwise",
               "not there", "yours alone")  # fmt: skip
    _KINDS = ("boundary", "label", "nesting", "missed")

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()

    def add(self, each: Judged) -> None:
        """Take one more answer."""
        gold = each.case.answers[1]
        self.counts.update((mention.label, GOLD) for mention in gold.mentions)
        self.counts.update((relation.type, GOLD) for relation in gold.relations)
        for _own, theirs in each.outcome.mentions:
            self.counts.update([(theirs.label, SAME), (theirs.label, ANSWERS)])
        self.counts.update((theirs.type, SAME) for _own, theirs in each.outcome.relations)
        for found in each.outcome.disagreements:
            self._count(found)

    def _count(self, found: Disagreement) -> None:
        if found.kind == "attribute":
            self.counts[found.name, SAME] += 1
        elif found.kind == "relation":
            self.counts.update((arrow.relation.type, "missed") for arrow in found.other.arrows)
            self.counts.update((arrow.relation.type, MORE) for arrow in found.one.arrows)
        else:
            self.counts.update((mention.label, found.kind) for mention in found.other.mentions)
            if not found.other:
                self.counts.update((mention.label, MORE) for mention in found.one.mentions)

    def rows(self, schema: Schema) -> list[list[str]]:
        """For each label and type that either has: name, share that is the same, then the columns."""
        there = {name for name, _what in self.counts}
        order = [*schema.labels, *schema.relations, *sorted(there - {*schema.labels, *schema.relations})]
        return [self._row(name, name in schema.labels) for name in order if name in there]

    def _row(self, name: str, label: bool) -> list[str]:
        gold, same = self.counts[name, GOLD], self.counts[name, SAME]
        shares = [f"{gold:,}", of(same, gold), of(self.counts[name, ANSWERS], same) if label else ""]
        return [name, *shares, *self._numbers(name, (*self._KINDS, MORE))]

    def _numbers(self, name: str, kinds: Iterable[str]) -> list[str]:
        return [f"{count:,}" if (count := self.counts[name, kind]) else "" for kind in kinds]

    def data(self) -> dict[str, Any]:
        """By name, for JSON."""
        found: dict[str, dict[str, int]] = {}
        for (name, what), count in sorted(self.counts.items()):
            found.setdefault(name, {})[what] = count
        return found


def of(part: int, whole: int) -> str:
    """A part of a whole with its share, cut and not rounded up.

    >>> of(199, 200), of(0, 0)
    ('199 of 200, 99 %', 'undefined: none in gold')
    """
    return f"{part:,} of {whole:,}, {100 * part // whole} %" if whole else "undefined: none in gold"
