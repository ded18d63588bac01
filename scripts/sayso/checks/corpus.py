"""Checks of the corpus as it lies on disk: articles, answers and gold, each read once, side by side by document.

Files are in order of document, so one pass over all of them at once is enough, whatever their size. A record that
stands out of order is told and looked at no further: its document has gone by.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from sayso import jsonl
from sayso.checks.answers import (
    DECLINED,
    GENERAL,
    MENTION_ORDER,
    WORDLESS,
    Answer,
    of_annotation,
    of_declined,
    of_gold,
)
from sayso.checks.findings import Check, Finding, declare
from sayso.checks.scheme import RULES
from sayso.errors import InputError
from sayso.records import Annotation, Document, Gold, GoldMention, GoldRelation, encode, ordered_mentions, sha256
from sayso.schema import Schema
from sayso.store import Corpus, annotation_order

UNREADABLE = declare(
    "unreadable-line", "error", "Every line is a record of its kind.", "restore the line from git, or remove it"
)
CANONICAL = declare(
    "canonical-line", "error", "Every line is as Sayso would write it.", "write the file with Sayso, not by hand"
)
RECORD_ORDER = declare(
    "record-order",
    "error",
    "Records stand in order, no document twice.",
    "put the line in its place; until then it is looked at no further",
)
REPEATED = declare("repeated-document", "error", "A doc_id is given once.", "give one of them another doc_id")
HASH = declare("text-hash", "error", "A text has the hash that stands beside it.", "restore the article from git")
NUL = declare("nul-in-text", "error", "No text holds a NUL.", "restore the article from git")
DOCUMENT = declare(
    "unknown-document",
    "error",
    "Every answer is about a document of the corpus.",
    "ingest the document, or its answers go",
)
TEXT = declare(
    "text-changed",
    "error",
    "Every answer was given to the document's very text.",
    "ingest the article with --replace-text, which carries answers over, or restore it from git",
)
PASS_NAME = declare("unknown-pass", "error", "Every answer is to a pass of the schema.", "name a pass of schema.yaml")
VERSION = declare(
    "schema-version",
    "error",
    "Answers are in the words of this major version of the schema.",
    "run `sayso schema migrate`; until then its words are looked at no further",
)
PLACE = declare(
    "misplaced-answer", "error", "An answer lies in the file of its campaign and annotator.", "move it to its own file"
)
TWICE = declare("repeated-answer", "error", "No answer of the server is there twice.", "keep the one updated last")
KEPT = declare(
    "kept-item",
    "warning",
    "Nothing came back that the schema does not know.",
    "look at `kept` in the record, and decide",
)
VOTER = declare("unknown-voter", "error", "Those who voted are among the annotators.", "add them, or mend the votes")
Watch = Callable[[int], None]


class Line(NamedTuple):
    """A record and where it stands; lines compare as they are met: by document, and itself before the answers to it."""

    doc_id: str
    kind: int
    stream: int
    number: int
    file: str
    record: Any

    def finding(self, check: Check, message: str) -> Finding:
        """Something found of the whole record."""
        return self.place(check.found(message, self.doc_id))

    def place(self, finding: Finding) -> Finding:
        """A finding with the place of the record."""
        return finding._replace(file=self.file, line=self.number)


def corpus_findings(corpus: Corpus, schema: Schema, watch: Watch = lambda _n: None) -> Iterator[Finding]:
    """Check everything that lies under ``corpus/`` and yield what was found, document by document.

    Raises:
        DiskError: a file cannot be read.
    """
    early: list[Finding] = []  # found by the streams below, while they are read
    files: list[tuple[Path, type, int, Callable[[Any], tuple[Any, ...]]]] = [
        *((path, Document, 0, _by_document) for path in corpus.batches()),
        *((path, Annotation, 1, annotation_order) for path in corpus.annotation_files()),
        *((path, Gold, 2, _by_document) for path in corpus.gold_files()),
    ]
    streams = [_Stream(number, corpus.root, *file).lines(early) for number, file in enumerate(files)]
    for _doc_id, lines in groupby(heapq.merge(*streams), key=itemgetter(0)):
        yield from _of_document(list(lines), schema)
        yield from early
        early.clear()
        watch(1)
    yield from early


def _by_document(record: Document | Gold) -> tuple[str]:
    return (record.doc_id,)


@dataclass(frozen=True)
class _Stream:
    """One file of the corpus."""

    number: int
    root: Path
    path: Path
    type: type
    kind: int
    order: Callable[[Any], tuple[Any, ...]]

    def lines(self, early: list[Finding]) -> Iterator[Line]:
        """The records that stand in order; findings about the lines as such go into ``early``."""
        file, last = str(self.path.relative_to(self.root)), ("",)
        for number, raw, record in jsonl.tried(self.path, self.type):
            if isinstance(record, InputError):
                early.append(UNREADABLE.found(record.what)._replace(file=file, line=number))
                continue
            line = Line(record.doc_id, self.kind, self.number, number, file, record)
            if raw != encode(record) + b"\n":
                early.append(line.finding(CANONICAL, "the same record has other bytes"))
            key = self.order(record)
            if key == last and self.kind != 1:
                early.append(line.finding(REPEATED, f"{record.doc_id} stands in the line before, too"))
            elif key < last:
                early.append(line.finding(RECORD_ORDER, f"{record.doc_id} stands after {last[0]}"))
            else:
                last = key
                yield line


def _of_document(lines: list[Line], schema: Schema) -> Iterator[Finding]:
    documents = [line for line in lines if line.kind == 0]
    for line in documents:
        yield from _document(line)
    for line in documents[1:]:
        yield line.finding(REPEATED, f"{line.doc_id} stands in {documents[0].file}:{documents[0].number}, too")
    document = documents[0].record if documents else None
    origins: dict[Any, Line] = {}
    for line in lines:
        if line.kind:
            yield from _answer(line, document, schema)
        if line.kind == 1 and (first := origins.setdefault(line.record.origin or line[:5], line)) is not line:
            yield line.finding(TWICE, f"{first.file}:{first.number} is the same answer of the server")


def _document(line: Line) -> Iterator[Finding]:
    document = line.record
    if sha256(document.text) != document.text_sha256:
        yield line.finding(HASH, f"its text has {sha256(document.text)[:12]}…, not {document.text_sha256[:12]}…")
    if "\0" in document.text:
        at = document.text.index("\0")
        yield line.place(NUL.found(f"code point {at}", line.doc_id, at, at + 1))


def _answer(line: Line, document: Document | None, schema: Schema) -> Iterator[Finding]:
    record = line.record
    yield from _record(line, record, schema)
    if document is None:
        yield line.finding(DOCUMENT, f"no document {record.doc_id}")
    elif record.text_sha256 != document.text_sha256:
        what = f"given to {record.text_sha256[:12]}…, and the text is {document.text_sha256[:12]}…"
        yield line.finding(TEXT, what)
    else:
        look = annotation_findings if line.kind == 1 else gold_findings
        for finding in look(record, document.text, schema):
            yield line.place(finding)


def _record(line: Line, record: Annotation | Gold, schema: Schema) -> Iterator[Finding]:
    if not schema.understands(record.schema_version):
        yield line.finding(VERSION, f"given under {record.schema_version}, and the schema is {schema.version}")
    if isinstance(record, Gold):
        known = set(record.annotators)
        decided: tuple[GoldMention | GoldRelation, ...] = (*record.mentions, *record.relations)
        decided += (*record.declined, *record.declined_relations)
        for voter in sorted({voter for each in decided for voter in each.votes} - known):
            yield line.finding(VOTER, f"{voter} voted")
        if record.interface is not None and record.interface not in schema.interfaces:
            yield line.finding(PASS_NAME, repr(record.interface))
        return
    if record.interface not in schema.interfaces:
        yield line.finding(PASS_NAME, repr(record.interface))
    if not line.file.endswith(f"/{record.campaign}/{record.annotator}.jsonl"):
        yield line.finding(PLACE, f"it is {record.annotator}'s, of campaign {record.campaign}")
    for kept in record.kept:
        yield line.finding(KEPT, f"kept: {kept.reason}")


def annotation_findings(annotation: Annotation, text: str, schema: Schema) -> Iterator[Finding]:
    """Check one annotator's answer against its document's text."""
    return _findings(of_annotation(annotation, text, schema), annotation.schema_version)


def gold_findings(gold: Gold, text: str, schema: Schema) -> Iterator[Finding]:
    """Check the adjudicated reading of one document against its text."""
    yield from _findings(of_gold(gold, text, schema), gold.schema_version)
    if gold.declined or gold.declined_relations:
        yield from _declined(gold, text, schema)


def _declined(gold: Gold, text: str, schema: Schema) -> Iterator[Finding]:
    """The same of what it declined, once each: what is wrong with a mention that it took was told already."""
    if gold.declined != ordered_mentions(gold.declined):
        yield MENTION_ORDER.found("declined mentions are not in order", gold.doc_id)
    told = set(_findings(of_gold(gold, text, schema), gold.schema_version))
    answer = of_declined(gold, text, schema)
    for look in DECLINED if schema.understands(gold.schema_version) else WORDLESS:
        yield from (finding for finding in look(answer) if finding not in told)


def _findings(answer: Answer, version: str) -> Iterator[Finding]:
    for look in (*GENERAL, *RULES) if answer.schema.understands(version) else WORDLESS:
        yield from look(answer)
