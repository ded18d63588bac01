"""Writing of gold: the decisions on one pass of a campaign are merged into the campaign's file.

Gold is only replaced by something better: an adjudicator's decision before a majority's, a wider
pass before a narrower one. Gold that breaks a check is not written.
"""

from __future__ import annotations

import heapq
from collections import Counter, deque
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
    count_decisions,
    decide_unanimous,
    find_pending,
    restore_decision,
)
from sayso.adjudication.majority import count_undecided, decide_by_majority
from sayso.checks.check_registry import Finding
from sayso.checks.corpus_checks import check_gold
from sayso.corpus.sources import CorpusFiles
from sayso.files import exists
from sayso.models import Document, Gold, encode
from sayso.schema.declarations import Schema
from sayso.spans import Span

GoldStatus = Literal["adjudicated", "unanimous", "majority"]
PendingStatus = Literal["waiting", "unsent", "newer", "split", "unreadable", "broken"]
UnchangedStatus = Literal["kept", "few", "outdated", "narrower", "elsewhere", "foreign"]
AdjudicationStatus = GoldStatus | PendingStatus | UnchangedStatus

STATUS_TEXTS: dict[AdjudicationStatus, str] = {
    "adjudicated": "gold by an adjudicator",
    "unanimous": "gold, because all annotators agree",
    "majority": "gold by majority, without an adjudicator",
    "waiting": "with the adjudicator, who has not submitted",
    "unsent": "annotators disagree or ask to look, and no adjudicator was asked:"
    " `sayso adjudicate push`",
    "newer": "annotated further since it was adjudicated: `sayso adjudicate push` asks about that",
    "split": "no answer to a required question has a majority: `sayso adjudicate push`",
    "unreadable": "adjudicated, but it cannot be read as a decision: open it again in Label Studio",
    "broken": "decided, but it breaks a check: correct it in Label Studio; not written",
    "kept": "adjudicated before: unchanged",
    "few": "too few annotators: unchanged",
    "outdated": "annotated with another schema: `sayso schema migrate`",
    "narrower": "there is gold of a pass that shows more: unchanged",
    "elsewhere": "there is gold of another campaign: unchanged",
    "foreign": "there is gold that names no pass, so it was not made here: unchanged",
}


@dataclass(frozen=True)
class SkippedDocument:
    """A document without new gold, and the reason."""

    doc_id: str
    status: AdjudicationStatus
    detail: str = ""


@dataclass
class GoldWriteResult:
    """The result for one pass.

    Attributes:
        documents: their numbers by status.
        decisions: the numbers of documents with gold by method, and kinds of those who decided.
        undecided: the number of spans, relations and questions without a majority either way.
        findings: the reasons why documents are ``broken``.
        changed: the number of documents whose gold changed.
        notes: on the project of adjudication.
        later_remarks: documents with a flag or note later than the decision, and of whom.
    """

    campaign: str
    pass_name: str
    documents: Counter[AdjudicationStatus] = field(default_factory=Counter)
    decisions: Counter[tuple[str, tuple[str, ...]]] = field(default_factory=Counter)
    undecided: int = 0
    skipped: list[SkippedDocument] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    changed: int = 0
    notes: list[str] = field(default_factory=list)
    later_remarks: list[str] = field(default_factory=list)


DecisionOrStatus = Decision | tuple[AdjudicationStatus, str]
"""The decision on a document, or a status with details if there is none."""
Decider = Callable[[AdjudicationCase, DocumentCandidates, Decision | None], DecisionOrStatus]
"""Decides on a document. The last argument is the adjudicator's decision that gold holds."""


class _GoldHead(Struct, frozen=True):
    doc_id: str


def gold_path(corpus: CorpusFiles, campaign: str) -> Path:
    """Return the file with the gold of a campaign."""
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
    """Decide on every case and update the campaign's file, and no other campaign's."""
    path = gold_path(corpus, result.campaign)
    others = [_read_other_campaign(each) for each in corpus.gold_files() if each != path]
    parts = heapq.merge(
        _read_current(path), *others, _iterate_case_parts(cases), key=attrgetter("doc_id", "order")
    )
    lines = _GoldMerge(schema, result, decide).merge(parts)
    if dry_run:
        deque(lines, 0)
        return result
    jsonl.write(path, lines)
    if path.stat().st_size == 0:
        path.unlink()
    return result


