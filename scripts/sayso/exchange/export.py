"""Readings of the corpus, in another tool's format."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sayso.errors import ConflictError
from sayso.exchange import formats, places
from sayso.exchange.formats import Format, Written
from sayso.exchange.readings import Losses, Reading, Words
from sayso.exchange.source import Choice, Readings, choose
from sayso.settings import Instance
from sayso.store import Corpus

Watch = Callable[[int], None]


@dataclass(frozen=True)
class Order:
    """What a command asks for. ``out`` None: ``export/`` in the current folder."""

    format: str
    out: Path | None = None
    campaign: str | None = None
    annotator: str | None = None
    interface: str | None = None
    lossy: bool = False
    dry_run: bool = False


@dataclass(frozen=True)
class Outcome:
    """What was done, or with ``dry_run`` would be."""

    choice: Choice
    target: Path
    documents: int
    losses: dict[str, int]
    left_out: dict[str, int]
    changed: bool


class LossError(ConflictError):
    """Something would be lost; ``losses`` are how many of each kind."""

    def __init__(
        self, losses: Losses, whose: str, remedy: str = "nothing was written; --lossy goes on without them"
    ) -> None:
        self.losses = {kind: count for kind, count in sorted(losses.items()) if count}
        told = ", ".join(f"{count:,} {kind}" for kind, count in self.losses.items())
        super().__init__(f"{whose} cannot hold {told}", remedy=remedy)


def export(instance: Instance, order: Order, watch: Watch = lambda _n: None) -> Outcome:
    """Write the chosen readings in a format; ``watch`` hears how many documents further it is, in each of two rounds.

    Raises:
        UsageError: no such format, or no such reading, or several.
        LossError: the format cannot hold all of it, and ``lossy`` was not said; nothing was written.
        InputError: the corpus does not fit together.
        DiskError: the disk refused; what was there is as it was.
    """
    corpus = Corpus(instance.root)
    format = formats.named(order.format)
    choice = choose(corpus, order.campaign, order.annotator, order.interface)
    readings = Readings(corpus, choice)
    target = order.out or Path("export", f"{order.format}{format.suffix}")
    losses, words = (Losses(), Words()) if format.whole and not order.dry_run else _survey(format, readings, watch)
    if losses.total() and not order.lossy:
        raise LossError(losses, order.format)
    fitted = _Fitted(format, readings, watch)
    changed = not order.dry_run and places.put(
        target, lambda path: format.write(path, Written(fitted, words)), folder=not format.suffix
    )
    told = {kind: count for kind, count in sorted(losses.items()) if count}
    documents = fitted.count or words.documents
    return Outcome(choice, target, documents, told, dict(sorted(readings.left_out.items())), changed)


def _survey(format: Format, readings: Readings, watch: Watch) -> tuple[Losses, Words]:
    """What would be lost, and the words that are used in what would not."""
    losses, words = Losses(), Words()
    for reading in readings:
        if (fitted := format.fit(reading, losses)) is not None:
            words.documents += 1
            if format.worded:
                words.hear(fitted)
        watch(1)
    return losses, words


@dataclass
class _Fitted:
    format: Format
    readings: Readings
    watch: Watch
    count: int = 0

    def __iter__(self) -> Iterator[Reading]:
        for reading in self.readings:
            if (fitted := self.format.fit(reading, Losses())) is not None:
                self.count += 1
                yield fitted
            self.watch(1)
