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
from sayso.checks.annotation_checks import (
    CHECKS_WITHOUT_SCHEMA,
    DECLINED_CHECKS,
    GENERAL_CHECKS,
    MENTION_ORDER,
    CheckTarget,
    target_of_annotation,
    target_of_declined,
    target_of_gold,
)
from sayso.checks.check_registry import Check, Finding, register
from sayso.checks.schema_checks import SCHEMA_CHECKS
from sayso.corpus.sources import CorpusFiles, annotation_sort_key
from sayso.errors import InputError
from sayso.models import (
    Annotation,
    Document,
    Gold,
    GoldMention,
    GoldRelation,
    encode,
    sha256,
    sort_mentions,
)
from sayso.schema.declarations import Schema

UNREADABLE_LINE = register(
    "unreadable-line",
    "error",
    "Every line is a record of its kind.",
    "restore the line from git, or remove it",
)
CANONICAL_LINE = register(
    "canonical-line",
    "error",
    "Every line is as Sayso would write it.",
    "write the file with Sayso, not by hand",
)
RECORD_ORDER = register(
    "record-order",
    "error",
    "Records stand in order, no document twice.",
    "put the line in its place; until then it is looked at no further",
)
REPEATED_DOCUMENT = register(
    "repeated-document", "error", "A doc_id is given once.", "give one of them another doc_id"
)
TEXT_HASH = register(
    "text-hash",
    "error",
    "A text has the hash that stands beside it.",
    "restore the article from git",
)
NUL_IN_TEXT = register(
    "nul-in-text", "error", "No text holds a NUL.", "restore the article from git"
)
UNKNOWN_DOCUMENT = register(
    "unknown-document",
    "error",
    "Every answer is about a document of the corpus.",
    "ingest the document, or its answers go",
)
TEXT_CHANGED = register(
    "text-changed",
    "error",
    "Every answer was given to the document's very text.",
    "ingest the article with --replace-text, which carries answers over, or restore it from git",
)
UNKNOWN_PASS = register(
    "unknown-pass",
    "error",
    "Every answer is to a pass of the schema.",
    "name a pass of schema.yaml",
)
SCHEMA_VERSION = register(
    "schema-version",
    "error",
    "Answers are in the words of this major version of the schema.",
    "run `sayso schema migrate`; until then its words are looked at no further",
)
MISPLACED_ANNOTATION = register(
    "misplaced-answer",
    "error",
    "An answer lies in the file of its campaign and annotator.",
    "move it to its own file",
)
REPEATED_ANNOTATION = register(
    "repeated-answer",
    "error",
    "No answer of the server is there twice.",
    "keep the one updated last",
)
KEPT_ITEM = register(
    "kept-item",
    "warning",
    "Nothing came back that the schema does not know.",
    "look at `kept` in the record, and decide",
)
UNKNOWN_VOTER = register(
    "unknown-voter",
    "error",
    "Those who voted are among the annotators.",
    "add them, or mend the votes",
)
Advance = Callable[[int], None]


class CheckedLine(NamedTuple):
    """A record and where it stands; lines compare as they are met: by document, and itself before the answers to it."""

    doc_id: str
    record_kind: int
    file_number: int
    number: int
    file: str
    record: Any

    def build_finding(self, check: Check, message: str) -> Finding:
        """Something found of the whole record."""
        return self.locate(check.finding(message, self.doc_id))

    def locate(self, finding: Finding) -> Finding:
        """A finding with the place of the record."""
        return finding._replace(file=self.file, line=self.number)


def check_sources(
    corpus: CorpusFiles, schema: Schema, advance: Advance = lambda _n: None
) -> Iterator[Finding]:
    """Check everything that lies under ``corpus/`` and yield what was found, document by document.

    Raises:
        DiskError: a file cannot be read.
    """
    early: list[Finding] = []  # found by the streams below, while they are read
    files: list[tuple[Path, type, int, Callable[[Any], tuple[Any, ...]]]] = [
        *((path, Document, 0, _document_order) for path in corpus.batch_files()),
        *((path, Annotation, 1, annotation_sort_key) for path in corpus.annotation_files()),
        *((path, Gold, 2, _document_order) for path in corpus.gold_files()),
    ]
    streams = [
        _SourceFile(number, corpus.root, *file).read_lines(early)
        for number, file in enumerate(files)
    ]
    for _doc_id, lines in groupby(heapq.merge(*streams), key=itemgetter(0)):
        yield from _check_document_lines(list(lines), schema)
        yield from early
        early.clear()
        advance(1)
    yield from early


def _document_order(record: Document | Gold) -> tuple[str]:
    return (record.doc_id,)


@dataclass(frozen=True)
class _SourceFile:
    """One file of the corpus."""

    number: int
    root: Path
    path: Path
    record_type: type
    record_kind: int
    sort_order: Callable[[Any], tuple[Any, ...]]

    def read_lines(self, line_findings: list[Finding]) -> Iterator[CheckedLine]:
        """The records that stand in order; findings about the lines as such go into ``early``."""
        file, last = str(self.path.relative_to(self.root)), ("",)
        for number, raw, record in jsonl.read_lines_or_errors(self.path, self.record_type):
            if isinstance(record, InputError):
                line_findings.append(
                    UNREADABLE_LINE.finding(record.what)._replace(file=file, line=number)
                )
                continue
            line = CheckedLine(record.doc_id, self.kind, self.number, number, file, record)
            if raw != encode(record) + b"\n":
                line_findings.append(
                    line.finding(CANONICAL_LINE, "the same record has other bytes")
                )
            key = self.order(record)
            if key == last and self.kind != 1:
                line_findings.append(
                    line.finding(
                        REPEATED_DOCUMENT, f"{record.doc_id} stands in the line before, too"
                    )
                )
            elif key < last:
                line_findings.append(
                    line.finding(RECORD_ORDER, f"{record.doc_id} stands after {last[0]}")
                )
            else:
                last = key
                yield line


