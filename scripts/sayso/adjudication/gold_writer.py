"""Gold of one pass of a campaign, document by document, merged into the campaign's file.

What stands there stays unless something better comes: an adjudicator's word before a majority's, a pass that shows
more before one that shows less. Nothing is written that breaks a rule of the scheme.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Literal, NamedTuple

from msgspec import Raw, Struct

from sayso import jsonl
from sayso.adjudication.adjudication_cases import AdjudicationCase, pass_breadth
from sayso.adjudication.candidates import DocumentCandidates
from sayso.adjudication.decisions import (
    Decision,
    add_unanimous,
    build_gold,
    decide_unanimous,
    find_pending,
    restore_decision,
)
from sayso.adjudication.majority import count_undecided, decide_by_majority
from sayso.checks.check_registry import Finding
from sayso.checks.corpus_checks import check_gold
from sayso.corpus.sources import CorpusFiles
from sayso.models import Document, Gold, encode
from sayso.schema.declarations import Schema
from sayso.spans import Span

AdjudicationStatus = Literal[
    "adjudicated",
    "unanimous",
    "majority",
    "waiting",
    "unsent",
    "newer",
    "unreadable",
    "broken",
    "kept",
    "few",
    "outdated",
    "narrower",
    "elsewhere",
    "foreign",
]

STATUS_TEXTS: dict[AdjudicationStatus, str] = {
    "adjudicated": "gold by an adjudicator",
    "unanimous": "gold, all annotators having read alike",
    "majority": "gold by majority, and no adjudicator",
    "waiting": "with the adjudicator, who has not submitted",
    "unsent": "annotators differ, and no adjudicator was asked: `sayso adjudicate push`",
    "newer": "readings came after it was adjudicated: `sayso adjudicate push` asks about those alone",
    "unreadable": "adjudicated, and not to be read as a decision: open it again in Label Studio",
    "broken": "decided, and it breaks a rule: mend it in Label Studio; not written",
    "kept": "adjudicated before: left as it is",
    "few": "answers of too few annotators: left alone",
    "outdated": "answers in the words of another schema: `sayso schema migrate`",
    "narrower": "gold of a pass that shows more is there: left as it is",
    "elsewhere": "gold of another campaign is there: left alone",
    "foreign": "gold that names no pass is there, so it was not made here: left as it is",
}
GOLD_STATUSES: tuple[AdjudicationStatus, ...] = ("adjudicated", "unanimous", "majority")


@dataclass(frozen=True)
class SkippedDocument:
    """One document of which no new line was made, and why."""

    doc_id: str
    status: AdjudicationStatus
    detail: str = ""


@dataclass
class GoldWriteResult:
    """What came of one pass.

    Attributes:
        documents: how many of each kind.
        undecided: spots and arrows that a majority neither took nor turned down.
        findings: why documents are ``broken``.
        written: documents whose line of gold is another one now.
    """

    campaign: str
    pass_name: str
    documents: Counter[AdjudicationStatus] = field(default_factory=Counter)
    undecided: int = 0
    skipped: list[SkippedDocument] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    changed: int = 0


DecisionOrStatus = Decision | tuple[AdjudicationStatus, str]
"""What was decided on a document, or why nothing was."""
Decider = Callable[[AdjudicationCase, DocumentCandidates, Decision | None], DecisionOrStatus]
"""Decides on a document; the last argument is what an adjudicator had decided on it, as gold has it."""


class _GoldHead(Struct, frozen=True):
    doc_id: str


def gold_path(corpus: CorpusFiles, campaign: str) -> Path:
    """Where the gold of a campaign lies."""
    return corpus.folder / "gold" / f"{campaign}.jsonl"


def write_gold(
    corpus: CorpusFiles,
    schema: Schema,
    result: GoldWriteResult,
    cases: Iterable[AdjudicationCase],
    decide: Decider,
    *,
    dry_run: bool = False,
) -> GoldWriteResult:
    """Decide on every case and bring the campaign's file up to it; other campaigns' stay untouched."""
    path = gold_path(corpus, result.campaign)
    others = [_read_other_campaign(each) for each in corpus.gold_files() if each != path]
    parts = heapq.merge(
        _read_current(path), *others, _iterate_case_parts(cases), key=attrgetter("doc_id", "order")
    )
    lines = _GoldMerge(schema, result, decide).merge(parts)
    if dry_run:
        for _line in lines:
            pass
        return result
    jsonl.write(path, lines)
    if path.stat().st_size == 0:
        path.unlink()
    return result


class _GoldPart(NamedTuple):
    """What concerns a document: its standing line, the name of another file with gold of it, or its case."""

    doc_id: str
    order: int
    line: bytes | None = None
    record: Gold | None = None
    other: str = ""
    case: AdjudicationCase | None = None


def _read_current(path: Path) -> Iterator[_GoldPart]:
    for _number, content, record in jsonl.read_lines(path, Gold) if path.exists() else ():
        yield _GoldPart(record.doc_id, 0, line=content.rstrip(b"\n"), record=record)


def _read_other_campaign(path: Path) -> Iterator[_GoldPart]:
    for head in jsonl.read(path, _GoldHead):
        yield _GoldPart(head.doc_id, 1, other=path.stem)


def _iterate_case_parts(cases: Iterable[AdjudicationCase]) -> Iterator[_GoldPart]:
    for case in cases:
        yield _GoldPart(case.document.doc_id, 2, case=case)


@dataclass
class _GoldMerge:
    schema: Schema
    result: GoldWriteResult
    decide: Decider

    def merge(self, parts: Iterable[_GoldPart]) -> Iterator[Raw]:
        """The lines of the file as it is to be; ``parts`` stand in order of document."""
        for _doc_id, group in groupby(parts, key=attrgetter("doc_id")):
            found = list(group)
            standing = next((part for part in found if part.line is not None), None)
            elsewhere = next((part.other for part in found if part.other), "")
            case = next((part.case for part in found if part.case), None)
            line = self._merge_case(case, standing and standing.record, elsewhere) if case else None
            if line is not None and line != (standing and standing.line):
                self.result.changed += 1
            if kept := line or (standing and standing.line):
                yield Raw(kept)

    def _merge_case(
        self, case: AdjudicationCase, current: Gold | None, elsewhere: str
    ) -> bytes | None:
        """The document's new line, or None where what stands there stays."""
        found = self._resolve_case(case, current, elsewhere)
        if isinstance(found, Gold):
            return encode(found)
        kind, detail = found
        self._record_status(case.document.doc_id, kind, detail)
        return None

    def _resolve_case(
        self, case: AdjudicationCase, current: Gold | None, elsewhere: str
    ) -> Gold | tuple[AdjudicationStatus, str]:
        if case.candidates is None:
            return (
                ("outdated", case.outdated_schemas)
                if case.outdated_schemas
                else ("few", ", ".join(case.annotators))
            )
        if elsewhere:
            return "elsewhere", elsewhere
        if current and current.interface is None:
            return "foreign", ""
        mine = pass_breadth(self.schema, case.candidates.pass_name)
        if current and current.interface and pass_breadth(self.schema, current.interface) > mine:
            return "narrower", current.interface
        same = current if current and current.interface == case.candidates.pass_name else None
        verdict = self.decide(case, case.candidates, restore_decision(same) if same else None)
        if not isinstance(verdict, Decision):
            return verdict
        if verdict.decided == "majority" and current and current.adjudicator:
            return "kept", current.adjudicator
        return self._build_sound_gold(case.document, case.candidates, verdict)

    def _build_sound_gold(
        self, document: Document, candidates: DocumentCandidates, decision: Decision
    ) -> Gold | tuple[AdjudicationStatus, str]:
        record = build_gold(candidates, document, decision, self.schema.version)
        if broken := find_errors(record, document, self.schema):
            self.result.findings += broken
            return "broken", f"{len(broken)} errors"
        if decision.decided == "majority":
            self.result.undecided += count_undecided(candidates, decision)
        alike = decision.decided == "majority" and candidates.is_unanimous and not record.declined
        self.result.documents["unanimous" if alike else decision.decided] += 1
        return record

    def _record_status(self, doc_id: str, status: AdjudicationStatus, detail: str) -> None:
        self.result.documents[status] += 1
        if status != "few":  # those may be most of the corpus
            self.result.skipped.append(SkippedDocument(doc_id, status, detail))


