"""The data that the card is computed from: a build, the schema, guidelines and agreement."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sayso.agreement.agreement_report import AgreementReport
from sayso.dataset.build_counts import UNKNOWN, Counts
from sayso.dataset.parquet_files import DatasetFileFooter
from sayso.errors import InputError
from sayso.schema.column_names import list_configs
from sayso.schema.declarations import Schema
from sayso.schema.guidelines import Guidelines
from sayso.settings import Checkout
from sayso.versions import Version

SPLITS = ("train", "validation", "test")
KIND_NAMES = {"gold": "adjudicated", "human": "people", "program": "programs"}
"""Kinds of annotators in the order of the card, and their names there."""


@dataclass(frozen=True)
class DatasetFile:
    """A Parquet file, at its place or still staged."""

    path: Path
    sha256: str
    footer: DatasetFileFooter


@dataclass(frozen=True)
class BuiltDataset:
    """The result of a build.

    Attributes:
        files: by name under ``corpus/``, such as ``data/claims/train-00000.parquet``.
        agreement: None if there is nothing to compare.
        has_changelog: the versions so far have a changelog.
    """

    schema: Schema
    version: str
    files: Mapping[str, DatasetFile]
    guidelines: Guidelines | None = None
    agreement: AgreementReport | None = None
    has_changelog: bool = False

    def select_files(self, config: str, split: str = "") -> dict[str, DatasetFile]:
        """Return the files of a configuration, or of one split of it, in order of name."""
        prefix = f"data/{config}/{split and f'{split}-'}"
        return {name: self.files[name] for name in sorted(self.files) if name.startswith(prefix)}

    @cached_property
    def rows(self) -> dict[str, dict[str, int]]:
        """Configuration -> split -> number of rows, if there are any."""
        return {
            config: {
                split: sum(file.footer.rows for file in files.values())
                for split in SPLITS
                if (files := self.select_files(config, split))
            }
            for config in list_configs(self.schema)
            if self.select_files(config)
        }

    @cached_property
    def counts_by_split(self) -> dict[str, Counts]:
        """Split -> counts; keys start with the configuration: ``mentions|label|Actor|...``."""
        total: dict[str, Counts] = {}
        for name, file in self.files.items():
            _, config, stem = name.split("/")
            counts = total.setdefault(stem.partition("-")[0], Counter())
            counts.update({f"{config}|{key}": n for key, n in file.footer.counts.items()})
        return {split: total[split] for split in SPLITS if split in total}

    @cached_property
    def counts(self) -> Counts:
        """The counts of all splits together."""
        total: Counts = Counter()
        for counts in self.counts_by_split.values():
            total.update(counts)
        return total

    def counts_under(self, prefix: str, split: str | None = None) -> dict[tuple[str, ...], int]:
        """Return the counts below a prefix by the rest of their keys, in order of key."""
        start = f"{prefix}|"
        counts = self.counts_by_split.get(split, Counter()) if split else self.counts
        return {
            tuple(key.removeprefix(start).split("|")): count
            for key, count in sorted(counts.items())
            if key.startswith(start)
        }

    def tabulate(
        self, prefix: str, *parts: int, split: str | None = None
    ) -> Counter[tuple[str, ...]]:
        """Add up the counts below a prefix over all parts of their keys except ``parts``."""
        table: Counter[tuple[str, ...]] = Counter()
        for key, count in self.counts_under(prefix, split).items():
            table[tuple(key[part] for part in parts)] += count
        return table

    def count_relations(self) -> Counter[tuple[str, ...]]:
        """Count relations by type and kind of annotator, gold included."""
        return self.tabulate("annotations|relation", 0, 1) + self.tabulate("gold|relation", 0, 1)

    @property
    def annotator_kinds(self) -> list[str]:
        """The kinds of annotators, and gold if there is any, in the order of ``KIND_NAMES``."""
        kinds = {kind for kind, *_ in self.counts_under("annotations|answer")}
        if self.counts["gold|adjudicated"]:
            kinds.add("gold")
        return [kind for kind in KIND_NAMES if kind in kinds]

    @property
    def decisions(self) -> Counter[tuple[str, tuple[str, ...]]]:
        """The number of adjudicated documents by method, and kinds of those who decided."""
        return Counter(
            {
                (method, tuple(kinds.split())): count
                for (method, kinds), count in self.counts_under("gold|decided").items()
            }
        )

    @property
    def last_change(self) -> str:
        """The day of the latest change in the sources, ISO 8601; empty if none is known."""
        days = {
            day
            for config in ("articles", "annotations", "gold")
            for (day,) in self.counts_under(f"{config}|day")
        }
        return max(days - {UNKNOWN}, default="")

    @property
    def licences(self) -> list[str]:
        """The licences of the articles, the most frequent first."""
        return [name for (name,), _ in rank_counts(self.counts_under("articles|license"))]

    def digest(self, config: str) -> str:
        """Return the SHA-256 of the output of ``sha256sum`` for the files of a configuration."""
        files = self.select_files(config)
        lines = "".join(f"{file.sha256}  {name}\n" for name, file in files.items())
        return hashlib.sha256(lines.encode()).hexdigest()


def read_data_version(checkout: Checkout) -> str:
    """Read the version of the data, ``data_version`` in ``[tool.sayso]``.

    Raises:
        InputError: not three numbers, which is all that ``datasets`` accepts.
    """
    setting = checkout.find_setting("data_version")
    if setting is None:
        return "0.0.0"
    try:
        return str(Version.parse(setting.value))
    except ValueError as error:
        raise InputError(f"data_version {error}", where=setting.source) from None


def rank_counts(counts: Mapping[tuple[str, ...], int]) -> list[tuple[tuple[str, ...], int]]:
    """Sort counts, the largest first and equal ones by name.

    >>> rank_counts({("b",): 1, ("a",): 1, ("c",): 2})
    [(('c',), 2), (('a',), 1), (('b',), 1)]
    """
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
