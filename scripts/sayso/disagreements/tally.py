"""How much of what: agreed and disagreed by pair, kind and label, with what exactly differs and a few examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sayso.agreement.answers import LeftOut
from sayso.disagreements.gathering import Case, Pair
from sayso.disagreements.kinds import KINDS, Disagreement, Kind
from sayso.disagreements.telling import told
from sayso.schema import Schema


class Two(NamedTuple):
    """Two annotators in one pass of a campaign."""

    campaign: str
    interface: str
    one: str
    other: str

    @property
    def told(self) -> str:
        """In words."""
        return f"{self.one} and {self.other} · {self.campaign} · {self.interface}"


class Sort(NamedTuple):
    """What sort of disagreement."""

    kind: Kind
    name: str
    detail: str


@dataclass
class Counts:
    """What two annotators, or all, agree and disagree on, counted.

    Attributes:
        documents: how many both have answered.
        agreed: pairs of mentions, by label, and of relations, by type.
    """

    documents: int = 0
    agreed: Counter[str] = field(default_factory=Counter)
    sorts: Counter[Sort] = field(default_factory=Counter)

    def __iadd__(self, other: Counts) -> Counts:
        self.documents += other.documents
        self.agreed += other.agreed
        self.sorts += other.sorts
        return self


class Example(NamedTuple):
    """One disagreement in words: where it stands, and what each of two has."""

    where: str
    one: str
    other: str


@dataclass
class Tally:
    """Everything that was found, counted. ``most`` examples of each kind and label are kept."""

    schema: Schema
    most: int = 0
    pairs: dict[Two, Counts] = field(default_factory=dict)
    documents: set[str] = field(default_factory=set)
    examples: dict[tuple[Kind, str], list[Example]] = field(default_factory=dict)
    left_out: LeftOut = field(default_factory=LeftOut)

    def add(self, case: Case) -> None:
        """Take one more."""
        self.documents.add(case.document.doc_id)
        for pair in case.pairs:
            two = Two(case.campaign, case.interface, pair.one.annotator, pair.other.annotator)
            self._count(self.pairs.setdefault(two, Counts()), pair)
            for found in pair.outcome.disagreements:
                kept = self.examples.setdefault((found.kind, found.name), [])
                if len(kept) < self.most and (example := _example(case, pair, found)).where not in (
                    e.where for e in kept
                ):
                    kept.append(example)

    @staticmethod
    def _count(counts: Counts, pair: Pair) -> None:
        counts.documents += 1
        counts.agreed.update(mine.label for mine, _theirs in pair.outcome.mentions)
        counts.agreed.update(mine.type for mine, _theirs in pair.outcome.relations)
        counts.sorts.update(Sort(each.kind, each.name, each.detail) for each in pair.outcome.disagreements)

    @property
    def all(self) -> Counts:
        """All pairs together."""
        total = Counts()
        for counts in self.pairs.values():
            total += counts
        return total

    @property
    def total(self) -> int:
        """How many disagreements."""
        return self.all.sorts.total()

    def names(self, counts: Counts) -> list[str]:
        """Labels, labels taken for each other, relations: those that there are, in the schema's order."""
        order = {name: place for place, name in enumerate([*self.schema.labels, *self.schema.relations])}
        there = {*counts.agreed, *(sort.name for sort in counts.sorts)}
        last = len(order)

        def place(name: str) -> tuple[int, int, str]:
            several = name not in order
            relation = name in self.schema.relations and name not in self.schema.labels
            return 2 * relation + several, order.get(name, last), name

        return sorted(there, key=place)


def _example(case: Case, pair: Pair, found: Disagreement) -> Example:
    start = min(m.start for side in found.sides for m in (*side.mentions, *(arrow.head for arrow in side.arrows)))
    one, other = (told(side, found, number) for number, side in enumerate(found.sides))
    return Example(
        f"{case.document.doc_id} at {start}", f"{pair.one.annotator}: {one}", f"{pair.other.annotator}: {other}"
    )


# --- as rows of tables

COLUMNS = ("", "agreed", *KINDS, "disagreed")


def rows(tally: Tally, counts: Counts) -> Iterator[Sequence[str]]:
    """A row for each label and type, by kind, and one for all."""
    by = Counter[tuple[str, str]]()
    for sort, count in counts.sorts.items():
        by[sort.name, sort.kind] += count
    for name in tally.names(counts):
        numbers = [by[name, kind] for kind in KINDS]
        yield _row(name, counts.agreed[name], numbers)
    totals = [sum(count for sort, count in counts.sorts.items() if sort.kind == kind) for kind in KINDS]
    yield _row("all", counts.agreed.total(), totals)


def _row(name: str, agreed: int, numbers: Sequence[int]) -> Sequence[str]:
    return [name, f"{agreed:,}", *(f"{number:,}" if number else "" for number in numbers), f"{sum(numbers):,}"]


def details(counts: Counts, most: int) -> Iterator[Sequence[str]]:
    """What differs most often, the commonest first."""
    exact = [(count, sort) for sort, count in counts.sorts.items() if sort.detail]
    for count, sort in sorted(exact, key=lambda each: (-each[0], each[1]))[:most]:
        yield [sort.kind, sort.name, sort.detail, f"{count:,}"]


# --- as data


def data(tally: Tally) -> dict[str, Any]:
    """Everything that was counted, for JSON."""
    left = [
        {"campaign": campaign, "interface": interface, "reason": reason, "answers": count}
        for (campaign, interface, reason), count in sorted(tally.left_out.counts.items())
    ]
    return {"documents": len(tally.documents), "total": tally.total,
            "pairs": [_pair(two, counts) for two, counts in sorted(tally.pairs.items())], "left_out": left}  # fmt: skip


def _pair(two: Two, counts: Counts) -> dict[str, Any]:
    return {
        **two._asdict(), "documents": counts.documents, "agreed": dict(sorted(counts.agreed.items())),
        "counts": [{**sort._asdict(), "count": count} for sort, count in sorted(counts.sorts.items())],
    }  # fmt: skip
