"""What a build made, as the card and what lies beside it tell it: counts from the footers, digests, dates."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sayso.agreement.agreement_report import AgreementReport
from sayso.dataset import features
from sayso.dataset.build_counts import UNKNOWN, Counts
from sayso.dataset.parquet_files import DatasetFileFooter
from sayso.schema.declarations import Schema
from sayso.schema.guidelines import Guidelines

SPLITS = ("train", "validation", "test")
KIND_NAMES = {
    "gold": "adjudicated",
    "adjudicator": "adjudicators",
    "human": "people",
    "program": "programs",
}
"""Kinds of annotators in the order in which they are told, and how the card calls them."""


@dataclass(frozen=True)
class BuiltDataset:
    """What a build made.

    Attributes:
        footers: each file's name under ``corpus/`` and what its footer says.
        digests: each file's name and SHA-256.
        place: where a named file lies at the moment.
        guidelines: what annotators read, or None.
        agreement: what was measured of agreement between annotators; None where nothing could be.
        changes: whether there is a list of what changed from version to version.
    """

    schema: Schema
    version: str
    footers: Mapping[str, DatasetFileFooter]
    digests: Mapping[str, str]
    file_path: Callable[[str], Path]
    guidelines: Guidelines | None = None
    agreement: AgreementReport | None = None
    has_changelog: bool = False

    def files(self, config: str, split: str | None = None) -> list[str]:
        """The files of a configuration, or of one split of it, in order."""
        start = f"data/{config}/{f'{split}-' if split else ''}"
        return sorted(name for name in self.footers if name.startswith(start))

    @cached_property
    def rows(self) -> dict[str, dict[str, int]]:
        """Configuration → split → number of rows, where there are any."""
        return {
            config: {
                split: sum(self.footers[name].rows for name in names)
                for split in SPLITS
                if (names := self.files(config, split))
            }
            for config in features.CONFIGS
            if self.files(config)
        }

    @cached_property
    def counts_by_split(self) -> dict[str, Counts]:
        """Split → its figures; a configuration's name stands first: ``mentions|label|Actor|program|draft``."""
        total: dict[str, Counts] = {}
        for name, footer in self.footers.items():
            _data, config, file = name.split("/")
            mine = total.setdefault(file.partition("-")[0], Counter())
            mine.update({f"{config}|{figure}": count for figure, count in footer.counts.items()})
        return {split: total[split] for split in SPLITS if split in total}

    @cached_property
    def counts(self) -> Counts:
        """The figures of all splits together."""
        total: Counts = Counter()
        for figures in self.counts_by_split.values():
            total.update(figures)
        return total

    def counts_under(self, prefix: str, split: str | None = None) -> dict[tuple[str, ...], int]:
        """The figures below a prefix, by the rest of their names, in order of name."""
        start = f"{prefix}|"
        figures = self.counts_by_split.get(split, Counter()) if split else self.counts
        return {
            tuple(name.removeprefix(start).split("|")): count
            for name, count in sorted(figures.items())
            if name.startswith(start)
        }

    def tabulate(
        self, prefix: str, *places: int, split: str | None = None
    ) -> Counter[tuple[str, ...]]:
        """The figures below a prefix, added up over all parts of their names but those at ``places``."""
        found: Counter[tuple[str, ...]] = Counter()
        for name, count in self.counts_under(prefix, split).items():
            found[tuple(name[place] for place in places)] += count
        return found

    @property
    def annotator_kinds(self) -> list[str]:
        """The kinds of annotators whose answers are here, adjudication among them, in the order of ``KIND_NAMES``."""
        found = {kind for kind, *_rest in self.counts_under("annotations|answer")}
        return [
            kind
            for kind in KIND_NAMES
            if kind in found or (kind == "gold" and self.counts["gold|adjudicated"])
        ]

    @property
    def last_change(self) -> str:
        """The day of the latest change in the sources, ISO 8601; empty where no date is known."""
        days = {
            name
            for config in ("articles", "annotations", "gold")
            for (name,) in self.counts_under(f"{config}|day")
        }
        return max(days - {UNKNOWN}, default="")

    @property
    def licences(self) -> list[str]:
        """The licences of the articles, the commonest first."""
        return [name for (name,), _count in rank_counts(self.counts_under("articles|license"))]

    def digest(self, config: str) -> str:
        """SHA-256 over ``sha256sum``'s lines for the files of a configuration."""
        lines = "".join(f"{self.digests[name]}  {name}\n" for name in self.files(config))
        return hashlib.sha256(lines.encode()).hexdigest()


def rank_counts(counts: Mapping[tuple[str, ...], int]) -> list[tuple[tuple[str, ...], int]]:
    """Figures with the largest first, those that are equal in order of name.

    >>> rank_counts({("b",): 1, ("a",): 1, ("c",): 2})
    [(('c',), 2), (('a',), 1), (('b',), 1)]
    """
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
