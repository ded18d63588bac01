"""What the corpus holds, as readings: each document with the one reading of it that was asked for, in flat memory."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Any

from sayso import jsonl
from sayso.errors import InputError, UsageError
from sayso.exchange.readings import Drawn, Marked, Reading, checked
from sayso.records import (
    AnnotatorKind,
    DocId,
    Document,
    Kept,
    Origin,
    Pseudonym,
    Record,
    Sha256,
    StartedFrom,
    Status,
)
from sayso.store import Corpus

GOLD = "gold"


class Answer(Record, frozen=True, kw_only=True):
    """A line of annotations or of gold, whichever."""

    doc_id: DocId
    text_sha256: Sha256
    text_read: Sha256 | None = None
    campaign: str
    interface: str = ""
    annotator: Pseudonym | None = None
    annotator_kind: AnnotatorKind | None = None
    schema_version: str
    guidelines_version: str | None = None
    status: Status | None = None
    created: str | None = None
    updated: str | None = None
    lead_time_seconds: float | None = None
    started_from: StartedFrom | None = None
    adjudicated: str | None = None
    adjudicator: Pseudonym | None = None
    annotators: tuple[Pseudonym, ...] = ()
    mentions: tuple[Marked, ...] = ()
    relations: tuple[Drawn, ...] = ()
    declined: tuple[Marked, ...] = ()
    declined_relations: tuple[Drawn, ...] = ()
    note: str | None = None
    kept: tuple[Kept, ...] = ()
    origin: Origin | None = None


@dataclass(frozen=True)
class Choice:
    """Which reading of a document: the adjudicated one, or an annotator's of a campaign in a pass."""

    campaign: str | None = None
    annotator: str | None = None
    interface: str | None = None

    @property
    def gold(self) -> bool:
        """Whether it is the adjudicated one."""
        return self.annotator == GOLD

    def __str__(self) -> str:
        if self.gold:
            return f"the adjudicated reading{f' of {self.campaign}' if self.campaign else ''}"
        return f"{self.annotator} of {self.campaign}, pass {self.interface}"


def choose(corpus: Corpus, campaign: str | None, annotator: str | None, interface: str | None) -> Choice:
    """The reading that is meant: gold where there is any and nobody is named, else the only one that fits.

    Raises:
        UsageError: none fits, or several do.
    """
    if annotator == GOLD and interface is not None:
        raise UsageError("the adjudicated reading has no pass", remedy="leave --interface out")
    if annotator == GOLD or (annotator is None and interface is None and any(_gold(corpus, campaign))):
        return Choice(campaign, GOLD)
    fitting = [
        each for each in _answered(corpus, campaign)
        if annotator in (None, each.annotator) and interface in (None, each.interface)
    ]  # fmt: skip
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        raise UsageError(
            "no answers of that description",
            where=str(corpus.folder / "annotations"),
            remedy="look there for the names of campaigns and annotators, or run `sayso pull`",
        )
    words = "; ".join(
        f"--campaign {each.campaign} --annotator {each.annotator} --interface {each.interface}" for each in fitting[:8]
    )
    raise UsageError(f"{len(fitting)} readings to choose from, and no adjudicated one", remedy=f"say which: {words}")


def _gold(corpus: Corpus, campaign: str | None) -> Iterator[Answer]:
    for path in corpus.gold_files():
        yield from (each for each in jsonl.read(path, Answer) if campaign in (None, each.campaign))


def _answered(corpus: Corpus, campaign: str | None) -> Iterator[Choice]:
    for path in corpus.annotation_files(campaign):
        for interface in sorted({each.interface for each in jsonl.read(path, _Pass)}):
            yield Choice(path.parent.name, path.stem, interface)


class _Pass(Record, frozen=True, forbid_unknown_fields=False):
    interface: str


@dataclass
class Readings:
    """The readings that were chosen, in order of document, as often as they are asked for.

    ``left_out`` counts what has no reading to give, as of the last time through.
    """

    corpus: Corpus
    choice: Choice
    left_out: Counter[str] = field(default_factory=Counter)

    def __iter__(self) -> Iterator[Reading]:
        """Yield each document that has such a reading.

        Raises:
            InputError: an answer is for another text, or its parts do not fit together.
            SpanError: a mention is not the slice that it says it is.
        """
        self.left_out = Counter()
        answers = groupby(self._answers(), key=attrgetter("doc_id"))
        doc_id, mine = next(answers, ("", iter(())))
        for document in self.corpus.documents():
            found = list(mine) if doc_id == document.doc_id else []
            if doc_id == document.doc_id:
                doc_id, mine = next(answers, ("", iter(())))
            if answer := self._one(found):
                yield _reading(document, answer)
        if doc_id:
            raise InputError(f"answers for {doc_id}, which is no document of the corpus or stands out of order",
                             where=str(self.corpus.folder), remedy="run `sayso check`")  # fmt: skip

    def _answers(self) -> Iterator[Answer]:
        choice = self.choice
        if choice.gold:
            files = (jsonl.read(path, Answer) for path in self.corpus.gold_files())
            merged = heapq.merge(*files, key=attrgetter("doc_id"))
            return (each for each in merged if choice.campaign in (None, each.campaign))
        assert choice.campaign is not None and choice.annotator is not None  # noqa: S101
        path = self.corpus.annotation_file(choice.campaign, choice.annotator)
        return (each for each in jsonl.read(path, Answer) if each.interface == choice.interface)

    def _one(self, answers: list[Answer]) -> Answer | None:
        if not answers:
            self.left_out["documents without this reading"] += 1
            return None
        given = [each for each in answers if each.status != "skipped"]
        if not given:
            self.left_out["documents that were skipped"] += 1
            return None
        if len(given) > 1:
            self.left_out["earlier answers to the same document"] += len(given) - 1
        return max(given, key=lambda each: each.updated or each.adjudicated or "")


def _reading(document: Document, answer: Answer) -> Reading:
    place = f"document {document.doc_id}, {answer.annotator or GOLD} of {answer.campaign}"
    if answer.text_sha256 != document.text_sha256:
        raise InputError("the answer was given to another text", where=place, remedy="run `sayso check`")
    return checked(
        Reading(
            doc_id=document.doc_id,
            text=document.text,
            about=_about(document, answer),
            mentions=answer.mentions,
            relations=answer.relations,
            note=answer.note,
            kept=answer.kept,
        ),
        place,
    )


_OF_DOCUMENT = ("title", "outlet", "url", "published", "language", "license", "source_name", "split", "ingested",
                "text_sha256")  # fmt: skip
_OF_ANSWER = ("campaign", "interface", "annotator", "annotator_kind", "schema_version", "guidelines_version", "status",
              "created", "updated", "lead_time_seconds", "started_from", "text_read", "adjudicated",
              "adjudicator")  # fmt: skip


def _about(document: Document, answer: Answer) -> dict[str, str]:
    known: dict[str, Any] = {name: getattr(document, name) for name in _OF_DOCUMENT}
    known |= {name: getattr(answer, name) for name in _OF_ANSWER}
    known["annotators"] = " ".join(answer.annotators)
    if answer.origin:
        origin = answer.origin
        known["origin"] = f"{origin.system} {origin.project} {origin.task} {origin.annotation}"
    return {name: str(value) for name, value in known.items() if value not in (None, "")}
