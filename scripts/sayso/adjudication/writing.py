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
from sayso.adjudication.candidates import Candidates
from sayso.adjudication.deciding import Decision, completed, decision_of, gold, pending, unanimous
from sayso.adjudication.documents import Case, breadth
from sayso.adjudication.majority import majority, undecided
from sayso.checks.corpus import gold_findings
from sayso.checks.findings import Finding
from sayso.records import Document, Gold, encode
from sayso.schema import Schema
from sayso.spans import Span
from sayso.store import Corpus

Kind = Literal[
    "adjudicated", "unanimous", "majority", "waiting", "unsent", "newer", "unreadable", "broken", "kept", "few",
    "outdated", "narrower", "elsewhere", "foreign",
]  # fmt: skip

MEANING: dict[Kind, str] = {
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
GOLD: tuple[Kind, ...] = ("adjudicated", "unanimous", "majority")


@dataclass(frozen=True)
class Told:
    """One document of which no new line was made, and why."""

    doc_id: str
    kind: Kind
    detail: str = ""


@dataclass
class Outcome:
    """What came of one pass.

    Attributes:
        documents: how many of each kind.
        undecided: spots and arrows that a majority neither took nor turned down.
        findings: why documents are ``broken``.
        written: documents whose line of gold is another one now.
    """

    campaign: str
    interface: str
    documents: Counter[Kind] = field(default_factory=Counter)
    undecided: int = 0
    told: list[Told] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    written: int = 0


Verdict = Decision | tuple[Kind, str]
"""What was decided on a document, or why nothing was."""
Decide = Callable[[Case, Candidates, Decision | None], Verdict]
"""Decides on a document; the last argument is what an adjudicator had decided on it, as gold has it."""


class _Head(Struct, frozen=True):
    doc_id: str


def gold_file(corpus: Corpus, campaign: str) -> Path:
    """Where the gold of a campaign lies."""
    return corpus.folder / "gold" / f"{campaign}.jsonl"


def write(corpus: Corpus, schema: Schema, outcome: Outcome, cases: Iterable[Case], decide: Decide, *,
          dry_run: bool = False) -> Outcome:  # fmt: skip
    """Decide on every case and bring the campaign's file up to it; other campaigns' stay untouched."""
    path = gold_file(corpus, outcome.campaign)
    others = [_elsewhere(each) for each in corpus.gold_files() if each != path]
    parts = heapq.merge(_standing(path), *others, _asked(cases), key=attrgetter("doc_id", "kind"))
    lines = _Pass(schema, outcome, decide).lines(parts)
    if dry_run:
        for _line in lines:
            pass
        return outcome
    jsonl.write(path, lines)
    if path.stat().st_size == 0:
        path.unlink()
    return outcome


class _Part(NamedTuple):
    """What concerns a document: its standing line, the name of another file with gold of it, or its case."""

    doc_id: str
    kind: int
    line: bytes | None = None
    record: Gold | None = None
    other: str = ""
    case: Case | None = None


def _standing(path: Path) -> Iterator[_Part]:
    for _number, content, record in jsonl.lines(path, Gold) if path.exists() else ():
        yield _Part(record.doc_id, 0, line=content.rstrip(b"\n"), record=record)


def _elsewhere(path: Path) -> Iterator[_Part]:
    for head in jsonl.read(path, _Head):
        yield _Part(head.doc_id, 1, other=path.stem)


def _asked(cases: Iterable[Case]) -> Iterator[_Part]:
    for case in cases:
        yield _Part(case.document.doc_id, 2, case=case)


@dataclass
class _Pass:
    schema: Schema
    outcome: Outcome
    decide: Decide

    def lines(self, parts: Iterable[_Part]) -> Iterator[Raw]:
        """The lines of the file as it is to be; ``parts`` stand in order of document."""
        for _doc_id, group in groupby(parts, key=attrgetter("doc_id")):
            found = list(group)
            standing = next((part for part in found if part.line is not None), None)
            elsewhere = next((part.other for part in found if part.other), "")
            case = next((part.case for part in found if part.case), None)
            line = self._line(case, standing and standing.record, elsewhere) if case else None
            if line is not None and line != (standing and standing.line):
                self.outcome.written += 1
            if kept := line or (standing and standing.line):
                yield Raw(kept)

    def _line(self, case: Case, before: Gold | None, elsewhere: str) -> bytes | None:
        """The document's new line, or None where what stands there stays."""
        found = self._decided(case, before, elsewhere)
        if isinstance(found, Gold):
            return encode(found)
        kind, detail = found
        self._tell(case.document.doc_id, kind, detail)
        return None

    def _decided(self, case: Case, before: Gold | None, elsewhere: str) -> Gold | tuple[Kind, str]:
        if case.candidates is None:
            return ("outdated", case.outdated) if case.outdated else ("few", ", ".join(case.annotators))
        if elsewhere:
            return "elsewhere", elsewhere
        if before and before.interface is None:
            return "foreign", ""
        mine = breadth(self.schema, case.candidates.interface)
        if before and before.interface and breadth(self.schema, before.interface) > mine:
            return "narrower", before.interface
        same = before if before and before.interface == case.candidates.interface else None
        verdict = self.decide(case, case.candidates, decision_of(same) if same else None)
        if not isinstance(verdict, Decision):
            return verdict
        if verdict.how == "majority" and before and before.adjudicator:
            return "kept", before.adjudicator
        return self._sound(case.document, case.candidates, verdict)

    def _sound(self, document: Document, candidates: Candidates, decision: Decision) -> Gold | tuple[Kind, str]:
        record = gold(candidates, document, decision, self.schema.version)
        if broken := errors(record, document, self.schema):
            self.outcome.findings += broken
            return "broken", f"{len(broken)} errors"
        if decision.how == "majority":
            self.outcome.undecided += undecided(candidates, decision)
        self.outcome.documents[
            "unanimous" if candidates.unanimous and decision.how == "majority" else decision.how
        ] += 1
        return record

    def _tell(self, doc_id: str, kind: Kind, detail: str) -> None:
        self.outcome.documents[kind] += 1
        if kind != "few":  # those may be most of the corpus
            self.outcome.told.append(Told(doc_id, kind, detail))


def errors(record: Gold, document: Document, schema: Schema) -> list[Finding]:
    """What the checks find wrong with a line of gold; warnings are no reason to hold it back."""
    return [each for each in gold_findings(record, document.text, schema) if each.severity == "error"]


def by_majority(schema: Schema) -> Decide:
    """Decide by majority, where no adjudicator has decided."""

    def decide(case: Case, candidates: Candidates, before: Decision | None) -> Verdict:
        if before:
            return "kept", before.adjudicator or ""

        def broken(decision: Decision) -> Iterator[Span]:
            record = gold(candidates, case.document, decision, schema.version)
            for found in errors(record, case.document, schema):
                if found.start is not None and found.end is not None:
                    yield Span(found.start, found.end)

        return majority(candidates, case.document.text, schema, broken)

    return decide


def settled(case: Case, candidates: Candidates, decision: Decision | None) -> Verdict:
    """What an adjudicator's decision, or everybody's agreement, comes to by now."""
    if decision is None:
        return unanimous(candidates, case.document.text) if candidates.unanimous else ("unsent", "")
    if new := pending(candidates, decision):
        return "newer", f"{len(new)} readings"
    return completed(candidates, decision, case.document.text)


def latest(*decisions: Decision | None) -> Decision | None:
    """The one that was made last."""
    return max(filter(None, decisions), key=attrgetter("when"), default=None)