class _GoldPart(NamedTuple):
    """The current gold of a document, the campaign of other gold of it, or its case."""

    doc_id: str
    order: int
    line: bytes | None = None
    record: Gold | None = None
    other: str = ""
    case: AdjudicationCase | None = None


def _read_current(path: Path) -> Iterator[_GoldPart]:
    for _number, content, record in jsonl.read_lines(path, Gold) if exists(path) else ():
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
        """Yield the lines of the new file. The parts must be in order of document."""
        for _doc_id, group in groupby(parts, key=attrgetter("doc_id")):
            found = list(group)
            current = next((part for part in found if part.line is not None), None)
            other = next((part.other for part in found if part.other), "")
            case = next((part.case for part in found if part.case), None)
            kept = current.line if current else None
            line = self._merge_case(case, current and current.record, other) if case else None
            if line is not None and line != kept:
                self.result.changed += 1
            if content := line or kept:
                yield Raw(content)

    def _merge_case(self, case: AdjudicationCase, current: Gold | None, other: str) -> bytes | None:
        """Return the new line of a document, or None to keep the current one."""
        found = self._resolve_case(case, current, other)
        if isinstance(found, Gold):
            return encode(found)
        status, detail = found
        self.result.documents[status] += 1
        if status != "few":  # those may be most of the corpus
            self.result.skipped.append(SkippedDocument(case.document.doc_id, status, detail))
        return None

    def _resolve_case(
        self, case: AdjudicationCase, current: Gold | None, other: str
    ) -> Gold | tuple[AdjudicationStatus, str]:
        if case.outdated_schemas:
            return "outdated", case.outdated_schemas
        if case.candidates is None:
            return "few", ", ".join(case.annotators)
        if other:
            return "elsewhere", other
        if current and current.interface is None:
            return "foreign", ""
        mine = pass_breadth(self.schema, case.candidates.pass_name)
        if current and current.interface and pass_breadth(self.schema, current.interface) > mine:
            return "narrower", current.interface
        same = current if current and current.interface == case.candidates.pass_name else None
        before = restore_decision(same, case.candidates) if same else None
        decision = self.decide(case, case.candidates, before)
        if not isinstance(decision, Decision):
            return decision
        if decision.decided == "majority" and current and current.adjudicator:
            return "kept", current.adjudicator
        return self._build_sound_gold(case.document, case.candidates, decision)

    def _build_sound_gold(
        self, document: Document, candidates: DocumentCandidates, decision: Decision
    ) -> Gold | tuple[AdjudicationStatus, str]:
        record = build_gold(candidates, document, decision, self.schema.version)
        if broken := find_errors(record, document, self.schema):
            self.result.findings += broken
            return "broken", f"{len(broken)} errors"
        if decision.decided == "majority":
            self.result.undecided += count_undecided(candidates, decision)
        self.result.documents[record.decided or decision.decided] += 1
        self.result.decisions[record.decision] += 1
        return record


def find_errors(record: Gold, document: Document, schema: Schema) -> list[Finding]:
    """Return the errors that the checks find in gold.

    Warnings do not keep it from being written.
    """
    findings = check_gold(record, document.text, schema, document.language)
    return [each for each in findings if each.severity == "error"]


def majority_decider(schema: Schema) -> Decider:
    """Return a decider by majority that keeps an adjudicator's decision."""

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

        decision = decide_by_majority(candidates, case.document.text, schema, broken)
        asked = schema.questions_of_pass(candidates.pass_name)
        open_questions = [
            name
            for name, question in asked.items()
            if question.required and name not in decision.answers
        ]
        return ("split", ", ".join(open_questions)) if open_questions else decision

    return decide


def resolve_adjudicated(
    case: AdjudicationCase, candidates: DocumentCandidates, decision: Decision | None
) -> DecisionOrStatus:
    """Return the adjudicator's decision with later agreement, or what all agree on, or a status."""
    if decision is None and not candidates.needs_adjudicator:
        return decide_unanimous(candidates, case.document.text)
    if decision is None:
        return "unsent", ""
    if new := find_pending(candidates, decision):
        return "newer", f"{count_decisions(new)} mentions, relations and answers"
    return add_unanimous(candidates, decision, case.document.text)


def latest_decision(*decisions: Decision | None) -> Decision | None:
    """Return the decision that was made last."""
    return max(filter(None, decisions), key=attrgetter("decided_at"), default=None)