def find_errors(record: Gold, document: Document, schema: Schema) -> list[Finding]:
    """What the checks find wrong with a line of gold; warnings are no reason to hold it back."""
    return [each for each in check_gold(record, document.text, schema) if each.severity == "error"]


def majority_decider(schema: Schema) -> Decider:
    """Decide by majority, where no adjudicator has decided."""

    def decide(
        case: AdjudicationCase, candidates: DocumentCandidates, before: Decision | None
    ) -> DecisionOrStatus:
        if before:
            return "kept", before.adjudicator or ""

        def broken(decision: Decision) -> Iterator[Span]:
            record = build_gold(candidates, case.document, decision, schema.version)
            for found in find_errors(record, case.document, schema):
                if found.start is not None and found.end is not None:
                    yield Span(found.start, found.end)

        return decide_by_majority(candidates, case.document.text, schema, broken)

    return decide


def resolve_adjudicated(
    case: AdjudicationCase, candidates: DocumentCandidates, decision: Decision | None
) -> DecisionOrStatus:
    """What an adjudicator's decision, or everybody's agreement, comes to by now."""
    if decision is None:
        return (
            decide_unanimous(candidates, case.document.text)
            if candidates.is_unanimous
            else ("unsent", "")
        )
    if new := find_pending(candidates, decision):
        return "newer", f"{len(new)} readings"
    return add_unanimous(candidates, decision, case.document.text)


def latest_decision(*decisions: Decision | None) -> Decision | None:
    """The one that was made last."""
    return max(filter(None, decisions), key=attrgetter("decided_at"), default=None)