def _check_document_lines(lines: list[CheckedLine], schema: Schema) -> Iterator[Finding]:
    documents = [line for line in lines if line.record_kind == 0]
    for line in documents:
        yield from _check_document(line)
    for line in documents[1:]:
        yield line.build_finding(
            REPEATED_DOCUMENT,
            f"{line.doc_id} stands in {documents[0].file}:{documents[0].number}, too",
        )
    document = documents[0].record if documents else None
    origins: dict[Any, CheckedLine] = {}
    for line in lines:
        if line.record_kind:
            yield from _check_record(line, document, schema)
        if (
            line.record_kind == 1
            and (first := origins.setdefault(line.record.origin or line[:5], line)) is not line
        ):
            yield line.build_finding(
                REPEATED_ANNOTATION, f"{first.file}:{first.number} is the same answer of the server"
            )


def _check_document(line: CheckedLine) -> Iterator[Finding]:
    document = line.record
    if sha256(document.text) != document.text_sha256:
        yield line.build_finding(
            TEXT_HASH,
            f"its text has {sha256(document.text)[:12]}…, not {document.text_sha256[:12]}…",
        )
    if "\0" in document.text:
        at = document.text.index("\0")
        yield line.locate(NUL_IN_TEXT.finding(f"code point {at}", line.doc_id, at, at + 1))


def _check_record(
    line: CheckedLine, document: Document | None, schema: Schema
) -> Iterator[Finding]:
    record = line.record
    yield from _check_record_fields(line, record, schema)
    if document is None:
        yield line.build_finding(UNKNOWN_DOCUMENT, f"no document {record.doc_id}")
    elif record.text_sha256 != document.text_sha256:
        what = f"given to {record.text_sha256[:12]}…, and the text is {document.text_sha256[:12]}…"
        yield line.build_finding(TEXT_CHANGED, what)
    else:
        look = check_annotation if line.record_kind == 1 else check_gold
        for finding in look(record, document.text, schema):
            yield line.locate(finding)


def _check_record_fields(
    line: CheckedLine, record: Annotation | Gold, schema: Schema
) -> Iterator[Finding]:
    if not schema.supports(record.schema_version):
        yield line.build_finding(
            SCHEMA_VERSION,
            f"given under {record.schema_version}, and the schema is {schema.version}",
        )
    if isinstance(record, Gold):
        known = set(record.annotators)
        decided: tuple[GoldMention | GoldRelation, ...] = (*record.mentions, *record.relations)
        decided += (*record.declined, *record.declined_relations)
        for voter in sorted({voter for each in decided for voter in each.votes} - known):
            yield line.build_finding(UNKNOWN_VOTER, f"{voter} voted")
        if record.interface is not None and record.interface not in schema.interfaces:
            yield line.build_finding(UNKNOWN_PASS, repr(record.interface))
        return
    if record.interface not in schema.interfaces:
        yield line.build_finding(UNKNOWN_PASS, repr(record.interface))
    if not line.file.endswith(f"/{record.campaign}/{record.annotator}.jsonl"):
        yield line.build_finding(
            MISPLACED_ANNOTATION, f"it is {record.annotator}'s, of campaign {record.campaign}"
        )
    for kept in record.kept:
        yield line.build_finding(KEPT_ITEM, f"kept: {kept.reason}")


def check_annotation(annotation: Annotation, text: str, schema: Schema) -> Iterator[Finding]:
    """Check one annotator's answer against its document's text."""
    return _run_checks(target_of_annotation(annotation, text, schema), annotation.schema_version)


def check_gold(gold: Gold, text: str, schema: Schema) -> Iterator[Finding]:
    """Check the adjudicated reading of one document against its text."""
    yield from _run_checks(target_of_gold(gold, text, schema), gold.schema_version)
    if gold.declined or gold.declined_relations:
        yield from _check_declined(gold, text, schema)


def _check_declined(gold: Gold, text: str, schema: Schema) -> Iterator[Finding]:
    """The same of what it declined, once each: what is wrong with a mention that it took was told already."""
    if gold.declined != sort_mentions(gold.declined):
        yield MENTION_ORDER.finding("declined mentions are not in order", gold.doc_id)
    told = set(_run_checks(target_of_gold(gold, text, schema), gold.schema_version))
    answer = target_of_declined(gold, text, schema)
    for look in DECLINED_CHECKS if schema.supports(gold.schema_version) else CHECKS_WITHOUT_SCHEMA:
        yield from (finding for finding in look(answer) if finding not in told)


def _run_checks(target: CheckTarget, version: str) -> Iterator[Finding]:
    for look in (
        (*GENERAL_CHECKS, *SCHEMA_CHECKS)
        if target.schema.supports(version)
        else CHECKS_WITHOUT_SCHEMA
    ):
        yield from look(target)
