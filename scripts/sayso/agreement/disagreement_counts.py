"""Counts of agreement and disagreement, by annotators, kind and label, with examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sayso.agreement.comparisons import ExcludedAnnotations
from sayso.agreement.disagreement_cases import ComparedPair, DisagreementCase
from sayso.agreement.disagreement_text import describe_side
from sayso.agreement.disagreement_types import DISAGREEMENT_KINDS, Disagreement, DisagreementKind
from sayso.schema.declarations import Schema

COUNT_COLUMNS = ("", "agreed", *DISAGREEMENT_KINDS, "disagreed")


class AnnotatorPair(NamedTuple):
    """Two annotators in one pass of a campaign. The fields are JSON keys."""

    campaign: str
    interface: str
    one: str
    other: str

    @property
    def title(self) -> str:
        """The heading of the pair's table."""
        return f"{self.one} and {self.other} · {self.campaign} · {self.interface}"


class DisagreementType(NamedTuple):
    """The kind, label or type, and exact difference that are counted together.

    The fields are JSON keys.
    """

    kind: DisagreementKind
    name: str
    detail: str


@dataclass
class PairCounts:
    """Counts of two annotators, or of all pairs together.

    Attributes:
        documents: the number that both annotated.
        agreed: agreed mentions by label, and relations by type.
    """

    documents: int = 0
    agreed: Counter[str] = field(default_factory=Counter)
    by_type: Counter[DisagreementType] = field(default_factory=Counter)

    def add(self, pair: ComparedPair) -> None:
        """Count one document."""
        found = pair.comparison
        self.documents += 1
        self.agreed.update(mine.label for mine, _theirs in found.agreed_mentions)
        self.agreed.update(mine.type for mine, _theirs in found.agreed_relations)
        self.agreed.update(found.agreed_answers)
        self.by_type.update(
            DisagreementType(each.kind, each.name, each.detail) for each in found.disagreements
        )

    def __iadd__(self, other: PairCounts) -> PairCounts:
        self.documents += other.documents
        self.agreed += other.agreed
        self.by_type += other.by_type
        return self

    def build_detail_rows(self, most: int) -> list[Sequence[str]]:
        """Return the most frequent exact differences as rows."""
        exact = [(count, each) for each, count in self.by_type.items() if each.detail]
        exact.sort(key=lambda each: (-each[0], each[1]))
        return [[*counted, f"{count:,}"] for count, counted in exact[:most]]


class DisagreementExample(NamedTuple):
    """One disagreement in words: its location, and what each of two annotators has."""

    location: str
    one: str
    other: str


@dataclass
class DisagreementCounts:
    """The counts of all pairs, with ``max_examples`` examples of each kind and label."""

    schema: Schema
    max_examples: int = 0
    pairs: dict[AnnotatorPair, PairCounts] = field(default_factory=dict)
    documents: set[str] = field(default_factory=set)
    examples: dict[tuple[DisagreementKind, str], list[DisagreementExample]] = field(
        default_factory=dict
    )
    excluded: ExcludedAnnotations = field(default_factory=ExcludedAnnotations)

    def add(self, case: DisagreementCase) -> None:
        """Count one document."""
        self.documents.add(case.document.doc_id)
        for pair in case.pairs:
            annotators = pair.one.annotator, pair.other.annotator
            key = AnnotatorPair(case.campaign, case.pass_name, *annotators)
            self.pairs.setdefault(key, PairCounts()).add(pair)
            for found in pair.comparison.disagreements:
                self._keep_example(case, pair, found)

    def _keep_example(
        self, case: DisagreementCase, pair: ComparedPair, found: Disagreement
    ) -> None:
        kept = self.examples.setdefault((found.kind, found.name), [])
        if len(kept) >= self.max_examples:
            return
        location = case.document.doc_id
        if found.kind != "answer":
            location += f" at {found.position[0]}"
        if all(example.location != location for example in kept):
            one = f"{pair.one.annotator}: {describe_side(found.one, found, 0)}"
            other = f"{pair.other.annotator}: {describe_side(found.other, found, 1)}"
            kept.append(DisagreementExample(location, one, other))

    @property
    def total_counts(self) -> PairCounts:
        """All pairs together."""
        total = PairCounts()
        for counts in self.pairs.values():
            total += counts
        return total

    @property
    def total(self) -> int:
        """The number of disagreements."""
        return self.total_counts.by_type.total()

    def _sort_names(self, counts: PairCounts) -> list[str]:
        """Return the counted labels, pairs of labels, relations and questions, in the schema's
        order.
        """
        labels, others = self.schema.labels, [*self.schema.relations, *self.schema.questions]
        order = {name: number for number, name in enumerate([*labels, *others])}

        def rank(name: str) -> tuple[int, int, str]:
            other, pair = name in others and name not in labels, name not in order
            return 2 * other + pair, order.get(name, len(order)), name

        return sorted({*counts.agreed, *(each.name for each in counts.by_type)}, key=rank)

    def build_rows(self, counts: PairCounts) -> list[Sequence[str]]:
        """Return a row for each label and type, with a column for each kind, and one for all."""
        by_kind = Counter[tuple[str, str]]()
        for (kind, name, _detail), count in counts.by_type.items():
            by_kind[name, kind] += count
            by_kind["all", kind] += count
        agreed = {**counts.agreed, "all": counts.agreed.total()}
        rows: list[Sequence[str]] = []
        for name in [*self._sort_names(counts), "all"]:
            numbers = [by_kind[name, kind] for kind in DISAGREEMENT_KINDS]
            cells = [f"{number:,}" if number else "" for number in numbers]
            rows.append([name, f"{agreed.get(name, 0):,}", *cells, f"{sum(numbers):,}"])
        return rows

    def to_json(self) -> dict[str, Any]:
        """Return all counts for JSON."""
        excluded = [
            {"campaign": campaign, "interface": pass_name, "reason": reason, "annotations": count}
            for (campaign, pass_name, reason), count in sorted(self.excluded.counts.items())
        ]
        pairs = [
            {
                **pair._asdict(),
                "documents": counts.documents,
                "agreed": dict(sorted(counts.agreed.items())),
                "counts": [
                    {**each._asdict(), "count": count}
                    for each, count in sorted(counts.by_type.items())
                ],
            }
            for pair, counts in sorted(self.pairs.items())
        ]
        return {
            "documents": len(self.documents),
            "total": self.total,
            "pairs": pairs,
            "excluded": excluded,
        }
