"""How much of what: agreed and disagreed by pair, kind and label, with what exactly differs and a few examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sayso.agreement.comparisons import ExcludedAnnotations
from sayso.agreement.disagreement_cases import ComparedPair, DisagreementCase
from sayso.agreement.disagreement_text import describe_side
from sayso.agreement.disagreement_types import DISAGREEMENT_KINDS, Disagreement, DisagreementKind
from sayso.schema.declarations import Schema


class AnnotatorPair(NamedTuple):
    """Two annotators in one pass of a campaign."""

    campaign: str
    interface: str
    one: str
    other: str

    @property
    def title(self) -> str:
        """In words."""
        return f"{self.one} and {self.other} · {self.campaign} · {self.interface}"


class DisagreementType(NamedTuple):
    """What sort of disagreement."""

    kind: DisagreementKind
    name: str
    detail: str


@dataclass
class PairCounts:
    """What two annotators, or all, agree and disagree on, counted.

    Attributes:
        documents: how many both have answered.
        agreed: pairs of mentions, by label, and of relations, by type.
    """

    documents: int = 0
    agreed: Counter[str] = field(default_factory=Counter)
    by_type: Counter[DisagreementType] = field(default_factory=Counter)

    def __iadd__(self, other: PairCounts) -> PairCounts:
        self.documents += other.documents
        self.agreed += other.agreed
        self.by_type += other.by_type
        return self


class DisagreementExample(NamedTuple):
    """One disagreement in words: where it stands, and what each of two has."""

    location: str
    one: str
    other: str


@dataclass
class DisagreementCounts:
    """Everything that was found, counted. ``max_examples`` examples of each kind and label are kept."""

    schema: Schema
    max_examples: int = 0
    pairs: dict[AnnotatorPair, PairCounts] = field(default_factory=dict)
    documents: set[str] = field(default_factory=set)
    examples: dict[tuple[DisagreementKind, str], list[DisagreementExample]] = field(
        default_factory=dict
    )
    excluded: ExcludedAnnotations = field(default_factory=ExcludedAnnotations)

    def add(self, case: DisagreementCase) -> None:
        """Take one more."""
        self.documents.add(case.document.doc_id)
        for pair in case.pairs:
            two = AnnotatorPair(
                case.campaign, case.pass_name, pair.one.annotator, pair.other.annotator
            )
            self._count_pair(self.pairs.setdefault(two, PairCounts()), pair)
            for found in pair.comparison.disagreements:
                kept = self.examples.setdefault((found.kind, found.name), [])
                if len(kept) < self.max_examples and (
                    example := _build_example(case, pair, found)
                ).location not in (e.location for e in kept):
                    kept.append(example)

    @staticmethod
    def _count_pair(counts: PairCounts, pair: ComparedPair) -> None:
        counts.documents += 1
        counts.agreed.update(mine.label for mine, _theirs in pair.comparison.agreed_mentions)
        counts.agreed.update(mine.type for mine, _theirs in pair.comparison.agreed_relations)
        counts.by_type.update(
            DisagreementType(each.kind, each.name, each.detail)
            for each in pair.comparison.disagreements
        )

    @property
    def total_counts(self) -> PairCounts:
        """All pairs together."""
        total = PairCounts()
        for counts in self.pairs.values():
            total += counts
        return total

    @property
    def total(self) -> int:
        """How many disagreements."""
        return self.total_counts.by_type.total()

    def sort_names(self, counts: PairCounts) -> list[str]:
        """Labels, labels taken for each other, relations: those that there are, in the schema's order."""
        order = {
            name: place for place, name in enumerate([*self.schema.labels, *self.schema.relations])
        }
        there = {*counts.agreed, *(sort.name for sort in counts.by_type)}
        last = len(order)

        def place(name: str) -> tuple[int, int, str]:
            several = name not in order
            relation = name in self.schema.relations and name not in self.schema.labels
            return 2 * relation + several, order.get(name, last), name

        return sorted(there, key=place)


def _build_example(
    case: DisagreementCase, pair: ComparedPair, found: Disagreement
) -> DisagreementExample:
    start = min(
        m.start
        for side in found.sides
        for m in (*side.mentions, *(arrow.head for arrow in side.relations))
    )
    one, other = (describe_side(side, found, number) for number, side in enumerate(found.sides))
    return DisagreementExample(
        f"{case.document.doc_id} at {start}",
        f"{pair.one.annotator}: {one}",
        f"{pair.other.annotator}: {other}",
    )


# --- as rows of tables

COUNT_COLUMNS = ("", "agreed", *DISAGREEMENT_KINDS, "disagreed")


def build_rows(counts: DisagreementCounts, selected: PairCounts) -> Iterator[Sequence[str]]:
    """A row for each label and type, by kind, and one for all."""
    by = Counter[tuple[str, str]]()
    for sort, count in selected.by_type.items():
        by[sort.name, sort.kind] += count
    for name in counts.sort_names(selected):
        numbers = [by[name, kind] for kind in DISAGREEMENT_KINDS]
        yield _format_row(name, selected.agreed[name], numbers)
    totals = [
        sum(count for sort, count in selected.by_type.items() if sort.kind == kind)
        for kind in DISAGREEMENT_KINDS
    ]
    yield _format_row("all", selected.agreed.total(), totals)


def _format_row(name: str, agreed: int, numbers: Sequence[int]) -> Sequence[str]:
    return [
        name,
        f"{agreed:,}",
        *(f"{number:,}" if number else "" for number in numbers),
        f"{sum(numbers):,}",
    ]


def build_detail_rows(counts: PairCounts, most: int) -> Iterator[Sequence[str]]:
    """What differs most often, the commonest first."""
    exact = [(count, sort) for sort, count in counts.by_type.items() if sort.detail]
    for count, sort in sorted(exact, key=lambda each: (-each[0], each[1]))[:most]:
        yield [sort.kind, sort.name, sort.detail, f"{count:,}"]


# --- as data


def encode_counts(tally: DisagreementCounts) -> dict[str, Any]:
    """Everything that was counted, for JSON."""
    left = [
        {"campaign": campaign, "interface": interface, "reason": reason, "answers": count}
        for (campaign, interface, reason), count in sorted(tally.excluded.counts.items())
    ]
    return {
        "documents": len(tally.documents),
        "total": tally.total,
        "pairs": [_encode_pair(two, counts) for two, counts in sorted(tally.pairs.items())],
        "left_out": left,
    }


def _encode_pair(annotators: AnnotatorPair, counts: PairCounts) -> dict[str, Any]:
    return {
        **annotators._asdict(),
        "documents": counts.documents,
        "agreed": dict(sorted(counts.agreed.items())),
        "counts": [
            {**sort._asdict(), "count": count} for sort, count in sorted(counts.by_type.items())
        ],
    }
