"""Readings of the corpus, in another tool's format."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sayso.corpus.sources import CorpusFiles
from sayso.errors import ConflictError
from sayso.formats import export_target, format_registry
from sayso.formats.annotated_documents import AnnotatedDocument, Losses, Vocabulary
from sayso.formats.export_source import ExportSelection, SelectedAnnotations, select_annotations
from sayso.formats.format_registry import ExportContent, Format
from sayso.settings import Checkout

Advance = Callable[[int], None]


@dataclass(frozen=True)
class ExportRequest:
    """What a command asks for. ``out`` None: ``export/`` in the current folder."""

    format: str
    out: Path | None = None
    campaign: str | None = None
    annotator: str | None = None
    pass_name: str | None = None
    lossy: bool = False
    dry_run: bool = False


@dataclass(frozen=True)
class ExportResult:
    """What was done, or with ``dry_run`` would be."""

    selection: ExportSelection
    target: Path
    documents: int
    losses: dict[str, int]
    excluded: dict[str, int]
    changed: bool


class LossError(ConflictError):
    """Something would be lost; ``losses`` are how many of each kind."""

    def __init__(
        self,
        losses: Losses,
        target: str,
        remedy: str = "nothing was written; --lossy goes on without them",
    ) -> None:
        self.losses = {kind: count for kind, count in sorted(losses.items()) if count}
        told = ", ".join(f"{count:,} {kind}" for kind, count in self.losses.items())
        super().__init__(f"{target} cannot hold {told}", remedy=remedy)


def export(
    checkout: Checkout, request: ExportRequest, advance: Advance = lambda _n: None
) -> ExportResult:
    """Write the chosen readings in a format; ``advance`` hears how many documents further it is, in each of two rounds.

    Raises:
        UsageError: no such format, or no such reading, or several.
        LossError: the format cannot hold all of it, and ``lossy`` was not said; nothing was written.
        InputError: the corpus does not fit together.
        DiskError: the disk refused; what was there is as it was.
    """
    corpus = CorpusFiles(checkout.root)
    format = format_registry.find_format(request.format)
    choice = select_annotations(corpus, request.campaign, request.annotator, request.pass_name)
    readings = SelectedAnnotations(corpus, choice)
    target = request.out or Path("export", f"{request.format}{format.suffix}")
    losses, words = (
        (Losses(), Vocabulary())
        if format.holds_everything and not request.dry_run
        else _count_losses(format, readings, advance)
    )
    if losses.total() and not request.lossy:
        raise LossError(losses, request.format)
    fitted = _FittedDocuments(format, readings, advance)
    changed = not request.dry_run and export_target.replace_target(
        target,
        lambda path: format.write(path, ExportContent(fitted, words)),
        folder=not format.suffix,
    )
    told = {kind: count for kind, count in sorted(losses.items()) if count}
    documents = fitted.count or words.documents
    return ExportResult(
        choice, target, documents, told, dict(sorted(readings.excluded.items())), changed
    )


def _count_losses(
    format: Format, documents: SelectedAnnotations, advance: Advance
) -> tuple[Losses, Vocabulary]:
    """What would be lost, and the words that are used in what would not."""
    losses, words = Losses(), Vocabulary()
    for reading in documents:
        if (fitted := format.fit(reading, losses)) is not None:
            words.documents += 1
            if format.needs_vocabulary:
                words.add_document(fitted)
        advance(1)
    return losses, words


@dataclass
class _FittedDocuments:
    format: Format
    documents: SelectedAnnotations
    advance: Advance
    count: int = 0

    def __iter__(self) -> Iterator[AnnotatedDocument]:
        for reading in self.documents:
            if (fitted := self.format.fit(reading, Losses())) is not None:
                self.count += 1
                yield fitted
            self.advance(1)
